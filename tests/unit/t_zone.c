#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "base/zonefile.h"

#define SHANGHAI "+08:00"

static const struct reading {
	const char *text;
	int64_t ms;             /* in UTC */
} readings[] = {
	{"0", 0},
	{"1511544070", 1511544070000},
	{"+1511544070", 1511544070000},
	{"-2134949234", -2134949234000},
	{"99999999999", 99999999999000},
	{"100000000000", 100000000000},
	{"1433221332117", 1433221332117},
	{"-62135596800000", TIME_FIRST_MS},
	{"253402300799999", TIME_LAST_MS},
	{"1412575869.5", 1412575869500},
	{"1412575869.123456789", 1412575869123},
	{"-1.25", -1250},
	{"-0.001", -1},
	{"1404866280000.0", 1404866280000},
	{"0000000007", 7000},
	{"2019-10-01 00:00:00 UTC", 1569888000000},
	{"2019-10-01 UTC", 1569888000000},
	{"2014-12-06 02", 1417831200000},
	{"2014-12-06T02:30", 1417833000000},
	{"2016-05-09", 1462752000000},
	{"2014-04-07T10:51:09.277Z", 1396867869277},
	{"2014-04-07T10:51:09.277999999Z", 1396867869277},
	{"2014-04-07T10:51:09.2Z", 1396867869200},
	{"2014-04-07 10:51:09+08:00", 1396839069000},
	{"2014-04-07 10:51:09+0800", 1396839069000},
	{"2014-04-07 10:51:09+08", 1396839069000},
	{"2014-04-07T10:51-03:30", 1396880460000},
	{"2000-02-29", 951782400000},
	{"1969-12-31 23:59:59.999", -1},
	{"0001-01-01", TIME_FIRST_MS},
	{"9999-12-31T23:59:59.999Z", TIME_LAST_MS},
};

static const char *const nonsense[] = {
	"", "-", "+", ".", "x", " 1", "1 ", "1.", ".5", "1.x", "--1", "+-1", "1e9", "12a", "0x10",
	"1.1234567890", "253402300800000", "-62135596800001", "99999999999999999",
	"9223372036854775807", "18446744073709551616", "99999999999999999999999999",
	"2014-13-01", "2014-00-01", "2014-02-31", "2014-04-31", "2014-01-00", "2014-01-32",
	"1900-02-29", "2015-02-29", "0000-01-01", "2014-1-01", "2014-01-1", "2014-01", "2014-01-",
	"2014-01-01T", "2014-01-01 ", "2014-01-01 1", "2014-01-01 24", "2014-01-01 25:00",
	"2014-01-01 24:00:00", "2014-01-01 10:60", "2014-01-01 10:10:60", "2014-01-01 10:",
	"2014-01-01 10:10:", "2014-01-01 10:10:10.", "2014-01-01 10:10:10.1234567890",
	"2014-01-01T10:10:10z", "2014-01-01T10:10:10ZZ", "2014-01-01 10:10:10 GMT",
	"2014-01-01 10:10:10UTC", "2014-01-01 10:10:10 UTC ", "2014-01-01 10:10:10+8",
	"2014-01-01 10:10:10+24", "2014-01-01 10:10:10+08:60", "2014-01-01 10:10:10+08:",
	"2014-01-01 10:10:10+08:000", "2014/01/01", "20-01-2014", "2014-01-01 -1:00",
	"0001-01-01+01:00", "9999-12-31T23:59:59.999-00:01",
};

static void times_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		int64_t ms = -7;
		assert_true(time_parse(readings[i].text, strlen(readings[i].text), NULL, &ms));
		assert_int_equal(ms, readings[i].ms);
	}
}

/* Each text, and each beginning of a good one with a strange byte, in a block of its own size. */
static void nonsense_is_refused(void **state)
{
	int64_t ms = -7;

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		size_t len = strlen(nonsense[i]);
		char *exact = malloc(len ? len : 1);
		memcpy(exact, nonsense[i], len);
		if (time_parse(exact, len, NULL, &ms))
			fail_msg("\"%s\" was read", nonsense[i]);
		free(exact);
	}
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		size_t len = strlen(readings[i].text);
		char bad[64];
		for (size_t at = 0; at <= len; at++) {
			strcpy(bad, readings[i].text);
			bad[at] = '\x7f';
			assert_false(time_parse(bad, at + 1, NULL, &ms));
			assert_false(time_parse(bad, at < len ? len : len + 1, NULL, &ms));
		}
	}
	assert_int_equal(ms, -7);
}

