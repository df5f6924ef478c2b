#include <math.h>
#include <string.h>

#include "base/dict.h"
#include "ui/crowd_row.h"
#include "ui/keys.h"
#include "ui/promise.h"
#include "ui/row.h"
#include "ui/strip.h"
#include "ui/ui.h"
#include "ui/view_users.h"
#include "ui/words.h"

#define DETAIL_LINES 6
#define CALM_LINES 14   /* the body's least lines to have the detail below the list */

static void look(struct ui *u)
{
	struct live_list *l = &u->live.list;
	uint32_t n = u->snap->n_alerts;

	if (!l->is_held || n < l->n)
		l->n = n;
	if (l->n && l->cursor >= l->n)
		l->cursor = l->n - 1;
	if (!list_look(u))
		ui_say(u, true, "out of memory: not all alerts are listed");
	if (!l->is_held)
		l->top = 0;
	if (list_n(u))
		l->cursor = list_at(u, l->is_held ? list_row(u, l->cursor) : 0);
	hunt_look(u);
}

static void follow(struct ui *u, bool on)
{
	if (on)
		hunt_stop(u);
	u->live.list.is_held = !on;
	look(u);
}

static bool is_held(const struct ui *u)
{
	return u->live.list.is_held;
}

static void move(struct ui *u, enum move how)
{
	struct live_list *l = &u->live.list;

	if (strip_move(u, how) || !list_n(u))
		return;
	hunt_stop(u);
	l->is_held = true;
	l->cursor = list_at(u, view_step(how, list_row(u, l->cursor), (unsigned)l->page,
		list_n(u)));
}

static void draw_list(struct ui *u, struct box b)
{
	struct live_list *l = &u->live.list;
	struct row_plan g = row_plan(u, b.columns);
	int row;

	l->page = b.lines - 1;
	l->top = view_scroll(l->top, list_row(u, l->cursor), (unsigned)l->page, list_n(u));
	row_heads(u, &g, b.line);
	strip_mark_list(u, b.line);
	for (row = 0; row < l->page && l->top + (uint32_t)row < list_n(u); row++) {
		uint32_t alert = list_at(u, l->top + (uint32_t)row);

		const struct crowd *crowd = fold_crowd(u, alert);

		if (crowd)
			crowd_row_draw(u, &g, crowd, b.line + 1 + row, alert == l->cursor);
		else
			row_draw(u, &g, alert, b.line + 1 + row, alert == l->cursor);
	}
}

