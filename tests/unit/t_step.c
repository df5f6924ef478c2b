/* Steps in zones whose clocks change, and the scores of what falls into them. */
#include "series/step.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"

static int64_t at(const char *text)
{
	int64_t ms = 0;

	assert_true(time_parse(text, strlen(text), NULL, &ms));
	return ms;
}

struct start_case {
	const char *zone, *step, *time, *start, *next;
};

static const struct start_case start_cases[] = {
	{ "UTC", "day", "2017-11-25T14:03:22Z", "2017-11-25T00:00:00Z", "2017-11-26T00:00:00Z" },
	{ "UTC", "day", "1969-12-31T23:59:59Z", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z" },
	{ "UTC", "hour", "2017-11-25T14:00:00Z", "2017-11-25T14:00:00Z", "2017-11-25T15:00:00Z" },
	{ "UTC", "week", "2017-11-26T23:59:59Z", "2017-11-20T00:00:00Z", "2017-11-27T00:00:00Z" },
	{ "UTC", "week", "2017-11-27T00:00:00Z", "2017-11-27T00:00:00Z", "2017-12-04T00:00:00Z" },
	{ "UTC", "week", "1960-01-01T12:00:00Z", "1959-12-28T00:00:00Z", "1960-01-04T00:00:00Z" },
	{ "UTC", "15m", "2017-11-25T14:44:59Z", "2017-11-25T14:30:00Z", "2017-11-25T14:45:00Z" },
	{ "+08:00", "day", "2017-11-25T15:59:59Z", "2017-11-24T16:00:00Z", "2017-11-25T16:00:00Z" },
	{ "+05:45", "hour", "2017-11-25T00:10:00Z", "2017-11-24T23:15:00Z",
		"2017-11-25T00:15:00Z" },
	/* Clocks go on at 01:00Z: the day has 23 hours, there is no hour from 2 to 3. */
	{ "Europe/Berlin", "day", "2021-03-28T12:00:00Z", "2021-03-27T23:00:00Z",
		"2021-03-28T22:00:00Z" },
	{ "Europe/Berlin", "hour", "2021-03-28T00:30:00Z", "2021-03-28T00:00:00Z",
		"2021-03-28T01:00:00Z" },
	{ "Europe/Berlin", "hour", "2021-03-28T01:30:00Z", "2021-03-28T01:00:00Z",
		"2021-03-28T02:00:00Z" },
	/* Clocks go back at 01:00Z: the day has 25 hours, the hour from 2 to 3 comes twice. */
	{ "Europe/Berlin", "day", "2021-10-31T22:30:00Z", "2021-10-30T22:00:00Z",
		"2021-10-31T23:00:00Z" },
	{ "Europe/Berlin", "day", "2021-10-30T22:30:00Z", "2021-10-30T22:00:00Z",
		"2021-10-31T23:00:00Z" },
	{ "Europe/Berlin", "hour", "2021-10-31T00:30:00Z", "2021-10-31T00:00:00Z",
		"2021-10-31T01:00:00Z" },
	{ "Europe/Berlin", "15m", "2021-10-31T01:20:00Z", "2021-10-31T01:15:00Z",
		"2021-10-31T01:30:00Z" },
	{ "Europe/Berlin", "week", "2021-10-31T22:59:59Z", "2021-10-24T22:00:00Z",
		"2021-10-31T23:00:00Z" },
	/* Midnight itself is skipped: the day begins at one o'clock. */
	{ "America/Sao_Paulo", "day", "2018-11-04T05:00:00Z", "2018-11-04T03:00:00Z",
		"2018-11-05T02:00:00Z" },
};

static void test_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(start_cases) / sizeof(*start_cases); i++) {
		const struct start_case *c = &start_cases[i];
		struct err e = {0};
		struct zone z;
		struct step s;

		assert_int_equal(zone_init(&z, c->zone, &e), 0);
		assert_int_equal(step_init(&s, c->step, &z, &e), 0);
		assert_int_equal(step_start_ms(&s, at(c->time)), at(c->start));
		assert_int_equal(step_next_ms(&s, at(c->start)), at(c->next));
		zone_done(&z);
	}
}

