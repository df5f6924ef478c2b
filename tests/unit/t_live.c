/* live: what a run over growing files finds is what a batch run finds, often as it is stopped. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/query.h"
#include "alert/store.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "engine/generate.h"
#include "engine/live.h"
#include "engine/run.h"

#define EVENTS 40000u
#define USERS 400u
#define TABLE_MAX (16u << 20)
#define LOOKS 3000      /* of 10 ms: never all waited for */

/* One log, one model fitted on it, and the alerts of a batch run: made once. */
struct world {
	char folder[64], log[96], model[96], db[96];
	struct zone zone;
	struct text rows;               /* the log's rows, without header */
	struct text batch, stored;      /* alert rows of the batch run: new, and in the end */
	uint32_t n_batch;
	uint64_t late;                  /* as the last run said */
};

static void path_in(const struct world *w, const char *name, char path[96])
{
	snprintf(path, 96, "%s/%s", w->folder, name);
}

static void write_file(const char *path, const char *mode, const char *text, size_t len)
{
	FILE *f = fopen(path, mode);
	assert_non_null(f);
	if (mode[0] == 'w')
		fputs(generate_header, f);
	fwrite(text, 1, len, f);
	assert_int_equal(fclose(f), 0);
}

static void make_log(struct world *w)
{
	struct generate_options o = { .n_events = EVENTS, .n_users = USERS, .seed = 11 };
	struct err e = {0};
	struct generate *g = generate_new(&o, &e);
	const struct generated *ev;
	char row[GENERATE_ROW_MAX];
	int64_t n;
	assert_non_null(g);
	text_init(&w->rows, TABLE_MAX);
	while ((n = generate_next(g, &ev, &e)) > 0)
		for (int64_t i = 0; i < n; i++)
			text_add(&w->rows, row, generate_row(g, &ev[i], row));
	generate_free(g);
	write_file(w->log, "w", w->rows.s, w->rows.len);
}

static void make_batch(struct world *w)
{
	struct run r = {0};
	struct run_progress p = {0};
	struct err e = {0};
	struct run_options o = {
		.load = { .path = (const char *[]){ w->log }, .n_paths = 1, .zone = &w->zone,
			.threads = 1, .until_ms = INT64_MAX },
		.budget = { .amount = 60 }, .backend = "cpu", .until_ms = INT64_MAX };
	assert_int_equal(run_files(&r, &o, &p, &e), 0);
	assert_int_equal(model_save(&r.model, w->model, &e), 0);
	text_init(&w->batch, TABLE_MAX);
	text_init(&w->stored, TABLE_MAX);
	for (const struct alert *a = r.alert; a < r.alert + r.n_alerts; a++) {
		alert_row(&w->batch, ALERT_CSV, a, &r.ids, "new");
		alert_row(&w->stored, ALERT_CSV, a, &r.ids, alert_state(a));
	}
	assert_non_null(strstr(w->stored.s, ",cleared,"));
	w->n_batch = r.n_alerts;
	run_done(&r);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = {0};
	strcpy(w->folder, "/tmp/t_live.XXXXXX");
	if (!mkdtemp(w->folder) || zone_init(&w->zone, "UTC", &e) < 0)
		return -1;
	path_in(w, "log.csv", w->log);
	path_in(w, "model", w->model);
	path_in(w, "veer.db", w->db);
	make_log(w);
	make_batch(w);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", w->folder);
	int code = system(command);
	text_done(&w->rows);
	text_done(&w->batch);
	text_done(&w->stored);
	zone_done(&w->zone);
	free(w);
	return code;
}

static int fresh_db(void **state)
{
	struct world *w = *state;
	char command[160];
	snprintf(command, sizeof command, "rm -f %s*", w->db);
	return system(command);
}

/* One run over paths. */
struct job {
	const char *path[3];
	uint32_t n_paths;
	const char *model;
	bool once;
	int64_t lateness_ms;
	/* In the child: where to die. */
	uint32_t die_after;             /* alerts; 0: live on */
	bool die_at_refit;
	bool on_full_disk;
	uint32_t n_alerted, n_troubles;
};

static void on_alert(void *ctx, const struct alert *a, const struct ids *ids)
{
	struct job *j = ctx;
	(void)a;
	(void)ids;
	if (++j->n_alerted == j->die_after)
		raise(SIGKILL);
}

/* The soft limit of a file's size plays the disk that is full, until somebody makes room. */
static void limit_files(rlim_t bytes)
{
	struct rlimit r;
	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	setrlimit(RLIMIT_FSIZE, &r);
}