/* Numbers of 1 to 16 digits, signed or not, against the C library. */
static void numbers_are_read_like_strtoll(void **state)
{
	uint64_t v = 88172645463325252;
	char s[32];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		v ^= v << 13;
		v ^= v >> 7;
		v ^= v << 17;
		int minus = (int)(v & 1), digits = (int)(v >> 1 & 15) + 1;
		uint64_t below = 1;
		for (int d = 0; d < digits; d++)
			below *= 10;
		int n = snprintf(s, sizeof(s), "%s%0*llu", minus ? "-" : "", digits,
			(unsigned long long)((v >> 8) % below));
		int64_t ms, want = strtoll(s, NULL, 10) * (digits <= 11 ? 1000 : 1);
		bool ok = time_parse(s, (size_t)n, NULL, &ms);
		assert_true(ok == (want >= TIME_FIRST_MS && want <= TIME_LAST_MS));
		assert_true(!ok || ms == want);
	}
}

/* Every day from year 1 to 9999 there and back, against counting. */
static void days_count_up(void **state)
{
	int32_t days = (int32_t)(TIME_FIRST_MS / DAY_MS);
	char buf[ZONE_TEXT_MAX], want[ZONE_TEXT_MAX];

	(void)state;
	for (int32_t y = 1; y <= 9999; y++)
		for (int32_t m = 1; m <= 12; m++) {
			int32_t last = m == 2 ? y % 4 || (y % 100 == 0 && y % 400) ? 28 : 29
				: m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
			assert_int_equal(month_days(y, m), last);
			for (int32_t d = 1; d <= last; d++, days++) {
				struct date date = date_of_days(days);
				assert_int_equal(date_to_days(y, m, d), days);
				assert_true(date.year == y && date.month == m && date.day == d);
			}
			snprintf(want, sizeof(want), "%04d-%02d-%02dT23:59:59.999Z", y, m, last);
			assert_string_equal(time_iso(days * DAY_MS - 1, buf), want);
		}
	assert_int_equal(days, TIME_LAST_MS / DAY_MS + 1);
	assert_int_equal(weekday(0), 4);
	assert_int_equal(weekday(-1), 3);
	assert_string_equal(time_iso(INT64_MIN, buf), "0001-01-01T00:00:00.000Z");
	assert_string_equal(time_iso(INT64_MAX, buf), "9999-12-31T23:59:59.999Z");
}

static void fixed_zones(void **state)
{
	static const struct {
		const char *name;
		int32_t offset_s;
	} fixed[] = {
		{NULL, 0}, {"", 0}, {"UTC", 0}, {"Z", 0}, {"+08:00", 28800}, {"+0800", 28800},
		{"+08", 28800}, {"-03:30", -12600}, {"+00:00", 0},
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct zone z;
		assert_int_equal(zone_init(&z, fixed[i].name, NULL), 0);
		assert_int_equal(zone_offset_s(&z, 1511544070000), fixed[i].offset_s);
		assert_int_equal(zone_to_utc_ms(&z, 0), -1000 * (int64_t)fixed[i].offset_s);
		zone_done(&z);
	}
	struct zone z;
	zone_init(&z, SHANGHAI, NULL);
	assert_true(time_parse("2014-12-06 02", 13, &z, &ms));
	assert_int_equal(ms, 1417802400000);
	assert_true(time_parse("2014-12-06 02 UTC", 17, &z, &ms));
	assert_int_equal(ms, 1417831200000);
	assert_true(time_parse("1417831200", 10, &z, &ms));
	assert_int_equal(ms, 1417831200000);
	zone_done(&z);
}

static void unknown_zones_are_named(void **state)
{
	static const char *const names[] = {
		"Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "+8", "+25:00",
		"+08:00x",
		"Asia/Shang hai", "zone.tab",
		"A/very/long/name/that/goes/on/and/on/and/on/and/on/and/on/to/0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = {0};
		struct zone z;
		assert_int_equal(zone_init(&z, names[i], &e), -22);
		assert_int_equal(e.code, -22);
		assert_non_null(strstr(e.text, names[i]));
		zone_done(&z);
	}
}

