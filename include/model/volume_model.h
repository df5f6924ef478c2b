/* volume_model.h - what all users share in channel `volume`: the week, the pace, the pledge.
 *
 * Plain data, fitted by learn/fit_volume.h and frozen; any thread.
 */
#ifndef MODEL_VOLUME_MODEL_H
#define MODEL_VOLUME_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/pledge.h"

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
	struct pledge pledge;
	/* The report. */
	double half_life_sessions;
	double log_loss;                /* nats a session, of the sessions a step */
};

/* Provisional: an even week, one session a week, no alarms. */
void volume_model_default(struct volume_model *m);

#endif
