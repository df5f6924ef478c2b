/* level.h - changes of the level of one plain series: where its mean goes up or down for good.
 *
 * The score after n values is the maximum over every tau of the log likelihood ratio of two levels,
 * before and since tau, against one; neither is known before, nor is the variance of a Gaussian.
 * For a known first level the best tau is a vertex of the lower or the upper convex hull of the
 * points (n, sum of n values), whatever that level is; so it is for an unknown one, and only the
 * vertices are looked at (FOCuS for both levels unknown: Romano, Eckley, Fearnhead, Rigaill 2023;
 * Ward, Romano, Eckley, Fearnhead 2024). Beyond LEVEL_POINTS vertices a hull gives up the inner one
 * that lies nearest to the chord of its neighbours; the score is then at most too low.
 *
 *   Gaussian  n / 2 ln(Q / (Q - B)), B = (S_tau - tau S / n)^2 n / (tau (n - tau)), Q the sum of
 *             squares about the mean
 *   Poisson   S_1 ln(S_1 / n_1) + S_2 ln(S_2 / n_2) - S ln(S / n)
 *
 * A change is told when the score is at the threshold and the best tau has LEVEL_AFTER values
 * since: one wild value is none, and a great change is not said to have begun before it did.
 * Values count alike, whether they are evenly spaced in time or not. After a change the scan begins
 * anew at the onset. A function of the values alone; no state outlives the call; any thread.
 */
#ifndef DETECT_LEVEL_H
#define DETECT_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define LEVEL_POINTS 64
#define LEVEL_BEFORE 10         /* values a change must have before it */
#define LEVEL_AFTER 3           /* and from it on, to be told */
#define LEVEL_THRESHOLD 12.0f   /* nats; 30 of 4000 series of 1000 equal Gaussians */

enum level_law { LEVEL_GAUSSIAN, LEVEL_POISSON, LEVEL_LAW_N };
extern const char *const level_law_name[LEVEL_LAW_N];

struct level_rule {
	enum level_law law;
	float threshold;
};

struct level_change {
	uint32_t at;            /* the value that completed the evidence */
	uint32_t onset;         /* the first value of the new level */
	uint32_t n_before, n_after;
	double before, after;   /* mean of the values on both sides */
	float score;            /* nats */
};

/* Calls each for every change, in order; a negative return ends the scan and is returned. Of a
 * Poisson law values must not be negative.
 */
int level_scan(const struct level_rule *r, const float *value, uint32_t n,
	int (*each)(void *ctx, const struct level_change *c), void *ctx);

/* What tells counts from measurements: sums over the series of a log that do not depend on their
 * order.
 */
struct level_census {
	bool whole;             /* every value is a whole number and not negative */
	uint64_t n;             /* differences of neighbours */
	int64_t sum, squares;   /* of values, and of half the squared differences; 2^-10 units */
};
#define LEVEL_CENSUS { .whole = true }
void level_count(struct level_census *c, const float *value, uint32_t n);
/* Poisson for whole numbers whose variance is at most twice their mean. */
enum level_law level_law_of(const struct level_census *c);

#endif
