/* tracker_parts.h - the inside of a tracker, for its own rooms: feeding and saving. */
#ifndef DETECT_TRACKER_PARTS_H
#define DETECT_TRACKER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/shard.h"

#define TRACKER_NOBODY UINT32_MAX

struct tracker_mark {
	uint32_t step;          /* in which the user's last run was */
	uint32_t older, newer;  /* neighbours in the list of open sessions; to itself: not in it */
	bool dirty;             /* changed since the last checkpoint */
};

struct tracker {
	struct priors priors;
	struct shard shard;     /* slots are user numbers */
	struct tracker_mark *mark;
	uint32_t cap_marks;
	uint32_t step;          /* number of the step being gathered */
	int64_t pass_ms;        /* when silence is to be looked at again: a close of a step */
	uint32_t oldest, newest;        /* open sessions by the time of their last event */
	struct sight *seen;     /* in the instant being read */
	uint32_t cap_seen;
};

int tracker_reserve(struct tracker *t, uint32_t n_users, struct err *e);
/* The user's session becomes the newest open one; loading: wherever its last event belongs. */
void tracker_touch(struct tracker *t, uint32_t user);
void tracker_insert(struct tracker *t, uint32_t user);

#endif
