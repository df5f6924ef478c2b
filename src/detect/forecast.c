#include "detect/forecast.h"

#include <math.h>
#include <string.h>

#include "base/calendar.h"
#include "ingest/event.h"
#include "series/step.h"

_Static_assert(sizeof(struct forecast) == 192, "three channels share 2 KiB a user");

#define NEVER INT64_MIN
#define NOTHING (-1.0f)
#define COUNT_MAX UINT8_MAX

/* By behaviour: what is counted, and what one is worth (series/step.h). */
static const struct counted {
	uint8_t place;
	float weight;
} counted[FORECAST_COUNTS] = {
	[BEHAVIOUR_VIEW] = { OBSERVED_VIEWS - 1, 1 },
	[BEHAVIOUR_CART] = { OBSERVED_CARTS - 1, 3 },
	[BEHAVIOUR_FAVOURITE] = { OBSERVED_FAVOURITES - 1, 2 },
	[BEHAVIOUR_BUY] = { OBSERVED_BUYS - 1, 5 },
};

void forecast_rule_init(struct forecast_rule *r, const struct forecast_model *m,
	const struct step *s)
{
	*r = (struct forecast_rule){ .m = m, .step = s, .threshold = m->pledge.threshold,
		.keep_level = 1 - 2 / ((float)m->level_steps + 1),
		.keep_error = 1 - 2 / ((float)m->error_steps + 1) };
}

void forecast_reset(struct forecast *f, const struct forecast_rule *r)
{
	*f = (struct forecast){ .open_ms = NEVER, .risk_ms = INT64_MAX,
		.predicted = NOTHING, .learn = r->m->warm_up_steps };
}

static void add(uint8_t *count, uint32_t more)
{
	*count = (uint8_t)(more < (uint32_t)(COUNT_MAX - *count) ? *count + more : COUNT_MAX);
}

void forecast_count(uint8_t count[FORECAST_COUNTS], uint8_t behaviour)
{
	if (behaviour < FORECAST_COUNTS)
		add(&count[counted[behaviour].place], 1);
}

void forecast_see(struct forecast *f, const struct forecast_rule *r, int64_t time_ms,
	const uint8_t count[FORECAST_COUNTS])
{
	if (f->open_ms == NEVER)
		f->open_ms = step_start_ms(r->step, time_ms);
	f->seen = true;
	for (int i = 0; i < FORECAST_COUNTS; i++)
		add(&f->open[i], count[i]);
}

/* A closed step as a forecaster sees it, caps and all. */
static struct observation observe(const struct forecast_rule *r,
	const uint8_t count[FORECAST_COUNTS], int64_t start_ms)
{
	struct observation o = { .start_ms = start_ms, .price = NAN };
	struct feature_tally t = {0};
	for (int i = 0; i < FORECAST_COUNTS; i++) {
		o.at[counted[i].place + 1] = count[counted[i].place];
		o.at[OBSERVED_VALUE] += counted[i].weight * count[counted[i].place];
	}
	feature_clean(&r->m->f.features, &o, 1, &t);
	return o;
}

static const uint8_t *ago(const struct forecast *f, uint32_t steps)
{
	return f->count[(f->head + FORECAST_STEPS - steps) % FORECAST_STEPS];
}

void forecast_window(const struct forecast *f, const struct forecast_rule *r, uint32_t n,
	struct observation *ret)
{
	for (uint32_t i = 0; i < n; i++)
		ret[n - 1 - i] = observe(r, ago(f, i),
			f->open_ms - (int64_t)(i + 1) * r->step->span_ms);
}

/* Of the step that starts at open_ms. */
static float predict(const struct forecast *f, const struct forecast_rule *r)
{
	struct observation o[FORECAST_STEPS];
	float x[FORECASTER_COLUMNS_MAX], y;
	uint32_t n = forecaster_window(&r->m->f);
	if (r->predict)
		return r->predict(r->ctx, f, r);
	forecast_window(f, r, n, o);
	forecaster_row(&r->m->f, o + n - 1, f->open_ms, x);
	forecaster_predict(&r->m->f, x, 1, &y);
	return y;
}

