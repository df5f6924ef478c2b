#include "ui/pane.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "model/model.h"
#include "ui/ahead.h"
#include "ui/change.h"
#include "ui/notes.h"
#include "ui/plot.h"
#include "ui/ui.h"
#include "ui/words.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define LABEL_WIDTH 16
#define EVENTS_BEFORE 20        /* an onset that a chart shows, when there are so many */
#define CHANGE_ROOM 9   /* lines left for the bars of a change, alerts and events */
#define NOTE_LEAST 10   /* columns of a note beside its alert */
#define WIDTH_FIXED 23  /* of a row, beside name, chart and time of the last event */

/* Columns of the rows and lines of the parts, for one box. */
struct plan {
	struct box b;
	int name, chart_x, chart, last_x, last;
	int rows, alerts, line;
	uint32_t alert;         /* the one looked at, or ROLL_NONE */
	struct pane_tops tops;
};

void pane_done(struct pane *p)
{
	if (p->is_made)
		portrait_done(&p->portrait);
	*p = (struct pane){ 0 };
}

static struct plan lay_out(const struct ui *u, struct box b)
{
	struct plan l = { .b = b, .last = ui_time_width(u) };
	int rest = b.columns - WIDTH_FIXED - l.last;

	l.name = view_clamp(rest * 2 / 5, 10, 28);
	l.chart = view_clamp(rest - l.name, 0, PORTRAIT_CELLS_MAX / 2);
	l.chart_x = b.column + l.name + 14;
	l.last_x = l.chart_x + l.chart + 9;
	l.rows = view_clamp((b.lines - 4 - CHANGE_LINES) / 3, 2, 12);
	l.alert = ROLL_NONE;
	return l;
}

/* A portrait's cells as columns of the screen. */
static struct bar bar_of(const struct portrait *q, int width)
{
	return (struct bar){ .first_ms = q->from_ms, .width = width,
		.last_ms = q->from_ms + q->cell_ms * q->n_cells };
}

/* Each alert where its evidence was complete, each onset where no alert is. */
void pane_marks(const struct portrait *q, struct ui *u, int line, int column, int width)
{
	struct bar cells = bar_of(q, width);
	uint32_t newest = roll_newest(&u->roll, q->user, u->snap->n_alerts), i;
	enum ink ink;

	for (i = newest; i != ROLL_NONE; i = u->roll.alert[i].before) {
		const struct finding *f = &feed_alert(u->feed, i)->f;

		if (f->onset_ms > q->from_ms && f->onset_ms <= cells.last_ms)
			term_put(&u->term, line, column + bar_cell(&cells, f->onset_ms), 1, INK_DIM,
				u->term.glyphs <= GLYPHS_BLOCKS ? "▲" : "^");
	}
	for (i = newest; i != ROLL_NONE; i = u->roll.alert[i].before) {
		const struct finding *f = &feed_alert(u->feed, i)->f;
		const char *sign = ui_priority(f->severity, &ink);

		if (f->time_ms > q->from_ms && f->time_ms <= cells.last_ms)
			term_put(&u->term, line, column + bar_cell(&cells, f->time_ms), 1, ink,
				sign + 1);
	}
}

uint32_t pane_index(const struct portrait *q, int64_t ms)
{
	uint32_t i = q->n_events;

	while (i > 1 && q->event[i - 1].time_ms > ms)
		i--;
	return i ? i - 1 : 0;
}

uint32_t pane_alert(const struct pane *p, const struct ui *u, const struct pane_place *place)
{
	uint32_t i = roll_newest(&u->roll, p->user, u->snap->n_alerts);
	const struct portrait *q = &p->portrait;

	if (place->alert && place->alert <= u->snap->n_alerts
	    && feed_alert(u->feed, place->alert - 1)->f.user == p->user)
		return place->alert - 1;
	if (!p->is_made || place->cursor >= q->n_events)
		return i;
	while (i != ROLL_NONE && feed_alert(u->feed, i)->f.time_ms
			> q->event[q->n_events - 1 - place->cursor].time_ms)
		i = u->roll.alert[i].before;
	return i;
}

/* When the onset was so many events away, or the first event. */
static int64_t some_before(const struct event *ev, uint32_t n, int64_t onset_ms)
{
	uint32_t i = 0;

	while (i < n && ev[i].time_ms < onset_ms)
		i++;
	return ev[i > EVENTS_BEFORE ? i - EVENTS_BEFORE : 0].time_ms;
}

