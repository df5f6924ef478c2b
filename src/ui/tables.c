#include "ui/tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/zone.h"
#include "detect/finding.h"
#include "ui/ui.h"
#include "ui/words.h"

#define HOUR_MS INT64_C(3600000)
#define NUMBERS 25              /* columns of GAINED, LOST, NET and BACK */
#define MATRIX_COLUMN 7
#define MATRIX_MAX 16
#define COST_MOST 100

const int64_t tables_window[TABLES_WINDOWS] = { HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS, 0 };
const char *const tables_window_name[TABLES_WINDOWS] = { "1h", "24h", "7d", "all" };

unsigned tables_choose(struct ui *u)
{
	struct population_state *s = &u->population;

	if (!s->has_window)
		s->tables.window = snapshot_goes_on(u->snap) ? 1 : TABLES_WINDOWS - 1;
	s->has_window = true;
	return s->tables.window;
}

void tables_done(struct tables *t)
{
	population_done(&t->p);
	t->is_made = false;
}

static bool is_same(const struct population_options *a, const struct population_options *b)
{
	return a->n_alerts == b->n_alerts && a->sort == b->sort
		&& a->span.from_ms == b->span.from_ms && a->span.cell_ms == b->span.cell_ms
		&& a->span.n_cells == b->span.n_cells;
}

static uint32_t largest(uint32_t max, const uint32_t *n, uint32_t n_cells)
{
	uint32_t i;

	for (i = 0; i < n_cells; i++)
		max = n[i] > max ? n[i] : max;
	return max;
}

static void find_largest(struct tables *t)
{
	uint32_t i;

	t->max_cell = t->max_hour = 0;
	for (i = 0; i < t->p.n_rows; i++) {
		const struct population_row *r = &t->p.row[i];

		t->max_cell = largest(t->max_cell, r->gain, t->o.span.n_cells);
		t->max_cell = largest(t->max_cell, r->loss, t->o.span.n_cells);
		t->max_hour = largest(t->max_hour, r->hour, POPULATION_HOURS);
	}
}

/* Of data that flows, once a second, and at most a hundredth of the time goes there. */
static bool is_early(const struct tables *t, struct ui *u)
{
	int64_t pause_ms = t->took_us / 1000 * COST_MOST;
	bool flows = u->snap->live || u->snap->phase == FEED_RUNNING;

	return flows && t->o.n_alerts <= u->snap->n_alerts
		&& ui_waits(u, t->made_ms + (pause_ms > UI_EARLY_MS ? pause_ms : UI_EARLY_MS));
}

/* A clock that went back behind what is held takes the hold with it. */
bool tables_look(struct tables *t, struct ui *u, uint32_t n_cells, bool is_held)
{
	struct population_options o = { .n_alerts = u->snap->n_alerts,
		.now_ms = u->snap->data_ms,
		.sort = t->sort };
	uint32_t n_cleared = u->snap->n_cleared;
	struct err e;

	if (is_held && t->o.n_alerts <= o.n_alerts) {
		o.n_alerts = t->o.n_alerts;
		o.now_ms = t->o.now_ms;
		n_cleared = t->n_cleared;
	}
	o.span = population_span(tables_window[t->window], n_cells, u->snap->first_ms, o.now_ms);
	if (t->is_made && is_same(&o, &t->o) && t->n_cleared == n_cleared)
		return true;
	if (t->is_made && o.sort == t->o.sort && o.span.n_cells == t->o.span.n_cells
		&& o.span.cell_ms == t->o.span.cell_ms && is_early(t, u))
		return true;
	tables_done(t);
	t->o = o;
	t->n_cleared = n_cleared;
	t->made_ms = clock_tick_ms(u->clock);
	t->took_us = clock_tick_us(u->clock);
	t->is_made = population_make(&t->p, u->feed, &o, &e) == 0;
	t->took_us = clock_tick_us(u->clock) - t->took_us;
	find_largest(t);
	return t->is_made;
}

/* The list of categories */

struct columns {
	int name, numbers_x, gain_x, loss_x, chart;
};

