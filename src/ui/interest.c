#include "ui/interest.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/feed.h"
#include "series/step.h"
#include "ui/ui.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Interest in one category; in all where the alert names none. */
static void fill(struct interest *s, const struct event *ev, uint32_t n, uint32_t category,
	enum score_kind kind)
{
	struct score_sum sum[INTEREST_CELLS_MAX] = { 0 };
	int64_t cell_ms = s->window_ms / s->n_cells;
	int64_t edge = floor_div(s->data_ms, cell_ms) + 1, first = edge - s->n_cells;
	uint32_t i;

	for (i = n; i > 0; i--) {
		const struct event *e = &ev[i - 1];
		int64_t at = floor_div(e->time_ms, cell_ms) - first;

		if (s->n_last < INTEREST_LAST)
			s->last[s->n_last++] = *e;
		if (at < 0)
			break;
		if ((category == DICT_NONE || e->category == category) && at < s->n_cells)
			score_add(&sum[at], kind, e->behaviour, e->price, e->quantity);
	}
	s->max = 0;
	for (i = 0; i < s->n_cells; i++) {
		s->cell[i] = (float)score_value(&sum[i], kind);
		if (s->cell[i] > s->max)
			s->max = s->cell[i];
	}
}

static void make(struct ui *u, struct interest *s, uint32_t alert)
{
	const struct finding *found = &feed_alert(u->feed, alert)->f;
	struct event *ev = NULL;
	struct err e = { 0 };
	uint32_t n = 0;
	unsigned i;

	s->n_last = 0;
	if (feed_user(u->feed, found->user, s->data_ms, &ev, &n, &e) < 0) {
		for (i = 0; i < s->n_cells; i++)
			s->cell[i] = NAN;
		return;
	}
	fill(s, ev, n, found->to, u->options->score);
	mem_free(ev);
}

const struct interest *interest_look(struct ui *u, uint32_t alert, int64_t window_ms,
	unsigned n_cells)
{
	struct interest *s = &u->interest[alert % INTEREST_SLOTS];
	int64_t now_ms = clock_tick_ms(u->clock);
	bool is_same = s->alert == alert + 1 && s->window_ms == window_ms && s->n_cells == n_cells;

	if (is_same && (s->data_ms == u->snap->data_ms || ui_is_early(u, s->made_ms)))
		return s;
	s->alert = alert + 1;
	s->window_ms = window_ms;
	s->n_cells = n_cells < INTEREST_CELLS_MAX ? n_cells : INTEREST_CELLS_MAX;
	s->data_ms = u->snap->data_ms;
	s->made_ms = now_ms;
	make(u, s, alert);
	return s;
}
