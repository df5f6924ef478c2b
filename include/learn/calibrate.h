/* calibrate.h - what a score is worth: thresholds for a budget, from the record highs of real
 * users.
 *
 * A curve, far(score), is the rate of first crossings per 1000 user-days at risk (CONTRACT.md,
 * "Rarity"). Each channel that speaks has one; when there are several, the rarest of a user's
 * scores is a new score, with a curve of its own, so that the promise holds whatever their
 * dependence. A user is scored by shares that its fold has not gone into (model.h), so users of the
 * fit and users never seen are alike. All sums are of integers: the order of users does not matter.
 */
#ifndef LEARN_CALIBRATE_H
#define LEARN_CALIBRATE_H

#include "detect/sweep.h"
#include "learn/fit.h"

struct err;
struct model;

/* Reads the records and exposures of a sweep; sets curves, thresholds, budget and the report's
 * user_days, at_risk_per_day, n_alarms of m. channels, from_ms and to_ms of m must be set.
 * -ENODATA: nobody was at risk.
 */
int calibrate(struct model *m, const struct sweep *s, const struct budget *b, struct err *e);

/* The highest score of each user on each channel of interest, [n_users][CHANNEL_N], -INFINITY where
 * there is no record: what records say of any thresholds. mem_free() it. NULL: no memory.
 */
float *calibrate_highs(const struct sweep *s, uint32_t n_users);
/* Who crosses a threshold of m, by user number, 1 or 0; mem_free() it. NULL: no memory. */
uint8_t *calibrate_crossed(const struct model *m, const float *highs, uint32_t n_users);

/* Time at which anybody is at risk: a stray row of months ago is no time of the log. Sorts x. */
int64_t calibrate_time_at_risk(struct exposure *x, uint32_t n);

/* "50/day" as a rate per 1000 user-days, by the model's users at risk. */
double budget_kud(const struct budget *b, const struct model *m);

/* Options that overrule a model's own. Where no channel of interest speaks, budget is that of the
 * others, if they are given none of their own.
 */
struct overrule {
	struct budget budget, volume_budget, forecast_budget;   /* amount 0: its own */
	float epsilon;                          /* threshold of forecast; 0: its own */
	int64_t gap_ms;                         /* 0: its own */
	/* Its file, for messages; NULL: it came from none, and a budget that it cannot turn waits
	 * for the next fit.
	 */
	const char *name;
};
/* Sealed anew. -EINVAL: a file's model cannot turn a budget a day, or does not know the
 * channel. */
int calibrate_overrule(struct model *m, const struct overrule *o, struct err *e);

#endif
