#include "learn/fit_volume.h"

#include <stdio.h>

#include "detect/volume.h"
#include "learn/fit_pledge.h"
#include "learn/fit_volume_parts.h"
#include "series/history.h"

#define LEVEL_LEAST 1.0f        /* lower records tell nothing of any budget */
#define LEVEL_APART .05f        /* records of a user in between are left out, but for the highest */

/* The users of a fit under the threshold as it is. */
struct watch {
	const struct volume_fit *fit;
	struct volume_rule rule;
};

static void begin(void *ctx, bool records)
{
	struct watch *w = ctx;
	volume_rule_init(&w->rule, w->fit->m, w->fit->o->step);
	w->rule.records = records;
}

static void find_highs(void *ctx, uint32_t user, struct highs *h)
{
	const struct watch *w = ctx;
	struct volume_walk walk;
	struct volume v;
	struct volume_alarm a;
	int64_t ms;
	volume_walk_init(&walk, w->fit, user);
	volume_reset(&v, &w->rule);
	while (volume_walk_next(&walk, &ms)) {
		while (volume_advance(&v, &w->rule, ms, &a))
			highs_add(h, a.time_ms, a.score);
		bool learns = v.quiet > 0;
		if (volume_session(&v, &w->rule, ms, &a))
			highs_add(h, a.time_ms, a.score);
		if (learns && v.quiet == 0)
			h->from_ms = ms;
	}
	h->to_ms = walk.last_ms;
}

static void use_user(void *ctx, uint32_t user, struct in_use *u)
{
	const struct watch *w = ctx;
	struct volume_walk walk;
	struct volume v;
	struct volume_alarm a;
	int64_t ms, from_ms = INT64_MAX;
	volume_walk_init(&walk, w->fit, user);
	volume_reset(&v, &w->rule);
	while (volume_walk_next(&walk, &ms)) {
		if (volume_advance(&v, &w->rule, ms, &a)) {     /* and then learns, silent */
			u->alarms++;
			u->exposure_ms += a.time_ms - from_ms;
		}
		bool learns = v.quiet > 0;
		if (volume_session(&v, &w->rule, ms, &a)) {
			u->alarms++;
			u->exposure_ms += ms - from_ms;
		} else if (learns && v.quiet == 0) {
			from_ms = ms;
		}
	}
	if (v.quiet == 0)
		u->exposure_ms += walk.last_ms - from_ms;
}

static int fit_threshold(const struct volume_fit *f, struct err *e)
{
	char needed[32];
	struct watch w = { .fit = f };
	struct pledge_source s = { .pledge = &f->m->pledge, .n_users = history_n_users(f->h),
		.threads = f->o->threads, .stop = f->o->stop, .budget = f->o->budget,
		.least = LEVEL_LEAST, .apart = LEVEL_APART, .channel = "volume",
		.needed = needed, .ctx = &w, .begin = begin, .highs = find_highs, .use = use_user };
	snprintf(needed, sizeof needed, "%u sessions", f->m->warm_up_sessions + 1);
	return fit_pledge(&s, e);
}

int fit_volume(struct volume_model *m, const struct history *h, const struct ids *ids,
	const struct volume_fit_options *o, struct err *e)
{
	struct volume_fit f = { .m = m, .h = h, .ids = ids, .o = o };
	volume_model_default(m);
	int r = fit_week(&f, e);
	if (r == 0)
		r = fit_pace(&f, e);
	return r < 0 ? r : fit_threshold(&f, e);
}
