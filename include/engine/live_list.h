/* live_list.h - what the console lists of a live run: alerts, and which of them were cleared.
 *
 * The detect thread appends, the ui reads what its snapshot counts; nothing moves, nobody waits.
 */
#ifndef ENGINE_LIVE_LIST_H
#define ENGINE_LIVE_LIST_H

#include <stdint.h>

#include "alert/alert.h"

struct err;
struct live;

#define LIVE_CHUNKS 22
#define LIVE_CHUNK 1024u        /* items in the first chunk; each next one is twice as large */

/* Alerts for the ui, oldest first: they never move. The detect thread appends; the ui reads the
 * first n_alerts of its snapshot, which the mailbox has published, and then owns their cleared_ms.
 */
struct live_alerts {
	struct alert *chunk[LIVE_CHUNKS];
	uint32_t n, severe, high, low, cleared; /* the cleared are in none of the three */
};
/* Clearings of listed alerts, in order of arrival: the ui writes those of its snapshot into them.
 */
struct live_clearing {
	uint32_t alert;                 /* number in the list */
	int64_t cleared_ms;
};
struct live_clearings {
	struct live_clearing *chunk[LIVE_CHUNKS];
	uint32_t n;                     /* detect */
	uint32_t n_taken;               /* ui */
};

int live_list_alert(struct live *l, const struct alert *a, struct err *e);
struct alert *live_alert_at(const struct live *l, uint32_t i);
/* a says when its id was cleared; one that is not in the list is of another epoch, and nothing. */
int live_list_clearing(struct live *l, const struct alert *a, struct err *e);
void live_take_clearings(struct live *l, uint32_t n);   /* on the ui thread */
void live_free_lists(struct live *l);

#endif
