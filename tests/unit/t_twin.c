/* The past of a live run beside it: it shows what a replay of the same events shows, while the run
 * goes on.
 */
#include "engine/twin.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/live.h"
#include "turned_show.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define LOOKS 20000     /* of 1 ms: never all waited for */
#define FIRST_ROWS (70u * N_USERS)      /* of the rows, when a run has not seen all of them yet */

/* A live run over a log, which may grow, and the replay of all of it. */
struct pair {
	struct show past;
	struct place place;             /* log: the live run's */
	const char *path[1];
	struct feed *live, *twin;
};

static void run_live(struct pair *p, bool once, int64_t retain_ms)
{
	struct live_options o = { .follow = { .path = p->path, .n_paths = 1, .once = once,
			.zone = p->past.o.run.load.zone },
		.model = p->place.model, .backend = "cpu", .db = p->place.db,
		.lateness_ms = HOUR_MS, .retain_ms = retain_ms, .threads = 1,
		.step = { .span_ms = DAY_MS, .zone = p->past.o.run.load.zone },
		.clock = &p->past.clock };
	struct err e = {0};

	p->path[0] = p->place.log;
	p->live = live_open(&o, &e);
	assert_non_null(p->live);
	if (once && live_wait(p->live, NULL, &e) < 0)
		fail_msg("%s", e.text);
}

static void open_twin(struct pair *p)
{
	struct err e = {0};

	p->twin = twin_open(p->live, &e);
	if (!p->twin)
		fail_msg("%s", e.text);
}

static void open_pair(struct pair *p, const struct place *place)
{
	static unsigned n;

	*p = (struct pair){ .place = *place };
	snprintf(p->place.db, sizeof(p->place.db), "%.64s/db%u", place->folder, n++);
	snprintf(p->place.log, sizeof(p->place.log), "%.64s/back.csv", place->folder);
	write_looks(p->place.log, N_LOOKS_BACK);
	open_show(&p->past, &p->place, 60, true);
}

static void close_pair(struct pair *p)
{
	feed_close(p->twin);
	feed_close(p->live);
	close_show(&p->past);
}

static int tell(struct feed *f, enum command_kind kind, double number, int64_t t_ms, uint32_t user)
{
	struct err e = {0};

	return feed_command(f, &(struct command){ .kind = kind, .number = number, .time_ms = t_ms,
		.user = user }, &e);
}

static void assert_same_user(struct pair *p, uint32_t user, int64_t t_ms)
{
	const char *id = dict_text(p->twin->ids->user, user, NULL);
	uint32_t n, n_past, i;
	struct event *ev = NULL, *past = NULL;
	struct err e = {0};

	assert_int_equal(feed_user(p->twin, user, t_ms, &ev, &n, &e), 0);
	assert_int_equal(feed_user(p->past.f, dict_find(p->past.f->ids->user, id, strlen(id)),
		t_ms, &past, &n_past, &e), 0);
	assert_int_equal(n, n_past);
	for (i = 0; i < n; i++) {
		assert_int_equal(ev[i].time_ms, past[i].time_ms);
		assert_string_equal(dict_text(p->twin->ids->category, ev[i].category, NULL),
			dict_text(p->past.f->ids->category, past[i].category, NULL));
	}
	mem_free(ev);
	mem_free(past);
}

static void assert_same(struct pair *p)
{
	const struct snapshot *s = feed_look(p->twin, NULL), *past = look(&p->past);
	uint32_t i;

	assert_int_equal(s->data_ms, past->data_ms);
	assert_int_equal(s->phase, past->phase);
	assert_int_equal(s->n_alerts, past->n_alerts);
	assert_int_equal(s->n_cleared, past->n_cleared);
	assert_int_equal(s->n_severe, past->n_severe);
	assert_int_equal(s->n_high, past->n_high);
	assert_int_equal(s->n_low, past->n_low);
	assert_int_equal(s->n_alerts_total, past->n_alerts_total);
	for (i = 0; i < s->n_alerts; i++)
		assert_true(feed_alert(p->twin, i)->id == feed_alert(p->past.f, i)->id);
	if (s->n_alerts)
		assert_same_user(p, feed_alert(p->twin, i - 1)->f.user, s->data_ms);
}

/* A run that has ended, of which the tests with `both` have a twin: made once. */
static struct pair whole;

static int set_all(void **state)
{
	int code = set_place(state);

	if (code == 0) {
		open_pair(&whole, *state);
		run_live(&whole, true, 30 * DAY_MS);
		open_twin(&whole);
	}
	return code;
}

static int clear_all(void **state)
{
	close_pair(&whole);
	return clear_place(state);
}

static void both(struct pair *p, enum command_kind kind, double number, int64_t t_ms)
{
	assert_int_equal(tell(p->twin, kind, number, t_ms, 0),
		tell(p->past.f, kind, number, t_ms, 0));
	assert_same(p);
}

