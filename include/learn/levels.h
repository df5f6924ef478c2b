/* levels.h - from the record highs of users at risk to a curve of rarity and a threshold.
 *
 * A level is a score that some user's highest passed, and what changes when a threshold falls below
 * it (CONTRACT, "Rarity"): time at risk ends at the first crossing. All sums are of integers, so
 * the result does not depend on the order of users. The caller owns the arrays.
 */
#ifndef LEARN_LEVELS_H
#define LEARN_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/far_curve.h"

#define LEVELS_ALARMS_MIN 10u   /* fewer cannot verify a promise (CONTRACT, "Model epochs") */

struct level {
	float score;
	int64_t exposure_ms;    /* taken off the time at risk */
	bool first;             /* a user's highest: one more user alarms */
};

struct levels {
	struct level *level;
	uint32_t n;
	int64_t exposure_ms;    /* at risk, of all users, without any alarm */
};

/* Highest first, equals in the order they have; what follows needs it. False: no memory. */
bool levels_sort(struct levels *l);
void levels_curve(const struct levels *l, struct far_curve *ret);
/* The smallest score whose alarms stay within kud, and how many they are. INFINITY: none. */
float levels_threshold(const struct levels *l, double kud, uint64_t *ret_alarms);

#endif
