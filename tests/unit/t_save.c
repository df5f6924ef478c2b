/* A saved screen holds the cells that the terminal shows, each at its place, in its colours. */
#include "ui/save.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "ui/term.h"

#define LINES 11
#define COLUMNS 62

static const float wave[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2, 1 };

static void draw(struct term *t, const char *theme)
{
	struct term_options o = { .scripted = true, .lines = LINES, .columns = COLUMNS,
		.theme = theme, .glyphs = "blocks" };
	struct err e = { 0 };

	assert_int_equal(term_open(t, &o, &e), 0);
	term_begin(t);
	term_put(t, 0, 0, 30, INK_TITLE, "a <b> & \"c\" 'd'");
	term_put(t, 1, 3, 20, INK_TEXT, "婴儿推车 e\xcc\x81x");
	term_put(t, 2, 0, COLUMNS, INK_CURSOR, ">the row under the cursor");
	term_put(t, 3, 0, 30, INK_SEVERE, "\x1b]0;owned\x07<script>");
	term_chart(t, 4, 5, 16, wave, 8, 6);
	term_rule(t, 5, 0, COLUMNS);
	term_put(t, 6, 0, 8, INK_CHART, "·░▒▓█");
	term_put(t, 7, 0, 8, INK_LOSS, "⣿⠁⠈");
	term_end(t);
}

static void unescape(char *s)
{
	static const struct { const char *from; char to; } as[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' } };
	char *to = s;
	size_t i;

	for (; *s; to++) {
		for (i = 0; i < 3 && strncmp(s, as[i].from, strlen(as[i].from)) != 0; i++)
			;
		*to = i < 3 ? as[i].to : *s;
		s += i < 3 ? strlen(as[i].from) : 1;
	}
	*to = 0;
}

/* Without tags and without the blanks at the ends of lines. */
static char *texts_of(const char *html)
{
	char *s = strdup(strstr(html, "<pre>")), *to = s, *from = s;
	bool is_tag = false;

	for (; *from; from++) {
		if (*from == '<')
			is_tag = true;
		if (*from == '\n')
			while (to > s && to[-1] == ' ')
				to--;
		if (!is_tag)
			*to++ = *from;
		if (*from == '>')
			is_tag = false;
	}
	*to = 0;
	unescape(s);
	return s;
}

static void html_holds_the_text(void **state)
{
	struct text cells, html;
	struct term t;
	struct err e = { 0 };
	char *texts;

	(void)state;
	draw(&t, "dark");
	text_init(&cells, 1 << 20);
	assert_true(term_cells(&t, &cells));
	assert_int_equal(save_text(&t, "x.html", &html, &e), 0);
	texts = texts_of(html.s);
	assert_int_equal(strncmp(texts, cells.s, cells.len), 0);
	assert_non_null(strstr(html.s, "&lt;b&gt; &amp;"));
	assert_null(strstr(html.s, "<script>"));
	assert_null(strchr(html.s, '\x1b'));
	assert_non_null(strstr(html.s, "<i>婴</i><i>儿</i>"));
	assert_non_null(strstr(html.s, "color:#ffaf00;font-weight:bold"));
	free(texts);
	text_done(&cells);
	text_done(&html);
	term_close(&t);
}

/* What <text> elements say, back on a grid of cells. */
static void place_texts(char *svg, char grid[LINES][COLUMNS][TERM_CELL_MAX])
{
	char *at = svg;

	while ((at = strstr(at, "<text "))) {
		int x, y, width, i = 0;
		char *from, *end;

		assert_int_equal(sscanf(at, "<text x=\"%d\" y=\"%d\" textLength=\"%d\"", &x, &y,
			&width), 3);
		from = strchr(at, '>') + 1;
		end = strstr(from, "</text>");
		*end = 0;
		unescape(from);
		x /= 8;
		for (; *from; from += i) {      /* a character with its marks */
			for (i = 1; (from[i] & 0xc0) == 0x80 || (unsigned char)from[i] == 0xcc; i++)
				;
			memcpy(grid[y / 17][x], from, (size_t)i);
			x++;
		}
		at = end + 1;
	}
}

static void svg_puts_every_character_at_its_place(void **state)
{
	static char grid[LINES][COLUMNS][TERM_CELL_MAX];
	struct text svg;
	struct term t;
	struct err e = { 0 };
	int line, x;

	(void)state;
	draw(&t, "dark");
	assert_int_equal(save_text(&t, "x.svg", &svg, &e), 0);
	place_texts(svg.s, grid);
	for (line = 0; line < LINES; line++) {
		struct term_cell c;

		for (x = 0; x < COLUMNS; x += c.width) {
			term_cell(&t, line, x, &c);
			if (line < 4 && strcmp(c.text, " ") != 0)
				assert_string_equal(grid[line][x], c.text);
			if (line == 4 || line == 5)
				assert_string_equal(grid[line][x], "");
		}
	}
	assert_string_equal(grid[6][0], "·");
	text_done(&svg);
	term_close(&t);
}

static unsigned count(const char *s, const char *what)
{
	unsigned n = 0;

	for (; (s = strstr(s, what)); s++)
		n++;
	return n;
}

static void svg_draws_charts_itself(void **state)
{
	struct text svg;
	struct term t;
	struct err e = { 0 };

	(void)state;
	draw(&t, "light");
	assert_int_equal(save_text(&t, "x.svg", &svg, &e), 0);
	assert_non_null(strstr(svg.s, "M40,83h8v2h-8z"));       /* ▁ in cell 5 of line 4 */
	assert_non_null(strstr(svg.s, "M104,68h8v17h-8z"));     /* █ */
	assert_int_equal(count(svg.s, "fill-opacity=\".25\""), 1);
	assert_int_equal(count(svg.s, "fill-opacity=\".75\""), 1);
	assert_int_equal(count(svg.s, "h2v2h-2z"), 10);         /* braille dots */
	assert_int_equal(count(svg.s, "v1h-8z"), COLUMNS);      /* the rule */
	assert_int_equal(count(svg.s, "fill=\"#af5f00\" d"), 1);        /* above the alarm */
	text_done(&svg);
	term_close(&t);
}

static void other_endings_are_refused(void **state)
{
	static const char *const bad[] = { "x", "x.png", ".svg", "svg", "x.svg ", "" };
	struct text to;
	struct term t;
	struct err e = { 0 };
	size_t i;

	(void)state;
	draw(&t, "mono");
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(save_text(&t, bad[i], &to, &e), -EINVAL);
		assert_non_null(strstr(e.text, SAVE_FORMS));
	}
	term_close(&t);
}

static void a_file_is_never_overwritten(void **state)
{
	char folder[] = "/tmp/t_save.XXXXXX", path[64], line[64] = "";
	struct term t;
	struct err e = { 0 };
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/x.txt", folder);
	draw(&t, "mono");
	assert_int_equal(save_screen(&t, path, &e), 0);
	assert_int_equal(save_screen(&t, path, &e), -EEXIST);
	assert_non_null(strstr(e.text, path));
	f = fopen(path, "r");
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line, "a <b> & \"c\" 'd'\n");
	fclose(f);
	unlink(path);
	rmdir(folder);
	assert_int_equal(save_screen(&t, path, &e), -ENOENT);
	term_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_holds_the_text),
		cmocka_unit_test(svg_puts_every_character_at_its_place),
		cmocka_unit_test(svg_draws_charts_itself),
		cmocka_unit_test(other_endings_are_refused),
		cmocka_unit_test(a_file_is_never_overwritten),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
