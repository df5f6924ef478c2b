/* former.h - the interest that a user had before an alert, and whether it has come back.
 *
 * A Shiryaev-Roberts score of the old mixture against the one learnt anew: its mean is the number
 * of counts while the new one holds (Roberts 1966), so it seldom reaches a thousand by chance. What
 * is kept is the eight commonest categories and how much there was of all others. Pure arithmetic;
 * one alerted user each. DETECTION.md, "Combining": "a return to the old mixture is cleared".
 */
#ifndef DETECT_FORMER_H
#define DETECT_FORMER_H

#include <stdbool.h>
#include <stdint.h>

#include "series/profile.h"

#define FORMER_TOP 8

struct former {
	int64_t time_ms, onset_ms;      /* of the alert that it may clear */
	float ratio;                    /* of the old mixture against the new one */
	uint32_t n;                     /* counts before the change */
	uint32_t category[FORMER_TOP], count[FORMER_TOP];       /* count 0: no more of them */
	uint8_t kind;
};

/* Before the user restarts: counts of the profile, less those since the change. */
void former_init(struct former *f, const struct profile *p, const struct row *since, uint32_t n);
/* A count under the profile as it was before it; true: the old interest is back. strength: s. */
bool former_push(struct former *f, const struct row *r, uint32_t n, float strength);

#endif
