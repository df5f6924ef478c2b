/* so_far.h - how many alerts there were at any time, by priority: what a snapshot counts.
 *
 * Memory: 32 bytes an alert. Owner: whoever made it; what is made does not change.
 */
#ifndef ENGINE_SO_FAR_H
#define ENGINE_SO_FAR_H

#include <stdint.h>

struct alert;
struct snapshot;

struct so_far_sum {                     /* up to and including one, by time */
	int64_t time_ms;
	uint32_t severe, high;
};

struct so_far {
	struct so_far_sum *alert, *cleared;
	uint32_t n, n_cleared;
};

/* Of alerts sorted by time, which it does not keep. -ENOMEM leaves s as it was, which else is done
 * with.
 */
int so_far_make(struct so_far *s, const struct alert *a, uint32_t n);
void so_far_done(struct so_far *s);
/* Counts those up to ret->data_ms. */
void so_far_show(const struct so_far *s, struct snapshot *ret);

#endif
