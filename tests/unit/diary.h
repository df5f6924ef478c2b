/* diary.h - for tests of channel forecast: a user's days in doubles, and what clicks.h's known
 * forecaster says of the next.
 */
#ifndef TESTS_DIARY_H
#define TESTS_DIARY_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "clicks.h"

#define DIARY_DAYS 400u

/* Interest and events of every day. */
struct diary {
	double value[DIARY_DAYS];
	bool seen[DIARY_DAYS];
};

static inline void diary_write(struct diary *d, const struct clicks *c)
{
	static const double weight[] = { [BEHAVIOUR_VIEW] = 1, [BEHAVIOUR_CART] = 3,
		[BEHAVIOUR_FAVOURITE] = 2, [BEHAVIOUR_BUY] = 5 };
	uint32_t count[DIARY_DAYS][4] = {0};
	*d = (struct diary){0};
	for (uint32_t i = 0; i < c->n; i++) {
		int64_t day = (c->at[i].ms - MONDAY) / DAY;
		d->seen[day] = true;
		if (c->at[i].behaviour < 4)
			count[day][c->at[i].behaviour]++;
	}
	for (uint32_t day = 0; day < DIARY_DAYS; day++) {
		for (int b = 0; b < 4; b++)
			d->value[day] += weight[b] * fmin(count[day][b], 255);
		d->value[day] = fmin(d->value[day], (double)KNOWN_CAP);
	}
}

/* diary_value(day - k): before the first day there was nothing. */
static inline double diary_value(const struct diary *d, int64_t day)
{
	return day >= 0 ? d->value[day] : 0;
}

/* What the known model forecasts for the day after `day`. */
static inline double diary_foretell(const struct diary *d, int64_t day)
{
	double mean = 0, quiet = 0, y = (double)known_weight[0];
	for (int k = 0; k < 7; k++)
		mean += diary_value(d, day - k) / 7;
	while (quiet < 28 && (day - (int64_t)quiet < 0 ||
	       diary_value(d, day - (int64_t)quiet) == 0))
		quiet++;
	for (int k = 0; k < 3; k++)
		y += (double)known_weight[1 + k] * diary_value(d, day - k);
	y += (double)known_weight[4] * mean + (double)known_weight[5] * quiet;
	return fmax(y, 0);
}

#endif
