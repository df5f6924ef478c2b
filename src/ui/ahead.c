#include "ui/ahead.h"

#include <math.h>
#include <stdio.h>

#include "detect/outlook.h"
#include "ui/ui.h"
#include "ui/words.h"

#define VALUES_MAX (FORECAST_STEPS + 2)         /* a cell of braille has two */

/* Days as a chart wants them: those past end where the others begin. */
struct days {
	float past[VALUES_MAX], ahead[OUTLOOK_AHEAD + 1];
	int past_cells, ahead_cells;
	float max;
};

static int cells_of(const struct ui *u, uint32_t n)
{
	unsigned per = glyph_per_cell(u->term.glyphs);

	return (int)((n + per - 1) / per);
}

static void lay_days(const struct ui *u, const struct outlook *o, int cells, struct days *d)
{
	int per = (int)glyph_per_cell(u->term.glyphs), n = (int)o->n_past, i;

	*d = (struct days){ .ahead_cells = cells_of(u, o->n_ahead) };
	d->past_cells = view_clamp(cells - 1 - d->ahead_cells, 0, cells_of(u, o->n_past));
	for (i = 0; i < d->past_cells * per; i++) {
		int day = n - d->past_cells * per + i;

		d->past[i] = day >= 0 ? o->past[day] : NAN;
		d->max = fmaxf(d->max, d->past[i]);
	}
	for (i = 0; i < d->ahead_cells * per; i++) {
		d->ahead[i] = i < (int)o->n_ahead ? o->ahead[i] : NAN;
		d->max = fmaxf(d->max, d->ahead[i]);
	}
}

static const char *wall(const struct ui *u)
{
	return u->term.glyphs <= GLYPHS_BLOCKS ? "│" : "|";
}

void ahead_chart(struct ui *u, const struct outlook *o, int line, int column, int cells)
{
	unsigned per = glyph_per_cell(u->term.glyphs);
	char buf[GLYPH_TEXT_MAX];
	struct days d;
	int x, i;

	lay_days(u, o, cells, &d);
	x = column + cells - 1 - d.past_cells - d.ahead_cells;
	term_chart(&u->term, line, x, d.past_cells, d.past, d.max, INFINITY);
	x += d.past_cells;
	term_put(&u->term, line, x++, 1, INK_DIM, wall(u));
	for (i = 0; i < d.ahead_cells; i++)
		term_put(&u->term, line, x + i, 1, INK_TEXT, glyph_dot(u->term.glyphs,
			d.ahead + (unsigned)i * per, d.max, buf));
}

static const char *plus_minus(const struct ui *u)
{
	return u->term.glyphs <= GLYPHS_BLOCKS ? "±" : "+-";
}

void ahead_words(const struct ui *u, const struct outlook *o, char buf[AHEAD_WORDS_MAX])
{
	char span[WORDS_MAX], off[WORDS_MAX];

	snprintf(buf, AHEAD_WORDS_MAX, "%s%s, %s ahead", plus_minus(u),
		words_figure((double)o->off[0], off), words_span(o->span_ms * o->n_ahead, span));
}

/* Columns of a day, and where now is. */
struct scale {
	struct box b;
	int day, now;
	float top;
};

static struct scale scale_of(const struct outlook *o, struct box b)
{
	struct scale s = { .b = b };
	uint32_t i;

	s.day = view_clamp((b.columns - 1) / (int)(o->n_past + o->n_ahead), 1, 8);
	s.now = view_clamp(b.columns - 1 - s.day * (int)o->n_ahead, 0, s.day * (int)o->n_past);
	for (i = 0; i < o->n_past; i++)
		s.top = fmaxf(s.top, o->past[i]);
	for (i = 0; i < o->n_ahead; i++)
		s.top = fmaxf(s.top, o->ahead[i] + o->off[i]);
	if (!(s.top > 0))
		s.top = 1;
	return s;
}

