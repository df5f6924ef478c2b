#include "ui/row.h"

#include <math.h>
#include <stdlib.h>

#include "ui/ui.h"
#include "ui/words.h"

#define WINDOW_ALERTS 64
#define DELAYS_MAX 1024

static int span_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t row_delay_ms(const struct ui *u, uint32_t first, uint32_t n)
{
	uint32_t used = n < DELAYS_MAX ? n : DELAYS_MAX, i;
	int64_t span[DELAYS_MAX];

	for (i = 0; i < used; i++) {
		uint32_t alert = first + (uint32_t)((uint64_t)i * n / used);
		const struct finding *f = &feed_alert(u->feed, alert)->f;

		span[i] = f->time_ms - f->onset_ms;
	}
	qsort(span, used, sizeof *span, span_cmp);
	return used ? span[used / 2] : 0;
}

/* Three times the delay of the first alerts of a log, or of the newest of a live run. A stray time
 * far outside of the log does not matter.
 */
static int64_t window_of(const struct ui *u)
{
	uint32_t n = u->snap->n_alerts_total ? u->snap->n_alerts_total : u->snap->n_alerts;
	uint32_t used = n < WINDOW_ALERTS ? n : WINDOW_ALERTS;

	return words_window_around(3 * row_delay_ms(u, snapshot_goes_on(u->snap) ? n - used : 0,
		used));
}

struct row_plan row_plan(const struct ui *u, int columns)
{
	struct row_plan g = { .columns = columns, .time_x = 5, .window_ms = window_of(u) };
	int time = ui_time_width(u), rest = columns - 19 - time;

	g.chart = view_clamp(rest / 3, 6, 32);
	g.user = u->is_masked ? PSEUDONYM_COLUMNS : view_clamp(rest / 5, 8, 14);
	g.pair = rest - g.chart - g.user;
	g.user_x = g.time_x + time + 1;
	g.pair_x = g.user_x + g.user + 1;
	g.score_x = g.pair_x + g.pair + 1;
	g.chart_x = g.score_x + 6 + 1 + 3 + 1;
	return g;
}

void row_heads(struct ui *u, const struct row_plan *g, int line)
{
	struct term *t = &u->term;
	char span[WORDS_MAX];

	term_put(t, line, 0, g->columns, INK_HEAD, " P S");
	term_put(t, line, g->time_x, g->user_x - g->time_x, INK_HEAD, "TIME");
	term_put(t, line, g->user_x, g->user, INK_HEAD, "USER");
	term_put(t, line, g->pair_x, g->pair, INK_HEAD, "FROM > TO");
	term_put(t, line, g->score_x, 11, INK_HEAD, " SCORE  N");
	term_putf(t, line, g->chart_x, g->chart, INK_HEAD, "INTEREST %s",
		words_span(g->window_ms, span));
}

const struct interest *row_interest(struct ui *u, const struct row_plan *g, uint32_t alert)
{
	return interest_look(u, alert, g->window_ms,
		(unsigned)g->chart * glyph_per_cell(u->term.glyphs));
}

void row_draw(struct ui *u, const struct row_plan *g, uint32_t alert, int line, bool is_cursor)
{
	const struct alert *a = feed_alert(u->feed, alert);
	const struct finding *f = &a->f;
	struct term *t = &u->term;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT, priority;
	const char *sign = ui_priority(f->severity, &priority);
	char time[UI_TIME_MAX], user[UI_NAME_MAX];
	const struct interest *interest = row_interest(u, g, alert);
	const struct board_entry *entry = board_find(&u->board, a->id);
	char state[2] = { board_state(u, alert) }, left[BOARD_LEFT_MAX];
	int left_width = term_width(t, board_left(u, alert, left));

	term_put(t, line, 0, g->chart_x, ink, is_cursor ? ">" : "");
	term_put(t, line, 1, 2, *state == 'N' ? priority : INK_DIM,
		sign[0] == ' ' ? sign + 1 : sign);
	term_put(t, line, 3, 1, ink, state);
	if (entry && (entry->is_marked || entry->note != BOARD_NONE))
		term_put(t, line, 4, 1, INK_KEY, entry->is_marked ? "*" : "\"");
	term_put(t, line, g->time_x, g->user_x - g->time_x, ink, ui_time(u, f->time_ms, time));
	term_put(t, line, g->user_x, g->user, ink, ui_user(u, f->user, user));
	ui_put_pair(u, f, (struct box){ line, g->pair_x, 1,
		g->pair - (left_width ? left_width + 1 : 0) }, ink);
	term_put(t, line, g->pair_x + g->pair - left_width, left_width, ink, left);
	term_putf(t, line, g->score_x, 6, ink, "%6.2f", (double)f->score);
	term_putf(t, line, g->score_x + 6, 4, ink, "%4u",
		u->roll.n > alert ? u->roll.alert[alert].nth : 0);
	term_chart(t, line, g->chart_x, g->chart, interest->cell, interest->max, INFINITY);
}
