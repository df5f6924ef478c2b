/* season_data.h - hourly series with a season of days and weeks, to forecast.
 *
 * Made: counts about a level that wanders, times the hours of the day and the days of the week of
 * each series. What can be known of them is known, so the best forecast that there is, too. Read:
 * interest an hour in the most frequent categories of a log.
 */
#ifndef TESTS_BENCH_SEASON_DATA_H
#define TESTS_BENCH_SEASON_DATA_H

#include <stdint.h>

#include "model/feature.h"

#define SEASON_DAY 24u
#define SEASON_WEEK 168u

struct season_data {
	uint32_t n_series, n_hours;
	struct observation *at;         /* [n_series][n_hours] */
	double *level, *profile;        /* the same: of a made series; NULL: of a log */
};

void season_make(struct season_data *d, uint32_t n_series, uint32_t n_hours, uint64_t seed);
/* Ends the bench when the log cannot be read. */
void season_read(struct season_data *d, const char *path, uint32_t n_series);
void season_done(struct season_data *d);

/* The mean of what a made series can be at an hour, by what was known so many hours before. */
double season_best(const struct season_data *d, uint32_t series, uint32_t hour, uint32_t ahead);

static inline struct observation *season_of(const struct season_data *d, uint32_t series)
{
	return d->at + (uint64_t)series * d->n_hours;
}

#endif
