/* portrait.h - one user drawn from the user's own events: what USER shows and `veer user` prints.
 *
 * Exact: computed from the events each time (one user's are few), with the same tracker as
 * detection for the score curve. Cells are equal spans of time ending at the asked moment. Owner:
 * the caller.
 */
#ifndef ENGINE_PORTRAIT_H
#define ENGINE_PORTRAIT_H

#include <stdint.h>

#include "ingest/event.h"
#include "series/step.h"

struct err;
struct finding;
struct model;

#define PORTRAIT_CELLS_MAX 384

struct portrait_row {
	uint32_t category;              /* DICT_NONE: the rest, as one row */
	uint32_t n_rest;                /* how many categories the rest row stands for */
	uint32_t n_events;
	int64_t last_ms;
	float now, base;        /* share of interest since the onset of the newest alert (or in the
	                         * last quarter of the user's events), and before */
	float cell[PORTRAIT_CELLS_MAX]; /* score_value() in each cell */
};

struct portrait {
	uint32_t user;
	uint32_t n_events;
	int64_t first_ms, last_ms;
	int64_t from_ms, cell_ms;       /* start of cell 0, span of a cell */
	uint32_t n_cells, n_rows;
	/* The newest alert's `to` and `from`, then the largest `now` first, ties by bytes; the
	 * rest last.
	 */
	struct portrait_row *row;
	float score[PORTRAIT_CELLS_MAX]; /* the highest change score in each cell; NaN: none */
	float threshold;
	struct finding *finding;        /* alerts of these events, oldest first */
	uint32_t n_findings;
	struct event *event;            /* the events themselves, oldest first: taken over */
};

struct portrait_options {
	uint32_t n_cells;
	uint32_t max_rows;              /* with more categories, the last of these is the rest */
	int64_t horizon_ms;             /* up to which time is known to have passed */
	int64_t upto_ms;                /* the right edge, in the last cell; no later events */
	int64_t back_ms;                /* the cells end so long before upto_ms */
	int64_t span_ms;                /* 0: from the user's first event */
	enum score_kind score;
};

/* Takes over ev (from feed_user(), or copied), also on failure. Without a model (NULL) there are no
 * scores and findings. Shares are of the sum of score_value() over the categories.
 */
int portrait_make(struct portrait *p, uint32_t user, struct event *ev, uint32_t n,
	const struct model *m, const struct ids *ids, const struct portrait_options *o,
	struct err *e);
void portrait_done(struct portrait *p);

#endif
