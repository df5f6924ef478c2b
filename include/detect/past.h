/* past.h - what an alarm is about: the likeliest change, and the rows since.
 *
 * Made from a user's states when a channel alarms, for the explanation and for the restart. At most
 * the newest 64 rows (counts, when no channel keeps rows) are known; what is older counts as before
 * the change.
 */
#ifndef DETECT_PAST_H
#define DETECT_PAST_H

#include <stdint.h>

#include "detect/backend.h"
#include "series/profile.h"

#define PAST_ROWS 64

struct past {
	int64_t onset_ms;               /* time of the first event of the likeliest change */
	int64_t from_ms, to_ms;         /* holds the onset with 90 %, if there was a change */
	struct row row[PAST_ROWS];      /* since the change, oldest first */
	uint32_t n, n_counts;           /* rows, and those that are counts */
};

/* channel: the one that alarmed. channels: those whose states are kept. */
void past_init(struct past *p, const struct slot_state *s, const struct profile *who,
	enum channel channel, unsigned channels);

#endif