/* The span that shows the change and as much before it, twice, and some events of before; 0: all
 * there is.
 */
static int64_t choose_span(struct ui *u, uint32_t user, const struct event *ev, uint32_t n)
{
	uint32_t newest = roll_newest(&u->roll, user, u->snap->n_alerts);
	int64_t now = u->snap->data_ms, back, events, span;

	if (newest == ROLL_NONE)
		return 0;
	back = 3 * (now - feed_alert(u->feed, newest)->f.onset_ms);
	events = now - some_before(ev, n, feed_alert(u->feed, newest)->f.onset_ms);
	back = back > events ? back : events;
	span = words_window_around(back > DAY_MS ? back : DAY_MS);
	return now - ev[0].time_ms < span ? 0 : span;
}

/* All there is, but not so little that cells are a few ms. */
static int64_t span_of(struct ui *u, uint32_t user, const struct event *ev, uint32_t n)
{
	int64_t least = words_window_around(0);

	return u->snap->data_ms - ev[0].time_ms < least ? least : choose_span(u, user, ev, n);
}

static bool is_same_window(const struct pane_window *a, const struct pane_window *b)
{
	return a->span_ms == b->span_ms && a->has_edge == b->has_edge && a->edge_ms == b->edge_ms
		&& a->is_large == b->is_large;
}

static bool is_current(struct pane *p, struct ui *u, const struct pane *wanted)
{
	if (p->user != wanted->user || p->n_cells != wanted->n_cells || p->n_rows != wanted->n_rows)
		return false;
	if ((!p->is_made && !p->trouble[0]) || !is_same_window(&p->window, &wanted->window))
		return false;
	return p->data_ms == wanted->data_ms || ui_is_early(u, p->made_ms);
}

/* A replay shows an alert at its time, the last event of a session, though it came to be known when
 * the session was over.
 */
static int64_t horizon_of(const struct pane *p, struct ui *u)
{
	uint32_t newest = roll_newest(&u->roll, p->user, u->snap->n_alerts);
	int64_t over_ms;

	if (newest == ROLL_NONE)
		return p->data_ms;
	over_ms = feed_alert(u->feed, newest)->f.time_ms + u->feed->model->gap_ms + 1;
	return over_ms > p->data_ms ? over_ms : p->data_ms;
}

/* Made anew only when a step has closed: a network takes its time. */
static int foretell(struct pane *p, struct ui *u, const struct pane *was, const struct event *ev,
	uint32_t n, struct err *e)
{
	const struct model *m = u->feed->model;
	const struct outlook *o = &was->outlook;

	p->outlook_model = m->hash;
	if (!o->n_ahead || was->user != p->user || was->outlook_model != m->hash
	    || p->data_ms < o->open_ms || p->data_ms >= o->open_ms + o->span_ms)
		return outlook_make(&p->outlook, m, ev, n, p->data_ms, e);
	p->outlook = *o;
	return 0;
}

static int make(struct pane *p, struct ui *u, const struct pane *was, struct err *e)
{
	struct portrait_options o = { .n_cells = p->n_cells, .max_rows = p->n_rows,
		.upto_ms = p->data_ms, .score = u->options->score };
	struct event *ev = NULL;
	uint32_t n = 0;

	if (!u->feed->model)
		return err_set(e, -1, "there is no model yet");
	if (feed_user(u->feed, p->user, p->data_ms, &ev, &n, e) < 0)
		return e->code;
	p->is_empty = !n;
	if (!n)
		return err_set(e, -1, "No event of this user up to now");
	if (foretell(p, u, was, ev, n, e) < 0) {
		mem_free(ev);
		return e->code;
	}
	o.horizon_ms = horizon_of(p, u);
	o.span_ms = p->span_ms = p->window.span_ms ? p->window.span_ms
						   : span_of(u, p->user, ev, n);
	if (p->window.has_edge && p->window.edge_ms < p->data_ms)
		o.back_ms = p->data_ms - p->window.edge_ms;
	return portrait_make(&p->portrait, p->user, ev, n, u->feed->model, u->feed->ids, &o, e);
}

