/* fit_volume_parts.h - the inside of fit_volume(): the week, the pace, the record highs. */
#ifndef LEARN_FIT_VOLUME_PARTS_H
#define LEARN_FIT_VOLUME_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/fit_volume.h"
#include "learn/levels.h"
#include "series/history.h"

struct ids;

#define VOLUME_USERS_AT_ONCE 128u       /* taken by a thread in one go */

/* One fit in progress. */
struct volume_fit {
	struct volume_model *m;
	const struct history *h;
	const struct ids *ids;
	const struct volume_fit_options *o;
	double days;            /* of the log, at least one */
};

static inline bool volume_fit_is_stopped(const struct volume_fit *f)
{
	return f->o->stop && atomic_load(f->o->stop);
}

/* A walk over the sessions of a user: at an event that starts one. */
struct volume_walk {
	struct user_events u;
	const struct volume_fit_options *o;
	uint32_t i;             /* the next event to look at */
	int64_t last_ms;        /* of the newest event looked at */
	bool any;
};

void volume_walk_init(struct volume_walk *w, const struct volume_fit *f, uint32_t user);
/* The next session's start; afterwards last_ms is the user's last event. */
bool volume_walk_next(struct volume_walk *w, int64_t *ret_ms);

/* hour_of_week, prior_rate; days of f. */
void fit_week(struct volume_fit *f);
/* discount, prior_sessions, and what the report says of them. */
int fit_pace(struct volume_fit *f, struct err *e);
/* Record highs of all users under the model as it is, unsorted; mem_free() the levels. */
int volume_highs(const struct volume_fit *f, struct levels *ret, struct err *e);

#endif
