#include "ui/plot.h"

#include <math.h>
#include <string.h>

#include "base/dict.h"
#include "base/zone.h"
#include "engine/portrait.h"
#include "ui/ahead.h"
#include "ui/pane.h"
#include "ui/ui.h"
#include "ui/words.h"

#define AXIS 8                  /* columns of the numbers at the left, and the line */
#define FOOT 2                  /* lines of marks and times */
#define PANEL_LEAST 5           /* lines of a panel, with its head */
#define PANELS_MAX 8
#define TICK 16                 /* columns between times */
#define DAY_MS INT64_C(86400000)

static int chart_columns(const struct ui *u, struct box b)
{
	int most = (int)(PORTRAIT_CELLS_MAX / glyph_per_cell(u->term.glyphs));

	return view_clamp(b.columns - AXIS - 1, 1, most);
}

uint32_t plot_cells(const struct ui *u, struct box b)
{
	return (uint32_t)chart_columns(u, b) * glyph_per_cell(u->term.glyphs);
}

static int most_panels(int lines)
{
	return view_clamp(lines / PANEL_LEAST, 2, PANELS_MAX);
}

/* One panel is the score's, and the rest of the categories, which is the last row, has none. */
uint32_t plot_rows(struct box b)
{
	return (uint32_t)most_panels(b.lines - 2 - FOOT);
}

static float largest(const float *v, uint32_t n)
{
	float max = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		max = fmaxf(max, v[i]);
	return max;
}

/* The part of each value that lies in a line of the area, from low to high. */
static void draw_line(struct ui *u, const struct box *b, const float *v, const float level[3])
{
	unsigned per = glyph_per_cell(u->term.glyphs), k;
	char buf[GLYPH_TEXT_MAX];
	int x;

	for (x = 0; x < b->columns; x++) {
		float part[2] = { NAN, NAN };
		enum ink ink = INK_CHART;

		for (k = 0; k < per; k++) {
			float value = v[(unsigned)x * per + k];

			part[k] = (value - level[0]) / (level[1] - level[0]);
			if (value >= level[2])
				ink = INK_ALARM;
			if (level[0] <= 0 && part[k] >= 0)
				part[k] = fmaxf(part[k], 1e-3f);
		}
		term_put(&u->term, b->line, b->column + x, 1, ink,
			glyph_fill(u->term.glyphs, part, buf));
	}
}

/* max is the top of the area; values from alarm on are drawn in the ink of alarms. */
static void draw_area(struct ui *u, struct box b, const float *v, float max, float alarm)
{
	struct term *t = &u->term;
	float top = max > 0 ? max : 1;
	char n[WORDS_MAX];
	int i;

	for (i = 0; i < b.lines; i++) {
		struct box line = { b.line + i, b.column + AXIS, 1, b.columns };
		float level[3] = { top * (float)(b.lines - 1 - i) / (float)b.lines,
			top * (float)(b.lines - i) / (float)b.lines, alarm };

		if (i == 0 && max > 0)
			term_putf(t, line.line, b.column, AXIS - 2, INK_DIM, "%*s", AXIS - 2,
				words_short((double)max, n));
		else if (i == b.lines - 1)
			term_putf(t, line.line, b.column, AXIS - 2, INK_DIM, "%*d", AXIS - 2, 0);
		draw_line(u, &line, v, level);
	}
	term_wall(t, b.line, b.column + AXIS - 1, b.lines);
}

static void draw_category(struct ui *u, const struct pane *p, uint32_t i, struct box b)
{
	const struct portrait_row *r = &p->portrait.row[i];
	float max = fmaxf(largest(r->cell, p->portrait.n_cells), p->tops.cell);
	struct box area = { b.line + 1, b.column, b.lines - 1, chart_columns(u, b) };
	struct parts head = { .n = 0 };
	char name[UI_NAME_MAX], n[WORDS_MAX];

	if (r->category == DICT_NONE)
		snprintf(name, sizeof name, "(%u more)", r->n_rest);
	else
		ui_category(u, r->category, name);
	parts_add(&head, 0, INK_TITLE, "%s", ui_brief(name, 40));
	parts_add(&head, 1, INK_TEXT, "now %.0f%%, base %.0f%%", (double)r->now * 100,
		(double)r->base * 100);
	parts_add(&head, 2, INK_DIM, "%s event%s", words_count(r->n_events, n),
		r->n_events == 1 ? "" : "s");
	parts_draw(&head, &u->term, b.line, b.column + AXIS, b.columns - AXIS);
	draw_area(u, area, r->cell, max, INFINITY);
}

static void draw_score(struct ui *u, const struct pane *p, struct box b)
{
	const struct portrait *q = &p->portrait;
	struct box area = { b.line + 1, b.column, b.lines - 1, chart_columns(u, b) };
	float max = fmaxf(largest(q->score, q->n_cells), q->threshold * 1.25f);

	max = fmaxf(max, p->tops.score);
	term_putf(&u->term, b.line, b.column + AXIS, b.columns - AXIS, INK_TITLE,
		"change score, alarm at %.2f", (double)q->threshold);
	draw_area(u, area, q->score, max, q->threshold);
}

/* A time at every so many columns; its first character stands at its moment. */
static void draw_times(struct ui *u, const struct portrait *q, int line, int column, int width)
{
	int64_t span_ms = q->cell_ms * q->n_cells;
	char time[UI_TIME_MAX];
	int x;

	for (x = 0; x + 12 <= width; x += TICK)
		term_putf(&u->term, line, column + x, TICK, INK_DIM, "%s",
			time_show(q->from_ms + span_ms / width * x, u->feed->zone,
				span_ms > 300 * DAY_MS ? "'%Y-%m-%d" : "'%m-%d %H:%M", time,
				sizeof time));
}

void plot_draw(struct ui *u, const struct pane *p, struct box b)
{
	const struct portrait *q = &p->portrait;
	int lines = b.lines - 1 - FOOT, i, line = b.line + 1;
	int others = 1 + (p->outlook.n_ahead > 0);
	int panels = view_clamp((int)q->n_rows + others, others, most_panels(lines));
	int width = chart_columns(u, b);
	char span[PANE_SPAN_MAX];

	pane_span(p, u, span);
	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD, "");
	term_put(&u->term, b.line, b.column + AXIS, b.columns - AXIS, INK_HEAD, span);
	for (i = 0; i < panels; i++) {
		int height = lines / panels + (i < lines % panels);
		struct box panel = { line, b.column, height, b.columns };

		if (i + others < panels)
			draw_category(u, p, (uint32_t)i, panel);
		else if (i + 1 < panels)
			ahead_plot(u, &p->outlook, panel, AXIS);
		else
			draw_score(u, p, panel);
		line += height;
	}
	term_put(&u->term, line, b.column, AXIS - 1, INK_DIM, "alerts");
	pane_marks(q, u, line, b.column + AXIS, width);
	draw_times(u, q, line + 1, b.column + AXIS, width);
}