void pane_look(struct pane *p, struct ui *u, uint32_t user, const struct pane_window *w,
	struct box b)
{
	struct plan l = lay_out(u, b);
	struct pane wanted = { .user = user,
		.window = *w,
		.data_ms = u->snap->data_ms,
		.n_cells = (uint32_t)l.chart * glyph_per_cell(u->term.glyphs),
		.n_rows = (uint32_t)l.rows,
		.made_ms = clock_tick_ms(u->clock) }, was;
	struct err e = { 0 };

	if (w->is_large) {
		wanted.n_cells = plot_cells(u, b);
		wanted.n_rows = plot_rows(b);
	}
	if (is_current(p, u, &wanted))
		return;
	was = *p;
	pane_done(p);
	*p = wanted;
	p->is_made = make(p, u, &was, &e) == 0;
	if (!p->is_made)
		snprintf(p->trouble, sizeof p->trouble, "%s", e.text);
}

/* Alerts are kept for good, events as long as --retain says. */
static bool is_cut(const struct ui *u, const struct pane *p)
{
	uint32_t i = roll_newest(&u->roll, p->user, u->snap->n_alerts);

	while (i != ROLL_NONE && u->roll.alert[i].before != ROLL_NONE)
		i = u->roll.alert[i].before;
	return i != ROLL_NONE && feed_alert(u->feed, i)->f.time_ms < p->portrait.first_ms;
}

static void draw_headline(struct ui *u, const struct pane *p, const struct plan *l)
{
	const struct portrait *q = &p->portrait;
	struct parts parts = { .n = 0 };
	char id[UI_NAME_MAX], name[UI_NAME_MAX], n[WORDS_MAX], day[UI_TIME_MAX], time[UI_TIME_MAX];

	ui_user(u, p->user, name);
	parts_add(&parts, 0, INK_TITLE, "User %s", ui_user_id(u, p->user, id));
	if (strcmp(id, name) != 0)
		parts_add(&parts, 3, INK_TEXT, "%s", name)->gap = 1;
	if (p->is_made) {
		parts_add(&parts, 1, INK_TEXT, "%s event%s since %s", words_count(q->n_events, n),
			q->n_events == 1 ? "" : "s",
			time_show(q->first_ms, u->feed->zone, "%Y-%m-%d", day, sizeof day));
		if (is_cut(u, p))
			parts_add(&parts, 1, INK_HIGH, "older ones are not kept");
		parts_add(&parts, 2, INK_TEXT, "last seen %s", ui_time(u, q->last_ms, time));
	}
	parts_draw(&parts, &u->term, l->b.line, l->b.column, l->b.columns);
}

void pane_span(const struct pane *p, const struct ui *u, char buf[PANE_SPAN_MAX])
{
	const struct portrait *q = &p->portrait;
	int64_t whole_ms = q->cell_ms * q->n_cells;
	char span[WORDS_MAX], cell[WORDS_MAX], to[UI_TIME_MAX];

	words_span(p->span_ms ? p->span_ms : whole_ms, span);
	words_span(q->cell_ms * glyph_per_cell(u->term.glyphs), cell);
	if (p->window.has_edge)
		snprintf(buf, PANE_SPAN_MAX, "%s TO %s, %s/cell", span,
			ui_time(u, q->from_ms + whole_ms, to), cell);
	else
		snprintf(buf, PANE_SPAN_MAX, "%s %s, %s/cell", p->span_ms ? "LAST" : "ALL", span,
			cell);
}

static void draw_heads(struct ui *u, const struct pane *p, const struct plan *l, int line)
{
	struct term *t = &u->term;
	char head[PANE_SPAN_MAX];
	int x = l->b.column;

	pane_span(p, u, head);
	if (term_width(t, head) > l->chart)
		*strrchr(head, ',') = 0;        /* when it ends matters more than a cell's width */
	term_put(t, line, x, l->b.columns, INK_HEAD, " CATEGORY");
	term_put(t, line, x + 1 + l->name, 13, INK_HEAD, "  NOW  BASE");
	term_put(t, line, l->chart_x, l->chart, INK_HEAD, head);
	term_put(t, line, l->chart_x + l->chart, 9, INK_HEAD, "  EVENTS");
	term_putf(t, line, l->last_x, l->last, INK_HEAD, "%*s", l->last, "LAST");
}

