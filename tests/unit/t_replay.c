/* The clock of a replay over whole files, under a frozen clock. */
#include "engine/replay.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "turned_show.h"

/* Alerts up to a time that were not cleared by then, or were. */
static uint32_t count(const struct run *r, int64_t t_ms, bool is_cleared)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n_alerts; i++) {
		const struct alert *a = &r->alert[i];

		n += a->f.time_ms <= t_ms
			&& (a->cleared_ms != INT64_MIN && a->cleared_ms <= t_ms) == is_cleared;
	}
	return n;
}

static void test_clearings_come_with_the_clock(void **state)
{
	struct show s;
	struct err e = {0};
	struct place p = *(const struct place *)*state;
	uint32_t n_cleared = 0;

	snprintf(p.log, sizeof(p.log), "%.64s/back.csv", p.folder);
	write_looks(p.log, N_LOOKS_BACK);
	open_show(&s, &p, 1, true);
	for (uint32_t i = 0; i < s.run.n_alerts; i++) {
		int64_t t = s.run.alert[i].cleared_ms;

		if (t == INT64_MIN)
			continue;
		n_cleared++;
		for (int k = 0; k < 2; k++) {
			assert_int_equal(seek(&s, t - k, &e), 0);
			assert_int_equal(look(&s)->n_cleared, count(&s.run, t - k, true));
			assert_int_equal(look(&s)->n_severe + look(&s)->n_high + look(&s)->n_low,
				count(&s.run, t - k, false));
		}
	}
	assert_int_equal(n_cleared, N_BACK);
	close_show(&s);
}

static void test_same_alerts_as_a_run(void **state)
{
	struct show s;
	struct err e = {0};

	open_show(&s, *state, 1, true);
	assert_int_equal(look(&s)->n_alerts_total, s.run.n_alerts);
	assert_int_equal(look(&s)->n_alerts, 0);
	assert_int_equal(look(&s)->phase, FEED_PAUSED);
	assert_int_equal(look(&s)->model, s.run.model.hash);
	for (uint32_t i = 0; i < s.run.n_alerts; i++) {
		int64_t t = s.run.alert[i].f.time_ms;
		uint32_t n = i + 1;

		assert_true(feed_alert(s.f, i)->id == s.run.alert[i].id);
		while (n < s.run.n_alerts && s.run.alert[n].f.time_ms == t)
			n++;
		assert_int_equal(seek(&s, t, &e), 0);
		assert_int_equal(look(&s)->n_alerts, n);
		assert_int_equal(look(&s)->n_severe + look(&s)->n_high + look(&s)->n_low
			+ look(&s)->n_cleared, n);
		for (n = i; n > 0 && s.run.alert[n - 1].f.time_ms == t; n--)
			;
		assert_int_equal(seek(&s, t - 1, &e), 0);
		assert_int_equal(look(&s)->n_alerts, n);
	}
	close_show(&s);
}

static void test_priorities(void **state)
{
	struct show s;
	uint32_t severe = 0, high = 0;
	struct err e = {0};

	open_show(&s, *state, 1, true);
	for (uint32_t i = 0; i < s.run.n_alerts; i++) {
		if (s.run.alert[i].cleared_ms != INT64_MIN
			&& s.run.alert[i].cleared_ms <= look(&s)->last_ms)
			continue;
		severe += s.run.alert[i].f.severity >= 80;
		high += s.run.alert[i].f.severity >= 50 && s.run.alert[i].f.severity < 80;
	}
	assert_int_equal(seek(&s, look(&s)->last_ms, &e), 0);
	assert_int_equal(look(&s)->n_severe, severe);
	assert_int_equal(look(&s)->n_high, high);
	assert_int_equal(look(&s)->phase, FEED_ENDED);
	close_show(&s);
}

