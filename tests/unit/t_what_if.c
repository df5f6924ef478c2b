/* Another budget tried in a replay: the rows of a run under it, and the way back. */
#include "engine/what_if.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "turned_show.h"

static const struct budget small = { .amount = 20 }, large = { .amount = 2000 },
	daily = { .amount = 3, .per_day = true }, own = { 0 };

/* A replay under a model that was fitted on its log, by a file. */
static void open_fitted(struct show *s, const struct place *p, uint64_t at_once)
{
	static struct place fitted;
	struct run_options o;
	struct run r;
	struct err e = {0};

	fitted = *p;
	snprintf(fitted.model, sizeof fitted.model, "%s/fitted", p->folder);
	s->path[0] = p->log;
	o = options(p, s->path);
	o.model = NULL;
	o.budget.amount = 200;
	r = run_of(&o);
	unlink(fitted.model);
	if (model_save(&r.model, fitted.model, &e) < 0)
		fail_msg("%s", e.text);
	run_done(&r);
	open_show(s, &fitted, 1, true);
	feed_close(s->f);
	s->o.at_once_events = at_once;
	s->f = replay_open(&s->o, &e);
	assert_int_equal(replay_wait(s->f, &e), 0);
}

static int set_budget(struct show *s, const struct budget *b, struct err *e)
{
	return feed_command(s->f, &(struct command){ .kind = COMMAND_BUDGET, .budget = b }, e);
}

/* The very rows, and what is counted of them at the end of the log. */
static void check_rows(struct show *s, const struct run *want)
{
	const struct snapshot *now;

	order(s, COMMAND_END, 0, NULL);
	now = look(s);
	assert_int_equal(now->n_alerts_total, want->n_alerts);
	assert_int_equal(now->n_alerts, want->n_alerts);
	assert_int_equal(now->n_severe + now->n_high + now->n_low + now->n_cleared,
		want->n_alerts);
	assert_true(now->model == want->model.hash);
	assert_true(now->threshold == model_lowest_threshold(&want->model));
	for (uint32_t i = 0; i < want->n_alerts; i++) {
		const struct alert *a = feed_alert(s->f, i);

		assert_true(a->id == want->alert[i].id);
		assert_int_equal(a->f.time_ms, want->alert[i].f.time_ms);
		assert_int_equal(a->cleared_ms, want->alert[i].cleared_ms);
		assert_true(a->f.far == want->alert[i].f.far);
	}
}

/* What `detect` finds under the same model and that budget. */
static void check_budget(struct show *s, const struct budget *b)
{
	struct run_options o = s->o.run;
	struct run want;

	o.budget = *b;
	want = run_of(&o);
	check_rows(s, &want);
	run_done(&want);
}

static void test_rows_of_a_run(void **state)
{
	static const struct budget *const tried[] = { &large, &small, &daily };
	struct show s;
	struct err e = {0};
	uint32_t n[3];

	open_fitted(&s, *state, 0);
	check_rows(&s, &s.run);
	assert_false(look(&s)->what_if.is_on);
	for (size_t i = 0; i < 3; i++) {
		uint32_t epoch = look(&s)->epoch;

		if (set_budget(&s, tried[i], &e) < 0)
			fail_msg("%s", e.text);
		assert_true(look(&s)->what_if.is_on);
		assert_int_equal(look(&s)->what_if.n_before, s.run.n_alerts);
		assert_true(look(&s)->epoch != epoch);
		check_budget(&s, tried[i]);
		n[i] = look(&s)->n_alerts_total;
	}
	assert_string_equal(look(&s)->what_if.budget, "3/day");
	assert_true(n[0] > s.run.n_alerts && n[1] < s.run.n_alerts);
	assert_int_equal(set_budget(&s, &own, &e), 0);
	assert_false(look(&s)->what_if.is_on);
	check_rows(&s, &s.run);
	close_show(&s);
}

