#include "ui/palette.h"

#include <stdio.h>
#include <string.h>

#include "ui/keys.h"
#include "ui/list.h"
#include "ui/session.h"
#include "ui/ui.h"

#define LINES_MAX 24     /* and at most half of the screen */
#define NAME_WIDTH 18
#define KEYS_WIDTH 14
#define NAME_BYTES 32

static size_t name_length(const char *text)
{
	return strcspn(text, " ");
}

/* What only makes sense as a key: editing, and moving about. */
static bool is_command(const struct action *a)
{
	return (a->views & ~(unsigned)(IN_PROMPT | IN_EDIT)) != 0;
}

static bool is_offered(const struct ui *u, const struct action *a)
{
	return is_command(a) && keys_is_offered(a, ui_view_place(u), ui_state(u));
}

enum fit { FIT_BEGINS, FIT_BEGINS_MOVE, FIT_HOLDS, FIT_N, FIT_NOT };

/* How well a name fits: moves, which everybody has in the fingers, stand behind what begins so. */
static enum fit fit_of(const struct action *a, const char *part)
{
	if (strncmp(a->name, part, strlen(part)) == 0)
		return strcmp(a->group, "Move") == 0 ? FIT_BEGINS_MOVE : FIT_BEGINS;
	return strstr(a->name, part) ? FIT_HOLDS : FIT_NOT;
}

static void match(struct ui *u, const char *text)
{
	struct palette *p = &u->palette;
	size_t len = name_length(text);
	char part[PROMPT_MAX];
	const struct action *a;
	unsigned i, pass;

	snprintf(part, sizeof part, "%.*s", (int)len, text);
	p->n = 0;
	for (pass = 0; pass < FIT_N; pass++)
		for (i = 0; (a = keys_row(u->options->keymap, i)) && p->n < PALETTE_MAX; i++)
			if (fit_of(a, part) == (enum fit)pass && is_offered(u, a))
				p->match[p->n++] = a;
	p->cursor = p->n;
}

static const struct action *exact(const struct ui *u, const char *name, size_t len)
{
	const struct action *a;
	unsigned i;

	for (i = 0; (a = keys_row(u->options->keymap, i)); i++)
		if (is_command(a) && strlen(a->name) == len && strncmp(a->name, name, len) == 0)
			return a;
	return NULL;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to change, add or leave out (Levenshtein 1966); swapping two neighbours counts as one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][NAME_BYTES + 1], i, j, n = (unsigned)strnlen(b, NAME_BYTES);

	for (j = 0; j <= n; j++)
		row[0][j] = j;
	for (i = 1; a[i - 1] && i < NAME_BYTES; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= n; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[(i - 1) % 3][n];
}

const char *palette_nearest(const struct keymap *k, const char *name)
{
	const struct action *a, *best = NULL;
	unsigned i, smallest = UINT32_MAX;

	for (i = 0; (a = keys_row(k, i)); i++) {
		unsigned d = distance(name, a->name);

		if (is_command(a) && d < smallest) {
			smallest = d;
			best = a;
		}
	}
	return best ? best->name : "";
}

/* Why a command that there is does nothing now. */
static void say_not_here(struct ui *u, const struct action *a)
{
	char views[KEYS_VIEWS_MAX];

	if (a->when & (u->snap->live ? WHEN_REPLAY : WHEN_LIVE))
		ui_say(u, true, "\"%s\" is for %s", a->name, u->snap->live ? "a replay"
			: "live data");
	else if (!(a->views & ui_view_place(u)))
		ui_say(u, true, "\"%s\" works in %s", a->name, keys_views(a->views, views));
	else
		ui_say(u, true, "\"%s\" has nothing to do now: %s", a->name, a->help);
}

static void say_many(struct ui *u, const char *name)
{
	const struct palette *p = &u->palette;
	char text[sizeof u->message / 2] = "";
	unsigned i;

	for (i = 0; i < p->n && strlen(text) + NAME_BYTES + 2 < sizeof text; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ", " : "",
			p->match[i]->name);
	ui_say(u, true, "\"%s\" may be %s", name, text);
}

/* What a command asks is answered by what stands behind its name. */
static void run(struct ui *u, const struct action *a, const char *argument)
{
	const struct prompt_ops *ops;

	a->run(u, a->argument);
	argument += strspn(argument, " ");
	ops = u->prompt.ops;
	if (!*argument)
		return;
	if (!ops) {
		ui_say(u, true, "\"%s\" takes nothing: it did not look at \"%s\"", a->name,
			argument);
		return;
	}
	prompt_set(&u->prompt, u, argument);
	if (u->prompt.ops == ops)       /* a prompt for a letter is done with the first */
		prompt_edit(&u->prompt, u, PROMPT_DONE);
}

