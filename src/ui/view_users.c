#include "ui/view_users.h"

#include "base/dict.h"
#include "base/mem.h"
#include "ui/crowd_row.h"
#include "ui/keys.h"
#include "ui/row.h"
#include "ui/ui.h"
#include "ui/words.h"

static struct population_options as_of_now(const struct ui *u)
{
	struct population_options o = u->users.o;

	o.n_alerts = u->snap->n_alerts;
	o.now_ms = u->snap->data_ms;
	o.span = population_span(tables_window[u->population.tables.window], o.span.n_cells,
		u->snap->first_ms, o.now_ms);
	return o;
}

/* The same crowd among the alerts there are now: one of that category and time. */
static const struct crowd *find_crowd(struct ui *u)
{
	struct users_state *s = &u->users;
	uint32_t i;

	if (!fold_sync(u, &s->crowds, u->snap->n_alerts))
		return NULL;
	for (i = 0; i < s->crowds.n; i++) {
		const struct crowd *c = &s->crowds.crowd[i];

		if (c->category == s->crowd.category && c->side == s->crowd.side
				&& c->since_ms <= s->crowd.until_ms
				&& c->until_ms >= s->crowd.since_ms)
			return c;
	}
	return NULL;
}

/* Newest first. */
static bool list_crowd(struct ui *u, const struct crowds *from, const struct crowd *crowd)
{
	struct users_state *s = &u->users;
	uint32_t i;

	s->alert = mem_get(crowd->alerts + 1ul, sizeof *s->alert);
	if (!s->alert)
		return false;
	crowds_members(from, crowd, s->alert);
	for (i = 0; i < crowd->alerts / 2; i++) {
		uint32_t other = s->alert[i];

		s->alert[i] = s->alert[crowd->alerts - 1 - i];
		s->alert[crowd->alerts - 1 - i] = other;
	}
	s->n = crowd->alerts;
	s->crowd = *crowd;
	return true;
}

static bool make_list(struct ui *u)
{
	struct users_state *s = &u->users;
	const struct crowd *crowd;

	mem_free(s->alert);
	s->alert = NULL;
	s->n = 0;
	if (!s->is_crowd)
		return population_users(u->feed, &s->o, &s->pick, &s->alert, &s->n) == 0;
	crowd = find_crowd(u);
	return !crowd || list_crowd(u, &s->crowds, crowd);
}

/* Held from the start: the table that it was opened from was. */
static bool make(struct ui *u)
{
	struct users_state *s = &u->users;

	if (!s->is_held)
		s->o = as_of_now(u);
	if (!s->is_held || !s->is_made)
		s->is_made = make_list(u);
	if (!s->is_held || s->cursor >= s->n)
		s->cursor = 0;
	return s->is_made;
}

static void draw_crowd_title(struct ui *u, struct box b)
{
	const struct crowd *c = &u->users.crowd;
	struct parts parts = { .n = 0 };
	char pair[CROWD_NAME_MAX], since[UI_TIME_MAX], last[UI_TIME_MAX];

	parts_add(&parts, 0, INK_TITLE, "CROWD %s",
		ui_brief(crowd_pair(u, c, pair), 40));
	parts_add(&parts, 1, INK_TEXT, "%u users, %u alerts", c->users, c->alerts);
	parts_add(&parts, 2, INK_DIM, "%s to %s", ui_time(u, c->since_ms, since),
		ui_time(u, c->last_ms, last))->is_right = true;
	parts_draw(&parts, &u->term, b.line, b.column, b.columns);
}

static void draw_title(struct ui *u, struct box b)
{
	const struct users_state *s = &u->users;
	struct parts parts = { .n = 0 };
	char from[UI_NAME_MAX], to[UI_NAME_MAX], n[WORDS_MAX], time[UI_TIME_MAX];

	ui_category(u, s->pick.to, to);
	if (s->pick.is_flow)
		parts_add(&parts, 0, INK_TITLE, "FROM %s TO %s",
			ui_brief(ui_category(u, s->pick.from, from), 28), ui_brief(to, 28));
	else
		parts_add(&parts, 0, INK_TITLE, "TO OR FROM %s", ui_brief(to, 40));
	parts_add(&parts, 1, INK_TEXT, "%s user%s", words_count(s->n, n),
		s->n == 1 ? "" : "s");
	parts_add(&parts, 2, INK_DIM, "window %s, until %s",
		tables_window_name[u->population.tables.window],
		ui_time(u, s->o.now_ms, time))->is_right = true;
	parts_draw(&parts, &u->term, b.line, b.column, b.columns);
}

