#include "learn/fit_volume.h"

#include <errno.h>
#include <math.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/volume.h"
#include "learn/fit_volume_parts.h"
#include "learn/levels.h"
#include "series/crew.h"
#include "series/history.h"

#define PART_STEP .9
#define PART_STEPS 24           /* to an eleventh */

/* All users as in use, shared out among threads. */
struct use {
	const struct volume_fit *fit;
	struct volume_rule rule;
	_Atomic uint32_t next;
	_Atomic uint64_t alarms;
	_Atomic int64_t exposure_ms;
};

/* One user as in use, alarms and all: how many, and how long at risk. */
static void use_user(const struct volume_rule *r, struct volume_walk *w, uint64_t *alarms,
	int64_t *exposure_ms)
{
	struct volume v;
	struct volume_alarm a;
	int64_t ms, from_ms = INT64_MAX;
	volume_reset(&v, r);
	while (volume_walk_next(w, &ms)) {
		if (volume_advance(&v, r, ms, &a)) {    /* then it learns, and has no more to say */
			++*alarms;
			*exposure_ms += a.time_ms - from_ms;
		}
		bool learns = v.quiet > 0;
		if (volume_session(&v, r, ms, &a)) {
			++*alarms;
			*exposure_ms += ms - from_ms;
		} else if (learns && v.quiet == 0) {
			from_ms = ms;
		}
	}
	if (v.quiet == 0)
		*exposure_ms += w->last_ms - from_ms;
}

static void use_part(void *ctx)
{
	struct use *w = ctx;
	uint32_t first, n_users = history_n_users(w->fit->h);
	uint64_t alarms = 0;
	int64_t exposure_ms = 0;
	while (!volume_fit_is_stopped(w->fit) &&
	       (first = atomic_fetch_add(&w->next, VOLUME_USERS_AT_ONCE)) < n_users)
		for (uint32_t i = first; i < n_users && i - first < VOLUME_USERS_AT_ONCE; i++) {
			struct volume_walk walk;
			volume_walk_init(&walk, w->fit, i);
			use_user(&w->rule, &walk, &alarms, &exposure_ms);
		}
	atomic_fetch_add(&w->alarms, alarms);
	atomic_fetch_add(&w->exposure_ms, exposure_ms);
}

/* Alarms per 1000 user-days with the threshold of m, users starting anew after each. */
static double rate_in_use(const struct volume_fit *f)
{
	struct use w = { .fit = f };
	volume_rule_init(&w.rule, f->m, f->o->step);
	crew_run(f->o->threads, use_part, &w);
	f->m->n_alarms = w.alarms;
	return w.exposure_ms > 0 ? 1000.0 * (double)w.alarms * DAY_MS / (double)w.exposure_ms : 0;
}

void volume_model_budget(struct volume_model *m, double kud)
{
	m->budget_kud = kud;
	m->unverified = m->far.n == 0 || kud < m->smallest_kud * (1 - 1e-9);
	m->threshold = far_curve_score(&m->far, kud * m->first_part);
}

/* The largest part of the budget whose alarms, as in use, stay within it: DETECTION, "Combining".
 */
static void fit_first_part(const struct volume_fit *f, double kud)
{
	double part = 1;
	for (int i = 0; i < PART_STEPS; i++, part *= PART_STEP) {
		f->m->first_part = part;
		volume_model_budget(f->m, kud);
		if (rate_in_use(f) <= kud)
			return;
	}
}

static int set_threshold(const struct volume_fit *f, struct levels *l, struct err *e)
{
	const struct budget *b = &f->o->budget;
	struct volume_model *m = f->m;
	m->user_days = (double)l->exposure_ms / DAY_MS;
	if (l->n == 0 || l->exposure_ms <= 0)
		return err_set(e, -ENODATA,
			"channel volume: no user has been at risk: %u sessions are needed to start",
			m->warm_up_sessions + 1);
	if (!levels_sort(l))
		return err_set(e, -ENOMEM, "could not calibrate the volume: out of memory");
	levels_curve(l, &m->far);
	m->smallest_kud = m->far.point[m->far.n - 1].far;
	double kud = b->amount > 0 ? b->amount : fmax(.5, m->smallest_kud);
	if (b->amount > 0 && b->per_day)
		kud = 1000 * b->amount * f->days / m->user_days;
	fit_first_part(f, kud);
	return 0;
}

int fit_volume(struct volume_model *m, const struct history *h, const struct ids *ids,
	const struct volume_fit_options *o, struct err *e)
{
	struct volume_fit f = { .m = m, .h = h, .ids = ids, .o = o };
	struct levels l = {0};
	volume_model_default(m);
	fit_week(&f);
	int r = fit_pace(&f, e);
	if (r == 0)
		r = volume_highs(&f, &l, e);
	if (r == 0)
		r = set_threshold(&f, &l, e);
	mem_free(l.level);
	return r == 0 && volume_fit_is_stopped(&f) ? err_set(e, -ECANCELED, "stopped") : r;
}
