#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "ui/keys.h"
#include "ui/promise.h"
#include "ui/ui.h"
#include "ui/view_users.h"
#include "ui/words.h"

#define ALL_PANES 13    /* the body's least lines to show three panes */
#define CROWDS_MAX 2    /* rows of crowds beside other panes */

static const char *const sort_name[SORT_N] = {
	[SORT_GAINED] = "gained", [SORT_LOST] = "lost", [SORT_NET] = "net", [SORT_NAME] = "name",
};

static struct tables_place *place(struct ui *u)
{
	struct population_state *s = &u->population;

	return s->focus == PANE_FLOWS ? &s->flows
		: s->focus == PANE_CROWDS ? &s->crowds.place : &s->categories;
}

static uint32_t n_rows(const struct ui *u)
{
	const struct population_state *s = &u->population;

	if (!s->tables.is_made)
		return 0;
	return s->focus == PANE_FLOWS ? s->tables.p.n_flows
		: s->focus == PANE_CROWDS ? s->crowds.n : s->tables.p.n_rows;
}

static bool pick_of(const struct ui *u, struct population_pick *ret)
{
	const struct population_state *s = &u->population;

	*ret = (struct population_pick){ .is_flow = s->focus == PANE_FLOWS };
	if (!n_rows(u) || s->focus == PANE_CROWDS)
		return false;
	if (ret->is_flow) {
		ret->from = s->tables.p.flow[s->flows.cursor].from;
		ret->to = s->tables.p.flow[s->flows.cursor].to;
	} else {
		ret->to = s->tables.p.row[s->categories.cursor].category;
	}
	return true;
}

static void draw_summary(struct ui *u, struct box b)
{
	const struct population_state *s = &u->population;
	const struct population *p = &s->tables.p;
	struct parts parts = { .n = 0 };
	char time[UI_TIME_MAX];
	unsigned i;

	parts_add(&parts, 0, INK_TITLE, "POPULATION");
	parts_add(&parts, 0, INK_TEXT, "%u shift%s of %u user%s, %u back", p->shifts,
		p->shifts == 1 ? "" : "s", p->users, p->users == 1 ? "" : "s", p->back);
	parts_add(&parts, 3, INK_DIM, "until %s",
		ui_time(u, s->is_held ? s->tables.o.now_ms : u->snap->data_ms, time));
	for (i = 0; i < TABLES_WINDOWS; i++) {
		bool is_it = i == s->tables.window;
		struct part *part = parts_add(&parts, is_it ? 0 : 1, is_it ? INK_KEY : INK_DIM,
			is_it ? "[%s]" : "%s", tables_window_name[i]);

		part->is_right = i == 0;
		part->gap = i == 0 ? 2 : 1;
	}
	parts_add(&parts, 2, INK_DIM, "by %s", sort_name[s->tables.sort]);
	parts_draw(&parts, &u->term, b.line, b.column, b.columns);
}

static void draw_empty(struct ui *u, struct box b)
{
	const struct snapshot *s = u->snap;
	struct term *t = &u->term;
	unsigned window = u->population.tables.window;
	char n[WORDS_MAX];
	int x = b.column + 2, width = b.columns - 2;

	if (window + 1 < TABLES_WINDOWS)
		term_putf(t, b.line + 1, x, width, INK_TITLE, "No shift in the last %s",
			tables_window_name[window]);
	else
		term_put(t, b.line + 1, x, width, INK_TITLE, "No shift yet");
	term_put(t, b.line + 2, x, width, INK_TEXT,
		"A shift is an alert: a user went from one category to another.");
	if (s->n_alerts && window + 1 == TABLES_WINDOWS)
		term_putf(t, b.line + 4, x, width, INK_TEXT,
			"Of %s alert%s so far none says so: LIVE (F4) has them.",
			words_count(s->n_alerts, n), s->n_alerts == 1 ? "" : "s");
	else if (s->n_alerts)
		term_putf(t, b.line + 4, x, width, INK_TEXT,
			"%s alert%s so far lie before: w looks further back.",
			words_count(s->n_alerts, n), s->n_alerts == 1 ? "" : "s");
	else if (!s->live && s->n_alerts_total)
		term_putf(t, b.line + 4, x, width, INK_TEXT,
			"The log has %s, later: ] goes to the first.",
			words_count(s->n_alerts_total, n));
	else
		term_putf(t, b.line + 4, x, width, INK_TEXT,
			"%s users are watched: LIVE (F4) says what an alert needs.",
			words_count(s->users, n));
}

static void draw_pane(struct ui *u, enum population_pane pane, struct box b)
{
	struct population_state *s = &u->population;

	s->categories.has_focus = s->focus == pane;
	s->flows.has_focus = s->focus == PANE_FLOWS;
	s->crowds.place.has_focus = s->focus == PANE_CROWDS;
	if (pane == PANE_CATEGORIES)
		tables_categories(&s->tables, u, b, &s->categories);
	else if (pane == PANE_FLOWS)
		tables_flows(&s->tables, u, b, &s->flows);
	else if (pane == PANE_CROWDS)
		crowd_table_draw(&s->crowds, u, b);
	else
		tables_hours(&s->tables, u, b, &s->categories);
}

