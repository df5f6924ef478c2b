#include "learn/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/levels.h"
#include "model/model.h"
#include "series/profile.h"

#define DAY_MS 86400000.0

/* Levels of what: one channel's score, or the decision of all. */
struct view {
	const struct model *m;
	bool all;
	enum channel channel;
};

/* The records of one user, as levels: those that are highs of it. to_ms: the end of the user's time
 * at risk. Returns how many were written.
 */
static uint32_t user_levels(const struct view *v, const struct record *r, uint32_t n, int64_t to_ms,
	struct level *ret)
{
	uint32_t kept = 0;
	int64_t since = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!v->all && r[i].channel != v->channel)
			continue;
		float score = v->all ? model_decision(v->m, r[i].channel, r[i].score) : r[i].score;
		if (kept > 0 && score <= ret[kept - 1].score)
			continue;
		if (kept > 0)
			ret[kept - 1].exposure_ms = r[i].time_ms - since;
		ret[kept++] = (struct level){ .score = score };
		since = r[i].time_ms;
	}
	if (kept > 0) {
		ret[kept - 1].exposure_ms = to_ms - since;
		ret[kept - 1].first = true;
	}
	return kept;
}

static int by_user(const void *a, const void *b)
{
	uint32_t x = ((const struct exposure *)a)->user, y = ((const struct exposure *)b)->user;
	return (x > y) - (x < y);
}

static uint32_t make_levels(const struct view *v, const struct sweep *s, struct level *ret)
{
	uint32_t n = 0;
	for (uint32_t i = 0, end; i < s->n_records; i = end) {
		struct exposure key = { .user = s->record[i].user };
		const struct exposure *x = bsearch(&key, s->exposure, s->n_exposures, sizeof key,
			by_user);
		for (end = i; end < s->n_records && s->record[end].user == key.user; end++)
			;
		if (x)
			n += user_levels(v, s->record + i, end - i, x->to_ms, ret + n);
	}
	return n;
}

/* The smallest level whose alarms stay within the budget; beyond the curve, by its tail. */
static void set_threshold(struct model *m, const struct levels *l)
{
	float level = levels_threshold(l, m->budget_kud, &m->n_alarms);
	m->unverified = m->budget_kud < m->smallest_kud * (1 - 1e-9) ||
		m->n_alarms < LEVELS_ALARMS_MIN;
	if (m->unverified)
		model_set_budget(m, m->budget_kud);
	else
		model_set_level(m, level);
}

double budget_kud(const struct budget *b, const struct model *m)
{
	if (!b->per_day)
		return b->amount;
	return m->at_risk_per_day > 0 ? 1000 * b->amount / m->at_risk_per_day : b->amount;
}

/* A budget of a channel that has its own. */
static int overrule_beside(struct model *m, enum channel c, const struct budget *b,
	const struct overrule *o, struct err *e)
{
	struct pledge *p = c == CHANNEL_VOLUME ? &m->volume.pledge : &m->forecast.pledge;
	bool speaks = m->channels & CHANNEL_BIT(c);
	if (b->amount <= 0 || (!speaks && !o->name))
		return 0;
	if (!speaks)
		return err_set(e, -EINVAL, "could not use a %s budget: model \"%s\" has no "
			"channel %s", channel_name[c], o->name, channel_name[c]);
	if (b->per_day && !(p->at_risk_per_day > 0))
		return err_set(e, -EINVAL, "could not use a %s budget per day: model \"%s\" does "
			"not say how many users are at risk on a day", channel_name[c],
			o->name ? o->name : "");
	pledge_set(p, b->per_day ? 1000 * b->amount / p->at_risk_per_day : b->amount);
	return 0;
}

static int overrule_epsilon(struct model *m, const struct overrule *o, struct err *e)
{
	bool speaks = m->channels & CHANNEL_BIT(CHANNEL_FORECAST);
	if (o->epsilon > 0 && speaks)
		pledge_set_threshold(&m->forecast.pledge, o->epsilon);
	return o->epsilon > 0 && !speaks && o->name ? err_set(e, -EINVAL,
		"could not use epsilon: model \"%s\" has no channel forecast", o->name) : 0;
}

/* Second alarms of a user count too, so a fit uses only a part of the first crossings that the
 * curve would give for its budget; another budget is taken to leave room for as many.
 */
static double part_used(const struct model *m)
{
	double part = 1;
	for (int c = CHANNEL_N; c-- > 0; )
		if (m->channels & CHANNEL_BIT(c))
			part = model_far(m, (enum channel)c, m->threshold[c]) / m->budget_kud;
	return part > 0 && part < 1 ? part : 1;
}

static int overrule_interest(struct model *m, const struct overrule *o, struct err *e)
{
	const struct budget *b = &o->budget;
	bool turns = !b->per_day || m->at_risk_per_day > 0;
	if (b->amount > 0 && !turns && o->name)
		return err_set(e, -EINVAL,
			"could not use a budget per day: model \"%s\" does not say "
			"how many users are at risk on a day; give the budget per kud", o->name);
	if (b->amount > 0 && turns && budget_kud(b, m) != m->budget_kud) {
		double part = part_used(m);
		m->budget_kud = budget_kud(b, m);
		model_set_level(m, far_curve_score(&m->far, part * m->budget_kud));
		m->unverified = m->provisional || m->budget_kud < m->smallest_kud;
	}
	return 0;
}