static void no_memory_is_an_error(void **state)
{
	size_t before = mem_used();

	(void)state;
	if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK))
		skip();
	for (uint64_t n = 1; n <= 2; n++) {
		struct err e = {0};
		struct zone z;
		mem_fail_after(n);
		assert_int_equal(zone_init(&z, "Europe/Berlin", &e), -12);
		zone_done(&z);
	}
	assert_int_equal(mem_used(), before);
}

static const char *const zones[] = {
	"Asia/Shanghai", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo",
	"Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia",
	"Africa/Casablanca",
	"Asia/Gaza", "Asia/Tehran", "Pacific/Chatham", "America/Nuuk", "Etc/GMT+5",
	"Africa/Monrovia",
};

/* Against the C library, and beyond its table by the rule that dates repeat after 400 years. */
static void offsets_are_those_of_the_c_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct err e;
		struct zone z;
		if (zone_init(&z, zones[i], &e))
			skip();
		setenv("TZ", zones[i], 1);
		tzset();
		for (int64_t s = -4000000000; s < 20000000000; s += 1234567) {
			time_t t = (time_t)s;
			struct tm tm;
			localtime_r(&t, &tm);
			if (zone_offset_s(&z, s * 1000 + 999) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)s,
					zone_offset_s(&z, s * 1000), tm.tm_gmtoff);
			if (s > 5000000000)
				assert_int_equal(zone_offset_s(&z, s * 1000 + ERA_DAYS * DAY_MS),
					tm.tm_gmtoff);
		}
		zone_done(&z);
	}
}

/* Local to UTC by trying each quarter of an hour: of the times that show it the first; in a gap,
 * the offset that held a day before.
 */
static int64_t slow_to_utc_ms(const struct zone *z, int64_t local_ms)
{
	for (int64_t offset_s = 26 * 3600; offset_s >= -26 * 3600; offset_s -= 900) {
		int64_t utc_ms = local_ms - offset_s * 1000;
		if (zone_offset_s(z, utc_ms) == offset_s)
			return utc_ms;
	}
	return local_ms - 1000 * (int64_t)zone_offset_s(z, local_ms - DAY_MS - 12 * 3600000);
}

static void local_times_come_back(void **state)
{
	static const char *const whole[] = {
		"Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct zone z;
		if (zone_init(&z, whole[i], NULL))
			skip();
		for (int64_t s = 946684800; s < 1577836800; s += 900)
			if (zone_to_utc_ms(&z, s * 1000 + 1) != slow_to_utc_ms(&z, s * 1000 + 1))
				fail_msg("%s at local %lld", whole[i], (long long)s);
		zone_done(&z);
	}
}

static void gaps_and_folds(void **state)
{
	struct zone z;
	int64_t ms;

	(void)state;
	if (zone_init(&z, "America/New_York", NULL))
		skip();
	assert_true(time_parse("2019-03-10 02:30:00", 19, &z, &ms));    /* gap: as EST */
	assert_int_equal(ms, 1552203000000);
	assert_true(time_parse("2019-11-03 01:30:00", 19, &z, &ms));    /* fold: still EDT */
	assert_int_equal(ms, 1572759000000);
	assert_true(time_parse("2019-11-03 02:00:00", 19, &z, &ms));
	assert_int_equal(ms, 1572764400000);
	zone_done(&z);
}

/* A zone file of version 2 with no turns but those of its tail. */
static size_t tail_file(uint8_t *to, const char *tail)
{
	size_t n = 0;

	for (int block = 0; block < 2; block++) {
		memset(to + n, 0, 44);
		memcpy(to + n, "TZif2", 5);
		to[n + 39] = 1;         /* types */
		to[n + 43] = 4;         /* characters */
		n += 44;
		memcpy(to + n, "\0\0\0\0\0\0UTC", 10);
		n += 10;
	}
	return n + (size_t)sprintf((char *)to + n, "\n%s\n", tail);
}

