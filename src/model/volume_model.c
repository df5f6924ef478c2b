#include "model/volume_model.h"

void volume_model_default(struct volume_model *m)
{
	*m = (struct volume_model){
		.discount = .9892286f,          /* .5^(1/64) */
		.half_life_sessions = 64,
		.prior_rate = 1.0f / 7,
		.prior_sessions = .25f,
		.lag_sessions = 8,
		.warm_up_sessions = 10,
	};
	pledge_default(&m->pledge);
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		m->hour_of_week[h] = 1;
}
