/* Whole screens over the fake feed: whatever names are made of, everything beside them stands where
 * it stands with plain ones; and the help has every key.
 */
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

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "fake_feed.h"
#include "ingest/names.h"
#include "ui/keys.h"
#include "ui/ui.h"

#define LINES 50
#define COLUMNS 160
#define LONG 4000       /* bytes of a name, about as many as a file of names may have */

struct console {
	struct clock clock;
	struct feed *feed;
	struct names *names;
	struct ui *u;
};

/* Named users and categories: those of the fake feed, in the order that their names begin with. */
static const char *const id[] = { "50025", "50031", "3607361", "8812", "411", "99", "1207",
	"730441", "1018033", "88213", "501177", "220019", "901", "77", "4711" };
#define N_IDS (sizeof id / sizeof *id)

static const char *const wild[] = { "婴儿推车", "📱", "e\xcc\x81", "n", "👩\xe2\x80\x8d👧",
	"\xcc\x88", "שלום ", "ไทยนี้", "🇩🇪", "ﷺ", "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd" };
#define N_WILD (sizeof wild / sizeof *wild)

/* The first letter, the next and so on, each followed by its part again and again. */
static void write_names(const char *path, char first, const char *const *part, size_t n_parts,
	size_t len)
{
	FILE *f = fopen(path, "w");
	size_t i, used;

	assert_non_null(f);
	fputs("id,name\n", f);
	for (i = 0; i < N_IDS; i++) {
		fprintf(f, "%s,%c", id[i], (char)(first + (char)i));
		for (used = 0; used < len; used += strlen(part[i % n_parts]))
			fputs(part[i % n_parts], f);
		fputc('\n', f);
	}
	fclose(f);
}

static void open_console(struct console *c, struct fake_options fake)
{
	static const struct console_options options = { .keys = "none", .lines = LINES,
		.columns = COLUMNS };
	struct console_options *o = calloc(1, sizeof *o);
	struct err e = { 0 };

	clock_init(&c->clock);
	clock_freeze(&c->clock, INT64_C(1512345600000));
	fake.clock = &c->clock;
	fake.names = c->names;
	c->feed = fake_open(&fake);
	c->u = calloc(1, sizeof *c->u);
	assert_non_null(c->u);
	*o = options;
	o->clock = &c->clock;
	assert_int_equal(ui_init(c->u, c->feed, o, &e), 0);
	ui_draw(c->u);
}

static void close_console(struct console *c)
{
	struct console_options *o = (struct console_options *)(uintptr_t)c->u->options;

	ui_done(c->u);
	free(o);
	free(c->u);
	feed_close(c->feed);
	names_close(c->names);
}

static void press(struct console *c, const char *keys)
{
	for (; *keys; keys++) {
		ui_key(c->u, *keys == '5' ? TERM_F5 : *keys == '4' ? TERM_F4 : *keys);
		ui_look(c->u);
		ui_draw(c->u);
	}
}

/* All that is drawn by some keys on a screen of a size, a cell of text each. */
static char (*draw(const char *names, const char *keys, unsigned lines, unsigned columns))
	[COLUMNS][TERM_CELL_MAX]
{
	char (*cell)[COLUMNS][TERM_CELL_MAX] = calloc(LINES, sizeof *cell);
	struct console c = { 0 };
	struct term_cell one;
	struct err e = { 0 };
	unsigned y, x;

	assert_non_null(cell);
	c.names = names_open(names, &e);
	assert_non_null(c.names);
	open_console(&c, (struct fake_options){ .live = true });
	clock_advance(&c.clock, INT64_C(20) * 3600 * 1000);
	term_resize(&c.u->term, lines, columns);
	ui_look(c.u);
	ui_draw(c.u);
	press(&c, keys);
	for (y = 0; y < lines; y++)
		for (x = 0; x < columns; x++) {
			term_cell(&c.u->term, (int)y, (int)x, &one);
			strcpy(cell[y][x], one.text);
		}
	close_console(&c);
	return cell;
}

/* Cells that two kinds of plain names leave alone hold nothing of a name. */
static unsigned compare(char path[4][64], const char *keys, unsigned lines, unsigned columns)
{
	char (*a)[COLUMNS][TERM_CELL_MAX] = draw(path[0], keys, lines, columns);
	char (*b)[COLUMNS][TERM_CELL_MAX] = draw(path[1], keys, lines, columns);
	char (*c)[COLUMNS][TERM_CELL_MAX] = draw(path[2], keys, lines, columns);
	unsigned y, x, n = 0;

	for (y = 0; y < lines; y++)
		for (x = 0; x < columns; x++) {
			if (strcmp(a[y][x], b[y][x]) != 0 || strcmp(a[y][x], " ") == 0)
				continue;
			if (strcmp(a[y][x], c[y][x]) != 0)
				fail_msg("keys \"%s\", %ux%u: \"%s\" at line %u, column %u is "
					"\"%s\" beside wild names", keys, columns, lines, a[y][x],
					y, x, c[y][x]);
			n++;
		}
	free(a);
	free(b);
	free(c);
	return n;
}

static void names_move_nothing(void **state)
{
	static const char *const keys[] = { "", "j", "j\r", "j\r+", "5", "5\t", "5\t\t", "5j\r" };
	static const char *const x[] = { "x" }, *const z[] = { "z" };
	char folder[] = "/tmp/t_screen.XXXXXX", path[4][64];
	unsigned i;

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (i = 0; i < 3; i++)
		snprintf(path[i], sizeof path[i], "%s/%u", folder, i);
	write_names(path[0], 'a', x, 1, 1);
	write_names(path[1], 'A', z, 1, LONG);
	write_names(path[2], 'a', wild, N_WILD, LONG);
	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_in_range(compare(path, keys[i], 24, 80), 200, 24 * 80);
		assert_in_range(compare(path, keys[i], LINES, COLUMNS), 400, LINES * COLUMNS);
	}
	for (i = 0; i < 3; i++)
		unlink(path[i]);
	rmdir(folder);
}

/* The help from its first line to its last, page by page. */
static void read_help(struct console *c, struct text *ret)
{
	unsigned top = UINT32_MAX;

	press(c, "?");
	while (c->u->help.top != top) {
		top = c->u->help.top;
		term_cells(&c->u->term, ret);
		ui_key(c->u, TERM_PAGE_DOWN);
		ui_draw(c->u);
	}
}

/* Of a replay, a live run, and the past of a live run: no kind of feed has all keys. */
static void the_help_has_every_key(void **state)
{
	const struct action *a;
	struct text help[3];
	char line[200], keys[KEYS_LIST_MAX];
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct console c = { 0 };

		text_init(&help[i], 1 << 20);
		open_console(&c, (struct fake_options){ .live = i == 1, .paused = true });
		fake_snapshot(c.feed)->twin.is_on = i == 2;
		term_resize(&c.u->term, 24, 80);
		read_help(&c, &help[i]);
		close_console(&c);
	}
	for (i = 0; (a = keys_row(NULL, i)); i++) {
		const char *s = help[a->when & WHEN_TWIN ? 2 : a->when & WHEN_LIVE ? 1 : 0].s;

		snprintf(line, sizeof line, "\n %s ", keys_list(a, keys));
		if (!strstr(s, line) || !strstr(s, a->help))
			fail_msg("the help lacks \"%s\": %s", keys, a->help);
	}
	for (i = 0; i < 3; i++)
		text_done(&help[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_move_nothing),
		cmocka_unit_test(the_help_has_every_key),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
