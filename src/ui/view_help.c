#include <stdio.h>
#include <string.h>

#include "ui/keys.h"
#include "ui/ui.h"

#define KEYS_WIDTH 16
#define VIEWS_WIDTH 16

static const char *const legend[] = {
	"What the signs mean",
	"  !! severe   ! high   . low: how rarely chance alone does it",
	"  A > B       interest went from A to B; N: which of this user's alerts it is",
	"  NOW, BASE   share of interest since the change, and before it",
	"  HELD        the list stands, data flows on; PAUSED: the replay clock stands",
	"  [==!=O--:-] past, an alert, the clock, to come, a low alert",
};
#define N_LEGEND (sizeof legend / sizeof *legend)

/* Rows are made in order; those of the page are drawn. */
struct page {
	struct ui *u;
	struct box b;
	unsigned row;
};

static int line_of(struct page *p)
{
	unsigned row = p->row++;

	if (row < p->u->help.top || row - p->u->help.top >= (unsigned)p->b.lines)
		return -1;
	return p->b.line + (int)(row - p->u->help.top);
}

static void draw_action(struct page *p, const struct action *a)
{
	char keys[KEYS_LIST_MAX], views[KEYS_VIEWS_MAX];
	struct term *t = &p->u->term;
	int line = line_of(p), x = p->b.column;

	term_put(t, line, x + 1, KEYS_WIDTH, INK_KEY, keys_list(a, keys));
	term_put(t, line, x + 1 + KEYS_WIDTH, VIEWS_WIDTH, INK_DIM,
		__builtin_popcount(a->views) > 3 ? "" : keys_views(a->views, views));
	term_put(t, line, x + 1 + KEYS_WIDTH + VIEWS_WIDTH,
		p->b.columns - 1 - KEYS_WIDTH - VIEWS_WIDTH, INK_TEXT, a->help);
}

/* What this kind of feed never offers is left out. */
static bool is_for(const struct ui *u, const struct action *a)
{
	return !(a->when & (u->snap->live ? WHEN_REPLAY : WHEN_LIVE))
		&& !(a->when & (u->snap->twin.is_on ? WHEN_NO_TWIN : WHEN_TWIN));
}

/* Where the keys of the view below this help go. */
static unsigned place_below(const struct ui *u)
{
	const struct view *v = view_table[u->depth ? u->below[u->depth - 1] : VIEW_LIVE];

	return v->bit == IN_SQL ? IN_SQL | IN_EDIT : v->bit;
}

/* Those of the view that help was asked in, or all others. */
static void draw_actions(struct page *p, bool is_here)
{
	const struct action *a;
	const char *group = "";
	unsigned i;

	for (i = 0; (a = keys_row(p->u->options->keymap, i)); i++) {
		if (!is_for(p->u, a) || is_here != !!(a->views & place_below(p->u)))
			continue;
		if (strcmp(group, a->group) != 0)
			term_put(&p->u->term, line_of(p), p->b.column, p->b.columns, INK_HEAD,
				a->group);
		group = a->group;
		draw_action(p, a);
	}
}

static void draw(struct ui *u, struct box all)
{
	struct box body = { all.line + 1, all.column, all.lines - 2, all.columns };
	struct page p = { .u = u, .b = body };
	struct parts title = { .n = 0 }, foot = { .n = 0 };
	unsigned i;

	u->help.page = (unsigned)body.lines;
	u->help.top = view_scroll(u->help.top, u->help.top, u->help.page, u->help.n_rows);
	draw_actions(&p, true);
	term_put(&u->term, line_of(&p), body.column, body.columns, INK_TEXT, "");
	term_put(&u->term, line_of(&p), body.column, body.columns, INK_TITLE, "In other views");
	draw_actions(&p, false);
	for (i = 0; i < N_LEGEND; i++)
		term_put(&u->term, line_of(&p), body.column, body.columns, i ? INK_TEXT : INK_HEAD,
			legend[i]);
	u->help.n_rows = p.row;
	parts_add(&title, 0, INK_TITLE, "veer HELP");
	if (p.row > u->help.page) {
		unsigned last = u->help.top + u->help.page;
		struct part *part = parts_add(&title, 1, INK_DIM, "lines %u to %u of %u",
			u->help.top + 1, last < p.row ? last : p.row, p.row);

		part->is_right = true;
	}
	parts_draw(&title, &u->term, all.line, all.column, all.columns);
	keys_footer(u->options->keymap, &foot, IN_HELP, ui_state(u));
	parts_draw(&foot, &u->term, all.line + all.lines - 1, all.column, all.columns);
}

static void move(struct ui *u, enum move how)
{
	struct help_state *h = &u->help;
	unsigned last = h->n_rows > h->page ? h->n_rows - h->page : 0;

	h->top = view_step(how, h->top, h->page, last + 1);
}

const struct view view_help = { .bit = IN_HELP, .draw = draw, .move = move };