static void test_clock(void **state)
{
	struct show s;
	int64_t first;
	struct err e = {0};

	open_show(&s, *state, 60, false);
	first = look(&s)->first_ms;
	assert_int_equal(look(&s)->data_ms, first);
	assert_int_equal(look(&s)->phase, FEED_RUNNING);
	clock_advance(&s.clock, 1500);
	assert_int_equal(look(&s)->data_ms, first + 90000);
	assert_int_equal(look(&s)->data_ms, first + 90000);
	order(&s, COMMAND_SPEED, 2, NULL);
	assert_int_equal(look(&s)->data_ms, first + 90000);
	clock_advance(&s.clock, 1000);
	assert_int_equal(look(&s)->data_ms, first + 92000);
	order(&s, COMMAND_PAUSE, 0, NULL);
	clock_advance(&s.clock, 5000);
	assert_int_equal(look(&s)->data_ms, first + 92000);
	assert_int_equal(look(&s)->phase, FEED_PAUSED);
	order(&s, COMMAND_PLAY, 0, NULL);
	clock_advance(&s.clock, 500);
	assert_int_equal(look(&s)->data_ms, first + 93000);
	assert_int_equal(order(&s, COMMAND_SPEED, -1, &e), -EINVAL);
	assert_int_equal(order(&s, COMMAND_SPEED, NAN, &e), -EINVAL);
	clock_advance(&s.clock, INT64_C(1) << 40);
	assert_int_equal(look(&s)->data_ms, look(&s)->last_ms);
	assert_int_equal(look(&s)->phase, FEED_ENDED);
	assert_int_equal(order(&s, COMMAND_PLAY, 0, &e), -EINVAL);
	assert_int_equal(look(&s)->n_alerts, s.run.n_alerts);
	assert_int_equal(look(&s)->events, N_USERS * N_LOOKS);
	close_show(&s);
}

/* At full speed the log passes at a steady rate, in 20 s. */
static void test_full_speed(void **state)
{
	struct show s;
	int64_t first, span;

	open_show(&s, *state, 0, false);
	first = look(&s)->first_ms;
	span = look(&s)->last_ms - first;
	for (int i = 1; i < 20; i++) {
		clock_advance(&s.clock, 1000);
		assert_true(llabs(look(&s)->data_ms - (first + span * i / 20)) <= 1);
		assert_int_equal(look(&s)->phase, FEED_RUNNING);
	}
	clock_advance(&s.clock, 1000);
	assert_int_equal(look(&s)->phase, FEED_ENDED);
	close_show(&s);
}

static void test_seek(void **state)
{
	struct show s;
	struct err e = {0};
	int64_t middle;

	open_show(&s, *state, 10, false);
	middle = look(&s)->first_ms + 3600123;
	assert_int_equal(seek(&s, middle, &e), 0);
	assert_int_equal(look(&s)->data_ms, middle);
	clock_advance(&s.clock, 100);
	assert_int_equal(look(&s)->data_ms, middle + 1000);
	assert_int_equal(seek(&s, look(&s)->last_ms + 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "2017-11-24 16:"));
	assert_non_null(strstr(e.text, "2017-11-28 "));
	assert_int_equal(seek(&s, look(&s)->first_ms - 1, &e), -EINVAL);
	assert_int_equal(look(&s)->data_ms, middle + 1000);
	assert_int_equal(seek(&s, look(&s)->last_ms, &e), 0);
	assert_int_equal(seek(&s, look(&s)->first_ms, &e), 0);
	assert_int_equal(look(&s)->phase, FEED_RUNNING);
	close_show(&s);
}

static void test_leap_is_no_rate(void **state)
{
	struct show s;
	struct err e = {0};

	open_show(&s, *state, 1, true);
	assert_int_equal(seek(&s, look(&s)->last_ms - 1, &e), 0);
	clock_advance(&s.clock, 1000);
	assert_true(look(&s)->events_per_s == 0);
	assert_true(look(&s)->events > 0);
	close_show(&s);
}

static void test_from(void **state)
{
	struct show s;
	struct feed *f;
	struct err e = {0};

	open_show(&s, *state, 1, true);
	s.o.from_ms = look(&s)->first_ms + 5000;
	f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(f, &e), 0);
	assert_int_equal(feed_look(f, NULL)->data_ms, s.o.from_ms);
	feed_close(f);
	s.o.from_ms = 0;
	f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(f, &e), 0);
	assert_int_equal(feed_look(f, NULL)->data_ms, look(&s)->first_ms);
	feed_close(f);
	close_show(&s);
}

