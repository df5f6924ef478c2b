#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/editor.h"

static struct editor d;

static int setup(void **state)
{
	(void)state;
	editor_set(&d, "");
	return 0;
}

/* The text with "|" where the caret stands. */
static void assert_at(const char *want)
{
	char got[256];

	memcpy(got, d.text, d.caret);
	got[d.caret] = '|';
	strcpy(got + d.caret + 1, d.text + d.caret);
	assert_string_equal(got, want);
	assert_int_equal(d.len, strlen(d.text));
}

static void types_where_the_caret_stands(void **state)
{
	(void)state;
	assert_true(editor_type(&d, 'a'));
	assert_true(editor_type(&d, 0x5a74));
	assert_true(editor_type(&d, 0x1f4f1));
	editor_move(&d, EDITOR_LEFT);
	assert_true(editor_type(&d, 0xe9));
	assert_at("a\xe5\xa9\xb4\xc3\xa9|\xf0\x9f\x93\xb1");
	assert_false(editor_type(&d, 0x1b));
	assert_false(editor_type(&d, 0x9b));
	assert_false(editor_type(&d, 0x110003));
}

static void moves_by_characters_and_lines(void **state)
{
	(void)state;
	editor_set(&d, "\xc3\xa9\xc3\xa9z\nb\nccc");
	assert_int_equal(editor_n_lines(&d), 3);
	assert_true(editor_move(&d, EDITOR_UP));
	assert_at("\xc3\xa9\xc3\xa9z\nb|\nccc");
	assert_true(editor_move(&d, EDITOR_UP));
	assert_at("\xc3\xa9|\xc3\xa9z\nb\nccc");
	assert_false(editor_move(&d, EDITOR_UP));
	editor_move(&d, EDITOR_END);
	assert_at("\xc3\xa9\xc3\xa9z|\nb\nccc");
	assert_true(editor_move(&d, EDITOR_DOWN));
	assert_true(editor_move(&d, EDITOR_DOWN));
	assert_false(editor_move(&d, EDITOR_DOWN));
	assert_at("\xc3\xa9\xc3\xa9z\nb\nc|cc");
	editor_move(&d, EDITOR_HOME);
	assert_at("\xc3\xa9\xc3\xa9z\nb\n|ccc");
	assert_true(editor_move(&d, EDITOR_LEFT));
	assert_at("\xc3\xa9\xc3\xa9z\nb|\nccc");
}

static void erases(void **state)
{
	(void)state;
	editor_set(&d, "one two\nthree \xc3\xa9");
	editor_erase(&d, EDITOR_BEFORE);
	assert_at("one two\nthree |");
	editor_erase(&d, EDITOR_WORD);
	assert_at("one two\n|");
	editor_erase(&d, EDITOR_TO_START);
	assert_at("one two|");
	editor_move(&d, EDITOR_HOME);
	editor_erase(&d, EDITOR_UNDER);
	assert_at("|ne two");
	editor_erase(&d, EDITOR_BEFORE);
	editor_erase(&d, EDITOR_TO_END);
	assert_at("|");
	editor_erase(&d, EDITOR_UNDER);
	editor_erase(&d, EDITOR_TO_END);
	assert_at("|");
}

static void replaces_back_to_a_place(void **state)
{
	(void)state;
	editor_set(&d, "SELECT ca FROM");
	d.caret = 9;
	assert_true(editor_replace(&d, 7, "category"));
	assert_at("SELECT category| FROM");
}

static void has_a_maximum(void **state)
{
	static char big[EDITOR_MAX + 8];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	memcpy(big + EDITOR_MAX - 2, "\xe5\xa9\xb4", 3);
	editor_set(&d, big);
	assert_int_equal(d.len, EDITOR_MAX - 2);        /* no half a character */
	assert_true(editor_type(&d, 'y'));
	assert_false(editor_type(&d, 'z'));
	assert_int_equal(d.len, EDITOR_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(types_where_the_caret_stands, setup),
		cmocka_unit_test_setup(moves_by_characters_and_lines, setup),
		cmocka_unit_test_setup(erases, setup),
		cmocka_unit_test_setup(replaces_back_to_a_place, setup),
		cmocka_unit_test_setup(has_a_maximum, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
