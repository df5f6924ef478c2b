#include "ui/strip.h"

#include "ui/stages.h"
#include "ui/ui.h"
#include "ui/view_users.h"

#define LINES_LEAST 36  /* of the terminal, to have the strip below the list */
#define STRIP_MIN 9     /* lines: a rule, heads, five stages, two charts */
#define STRIP_MAX 14

static struct strip_state *state(struct ui *u)
{
	return &u->live.strip;
}

bool strip_is_shown(const struct ui *u)
{
	return u->term.columns >= UI_WIDE && ui_is_loaded(u) && list_n(u);
}

static bool has_low(const struct ui *u)
{
	return strip_is_shown(u) && u->term.lines >= LINES_LEAST;
}

/* What had it gets it back when there is room again. */
static enum strip_pane focus_of(const struct ui *u)
{
	enum strip_pane focus = u->live.strip.focus;

	return (focus > STRIP_USER ? has_low(u) : strip_is_shown(u)) ? focus : STRIP_LIST;
}

/* A name in letters too: colours and reverse video are not everywhere. */
static void put_name(struct ui *u, enum strip_pane pane, int line, int column, const char *name)
{
	bool has_focus = focus_of(u) == pane;
	char text[80];

	snprintf(text, sizeof text, "%c%s ", has_focus ? '>' : ' ', name);
	term_put(&u->term, line, column, term_width(&u->term, text),
		has_focus ? INK_CURSOR : INK_HEAD, text);
}

/* The user */

static struct alert_place {
	uint32_t alert;
	const struct finding *f;
} selected(struct ui *u)
{
	uint32_t alert = u->live.list.cursor;

	return (struct alert_place){ alert, &feed_alert(u->feed, alert)->f };
}

/* Focused, it begins at the event of the alert that the list is at. */
static uint32_t cursor_row(struct ui *u, const struct portrait *q)
{
	struct strip_state *s = state(u);
	struct alert_place at = selected(u);

	if (s->alert != at.alert || s->index >= q->n_events)
		s->index = pane_index(q, at.f->time_ms);
	s->alert = at.alert;
	return u->live.list.is_held ? q->n_events - 1 - s->index : 0;
}

static void draw_user(struct ui *u, struct box b)
{
	struct strip_state *s = state(u);
	struct pane *p = &u->live.pane;
	struct pane_place unfocused = { .cursor = PANE_NO_CURSOR };
	bool has_focus = focus_of(u) == STRIP_USER;

	term_wall(&u->term, b.line, b.column, b.lines);
	if (has_focus)
		term_put(&u->term, b.line, b.column + 1, 1, INK_CURSOR, ">");
	b.column += 2;
	b.columns -= 2;
	pane_look(p, u, selected(u).f->user, &(struct pane_window){ 0 }, b);
	if (has_focus && p->is_made)
		s->events.cursor = cursor_row(u, &p->portrait);
	pane_draw(p, u, b, has_focus && p->is_made ? &s->events : &unfocused);
}

static void move_events(struct ui *u, enum move how)
{
	struct strip_state *s = state(u);
	const struct pane *p = &u->live.pane;
	uint32_t n = p->is_made ? p->portrait.n_events : 0;

	if (n)
		s->index = n - 1 - view_step(how, s->events.cursor, (unsigned)p->page, n);
}

static void open_user(struct ui *u)
{
	const struct strip_state *s = state(u);
	const struct pane *p = &u->live.pane;

	ui_show_alert(u, selected(u).alert);
	if (p->is_made && s->alert == selected(u).alert && s->index < p->portrait.n_events) {
		u->user.wanted_ms = p->portrait.event[s->index].time_ms;
		u->user.place.alert = 0;
	}
}

/* Categories and ways */

static bool look(struct ui *u, uint32_t n_cells)
{
	struct tables *t = &state(u)->tables;

	t->window = tables_choose(u);
	return tables_look(t, u, n_cells, u->live.list.is_held && t->is_made);
}

static void draw_none(struct ui *u, struct box b)
{
	const struct tables *t = &state(u)->tables;

	if (t->window + 1 < TABLES_WINDOWS)
		term_putf(&u->term, b.line + 1, b.column + 1, b.columns - 1, INK_TEXT,
			"No shift in the last %s: F5, and w there, look further back.",
			tables_window_name[t->window]);
	else
		term_put(&u->term, b.line + 1, b.column + 1, b.columns - 1, INK_TEXT,
			"No shift yet: no alert was of a change of interest.");
}

static void draw_categories(struct ui *u, struct box b)
{
	struct strip_state *s = state(u);
	char name[80];

	snprintf(name, sizeof name, "BY CATEGORY %s, most gained first",
		tables_window_name[s->tables.window]);
	put_name(u, STRIP_CATEGORIES, b.line - 1, b.column, name);
	s->categories.has_focus = focus_of(u) == STRIP_CATEGORIES;
	if (s->tables.p.n_flows)
		tables_categories(&s->tables, u, b, &s->categories);
	else
		draw_none(u, b);
}

