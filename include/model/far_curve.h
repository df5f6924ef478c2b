/* far_curve.h - how rare a score is: false alarms per 1000 user-days at risk, by score.
 *
 * Points of a survival curve, logarithmic between two of them, with an exponential tail beyond the
 * last (CONTRACT, "Rarity"). Plain data, part of a frozen model; any thread.
 */
#ifndef MODEL_FAR_CURVE_H
#define MODEL_FAR_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#define FAR_CURVE_MAX 256

struct far_point {
	float score;            /* ascending */
	double far;             /* first crossings per 1000 user-days at this score or above */
};

struct far_curve {
	struct far_point point[FAR_CURVE_MAX];
	uint32_t n;
	double tail;            /* far falls by e every 1 / tail of score beyond the last point */
};

double far_curve_at(const struct far_curve *c, float score);    /* NAN without a point */
/* Its inverse: the first point's score for all above its far; INFINITY when there is none. */
float far_curve_score(const struct far_curve *c, double far);
/* Finite, ascending, and nowhere without any. */
bool far_curve_is_good(const struct far_curve *c);

#endif