/* A replay that fits its model itself has the users' highest scores from there. */
static void test_scores_of_the_fit_serve(void **state)
{
	struct show s;
	struct run_options o;
	struct run want;
	struct err e = {0};

	open_fitted(&s, *state, 0);
	assert_null(replay_run(s.f)->highs);
	o = s.o.run;
	o.budget = large;
	want = run_of(&o);
	feed_close(s.f);
	s.o.run.model = NULL;
	s.o.run.budget.amount = 200;
	s.f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(s.f, &e), 0);
	assert_int_equal(set_budget(&s, &large, &e), 0);
	assert_true(want.n_alerts > 0);
	check_rows(&s, &want);
	for (size_t i = 0; i < N_USERS * CHANNEL_N; i++)
		replay_run(s.f)->highs[i] = -INFINITY;
	assert_int_equal(set_budget(&s, &large, &e), 0);
	assert_int_equal(look(&s)->n_alerts_total, 0);
	run_done(&want);
	close_show(&s);
}

/* The clock goes on meanwhile; whatever was asked last is shown. */
static void test_in_the_background(void **state)
{
	struct show s;
	struct err e = {0};

	open_fitted(&s, *state, 1);
	assert_int_equal(set_budget(&s, &small, &e), 0);
	assert_int_equal(set_budget(&s, &large, &e), 0);
	assert_true(look(&s)->what_if.is_busy || look(&s)->what_if.is_on);
	while (look(&s)->what_if.is_busy)
		usleep(200);
	check_budget(&s, &large);
	assert_int_equal(set_budget(&s, &small, &e), 0);
	assert_int_equal(set_budget(&s, &own, &e), 0);
	assert_false(look(&s)->what_if.is_busy);
	check_rows(&s, &s.run);
	assert_int_equal(set_budget(&s, &large, &e), 0);
	close_show(&s);         /* while it runs */
}

struct stored {
	const struct run *r;
	uint32_t n;
};

static int is_of_the_run(void *ctx, const struct alert *a, const char *row_state)
{
	struct stored *s = ctx;

	(void)row_state;
	assert_true(a->id == s->r->alert[s->n++].id);
	return 0;
}

static void test_nothing_is_stored(void **state)
{
	const struct place *p = *state;
	struct show s;
	struct stored stored = { .r = &s.run };
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct ids ids;
	struct store *db;
	struct err e = {0};

	open_fitted(&s, p, 0);
	feed_close(s.f);
	unlink(p->db);
	s.o.db = p->db;
	s.f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(s.f, &e), 0);
	assert_int_equal(set_budget(&s, &large, &e), 0);
	assert_true(look(&s)->what_if.is_on);
	assert_int_equal(ids_init(&ids, &e), 0);
	db = store_open_read(p->db, &e);
	assert_non_null(db);
	assert_int_equal(query_each_alert(db, &all, &ids, is_of_the_run, &stored, &e), 0);
	assert_int_equal(stored.n, s.run.n_alerts);
	store_close(db);
	ids_done(&ids);
	close_show(&s);
}

/* A rule of where to stop looks at the alerts there are. */
static void test_stops_are_the_new_ones(void **state)
{
	struct show s;
	struct stop_on any;
	struct err e = {0};

	open_fitted(&s, *state, 0);
	assert_int_equal(stop_on_parse(&any, ".", &e), 0);
	assert_int_equal(feed_command(s.f, &(struct command){ .kind = COMMAND_STOP_ON,
		.stop_on = &any }, &e), 0);
	assert_int_equal(set_budget(&s, &large, &e), 0);
	order(&s, COMMAND_PLAY, 0, NULL);
	clock_advance(&s.clock, INT64_C(1) << 40);
	assert_int_equal(look(&s)->stopped_by, 1);
	assert_int_equal(look(&s)->data_ms, feed_alert(s.f, 0)->f.time_ms);
	assert_true(look(&s)->data_ms < s.run.alert[0].f.time_ms);
	close_show(&s);
}

static void test_a_model_that_knows_no_rates(void **state)
{
	struct show s;
	struct err e = {0};

	open_show(&s, *state, 1, true);
	assert_int_equal(set_budget(&s, &large, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "shipped"));
	check_rows(&s, &s.run);
	close_show(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_a_run),
		cmocka_unit_test(test_scores_of_the_fit_serve),
		cmocka_unit_test(test_in_the_background),
		cmocka_unit_test(test_nothing_is_stored),
		cmocka_unit_test(test_stops_are_the_new_ones),
		cmocka_unit_test(test_a_model_that_knows_no_rates),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
