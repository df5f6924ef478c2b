/* volume_model.h - what all users share in channel `volume`: the week, the pace, the threshold.
 *
 * Plain data, fitted by learn/fit_volume.h and frozen; any thread.
 */
#ifndef MODEL_VOLUME_MODEL_H
#define MODEL_VOLUME_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/far_curve.h"

#define VOLUME_WEEK_HOURS 168

struct volume_model {
	/* How many sessions an hour of the week has against the mean hour: mean 1; Monday 00:00 of
	 * the zone first.
	 */
	float hour_of_week[VOLUME_WEEK_HOURS];
	float discount;                 /* of the past, by each session: .5^(1 / half-life) */
	float prior_rate;               /* sessions a day of a user nothing is known of */
	float prior_sessions;           /* what that is worth, in sessions seen */
	uint32_t lag_sessions;          /* a block that the rate is behind by; 0: none */
	uint32_t warm_up_sessions;      /* before a user is at risk */
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
	double half_life_sessions;
	double log_loss;                /* nats a session, of the sessions a step */
};

/* Provisional: an even week, one session a week, no alarms. */
void volume_model_default(struct volume_model *m);

#endif
