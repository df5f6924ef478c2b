/* profile.h - what is kept for one user beside the detector's state: sessions and category counts.
 *
 * Detection counts a category once a session (DESIGN, "Session"): a session ends when the gap
 * between two of the user's events exceeds gap_ms. profile_push() turns the events of one instant
 * into counts, each with what the detector needs to know of the past: N_n(c) before it. 432 bytes
 * and 8 bytes a category a user; memory is taken only when a user's categories outgrow their block.
 * Owner: the detect thread of the user's shard.
 */
#ifndef SERIES_PROFILE_H
#define SERIES_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"

struct err;

#define PROFILE_RECENT 64       /* counts whose times are remembered: the detector's window */

#define PROFILE_WARM_UP 10      /* counts before a user is at risk (CONTRACT, "At risk") */

#define COUNT_LAST 1u           /* last count of its instant: the score is read after it */

/* A category seen in a session for the first time, as the detector takes it. */
struct count {
	uint32_t category;
	uint32_t before;        /* N_n(c): the user's counts of the category before this one */
	float prior;            /* s pi(c), filled in by whoever holds the model */
	uint32_t flags;         /* COUNT_... */
};

struct profile {
	int64_t last_ms;                /* of the newest event */
	int64_t risk_ms;                /* since when the user is at risk; INT64_MAX while learning
		 * */
	uint32_t n;                     /* counts since the start or the last restart */
	uint32_t quiet_n;               /* no alert while n <= quiet_n (warm-up) */
	uint32_t *seen;                 /* cap categories, then cap of (count << 16 | session) */
	uint32_t n_seen, cap_seen;
	uint16_t session;               /* number of the current session; 0 before the first event
		 * */
	uint16_t time[PROFILE_RECENT][3];       /* of the newest counts, ring by n % 64: 48-bit
		 * signed ms */
} __attribute__((aligned(64)));

void profile_init(struct profile *p);
void profile_done(struct profile *p);
void profile_reset(struct profile *p);          /* as new; keeps the block of categories */

/* The events of one instant, in the order of CONTRACT; none but counted behaviours may be passed.
 * Writes at most n counts to ret; returns how many, or negative when memory is out.
 */
int profile_push(struct profile *p, int64_t time_ms, const uint32_t *category, uint32_t n,
	int64_t gap_ms, struct count *ret);
uint32_t profile_count(const struct profile *p, uint32_t category);     /* N(c) now */
/* Time of the count number i (0-based since the start or restart), which must be among the newest
 * 64. */
int64_t profile_time_ms(const struct profile *p, uint32_t i);

/* After an alert: the profile learns anew from the last `keep` counts (oldest first in category[]),
 * which is at most PROFILE_RECENT; the session goes on. ret gets the `keep` counts to feed the
 * detector's fresh state.
 */
void profile_restart(struct profile *p, const uint32_t *category, uint32_t keep, uint32_t warm_up,
	struct count *ret);

#endif