static double share(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

static float threshold_of(const struct snapshot *s, const struct finding *f)
{
	return f->kind == KIND_VOLUME ? s->volume_threshold :
		f->kind == KIND_FORECAST ? s->forecast_threshold : s->threshold;
}

static void put_change(struct ui *u, const struct alert *a, struct box b, int line)
{
	const struct finding *f = &a->f;
	struct parts p = { .n = 0 };
	char user[UI_NAME_MAX], from[UI_NAME_MAX], to[UI_NAME_MAX];

	parts_add(&p, 0, INK_TITLE, "%s", ui_brief(ui_user(u, f->user, user), 30));
	if (f->kind == KIND_VOLUME || f->kind == KIND_FORECAST)
		parts_add(&p, 1, INK_GAIN, "%s > %s %s", ui_from(u, f, from), ui_to(u, f, to),
			f->kind == KIND_VOLUME ? "sessions" : "interest");
	if (f->from != DICT_NONE)
		parts_add(&p, 2, INK_TEXT, "%s %.0f%% > %.0f%%",
			ui_brief(ui_category(u, f->from, from), 24),
			share(f->from_before, f->n_before), share(f->from_after, f->n_after));
	if (f->to != DICT_NONE)
		parts_add(&p, 1, INK_GAIN, "%s %.0f%% > %.0f%%",
			ui_brief(ui_category(u, f->to, to), 24), share(f->to_before, f->n_before),
			share(f->to_after, f->n_after));
	if (a->model == u->snap->model)
		parts_add(&p, 3, INK_TEXT, "score %.2f, alarm at %.2f", (double)f->score,
			(double)threshold_of(u->snap, f));
	else    /* its threshold is none of the model in use */
		parts_add(&p, 3, INK_TEXT, "score %.2f, by an earlier model", (double)f->score);
	parts_draw(&p, &u->term, line, b.column, b.columns);
}

static void put_why(struct ui *u, const struct finding *f, struct box b, int line)
{
	char to[UI_NAME_MAX], time[UI_TIME_MAX];

	term_put(&u->term, line, b.column, 8, INK_DIM, " why");
	if (f->kind == KIND_VOLUME)
		term_putf(&u->term, line, b.column + 8, b.columns - 8, INK_TEXT,
			"%u sessions since %s, where %.3g a day were expected", f->n_after,
			ui_time(u, f->onset_ms, time), (double)f->level_before);
	else if (f->kind == KIND_FORECAST)
		term_putf(&u->term, line, b.column + 8, b.columns - 8, INK_TEXT,
			"%.3g a day forecast, %.3g smoothed; on that side since %s",
			(double)f->level_after, (double)f->level_before,
			ui_time(u, f->onset_ms, time));
	else
		term_putf(&u->term, line, b.column + 8, b.columns - 8, INK_TEXT,
			"%u of %u counts since %s, %u of %u before, were in %s", f->to_after,
			f->n_after, ui_time(u, f->onset_ms, time), f->to_before, f->n_before,
			ui_category(u, f->to, to));
}

static void put_rarity(struct ui *u, uint32_t alert, struct box b, int line)
{
	const struct alert *a = feed_alert(u->feed, alert);
	char rare[64], time[UI_TIME_MAX], back[UI_TIME_MAX + 16] = "";

	alert_rarity(a->f.far, rare, sizeof rare);
	if (ui_is_cleared(u, a))
		snprintf(back, sizeof back, "; cleared %s", ui_time(u, a->cleared_ms, time));
	term_put(&u->term, line, b.column, 8, INK_DIM, " rare");
	term_putf(&u->term, line, b.column + 8, b.columns - 8, INK_TEXT,
		"%s by chance, severity %u of 100%s", rare, a->f.severity, back);
}

static void put_last(struct ui *u, uint32_t alert, struct box b, int line)
{
	const struct row_plan g = row_plan(u, b.columns);
	const struct interest *s = row_interest(u, &g, alert);
	struct parts p = { .n = 0 };
	char time[UI_TIME_MAX], category[UI_NAME_MAX];
	unsigned i;

	term_put(&u->term, line, b.column, 8, INK_DIM, " last");
	for (i = 0; i < s->n_last; i++) {
		struct part *part = parts_add(&p, i, INK_TEXT, "%s%s %s %s", i ? "| " : "",
			ui_time(u, s->last[i].time_ms, time), behaviour_name[s->last[i].behaviour],
			ui_brief(ui_category(u, s->last[i].category, category), 20));

		part->gap = 1;
	}
	parts_draw(&p, &u->term, line, b.column + 8, b.columns - 8);
}

/* What operators did with it, or where nothing was done, the user's alerts before. */
static void put_before(struct ui *u, uint32_t alert, struct box b, int line)
{
	uint32_t i = u->roll.n > alert ? u->roll.alert[alert].before : ROLL_NONE;
	char time[UI_TIME_MAX], from[UI_NAME_MAX], to[UI_NAME_MAX];
	struct parts p = { .n = 0 };
	unsigned n;

	if (board_history(u, alert, &p)) {
		term_put(&u->term, line, b.column, 8, INK_DIM, " done");
		parts_draw(&p, &u->term, line, b.column + 8, b.columns - 8);
		return;
	}
	term_put(&u->term, line, b.column, 8, INK_DIM, " before");
	if (i == ROLL_NONE)
		parts_add(&p, 0, INK_TEXT, "the first alert of this user");
	for (n = 0; n < 4 && i != ROLL_NONE; n++, i = u->roll.alert[i].before) {
		const struct finding *f = &feed_alert(u->feed, i)->f;

		struct part *part = parts_add(&p, n, INK_TEXT, "%s%s %s > %s %.2f", n ? "| " : "",
			ui_time(u, f->time_ms, time), ui_brief(ui_from(u, f, from), 20),
			ui_brief(ui_to(u, f, to), 20), (double)f->score);

		part->gap = 1;
	}
	parts_draw(&p, &u->term, line, b.column + 8, b.columns - 8);
}

static void draw_detail(struct ui *u, struct box b)
{
	uint32_t alert = u->live.list.cursor;
	const struct alert *a = feed_alert(u->feed, alert);
	const struct finding *f = &a->f;
	const struct crowd *crowd = fold_crowd(u, alert);

	term_rule(&u->term, b.line, b.column, b.columns);
	if (crowd) {
		crowd_detail(u, crowd, (struct box){ b.line + 1, b.column, 5, b.columns });
		return;
	}
	put_change(u, a, b, b.line + 1);
	put_why(u, f, b, b.line + 2);
	put_rarity(u, alert, b, b.line + 3);
	put_last(u, alert, b, b.line + 4);
	put_before(u, alert, b, b.line + 5);
}

static void open_user(struct ui *u)
{
	const struct crowd *crowd;

	follow(u, false);
	if (strip_enter(u) || !list_n(u))
		return;
	crowd = fold_crowd(u, u->live.list.cursor);
	if (crowd)
		users_open_crowd(u, &u->fold.crowds, crowd);
	else
		ui_show_alert(u, u->live.list.cursor);
}

static void draw_loading(struct ui *u, struct box b)
{
	const struct snapshot *s = u->snap;
	struct term *t = &u->term;
	char bar[41] = "", rows[WORDS_MAX], users[WORDS_MAX], bad[WORDS_MAX];
	int n = (int)(fmin(fmax(s->loaded, 0), 1) * 40), x = b.column + 2;

	memset(bar, '=', (size_t)n);
	memset(bar + n, '-', (size_t)(40 - n));
	term_putf(t, b.line + 1, x, b.columns - 2, INK_TITLE, "Loading %s", s->source);
	term_putf(t, b.line + 2, x, b.columns - 2, INK_TEXT, "[%s] %3.0f%%", bar,
		floor(s->loaded * 100));
	term_putf(t, b.line + 3, x, b.columns - 2, INK_TEXT, "%s rows, %s users, %s rejected",
		words_count(s->rows, rows), words_count(s->users, users),
		words_count(s->rejected, bad));
	if (s->notice[0])
		term_put(t, b.line + 4, x, b.columns - 2, INK_DIM, s->notice);
}

static void draw_empty(struct ui *u, struct box b)
{
	const struct snapshot *s = u->snap;
	struct term *t = &u->term;
	char n[WORDS_MAX], time[UI_TIME_MAX];
	int x = b.column + 2, width = b.columns - 2;

	if (s->phase == FEED_FAILED) {
		term_putf(t, b.line + 1, x, width, INK_ERROR, "%s", s->notice);
		return;
	}
	if (s->live && !s->events)
		term_putf(t, b.line + 1, x, width, INK_TITLE, "Waiting for events from %s",
			s->source);
	else
		term_putf(t, b.line + 1, x, width, INK_TITLE, "No alert yet, %s users watched",
			words_count(s->users, n));
	term_put(t, b.line + 2, x, width, INK_TEXT,
		"An alert needs a user with more than 10 counts (a category "
		"once a session)");
	term_putf(t, b.line + 3, x, width, INK_TEXT, "whose change score reaches %.2f.",
		(double)s->threshold);
	if (!s->live && s->n_alerts_total)
		term_putf(t, b.line + 5, x, width, INK_TEXT,
			"The first of %s comes at %s: ] goes there.",
			words_count(s->n_alerts_total, n),
			ui_time(u, feed_alert(u->feed, 0)->f.time_ms, time));
	else if (!s->live)
		term_put(t, b.line + 5, x, width, INK_TEXT,
			"There is none in all of this log: U shows a user by the id.");
}

static void draw(struct ui *u, struct box b)
{
	struct box list;
	char n[WORDS_MAX];

	if (!ui_is_loaded(u) && u->snap->phase == FEED_LOADING) {
		draw_loading(u, b);
		return;
	}
	if (!u->live.list.n) {
		draw_empty(u, b);
		return;
	}
	if (u->order.is_partial) {
		term_putf(&u->term, b.line + 1, b.column + 2, b.columns - 2, INK_TITLE,
			"Filtering %s alerts: %u%%", words_count(u->live.list.n, n),
			list_percent(u));
		return;
	}
	if (!list_n(u)) {
		term_put(&u->term, b.line + 1, b.column + 2, b.columns - 2, INK_TITLE,
			"No alert passes the filter: F turns it off, \\ sets another.");
		return;
	}
	list = strip_draw(u, b);
	if (list.lines >= CALM_LINES) {
		struct box detail = { list.line + list.lines - DETAIL_LINES, list.column,
			DETAIL_LINES, list.columns };

		list.lines -= DETAIL_LINES;
		draw_detail(u, detail);
	}
	draw_list(u, list);
}

static void status(struct ui *u, struct parts *p)
{
	const struct live_list *l = &u->live.list;
	uint32_t newer = u->snap->n_alerts - l->n;
	char time[UI_TIME_MAX];

	if (l->is_held && l->n) {
		ui_time(u, feed_alert(u->feed, l->n - 1)->f.time_ms, time);
		if (newer)
			parts_add(p, 0, INK_KEY,
				"HELD at %s: %u newer alert%s waiting, G to follow", time, newer,
				newer == 1 ? "" : "s");
		else
			parts_add(p, 0, INK_KEY, "HELD at %s: G to follow", time);
	}
	strip_status(u, p);
	list_status(u, p);
	if (u->board.counts.marked)
		parts_add(p, 1, INK_KEY, "%u marked", u->board.counts.marked);
	hunt_status(u, p);
	promise_add(u, p, 4);
}

static void done(struct ui *u)
{
	hunt_stop(u);
	pane_done(&u->live.pane);
	strip_done(u);
}

const struct view view_live = {
	.bit = IN_LIVE,
	.is_framed = true,
	.look = look,
	.draw = draw,
	.move = move,
	.follow = follow,
	.is_held = is_held,
	.enter = open_user,
	.adjust = strip_adjust,
	.find = hunt_open,
	.find_again = hunt_again,
	.status = status,
	.done = done,
};
