/* population.h - which categories users come to and leave, and by which ways, told by the alerts.
 *
 * A shift is an alert of interest: its user went from one category to another (or to or from none
 * that stands out, DICT_NONE). Tables count the shifts of a span of time and the different users in
 * them. A pure function of the alerts' rows: their order, and the numbers that categories have, do
 * not matter. Alerts of volume are no shifts. Owner: the caller. Memory: about 130 bytes a shift
 * while it is made, then 640 bytes a category and 40 a way.
 */
#ifndef ENGINE_POPULATION_H
#define ENGINE_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct feed;

#define POPULATION_CELLS_MAX 64
#define POPULATION_HOURS 24

/* Cells of equal span, the last of which holds the present; whole spans since 1970, so that tables
 * stay as they are until the present passes into the next one.
 */
struct population_span {
	int64_t from_ms, cell_ms;
	uint32_t n_cells;
};

struct population_row {
	uint32_t category;
	uint32_t gained, lost;          /* users */
	uint32_t back;                  /* shifts to it that were cleared: the user went back */
	int64_t last_ms;                /* the newest shift to or from it */
	uint32_t gain[POPULATION_CELLS_MAX], loss[POPULATION_CELLS_MAX];        /* shifts */
	uint32_t hour[POPULATION_HOURS];        /* shifts to it, by hour of the day in the zone */
};

struct population_flow {
	uint32_t from, to;
	uint32_t users, shifts, back;
	float score;                    /* the highest */
	int64_t last_ms;
};

struct population {
	struct population_row *row;     /* of all categories but DICT_NONE, in the order asked */
	struct population_flow *flow;   /* most users first, then shifts, then names */
	uint32_t n_rows, n_flows;
	uint32_t shifts, users, back;
	uint32_t hour[POPULATION_HOURS];        /* of all shifts */
};

enum population_sort { SORT_GAINED, SORT_LOST, SORT_NET, SORT_NAME, SORT_N };

struct population_options {
	struct population_span span;
	uint32_t n_alerts;              /* the first so many of the feed */
	int64_t now_ms;                 /* clearings up to then are known */
	enum population_sort sort;      /* ties by the others in turn, at last by names */
};

/* window_ms 0: all since first_ms. n_cells is kept within POPULATION_CELLS_MAX. */
struct population_span population_span(int64_t window_ms, uint32_t n_cells, int64_t first_ms,
	int64_t now_ms);

/* Ids, zone and alerts are the feed's. */
int population_make(struct population *p, struct feed *f, const struct population_options *o,
	struct err *e);
void population_done(struct population *p);

/* What a person picked: the shifts to or from a category (from: DICT_NONE and any of both), or
 * those of one way.
 */
struct population_pick {
	bool is_flow;
	uint32_t from, to;              /* no flow: `to` is the category, either side */
};
/* The newest shift of each user picked, as numbers of alerts, newest first; the caller frees them
 * with mem_free().
 */
int population_users(struct feed *f, const struct population_options *o,
	const struct population_pick *pick, uint32_t **ret, uint32_t *ret_n);

#endif