static void draw_share(struct ui *u, int line, int x, float share, enum ink ink)
{
	term_putf(&u->term, line, x, 4, ink, "%3.0f%%", share * 100);
}

/* Cells from the onset of a change to its alert, in the ink of alarms. */
static void draw_cells(struct ui *u, const struct portrait *q, const float *v, const struct plan *l,
	int line)
{
	unsigned per = glyph_per_cell(u->term.glyphs);
	struct bar cells = bar_of(q, l->chart);
	const struct finding *f = l->alert == ROLL_NONE ? NULL : &feed_alert(u->feed, l->alert)->f;
	float max = l->tops.cell;
	int from = 0, to = 0;
	uint32_t k;

	for (k = 0; k < q->n_cells; k++)
		max = fmaxf(max, v[k]);
	if (f && f->time_ms > q->from_ms && f->onset_ms <= cells.last_ms) {
		from = bar_cell(&cells, f->onset_ms);
		to = bar_cell(&cells, f->time_ms) + 1;
	}
	term_chart(&u->term, line, l->chart_x, from, v, max, INFINITY);
	term_chart(&u->term, line, l->chart_x + from, to - from, v + (size_t)from * per, max, 0);
	term_chart(&u->term, line, l->chart_x + to, l->chart - to, v + (size_t)to * per, max,
		INFINITY);
}

static void draw_row(struct ui *u, const struct portrait *q, uint32_t i, const struct plan *l,
	int line)
{
	const struct portrait_row *row = &q->row[i];
	struct term *t = &u->term;
	char name[UI_NAME_MAX], time[UI_TIME_MAX], n[WORDS_MAX];
	enum ink now = row->now >= row->base + .1f ? INK_GAIN : INK_TEXT;
	enum ink base = row->base >= row->now + .1f ? INK_LOSS : INK_TEXT;

	if (row->category == DICT_NONE)
		snprintf(name, sizeof name, "(%u more)", row->n_rest);
	else
		ui_category(u, row->category, name);
	term_put(t, line, l->b.column + 1, l->name, INK_TEXT, name);
	draw_share(u, line, l->b.column + l->name + 2, row->now, now);
	draw_share(u, line, l->b.column + l->name + 8, row->base, base);
	draw_cells(u, q, row->cell, l, line);
	term_putf(t, line, l->chart_x + l->chart, 8, INK_TEXT, "%8s",
		words_count(row->n_events, n));
	term_put(t, line, l->last_x, l->last, INK_TEXT, ui_time(u, row->last_ms, time));
}

static float newest_score(const struct portrait *q)
{
	uint32_t i = q->n_cells;

	while (i > 0 && isnan(q->score[i - 1]))
		i--;
	return i ? q->score[i - 1] : NAN;
}

static void draw_score(struct ui *u, const struct portrait *q, const struct plan *l, int line)
{
	struct term *t = &u->term;
	float max = fmaxf(q->threshold * 1.5f, l->tops.score), now = newest_score(q);
	uint32_t i;

	for (i = 0; i < q->n_cells; i++)
		max = fmaxf(max, q->score[i]);
	term_put(t, line, l->b.column + 1, l->name, INK_TEXT, "change score");
	if (!isnan(now))
		term_putf(t, line, l->b.column + l->name + 1, 5,
			now >= q->threshold ? INK_ALARM : INK_TEXT, "%5.1f", (double)now);
	term_putf(t, line, l->b.column + l->name + 6, 6, INK_TEXT, "%6.1f", (double)q->threshold);
	term_chart(t, line, l->chart_x, l->chart, q->score, max, q->threshold);
	term_put(t, line, l->chart_x + l->chart + 1, 8 + l->last, INK_DIM, "alarm at BASE");
}

static void draw_marks(struct ui *u, const struct portrait *q, const struct plan *l, int line)
{
	term_put(&u->term, line, l->b.column + 1, l->name, INK_TEXT, "alerts, onsets");
	pane_marks(q, u, line, l->chart_x, l->chart);
}

