/* split: where blocks may be cut. tests/fuzz/fuzz_csv.c compares it with libcsv on any bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/split.h"

#define SMALL 16u               /* row_max in the tests that say so */

/* The whole rows of data, with | standing for where they must end. */
static void must_cut(const char *marked, char delim)
{
	char data[256];
	size_t len = 0, end = 0;
	struct split s;

	for (const char *p = marked; *p; p++) {
		if (*p == '|')
			end = len;
		else
			data[len++] = *p;
	}
	split_init(&s, delim);
	if (split_scan(&s, data, 0, len) != end)
		fail_msg("not cut at the mark of %s", marked);
	/* Byte by byte it comes to the same. */
	size_t got = 0;
	split_init(&s, delim);
	for (size_t i = 0; i < len; i++) {
		size_t cut = split_scan(&s, data, i, i + 1);
		got = cut ? cut : got;
	}
	if (got != end)
		fail_msg("byte by byte not cut at the mark of %s", marked);
}

static void rows_end_outside_quotes(void **state)
{
	(void)state;
	must_cut("a,b\nc,d\n|e", ',');
	must_cut("a,b\n|c,d", ',');
	must_cut("a,b\n|\"c\nd", ',');
	must_cut("a,\"b\nc\"\n|d", ',');
	must_cut("a\"b\n|c", ',');
	must_cut("a,b\" \"\n|c", ',');
	must_cut("a, \t\"b\n\"\n|c", ',');
	must_cut("a,\"b\"\"\n\"\n|c", ',');
	must_cut("a,\"b\" x\n\"\n|c", ',');
	must_cut("a,\"b\" \"\n|c\n|", ',');
	must_cut("a,\"b\"\t\n|\"", ',');
	must_cut("a;\"b;\n\";c\n|d,\"\n|", ';');
	must_cut("a\t\"\n\"\n|\t\"\n", '\t');
	must_cut("a\tb\t \"\n\" \n|", '\t');
	must_cut("a\r\nb\r\n|c", ',');
	must_cut("a\rb\r|c", ',');
	must_cut("a\r|b\r", ',');        /* what follows the last may be its LF */
	must_cut("\xef\xbb\xbf\"a\n\"\n|b", ',');
	must_cut("\n \n\r\n", ',');     /* empty lines wait for a first row */
	must_cut("\n \n\r\nx\n|", ',');
}

static void takes_up_where_it_stopped(void **state)
{
	static const char data[] = "a,\"b\nc\",d\ne,\"\"\"\nf\"\ng";
	struct split s;

	(void)state;
	for (size_t part = 1; part < sizeof(data); part++) {
		char buf[sizeof(data)];
		size_t len = 0, at = 0, ends = 0;
		split_init(&s, ',');
		for (size_t i = 0; i < sizeof(data) - 1; i += part) {
			size_t n = sizeof(data) - 1 - i < part ? sizeof(data) - 1 - i : part;
			memcpy(buf + len, data + i, n);
			size_t cut = split_scan(&s, buf, len, len + n);
			len += n;
			memmove(buf, buf + cut, len - cut);
			len -= cut;
			at += cut;
			ends = cut ? at : ends;
		}
		assert_int_equal(ends, sizeof(data) - 2);
	}
}

struct expected {
	enum reject why;
	const char *line;
};

static void must_find(const char *data, const struct expected *want, size_t n_want)
{
	struct split s;
	struct split_bad bad;
	size_t at = 0, n = 0, len = strlen(data);

	split_init(&s, ',');
	s.row_max = SMALL;
	for (; split_find_bad(&s, data, &at, len, &bad); n++) {
		if (n == n_want)
			fail_msg("a bad line too many in %s", data);
		assert_int_equal(bad.why, want[n].why);
		assert_int_equal(bad.end - bad.start, strlen(want[n].line));
		assert_memory_equal(data + bad.start, want[n].line, bad.end - bad.start);
		assert_int_equal(at, bad.end);
	}
	assert_int_equal(n, n_want);
	assert_int_equal(at, len);
}