static void test_shows_what_a_replay_shows(void **state)
{
	struct pair *p = &whole;
	int64_t t_ms;
	uint32_t n;

	(void)state;
	assert_int_equal(feed_look(p->twin, NULL)->phase, FEED_ENDED);
	assert_true(feed_look(p->twin, NULL)->twin.is_on);
	both(p, COMMAND_END, 0, 0);
	n = look(&p->past)->n_cleared;
	assert_true(n >= N_BACK && look(&p->past)->n_alerts > N_TURNED);
	for (t_ms = look(&p->past)->first_ms; t_ms <= look(&p->past)->last_ms; t_ms += 5 * HOUR_MS)
		both(p, COMMAND_SEEK, 0, t_ms);
	both(p, COMMAND_SEEK, 0, look(&p->past)->last_ms + 1);
	both(p, COMMAND_SEEK, 0, look(&p->past)->first_ms - 1);
}

static void test_steps_as_a_replay_does(void **state)
{
	struct pair *p = &whole;
	uint32_t i, user, other;
	const char *id;

	(void)state;
	both(p, COMMAND_SEEK, 0, look(&p->past)->first_ms);
	both(p, COMMAND_STEP, -1, 0);
	for (i = 0; i < 70; i++)
		both(p, COMMAND_STEP, 1, 0);
	for (i = 0; i < 30; i++)
		both(p, COMMAND_STEP, -1, 0);
	for (i = 0; i < 9; i++)
		both(p, COMMAND_ALERT, 1, 0);
	for (i = 0; i < 12; i++)        /* over the first one */
		both(p, COMMAND_ALERT, -1, 0);
	both(p, COMMAND_ALERT, 1, 0);
	user = feed_alert(p->twin, 0)->f.user;
	id = dict_text(p->twin->ids->user, user, NULL);
	other = dict_find(p->past.f->ids->user, id, strlen(id));
	for (i = 0; i < 100; i++) {     /* back over the first event, and on */
		assert_int_equal(tell(p->twin, COMMAND_STEP_USER, i < 80 ? -1 : 1, 0, user),
			tell(p->past.f, COMMAND_STEP_USER, i < 80 ? -1 : 1, 0, other));
		assert_same(p);
	}
	both(p, COMMAND_END, 0, 0);
	both(p, COMMAND_STEP, 1, 0);
}

static void test_plays_as_a_replay_does(void **state)
{
	struct pair *p = &whole;
	struct stop_on any;
	struct err e = {0};
	uint32_t i;

	(void)state;
	both(p, COMMAND_SEEK, 0, look(&p->past)->first_ms);
	assert_int_equal(feed_look(p->twin, NULL)->speed, 60);
	both(p, COMMAND_SPEED, 3600, 0);
	both(p, COMMAND_PLAY, 0, 0);
	for (i = 0; i < 40; i++) {
		clock_advance(&p->past.clock, 1000);
		assert_same(p);
	}
	assert_int_equal(stop_on_parse(&any, "user user03", &e), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(feed_command(i ? p->twin : p->past.f, &(struct command){
			.kind = COMMAND_STOP_ON, .stop_on = &any }, &e), 0);
	clock_advance(&p->past.clock, 60000);
	assert_same(p);
	assert_int_equal(feed_look(p->twin, NULL)->phase, FEED_PAUSED);
	assert_int_equal(feed_look(p->twin, NULL)->stopped_by, look(&p->past)->stopped_by);
	assert_string_equal(feed_look(p->twin, NULL)->stop_rule, "user user03");
	assert_int_equal(tell(p->twin, COMMAND_BUDGET, 0, 0, 0), -ENOTSUP);
}

/* The rows from one on, up to another, to a file that a run follows. */
static void grow(const char *from, const char *to, uint32_t first, uint32_t end)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "a");
	char row[256];
	uint32_t i;

	assert_true(in && out);
	for (i = 0; i < end && fgets(row, sizeof(row), in); i++)
		if (i >= first)
			fputs(row, out);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* Until the live run has released so many events: those of the last hour are held back. */
static void wait_for(struct pair *p, struct feed *f, uint64_t n_events)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	uint32_t i;

	for (i = 0; i < LOOKS && feed_look(f, NULL)->events < n_events; i++)
		nanosleep(&pause, NULL);
	assert_true(feed_look(f, NULL)->events >= n_events);
	assert_int_not_equal(feed_look(p->live, NULL)->phase, FEED_FAILED);
}

