/* roll.h - the alerts of a feed by user: which of its user's alerts one is, and the one before it.
 *
 * Grows with the feed's alerts, which stay where they are. Memory: 8 bytes an alert, 4 a user
 * number.
 */
#ifndef UI_ROLL_H
#define UI_ROLL_H

#include <stdint.h>

struct feed;

#define ROLL_NONE UINT32_MAX

struct roll_alert {
	uint32_t before;        /* the user's previous alert, or ROLL_NONE */
	uint32_t nth;           /* from 1 */
};

struct roll {
	struct roll_alert *alert;
	uint32_t *newest;       /* by user number */
	uint32_t n, cap, n_users;
};

void roll_done(struct roll *r);
/* Takes in alerts up to n; -ENOMEM leaves those already there. */
int roll_sync(struct roll *r, struct feed *f, uint32_t n);
/* The user's newest among the first n alerts, or ROLL_NONE. */
uint32_t roll_newest(const struct roll *r, uint32_t user, uint32_t n);

#endif
