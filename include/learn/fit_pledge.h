/* fit_pledge.h - a threshold that keeps a budget of its own, from the users of the log themselves.
 *
 * For channels beside those of interest. Record highs of all users make the curve (levels.h); the
 * threshold is then raised until the alarms of the same users, who start anew after each, stay
 * within the budget. A budget a day is turned by the users at risk of this channel. Users are
 * shared out among threads; all sums are of integers, so neither threads nor the order of users
 * matter.
 */
#ifndef LEARN_FIT_PLEDGE_H
#define LEARN_FIT_PLEDGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/fit.h"

struct err;
struct pledge;

struct high {
	int64_t time_ms;
	float score;
};

/* The record highs of one user, in time, and when the user was at risk. */
struct highs {
	struct high *high;
	uint32_t n, cap;
	float least, apart;             /* lower ones, and those nearer together, are left out */
	int64_t from_ms, to_ms;         /* INT64_MAX: never at risk */
	bool no_memory;
};

void highs_add(struct highs *h, int64_t time_ms, float score);

/* A user as in use, with alarms and all. */
struct in_use {
	uint64_t alarms;
	int64_t exposure_ms;            /* at risk */
};

struct pledge_source {
	struct pledge *pledge;        /* threshold, curve, budget and report are set */
	uint32_t n_users;
	unsigned threads;
	const atomic_bool *stop;        /* may be NULL */
	struct budget budget;           /* amount 0: the default of CONTRACT */
	float least, apart;             /* of record highs: what tells nothing of any budget */
	const char *channel;            /* for messages, */
	const char *needed;             /* as "11 sessions" */
	void *ctx;
	/* Before each walk over the users, in the calling thread: the threshold is as it is now. */
	void (*begin)(void *ctx, bool records);
	/* Any thread, a user of its own. highs: sets from_ms and to_ms as well; use: adds. */
	void (*highs)(void *ctx, uint32_t user, struct highs *ret);
	void (*use)(void *ctx, uint32_t user, struct in_use *ret);
};

/* -ENODATA when nobody was ever at risk; -ENOMEM; -ECANCELED. */
int fit_pledge(const struct pledge_source *s, struct err *e);

#endif
