#include "season_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/zone.h"
#include "engine/run.h"
#include "harness.h"
#include "read_log.h"
#include "series/history.h"

#define HOUR_MS INT64_C(3600000)
#define MONDAY_MS (4 * DAY_MS)
#define WANDER .015             /* of the logarithm of a level, an hour */
#define BACK .998               /* what is left of it after an hour */

/* Of the events of a shop's day, in thousandths. */
static const double of_hour[SEASON_DAY] = { 35, 16, 8, 4, 5, 8, 16, 26, 33, 40, 45, 46, 41, 51, 50,
	55, 54, 46, 49, 65, 78, 88, 79, 61 };
static const double of_day[7] = { .9, .85, .9, .95, 1.1, 1.5, 1.4 };

static void *room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		harness_die("hours");
	return p;
}

static void begin(struct season_data *d, uint32_t n_series, uint32_t n_hours, int64_t start_ms)
{
	*d = (struct season_data){ .n_series = n_series, .n_hours = n_hours };
	d->at = room((size_t)n_series * n_hours, sizeof(*d->at));
	for (size_t i = 0; i < (size_t)n_series * n_hours; i++) {
		d->at[i].start_ms = start_ms + (int64_t)(i % n_hours) * HOUR_MS;
		d->at[i].price = NAN;
	}
}

void season_done(struct season_data *d)
{
	free(d->at);
	free(d->level);
	free(d->profile);
}

/* Knuth's, in pieces that exp() bears. */
static uint32_t poisson(double mean, struct chance *c)
{
	uint32_t n = 0;

	for (; mean > 0; mean -= 32) {
		double end = exp(-fmin(mean, 32)), p = chance_unit(chance_next(c));

		for (; p > end; n++)
			p *= chance_unit(chance_next(c));
	}
	return n;
}

/* Each series has its own busy hours, later at weekends, and its own liking for those. */
static double profile_at(uint32_t series, uint32_t hour)
{
	uint32_t day = hour / SEASON_DAY % 7, late = series % 5 + (day >= 5 ? 2 : 0);
	double weekend = 1 + .2 * (series % 4);

	return of_hour[(hour + SEASON_DAY - late) % SEASON_DAY] / 41.6 *
		(day >= 5 ? of_day[day] * weekend / 1.3 : of_day[day]);
}

static void make_series(struct season_data *d, uint32_t series, struct chance *c)
{
	struct observation *o = season_of(d, series);
	double *level = d->level + (o - d->at), *profile = d->profile + (o - d->at);
	double base = 20 + 10 * (series % 7), wander = 0;

	for (uint32_t h = 0; h < d->n_hours; h++) {
		wander = BACK * wander + WANDER * chance_normal(chance_next(c));
		level[h] = wander;
		profile[h] = base * profile_at(series, h);
		o[h].at[OBSERVED_VALUE] = o[h].at[OBSERVED_VIEWS] =
			(float)poisson(profile[h] * exp(wander), c);
	}
}

void season_make(struct season_data *d, uint32_t n_series, uint32_t n_hours, uint64_t seed)
{
	struct chance c = { seed };

	begin(d, n_series, n_hours, MONDAY_MS);
	d->level = room((size_t)n_series * n_hours, sizeof(*d->level));
	d->profile = room((size_t)n_series * n_hours, sizeof(*d->profile));
	for (uint32_t i = 0; i < n_series; i++)
		make_series(d, i, &c);
}

double season_best(const struct season_data *d, uint32_t series, uint32_t hour, uint32_t ahead)
{
	size_t at = (size_t)series * d->n_hours + hour;
	double left = pow(BACK, ahead), variance = WANDER * WANDER * (1 - left * left) /
		(1 - BACK * BACK);

	return d->profile[at] * exp(left * d->level[at - ahead] + variance / 2);
}

/* Events of every category, and who comes in which place. */
struct places {
	const struct run *run;
	uint32_t *n, *order, *place;    /* by category; place: from 1, 0: too rare */
};

static int by_count(const void *a, const void *b, void *n)
{
	const uint32_t *of = n, x = of[*(const uint32_t *)a], y = of[*(const uint32_t *)b];

	return (x < y) - (x > y);
}

static void each_event(const struct run *r, void (*at)(void *ctx, const struct user_events *u,
	uint32_t i), void *ctx)
{
	for (uint32_t user = 0; user < history_n_users(r->history); user++) {
		struct user_events u;

		history_user(r->history, user, &u);
		for (uint32_t i = 0; i < u.n; i++)
			at(ctx, &u, i);
	}
}

static void count(void *ctx, const struct user_events *u, uint32_t i)
{
	((struct places *)ctx)->n[u->category[i]]++;
}

struct taking {
	struct season_data *d;
	const uint32_t *place;
};

static void take(void *ctx, const struct user_events *u, uint32_t i)
{
	static const enum observed as[] = { [BEHAVIOUR_VIEW] = OBSERVED_VIEWS,
		[BEHAVIOUR_CART] = OBSERVED_CARTS, [BEHAVIOUR_FAVOURITE] = OBSERVED_FAVOURITES,
		[BEHAVIOUR_BUY] = OBSERVED_BUYS };
	static const float weight[] = { [BEHAVIOUR_VIEW] = 1, [BEHAVIOUR_CART] = 3,
		[BEHAVIOUR_FAVOURITE] = 2, [BEHAVIOUR_BUY] = 5 };
	struct taking *t = ctx;
	uint32_t place = t->place[u->category[i]], what = u->behaviour[i];
	int64_t hour = (u->time_ms[i] - t->d->at->start_ms) / HOUR_MS;

	if (place == 0 || what > BEHAVIOUR_BUY || u->time_ms[i] < t->d->at->start_ms ||
	    hour >= t->d->n_hours)
		return;
	struct observation *o = season_of(t->d, place - 1) + hour;
	o->at[OBSERVED_VALUE] += weight[what];
	o->at[as[what]]++;
}

void season_read(struct season_data *d, const char *path, uint32_t n_series)
{
	struct run r;
	int64_t first_ms, last_ms;
	struct err e = { 0 };

	read_log(&r, path);
	if (history_body_start(r.history, &first_ms, &e) < 0 ||
	    history_body_end(r.history, &last_ms, &e) < 0)
		harness_die(e.text);
	uint32_t n = dict_size(r.ids.category);
	struct places p = { &r, room(n, sizeof(*p.n)), room(n, sizeof(*p.order)),
		room(n, sizeof(*p.place)) };
	for (uint32_t i = 0; i < n; i++)
		p.order[i] = i;
	each_event(&r, count, &p);
	qsort_r(p.order, n, sizeof(*p.order), by_count, p.n);
	for (uint32_t i = 0; i < n; i++)
		p.place[p.order[i]] = n_series == 0 ? 1 : i < n_series ? i + 1 : 0;
	n_series = n_series == 0 ? 1 : n < n_series ? n : n_series;
	first_ms = floor_div(first_ms + HOUR_MS - 1, HOUR_MS) * HOUR_MS;
	begin(d, n_series, (uint32_t)((last_ms - first_ms) / HOUR_MS), first_ms);
	each_event(&r, take, &(struct taking){ d, p.place });
	free(p.n);
	free(p.order);
	free(p.place);
	run_done(&r);
}