/* Stray times are in the log, but neither where it begins nor what the bar spans. */
static void test_stray_times(void **state)
{
	struct place stray = *(const struct place *)*state;
	struct show plain, s;
	struct err e = {0};
	FILE *f;

	open_show(&plain, *state, 1, true);
	snprintf(stray.log, sizeof(stray.log), "%s/stray.csv", stray.folder);
	write_looks(stray.log, N_LOOKS);
	f = fopen(stray.log, "a");
	assert_non_null(f);
	fputs("1000,user01,i1,phones,view,,\n2122867355,user01,i1,phones,view,,\n", f);
	assert_int_equal(fclose(f), 0);
	open_show(&s, &stray, 1, true);
	assert_in_range(look(&s)->events, 6, N_USERS);  /* a thousandth, and the stray one */
	assert_true(llabs(look(&s)->data_ms - look(&plain)->first_ms) < 3600000);
	assert_true(llabs(look(&s)->first_ms - look(&plain)->first_ms) < 3600000);
	assert_true(llabs(look(&s)->last_ms - look(&plain)->last_ms) < 3600000);
	assert_int_equal(seek(&s, 1000000, &e), 0);
	assert_int_equal(look(&s)->events, 1);
	assert_int_equal(seek(&s, INT64_C(2122867355000), &e), 0);
	assert_int_equal(look(&s)->events, N_USERS * N_LOOKS + 2);
	close_show(&plain);
	close_show(&s);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The instants of one user, or of all (DICT_NONE), from the run's history. */
static uint32_t instants(const struct run *r, uint32_t user, int64_t **ret)
{
	int64_t *t = malloc(N_USERS * N_LOOKS * sizeof(*t));
	uint32_t n = 0, distinct = 0;

	assert_non_null(t);
	for (uint32_t u = 0; u < history_n_users(r->history); u++) {
		struct user_events ue;

		history_user(r->history, u, &ue);
		for (uint32_t i = 0; i < ue.n; i++)
			if (user == DICT_NONE || user == u)
				t[n++] = ue.time_ms[i];
	}
	qsort(t, n, sizeof(*t), by_time);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || t[i] != t[i - 1])
			t[distinct++] = t[i];
	*ret = t;
	return distinct;
}

static int step(struct show *s, double way, uint32_t user, struct err *e)
{
	struct command c = { .kind = user == DICT_NONE ? COMMAND_STEP : COMMAND_STEP_USER,
		.number = way,
		.user = user };

	return feed_command(s->f, &c, e);
}

/* Forward through every instant and back again; a step pauses, and hides or shows exactly one. */
static void walk(struct show *s, uint32_t user)
{
	struct err e = {0};
	int64_t *t;
	uint32_t n = instants(replay_run(s->f), user, &t);

	assert_int_equal(seek(s, look(s)->first_ms, &e), 0);
	for (uint32_t i = t[0] == look(s)->first_ms; i < n; i++) {
		assert_int_equal(step(s, 1, user, &e), 0);
		assert_int_equal(look(s)->data_ms, t[i]);
		assert_int_equal(
			look(s)->phase, t[i] == look(s)->last_ms ? FEED_ENDED : FEED_PAUSED);
	}
	assert_int_equal(step(s, 1, user, &e), -EINVAL);
	for (uint32_t i = n - 1; i-- > 0; ) {
		assert_int_equal(step(s, -1, user, &e), 0);
		assert_int_equal(look(s)->data_ms, t[i]);
	}
	assert_int_equal(step(s, -1, user, &e), -EINVAL);
	assert_int_equal(look(s)->data_ms, t[0]);
	if (t[1] > t[0] + 1) { /* from between two instants, the newer one shown is hidden */
		assert_int_equal(seek(s, t[2] - 1, &e), 0);
		assert_int_equal(step(s, -1, user, &e), 0);
		assert_int_equal(look(s)->data_ms, t[0]);
	}
	free(t);
}

