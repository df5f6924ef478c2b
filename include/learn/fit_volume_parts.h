/* fit_volume_parts.h - the inside of fit_volume(): the week, the pace. */
#ifndef LEARN_FIT_VOLUME_PARTS_H
#define LEARN_FIT_VOLUME_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/fit_volume.h"
#include "series/history.h"

struct ids;

/* One fit in progress. */
struct volume_fit {
	struct volume_model *m;
	const struct history *h;
	const struct ids *ids;
	const struct volume_fit_options *o;
};

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

/* hour_of_week, prior_rate */
int fit_week(struct volume_fit *f, struct err *e);
/* discount, prior_sessions, and what the report says of them. */
int fit_pace(struct volume_fit *f, struct err *e);

#endif
