#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "ui/compare.h"
#include "ui/keys.h"
#include "ui/ui.h"
#include "ui/words.h"

static uint32_t n_events(const struct ui *u)
{
	return u->user.pane.is_made ? u->user.pane.portrait.n_events : 0;
}

/* When the user is first seen, in a replay that is not there yet; INT64_MAX: never. */
static int64_t first_seen(struct ui *u)
{
	struct event *ev = NULL;
	struct err e = { 0 };
	uint32_t n = 0;
	int64_t first_ms = INT64_MAX;

	if (!u->snap->live && feed_user(u->feed, u->user.user, u->snap->last_ms, &ev, &n, &e) == 0
	    && n)
		first_ms = ev[0].time_ms;
	mem_free(ev);
	return first_ms;
}

/* Below what the pane says of it. */
static void draw_empty(struct ui *u, struct box b)
{
	int64_t first_ms = first_seen(u);
	int x = b.column + 1, width = b.columns - 1, line = b.line + 3;
	char time[UI_TIME_MAX];

	if (first_ms != INT64_MAX)
		term_putf(&u->term, line, x, width, INK_TEXT,
			"The first one comes at %s: } goes there, ` to the end of the log.",
			ui_time(u, first_ms, time));
	else if (u->snap->live)
		term_put(&u->term, line, x, width, INK_TEXT, "The next one is shown as it comes; "
			"those of before are kept as long as --retain says.");
	else
		term_put(&u->term, line, x, width, INK_TEXT,
			"None is in the whole log: / asks for another user, q goes back.");
}

static void draw(struct ui *u, struct box b)
{
	struct user_state *s = &u->user;
	struct box beside = compare_split(u, &b);
	uint32_t n;

	pane_look(&s->pane, u, s->user, &s->window, b);
	n = n_events(u);
	if (s->wanted_ms != INT64_MIN && n)
		s->index = pane_index(&s->pane.portrait, s->wanted_ms);
	s->wanted_ms = INT64_MIN;
	if (s->index >= n)
		s->is_held = false;
	s->place.cursor = s->is_held ? n - 1 - s->index : 0;
	compare_draw(u, beside);
	pane_draw(&s->pane, u, b, &s->place);
	if (s->pane.is_empty)
		draw_empty(u, b);
}

static void follow(struct ui *u, bool on)
{
	uint32_t n = n_events(u);

	if (!on && !u->user.is_held)
		u->user.index = n ? n - 1 : 0;
	if (on)
		u->user.place.alert = 0;
	u->user.is_held = !on;
}

static void move(struct ui *u, enum move how)
{
	uint32_t n = n_events(u), row;

	if (!n)
		return;
	follow(u, false);
	u->user.place.alert = 0;
	row = view_step(how, n - 1 - u->user.index, (unsigned)u->user.pane.page, n);
	u->user.index = n - 1 - row;
}

static bool is_held(const struct ui *u)
{
	return u->user.is_held;
}

static int64_t span_of(const struct ui *u)
{
	const struct portrait *q = &u->user.pane.portrait;

	return u->user.pane.span_ms ? u->user.pane.span_ms : q->cell_ms * q->n_cells;
}

/* The right edge never lies behind now, nor so far back that nothing of the user is left. */
static void set_edge(struct ui *u, int64_t edge_ms)
{
	struct pane_window *w = &u->user.window;
	int64_t least_ms = u->user.pane.portrait.first_ms + w->span_ms / 2;

	w->edge_ms = edge_ms > least_ms ? edge_ms : least_ms;
	w->has_edge = w->edge_ms < u->snap->data_ms;
	if (!w->has_edge)
		w->edge_ms = 0;
}

/* Around the event under the cursor when there is one, else from now back. */
static void zoom(struct ui *u, bool is_wider)
{
	struct user_state *s = &u->user;
	int64_t span = span_of(u), whole = u->snap->data_ms - s->pane.portrait.first_ms;

	s->window.span_ms = is_wider ? words_window_around(span + 1)
				     : words_window_within(span - 1);
	if (s->window.span_ms > words_window_around(whole))
		s->window.span_ms = words_window_around(whole);
	if (s->is_held)
		set_edge(u, s->pane.portrait.event[s->index].time_ms + s->window.span_ms / 2);
	else if (s->window.has_edge)
		set_edge(u, s->window.edge_ms);
}

static void pan(struct ui *u, bool is_later)
{
	struct pane_window *w = &u->user.window;
	int64_t span = span_of(u), edge = w->has_edge ? w->edge_ms : u->snap->data_ms;

	w->span_ms = span;
	set_edge(u, edge + (is_later ? span / 4 : -span / 4));
}

static void adjust(struct ui *u, enum adjust what)
{
	struct pane_window *w = &u->user.window;

	if (!n_events(u))
		return;
	if (what == ADJUST_ZOOM)
		w->is_large = !w->is_large;
	else if (what == ADJUST_RESET)
		*w = (struct pane_window){ .is_large = w->is_large };
	else if (what == ADJUST_EARLIER || what == ADJUST_LATER)
		pan(u, what == ADJUST_LATER);
	else
		zoom(u, what == ADJUST_WIDER);
}

static void status(struct ui *u, struct parts *p)
{
	uint32_t n = n_events(u), newer = n ? n - 1 - u->user.index : 0;

	if (u->user.is_held && newer)
		parts_add(p, 1, INK_KEY, "HELD: %u newer event%s, G to follow", newer,
			newer == 1 ? "" : "s");
	compare_status(u, p);
}

static void done(struct ui *u)
{
	pane_done(&u->user.pane);
	compare_end(u);
}

const struct view view_user = {
	.bit = IN_USER, .is_framed = true, .draw = draw, .move = move, .follow = follow,
	.is_held = is_held, .adjust = adjust, .status = status, .back = compare_end,
	.done = done,
};
