#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "ui/parts.h"
#include "ui/term.h"

static void open_term(struct term *t, const char *theme)
{
	struct term_options o = { .scripted = true, .lines = 12, .columns = 60, .theme = theme };
	struct err e = { 0 };

	assert_int_equal(term_open(t, &o, &e), 0);
	term_begin(t);
}

/* Line 0 of the screen. */
static void check(struct term *t, const char *want)
{
	struct text cells;

	term_end(t);
	text_init(&cells, 1 << 16);
	assert_true(term_cells(t, &cells));
	*strchr(cells.s, '\n') = 0;
	assert_string_equal(cells.s, want);
	text_done(&cells);
	term_begin(t);
}

static void cuts_and_pads_in_columns(void **state)
{
	struct term t;

	(void)state;
	open_term(&t, "dark");
	term_put(&t, 0, 0, 5, INK_TEXT, "abcdefgh");
	term_put(&t, 0, 5, 3, INK_TEXT, "|");
	term_put(&t, 0, 8, 1, INK_TEXT, "|");
	check(&t, "abcd~|  |");
	term_put(&t, 0, 0, 5, INK_TEXT, "婴儿推车");
	term_put(&t, 0, 5, 1, INK_TEXT, "|");
	check(&t, "婴儿~|");
	term_put(&t, 0, 0, 6, INK_TEXT, "婴儿推车");
	term_put(&t, 0, 6, 1, INK_TEXT, "|");
	check(&t, "婴儿~ |");
	term_put(&t, 0, 0, 8, INK_TEXT, "婴儿推车");
	term_put(&t, 0, 8, 1, INK_TEXT, "|");
	check(&t, "婴儿推车|");
	term_put(&t, 0, 0, 4, INK_TEXT, "e\xcc\x81xyz\xcc\x81");
	check(&t, "e\xcc\x81xyz\xcc\x81");
	term_close(&t);
}

static void lets_nothing_act_on_the_terminal(void **state)
{
	struct term t;

	(void)state;
	open_term(&t, "dark");
	term_put(&t, 0, 0, 40, INK_TEXT, "a\x1b]0;x\x07\x9b\x7f\xe2\x80\xaeg\n\t");
	check(&t, "a\\x1b]0;x\\x07\\x9b\\x7f\\u202eg\\x0a\\x09");
	term_close(&t);
}

static void endless_names_and_places_outside(void **state)
{
	struct term t;
	char *name = malloc(10001), *marks = malloc(10001);
	size_t i;

	(void)state;
	memset(name, 'n', 10000);
	for (i = 0; i < 10000; i += 2)
		memcpy(marks + i, "\xcc\x81", 2);
	name[10000] = marks[10000] = 0;
	marks[0] = 'x';
	marks[1] = 'y';
	open_term(&t, "dark");
	term_put(&t, 0, 0, 4, INK_TEXT, name);
	check(&t, "nnn~");
	term_put(&t, 0, 0, 60, INK_TEXT, marks);
	term_put(&t, 0, 50, 100, INK_TEXT, name);
	term_put(&t, 99, 0, 10, INK_TEXT, "lost");
	term_put(&t, 0, -1, 10, INK_TEXT, "lost");
	term_put(&t, 0, 99, 10, INK_TEXT, "lost");
	term_end(&t);
	term_close(&t);
	free(name);
	free(marks);
}

static void no_colour_keeps_the_priorities_apart(void **state)
{
	struct term t;
	struct text inks;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	open_term(&t, NULL);
	unsetenv("NO_COLOR");
	assert_false(t.coloured);
	term_put(&t, 0, 0, 2, INK_SEVERE, "!!");
	term_put(&t, 0, 2, 2, INK_HIGH, "!");
	term_end(&t);
	text_init(&inks, 1 << 16);
	assert_true(term_inks(&t, &inks));
	assert_memory_equal(inks.s, "SSTT..", 6);       /* T: bold, as high is without colours */
	text_done(&inks);
	term_close(&t);
}

static void unknown_words_are_errors(void **state)
{
	struct term_options o = { .scripted = true, .lines = 12, .columns = 60, .theme = "pink" };
	struct term t;
	struct err e = { 0 };

	(void)state;
	assert_true(term_open(&t, &o, &e) < 0);
	assert_non_null(strstr(e.text, "pink"));
	o.theme = "dark";
	o.glyphs = "emoji";
	assert_true(term_open(&t, &o, &e) < 0);
	assert_non_null(strstr(e.text, "emoji"));
}

static void a_narrow_line_loses_its_least_parts(void **state)
{
	struct parts p = { .n = 0 };
	struct term t;

	(void)state;
	open_term(&t, "mono");
	parts_add(&p, 0, INK_TEXT, "title");
	parts_add(&p, 2, INK_TEXT, "less");
	parts_add(&p, 1, INK_TEXT, "more")->is_right = true;
	parts_draw(&p, &t, 0, 0, 20);
	check(&t, "title  less     more");
	parts_draw(&p, &t, 0, 0, 14);
	check(&t, "title     more");
	parts_draw(&p, &t, 0, 0, 8);
	check(&t, "title");
	parts_draw(&p, &t, 0, 0, 4);
	check(&t, "tit~");
	p.part[2].least = 3;
	p.part[1].is_right = true;
	parts_draw(&p, &t, 0, 0, 20);
	check(&t, "title     less  more");
	parts_draw(&p, &t, 0, 0, 10);
	check(&t, "title  mo~");
	parts_draw(&p, &t, 0, 0, 8);
	check(&t, "title");
	term_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_and_pads_in_columns),
		cmocka_unit_test(lets_nothing_act_on_the_terminal),
		cmocka_unit_test(endless_names_and_places_outside),
		cmocka_unit_test(no_colour_keeps_the_priorities_apart),
		cmocka_unit_test(unknown_words_are_errors),
		cmocka_unit_test(a_narrow_line_loses_its_least_parts),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
