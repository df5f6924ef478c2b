/* interest.h - a user's interest in one category over a trailing window: the chart of an alert's
 * row.
 *
 * Cells are whole spans since 1970, so that a chart moves only when the clock passes into the next
 * one. Kept per alert, and made anew when the clock moved (at most once a second when live).
 */
#ifndef UI_INTEREST_H
#define UI_INTEREST_H

#include <stdint.h>

#include "ingest/event.h"

struct ui;

#define INTEREST_CELLS_MAX 64
#define INTEREST_LAST 4
#define INTEREST_SLOTS 128

struct interest {
	uint32_t alert;         /* its number plus 1; 0: the slot is empty */
	int64_t window_ms, data_ms, made_ms;
	unsigned n_cells;
	float max;
	float cell[INTEREST_CELLS_MAX];         /* NaN throughout when the events cannot be read */
	struct event last[INTEREST_LAST];       /* the user's newest events, newest first */
	unsigned n_last;
};

/* Of an alert of the feed, at the snapshot's data clock; valid until INTEREST_SLOTS others. */
const struct interest *interest_look(struct ui *u, uint32_t alert, int64_t window_ms,
	unsigned n_cells);

#endif