static void on_notice(void *ctx, const char *line)
{
	struct job *j = ctx;
	if (j->on_full_disk && strstr(line, "trying again")) {
		limit_files(RLIM_INFINITY);
		j->n_troubles++;
	}
	if (j->die_at_refit && strstr(line, "refitted"))
		raise(SIGKILL);
}

static struct feed *open_job(const struct world *w, struct job *j, struct err *e)
{
	struct live_options o = {
		.follow = { .path = j->path, .n_paths = j->n_paths, .zone = &w->zone,
			.keep_rejects = 20,
			.once = j->once },
		.model = j->model, .backend = "cpu", .db = w->db, .lateness_ms = j->lateness_ms,
		.retain_ms = INT64_C(400) * 86400000, .threads = 1,
		.step = { .span_ms = 86400000, .zone = &w->zone },
		.alerted = on_alert, .noticed = on_notice, .ctx = j };
	if (!j->model)
		o.budget = (struct budget){ .amount = 60 };
	return live_open(&o, e);
}

static int run_job(struct world *w, struct job *j, struct err *e)
{
	struct feed *f = open_job(w, j, e);
	if (!f)
		return e->code;
	int code = live_wait(f, NULL, e);
	w->late = feed_look(f, NULL)->late;
	feed_close(f);
	return code;
}

static void run_whole(struct world *w, struct job *j)
{
	struct err e = {0};
	assert_int_equal(run_job(w, j, &e), 0);
	assert_string_equal(e.text, "");
}

/* What is in the store: alert rows, and everything that must not be there twice. */
struct table {
	struct text text;
	struct ids ids;
	uint32_t n, n_events, n_late;
	uint64_t model[3];
	uint32_t n_models;
	int64_t seq;
};

static int add_alert(void *ctx, const struct alert *a, const char *state)
{
	struct table *t = ctx;
	alert_row(&t->text, ALERT_CSV, a, &t->ids, state);
	t->n++;
	for (uint32_t i = 0; i < t->n_models; i++)
		if (t->model[i] == a->model)
			return 0;
	assert_true(t->n_models < 3);
	t->model[t->n_models++] = a->model;
	return 0;
}

static int count_event(void *ctx, const struct store_event *ev)
{
	struct table *t = ctx;
	assert_true(ev->seq > t->seq);
	t->seq = ev->seq;
	t->n_events++;
	return 0;
}

static int count_reject(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len)
{
	struct table *t = ctx;
	(void)source;
	(void)line;
	t->n_late += strcmp(why, reject_name[REJECT_LATE]) == 0;
	assert_true(len > 0 && text != NULL);
	return 0;
}

static void read_table(const struct world *w, struct table *t)
{
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct err e = {0};
	*t = (struct table){0};
	struct store *s = store_open_read(w->db, &e);
	assert_non_null(s);
	text_init(&t->text, TABLE_MAX);
	assert_int_equal(ids_init(&t->ids, &e), 0);
	assert_int_equal(query_each_alert(s, &all, &t->ids, add_alert, t, &e), 0);
	assert_int_equal(store_each_event(s, 0, count_event, t, &e), 0);
	assert_int_equal(query_each_reject(s, count_reject, t, &e), 0);
	store_close(s);
}

static void end_table(struct table *t)
{
	text_done(&t->text);
	ids_done(&t->ids);
}

static void check_table(const struct world *w, const struct text *wanted, uint32_t n_events)
{
	struct table t;
	read_table(w, &t);
	assert_int_equal(t.n_events, n_events);
	assert_string_equal(t.text.s, wanted->s);
	end_table(&t);
}

static struct job whole_log(const struct world *w)
{
	return (struct job){ .path = { w->log }, .n_paths = 1, .model = w->model, .once = true,
		.lateness_ms = 5000 };
}