static void test_steps(void **state)
{
	struct show s;
	struct err e = {0};

	open_show(&s, *state, 60, false);
	walk(&s, DICT_NONE);
	walk(&s, 7);
	walk(&s, 31);
	assert_int_equal(step(&s, 1, N_USERS, &e), -EINVAL);
	close_show(&s);
}

static void test_alert_steps(void **state)
{
	struct show s;
	struct err e = {0};
	int64_t t = INT64_MIN;
	uint32_t stops = 0;

	open_show(&s, *state, 60, false);
	while (order(&s, COMMAND_ALERT, 1, &e) == 0) {
		const struct snapshot *now = look(&s);

		assert_int_equal(now->phase, FEED_PAUSED);
		assert_true(now->data_ms > t);
		assert_int_equal(feed_alert(s.f, now->n_alerts - 1)->f.time_ms, now->data_ms);
		t = now->data_ms;
		stops++;
	}
	assert_int_equal(e.code, -EINVAL);
	assert_int_equal(look(&s)->n_alerts, s.run.n_alerts);
	while (order(&s, COMMAND_ALERT, -1, &e) == 0)
		stops--;
	assert_int_equal(stops, 1);
	assert_int_equal(look(&s)->data_ms, s.run.alert[0].f.time_ms);
	close_show(&s);
}

static void test_user_events(void **state)
{
	struct show s;
	struct err e = {0};
	struct event *ev;
	uint32_t user, n;

	open_show(&s, *state, 60, true);
	user = dict_find(s.f->ids->user, "user03", 6);
	assert_int_equal(feed_user(s.f, user, INT64_MAX, &ev, &n, &e), 0);
	assert_int_equal(n, N_LOOKS);
	for (uint32_t i = 1; i < n; i++)
		assert_true(ev[i - 1].time_ms <= ev[i].time_ms && ev[i].user == user);
	int64_t middle = ev[40].time_ms;
	mem_free(ev);
	assert_int_equal(feed_user(s.f, user, middle, &ev, &n, &e), 0);
	assert_int_equal(n, 41);
	mem_free(ev);
	assert_int_equal(feed_user(s.f, user, middle - 1, &ev, &n, &e), 0);
	assert_int_equal(n, 40);
	mem_free(ev);
	assert_int_equal(feed_user(s.f, N_USERS + 9, middle, &ev, &n, &e), -EINVAL);
	close_show(&s);
}

static void test_stores(void **state)
{
	const struct place *p = *state;
	struct show s;
	struct feed *f;
	struct err e = {0};

	unlink(p->db);
	open_show(&s, p, 1, true);
	s.o.db = p->db;
	f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(f, &e), 0);
	check_store(p, &s.run);
	feed_close(f);
	close_show(&s);
}

static void test_failures(void **state)
{
	const struct place *p = *state;
	static const char *const none[] = { "/no/such/file.csv" };
	struct clock clock;
	struct replay_options o = {
		.run = options(p, none), .from_ms = INT64_MIN, .clock = &clock
	};
	struct err e = {0};
	struct feed *f;
	struct event *ev;
	uint32_t n;

	clock_init(&clock);
	clock_freeze(&clock, 5);
	f = replay_open(&o, &e);
	assert_non_null(f);
	assert_int_equal(replay_wait(f, &e), -ENOENT);
	assert_int_equal(feed_look(f, NULL)->phase, FEED_FAILED);
	assert_non_null(strstr(feed_look(f, NULL)->notice, "/no/such/file.csv"));
	assert_int_equal(
		feed_command(f, &(struct command){ .kind = COMMAND_STEP, .number = 1 }, &e),
		-ENOTSUP);
	assert_int_equal(feed_user(f, 0, 5, &ev, &n, &e), -ENOTSUP);
	feed_close(f);
}

