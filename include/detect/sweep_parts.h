/* sweep_parts.h - the inside of a sweep, for its own rooms: one user at a time, or many. */
#ifndef DETECT_SWEEP_PARTS_H
#define DETECT_SWEEP_PARTS_H

#include <pthread.h>

#include "base/err.h"
#include "detect/shard.h"
#include "detect/sweep.h"
#include "series/history.h"

struct walk;

/* What all workers share. */
struct job {
	const struct history *history;
	const struct ids *ids;
	const struct priors *priors;
	const struct sweep_options *o;
	int64_t horizon_ms, silent_ms;  /* up to which sessions end, and silence counts */
	uint32_t n_users;
	_Atomic uint32_t next, done;
	atomic_bool failed;
};

struct worker {
	struct job *job;
	struct shard shard;
	struct shard_who who;   /* the user being looked at, one at a time */
	struct walk *walk;      /* many at a time: by slot */
	uint32_t first_user;    /* in slot 0 */
	struct sweep out;
	uint32_t cap_findings, cap_clearings, cap_records, cap_exposures;
	uint32_t n_restarts;
	struct sight *seen;     /* in one instant */
	uint32_t cap_seen;
	struct err err;
	pthread_t thread;
};

int sweep_no_memory(struct err *e);
bool sweep_should_stop(const struct job *j);
int sweep_keep(void *worker, const struct shard_event *ev, struct err *e);
/* What happened in the instant at event i, returns left out, in w->seen; the index after it, or 0
 * without memory.
 */
uint32_t sweep_gather(struct worker *w, const struct user_events *u, uint32_t i, uint32_t *ret_n);
int sweep_keep_exposure(struct worker *w, uint32_t user, int64_t from_ms, int64_t to_ms);

/* All users from first to end - 1, each in a slot of its own: for a backend that steps many at once
 * as fast as one. What they find is grouped by user.
 */
int sweep_many(struct worker *w, uint32_t first, uint32_t end);
/* What a walk was told of its user. */
void sweep_many_found(struct worker *w, uint32_t user);

#endif
