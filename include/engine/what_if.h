/* what_if.h - the alerts that another budget would give of a log that is in memory.
 *
 * A run beside the one that was loaded: it shares ids and events with it, has a model whose
 * thresholds are those of the other budget, and finds its alerts on a thread of its own. They are
 * the rows of `detect --model --budget`, and are never written to a store. Each user's highest
 * scores are the same for every budget: those that the fit left, or else they are found the first
 * time; only users that a threshold is crossed by are looked at. Owner: the ui thread.
 */
#ifndef ENGINE_WHAT_IF_H
#define ENGINE_WHAT_IF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "engine/run.h"

struct what_if {
	const struct run_options *o;
	struct budget budget;
	struct run run;                 /* ids and history are borrowed */
	struct run_progress progress;
	float *highs;                   /* found here; NULL: the fit left them, or not yet */
	struct err err;                 /* of the thread */
	pthread_t thread;
	bool is_busy;                   /* the thread was not joined yet */
	atomic_bool is_over;            /* its last write */
};

/* Zero it first. Borrows base, one and the same, and o until what_if_done(). Nothing runs when it
 * fails.
 */
int what_if_start(struct what_if *w, const struct run *base, const struct run_options *o,
	const struct budget *b, struct err *e);
/* Waits for the end: 0, or why there are no alerts. */
int what_if_join(struct what_if *w, struct err *e);
/* Stops it, and forgets what came of it, but for the users' highest scores. */
void what_if_drop(struct what_if *w);
void what_if_done(struct what_if *w);

#endif