/* The newest note, where the names leave room for it. */
static void draw_note(struct ui *u, uint32_t alert, struct box b)
{
	const struct alert *a = feed_alert(u->feed, alert);
	const struct board_entry *e = board_find(&u->board, a->id);
	char from[UI_NAME_MAX], to[UI_NAME_MAX];
	int used = term_width(&u->term, ui_from(u, &a->f, from)) + 3
		+ term_width(&u->term, ui_to(u, &a->f, to)) + 2;

	if (e && e->note != BOARD_NONE && b.columns - used >= NOTE_LEAST)
		term_put(&u->term, b.line, b.column + used, b.columns - used, INK_DIM,
			u->board.note[e->note].text);
}

/* NOW is what is expected of the open step, BASE the smoothed history. */
static void draw_ahead(struct ui *u, const struct pane *p, const struct plan *l, int line)
{
	const struct outlook *o = &p->outlook;
	struct term *t = &u->term;
	char words[AHEAD_WORDS_MAX];

	ahead_words(u, o, words);
	term_put(t, line, l->b.column + 1, l->name, INK_TEXT, "interest a day");
	term_putf(t, line, l->b.column + l->name + 1, 5, INK_TEXT, "%5.3g", (double)o->ahead[0]);
	term_putf(t, line, l->b.column + l->name + 6, 6, INK_TEXT, "%6.3g", (double)o->level);
	ahead_chart(u, o, line, l->chart_x, l->chart);
	term_put(t, line, l->chart_x + l->chart + 1, 8 + l->last, INK_DIM, words);
}

static void draw_alert(struct ui *u, uint32_t alert, const struct plan *l, int line)
{
	const struct alert *a = feed_alert(u->feed, alert);
	const struct finding *found = &a->f;
	struct term *t = &u->term;
	int x = l->b.column + LABEL_WIDTH, room = l->b.columns - LABEL_WIDTH;
	int pair = room - 4 - l->last - 1 - 7 - 1;
	char time[UI_TIME_MAX], rare[64];
	enum ink ink;
	const char *sign = ui_priority(found->severity, &ink);

	term_put(t, line, x, 2, ink, sign[0] == ' ' ? sign + 1 : sign);
	term_put(t, line, x + 2, 1, INK_TEXT, (char[2]){ board_state(u, alert) });
	term_put(t, line, x + 4, l->last, INK_TEXT, ui_time(u, found->time_ms, time));
	x += 4 + l->last + 1;
	if (pair > 60) {
		alert_rarity(found->far, rare, sizeof rare);
		term_put(t, line, x + pair - 28, 28, INK_DIM, rare);
		pair -= 30;
	}
	ui_put_pair(u, found, (struct box){ line, x, 1, pair }, INK_TEXT);
	draw_note(u, alert, (struct box){ line, x, 1, pair });
	term_putf(t, line, l->b.column + l->b.columns - 7, 7, INK_TEXT, "%7.2f",
		(double)found->score);
}

/* Where not all fit, those up to the moment under the cursor; that of the moment is marked. */
static int draw_alerts(struct ui *u, const struct pane *p, const struct plan *l, int line,
	int64_t at_ms)
{
	struct term *t = &u->term;
	uint32_t i = roll_newest(&u->roll, p->user, u->snap->n_alerts);
	int x = l->b.column, n;

	if (i == ROLL_NONE) {
		term_put(t, line, x, l->b.columns, INK_HEAD, " PAST ALERTS    none");
		return line + 1;
	}
	term_putf(t, line, x, l->b.columns, INK_HEAD, " PAST ALERTS %u", u->roll.alert[i].nth);
	term_putf(t, line, x + LABEL_WIDTH, l->b.columns - LABEL_WIDTH, INK_HEAD,
		"P S %-*s FROM > TO", l->last, "TIME");
	term_put(t, line++, x + l->b.columns - 7, 7, INK_HEAD, "  SCORE");
	while (i != ROLL_NONE && feed_alert(u->feed, i)->f.time_ms > at_ms
		&& (int)u->roll.alert[i].nth > l->alerts)
		i = u->roll.alert[i].before;
	for (n = 0; n < l->alerts && i != ROLL_NONE; n++, line++) {
		const struct alert *a = feed_alert(u->feed, i);

		draw_alert(u, i, l, line);
		if (a->f.time_ms == at_ms)
			term_put(t, line, x + LABEL_WIDTH - 1, 1, INK_CURSOR, ">");
		i = u->roll.alert[i].before;
	}
	return line;
}

