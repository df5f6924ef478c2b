#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/zone.h"
#include "ui/when.h"
#include "ui/words.h"

#define NOW INT64_C(1511618602000)      /* 2017-11-25 14:03:22 UTC */
#define DAY INT64_C(1511568000000)      /* 2017-11-25 00:00 UTC */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

static void understands_the_forms(void **state)
{
	static const struct { const char *text; int64_t want;
	} row[] = {
		{ "10:30", DAY + 10 * HOUR + 30 * MINUTE },
		{ "9:05", DAY + 9 * HOUR + 5 * MINUTE },
		{ "10:30:15", DAY + 10 * HOUR + 30 * MINUTE + 15000 },
		{ "-2h", NOW - 2 * HOUR },
		{ "+30m", NOW + 30 * MINUTE },
		{ " 00:00 ", DAY },
		{ "2017-11-30", DAY + 5 * 24 * HOUR },
		{ "2017-11-30 08:00", DAY + (5 * 24 + 8) * HOUR },
		{ "11-30 08:00", DAY + (5 * 24 + 8) * HOUR },
		{ "11-30", DAY + 5 * 24 * HOUR },
		{ "01-01 00:00", DAY + 37 * 24 * HOUR },        /* of the year to come */
		{ "06-25", DAY - 153 * 24 * HOUR },
		{ "2017-11-30 08:00:01", DAY + (5 * 24 + 8) * HOUR + 1000 },
	};
	struct zone utc;
	int64_t ms;
	size_t i;

	(void)state;
	assert_int_equal(zone_init(&utc, "UTC", NULL), 0);
	for (i = 0; i < sizeof row / sizeof *row; i++) {
		assert_true(when_parse(row[i].text, NOW, &utc, &ms));
		assert_int_equal(ms, row[i].want);
	}
	zone_done(&utc);
}

static void refuses_the_rest(void **state)
{
	static const char *const row[] = { "", " ", "99:99", "24:00", "10:60", "10:", ":30",
		"10:30:", "10:30:60", "10:3x", "-", "-2x", "--2h", "2017-13-01", "13-01", "02-30",
		"11-3", "soon",
		"10:30 10:30" };
	struct zone utc;
	int64_t ms;
	size_t i;

	(void)state;
	assert_int_equal(zone_init(&utc, "UTC", NULL), 0);
	for (i = 0; i < sizeof row / sizeof *row; i++)
		assert_false(when_parse(row[i], NOW, &utc, &ms));
	zone_done(&utc);
}

static void day_is_that_of_the_zone(void **state)
{
	struct zone z;
	int64_t ms;

	(void)state;
	assert_int_equal(zone_init(&z, "+12:00", NULL), 0);
	assert_true(when_parse("01:00", NOW, &z, &ms));         /* there it is the 26th, 02:03 */
	assert_int_equal(ms, DAY + 13 * HOUR);
	zone_done(&z);
}

static void words(void **state)
{
	char buf[WORDS_MAX];

	(void)state;
	assert_string_equal(words_count(0, buf), "0");
	assert_string_equal(words_count(999, buf), "999");
	assert_string_equal(words_count(1000, buf), "1,000");
	assert_string_equal(words_count(100150807, buf), "100,150,807");
	assert_string_equal(words_figure(.548, buf), "0.55");
	assert_string_equal(words_figure(99.4, buf), "99");
	assert_string_equal(words_figure(99.6, buf), "100");
	assert_string_equal(words_figure(-1234.4, buf), "-1,234");
	assert_string_equal(words_figure(1e20, buf), "1e+20");
	assert_string_equal(words_short(.25, buf), "0.25");
	assert_string_equal(words_short(999.4, buf), "999");
	assert_string_equal(words_short(999.5, buf), "1k");
	assert_string_equal(words_short(-12245, buf), "-12.2k");
	assert_string_equal(words_short(1.5e6, buf), "1.5M");
	assert_string_equal(words_count(UINT64_MAX, buf), "18,446,744,073,709,551,615");
	assert_string_equal(words_span(9 * 24 * HOUR, buf), "9d");
	assert_string_equal(words_span(45 * MINUTE, buf), "45 min");
	assert_string_equal(words_span(24 * HOUR, buf), "24h");
	assert_string_equal(words_span(24 * HOUR * 27 / 4, buf), "6.8d");
	assert_string_equal(words_span(999, buf), "999ms");
	assert_string_equal(words_span(-5, buf), "0ms");
	assert_string_equal(words_speed(60, buf), "x60");
	assert_string_equal(words_speed(0, buf), "max");
	assert_string_equal(words_speed(2.5, buf), "x2.5");
	assert_string_equal(words_speed(86400, buf), "x86,400");
	assert_string_equal(words_speed(1e300, buf), "x1,000,000,000,000,000");
}

static void windows(void **state)
{
	(void)state;
	assert_int_equal(words_window_within(0), 30 * MINUTE);
	assert_int_equal(words_window_within(24 * HOUR), 24 * HOUR);
	assert_int_equal(words_window_within(24 * HOUR - 1), 6 * HOUR);
	assert_int_equal(words_window_around(25 * HOUR), 3 * 24 * HOUR);
	assert_int_equal(words_window_around(INT64_MAX), 364 * 24 * HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_the_forms),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(day_is_that_of_the_zone),
		cmocka_unit_test(words),
		cmocka_unit_test(windows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
