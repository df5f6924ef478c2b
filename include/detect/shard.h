/* shard.h - a set of users under one model: profiles here, detector states in a backend.
 *
 * Instants are added, then stepped together, so that a backend sees many users at once; a user may
 * be in a step only once. An alarm is explained and its user restarted before the step returns.
 * Owner: one thread. tracker.h feeds it in time order, sweep.h one user after the other.
 */
#ifndef DETECT_SHARD_H
#define DETECT_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blocks.h"
#include "detect/backend.h"
#include "detect/finding.h"
#include "series/profile.h"

struct err;
struct ids;
struct model;

/* What an end of an instant said: a finding (explained), or, when records are asked for, a new
 * high. */
struct shard_event {
	struct finding finding;         /* user, time_ms and score are always set */
	float log_m;                    /* ln M before the offset */
	uint32_t n;                     /* the user's counts */
};
typedef int shard_sink(void *ctx, const struct shard_event *ev, struct err *e);

struct shard {
	const struct model *model;      /* borrowed, like ids */
	const struct ids *ids;
	bool records;
	struct mixture_rule rule;
	struct backend backend;
	float *prior, unseen;           /* s pi(c), by category number */
	uint32_t n_prior;
	struct blocks profile;          /* by slot: shard_profile() */
	uint32_t n_slots;
	struct run_of *run;             /* of the step being gathered, and beside each: */
	uint32_t *user;
	int64_t *time_ms;
	uint32_t n_runs, cap_runs;
	struct count *count;
	uint32_t n_counts, cap_counts;
	struct verdict *verdict;        /* cap_counts of them */
};

static inline struct profile *shard_profile(const struct shard *s, uint32_t slot)
{
	return blocks_at(&s->profile, slot);
}

int shard_init(struct shard *s, const struct model *m, const struct ids *ids, const char *backend,
	struct err *e);
void shard_done(struct shard *s);
int shard_reserve(struct shard *s, uint32_t n_slots, struct err *e);
void shard_reset(struct shard *s, uint32_t slot);       /* a new user in an old slot */

/* One instant of a user: categories in byte order (repeats are taken). */
int shard_add(struct shard *s, uint32_t slot, uint32_t user, int64_t time_ms,
	const uint32_t *category,
	uint32_t n, struct err *e);
int shard_step(struct shard *s, shard_sink *sink, void *ctx, struct err *e);

#endif
