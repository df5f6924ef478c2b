#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/text.h"

#define RANDOM_TEXTS 20000
#define RANDOM_MAX 24

/* A literal and its length, for texts with NULs. */
#define BYTES(s) (s), sizeof(s) - 1

static const struct scrub {
	const char *in;
	size_t len;
	const char *out;
} scrubs[] = {
	{BYTES(""), ""},
	{BYTES("plain, text"), "plain, text"},
	{BYTES("\x1b]0;t\x07"), "\\x1b]0;t\\x07"},
	{BYTES("a\0b\tc\r\n"), "a\\x00b\\x09c\\x0d\\x0a"},
	{BYTES("\x7f"), "\\x7f"},
	{BYTES("\xc2\x80\xc2\x9f\xc2\xa0"), "\\u0080\\u009f\xc2\xa0"},
	{BYTES("\x9b" "31m"), "\\x9b31m"},
	{BYTES("\xe2\x80\xae\xe2\x80\xaa\xe2\x80\xa9"), "\\u202e\\u202a\\u2029"},
	{BYTES("\xe2\x80\xa8\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "\\u2028\\u200e\\u200f\\u061c"},
	{BYTES("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"),
		"\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa"},
	{BYTES("\xe5\xb0\x8f\xe6\x9e\x97"), "\xe5\xb0\x8f\xe6\x9e\x97"},
	{BYTES("\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"), "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
	{BYTES("\xc0\x80"), "\\xc0\\x80"},                      /* overlong */
	{BYTES("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf"},
	{BYTES("\xf0\x8f\xbf\xbf"), "\\xf0\\x8f\\xbf\\xbf"},
	{BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80"},             /* surrogate */
	{BYTES("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},    /* beyond U+10FFFF */
	{BYTES("\xe6\x97"), "\\xe6\\x97"},                      /* cut */
	{BYTES("caf\xe9 ol\xe9"), "caf\\xe9 ol\\xe9"},          /* Latin-1 */
};

static void scrub_shows_what_acts(void **state)
{
	char out[128];

	(void)state;
	for (size_t i = 0; i < sizeof(scrubs) / sizeof(scrubs[0]); i++) {
		size_t n = text_scrub(out, sizeof(out), scrubs[i].in, scrubs[i].len);
		assert_string_equal(out, scrubs[i].out);
		assert_int_equal(n, strlen(out));
	}
}

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Bytes that meet the bounds of UTF-8 often. */
static size_t random_text(unsigned *seed, char *to)
{
	static const char some[] = "a \",\\\r\n\x1b\x7f\x80\x8e\x9b\xa8\xae\xbf\xc2\xd8\x9c"
		"\xe2\x81\x80\xcc\x81\xe5\xb0\x8f\xf0\x9f\x98\xed\xf4\xff";
	size_t n = random_next(seed) % RANDOM_MAX;

	for (size_t i = 0; i < n; i++)
		to[i] = random_next(seed) % 3 ? some[random_next(seed) % sizeof(some)]
			: (char)random_next(seed);
	return n;
}

/* Scrubbed text is UTF-8 that the C library can read, has nothing to scrub, and any cap cuts it at
 * a whole character or escape.
 */
static void scrub_is_final_and_cuts_whole(void **state)
{
	char in[RANDOM_MAX], out[8 * RANDOM_MAX], again[8 * RANDOM_MAX], cut[8 * RANDOM_MAX];
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < RANDOM_TEXTS; i++) {
		size_t len = random_text(&seed, in), n = text_scrub(out, sizeof(out), in, len);
		assert_int_equal(text_scrub(again, sizeof(again), out, n), n);
		assert_memory_equal(again, out, n + 1);
		assert_true(mbstowcs(NULL, out, 0) != (size_t)-1);
		for (size_t at = 0; at < n; at++)
			assert_true((unsigned char)out[at] >= ' ' && out[at] != 0x7f);
		size_t cap = random_next(&seed) % (n + 2);
		size_t m = text_scrub(cut, cap, in, len);
		assert_true(!cap || (m < cap && cut[m] == '\0' && !memcmp(cut, out, m)));
		assert_true(!cap || m == n || m + 6 >= cap);
		assert_true(mbstowcs(NULL, cap ? cut : "", 0) != (size_t)-1);
	}
}

static void width_is_that_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(text_width(BYTES("")), 0);
	assert_int_equal(text_width(BYTES("abc")), 3);
	assert_int_equal(text_width(BYTES("\xe5\xb0\x8f\xe6\x9e\x97")), 4);
	assert_int_equal(text_width(BYTES("e\xcc\x81")), 1);
	assert_int_equal(text_width(BYTES("\xf0\x9f\x98\x80")), 2);
	assert_int_equal(text_width(BYTES("\xef\xbd\xb1")), 1);         /* halfwidth katakana */
	assert_int_equal(text_width(BYTES("\x1b\x07\xc2\x9b")), 0);
	assert_int_equal(text_width(BYTES("\xff\xfe")), 2);
}

static void fit_case(const char *s, unsigned columns, size_t len, unsigned used)
{
	unsigned got;

	assert_int_equal(text_fit(s, strlen(s), columns, &got), len);
	assert_int_equal(got, used);
	assert_int_equal(text_fit(s, strlen(s), columns, NULL), len);
}

static void fit_ends_at_whole_characters(void **state)
{
	(void)state;
	fit_case("abc", 2, 2, 2);
	fit_case("abc", 9, 3, 3);
	fit_case("abc", 0, 0, 0);
	fit_case("\xe5\xb0\x8f\xe6\x9e\x97", 3, 3, 2);          /* half a wide one is left out */
	fit_case("\xe5\xb0\x8f", 1, 0, 0);
	fit_case("e\xcc\x81\xcc\x80x", 1, 5, 1);                /* the marks go along */
	fit_case("e\xcc\x81\xcc\x80x", 0, 0, 0);
	fit_case("x\xf0\x9f\x98\x80", 2, 1, 1);
	/* woman, joiner, laptop: all or nothing */
	fit_case("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb!", 4, 11, 4);
	fit_case("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb!", 3, 0, 0);
}

/* Against the C library: never wider than asked, maximal, and what follows is no mark. */
static void fit_is_the_longest_that_fits(void **state)
{
	char in[RANDOM_MAX], s[8 * RANDOM_MAX];
	wchar_t w[8 * RANDOM_MAX];
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < RANDOM_TEXTS; i++) {
		size_t n = text_scrub(s, sizeof(s), in, random_text(&seed, in));
		unsigned columns = random_next(&seed) % 30, used;
		size_t fit = text_fit(s, n, columns, &used);
		assert_true(used <= columns && fit <= n);
		assert_int_equal(text_width(s, fit), used);
		if (fit < n) {
			assert_true(mbstowcs(w, s + fit, sizeof(w) / sizeof(w[0])) != (size_t)-1);
			assert_true(wcwidth(w[0]) > 0);
			assert_true(used + (unsigned)wcwidth(w[0]) > columns);
		}
	}
}

static void text_grows_to_its_maximum(void **state)
{
	size_t before = mem_used();
	struct text t;

	(void)state;
	text_init(&t, 1000);
	assert_true(text_add(&t, NULL, 0));
	assert_string_equal(t.s, "");
	for (int i = 0; i < 100; i++)
		assert_true(text_addf(&t, "%02d-%05d,", i, i) && t.len == 9 * ((size_t)i + 1));
	assert_memory_equal(t.s + 99 * 9, "99-00099,", 10);
	assert_false(t.full);
	assert_false(text_addf(&t, "%0101d", 1));
	assert_true(t.full);
	assert_int_equal(t.len, 900);
	assert_int_equal(strlen(t.s), 900);
	assert_false(text_add(&t, "x", 1));
	text_clear(&t);
	assert_string_equal(t.s, "");
	for (int i = 0; i < 1000; i++)
		assert_true(text_add(&t, "x", 1));
	assert_false(text_add(&t, "x", 1));
	assert_int_equal(strlen(t.s), 1000);
	text_done(&t);
	mem_fail_after(1);
	assert_false(text_add(&t, "x", 1));
	assert_true(t.full);
	text_done(&t);
	assert_int_equal(mem_used(), before);
}

static void csv_case(const char *in, size_t len, const char *out)
{
	struct text t;

	text_init(&t, 1000);
	assert_true(text_add_csv(&t, in, len));
	assert_string_equal(t.s, out);
	text_done(&t);
}

static void csv_quotes_when_it_must(void **state)
{
	(void)state;
	csv_case(BYTES(""), "");
	csv_case(BYTES("a b"), "a b");
	csv_case(BYTES("a,b"), "\"a,b\"");
	csv_case(BYTES("say \"hi\""), "\"say \"\"hi\"\"\"");
	csv_case(BYTES("a\nb\r"), "\"a\\x0ab\\x0d\"");
	csv_case(BYTES(" a"), "\" a\"");
	csv_case(BYTES("a "), "\"a \"");
	csv_case(BYTES("\x1b[31m"), "\\x1b[31m");
}

static void json_case(const char *in, size_t len, const char *out)
{
	struct text t;

	text_init(&t, 1000);
	assert_true(text_add_json(&t, in, len));
	assert_string_equal(t.s, out);
	text_done(&t);
}

static void json_escapes(void **state)
{
	(void)state;
	json_case(BYTES(""), "\"\"");
	json_case(BYTES("a/\"\\"), "\"a/\\\"\\\\\"");
	json_case(BYTES("\0\t\n\x7f"), "\"\\u0000\\u0009\\u000a\\u007f\"");
	json_case(BYTES("\xc2\x9b\xe2\x80\xa8\xe2\x80\xae"), "\"\\u009b\\u2028\\u202e\"");
	json_case(BYTES("\xff" "a\xe6"), "\"\\\\xffa\\\\xe6\"");
	json_case(BYTES("\xf0\x9f\x98\x80\xe5\xb0\x8f"), "\"\xf0\x9f\x98\x80\xe5\xb0\x8f\"");
}

/* A field that does not fit leaves nothing of itself, wherever the maximum falls. */
static void fields_are_whole_or_absent(void **state)
{
	(void)state;
	for (size_t max = 3; max < 20; max++) {
		struct text t;
		bool (*const add[])(struct text *, const char *, size_t) = {
			text_add_csv, text_add_json
		};
		for (size_t i = 0; i < 2; i++) {
			text_init(&t, max);
			text_add(&t, "abc", 3);
			bool ok = add[i](&t, BYTES("x,\"\x1b"));
			assert_true(ok == (t.len > 3) && ok == !t.full);
			assert_true(ok == (max >= 3 + (i ? 12 : 10)));
			assert_int_equal(strlen(t.s), t.len);
			text_done(&t);
		}
	}
}

/* What csv says, read back by the rule of RFC 4180, is the scrubbed text. */
static void csv_reads_back_as_scrubbed(void **state)
{
	char in[RANDOM_MAX], want[8 * RANDOM_MAX], got[8 * RANDOM_MAX];
	unsigned seed = 3;
	struct text t;

	(void)state;
	text_init(&t, 1000);
	for (int i = 0; i < RANDOM_TEXTS; i++) {
		size_t len = random_text(&seed, in), n = 0;
		text_scrub(want, sizeof(want), in, len);
		text_clear(&t);
		assert_true(text_add_csv(&t, in, len));
		bool quoted = t.s[0] == '"';
		for (size_t at = quoted; at < t.len - quoted; at++) {
			if (t.s[at] == '"')
				assert_true(quoted && t.s[++at] == '"' && at < t.len - 1);
			assert_true(quoted || t.s[at] != ',');
			got[n++] = t.s[at];
		}
		got[n] = '\0';
		assert_string_equal(got, want);
	}
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scrub_shows_what_acts),
		cmocka_unit_test(scrub_is_final_and_cuts_whole),
		cmocka_unit_test(width_is_that_of_a_terminal),
		cmocka_unit_test(fit_ends_at_whole_characters),
		cmocka_unit_test(fit_is_the_longest_that_fits),
		cmocka_unit_test(text_grows_to_its_maximum),
		cmocka_unit_test(csv_quotes_when_it_must),
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(fields_are_whole_or_absent),
		cmocka_unit_test(csv_reads_back_as_scrubbed),
	};

	if (!setlocale(LC_ALL, "C.UTF-8")) {
		puts("1..0 # SKIP no C.UTF-8 locale");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
