/* calibrate.h - what a score is worth: thresholds for a budget, from the record highs of real
 * users.
 *
 * One curve, far(score), is the rate of first crossings per 1000 user-days at risk (CONTRACT.md,
 * "Rarity"). The null maximum grows with the length of a history; thresholds by strata of it were
 * measured and find less at the same budget on every development log, so the offsets stay 0.
 * All sums are of integers, so the result does not depend on the order of users.
 */
#ifndef LEARN_CALIBRATE_H
#define LEARN_CALIBRATE_H

#include "detect/sweep.h"
#include "learn/fit.h"

struct err;
struct model;

/* fewer cannot verify a promise (CONTRACT, "Model epochs") */
#define CALIBRATE_ALARMS_MIN 10u

/* Reads the records and exposures of a sweep; sets far, threshold, budget and the report's
 * user_days, at_risk_per_day, n_alarms of m. from_ms and to_ms of m must be set. -ENODATA: nobody
 * was at risk.
 */
int calibrate(struct model *m, const struct sweep *s, const struct budget *b, struct err *e);

/* "50/day" as a rate per 1000 user-days, by the model's users at risk. */
double budget_kud(const struct budget *b, const struct model *m);

/* A model under options that overrule it: another budget (amount 0: its own), another session gap
 * (0:
 * its own); sealed anew. name: its file, for messages; NULL: it came from none, and a budget a day
 * that it cannot turn waits for the next fit. -EINVAL: a file's model cannot turn a budget a day.
 */
int calibrate_overrule(struct model *m, const struct budget *b, int64_t gap_ms, const char *name,
	struct err *e);

#endif