/* The line of the area, from the top, in which a value lies. */
static int line_at(const struct scale *s, float value)
{
	float part = fmaxf(value, 0) / s->top * (float)s->b.lines;

	return s->b.lines - 1 - view_clamp((int)part, 0, s->b.lines - 1);
}

static void draw_past(struct ui *u, const struct outlook *o, const struct scale *s, int i)
{
	char buf[GLYPH_TEXT_MAX];
	int x, n = (int)o->n_past;

	for (x = 0; x < s->now; x++) {
		int day = n - 1 - (s->now - 1 - x) / s->day;
		float low = s->top * (float)(s->b.lines - 1 - i) / (float)s->b.lines;
		float part = (o->past[day] - low) / s->top * (float)s->b.lines;
		float both[2] = { part, part };

		if (i == s->b.lines - 1 && part >= 0)
			both[0] = both[1] = fmaxf(part, 1e-3f);
		term_put(&u->term, s->b.line + i, s->b.column + x, 1, INK_CHART,
			glyph_fill(u->term.glyphs, both, buf));
	}
}

/* What is expected in every second column, the interval shaded around it. */
static void draw_ahead(struct ui *u, const struct outlook *o, const struct scale *s, int i)
{
	bool is_plain = u->term.glyphs > GLYPHS_BLOCKS;
	int x, width = s->day * (int)o->n_ahead;

	for (x = 0; x < width; x++) {
		int day = x / s->day;
		bool is_dot = i == line_at(s, o->ahead[day]) && x % 2 == 0;
		bool is_in = i >= line_at(s, o->ahead[day] + o->off[day])
			&& i <= line_at(s, o->ahead[day] - o->off[day]);

		term_put(&u->term, s->b.line + i, s->b.column + s->now + 1 + x, 1,
			is_dot ? INK_TITLE : INK_DIM,
			is_dot ? (is_plain ? "o" : "•") : is_in ? (is_plain ? ":" : "░") : " ");
	}
}

static void draw_head(struct ui *u, const struct outlook *o, struct box b)
{
	uint32_t last = o->n_ahead - 1;
	struct parts p = { .n = 0 };
	char span[WORDS_MAX], x[WORDS_MAX], off[WORDS_MAX];

	parts_add(&p, 0, INK_TITLE, "interest a day");
	parts_add(&p, 1, INK_TEXT, "today %s %s%s", words_figure((double)o->ahead[0], x),
		plus_minus(u), words_figure((double)o->off[0], off));
	parts_add(&p, 2, INK_TEXT, "in %s %s %s%s", words_span(o->span_ms * last, span),
		words_figure((double)o->ahead[last], x), plus_minus(u),
		words_figure((double)o->off[last], off));
	parts_add(&p, 3, INK_DIM, "smoothed %s", words_figure((double)o->level, x));
	parts_add(&p, 4, INK_DIM, "days on an axis of their own");
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

void ahead_plot(struct ui *u, const struct outlook *o, struct box b, int axis)
{
	struct box area = { b.line + 1, b.column + axis, b.lines - 1, b.columns - axis - 1 };
	struct scale s = scale_of(o, area);
	char n[WORDS_MAX];
	int i;

	draw_head(u, o, (struct box){ b.line, b.column + axis, 1, b.columns - axis });
	term_putf(&u->term, area.line, b.column, axis - 2, INK_DIM, "%*s", axis - 2,
		words_short((double)s.top, n));
	if (area.lines > 1)
		term_putf(&u->term, area.line + area.lines - 1, b.column, axis - 2, INK_DIM, "%*d",
			axis - 2, 0);
	for (i = 0; i < area.lines; i++) {
		draw_past(u, o, &s, i);
		draw_ahead(u, o, &s, i);
	}
	term_wall(&u->term, area.line, area.column - 1, area.lines);
	term_wall(&u->term, area.line, area.column + s.now, area.lines);
}
