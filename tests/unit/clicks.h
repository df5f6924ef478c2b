/* clicks.h - for tests of channel forecast: users at random, and a forecaster known by heart. */
#ifndef TESTS_CLICKS_H
#define TESTS_CLICKS_H

#include <stdint.h>
#include <stdlib.h>

#include "base/chance.h"
#include "base/err.h"
#include "ingest/event.h"
#include "model/forecast_model.h"

#define DAY 86400000LL
#define MONDAY 1483315200000LL          /* 2017-01-02T00:00Z */
#define CLICKS_MAX 20000

struct click {
	int64_t ms;
	uint8_t behaviour;
};

struct clicks {
	uint32_t n;
	struct click at[CLICKS_MAX];
};

static inline int click_cmp(const void *a, const void *b)
{
	const struct click *x = a, *y = b;
	return (x->ms > y->ms) - (x->ms < y->ms);
}

/* Some days nobody comes, others are busy; after half of the time a user may like it more or less,
 * and every fourth is away for two months. One click in twenty is of a kind that is not counted.
 */
static inline void make_clicks(struct clicks *c, uint64_t seed, uint32_t days)
{
	struct chance r = { chance_pair(7, seed) };
	c->n = 0;
	for (uint32_t day = 0; day < days; day++) {
		bool later = day > days / 2;
		uint32_t most = !later ? 6 : seed % 3 == 0 ? 24 : seed % 3 == 1 ? 2 : 6;
		uint32_t from = c->n, n = chance_is(&r, .6) ? chance_below(&r, most) + 1 : 0;
		if (seed % 4 == 0 && day > days / 3 && day < days / 3 + 60)
			continue;
		if (chance_is(&r, .01))
			n += 300;       /* more than a count of a day can hold */
		for (uint32_t k = 0; k < n && c->n < CLICKS_MAX; k++)
			c->at[c->n++] = (struct click){ MONDAY + day * DAY +
				chance_below(&r, 86400) * 1000LL, chance_is(&r, .05) ?
				BEHAVIOUR_OTHER : (uint8_t)chance_below(&r, 4) };
		qsort(c->at + from, c->n - from, sizeof *c->at, click_cmp);
	}
}

/* Of lag1, lag2, lag3, mean7, quiet28. */
#define KNOWN_FEATURES "lag1-3,mean7,quiet28"
#define KNOWN_CAP 60.0f
static const float known_weight[] = { .7f, .3f, .1f, -.05f, .5f, -.02f };

static inline void known_model(struct forecast_model *m, float threshold)
{
	struct err e = {0};
	struct forecaster f = { .kind = FORECASTER_LINEAR, .steps = 1 };
	if (feature_init(&f.features, KNOWN_FEATURES, 1, &e) < 0 ||
	    linear_init(&f.linear, f.features.n, 0, &e) < 0)
		abort();
	for (uint32_t i = 0; i <= f.features.n; i++)
		f.linear.weight[i] = known_weight[i];
	f.features.cap[OBSERVED_VALUE] = KNOWN_CAP;
	forecast_model_default(m);
	m->scale = 4;
	m->pledge.threshold = threshold;
	m->pledge.far = (struct far_curve){ .point = { { .5f, 10 }, { 3, 1 } }, .n = 2, .tail = 1 };
	if (forecast_model_take(m, &f, &e) < 0)
		abort();
}

#endif
