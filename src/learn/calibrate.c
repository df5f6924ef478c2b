#include "learn/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "model/model.h"
#include "series/profile.h"

#define DAY_MS 86400000.0
#define TAIL_HIGHS 50u          /* record highs that the exponential tail is fitted on */

/* A level and what changes when the threshold falls below it. */
struct level {
	float score;
	int64_t exposure_ms;    /* taken off the time at risk */
	bool first;             /* a user's highest: one more user alarms */
};

/* An integer that falls as the score rises (IEEE 754: magnitudes order like integers). */
static uint32_t rank_of(float score)
{
	uint32_t bits;
	memcpy(&bits, &score, sizeof bits);
	return bits & 0x80000000u ? bits : ~bits & 0x7fffffffu;
}

#define DIGIT 11u
#define DIGITS (1u << DIGIT)

/* Sorts by score, highest first, 11 bits at a time: levels are a few for every user, and comparing
 * them took as long as finding them. to: as large as l; holds the result.
 */
static void sort_levels(struct level *l, struct level *to, uint32_t n)
{
	for (uint32_t shift = 0; shift < 3 * DIGIT; shift += DIGIT) {
		uint32_t start[DIGITS + 1] = {0};
		for (uint32_t i = 0; i < n; i++)
			start[(rank_of(l[i].score) >> shift) % DIGITS + 1]++;
		for (uint32_t d = 0; d < DIGITS; d++)
			start[d + 1] += start[d];
		for (uint32_t i = 0; i < n; i++)
			to[start[(rank_of(l[i].score) >> shift) % DIGITS]++] = l[i];
		struct level *swap = l;
		l = to;
		to = swap;
	}
}

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

static double far_of(uint64_t alarms, int64_t exposure_ms)
{
	return exposure_ms > 0 ? 1000.0 * (double)alarms / ((double)exposure_ms / DAY_MS) :
		INFINITY;
}

/* Mean excess of the highest users over the lowest of them gives the tail (Pickands 1975, shape
 * 0). */
static double tail_of(const struct level *l, uint32_t n)
{
	double sum = 0;
	uint32_t seen = 0;
	float lowest = 0;
	for (uint32_t i = 0; i < n && seen < TAIL_HIGHS; i++) {
		if (!l[i].first)
			continue;
		sum += (double)l[i].score;
		lowest = l[i].score;
		seen++;
	}
	double mean = seen > 1 ? (sum - seen * (double)lowest) / (seen - 1) : 0;
	return mean > 0 ? 1 / mean : 1;
}

/* far(score) at up to MODEL_FAR_MAX levels, evenly in the logarithm of the alarms, ascending in
 * score. */
static void make_curve(struct model_curve *c, const struct level *l, uint32_t n,
	int64_t exposure_ms)
{
	uint64_t alarms = 0, next = CALIBRATE_ALARMS_MIN;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n && kept < MODEL_FAR_MAX; i++) {
		alarms += l[i].first;
		exposure_ms -= l[i].exposure_ms;
		bool ends = i + 1 == n || l[i + 1].score < l[i].score;
		if (!ends || (i + 1 < n && alarms < next))
			continue;
		c->at[kept++] = (struct model_far){ l[i].score, far_of(alarms, exposure_ms) };
		next = alarms + 1 + alarms / 32;
	}
	for (uint32_t i = 0; i < kept / 2; i++) {
		struct model_far swap = c->at[i];
		c->at[i] = c->at[kept - 1 - i];
		c->at[kept - 1 - i] = swap;
	}
	c->n = kept;
	c->tail = tail_of(l, n);
}

