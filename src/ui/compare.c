#include "ui/compare.h"

#include <math.h>

#include "base/dict.h"
#include "ui/ui.h"
#include "ui/who.h"

/* Of a terminal with one above the other: eight each, the least portrait's, and the frame's. */
#define LINES_LEAST 20

bool compare_end(struct ui *u)
{
	struct compare_state *c = &u->user.beside;
	bool was_on = c->is_on;

	pane_done(&c->pane);
	*c = (struct compare_state){ 0 };
	return was_on;
}

static void done(struct ui *u, const char *text)
{
	uint32_t user = *text ? who_find(u, text) : DICT_NONE;

	if (!*text) {
		compare_end(u);
	} else if (user == u->user.user) {
		ui_say(u, true, "user \"%s\" is the one shown: type another id", text);
	} else if (user != DICT_NONE) {
		u->user.beside.is_on = true;
		u->user.beside.user = user;
	}
}

void compare_ask(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "compare with user: ", .hint = "an id or a name; none ends it",
		.done = done, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

static bool has_room(const struct ui *u)
{
	return u->term.columns >= UI_WIDE || u->term.lines >= LINES_LEAST;
}

struct box compare_split(const struct ui *u, struct box *b)
{
	struct box second = *b;

	if (!u->user.beside.is_on || !has_room(u))
		return (struct box){ 0 };
	if (u->term.columns >= UI_WIDE) {
		b->columns = second.columns = (b->columns - 1) / 2;
		second.column += second.columns + 1;
	} else {
		b->lines = second.lines = b->lines / 2;
		second.line += second.lines;
	}
	return second;
}

static void rise(struct pane_tops *t, const struct pane *p)
{
	const struct portrait *q = &p->portrait;
	uint32_t i, k;

	for (i = 0; i < q->n_rows; i++)
		for (k = 0; k < q->n_cells; k++)
			t->cell = fmaxf(t->cell, q->row[i].cell[k]);
	for (k = 0; k < q->n_cells; k++)
		t->score = fmaxf(t->score, q->score[k]);
}

/* Cells of the same moments: what the first chose by its data is said to the second. */
static struct pane_window window_of(const struct user_state *s)
{
	const struct portrait *q = &s->pane.portrait;
	struct pane_window w = s->window;

	if (s->pane.is_made)
		w.span_ms = s->pane.span_ms ? s->pane.span_ms : q->cell_ms * q->n_cells;
	return w;
}

void compare_draw(struct ui *u, struct box b)
{
	struct user_state *s = &u->user;
	struct pane_place place = { .cursor = PANE_NO_CURSOR };
	struct pane_window w = window_of(s);
	struct pane_tops tops = { 0 };

	s->pane.tops = tops;
	if (!b.lines)
		return;
	pane_look(&s->beside.pane, u, s->beside.user, &w, b);
	rise(&tops, &s->pane);
	rise(&tops, &s->beside.pane);
	s->pane.tops = s->beside.pane.tops = tops;
	pane_draw(&s->beside.pane, u, b, &place);
	if (b.columns < u->term.columns)
		term_wall(&u->term, b.line, b.column - 1, b.lines);
}

void compare_status(struct ui *u, struct parts *p)
{
	char id[UI_NAME_MAX];

	if (u->user.beside.is_on && !has_room(u))
		parts_add(p, 1, INK_KEY, "more lines show user %s",
			ui_user_id(u, u->user.beside.user, id));
}