static struct columns lay_out(int columns)
{
	int rest = columns - 1 - NUMBERS - 2 - 1;
	struct columns c = { .name = view_clamp(rest * 2 / 5, 8, 28) };

	c.chart = view_clamp((rest - c.name) / 2, 0, POPULATION_CELLS_MAX / 2);
	c.numbers_x = 1 + c.name;
	c.gain_x = c.numbers_x + NUMBERS + 2;
	c.loss_x = c.gain_x + c.chart + 1;
	return c;
}

uint32_t tables_cells(const struct ui *u, int columns)
{
	return (uint32_t)lay_out(columns).chart * glyph_per_cell(u->term.glyphs);
}

static void draw_cells(struct ui *u, const uint32_t *n, uint32_t n_cells, struct box b, float max)
{
	float v[POPULATION_CELLS_MAX];
	uint32_t i;

	for (i = 0; i < POPULATION_CELLS_MAX; i++)
		v[i] = i < n_cells ? (float)n[i] : NAN;
	term_chart(&u->term, b.line, b.column, b.columns, v, max, INFINITY);
}

static void draw_category(const struct tables *t, struct ui *u, uint32_t i, struct box b,
	bool is_cursor)
{
	const struct population_row *r = &t->p.row[i];
	struct columns c = lay_out(b.columns);
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	int x = b.column, net = (int)((int64_t)r->gained - r->lost);
	struct term *term = &u->term;
	char name[UI_NAME_MAX];
	float max = (float)t->max_cell;

	term_put(term, b.line, x, c.gain_x, ink, is_cursor ? ">" : "");
	term_put(term, b.line, x + 1, c.name, ink, ui_category(u, r->category, name));
	term_putf(term, b.line, x + c.numbers_x, 13, ink, "%7u%6u", r->gained, r->lost);
	term_putf(term, b.line, x + c.numbers_x + 13, 6,
		is_cursor      ? ink
			: net > 0 ? INK_GAIN
			: net < 0 ? INK_LOSS
				  : INK_TEXT,
		net ? "%+6d" : "%6d", net);
	term_putf(term, b.line, x + c.numbers_x + 19, 6, ink, "%6u", r->back);
	draw_cells(u, r->gain, t->o.span.n_cells, (struct box){ b.line, x + c.gain_x, 1, c.chart },
		max);
	draw_cells(u, r->loss, t->o.span.n_cells, (struct box){ b.line, x + c.loss_x, 1, c.chart },
		max);
}

static void draw_category_heads(const struct tables *t, struct ui *u, struct box b)
{
	struct columns c = lay_out(b.columns);
	struct term *term = &u->term;
	char cell[WORDS_MAX];

	words_span(t->o.span.cell_ms * glyph_per_cell(term->glyphs), cell);
	term_put(term, b.line, b.column, b.columns, INK_HEAD, " CATEGORY");
	term_put(term, b.line, b.column + c.numbers_x, NUMBERS, INK_HEAD,
		" GAINED  LOST   NET  BACK");
	term_put(term, b.line, b.column + c.gain_x, c.chart, INK_HEAD, "GAINED");
	term_putf(term, b.line, b.column + c.loss_x, c.chart, INK_HEAD, "LOST per %s", cell);
}

static void scroll(struct tables_place *place, const struct box *b, uint32_t n)
{
	place->page = b->lines - 1;
	if (n && place->cursor >= n)
		place->cursor = n - 1;
	place->top = view_scroll(place->top, place->cursor, (unsigned)place->page, n);
}

void tables_categories(const struct tables *t, struct ui *u, struct box b,
	struct tables_place *place)
{
	int row;

	scroll(place, &b, t->p.n_rows);
	draw_category_heads(t, u, b);
	for (row = 0; row < place->page && place->top + (uint32_t)row < t->p.n_rows; row++) {
		uint32_t i = place->top + (uint32_t)row;

		draw_category(t, u, i, (struct box){ b.line + 1 + row, b.column, 1, b.columns },
			place->has_focus && i == place->cursor);
	}
}

/* The list of ways */