/* Steps follow each other without a hole or an overlap, through a year with both changes. */
static void test_steps_tile_time(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "America/Sao_Paulo",
		"Australia/Lord_Howe" };
	static const char *const steps[] = { "15m", "30m", "hour", "2h", "6h", "day", "week",
		"10d" };

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		struct err e = {0};
		struct zone z;

		assert_int_equal(zone_init(&z, zones[i], &e), 0);
		for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
			struct step s;
			int64_t t, end = at("2018-12-31T00:00:00Z");

			assert_int_equal(step_init(&s, steps[k], &z, &e), 0);
			for (t = step_start_ms(&s, at("2018-01-01T00:00:00Z")); t < end; ) {
				int64_t next = step_next_ms(&s, t);

				assert_true(next > t);
				assert_int_equal(step_start_ms(&s, t), t);
				assert_int_equal(step_start_ms(&s, t + (next - t) / 2), t);
				assert_int_equal(step_start_ms(&s, next - 1), t);
				t = next;
			}
		}
		zone_done(&z);
	}
}

static void test_bad_steps(void **state)
{
	static const char *const bad[] = { "", "0", "month", "-1h", "15x", "Day" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = {0};
		struct step s;

		assert_int_equal(step_init(&s, bad[i], NULL, &e), -EINVAL);
		assert_non_null(strstr(e.text, "hour, day, week"));
	}
}

static double score_of(
	enum score_kind kind, const enum behaviour *b, size_t n, float price, float quantity)
{
	struct score_sum s = {0};

	for (size_t i = 0; i < n; i++)
		score_add(&s, kind, b[i], price, quantity);
	return score_value(&s, kind);
}

static void test_scores(void **state)
{
	static const enum behaviour all[] = { BEHAVIOUR_VIEW, BEHAVIOUR_VIEW, BEHAVIOUR_VIEW,
		BEHAVIOUR_VIEW, BEHAVIOUR_CART, BEHAVIOUR_FAVOURITE, BEHAVIOUR_BUY, BEHAVIOUR_OTHER,
		BEHAVIOUR_RETURN };
	static const enum behaviour buys[] = { BEHAVIOUR_BUY, BEHAVIOUR_BUY, BEHAVIOUR_RETURN };

	(void)state;
	assert_float_equal(score_of(SCORE_INTEREST, all, 9, NAN, NAN), 4 + 3 + 2 + 5, 0);
	assert_float_equal(score_of(SCORE_COUNT, all, 9, NAN, NAN), 8, 0);
	assert_float_equal(score_of(SCORE_CTR, all, 9, NAN, NAN), .5, 0);
	assert_float_equal(score_of(SCORE_CONVERSION, all, 9, NAN, NAN), .25, 0);
	assert_float_equal(score_of(SCORE_CTR, buys, 3, NAN, NAN), 0, 0);
	assert_float_equal(score_of(SCORE_AMOUNT, buys, 2, 2.5f, 3), 15, 0);
	assert_float_equal(score_of(SCORE_AMOUNT, buys, 3, 2.5f, NAN), 2.5, 0);
	assert_float_equal(score_of(SCORE_AMOUNT, buys + 2, 1, 2.5f, -4), -10, 0);
	assert_float_equal(score_of(SCORE_AMOUNT, all, 6, 9, 1), 0, 0);
	assert_float_equal(score_of(SCORE_AMOUNT, buys, 3, NAN, 2), 0, 0);
}

static void test_score_words(void **state)
{
	(void)state;
	for (int i = 0; i < SCORE_N; i++) {
		enum score_kind kind;

		assert_true(score_parse(score_name[i], &kind));
		assert_int_equal(kind, i);
	}
	assert_false(score_parse("inter", &(enum score_kind){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_steps_tile_time),
		cmocka_unit_test(test_bad_steps),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_score_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