static void draw_event(struct ui *u, const struct event *e, const struct plan *l, int line,
	bool is_cursor)
{
	char category[UI_NAME_MAX], item[UI_NAME_MAX], time[UI_TIME_MAX];
	int x = l->b.column + LABEL_WIDTH - 1, room = l->b.columns - LABEL_WIDTH - l->last - 12;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	int width = room / 2 < 30 ? room / 2 : 30;

	term_put(&u->term, line, x, l->b.column + l->b.columns - x, ink, is_cursor ? ">" : "");
	term_put(&u->term, line, x + 1, l->last, ink, ui_time(u, e->time_ms, time));
	term_put(&u->term, line, x + 2 + l->last, 9, ink, behaviour_name[e->behaviour]);
	term_put(&u->term, line, x + 12 + l->last, width, ink,
		ui_category(u, e->category, category));
	term_put(&u->term, line, x + 13 + l->last + width, room - width, ink,
		ui_item(u, e->item, item));
}

static void draw_events(struct ui *u, struct pane *p, const struct plan *l, int line,
	struct pane_place *place)
{
	const struct portrait *q = &p->portrait;
	int end = l->b.line + l->b.lines, n;
	uint32_t row;

	p->page = end - line > 1 ? end - line - 1 : 0;
	term_putf(&u->term, line, l->b.column, l->b.columns, INK_HEAD,
		" EVENTS         %-*s %-9s %s", l->last, "TIME", "WHAT", "CATEGORY, ITEM");
	if (place->cursor != PANE_NO_CURSOR)
		place->top = view_scroll(place->top, place->cursor, (unsigned)p->page, q->n_events);
	for (n = 0, row = place->top; n < p->page && row < q->n_events; n++, row++)
		draw_event(u, &q->event[q->n_events - 1 - row], l, line + 1 + n,
			row == place->cursor);
}

/* A third of what is left for past alerts, at most as many as there are. */
static int room_for_alerts(struct ui *u, const struct pane *p, int lines_left)
{
	uint32_t i = roll_newest(&u->roll, p->user, u->snap->n_alerts);
	int room = (lines_left - 2) / 3, most = i == ROLL_NONE ? 0 : (int)u->roll.alert[i].nth;

	if (room < 1)
		room = lines_left > 1 ? 1 : 0;
	return room < most ? room : most;
}

void pane_draw(struct pane *p, struct ui *u, struct box b, struct pane_place *place)
{
	struct plan l = lay_out(u, b);
	const struct portrait *q = &p->portrait;
	int64_t at = INT64_MAX;
	int line = b.line + 1;
	uint32_t i;

	l.alert = pane_alert(p, u, place);
	l.tops = p->tops;
	draw_headline(u, p, &l);
	if (!p->is_made) {
		term_put(&u->term, line, b.column + 1, b.columns - 1, INK_TEXT, p->trouble);
		return;
	}
	if (p->window.is_large) {
		plot_draw(u, p, (struct box){ line, b.column, b.lines - 1, b.columns });
		return;
	}
	draw_heads(u, p, &l, line++);
	for (i = 0; i < q->n_rows; i++)
		draw_row(u, q, i, &l, line++);
	draw_score(u, q, &l, line++);
	draw_marks(u, q, &l, line++);
	if (p->outlook.n_ahead)
		draw_ahead(u, p, &l, line++);
	if (l.alert != ROLL_NONE && b.line + b.lines - line >= CHANGE_ROOM) {
		change_draw(u, l.alert, (struct box){ line, b.column, CHANGE_LINES, b.columns });
		line += CHANGE_LINES;
	}
	l.alerts = room_for_alerts(u, p, b.line + b.lines - line);
	if (place->alert && l.alert == place->alert - 1)
		at = feed_alert(u->feed, l.alert)->f.time_ms;
	else if (place->cursor < q->n_events)
		at = q->event[q->n_events - 1 - place->cursor].time_ms;
	if (line < b.line + b.lines)
		line = draw_alerts(u, p, &l, line, at);
	line += notes_draw(u, p->user, (struct box){ line, b.column,
		view_clamp((b.line + b.lines - line) / 2, 0, NOTES_LINES), b.columns },
		LABEL_WIDTH);
	if (line < b.line + b.lines)
		draw_events(u, p, &l, line, place);
}