static void draw_flow(struct ui *u, const struct population_flow *f, struct box b, bool is_cursor)
{
	int last = ui_time_width(u), pair = b.columns - 1 - 6 - 7 - 6 - 7 - 1 - last;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	struct finding way = { .from = f->from, .to = f->to };
	char time[UI_TIME_MAX];
	int x = b.column;

	term_put(&u->term, b.line, x, b.columns, ink, is_cursor ? ">" : "");
	ui_put_pair(u, &way, (struct box){ b.line, x + 1, 1, pair }, ink);
	term_putf(&u->term, b.line, x + 1 + pair, 26, ink, "%6u%7u%6u%7.2f", f->users, f->shifts,
		f->back, (double)f->score);
	term_put(&u->term, b.line, x + 1 + pair + 27, last, ink, ui_time(u, f->last_ms, time));
}

void tables_flows(const struct tables *t, struct ui *u, struct box b, struct tables_place *place)
{
	int last = ui_time_width(u), row;

	scroll(place, &b, t->p.n_flows);
	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD, " FROM > TO");
	term_putf(&u->term, b.line, b.column + b.columns - 27 - last, 27 + last, INK_HEAD,
		" USERS SHIFTS  BACK  SCORE %s", "LAST");
	for (row = 0; row < place->page && place->top + (uint32_t)row < t->p.n_flows; row++) {
		uint32_t i = place->top + (uint32_t)row;

		draw_flow(u, &t->p.flow[i],
			(struct box){ b.line + 1 + row, b.column, 1, b.columns },
			place->has_focus && i == place->cursor);
	}
}

/* The heat map: an hour of the day is a cell of one or two columns. */

static void draw_hour_heads(struct ui *u, struct box b, int name, int width)
{
	const struct zone *z = u->feed->zone;
	char hour[8], zone[UI_TIME_MAX + 64];
	int h;

	snprintf(zone, sizeof zone, " TO, HOUR %s",
		z && (!z->fixed || z->offset_s) ? z->name : "UTC");
	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD, "");
	term_put(&u->term, b.line, b.column, name + 1, INK_HEAD, zone);
	for (h = 0; h < POPULATION_HOURS; h += 3) {
		snprintf(hour, sizeof hour, "%02d", h);
		term_put(&u->term, b.line, b.column + name + 2 + h * width, 3 * width, INK_HEAD,
			hour);
	}
	term_put(&u->term, b.line, b.column + name + 2 + POPULATION_HOURS * width, 6, INK_HEAD,
		"   ALL");
}

static void draw_heat(struct ui *u, const uint32_t *n, struct box b, int width, uint32_t max)
{
	char one[GLYPH_TEXT_MAX], cell[2 * GLYPH_TEXT_MAX];
	uint32_t sum = 0;
	int h;

	for (h = 0; h < POPULATION_HOURS; h++) {
		glyph_shade(u->term.glyphs, (float)n[h], (float)max, one);
		snprintf(cell, sizeof cell, "%s%s", one, width > 1 ? one : "");
		term_put(&u->term, b.line, b.column + h * width, width,
			n[h] ? INK_CHART : INK_DIM, cell);
		sum += n[h];
	}
	term_putf(&u->term, b.line, b.column + POPULATION_HOURS * width, 6, INK_TEXT, "%6u", sum);
}

void tables_hours(const struct tables *t, struct ui *u, struct box b,
	const struct tables_place *place)
{
	int width = b.columns >= 2 * POPULATION_HOURS + 8 + 20 ? 2 : 1, row;
	int name = view_clamp(b.columns - POPULATION_HOURS * width - 8, 8, 28);
	uint32_t top = place->top;
	char text[UI_NAME_MAX];

	draw_hour_heads(u, b, name, width);
	top = view_scroll(top, place->cursor, (unsigned)b.lines - 1, t->p.n_rows);
	for (row = 0; row < b.lines - 1 && top + (uint32_t)row < t->p.n_rows; row++) {
		const struct population_row *r = &t->p.row[top + (uint32_t)row];
		bool is_cursor = place->has_focus && top + (uint32_t)row == place->cursor;
		int line = b.line + 1 + row;

		term_put(&u->term, line, b.column, name + 1, is_cursor ? INK_CURSOR : INK_TEXT,
			is_cursor ? ">" : "");
		term_put(&u->term, line, b.column + 1, name, is_cursor ? INK_CURSOR : INK_TEXT,
			ui_category(u, r->category, text));
		draw_heat(u, r->hour, (struct box){ line, b.column + name + 2, 1, 0 }, width,
			t->max_hour);
	}
}

