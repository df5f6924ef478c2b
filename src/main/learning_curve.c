#include "main/learning_curve.h"

#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ui/glyph.h"

#define LINES 10
#define COLUMNS 48
#define ACROSS 2                /* dots of a cell */
#define DOWN 4
#define DOTTED 3                /* one dot in so many columns of them */

bool learning_curve_has_dots(void)
{
	enum glyphs g;
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	return glyphs_choose(NULL, utf8, false, getenv("TERM"), &g) && g <= GLYPHS_BLOCKS;
}

struct canvas {
	const struct learning_curve *c;
	double low, high;
	unsigned char cell[LINES][COLUMNS];     /* a letter, or dots of braille */
};

static double value(const struct canvas *v, uint32_t epoch, bool later)
{
	const struct fit_lstm_epoch *e = &v->c->epoch[epoch];
	return later ? e->valid_mse : e->train_mse;
}

static void find_range(struct canvas *v)
{
	v->low = INFINITY;
	v->high = -INFINITY;
	for (uint32_t i = 0; i < 2 * v->c->n; i++) {
		double x = value(v, i / 2, i % 2);
		v->low = isfinite(x) ? fmin(v->low, x) : v->low;
		v->high = isfinite(x) ? fmax(v->high, x) : v->high;
	}
}

/* From 0 at the bottom. */
static int height_of(const struct canvas *v, double x, int steps)
{
	return v->high > v->low ? (int)lround((x - v->low) / (v->high - v->low) * (steps - 1)) : 0;
}

static int column_of(const struct canvas *v, uint32_t epoch, int columns)
{
	uint32_t span = v->c->span > v->c->n ? v->c->span : v->c->n;
	return span > 1 ? (int)lround((double)epoch / (span - 1) * (columns - 1)) : 0;
}

static void put_dot(struct canvas *v, int x, int height)
{
	static const unsigned char bit[ACROSS][DOWN] = { { 0x40, 4, 2, 1 }, { 0x80, 32, 16, 8 } };
	v->cell[LINES - 1 - height / DOWN][x / ACROSS] |= bit[x % ACROSS][height % DOWN];
}

/* From one epoch to the next. */
static void draw_stroke(struct canvas *v, uint32_t epoch, bool later)
{
	int steps = LINES * DOWN, x = column_of(v, epoch, COLUMNS * ACROSS);
	int end = column_of(v, epoch + 1, COLUMNS * ACROSS), first = x;
	double from = value(v, epoch, later), to = value(v, epoch + 1, later);
	int before = height_of(v, from, steps);
	for (; x <= end; x++) {
		double part = end > first ? (double)(x - first) / (end - first) : 1;
		int h = height_of(v, from + (to - from) * part, steps);
		int low = h < before ? h : before, high = h < before ? before : h;
		for (int y = low; y <= high && (later || x % DOTTED == 0); y++)
			put_dot(v, x, later ? y : h);
		before = h;
	}
}

static void draw_dots(struct canvas *v)
{
	for (int later = 0; later < 2; later++) {
		if (!isfinite(value(v, 0, later)))
			continue;
		put_dot(v, 0, height_of(v, value(v, 0, later), LINES * DOWN));
		for (uint32_t i = 0; i + 1 < v->c->n; i++)
			draw_stroke(v, i, later);
	}
}

static void draw_letters(struct canvas *v)
{
	for (uint32_t i = 0; i < 2 * v->c->n; i++) {
		double x = value(v, i / 2, i % 2);
		if (!isfinite(x))
			continue;
		unsigned char *c = &v->cell[LINES - 1 - height_of(v, x, LINES)]
			[column_of(v, i / 2, COLUMNS)];
		*c = *c == (i % 2 ? 't' : 'v') ? '+' : i % 2 ? 'v' : 't';
	}
}

static void print_cell(const struct canvas *v, unsigned char c, FILE *to)
{
	if (!c)
		fputc(' ', to);
	else if (v->c->dots)
		fprintf(to, "\xe2%c%c", 0xa0 + (c >> 6), 0x80 + (c & 0x3f));
	else
		fputc(c, to);
}

static void print_line(const struct canvas *v, int line, const char *end, FILE *to)
{
	int n = COLUMNS;
	double at = v->high - (v->high - v->low) * line / (LINES - 1);
	while (n > 0 && !v->cell[line][n - 1])
		n--;
	if (line % 3 == 0)
		fprintf(to, "%10.4g |", at);
	else
		fprintf(to, "%10s |", "");
	for (int x = 0; x < n; x++)
		print_cell(v, v->cell[line][x], to);
	fputs(end, to);
}

static void print_axis(const struct canvas *v, const char *end, FILE *to)
{
	const struct learning_curve *c = v->c;
	uint32_t span = c->span > c->n ? c->span : c->n;
	int best = c->best ? column_of(v, c->best - 1, COLUMNS) : -1;
	fprintf(to, "%11s+", "");
	for (int x = 0; x < COLUMNS; x++)
		fputc(x == best ? '^' : '-', to);
	fprintf(to, "%s%12s1%*u%s", end, "", COLUMNS - 1, span, end);
}

void learning_curve_print(const struct learning_curve *c, const char *end, FILE *to)
{
	struct canvas v = { .c = c };
	find_range(&v);
	if (c->dots)
		draw_dots(&v);
	else
		draw_letters(&v);
	fprintf(to, "MSE by epoch: %s on later days, %s while training%s", c->dots ? "solid" : "v",
		c->dots ? "dotted" : "t", end);
	for (int line = 0; line < LINES; line++)
		print_line(&v, line, end, to);
	print_axis(&v, end, to);
}
