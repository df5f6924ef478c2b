#include "detect/outlook.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/volume.h"
#include "ingest/event.h"
#include "model/model.h"
#include "series/step.h"

#define ORIGINS FORECAST_STEPS          /* closed steps whose forecasts are judged */
#define KEPT (ORIGINS + OUTLOOK_AHEAD)
#define WINDOW (FORECAST_STEPS + OUTLOOK_AHEAD)
#define ASLEEP INT64_MIN

/* The user's state after each of the newest closes, and the forecasts that were made then. */
struct sight_of {
	struct forecast_rule rule;
	struct forecast at[KEPT];       /* close i at i % KEPT */
	uint32_t n_closes;              /* since the user woke */
	struct observation window[ORIGINS + 1][WINDOW];         /* one an origin, oldest first */
	float told[ORIGINS + 1][OUTLOOK_AHEAD];
	float mix[ORIGINS + 1][OBSERVED_N];     /* counts a unit of interest in the window */
};

static void close_steps(struct sight_of *s, struct forecast *f, int64_t now_ms)
{
	const struct step *step = s->rule.step;
	struct forecast_alarm ignored;
	while (f->open_ms != ASLEEP && step_next_ms(step, f->open_ms) <= now_ms) {
		forecast_advance(f, &s->rule, step_next_ms(step, f->open_ms), &ignored);
		s->at[s->n_closes++ % KEPT] = *f;
	}
	if (f->open_ms == ASLEEP)
		s->n_closes = 0;
}

static void live(struct sight_of *s, const struct event *ev, uint32_t n, int64_t now_ms)
{
	struct forecast f;
	forecast_reset(&f, &s->rule);
	for (uint32_t i = 0; i < n && ev[i].time_ms <= now_ms; i++) {
		uint8_t count[FORECAST_COUNTS] = {0};
		if (ev[i].behaviour == BEHAVIOUR_RETURN)
			continue;
		close_steps(s, &f, ev[i].time_ms);
		forecast_count(count, ev[i].behaviour);
		forecast_see(&f, &s->rule, ev[i].time_ms, count);
	}
	close_steps(s, &f, now_ms);
}

static const struct forecast *closed(const struct sight_of *s, uint32_t ago)
{
	return &s->at[(s->n_closes - 1 - ago) % KEPT];
}

static float value_at(const struct sight_of *s, uint32_t ago)
{
	struct observation o;
	forecast_window(closed(s, ago), &s->rule, 1, &o);
	return o.at[OBSERVED_VALUE];
}

/* Origin `ago` closes back: its window, and what a unit of interest is made of in it. */
static void look_back(struct sight_of *s, uint32_t ago, uint32_t n_steps)
{
	struct observation *w = s->window[ago];
	float *mix = s->mix[ago];
	forecast_window(closed(s, ago), &s->rule, n_steps, w);
	memset(mix, 0, sizeof s->mix[ago]);
	for (uint32_t i = 0; i < n_steps; i++)
		for (int k = 0; k < OBSERVED_N; k++)
			mix[k] += w[i].at[k];
	for (int k = OBSERVED_N - 1; k >= 0; k--)
		mix[k] = mix[OBSERVED_VALUE] > 0 ? mix[k] / mix[OBSERVED_VALUE] : 0;
}

/* The h-th step ahead of all origins at once. */
static void tell_step(struct sight_of *s, uint32_t n_origins, uint32_t h, float *x, float *y)
{
	const struct forecaster *f = &s->rule.m->f;
	uint32_t newest = forecaster_window(f) - 1 + h, columns = forecaster_columns(f);
	struct feature_tally unused = {0};
	for (uint32_t i = 0; i < n_origins; i++)
		forecaster_row(f, &s->window[i][newest], s->window[i][newest].start_ms +
			s->rule.step->span_ms, x + (size_t)i * columns);
	forecaster_predict(f, x, n_origins, y);
	for (uint32_t i = 0; i < n_origins; i++) {
		struct observation *o = &s->window[i][newest + 1];
		s->told[i][h] = y[i];
		if (h + 1 == OUTLOOK_AHEAD)
			continue;
		*o = (struct observation){ .price = NAN,
			.start_ms = o[-1].start_ms + s->rule.step->span_ms };
		for (int k = 0; k < OBSERVED_N; k++)
			o->at[k] = y[i] * s->mix[i][k];
		feature_clean(&f->features, o, 1, &unused);
	}
}

static int tell(struct sight_of *s, uint32_t n_origins, struct err *e)
{
	uint32_t columns = forecaster_columns(&s->rule.m->f);
	float *x = mem_get((size_t)n_origins * columns, sizeof *x), y[ORIGINS + 1];
	if (!x)
		return err_set(e, -ENOMEM, "could not forecast a user: out of memory");
	for (uint32_t i = 0; i < n_origins; i++)
		look_back(s, i, forecaster_window(&s->rule.m->f));
	for (uint32_t h = 0; h < OUTLOOK_AHEAD; h++)
		tell_step(s, n_origins, h, x, y);
	mem_free(x);
	return 0;
}

/* Of forecasts h steps beyond the next, made at origins whose outcome is known. */
static float mean_error(const struct sight_of *s, uint32_t n_origins, uint32_t h)
{
	const struct forecast_model *m = s->rule.m;
	float sum = m->prior_steps * m->scale, weight = m->prior_steps;
	for (uint32_t ago = h + 1; ago < n_origins; ago++, weight++)
		sum += fabsf(value_at(s, ago - h - 1) - s->told[ago][h]);
	return sum / weight;
}

static int look_ahead(struct outlook *o, struct sight_of *s, struct err *e)
{
	uint32_t n = s->n_closes < KEPT ? s->n_closes : KEPT;
	uint32_t n_origins = n < ORIGINS + 1 ? n : ORIGINS + 1;
	if (tell(s, n_origins, e) < 0)
		return e->code;
	o->open_ms = closed(s, 0)->open_ms;
	o->level = forecast_level(closed(s, 0));
	o->n_past = n < FORECAST_STEPS ? n : FORECAST_STEPS;
	for (uint32_t i = 0; i < o->n_past; i++)
		o->past[i] = value_at(s, o->n_past - 1 - i);
	o->n_ahead = OUTLOOK_AHEAD;
	for (uint32_t h = 0; h < OUTLOOK_AHEAD; h++) {
		o->ahead[h] = s->told[0][h];
		o->off[h] = mean_error(s, n_origins, h);
	}
	return 0;
}

int outlook_make(struct outlook *o, const struct model *m, const struct event *ev, uint32_t n,
	int64_t now_ms, struct err *e)
{
	struct sight_of *s;
	int r = 0;
	*o = (struct outlook){ .span_ms = volume_day.span_ms };
	if (!(m->channels & CHANNEL_BIT(CHANNEL_FORECAST)) || m->forecast.f.kind == FORECASTER_NONE)
		return 0;
	s = mem_get(1, sizeof *s);
	if (!s)
		return err_set(e, -ENOMEM, "could not forecast a user: out of memory");
	forecast_rule_init(&s->rule, &m->forecast, &volume_day);
	live(s, ev, n, now_ms);
	if (s->n_closes > 0)
		r = look_ahead(o, s, e);
	mem_free(s);
	return r;
}