/* What was typed may be mended. */
static void refuse(struct ui *u, const struct action *a, const char *name, const char *text)
{
	palette_open(u, 0);
	prompt_set(&u->prompt, u, text);
	if (a)
		say_not_here(u, a);
	else if (u->palette.n)
		say_many(u, name);
	else
		ui_say(u, true, "no command \"%s\": the nearest is \"%s\"", name,
			palette_nearest(u->options->keymap, name));
}

static void done(struct ui *u, const char *text)
{
	const struct palette *p = &u->palette;
	size_t len = name_length(text);
	const struct action *a = exact(u, text, len);
	char name[PROMPT_MAX];

	snprintf(name, sizeof name, "%.*s", (int)len, text);
	if (p->cursor < p->n)
		run(u, p->match[p->cursor], text + len);
	else if (!len)
		return;
	else if (a && !is_offered(u, a))
		refuse(u, a, name, text);
	else if (a || (p->n && strncmp(p->match[0]->name, name, len) == 0
		&& (p->n == 1 || strncmp(p->match[1]->name, name, len) != 0)))
		run(u, a ? a : p->match[0], text + len);
	else
		refuse(u, NULL, name, text);
}

/* The bytes that all names beginning with the text share. */
static size_t shared(const struct palette *p, const char *text, size_t len)
{
	size_t n = 0, k;
	unsigned i;

	for (i = 0; i < p->n && strncmp(p->match[i]->name, text, len) == 0; i++) {
		const char *name = p->match[i]->name;

		if (!i)
			n = strlen(name);
		for (k = 0; k < n && name[k] == p->match[0]->name[k]; k++)
			;
		n = k;
	}
	return n;
}

/* What stands behind such a name is completed by the command's own prompt. */
static bool complete_argument(struct ui *u, const char *text)
{
	const struct action *a = exact(u, text, name_length(text));
	const char *rest = text + name_length(text);

	if (!*rest || !a || (a->run != list_filter && a->run != session_view)
	    || !is_offered(u, a))
		return false;
	a->run(u, a->argument);
	prompt_set(&u->prompt, u, rest + strspn(rest, " "));
	if (u->prompt.len && u->prompt.ops->turn)
		u->prompt.ops->turn(u, u->prompt.text, PROMPT_COMPLETE);
	return true;
}

static void complete(struct ui *u, const char *text)
{
	const struct palette *p = &u->palette;
	size_t len = name_length(text), n = shared(p, text, len);
	char name[PROMPT_MAX];
	unsigned at = p->cursor < p->n ? p->cursor : 0;

	if (!p->n || complete_argument(u, text))
		return;
	if (p->cursor < p->n || p->n == 1)
		snprintf(name, sizeof name, "%s ", p->match[at]->name);
	else if (n > len)
		snprintf(name, sizeof name, "%.*s", (int)n, p->match[0]->name);
	else
		return;
	prompt_set(&u->prompt, u, name);
}

static void turn(struct ui *u, const char *text, enum prompt_turn how)
{
	struct palette *p = &u->palette;

	if (how == PROMPT_COMPLETE)
		complete(u, text);
	else if (how == PROMPT_NEWER)
		p->cursor = p->cursor < p->n ? p->cursor + 1 : 0;
	else
		p->cursor = p->cursor ? p->cursor - 1 : p->n;
}

static void draw_match(struct ui *u, const struct action *a, int line, bool is_cursor)
{
	struct term *t = &u->term;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	char keys[KEYS_LIST_MAX];
	int x = 1 + NAME_WIDTH + KEYS_WIDTH;

	term_put(t, line, 0, t->columns, ink, is_cursor ? ">" : "");
	term_put(t, line, 1, NAME_WIDTH, is_cursor ? ink : INK_KEY, a->name);
	term_put(t, line, 1 + NAME_WIDTH, KEYS_WIDTH, is_cursor ? ink : INK_DIM,
		keys_list(a, keys));
	term_put(t, line, x, t->columns - x, ink, a->help);
}

static void above(struct ui *u, int last)
{
	const struct palette *p = &u->palette;
	unsigned room = (unsigned)view_clamp(last / 2, 1, LINES_MAX), page, top, i;
	int line;

	page = p->n < room ? p->n : room;
	top = view_scroll(0, p->cursor < p->n ? p->cursor : 0, page, p->n);
	line = last - (int)page;
	term_rule(&u->term, line++, 0, u->term.columns);
	for (i = top; i < top + page; i++)
		draw_match(u, p->match[i], line++, i == p->cursor);
	if (p->n > page)
		term_putf(&u->term, last - (int)page, 2, 22, INK_DIM, " %u of %u commands ", page,
			p->n);
}

void palette_open(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = ":", .hint = "a command; Tab completes",
		.changed = match, .done = done, .turn = turn, .above = above };

	(void)unused;
	prompt_open(&u->prompt, &ops);
	match(u, "");
}
