/* Walking through time in a replay: a moment is the same from wherever one comes. */
#include "engine/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/portrait.h"
#include "turned_show.h"

#define STEPS 30u
#define HOUR_MS INT64_C(3600000)

/* What USER shows of the change score: of each cell, and how many alerts there were. */
struct sight_of {
	int64_t at_ms;
	uint32_t n_findings;
	float score[PORTRAIT_CELLS_MAX];
};

static struct sight_of see(struct show *s, uint32_t user)
{
	struct portrait_options o = { .n_cells = 40, .max_rows = 5 };
	struct sight_of seen = { .at_ms = look(s)->data_ms };
	struct event *ev;
	struct portrait p;
	struct err e = {0};
	uint32_t n;

	o.upto_ms = o.horizon_ms = seen.at_ms;
	assert_int_equal(feed_user(s->f, user, seen.at_ms, &ev, &n, &e), 0);
	if (portrait_make(&p, user, ev, n, s->f->model, s->f->ids, &o, &e) < 0)
		fail_msg("%s", e.text);
	seen.n_findings = p.n_findings;
	memcpy(seen.score, p.score, sizeof seen.score);
	portrait_done(&p);
	return seen;
}

/* Around the change of a user, an event of this user at a time. */
static void test_scores_are_those_of_the_first_pass(void **state)
{
	static struct sight_of on[STEPS];
	struct show s;
	struct command c = { .kind = COMMAND_STEP_USER };
	struct err e = {0};
	struct sight_of back;

	open_show(&s, *state, 1, true);
	c.user = s.run.alert[0].f.user;
	assert_int_equal(seek(&s, s.run.alert[0].f.time_ms - 15 * HOUR_MS, &e), 0);
	c.number = 1;
	for (uint32_t i = 0; i < STEPS; i++) {
		assert_int_equal(feed_command(s.f, &c, &e), 0);
		on[i] = see(&s, c.user);
	}
	assert_int_equal(on[0].n_findings, 0);
	assert_true(on[STEPS - 1].n_findings > 0);
	c.number = -1;
	for (uint32_t i = STEPS - 1; i-- > 0; ) {
		assert_int_equal(feed_command(s.f, &c, &e), 0);
		back = see(&s, c.user);
		assert_memory_equal(&back, &on[i], sizeof back);
		assert_true(on[i].at_ms < on[i + 1].at_ms);
	}
	close_show(&s);
}

static void test_the_first_alert_and_its_row(void **state)
{
	struct show s;

	open_show(&s, *state, 1, true);
	assert_int_equal(look(&s)->n_alerts, 0);
	assert_int_equal(order(&s, COMMAND_ALERT, 1, NULL), 0);
	assert_true(look(&s)->n_alerts > 0);
	assert_int_equal(look(&s)->data_ms, s.run.alert[0].f.time_ms);
	assert_true(feed_alert(s.f, 0)->id == s.run.alert[0].id);
	close_show(&s);
}

/* The ids of the alerts in the order in which they come up, with a look every tick_ms. */
static uint64_t *pass(struct show *s, double speed, int64_t tick_ms)
{
	uint64_t *id = mem_get(s->run.n_alerts + 1ul, sizeof *id);
	struct err e = {0};
	uint32_t n = 0;

	assert_int_equal(seek(s, look(s)->first_ms, &e), 0);
	order(s, COMMAND_SPEED, speed, NULL);
	order(s, COMMAND_PLAY, 0, NULL);
	do {
		for (; n < look(s)->n_alerts; n++)
			id[n] = feed_alert(s->f, n)->id;
		clock_advance(&s->clock, tick_ms);
	} while (look(s)->phase == FEED_RUNNING);
	for (; n < look(s)->n_alerts; n++)
		id[n] = feed_alert(s->f, n)->id;
	assert_int_equal(n, s->run.n_alerts);
	return id;
}

static void test_any_speed_shows_the_same_rows(void **state)
{
	struct show s;
	uint64_t *slow, *fast;

	open_show(&s, *state, 1, true);
	slow = pass(&s, 1, HOUR_MS / 6);
	fast = pass(&s, 0, 100);
	assert_memory_equal(slow, fast, s.run.n_alerts * sizeof *slow);
	for (uint32_t i = 0; i < s.run.n_alerts; i++)
		assert_true(slow[i] == s.run.alert[i].id);
	mem_free(slow);
	mem_free(fast);
	close_show(&s);
}

static void test_the_end(void **state)
{
	struct show s;

	open_show(&s, *state, 1, true);
	assert_int_equal(order(&s, COMMAND_END, 0, NULL), 0);
	assert_int_equal(look(&s)->phase, FEED_ENDED);
	assert_int_equal(look(&s)->n_alerts, s.run.n_alerts);
	close_show(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scores_are_those_of_the_first_pass),
		cmocka_unit_test(test_the_first_alert_and_its_row),
		cmocka_unit_test(test_any_speed_shows_the_same_rows),
		cmocka_unit_test(test_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
