#include "learn/fit_forecast.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/fit_forecast_parts.h"
#include "learn/fit_params.h"
#include "learn/fit_pledge.h"

#define LEVEL_LEAST .25f        /* lower records tell nothing of any budget */
#define LEVEL_APART .02f        /* records of a user in between are left out, but for the highest */

/* The users of a fit under the threshold as it is. */
struct watch {
	const struct forecast_fit *fit;
	struct forecast_rule rule;
};

static void begin(void *ctx, bool records)
{
	struct watch *w = ctx;
	forecast_rule_init(&w->rule, w->fit->m, w->fit->o->step);
	w->rule.records = records;
}

/* Forecasts that are known already, one after the other: they do not depend on alarms. */
static float recall(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	const float **at = ctx;
	(void)f;
	(void)r;
	return *(*at)++;
}

static void find_highs(void *ctx, uint32_t user, struct highs *h)
{
	const struct watch *w = ctx;
	const float *at = w->fit->known + w->fit->first[user];
	struct forecast_rule rule = w->rule;
	struct forecast_walk walk;
	struct forecast_alarm a;
	rule.predict = recall;
	rule.ctx = &at;
	forecast_walk_init(&walk, w->fit, &rule, user);
	while (forecast_walk_next(&walk, &a))
		highs_add(h, a.time_ms, a.score);
	h->from_ms = walk.state.risk_ms;
	h->to_ms = walk.last_ms > h->from_ms ? walk.last_ms : h->from_ms;
}

/* Time at risk from one time to another; none after the user's last event. */
static int64_t span_ms(const struct forecast_walk *w, int64_t from_ms, int64_t to_ms)
{
	to_ms = to_ms < w->last_ms ? to_ms : w->last_ms;
	return to_ms > from_ms ? to_ms - from_ms : 0;
}

static void use_user(void *ctx, uint32_t user, struct in_use *u)
{
	const struct watch *w = ctx;
	const float *at = w->fit->known + w->fit->first[user];
	struct forecast_rule rule = w->rule;
	struct forecast_walk walk;
	struct forecast_alarm a;
	rule.predict = recall;
	rule.ctx = &at;
	forecast_walk_init(&walk, w->fit, &rule, user);
	while (forecast_walk_next(&walk, &a)) {
		u->alarms++;
		u->exposure_ms += span_ms(&walk, a.risk_ms, a.time_ms);
	}
	u->exposure_ms += span_ms(&walk, walk.state.risk_ms, INT64_MAX);
}

int forecast_fit_pledge(struct forecast_fit *f, struct err *e)
{
	char needed[40];
	struct watch w = { .fit = f };
	struct pledge_source s = { .pledge = &f->m->pledge, .n_users = history_n_users(f->h),
		.threads = f->o->threads, .stop = f->o->stop, .budget = f->o->budget,
		.least = LEVEL_LEAST, .apart = LEVEL_APART, .channel = "forecast",
		.needed = needed, .ctx = &w, .begin = begin, .highs = find_highs, .use = use_user };
	snprintf(needed, sizeof needed, "%u days with events", f->m->warm_up_steps + 1);
	int r = fit_pledge(&s, e);
	if (r == 0 && f->o->epsilon > 0)
		pledge_set_threshold(&f->m->pledge, f->o->epsilon);
	return r;
}

static int find_horizon(struct forecast_fit *f, struct err *e)
{
	int64_t first_ms, last_ms;
	history_range(f->h, &first_ms, &last_ms);
	int r = history_body_start(f->h, &first_ms, e);
	f->horizon_ms = f->o->until_ms;
	if (r == 0 && f->o->until_ms == INT64_MAX)
		r = history_body_end(f->h, &f->horizon_ms, e);
	last_ms = last_ms < f->horizon_ms ? last_ms : f->horizon_ms;
	f->days = last_ms > first_ms ? fmax((double)(last_ms - first_ms) / DAY_MS, 1) : 1;
	return r;
}

int fit_forecast(struct forecast_model *m, const struct history *h, const struct ids *ids,
	const struct forecast_fit_options *o, struct forecast_report *ret, struct err *e)
{
	struct forecast_fit f = { .m = m, .h = h, .ids = ids, .o = o, .report = ret };
	forecast_model_default(m);
	*ret = (struct forecast_report){0};
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		fit_params_standard((enum forecaster_kind)k, f.value[k]);
	int r = find_horizon(&f, e);
	if (r == 0)
		r = accel_open(&f.accel, o->backend, e);
	if (r == 0)
		r = forecast_fit_sample(&f, e);
	if (r == 0)
		r = forecast_fit_best(&f, e);
	if (r == 0 && m->f.kind != FORECASTER_NONE)
		r = forecast_fit_known(&f, e);
	if (r == 0 && m->f.kind != FORECASTER_NONE)
		r = forecast_fit_pledge(&f, e);
	snprintf(ret->notice, sizeof ret->notice, "%s", accel_notice(f.accel));
	accel_close(f.accel);
	forecast_fit_cross_done(&f);
	mem_free(f.first);
	mem_free(f.known);
	mem_free(f.user);
	return r == 0 && forecast_fit_is_stopped(&f) ? err_set(e, -ECANCELED, "stopped") : r;
}