int calibrate_overrule(struct model *m, const struct overrule *o, struct err *e)
{
	const struct budget *own[] = { &o->volume_budget, &o->forecast_budget };
	bool of_interest = m->channels & CHANNELS_INTEREST;
	int r = of_interest ? overrule_interest(m, o, e) : 0;
	if (o->gap_ms > 0)
		m->gap_ms = o->gap_ms;
	for (int c = CHANNEL_N; c < CHANNELS && r == 0; c++) {
		const struct budget *b = own[c - CHANNEL_N];
		if (!of_interest && b->amount <= 0 && m->channels & CHANNEL_BIT(c))
			b = &o->budget;
		r = overrule_beside(m, (enum channel)c, b, o, e);
	}
	if (r == 0)
		r = overrule_epsilon(m, o, e);
	model_seal(m);
	return r;
}

static int64_t total_exposure(const struct sweep *s)
{
	int64_t sum = 0;
	for (uint32_t i = 0; i < s->n_exposures; i++)
		sum += s->exposure[i].to_ms - s->exposure[i].from_ms;
	return sum;
}

static int by_start(const void *a, const void *b)
{
	const struct exposure *x = a, *y = b;
	return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

int64_t calibrate_time_at_risk(struct exposure *x, uint32_t n)
{
	int64_t sum = 0, until_ms = INT64_MIN;
	qsort(x, n, sizeof *x, by_start);
	for (uint32_t i = 0; i < n; i++) {
		int64_t from_ms = x[i].from_ms > until_ms ? x[i].from_ms : until_ms;
		if (x[i].to_ms > from_ms)
			sum += x[i].to_ms - from_ms;
		until_ms = x[i].to_ms > until_ms ? x[i].to_ms : until_ms;
	}
	return sum;
}

/* Levels of a view, highest first; l has room for all records. */
static bool levels_of(const struct view *v, const struct sweep *s, struct levels *l)
{
	l->n = make_levels(v, s, l->level);
	return levels_sort(l);
}

static bool calibrate_all(struct model *m, const struct sweep *s, const struct budget *b,
	struct levels *l)
{
	struct view v = { .m = m };
	bool ok = true;
	qsort(s->exposure, s->n_exposures, sizeof *s->exposure, by_user);
	for (int c = 0; c < CHANNEL_N && ok; c++) {
		v.channel = (enum channel)c;
		m->curve[c] = (struct far_curve){0};
		if (!(m->channels & CHANNEL_BIT(c)))
			continue;
		ok = levels_of(&v, s, l);
		if (l->n > 0)
			levels_curve(l, &m->curve[c]);
	}
	v.all = true;
	if (!ok || !levels_of(&v, s, l))
		return false;
	levels_curve(l, &m->far);
	m->smallest_kud = m->far.n ? m->far.point[m->far.n - 1].far : 0;
	if (b->amount <= 0)
		m->budget_kud = fmax(MODEL_USUAL_KUD, m->smallest_kud);
	set_threshold(m, l);
	return true;
}

int calibrate(struct model *m, const struct sweep *s, const struct budget *b, struct err *e)
{
	struct levels l = { .exposure_ms = total_exposure(s) };
	if (l.exposure_ms <= 0 || s->n_records == 0)
		return err_set(e, -ENODATA,
			"no user has been at risk: %u counts are needed to start",
			PROFILE_WARM_UP + 1);
	int64_t any_ms = calibrate_time_at_risk(s->exposure, s->n_exposures);
	double days = fmax((double)any_ms / DAY_MS, 1);
	m->user_days = (double)l.exposure_ms / DAY_MS;
	m->at_risk_per_day = m->user_days / days;
	m->budget_kud = b->amount > 0 ? budget_kud(b, m) : fmax(.5,
		1000 * LEVELS_ALARMS_MIN / m->user_days);
	l.level = mem_get(s->n_records, sizeof *l.level);
	bool ok = l.level && calibrate_all(m, s, b, &l);
	mem_free(l.level);
	return ok ? 0 : err_set(e, -ENOMEM, "could not calibrate: out of memory");
}

float *calibrate_highs(const struct sweep *s, uint32_t n_users)
{
	float *highs = mem_get(n_users + 1ul, CHANNEL_N * sizeof *highs);
	for (size_t i = 0; highs && i < (size_t)n_users * CHANNEL_N; i++)
		highs[i] = -INFINITY;
	for (uint32_t i = 0; highs && i < s->n_records; i++) {
		const struct record *r = &s->record[i];
		float *high = &highs[(size_t)r->user * CHANNEL_N + r->channel];
		*high = fmaxf(*high, r->score);
	}
	return highs;
}

uint8_t *calibrate_crossed(const struct model *m, const float *highs, uint32_t n_users)
{
	uint8_t *crossed = mem_get(n_users + 1ul, 1);
	for (uint32_t u = 0; crossed && u < n_users; u++)
		for (int c = 0; c < CHANNEL_N; c++)
			crossed[u] |= highs[(size_t)u * CHANNEL_N + c] >= m->threshold[c];
	return crossed;
}