/* The log is being read as long as the fifo has a writer. */
static void test_while_loading(void **state)
{
	const struct place *p = *state;
	struct show s = {0};
	struct err e = {0};
	char fifo[160];
	FILE *writer;
	bool fresh;

	snprintf(fifo, sizeof(fifo), "%s/fifo", p->folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	s.path[0] = fifo;
	clock_init(&s.clock);
	clock_freeze(&s.clock, 1000);
	s.o = (struct replay_options){ .run = options(p, s.path), .speed = 1, .from_ms = INT64_MIN,
		.clock = &s.clock };
	s.o.run.model = NULL;
	s.f = replay_open(&s.o, &e);
	assert_non_null(s.f);
	writer = fopen(fifo, "w");
	assert_non_null(writer);
	assert_int_equal(feed_look(s.f, &fresh)->phase, FEED_LOADING);
	assert_true(look(&s)->loaded < 1);
	assert_int_equal(order(&s, COMMAND_STEP, 1, &e), -ENOTSUP);
	assert_int_equal(seek(&s, 5, &e), -ENOTSUP);
	assert_int_equal(order(&s, COMMAND_PAUSE, 0, &e), 0);
	assert_int_equal(order(&s, COMMAND_SPEED, 30, &e), 0);
	fputs("timestamp,user,item,category,behaviour,price,quantity\n5,u,i,c,view,,\n"
		"9,u,i,c,view,,\n", writer);
	fclose(writer);
	assert_int_equal(replay_wait(s.f, &e), 0);
	assert_int_equal(look(&s)->phase, FEED_PAUSED);
	assert_true(look(&s)->speed == 30);
	assert_int_equal(look(&s)->data_ms, 5000);
	assert_true(look(&s)->n_notices > 0);       /* too few users to fit a threshold */
	feed_close(s.f);
}

static int count_bad(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len)
{
	assert_true(strlen(source) > 0 && strlen(why) > 0);
	assert_int_equal(line, 3);
	assert_memory_equal(text, "noon,u", len < 6 ? len : 6);
	++*(int *)ctx;
	return 0;
}

/* What the load counted stays in sight, and so do the rows that it kept. */
static void test_bad_rows(void **state)
{
	const struct place *p = *state;
	struct clock clock;
	char path[300];
	const char *paths[] = { path };
	struct replay_options o = { .from_ms = INT64_MIN, .clock = &clock };
	const struct stage *g;
	struct err e = {0};
	struct feed *f;
	int n_bad = 0;
	FILE *log;

	snprintf(path, sizeof(path), "%s.bad", p->log);
	log = fopen(path, "w");
	fputs("timestamp,user,item,category,behaviour,price,quantity\n5,u,i,c,view,,\n"
		"noon,u,i,c,view,,\n9,u,i,c,view,,\n", log);
	fclose(log);
	clock_init(&clock);
	o.run = options(p, paths);
	o.run.load.keep_rejects = 5;
	f = replay_open(&o, &e);
	assert_non_null(f);
	assert_int_equal(replay_wait(f, &e), 0);
	g = &feed_look(f, NULL)->stage[FEED_READ];
	assert_true(g->is_measured);
	assert_int_equal(g->in, 3);
	assert_int_equal(g->out, 2);
	assert_int_equal(g->dropped, 1);
	assert_int_equal(feed_rejects(f, count_bad, &n_bad, &e), 0);
	assert_int_equal(n_bad, 1);
	feed_close(f);
	unlink(path);
}

static void test_closed_while_loading(void **state)
{
	const struct place *p = *state;
	const char *path[] = { p->log };
	struct clock clock;
	struct replay_options o = {
		.run = options(p, path), .from_ms = INT64_MIN, .clock = &clock
	};
	struct err e = {0};
	size_t before = mem_used();

	clock_init(&clock);
	o.run.model = NULL;
	for (int i = 0; i < 20; i++)
		feed_close(replay_open(&o, &e));
	assert_int_equal(mem_used(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_alerts_as_a_run),
		cmocka_unit_test(test_clearings_come_with_the_clock),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_full_speed),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_leap_is_no_rate),
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_stray_times),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_alert_steps),
		cmocka_unit_test(test_user_events),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_while_loading),
		cmocka_unit_test(test_bad_rows),
		cmocka_unit_test(test_closed_while_loading),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
