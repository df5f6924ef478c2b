/* pledge.h - what a channel with a budget of its own has promised: its threshold, and its rarity.
 *
 * Plain data, set by learn/fit_pledge.h and frozen; any thread.
 */
#ifndef MODEL_PLEDGE_H
#define MODEL_PLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/far_curve.h"

struct pledge {
	float threshold;                /* alarm when the score is at least this; INFINITY: never */
	bool unverified;        /* the budget implies under 10 alarms on the calibration users */
	double budget_kud;              /* what the threshold was made for */
	double smallest_kud;            /* the smallest budget these users can verify */
	/* A user who alarms, starts anew, and alarms again is not in `far`: of the budget, the part
	 * that first alarms may take.
	 */
	double first_part;
	struct far_curve far;
	/* The report. */
	uint64_t n_alarms, n_users;     /* at the threshold, as in use; users at risk */
	double user_days;               /* at risk */
	double at_risk_per_day;         /* on days with any: turns a budget a day into a kud's */
};

/* Never an alarm, and nothing known. */
void pledge_default(struct pledge *p);
/* Budget and threshold anew, by the curve. */
void pledge_set(struct pledge *p, double kud);
/* The threshold by hand; the budget becomes what the curve says of it. */
void pledge_set_threshold(struct pledge *p, float threshold);
/* Whether the numbers are such as a fit can make. */
bool pledge_is_good(const struct pledge *p);

#endif