static void average(float *sum, float *weight, float keep, float value)
{
	*sum = *sum * keep + value;
	*weight = *weight * keep + 1;
}

float forecast_level(const struct forecast *f)
{
	return f->level_weight > 0 ? f->level / f->level_weight : 0;
}

float forecast_error(const struct forecast *f, const struct forecast_rule *r)
{
	return (r->m->prior_steps * r->m->scale + f->error) /
		(r->m->prior_steps + f->error_weight);
}

/* The open step joins the past, and the next one opens, with a forecast; false: the user sleeps
 * instead.
 */
static bool roll(struct forecast *f, const struct forecast_rule *r)
{
	float value = observe(r, f->open, f->open_ms).at[OBSERVED_VALUE];
	if (f->predicted >= 0)
		average(&f->error, &f->error_weight, r->keep_error, fabsf(value - f->predicted));
	average(&f->level, &f->level_weight, r->keep_level, value);
	f->head = (uint8_t)((f->head + 1) % FORECAST_STEPS);
	memcpy(f->count[f->head], f->open, sizeof f->open);
	memset(f->open, 0, sizeof f->open);
	f->quiet = f->seen ? 0 : (uint8_t)(f->quiet + 1);
	f->seen = false;
	f->open_ms = step_next_ms(r->step, f->open_ms);
	if (f->quiet < FORECAST_STEPS) {
		f->predicted = predict(f, r);
		return true;
	}
	f->open_ms = NEVER;
	f->predicted = NOTHING;
	f->side = 0;
	f->quiet = 0;
	return false;
}

/* The steps since the onset are the history now. */
static void start_anew(struct forecast *f, const struct forecast_rule *r)
{
	int64_t steps = (f->open_ms - f->since_ms) / r->step->span_ms;
	uint32_t n = steps < FORECAST_STEPS ? (uint32_t)steps : FORECAST_STEPS;
	f->level = f->level_weight = 0;
	for (uint32_t i = n; i-- > 0; )
		average(&f->level, &f->level_weight, r->keep_level, observe(r, ago(f, i),
			f->open_ms).at[OBSERVED_VALUE]);
	f->learn = r->m->warm_up_steps;
	f->risk_ms = INT64_MAX;
	f->side = 0;
}

/* The score of a forecast, and since when it has been on its side. */
static float judge(struct forecast *f, const struct forecast_rule *r)
{
	float apart = f->predicted - forecast_level(f);
	int8_t side = (int8_t)((apart > 0) - (apart < 0));
	if (side != f->side)
		f->since_ms = f->open_ms - r->step->span_ms;
	f->side = side;
	return fabsf(apart) / forecast_error(f, r);
}

static bool close_step(struct forecast *f, const struct forecast_rule *r,
	struct forecast_alarm *ret)
{
	int64_t risk_ms = f->risk_ms;
	if (f->seen && f->learn > 0 && --f->learn == 0)
		f->risk_ms = step_next_ms(r->step, f->open_ms);
	if (!roll(f, r))
		return false;
	float score = judge(f, r);
	if (risk_ms == INT64_MAX || f->side == 0 ||
	    !(r->records ? score > f->best : score >= r->threshold))
		return false;
	double days = (double)r->step->span_ms / DAY_MS;
	*ret = (struct forecast_alarm){ .time_ms = f->open_ms, .onset_ms = f->since_ms,
		.risk_ms = risk_ms, .score = score,
		.direction = f->side > 0 ? DIRECTION_UP : DIRECTION_DOWN,
		.level = (float)((double)forecast_level(f) / days),
		.predicted = (float)((double)f->predicted / days) };
	if (r->records)
		f->best = score;
	else
		start_anew(f, r);
	return true;
}

bool forecast_advance(struct forecast *f, const struct forecast_rule *r, int64_t now_ms,
	struct forecast_alarm *ret)
{
	while (f->open_ms != NEVER && step_next_ms(r->step, f->open_ms) <= now_ms)
		if (close_step(f, r, ret))
			return true;
	return false;
}