/* Crowds, if there are any, take a few lines from the list above them. */
static void draw_crowds(struct ui *u, struct box *list)
{
	struct box crowds = *list;
	int n = (int)u->population.crowds.n;

	if (!n)
		return;
	crowds.lines = 1 + (n < CROWDS_MAX ? n : CROWDS_MAX);
	list->lines -= crowds.lines;
	crowds.line += list->lines;
	draw_pane(u, PANE_CROWDS, crowds);
}

/* Categories get what is left when the others have a quarter and a third. */
static void draw_narrow(struct ui *u, struct box b)
{
	struct box flows = b, hours = b, list = b;

	flows.lines = b.lines / 4;
	hours.lines = b.lines / 3;
	list.lines = b.lines - flows.lines - hours.lines;
	flows.line = b.line + list.lines;
	hours.line = flows.line + flows.lines;
	draw_crowds(u, &list);
	draw_pane(u, PANE_CATEGORIES, list);
	draw_pane(u, PANE_FLOWS, flows);
	draw_pane(u, PANE_HOURS, hours);
}

static void draw_wide(struct ui *u, struct box b)
{
	struct box list = b, flows = b, matrix = b, hours = b;
	struct population_pick pick;

	list.columns = flows.columns = b.columns / 2 - 2;
	matrix.column = hours.column = b.columns / 2 + 1;
	matrix.columns = hours.columns = b.columns - matrix.column;
	list.lines = b.lines * 3 / 5;
	flows.line = list.line + list.lines;
	flows.lines = b.lines - list.lines;
	matrix.lines = b.lines / 2 < 18 ? b.lines / 2 : 18;
	hours.line = matrix.line + matrix.lines;
	hours.lines = b.lines - matrix.lines;
	draw_crowds(u, &list);
	draw_pane(u, PANE_CATEGORIES, list);
	draw_pane(u, PANE_FLOWS, flows);
	term_wall(&u->term, b.line, b.columns / 2 - 1, b.lines);
	pick_of(u, &pick);
	tables_matrix(&u->population.tables, u, matrix, &pick);
	draw_pane(u, PANE_HOURS, hours);
}

static void draw(struct ui *u, struct box b)
{
	struct population_state *s = &u->population;
	struct box body = { b.line + 1, b.column, b.lines - 1, b.columns };
	bool is_one = s->is_zoomed || body.lines < ALL_PANES;
	bool is_wide = b.columns >= UI_WIDE && !is_one;

	tables_choose(u);
	if (!tables_look(&s->tables, u, tables_cells(u, is_wide ? b.columns / 2 - 2 : b.columns),
		    s->is_held)) {
		term_put(&u->term, b.line, b.column, b.columns, INK_ERROR,
			"out of memory: the alerts could not be counted");
		return;
	}
	if (!crowd_table_look(&s->crowds, u, &s->tables.o))
		ui_say(u, true, "out of memory: crowds are not shown");
	if (s->focus == PANE_CROWDS && !s->crowds.n)
		s->focus = PANE_CATEGORIES;
	if (s->tables.o.n_alerts > u->snap->n_alerts || !s->tables.p.n_rows)
		s->is_held = false;
	if (!s->is_held)
		place(u)->cursor = 0;
	draw_summary(u, b);
	if (!s->tables.p.n_flows)
		draw_empty(u, body);
	else if (is_one)
		draw_pane(u, s->focus, body);
	else if (is_wide)
		draw_wide(u, body);
	else
		draw_narrow(u, body);
}

static void follow(struct ui *u, bool on)
{
	struct population_state *s = &u->population;

	s->is_held = !on && s->tables.is_made;
	if (on)
		s->categories.cursor = s->flows.cursor = s->crowds.place.cursor = 0;
}

static void move(struct ui *u, enum move how)
{
	struct tables_place *at = place(u);
	uint32_t n = n_rows(u);

	if (!n)
		return;
	follow(u, false);
	at->cursor = view_step(how, at->cursor, (unsigned)at->page, n);
}

static bool is_held(const struct ui *u)
{
	return u->population.is_held;
}

/* Another order keeps the category under the cursor, as long as the view is held. */
static void sort(struct ui *u)
{
	struct population_state *s = &u->population;

	s->tables.sort = (s->tables.sort + 1) % SORT_N;
	s->categories.cursor = s->categories.top = 0;
	ui_say(u, false, "categories by %s", sort_name[s->tables.sort]);
}

