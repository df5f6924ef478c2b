/* What channel volume says of planted changes: which way, since when, how often. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"
#include "detect/formula.h"
#include "detect/volume.h"
#include "series/step.h"
#include "visits.h"

static struct zone utc;
static struct step day;

static int make_step(void **state)
{
	struct err e;
	(void)state;
	return zone_init(&utc, "UTC", &e) < 0 || step_init(&day, "day", &utc, &e) < 0;
}

static int drop_step(void **state)
{
	(void)state;
	zone_done(&utc);
	return 0;
}

/* Evenly, at `per_day`, from a day to a day; a little off the hour. */
static void even(struct visits *v, uint32_t from, uint32_t to, double per_day)
{
	for (double t = from + .3 / per_day; t < to; t += 1 / per_day)
		v->ms[v->n++] = MONDAY + (int64_t)(t * (double)DAY);
}

static struct alarms found_in(const struct visits *v, uint32_t end, float threshold)
{
	struct volume_model m;
	struct volume_rule r;
	struct alarms ret;
	volume_model_default(&m);
	m.pledge.threshold = threshold;
	volume_rule_init(&r, &m, &day);
	run_visits(&ret, &r, v, 0, MONDAY + end * DAY);
	return ret;
}

static double days_after(int64_t ms, uint32_t days)
{
	return (double)(ms - MONDAY - days * DAY) / (double)DAY;
}

static void a_surge_has_its_first_session_as_onset(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 1);
	uint32_t first = v.n;
	even(&v, 60, 80, 5);
	struct alarms a = found_in(&v, 80, 10);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.a[0].direction, DIRECTION_SURGE);
	assert_int_equal(a.a[0].onset_ms, v.ms[first]);
	bool at_session = false;
	for (uint32_t i = 0; i < v.n; i++)
		at_session |= v.ms[i] == a.a[0].time_ms;
	assert_true(at_session);
	assert_true(days_after(a.a[0].time_ms, 60) < 4);
	assert_true(a.a[0].rate_after > 3.5 && fabs(a.a[0].rate_before - 1) < .15);
	float score = formula_poisson((float)a.a[0].sessions, (float)a.a[0].expected);
	assert_true(fabsf(score - a.a[0].score) < 1e-3f);
}

static void a_fade_is_found_at_the_close_of_a_step(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 2);
	even(&v, 60, 120, .25);
	struct alarms a = found_in(&v, 120, 10);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.a[0].direction, DIRECTION_FADE);
	assert_int_equal(a.a[0].onset_ms, MONDAY + 60 * DAY);
	assert_int_equal((a.a[0].time_ms - MONDAY) % DAY, 0);
	assert_true(days_after(a.a[0].time_ms, 60) < 15);
	assert_true(a.a[0].rate_after < .5 && fabs(a.a[0].rate_before - 2) < .3);
}

static void a_silence_is_raised_once(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 2);
	struct alarms a = found_in(&v, 60 + 3650, 10);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.a[0].direction, DIRECTION_SILENCE);
	assert_int_equal(a.a[0].onset_ms, MONDAY + 60 * DAY);
	assert_int_equal(a.a[0].sessions, 0);
	/* Two a day are not quite expected: six days to ten. */
	assert_int_equal(a.a[0].time_ms, MONDAY + 66 * DAY);
	assert_true(a.a[0].rate_after == 0);
}

static void the_return_after_a_silence_is_no_surge_and_can_end_again(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 2);
	even(&v, 160, 220, 2);
	struct alarms a = found_in(&v, 300, 10);
	assert_int_equal(a.n, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(a.a[i].direction, DIRECTION_SILENCE);
	assert_int_equal(a.a[1].onset_ms, MONDAY + 220 * DAY);
}

static void a_second_change_is_found_after_the_first(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 1);
	even(&v, 60, 120, 5);
	even(&v, 120, 180, 1);
	struct alarms a = found_in(&v, 180, 12);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.a[0].direction, DIRECTION_SURGE);
	assert_int_equal(a.a[1].direction, DIRECTION_FADE);
	assert_int_equal(a.a[1].onset_ms, MONDAY + 120 * DAY);
	assert_true(fabs(a.a[1].rate_before - 5) < .7);
}

static void nobody_is_at_risk_before_the_warm_up(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 9, 1);
	assert_int_equal(v.n, 9);
	assert_int_equal(found_in(&v, 3000, 3).n, 0);
	v.n = 0;
	even(&v, 0, 10, 1);
	assert_int_equal(found_in(&v, 3000, 3).n, 1);
}

/* Eight sessions, or twelve, between two silences: only the twelve are history enough. */
static void after_an_alarm_the_user_is_learnt_anew(void **state)
{
	struct visits v = {0};
	(void)state;
	even(&v, 0, 60, 2);
	even(&v, 160, 164, 2);
	assert_int_equal(found_in(&v, 300, 10).n, 1);
	even(&v, 164, 166, 2);
	assert_int_equal(found_in(&v, 300, 10).n, 2);
}

static void the_week_is_expected(void **state)
{
	struct visits v = {0};
	struct volume_model m;
	struct volume_rule r;
	struct alarms a;
	(void)state;
	/* Twelve on each Saturday: a surge a week to who knows no week. */
	for (uint32_t week = 0; week < 30; week++)
		for (uint32_t k = 0; k < 12; k++)
			v.ms[v.n++] = MONDAY + (week * 7 + 5) * DAY + k * HOUR_MS;
	assert_true(found_in(&v, 210, 10).n > 0);
	volume_model_default(&m);
	m.pledge.threshold = 10;
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		m.hour_of_week[h] = h / 24 == 5 ? 6.5f : .0833f;
	volume_rule_init(&r, &m, &day);
	run_visits(&a, &r, &v, 0, MONDAY + 210 * DAY);
	assert_int_equal(a.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_surge_has_its_first_session_as_onset),
		cmocka_unit_test(a_fade_is_found_at_the_close_of_a_step),
		cmocka_unit_test(a_silence_is_raised_once),
		cmocka_unit_test(the_return_after_a_silence_is_no_surge_and_can_end_again),
		cmocka_unit_test(a_second_change_is_found_after_the_first),
		cmocka_unit_test(nobody_is_at_risk_before_the_warm_up),
		cmocka_unit_test(after_an_alarm_the_user_is_learnt_anew),
		cmocka_unit_test(the_week_is_expected),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_step, drop_step);
}