static void tails_are_read(void **state)
{
	static const struct {
		const char *tail;
		int32_t january_s, july_s;
	} good[] = {
		{"EST5EDT,M3.2.0,M11.1.0", -18000, -14400},
		{"NZST-12NZDT,M9.5.0,M4.1.0/3", 46800, 43200},
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10800, -7200},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600},
		{"AAA-1BBB,J60,J300/26", 3600, 7200},
		{"AAA-1BBB-1:30,59,299", 3600, 5400},
	};
	static const char *const bad[] = {
		"X", "EST", "EST5EDT", "EST5EDT,M3", "EST5EDT,M13.1.0,M1.1.0",
		"EST5EDT,M3.2.0,M11.1.0x", "EST26", "EST5EDT-26,M3.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "<-03", "EST5EDT,X1,X2", "EST200", "EST5:99",
	};
	struct zone_rules *r;
	uint8_t file[200];
	int32_t offset_s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = tail_file(file, good[i].tail);
		assert_int_equal(zone_rules_parse(file, n, &r, &offset_s), 0);
		for (int32_t year = 2; year < 9999; year += 13) {
			int64_t s = (int64_t)date_to_days(year, 1, 15) * DAY_S;
			assert_int_equal(zone_rules_offset_s(r, s, false), good[i].january_s);
			s = (int64_t)date_to_days(year, 7, 15) * DAY_S;
			assert_int_equal(zone_rules_offset_s(r, s, true), good[i].july_s);
		}
		zone_rules_free(r);
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(zone_rules_parse(file, cut, &r, &offset_s), -22);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(zone_rules_parse(file, tail_file(file, bad[i]), &r, &offset_s),
			-22);
	assert_int_equal(zone_rules_parse(file, tail_file(file, "UTC0"), &r, &offset_s), 0);
	assert_true(!r && !offset_s);
}

static void times_are_shown(void **state)
{
	struct zone z;
	char buf[64];

	(void)state;
	zone_init(&z, SHANGHAI, NULL);
	assert_string_equal(time_show(1511544070000, &z, "%a %d %b %Y %H:%M:%S %m%% %q%", buf, 64),
		"Sat 25 Nov 2017 01:21:10 11% %q%");
	assert_string_equal(time_show(1511544070000, &z, "%Y-%m", buf, 7), "2017-");
	assert_string_equal(time_show(1511544070000, &z, "%Y-%m", buf, 8), "2017-11");
	assert_string_equal(time_show(1511544070000, &z, "%Y", buf, 1), "");
	zone_done(&z);
}

static void spans_and_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t span_ms, bytes;         /* -1: refused */
	} measures[] = {
		{"90", 90000, 90}, {"90s", 90000, -1}, {"30m", 1800000, 30 << 20},
		{"2h", 7200000, -1},
		{"7d", 604800000, -1}, {"1w", 604800000, -1}, {"250ms", 250, -1}, {"0", 0, 0},
		{"64M", -1, 64 << 20}, {"512k", -1, 512 << 10}, {"2G", -1, INT64_C(2) << 30},
		{"3T", -1, INT64_C(3) << 40}, {"", -1, -1}, {"s", -1, -1}, {"-1", -1, -1},
		{"1 s", -1, -1}, {" 1", -1, -1}, {"1.5h", -1, -1}, {"1sm", -1, -1}, {"1MB", -1, -1},
		{"9223372036854775807", -1, INT64_MAX}, {"9223372036854775808", -1, -1},
		{"9223372036854775807ms", INT64_MAX, -1}, {"9223372036854775807w", -1, -1},
		{"99999999999999999999", -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		int64_t span_ms = -1;
		size_t bytes = (size_t)-1;
		assert_true(span_parse(measures[i].text, &span_ms) == (measures[i].span_ms >= 0));
		assert_int_equal(span_ms, measures[i].span_ms);
		assert_true(size_parse(measures[i].text, &bytes) == (measures[i].bytes >= 0));
		assert_int_equal((int64_t)bytes, measures[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(numbers_are_read_like_strtoll),
		cmocka_unit_test(days_count_up),
		cmocka_unit_test(fixed_zones),
		cmocka_unit_test(unknown_zones_are_named),
		cmocka_unit_test(no_memory_is_an_error),
		cmocka_unit_test(offsets_are_those_of_the_c_library),
		cmocka_unit_test(local_times_come_back),
		cmocka_unit_test(gaps_and_folds),
		cmocka_unit_test(tails_are_read),
		cmocka_unit_test(times_are_shown),
		cmocka_unit_test(spans_and_sizes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