static void bad_lines_are_found(void **state)
{
	static const struct expected open[] = {{REJECT_QUOTE, "2,\"x\n"}};
	static const struct expected at_end[] = {{REJECT_QUOTE, "\"x"}};
	static const struct expected twice[] = {
		{REJECT_QUOTE, "\"a\r\n"}, {REJECT_QUOTE, "\"b\r\n"}};
	static const struct expected longer[] = {{REJECT_LONG, "aaaaaaaaaaaaaaaaaaaa\n"}};
	static const struct expected quoted[] = {{REJECT_LONG, "\"aaaaaaaaaaaaaaaaaaaa\"\n"}};

	(void)state;
	must_find("1,\"x\ny\"\n2,y\n", NULL, 0);
	must_find("1,x\n2,\"x\n3,x\n4,x\n5,x\n6,x\n", open, 1);
	must_find("1,x\n\"x", at_end, 1);
	must_find("\"a\r\n\"b\r\n3,x\r\n4,x\r\n5,x\r\n", twice, 2);
	must_find("1,x\naaaaaaaaaaaaaaaaaaaa\n2,x\n", longer, 1);
	must_find("\"aaaaaaaaaaaaaaaaaaaa\"\n2,x\n", quoted, 1);
	must_find("aaaaaaaaaaaaaaa\naaaaaaaaaaaaaaa\n", NULL, 0);
}

static void a_line_without_end_is_passed_over(void **state)
{
	char *data = malloc(4 * (size_t)ROW_MAX);
	size_t half = 2 * (size_t)ROW_MAX;
	struct split s;

	(void)state;
	memset(data, 'x', 4 * (size_t)ROW_MAX);
	memcpy(data, "1,2\n", 4);
	memcpy(data + half + 10, "\n3,4\n", 5);
	split_init(&s, ',');
	assert_int_equal(split_scan(&s, data, 0, half), half);
	assert_true(s.bad);
	assert_int_equal(s.state, SPLIT_REST);
	s.bad = false;
	assert_int_equal(split_scan(&s, data + half, 0, 20), 15);
	assert_false(s.bad);
	assert_int_equal(s.state, SPLIT_PLAIN);
	free(data);
}

/* Each line opens a quote that the next does not close. Were the row read anew for each of them,
 * this would go through a hundred gigabytes.
 */
static void quotes_that_never_close_take_linear_time(void **state)
{
	enum { LINES = 500000 };
	char *data = malloc(4 * (size_t)LINES);
	struct split s;
	struct split_bad bad;
	size_t at = 0, n = 0;

	(void)state;
	for (size_t i = 0; i < LINES; i++)
		memcpy(data + 4 * i, i % 2 ? "\"a,\n" : "\"b \n", 4);
	split_init(&s, ',');
	while (split_find_bad(&s, data, &at, 4 * (size_t)LINES, &bad))
		n++;
	assert_int_equal(n, LINES);
	split_init(&s, ',');
	size_t cut = split_scan(&s, data, 0, 4 * (size_t)LINES);
	assert_true(s.bad);
	assert_true(cut % 4 == 0 && 4 * (size_t)LINES - cut <= ROW_MAX);
	free(data);
}

static void rows_and_lines(void **state)
{
	static const char data[] = "a,\"b\nc\"\r\n\n \t\nd\re";

	(void)state;
	assert_int_equal(split_row(',', data, 0, sizeof(data) - 1), 9);
	assert_int_equal(split_row(',', data, 9, sizeof(data) - 1), 10);
	assert_int_equal(split_row(',', data, 10, sizeof(data) - 1), 13);
	assert_int_equal(split_row(',', data, 13, sizeof(data) - 1), 15);
	assert_int_equal(split_row(',', data, 15, sizeof(data) - 1), 16);
	assert_true(split_is_empty(',', data + 10, 3));
	assert_false(split_is_empty('\t', data + 10, 3));
	assert_false(split_is_empty(',', data + 13, 2));
	assert_int_equal(split_line(data, 0, sizeof(data) - 1), 5);
	assert_int_equal(split_line(data, 5, sizeof(data) - 1), 9);
	assert_int_equal(split_line(data, 13, sizeof(data) - 1), 15);
	assert_int_equal(split_count_lines(data, sizeof(data) - 1), 5);
	assert_int_equal(split_count_lines(NULL, 0), 0);
	char many[1000];
	memset(many, '\n', sizeof(many));
	for (size_t len = 0; len <= sizeof(many); len += 37)
		assert_int_equal(split_count_lines(many, len), len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_end_outside_quotes),
		cmocka_unit_test(takes_up_where_it_stopped),
		cmocka_unit_test(bad_lines_are_found),
		cmocka_unit_test(a_line_without_end_is_passed_over),
		cmocka_unit_test(quotes_that_never_close_take_linear_time),
		cmocka_unit_test(rows_and_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
