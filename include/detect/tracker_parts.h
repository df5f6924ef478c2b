/* tracker_parts.h - the inside of a tracker, for its own rooms: feeding and saving. */
#ifndef DETECT_TRACKER_PARTS_H
#define DETECT_TRACKER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/shard.h"

struct tracker_mark {
	uint32_t step;          /* in which the user's last instant was */
	bool dirty;             /* changed since the last checkpoint */
};

struct tracker {
	struct shard shard;     /* slots are user numbers */
	struct tracker_mark *mark;
	uint32_t cap_marks;
	uint32_t step;          /* number of the step being gathered */
	uint32_t *category;     /* of the instant being read */
	uint32_t cap_categories;
};

int tracker_reserve(struct tracker *t, uint32_t n_users, struct err *e);

#endif