static void test_live_goes_on_meanwhile(void **state)
{
	struct pair p;
	struct place all = *(const struct place *)*state;
	const struct snapshot *s;
	uint32_t n, n_severe = 0, i;
	int64_t now_ms, t_ms, kept_ms;

	open_pair(&p, *state);
	memcpy(all.log, p.place.log, sizeof(all.log));
	snprintf(p.place.log, sizeof(p.place.log), "%.64s/grows.csv", p.place.folder);
	grow(all.log, p.place.log, 0, 1 + FIRST_ROWS);
	run_live(&p, false, DAY_MS);
	wait_for(&p, p.live, FIRST_ROWS - 3 * N_USERS);
	open_twin(&p);
	s = feed_look(p.twin, NULL);
	n = s->n_alerts;
	now_ms = s->data_ms;
	t_ms = now_ms - 3 * HOUR_MS;
	kept_ms = s->twin.kept_ms;
	assert_true(s->phase == FEED_ENDED && s->twin.n_newer == 0 && s->twin.now_ms == now_ms);
	assert_int_equal(tell(p.twin, COMMAND_SEEK, 0, t_ms, 0), 0);
	clock_advance(&p.past.clock, 60000);    /* a checkpoint is due, which deletes what is old */
	grow(all.log, p.place.log, 1 + FIRST_ROWS, UINT32_MAX);
	wait_for(&p, p.twin, N_USERS * (N_LOOKS_BACK - 3));
	s = feed_look(p.twin, NULL);
	assert_int_equal(s->phase, FEED_PAUSED);
	assert_int_equal(s->data_ms, t_ms);
	assert_int_equal(s->last_ms, now_ms);
	assert_int_equal(s->n_alerts_total, n);
	assert_int_equal(s->twin.phase, FEED_RUNNING);
	assert_true(s->twin.now_ms > now_ms + 2 * DAY_MS);
	assert_true(s->twin.n_newer > 0);
	n += s->twin.n_newer;
	for (i = s->n_alerts_total; i < n; i++)
		n_severe += feed_alert(p.live, i)->f.severity >= 80;
	assert_int_equal(s->twin.n_severe, n_severe);
	assert_int_equal(feed_look(p.live, NULL)->n_alerts, n);
	assert_int_equal(tell(p.twin, COMMAND_SEEK, 0, now_ms + 1, 0), -EINVAL);
	assert_true(feed_look(p.twin, NULL)->twin.kept_ms > kept_ms + DAY_MS);
	close_pair(&p);
	unlink(p.place.log);
}

static void test_what_is_not_kept_is_missing(void **state)
{
	struct pair p;
	const struct snapshot *s;
	struct event *ev = NULL;
	struct err e = {0};
	uint32_t n = 1;
	int64_t kept_ms;

	open_pair(&p, *state);
	run_live(&p, true, DAY_MS);
	open_twin(&p);
	s = feed_look(p.twin, NULL);
	kept_ms = s->twin.kept_ms;
	assert_int_equal(s->n_alerts_total, p.past.run.n_alerts);
	assert_int_equal(s->first_ms, p.past.run.alert[0].f.time_ms);
	assert_in_range(kept_ms, s->last_ms - DAY_MS, s->last_ms - DAY_MS + HOUR_MS);
	assert_int_equal(tell(p.twin, COMMAND_SEEK, 0, kept_ms, 0), 0);
	assert_int_equal(tell(p.twin, COMMAND_STEP, -1, 0, 0), -EINVAL);
	assert_int_equal(tell(p.twin, COMMAND_ALERT, -1, 0, 0), 0);
	s = feed_look(p.twin, NULL);
	assert_true(s->data_ms < kept_ms && s->n_alerts > 0);
	assert_int_equal(feed_user(p.twin, feed_alert(p.twin, 0)->f.user, s->data_ms, &ev, &n, &e),
		0);
	assert_int_equal(n, 0);
	mem_free(ev);
	close_pair(&p);
}

static void test_nothing_to_look_back_at(void **state)
{
	struct pair p;
	struct err e = {0};

	open_pair(&p, *state);
	snprintf(p.place.log, sizeof(p.place.log), "%.64s/empty.csv", p.place.folder);
	fclose(fopen(p.place.log, "w"));
	run_live(&p, false, DAY_MS);
	assert_null(twin_open(p.live, &e));
	assert_int_equal(e.code, -ENODATA);
	assert_string_equal(e.text, "there is nothing to look back at yet");
	assert_null(twin_open(p.past.f, &e));
	assert_int_equal(e.code, -ENOTSUP);
	close_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shows_what_a_replay_shows),
		cmocka_unit_test(test_steps_as_a_replay_does),
		cmocka_unit_test(test_plays_as_a_replay_does),
		cmocka_unit_test(test_live_goes_on_meanwhile),
		cmocka_unit_test(test_what_is_not_kept_is_missing),
		cmocka_unit_test(test_nothing_to_look_back_at),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_all, clear_all);
}
