#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/glyph.h"

static enum glyphs choose(const char *word, bool utf8, bool has_acs, const char *term)
{
	enum glyphs g = GLYPHS_N;

	assert_true(glyphs_choose(word, utf8, has_acs, term, &g));
	return g;
}

static void chooses_by_locale_and_terminal(void **state)
{
	(void)state;
	assert_int_equal(choose(NULL, true, true, "xterm-256color"), GLYPHS_BLOCKS);
	assert_int_equal(choose("auto", true, true, "tmux"), GLYPHS_BLOCKS);
	assert_int_equal(choose("auto", true, true, "linux"), GLYPHS_ACS);
	assert_int_equal(choose("auto", true, true, "vt100"), GLYPHS_ACS);
	assert_int_equal(choose("auto", false, true, "xterm"), GLYPHS_ACS);
	assert_int_equal(choose("auto", false, false, "ansi-m"), GLYPHS_ASCII);
}

static void forced_goes_down_to_what_can_be_shown(void **state)
{
	enum glyphs g;

	(void)state;
	assert_int_equal(choose("braille", true, true, "linux"), GLYPHS_BRAILLE);
	assert_int_equal(choose("braille", false, true, "xterm"), GLYPHS_ACS);
	assert_int_equal(choose("blocks", false, false, "xterm"), GLYPHS_ASCII);
	assert_int_equal(choose("ascii", true, true, "xterm"), GLYPHS_ASCII);
	assert_false(glyphs_choose("emoji", true, true, "xterm", &g));
}

static void steps_keep_any_interest_above_the_base_line(void **state)
{
	(void)state;
	assert_int_equal(glyph_step(0, 10, 8), 0);
	assert_int_equal(glyph_step(.001f * 10, 10, 8), 1);
	assert_int_equal(glyph_step(5, 10, 8), 4);
	assert_int_equal(glyph_step(10, 10, 8), 7);
	assert_int_equal(glyph_step(11, 10, 8), 7);
	assert_int_equal(glyph_step(-3, 10, 8), 0);
	assert_int_equal(glyph_step(3, 0, 8), 0);
	assert_int_equal(glyph_step(NAN, 10, 8), 0);
}

static void cells(void **state)
{
	static const struct { enum glyphs g; float v[2]; const char *want; } row[] = {
		{ GLYPHS_BLOCKS, { 0, 0 }, "▁" }, { GLYPHS_BLOCKS, { 8, 0 }, "█" },
		{ GLYPHS_BLOCKS, { NAN, 0 }, " " }, { GLYPHS_ASCII, { 0, 0 }, "_" },
		{ GLYPHS_ASCII, { 8, 0 }, "#" }, { GLYPHS_ASCII, { 4, 0 }, "-" },
		{ GLYPHS_ACS, { 0, 0 }, "s" }, { GLYPHS_ACS, { 8, 0 }, "o" },
		{ GLYPHS_BRAILLE, { 0, 0 }, "⣀" }, { GLYPHS_BRAILLE, { 8, 8 }, "⣿" },
		{ GLYPHS_BRAILLE, { 8, 0 }, "⣇" }, { GLYPHS_BRAILLE, { NAN, 8 }, "⢸" },
	};
	char buf[GLYPH_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof *row; i++)
		assert_string_equal(glyph_cell(row[i].g, row[i].v, 8, buf), row[i].want);
	assert_int_equal(glyph_per_cell(GLYPHS_BRAILLE), 2);
	assert_int_equal(glyph_per_cell(GLYPHS_ACS), 1);
}

static void areas_fill_from_below(void **state)
{
	static const struct { enum glyphs g; float part[2]; const char *want; } row[] = {
		{ GLYPHS_BLOCKS, { 0, 0 }, " " }, { GLYPHS_BLOCKS, { .01f, 0 }, "▁" },
		{ GLYPHS_BLOCKS, { .5f, 0 }, "▄" }, { GLYPHS_BLOCKS, { 3, 0 }, "█" },
		{ GLYPHS_BLOCKS, { -1, 0 }, " " }, { GLYPHS_BLOCKS, { NAN, 0 }, " " },
		{ GLYPHS_BRAILLE, { 1, 0 }, "⡇" }, { GLYPHS_BRAILLE, { 0, .5f }, "⢠" },
		{ GLYPHS_BRAILLE, { 0, NAN }, " " }, { GLYPHS_ACS, { 1, 0 }, "#" },
		{ GLYPHS_ASCII, { .2f, 0 }, "." }, { GLYPHS_ASCII, { 0, 0 }, " " },
	};
	char buf[GLYPH_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof row / sizeof *row; i++)
		assert_string_equal(glyph_fill(row[i].g, row[i].part, buf), row[i].want);
}

static void shades_tell_nothing_from_little(void **state)
{
	char buf[GLYPH_TEXT_MAX];

	(void)state;
	assert_string_equal(glyph_shade(GLYPHS_BLOCKS, 0, 9, buf), "·");
	assert_string_equal(glyph_shade(GLYPHS_BRAILLE, 1, 1000, buf), "░");
	assert_string_equal(glyph_shade(GLYPHS_BLOCKS, 9, 9, buf), "█");
	assert_string_equal(glyph_shade(GLYPHS_ACS, 0, 9, buf), ".");
	assert_string_equal(glyph_shade(GLYPHS_ASCII, 9, 9, buf), "#");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_by_locale_and_terminal),
		cmocka_unit_test(forced_goes_down_to_what_can_be_shown),
		cmocka_unit_test(steps_keep_any_interest_above_the_base_line),
		cmocka_unit_test(cells),
		cmocka_unit_test(areas_fill_from_below),
		cmocka_unit_test(shades_tell_nothing_from_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
