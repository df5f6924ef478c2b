#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/plain.h"

static void shows_ascii_equivalents(void **state)
{
	static const struct { const char *in, *want;
	} row[] = {
		{ "Café Zürich", "Cafe Zurich" },
		{ "Øl Łódź", "Ol Lodz" },
		{ "“a” – ‘b’…", "\"a\" - 'b'..." },
		{ "婴儿推车", "????" },
		{ "ＡＢＣ１", "ABC1" },
		{ "e\xcc\x81", "e" },
		{ "5 €", "5 EUR" },
		{ "📱x", "?x" },
		{ "\\x1b", "\\x1b" },
		{ "", "" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof *row; i++) {
		assert_int_equal(
			plain_text(buf, sizeof buf, row[i].in, false), strlen(row[i].want));
		assert_string_equal(buf, row[i].want);
	}
}

static void keeps_what_utf8_can_show(void **state)
{
	char buf[64];

	(void)state;
	plain_text(buf, sizeof buf, "婴儿 é e\xcc\x81 📱", true);
	assert_string_equal(buf, "婴儿 é e\xcc\x81 📱");
	plain_text(buf, sizeof buf, "\xcc\x81x", true);
	assert_string_equal(buf, "?x");
	plain_text(
		buf, sizeof buf, "a\xf3\xb0\x80\x80z\xef\xbf\xbf", true); /* U+FFFF has no width */
	assert_null(strstr(buf, "\xef\xbf\xbf"));
}

static void joined_emoji_stand_apart(void **state)
{
	char buf[64];

	(void)state;
	plain_text(buf, sizeof buf, "a👩\u200d👧|", true);
	assert_string_equal(buf, "a👩👧|");
	plain_text(buf, sizeof buf, "❤\ufe0f|", true);
	assert_string_equal(buf, "❤|");
	plain_text(buf, sizeof buf, "क\u094d\u200dष", true);
	assert_string_equal(buf, "क\u094d\u200dष");
}

static void cuts_at_a_character(void **state)
{
	char buf[6];

	(void)state;
	assert_int_equal(plain_text(buf, sizeof buf, "婴儿", true), 3);
	assert_string_equal(buf, "婴");
	assert_int_equal(plain_text(buf, 1, "abc", true), 0);
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_ascii_equivalents),
		cmocka_unit_test(keeps_what_utf8_can_show),
		cmocka_unit_test(joined_emoji_stand_apart),
		cmocka_unit_test(cuts_at_a_character),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
