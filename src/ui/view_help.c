#include <stdio.h>
#include <string.h>

#include "ui/keys.h"
#include "ui/ui.h"

#define KEYS_WIDTH 18
#define VIEWS_WIDTH 12

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

/* In words; where it is nearly everywhere, nothing. */
static void views_of(unsigned views, char *buf, size_t n)
{
	static const struct { unsigned bit; const char *name; } in[] = {
		{ IN_PROMPT, "prompt" }, { IN_LIVE, "LIVE" }, { IN_USER, "USER" },
		{ IN_POPULATION, "POPUL." }, { IN_USERS, "USERS" }, { IN_HELP, "HELP" },
	};
	size_t i, len = 0;

	*buf = 0;
	if ((views & IN_LISTS) == IN_LISTS)
		return;
	for (i = 0; i < sizeof in / sizeof *in && len < n; i++)
		if (views & in[i].bit)
			len += (size_t)snprintf(buf + len, n - len, "%s%s", len ? " " : "",
				in[i].name);
}

static void draw_action(struct page *p, const struct action *a)
{
	char keys[KEYS_MAX * (KEY_NAME_MAX + 1) + 1] = "", name[KEY_NAME_MAX], views[24];
	struct term *t = &p->u->term;
	int line = line_of(p), x = p->b.column;
	unsigned i;

	for (i = 0; i < KEYS_MAX && a->key[i]; i++) {
		if (i)
			strcat(keys, " ");
		strcat(keys, key_name(a->key[i], name));
	}
	views_of(a->views, views, sizeof views);
	term_put(t, line, x + 1, KEYS_WIDTH, INK_KEY, keys);
	term_put(t, line, x + 1 + KEYS_WIDTH, VIEWS_WIDTH, INK_DIM,
		views);
	term_put(t, line, x + 1 + KEYS_WIDTH + VIEWS_WIDTH,
		p->b.columns - 1 - KEYS_WIDTH - VIEWS_WIDTH, INK_TEXT, a->help);
}

/* What this kind of feed never offers is left out. */
static bool is_for(const struct ui *u, const struct action *a)
{
	return !(a->when & (u->snap->live ? WHEN_REPLAY : WHEN_LIVE));
}

static void draw_actions(struct page *p)
{
	const struct action *a;
	const char *group = "";
	unsigned i;

	for (i = 0; (a = keys_row(i)); i++) {
		if (!is_for(p->u, a))
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
	draw_actions(&p);
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
	keys_footer(&foot, IN_HELP, ui_state(u));
	parts_draw(&foot, &u->term, all.line + all.lines - 1, all.column, all.columns);
}

static void move(struct ui *u, enum move how)
{
	struct help_state *h = &u->help;
	unsigned last = h->n_rows > h->page ? h->n_rows - h->page : 0;

	h->top = view_step(how, h->top, h->page, last + 1);
}

const struct view view_help = { .bit = IN_HELP, .draw = draw, .move = move };
