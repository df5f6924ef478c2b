/* What a live run promised so far: by the model of each time, and by the time of the log. */
#include "engine/live.h"

#include "base/mem.h"
#include "model/model.h"
#include "turned_log.h"

#define DAY_MS INT64_C(86400000)
#define FIRST "1504224000,user00,i,phones,view,,\n"     /* 85 days before the others */

/* A model that promises by hand: 1 alert a day among 60 users. */
static void write_model(const struct place *p, double kud)
{
	struct model m;
	struct err e = {0};

	model_default(&m);
	m.provisional = false;
	m.n_users = N_USERS;
	m.at_risk_per_day = 50;
	m.budget_kud = kud;
	model_seal(&m);
	assert_int_equal(model_save(&m, p->model, &e), 0);
	model_done(&m);
}

static struct snapshot follow(const struct place *p)
{
	static struct zone utc;
	const char *path = p->log;
	struct live_options o = { .follow = { .path = &path, .n_paths = 1, .once = true,
			.zone = &utc },
		.model = p->model, .backend = "cpu", .db = p->db, .lateness_ms = 1000,
		.retain_ms = 400 * DAY_MS, .threads = 1,
		.step = { .span_ms = DAY_MS, .zone = &utc } };
	struct err e = {0};
	struct feed *f;
	struct snapshot s;

	zone_init(&utc, "UTC", NULL);
	f = live_open(&o, &e);
	assert_non_null(f);
	if (live_wait(f, NULL, &e) < 0)
		fail_msg("%s", e.text);
	s = *feed_look(f, NULL);
	feed_close(f);
	return s;
}

/* The log as it is written, behind a row of the summer. */
static void put_stray_first(const struct place *p)
{
	char command[1024];

	snprintf(command, sizeof command, "{ head -n 1 '%s'; printf '" FIRST "'; sed 1d '%s'; } "
		">'%s.new' && mv '%s.new' '%s'", p->log, p->log, p->log, p->log, p->log);
	assert_int_equal(system(command), 0);
}

static void a_stray_row_is_no_time_of_the_log(void **state)
{
	struct place *p = *state;
	struct snapshot s, stray;

	write_model(p, 20);
	snprintf(p->db, sizeof p->db, "%.64s/plain", p->folder);
	s = follow(p);
	/* N_LOOKS hours and a few minutes, at 50 user-days a day and 20 a thousand of them. */
	assert_float_equal(s.promised, N_LOOKS / 24., .2);
	assert_true(s.n_alerts > 0);
	assert_int_equal(s.n_promised, s.n_alerts);
	put_stray_first(p);
	snprintf(p->db, sizeof p->db, "%.64s/stray", p->folder);
	stray = follow(p);
	assert_true(stray.data_ms - stray.first_ms > 80 * DAY_MS);
	assert_true(stray.promised < s.promised + 1.2);
}

/* Another model from here on: what was promised before stays. */
static void epochs_are_summed(void **state)
{
	struct place *p = *state;
	struct snapshot first, both;

	snprintf(p->db, sizeof p->db, "%.64s/epochs", p->folder);
	write_looks(p->log, N_LOOKS);
	write_model(p, 20);
	first = follow(p);
	write_looks(p->log, N_LOOKS_BACK);
	write_model(p, 200);
	both = follow(p);
	assert_float_equal(both.promised, first.promised + 10 * (N_LOOKS_BACK - N_LOOKS) / 24.,
		1);
}

static void what_is_not_promised_is_not_held_against_it(void **state)
{
	struct place *p = *state;
	struct snapshot s;
	struct model m;
	struct err e = {0};

	snprintf(p->db, sizeof p->db, "%.64s/provisional", p->folder);
	write_looks(p->log, N_LOOKS);
	model_default(&m);
	assert_int_equal(model_save(&m, p->model, &e), 0);
	model_done(&m);
	s = follow(p);
	assert_true(s.n_alerts > 0);
	assert_int_equal(s.n_promised, 0);
	assert_true(s.promised == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stray_row_is_no_time_of_the_log),
		cmocka_unit_test(epochs_are_summed),
		cmocka_unit_test(what_is_not_promised_is_not_held_against_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
