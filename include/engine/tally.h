/* tally.h - sums by category over one user's events: the few there are, in a sorted array.
 *
 * Owner: the caller.
 */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include <stdint.h>

#include "series/step.h"

struct err;

struct tally_row {
	uint32_t category;
	uint32_t n_events;
	int64_t last_ms;
	struct score_sum before, since;         /* of a moment the caller chooses */
};

struct tally {
	struct tally_row *row;  /* by category number; the order to show is the caller's */
	uint32_t n;
};

/* One zeroed row for each distinct category of n events. */
int tally_init(struct tally *t, const uint32_t *category, uint32_t n, struct err *e);
void tally_done(struct tally *t);
/* The row of a category that is in it; only while rows are by category number. */
struct tally_row *tally_find(const struct tally *t, uint32_t category);

#endif
