/* baseline.h - simple detectors to beat, as scores of a user's counts.
 *
 * They see what channel `mixture` sees: a category once a session, the events of an instant
 * together, from the first count at risk on. Parameters are those of tools/bench_splice.py.
 */
#ifndef LEARN_BASELINE_H
#define LEARN_BASELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/score.h"

struct err;
struct history;
struct ids;
struct model;

enum baseline {
	BASELINE_EWMA,          /* L1 distance of a fast and a slow average of the categories */
	BASELINE_CUSUM,         /* CUSUM of the log loss of the next category (Page 1954) */
	BASELINE_ALWAYS,        /* an alarm at the first count at risk */
	BASELINE_NEVER,
	BASELINE_N
};
extern const char *const baseline_name[BASELINE_N];

/* Session gap, shares and prior strength are the model's. */
struct baseline_run {
	const struct history *h;
	const struct ids *ids;
	const struct model *m;
	int64_t until_ms;
	unsigned threads;
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
};

/* Adds the new highs of every user, in no order. */
int baseline_highs(struct score_highs *of, enum baseline which, const struct baseline_run *r,
	struct err *e);

#endif