static void adjust(struct ui *u, enum adjust what)
{
	struct population_state *s = &u->population;
	unsigned step = what == ADJUST_WIDER ? 1 : TABLES_WINDOWS - 1;

	switch (what) {
	case ADJUST_SORT:
		sort(u);
		break;
	case ADJUST_PANE:
		s->focus = (s->focus + 1) % (s->crowds.n ? PANE_N : PANE_CROWDS);
		break;
	case ADJUST_ZOOM:
		s->is_zoomed = !s->is_zoomed;
		break;
	default:
		s->tables.window = (tables_choose(u) + step) % TABLES_WINDOWS;
		follow(u, true);
		/* The next key may come before the next paint. */
		tables_look(&s->tables, u, tables_cells(u, u->term.columns), false);
	}
}

static void open_users(struct ui *u)
{
	const struct population_state *s = &u->population;
	struct population_pick pick;

	if (s->focus == PANE_CROWDS && s->crowds.n) {
		follow(u, false);
		users_open_crowd(u, &s->crowds.crowds,
			crowd_table_row(&s->crowds, s->crowds.place.cursor));
		return;
	}
	if (!pick_of(u, &pick))
		return;
	follow(u, false);
	users_open(u, &pick, &u->population.tables.o);
}

static bool has_name(const struct ui *u, uint32_t category, const char *needle)
{
	char name[UI_NAME_MAX];

	return strcasestr(ui_category(u, category, name), needle)
		|| strcasestr(ui_category_id(u, category, name), needle);
}

static bool matches(const struct ui *u, uint32_t row, const char *needle)
{
	const struct population_state *s = &u->population;
	const struct population *p = &s->tables.p;

	if (s->focus == PANE_CROWDS)
		return has_name(u, crowd_table_row(&s->crowds, row)->category, needle);
	if (s->focus == PANE_FLOWS)
		return has_name(u, p->flow[row].from, needle)
			|| has_name(u, p->flow[row].to, needle);
	return has_name(u, p->row[row].category, needle);
}

/* From a row down the list, or up, round the end once. False: none matches. */
static bool go_to_match(struct ui *u, uint32_t row, int direction)
{
	uint32_t n = n_rows(u), i;

	for (i = 0; i < n; i++, row = (row + (direction > 0 ? 1 : n - 1)) % n)
		if (matches(u, row, u->population.needle)) {
			place(u)->cursor = row;
			return true;
		}
	return false;
}

static void find_changed(struct ui *u, const char *text)
{
	struct population_state *s = &u->population;

	*place(u) = s->before_find;
	snprintf(s->needle, sizeof s->needle, "%s", text);
	if (*text)
		go_to_match(u, s->before_find.cursor, 1);
}

static void tell_none(struct ui *u)
{
	ui_say(u, true, "no row here has \"%s\" in a category", u->population.needle);
}

static void find_done(struct ui *u, const char *text)
{
	if (!*text || (n_rows(u) && matches(u, place(u)->cursor, text)))
		return;
	tell_none(u);
}

static void find_cancelled(struct ui *u)
{
	struct population_state *s = &u->population;

	*place(u) = s->before_find;
	s->is_held = s->was_held;
	s->needle[0] = 0;
}

static void find(struct ui *u)
{
	static const struct prompt_ops ops = { .label = "find: ", .hint = "part of a category",
		.changed = find_changed, .done = find_done, .cancelled = find_cancelled };
	struct population_state *s = &u->population;

	s->before_find = *place(u);
	s->was_held = s->is_held;
	follow(u, false);
	prompt_open(&u->prompt, &ops);
}

static void find_again(struct ui *u, int direction)
{
	uint32_t n = n_rows(u);

	if (!direction) {
		u->population.needle[0] = 0;
		return;
	}
	if (!n)
		return;
	follow(u, false);
	if (!go_to_match(u, (place(u)->cursor + (direction > 0 ? 1 : n - 1)) % n, direction))
		tell_none(u);
}

static void status(struct ui *u, struct parts *p)
{
	const struct population_state *s = &u->population;
	uint32_t newer = u->snap->n_alerts - s->tables.o.n_alerts;
	char time[UI_TIME_MAX];

	if (s->is_held && newer)
		parts_add(p, 0, INK_KEY, "HELD at %s: %u newer alert%s waiting, G to follow",
			ui_time(u, s->tables.o.now_ms, time), newer, newer == 1 ? "" : "s");
	else if (s->is_held)
		parts_add(p, 0, INK_KEY, "HELD at %s: G to follow",
			ui_time(u, s->tables.o.now_ms, time));
	if (s->needle[0])
		parts_add(p, 2, INK_TEXT, "find \"%s\"", s->needle);
	promise_add(u, p, 4);
}

static void done(struct ui *u)
{
	tables_done(&u->population.tables);
	crowd_table_done(&u->population.crowds);
}

const struct view view_population = {
	.bit = IN_POPULATION, .is_framed = true, .draw = draw, .move = move, .follow = follow,
	.is_held = is_held, .enter = open_users, .adjust = adjust, .find = find,
	.find_again = find_again, .status = status, .done = done,
};