/* The smallest level whose alarms stay within the budget; beyond the curve, by its tail. */
static void set_threshold(struct model *m, const struct level *l, uint32_t n, int64_t exposure_ms)
{
	uint64_t alarms = 0;
	float level = INFINITY;
	for (uint32_t i = 0; i < n; i++) {
		alarms += l[i].first;
		exposure_ms -= l[i].exposure_ms;
		if (i + 1 < n && l[i + 1].score == l[i].score)
			continue;
		if (far_of(alarms, exposure_ms) > m->budget_kud)
			break;
		level = l[i].score;
		m->n_alarms = alarms;
	}
	m->unverified = m->budget_kud < m->smallest_kud * (1 - 1e-9) ||
		m->n_alarms < CALIBRATE_ALARMS_MIN;
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

int calibrate_overrule(struct model *m, const struct budget *b, int64_t gap_ms, const char *name,
	struct err *e)
{
	bool turns = !b->per_day || m->at_risk_per_day > 0;
	if (b->amount > 0 && !turns && name)
		return err_set(e, -EINVAL,
			"could not use a budget per day: model \"%s\" does not say "
			"how many users are at risk on a day; give the budget per kud", name);
	if (b->amount > 0 && turns && budget_kud(b, m) != m->budget_kud) {
		m->budget_kud = budget_kud(b, m);
		model_set_budget(m, m->budget_kud);
		m->unverified = m->provisional || m->budget_kud < m->smallest_kud;
	}
	if (gap_ms > 0)
		m->gap_ms = gap_ms;
	model_seal(m);
	return 0;
}

static int64_t total_exposure(const struct sweep *s)
{
	int64_t sum = 0;
	for (uint32_t i = 0; i < s->n_exposures; i++)
		sum += s->exposure[i].to_ms - s->exposure[i].from_ms;
	return sum;
}

/* Levels of a view, highest first, into l. */
static uint32_t levels_of(const struct view *v, const struct sweep *s, struct level *made,
	struct level *l)
{
	uint32_t n = make_levels(v, s, made);
	sort_levels(made, l, n);
	return n;
}

static void calibrate_all(struct model *m, const struct sweep *s, const struct budget *b,
	int64_t exposure_ms, struct level *made, struct level *l)
{
	struct view v = { .m = m };
	uint32_t n;
	qsort(s->exposure, s->n_exposures, sizeof *s->exposure, by_user);
	for (int c = 0; c < CHANNEL_N; c++) {
		v.channel = (enum channel)c;
		n = m->channels & CHANNEL_BIT(c) ? levels_of(&v, s, made, l) : 0;
		m->curve[c] = (struct model_curve){0};
		if (n > 0)
			make_curve(&m->curve[c], l, n, exposure_ms);
	}
	v.all = true;
	n = levels_of(&v, s, made, l);
	make_curve(&m->far, l, n, exposure_ms);
	m->smallest_kud = m->far.n ? m->far.at[m->far.n - 1].far : 0;
	if (b->amount <= 0)
		m->budget_kud = fmax(.5, m->smallest_kud);
	set_threshold(m, l, n, exposure_ms);
}

int calibrate(struct model *m, const struct sweep *s, const struct budget *b, struct err *e)
{
	int64_t exposure_ms = total_exposure(s);
	if (exposure_ms <= 0 || s->n_records == 0)
		return err_set(e, -ENODATA,
			"no user has been at risk: %u counts are needed to start",
			PROFILE_WARM_UP + 1);
	double days = fmax((double)(m->to_ms - m->from_ms) / DAY_MS, 1);
	m->user_days = (double)exposure_ms / DAY_MS;
	m->at_risk_per_day = m->user_days / days;
	m->budget_kud = b->amount > 0 ? budget_kud(b, m) : fmax(.5,
		1000 * CALIBRATE_ALARMS_MIN / m->user_days);
	struct level *l = mem_get(s->n_records, sizeof *l), *made = mem_get(s->n_records,
		sizeof *l);
	if (l && made)
		calibrate_all(m, s, b, exposure_ms, made, l);
	bool ok = l && made;
	mem_free(l);
	mem_free(made);
	return ok ? 0 : err_set(e, -ENOMEM, "could not calibrate: out of memory");
}

uint8_t *calibrate_crossed(const struct model *m, const struct sweep *s, uint32_t n_users)
{
	uint8_t *crossed = mem_get(n_users + 1ul, 1);
	for (uint32_t i = 0; crossed && i < s->n_records; i++)
		crossed[s->record[i].user] |=
			s->record[i].score >= m->threshold[s->record[i].channel];
	return crossed;
}