static void draw_last(struct ui *u, struct box b)
{
	struct strip_state *s = state(u);
	int used;

	put_name(u, STRIP_LAST, b.line - 1, b.column - 1, u->snap->live ? "PIPELINE" : "WAYS");
	s->ways.has_focus = focus_of(u) == STRIP_LAST;
	if (!u->snap->live && s->tables.p.n_flows)
		tables_flows(&s->tables, u, b, &s->ways);
	if (!u->snap->live)
		return;
	used = stages_draw(u, b, true);
	b.line += used;
	b.lines -= used;
	stages_charts(u, b);
}

static void draw_low(struct ui *u, struct box b)
{
	struct strip_state *s = state(u);
	struct box left = { b.line + 1, b.column, b.lines - 1, b.columns / 2 - 1 }, right = left;

	right.column = b.columns / 2 + 2;
	right.columns = b.columns - right.column;
	if (!look(u, tables_cells(u, left.columns))) {
		term_put(&u->term, b.line, b.column, b.columns, INK_ERROR,
			"out of memory: the alerts could not be counted");
		return;
	}
	if (!u->live.list.is_held)
		s->categories.cursor = s->ways.cursor = 0;
	term_rule(&u->term, b.line, b.column, b.columns);
	term_wall(&u->term, b.line + 1, b.columns / 2, b.lines - 1);
	draw_categories(u, left);
	draw_last(u, right);
}

static void open_category(struct ui *u)
{
	const struct strip_state *s = state(u);
	const struct population *p = &s->tables.p;
	struct population_pick pick = { .is_flow = s->focus == STRIP_LAST };

	if (pick.is_flow ? s->ways.cursor >= p->n_flows : s->categories.cursor >= p->n_rows)
		return;
	if (pick.is_flow) {
		pick.from = p->flow[s->ways.cursor].from;
		pick.to = p->flow[s->ways.cursor].to;
	} else {
		pick.to = p->row[s->categories.cursor].category;
	}
	view_live.follow(u, false);
	users_open(u, &pick, &s->tables.o);
}

/* All */

struct box strip_draw(struct ui *u, struct box b)
{
	struct box side = b;
	int low = view_clamp(b.lines / 5, STRIP_MIN, STRIP_MAX);

	if (!strip_is_shown(u) || state(u)->is_zoomed)
		return b;
	if (has_low(u)) {
		b.lines = side.lines -= low;
		draw_low(u, (struct box){ b.line + b.lines, b.column, low, b.columns });
	}
	side.column = b.columns / 2;
	side.columns = b.columns - side.column;
	draw_user(u, side);
	b.columns = side.column - 1;
	return b;
}

void strip_mark_list(struct ui *u, int line)
{
	if (strip_is_shown(u) && focus_of(u) == STRIP_LIST)
		term_put(&u->term, line, 0, 1, INK_CURSOR, ">");
}

bool strip_move(struct ui *u, enum move how)
{
	struct strip_state *s = state(u);
	enum strip_pane focus = focus_of(u);
	struct tables_place *at = focus == STRIP_LAST ? &s->ways : &s->categories;
	uint32_t n = focus == STRIP_LAST ? s->tables.p.n_flows : s->tables.p.n_rows;

	if (focus == STRIP_LIST)
		return false;
	if (focus == STRIP_LAST && u->snap->live)
		return true;
	view_live.follow(u, false);
	if (focus == STRIP_USER)
		move_events(u, how);
	else if (n)
		at->cursor = view_step(how, at->cursor, (unsigned)at->page, n);
	return true;
}

bool strip_enter(struct ui *u)
{
	enum strip_pane focus = focus_of(u);

	if (focus == STRIP_USER)
		open_user(u);
	else if (focus == STRIP_LAST && u->snap->live)
		ui_show(u, VIEW_SYSTEM);
	else if (focus != STRIP_LIST)
		open_category(u);
	return focus != STRIP_LIST;
}

static void zoom(struct ui *u)
{
	enum strip_pane focus = focus_of(u);

	if (focus == STRIP_LIST) {
		state(u)->is_zoomed = !state(u)->is_zoomed;
	} else if (focus == STRIP_CATEGORIES || (focus == STRIP_LAST && !u->snap->live)) {
		u->population.focus = focus == STRIP_LAST ? PANE_FLOWS : PANE_CATEGORIES;
		ui_go(u, VIEW_POPULATION);
	} else {
		strip_enter(u);
	}
}

void strip_adjust(struct ui *u, enum adjust what)
{
	struct strip_state *s = state(u);
	unsigned n = has_low(u) ? STRIP_N : STRIP_USER + 1;

	if (what == ADJUST_ZOOM) {
		zoom(u);
		return;
	}
	s->is_zoomed = false;
	s->focus = (focus_of(u) + 1) % n;
	s->alert = UINT32_MAX;
}

void strip_status(const struct ui *u, struct parts *p)
{
	static const char *const name[STRIP_N] = { [STRIP_USER] = "USER",
		[STRIP_CATEGORIES] = "BY CATEGORY", [STRIP_LAST] = "WAYS" };
	enum strip_pane focus = focus_of(u);

	if (focus == STRIP_LIST)
		return;
	parts_add(p, 1, INK_KEY, "in %s",
		focus == STRIP_LAST && u->snap->live ? "PIPELINE" : name[focus]);
}

void strip_done(struct ui *u)
{
	tables_done(&state(u)->tables);
}