static void draw(struct ui *u, struct box b)
{
	struct users_state *s = &u->users;
	struct row_plan g = row_plan(u, b.columns);
	int row;

	if (!make(u)) {
		term_put(&u->term, b.line, b.column, b.columns, INK_ERROR,
			"out of memory: the users could not be listed");
		return;
	}
	if (s->is_crowd)
		draw_crowd_title(u, b);
	else
		draw_title(u, b);
	row_heads(u, &g, b.line + 1);
	s->page = b.lines - 2;
	s->top = view_scroll(s->top, s->cursor, (unsigned)s->page, s->n);
	for (row = 0; row < s->page && s->top + (uint32_t)row < s->n; row++)
		row_draw(u, &g, s->alert[s->top + (uint32_t)row], b.line + 2 + row,
			s->top + (uint32_t)row == s->cursor);
}

/* Of a replay that went back some may not have come yet: then the list goes with the clock again.
 */
static void look(struct ui *u)
{
	struct users_state *s = &u->users;

	if (s->o.n_alerts > u->snap->n_alerts) {
		s->is_held = s->is_made = false;
		s->n = 0;
	}
}

static void follow(struct ui *u, bool on)
{
	u->users.is_held = !on;
}

static void move(struct ui *u, enum move how)
{
	struct users_state *s = &u->users;

	if (!s->n)
		return;
	s->is_held = true;
	s->cursor = view_step(how, s->cursor, (unsigned)s->page, s->n);
}

static bool is_held(const struct ui *u)
{
	return u->users.is_held;
}

static void open_user(struct ui *u)
{
	if (!u->users.n)
		return;
	u->users.is_held = true;
	ui_show_alert(u, u->users.alert[u->users.cursor]);
}

void users_open(struct ui *u, const struct population_pick *pick,
	const struct population_options *o)
{
	u->users.pick = *pick;
	u->users.o = *o;
	u->users.is_held = true;
	u->users.is_crowd = u->users.is_made = false;
	u->users.cursor = u->users.top = 0;
	ui_go(u, VIEW_USERS);
}

void users_open_crowd(struct ui *u, const struct crowds *from, const struct crowd *crowd)
{
	struct users_state *s = &u->users;

	mem_free(s->alert);
	s->alert = NULL;
	s->n = 0;
	s->is_crowd = s->is_held = true;
	s->is_made = list_crowd(u, from, crowd);
	s->o = (struct population_options){ .n_alerts = from->n_alerts,
		.now_ms = feed_alert(u->feed, from->n_alerts - 1)->f.time_ms };
	s->cursor = s->top = 0;
	ui_go(u, VIEW_USERS);
}

static void status(struct ui *u, struct parts *p)
{
	uint32_t newer = u->snap->n_alerts - u->users.o.n_alerts;
	char time[UI_TIME_MAX];

	if (u->users.is_held && newer)
		parts_add(p, 0, INK_KEY, "HELD at %s: %u newer alert%s of all, G to follow",
			ui_time(u, u->users.o.now_ms, time), newer, newer == 1 ? "" : "s");
	else if (u->users.is_held)
		parts_add(p, 0, INK_KEY, "HELD at %s: G to follow",
			ui_time(u, u->users.o.now_ms, time));
}

static void done(struct ui *u)
{
	mem_free(u->users.alert);
	crowds_done(&u->users.crowds);
}

const struct view view_users = {
	.bit = IN_USERS, .is_framed = true, .look = look, .draw = draw, .move = move,
	.follow = follow, .is_held = is_held, .enter = open_user, .status = status, .done = done,
};