/* The matrix */

struct matrix {
	uint32_t from[MATRIX_MAX], to[MATRIX_MAX];      /* categories */
	uint32_t users[MATRIX_MAX][MATRIX_MAX];
	int n_from, n_to;
};

/* The n rows with most of what is asked, in order; ties as the list has them. */
static int choose(const struct population *p, bool gained, int n, uint32_t *ret)
{
	uint32_t best[MATRIX_MAX], i;
	int used = 0, at;

	for (i = 0; i < p->n_rows; i++) {
		uint32_t value = gained ? p->row[i].gained : p->row[i].lost;

		for (at = used; at > 0 && best[at - 1] < value; at--)
			if (at < n) {
				best[at] = best[at - 1];
				ret[at] = ret[at - 1];
			}
		if (at < n && value) {
			best[at] = value;
			ret[at] = p->row[i].category;
			used += used < n;
		}
	}
	return used;
}

static int index_of(const uint32_t *list, int n, uint32_t category)
{
	int i;

	for (i = 0; i < n && list[i] != category; i++)
		;
	return i;
}

static void fill(struct matrix *m, const struct population *p, int n_from, int n_to)
{
	uint32_t i;

	memset(m->users, 0, sizeof m->users);
	m->n_from = choose(p, false, n_from, m->from);
	m->n_to = choose(p, true, n_to, m->to);
	for (i = 0; i < p->n_flows; i++) {
		int row = index_of(m->from, m->n_from, p->flow[i].from);
		int column = index_of(m->to, m->n_to, p->flow[i].to);

		if (row < m->n_from && column < m->n_to)
			m->users[row][column] = p->flow[i].users;
	}
}

static int matrix_name(const struct matrix *m, const struct box *b)
{
	return view_clamp(b->columns - m->n_to * MATRIX_COLUMN, 8, 30);
}

static void draw_matrix_row(struct ui *u, const struct matrix *m, int row, struct box b,
	const struct population_pick *pick)
{
	int name = matrix_name(m, &b), i;
	char text[UI_NAME_MAX];

	term_put(&u->term, b.line, b.column + 1, name - 2, INK_TEXT,
		ui_category(u, m->from[row], text));
	for (i = 0; i < m->n_to; i++) {
		uint32_t n = m->users[row][i];
		bool is_picked = pick->is_flow && pick->from == m->from[row]
			&& pick->to == m->to[i];
		int x = b.column + name + i * MATRIX_COLUMN;

		if (n)
			term_putf(&u->term, b.line, x, MATRIX_COLUMN - 1,
				is_picked ? INK_CURSOR : INK_GAIN, "%6u", n);
		else
			term_put(&u->term, b.line, x, MATRIX_COLUMN - 1, INK_DIM,
				m->from[row] == m->to[i] ? "     -" : "     .");
	}
}

void tables_matrix(const struct tables *t, struct ui *u, struct box b,
	const struct population_pick *pick)
{
	struct matrix m;
	char text[UI_NAME_MAX];
	int row, i, name;

	fill(&m, &t->p, view_clamp(b.lines - 1, 0, MATRIX_MAX),
		view_clamp((b.columns - 20) / MATRIX_COLUMN, 1, MATRIX_MAX));
	name = matrix_name(&m, &b);
	term_put(&u->term, b.line, b.column, name, INK_HEAD, " FROM, USERS TO:");
	for (i = 0; i < m.n_to; i++) {
		int width = view_clamp(term_width(&u->term, ui_category(u, m.to[i], text)), 0,
			MATRIX_COLUMN - 1);

		term_put(&u->term, b.line, b.column + name + (i + 1) * MATRIX_COLUMN - 1 - width,
			width, INK_HEAD, text);
	}
	for (row = 0; row < m.n_from; row++)
		draw_matrix_row(u, &m, row,
			(struct box){ b.line + 1 + row, b.column, 1, b.columns }, pick);
}