static void once_finds_what_a_batch_run_finds(void **state)
{
	struct world *w = *state;
	struct job j = whole_log(w);
	assert_true(w->n_batch >= 30);
	run_whole(w, &j);
	assert_int_equal(j.n_alerted, w->n_batch);
	check_table(w, &w->stored, EVENTS);
}
/* Runs the job in a child that may kill itself; whether it did. */
static bool dies(struct world *w, struct job j)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = {0};
		_exit(run_job(w, &j, &e) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* Until the job is done; how often it was killed. */
static uint32_t die_often(struct world *w, struct job j)
{
	uint32_t deaths = 0;
	j.n_alerted = 0;
	for (j.die_after = 1; dies(w, j); j.die_after = j.die_after % 7 + 1)
		deaths++;
	print_message("# killed %u times\n", deaths);
	return deaths;
}

static void dying_at_any_alert_changes_nothing(void **state)
{
	struct world *w = *state;
	assert_true(die_often(w, whole_log(w)) >= 5);
	check_table(w, &w->stored, EVENTS);
}

/* Memory fails at one point after the other, in either thread, before and after commits. */
static void failing_anywhere_changes_nothing(void **state)
{
	struct world *w = *state;
	uint32_t failures = 0;
	for (uint64_t n = 40; ; n += n / 3) {
		struct job j = whole_log(w);
		struct err e = {0};
		mem_fail_after(n);
		int code = run_job(w, &j, &e);
		mem_fail_after(0);
		if (code == 0)
			break;
		assert_int_equal(code, -ENOMEM);
		failures++;
	}
	assert_true(failures >= 5);
	check_table(w, &w->stored, EVENTS);
}

#define KEPT 4

static void add_row(struct text *to, const char *row)
{
	text_add(to, row, (size_t)(strchr(row, '\n') - row) + 1);
}

/* The log's rows in two files, four and four out of order; every 500th is followed by one that
 * comes twelve hours too late. Returns how many such there are.
 */
static uint32_t scatter(const struct world *w, const char *const path[2])
{
	static const int turn[KEPT] = { 2, 0, 3, 1 };
	struct text out[2];
	const char *kept[2][KEPT];
	uint32_t n_kept[2] = {0}, n_late = 0, i = 0;
	for (int f = 0; f < 2; f++)
		text_init(&out[f], TABLE_MAX);
	for (const char *s = w->rows.s; *s; s = strchr(s, '\n') + 1, i++) {
		uint32_t f = i * 2654435761u >> 31;
		kept[f][n_kept[f]++] = s;
		for (int k = 0; n_kept[f] == KEPT && k < KEPT; k++)
			add_row(&out[f], kept[f][turn[k]]);
		n_kept[f] %= KEPT;
		if (i % 500 == 499 && i > 8000) {
			text_addf(&out[0], "%lld,late%u,i1,c1,view\n", atoll(s) - 12 * 3600, i);
			n_late++;
		}
	}
	for (int f = 0; f < 2; f++) {
		for (uint32_t k = 0; k < n_kept[f]; k++)
			add_row(&out[f], kept[f][k]);
		write_file(path[f], "w", out[f].s, out[f].len);
		text_done(&out[f]);
	}
	return n_late;
}

static void late_rows_are_counted_once(void **state)
{
	struct world *w = *state;
	char a[96], b[96];
	path_in(w, "a.csv", a);
	path_in(w, "b.csv", b);
	struct job j = { .path = { a, b }, .n_paths = 2, .model = w->model, .once = true,
		.lateness_ms = 6 * 3600000 };
	uint32_t n_late = scatter(w, j.path);
	struct table t;
	run_whole(w, &j);
	check_table(w, &w->stored, EVENTS);
	assert_int_equal(w->late, n_late);
	fresh_db(state);
	assert_true(die_often(w, j) >= 5);
	run_whole(w, &j);               /* nothing is left, and the counters stand */
	assert_int_equal(w->late, n_late);
	check_table(w, &w->stored, EVENTS);
	read_table(w, &t);
	assert_int_equal(t.n_late, n_late);
	end_table(&t);
}

static void wait_for_rows(struct feed *f, uint64_t n)
{
	for (int i = 0; i < LOOKS && feed_look(f, NULL)->rows < n; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_int_equal(feed_look(f, NULL)->rows, n);
}

static size_t half_of(const struct world *w)
{
	const char *s = w->rows.s + w->rows.len / 2;
	return (size_t)(strchr(s, '\n') - w->rows.s) + 1;
}

static uint64_t count_rows(const char *s, size_t len)
{
	uint64_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

/* The file is rotated while rows of it are held back, and the program dies then. */
static void dying_after_a_rotation_changes_nothing(void **state)
{
	struct world *w = *state;
	char path[96], old[96];
	size_t half = half_of(w);
	path_in(w, "grows.csv", path);
	path_in(w, "grows.csv.1", old);
	struct job j = { .path = { path }, .n_paths = 1, .model = w->model, .lateness_ms =
		86400000 };
	write_file(path, "w", w->rows.s, half);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = {0};
		struct feed *f = open_job(w, &j, &e);
		wait_for_rows(f, count_rows(w->rows.s, half));
		rename(path, old);
		write_file(path, "w", w->rows.s + half, w->rows.len - half);
		wait_for_rows(f, EVENTS);
		raise(SIGKILL);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	j.once = true;
	run_whole(w, &j);
	assert_int_equal(w->late, 0);
	check_table(w, &w->stored, EVENTS);
}

static void a_stop_leaves_nothing_out(void **state)
{
	struct world *w = *state;
	char path[96];
	size_t half = half_of(w);
	static const volatile int stop = 1;
	path_in(w, "stopped.csv", path);
	struct job j = { .path = { path }, .n_paths = 1, .model = w->model, .lateness_ms = 60000 };
	struct err e = {0};
	write_file(path, "w", w->rows.s, half);
	struct feed *f = open_job(w, &j, &e);
	assert_non_null(f);
	wait_for_rows(f, count_rows(w->rows.s, half));
	struct command pause = { .kind = COMMAND_PAUSE };
	assert_int_equal(feed_command(f, &pause, &e), -ENOTSUP);
	e = (struct err){0};
	assert_int_equal(live_wait(f, &stop, &e), 0);
	assert_int_equal(feed_look(f, NULL)->phase, FEED_ENDED);
	feed_close(f);
	write_file(path, "a", w->rows.s + half, w->rows.len - half);
	j.once = true;
	assert_true(die_often(w, j) >= 3);      /* a checkpoint, and a journal since */
	check_table(w, &w->stored, EVENTS);
}

static void a_full_disk_is_waited_for(void **state)
{
	struct world *w = *state;
	struct job j = whole_log(w);
	j.on_full_disk = true;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(600000);
	run_whole(w, &j);
	limit_files(RLIM_INFINITY);
	assert_int_equal(j.n_troubles, 1);
	assert_int_equal(j.n_alerted, w->n_batch);
	check_table(w, &w->stored, EVENTS);
}

static void the_feed_shows_alerts_and_events(void **state)
{
	struct world *w = *state;
	struct job j = whole_log(w);
	struct err e = {0};
	struct text rows;
	text_init(&rows, TABLE_MAX);
	struct feed *f = open_job(w, &j, &e);
	assert_non_null(f);
	assert_int_equal(live_wait(f, NULL, &e), 0);
	const struct snapshot *s = feed_look(f, NULL);
	assert_int_equal(s->n_alerts, w->n_batch);
	assert_true(s->n_cleared > 0);
	assert_int_equal(s->n_severe + s->n_high + s->n_low + s->n_cleared, w->n_batch);
	assert_int_equal(s->events, EVENTS);
	assert_int_equal(s->rows, EVENTS);
	for (uint32_t i = 0; i < s->n_alerts; i++)
		alert_row(&rows, ALERT_CSV, feed_alert(f, i), f->ids,
			alert_state(feed_alert(f, i)));
	assert_string_equal(rows.s, w->stored.s);
	const struct alert *a = feed_alert(f, 0);
	struct event *ev;
	uint32_t n;
	assert_int_equal(feed_user(f, a->f.user, a->f.time_ms, &ev, &n, &e), 0);
	assert_true(n > 10);
	for (uint32_t i = 0; i < n; i++)
		assert_true(ev[i].user == a->f.user && ev[i].time_ms <= a->f.time_ms);
	mem_free(ev);
	text_done(&rows);
	feed_close(f);
}

static void a_refit_begins_an_epoch(void **state)
{
	struct world *w = *state;
	struct job j = whole_log(w);
	struct table t;
	j.model = NULL;
	run_whole(w, &j);
	read_table(w, &t);
	assert_true(t.n_models >= 2);
	fresh_db(state);
	j.die_at_refit = true;
	assert_true(dies(w, j) && die_often(w, j) >= 3);
	check_table(w, &t.text, EVENTS);
	end_table(&t);
}

static void another_model_begins_an_epoch(void **state)
{
	struct world *w = *state;
	struct job j = whole_log(w);
	struct table t;
	struct err e = {0};
	struct model m;
	char path[96];
	path_in(w, "other", path);
	assert_int_equal(model_open(&m, w->model, &e), 0);
	m.threshold[CHANNEL_LEARNED] -= 1;
	model_seal(&m);
	assert_int_equal(model_save(&m, path, &e), 0);
	j.die_after = w->n_batch / 2;
	assert_true(dies(w, j));
	j.model = path;
	j.die_after = 0;
	run_whole(w, &j);
	read_table(w, &t);
	assert_int_equal(t.n_events, EVENTS);
	assert_int_equal(t.n_models, 2);
	assert_int_equal(t.model[1], m.hash);
	end_table(&t);
	model_done(&m);
}

#define CASE(name) cmocka_unit_test_setup(name, fresh_db)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(once_finds_what_a_batch_run_finds),
		CASE(dying_at_any_alert_changes_nothing),
		CASE(failing_anywhere_changes_nothing),
		CASE(late_rows_are_counted_once),
		CASE(dying_after_a_rotation_changes_nothing),
		CASE(a_stop_leaves_nothing_out),
		CASE(a_full_disk_is_waited_for),
		CASE(the_feed_shows_alerts_and_events),
		CASE(a_refit_begins_an_epoch),
		CASE(another_model_begins_an_epoch),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_world, end_world);
}
