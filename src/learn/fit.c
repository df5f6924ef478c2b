#include "learn/fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"
#include "detect/sweep.h"
#include "detect/volume.h"
#include "learn/calibrate.h"
#include "learn/fit_forecast.h"
#include "learn/fit_parts.h"
#include "learn/fit_volume.h"
#include "learn/sample.h"
#include "learn/train_learned.h"
#include "model/model.h"
#include "series/history.h"

#define GAP_USERS 2000u         /* that the session gap is fitted on, about */
#define GAP_USERS_MIN 100u      /* fewer: 30 min (CONTRACT, "Model epochs") */
#define GAP_DEFAULT_MS (30 * 60000)
#define STRENGTH_USERS 5000u
#define EVENTS_MIN 10u
#define DAY_MS 86400000.0

int budget_parse(struct budget *b, const char *s, struct err *e)
{
	char *end;
	double amount = strtod(s, &end);
	bool per_day = strcmp(end, "/day") == 0;
	if (end == s || !isfinite(amount) || amount <= 0 || (!per_day && strcmp(end, "/kud") != 0))
		return err_set(e, -EINVAL,
			"not a budget: give 0.5/kud (a 1000 user-days) or 50/day");
	*b = (struct budget){ .amount = amount, .per_day = per_day };
	return 0;
}

/* One fit in progress. */
struct fit {
	struct model *m;
	const struct history *h;
	const struct ids *ids;
	const struct fit_options *o;
	struct fit_scope scope;
	struct priors priors;           /* once the shares are fitted */
	const atomic_bool *stop;        /* ends all; NULL: nothing does */
};

static void count_events(struct fit *f)
{
	for (uint32_t user = 0; user < history_n_users(f->h); user++) {
		struct user_events u;
		history_user(f->h, user, &u);
		uint32_t i = 0;
		while (i < u.n && u.time_ms[i] <= f->o->until_ms)
			i++;
		f->m->n_events += i;
		f->m->n_users += i > 0;
		if (i > 0) {
			f->m->from_ms = u.time_ms[0] < f->m->from_ms ? u.time_ms[0] : f->m->from_ms;
			f->m->to_ms = u.time_ms[i - 1] > f->m->to_ms ? u.time_ms[i - 1] :
				f->m->to_ms;
		}
	}
}

static int choose_gap(struct fit *f, struct err *e)
{
	struct sample s;
	int r = sample_users(&s, f->h, f->ids, GAP_USERS, EVENTS_MIN, e);
	f->m->gap_ms = f->o->gap_ms > 0 ? f->o->gap_ms : GAP_DEFAULT_MS;
	if (r == 0 && f->o->gap_ms <= 0 && s.n_eligible >= GAP_USERS_MIN)
		f->m->gap_ms = fit_gap(&f->scope, &s);
	sample_done(&s);
	return r;
}

static int choose_strength(struct fit *f, struct err *e)
{
	struct sample s = {0};
	int r = sample_users(&s, f->h, f->ids, STRENGTH_USERS, EVENTS_MIN, e);
	if (r == 0)
		r = fit_strength(f->m, &f->scope, &s, &f->priors, e);
	sample_done(&s);
	return r;
}

/* Alarms of the calibration users as in use, with restarts, per 1000 user-days at risk. Users who
 * do not cross are at risk as the records say.
 */
static int realise(struct fit *f, const struct sweep *first, const uint8_t *crossed,
	double *ret_kud, struct err *e)
{
	struct sweep s;
	struct sweep_options so = { .backend = f->o->backend, .threads = f->o->threads, .until_ms =
		f->o->until_ms, .priors = &f->priors, .only = crossed, .stop = f->stop };
	int64_t at_risk_ms = 0;
	int r = sweep_run(&s, f->h, f->ids, f->m, &so, e);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < first->n_exposures; i++)
		if (!crossed[first->exposure[i].user])
			at_risk_ms += first->exposure[i].to_ms - first->exposure[i].from_ms;
	for (uint32_t i = 0; i < s.n_exposures; i++)
		at_risk_ms += s.exposure[i].to_ms - s.exposure[i].from_ms;
	*ret_kud = at_risk_ms > 0 ? 1000 * s.n_findings / ((double)at_risk_ms / DAY_MS) : 0;
	sweep_done(&s);
	return 0;
}

#define RAISES 8

/* Second alarms of a user count against the budget too: the threshold rises until all of them are
 * within it.
 */
static int allow_for_restarts(struct fit *f, const struct sweep *s, const float *highs,
	struct err *e)
{
	double aim = f->m->budget_kud;
	int r = 0;
	for (int i = 0; i <= RAISES && r == 0; i++) {
		uint8_t *crossed = calibrate_crossed(f->m, highs, history_n_users(f->h));
		if (!crossed)
			return err_set(e, -ENOMEM, "could not mark users: out of memory");
		r = realise(f, s, crossed, &f->m->realised_kud, e);
		mem_free(crossed);
		if (r < 0 || f->m->realised_kud <= f->m->budget_kud || i == RAISES)
			break;
		aim *= .98 * f->m->budget_kud / f->m->realised_kud;
		model_set_level(f->m, far_curve_score(&f->m->far, aim));
	}
	return r;
}

static int choose_threshold(struct fit *f, struct err *e)
{
	struct sweep s;
	struct sweep_options so = { .backend = f->o->backend, .threads = f->o->threads,
		.until_ms = f->o->until_ms, .priors = &f->priors, .records = true,
		.ret_percent = f->o->ret_percent, .stop = f->stop };
	float *highs = NULL;
	int r = sweep_run(&s, f->h, f->ids, f->m, &so, e);
	if (r < 0)
		return r;
	r = calibrate(f->m, &s, &f->o->budget, e);
	if (r == 0 && !(highs = calibrate_highs(&s, history_n_users(f->h))))
		r = err_set(e, -ENOMEM, "could not keep the highest scores: out of memory");
	if (r == 0)
		r = allow_for_restarts(f, &s, highs, e);
	if (r == 0 && f->o->ret_highs) {
		mem_free(*f->o->ret_highs);
		*f->o->ret_highs = highs;
		highs = NULL;
	}
	mem_free(highs);
	sweep_done(&s);
	return r;
}

/* Thresholds stand already, since what training is judged by is the budget. */
static int train(struct fit *f, struct err *e)
{
	const struct fit_options *o = f->o;
	struct train_scope s = { f->h, f->ids, &f->priors, o->until_ms, o->threads, o->ret_percent,
		o->stop };
	int r = train_learned(o->ret_train, &s, o->train, e);
	if (r == -ECANCELED && o->keeps) {
		o->ret_train->why = TRAIN_STOPPED;
		return 0;
	}
	if (r < 0 || !o->ret_train->kept)
		return r;
	f->m->learned = o->ret_train->trained;
	return choose_threshold(f, e);
}

/* Of a channel that has its own; where none of interest speaks, theirs will do. */
static struct budget budget_beside(const struct fit_options *o, const struct budget *own)
{
	unsigned channels = o->channels ? o->channels : FIT_CHANNELS;
	return own->amount > 0 || channels & CHANNELS_INTEREST ? *own : o->budget;
}

static int choose_volume(struct fit *f, struct err *e)
{
	struct volume_fit_options vo = { .step = &volume_day, .gap_ms = f->m->gap_ms,
		.until_ms = f->o->until_ms, .threads = f->o->threads, .stop = f->stop,
		.budget = budget_beside(f->o, &f->o->volume_budget) };
	return fit_volume(&f->m->volume, f->h, f->ids, &vo, e);
}

static int choose_forecast(struct fit *f, struct err *e)
{
	struct forecast_report own;
	struct forecast_fit_options fo = { .kinds = FORECAST_KIND(FORECASTER_LINEAR),
		.insists = true };
	if (f->o->forecast)
		fo = *f->o->forecast;
	fo.step = &volume_day;
	fo.until_ms = f->o->until_ms;
	fo.backend = f->o->backend;
	fo.threads = f->o->threads;
	fo.stop = f->stop;
	fo.enough = f->o->keeps ? f->o->stop : NULL;
	fo.ret_percent = f->o->ret_percent;
	fo.budget = budget_beside(f->o, &f->o->forecast_budget);
	return fit_forecast(&f->m->forecast, f->h, f->ids, &fo,
		f->o->ret_forecast ? f->o->ret_forecast : &own, e);
}

static int fit_all(struct fit *f, struct err *e)
{
	int r;
	count_events(f);
	if ((r = choose_gap(f, e)) < 0)
		return r;
	if ((r = fit_shares(f->m, &f->scope, e)) < 0)
		return r;
	model_seal(f->m);
	if ((r = priors_init(&f->priors, f->m, f->ids, e)) < 0)
		return r;
	return choose_strength(f, e);
}

/* Nobody was at risk: the channel that needs no curve of its own, as shipped. */
static void keep_default_thresholds(struct model *m)
{
	struct model shipped;
	model_default(&shipped);
	m->unverified = true;
	m->channels = shipped.channels;
	memcpy(m->curve, shipped.curve, sizeof m->curve);
	memcpy(m->threshold, shipped.threshold, sizeof m->threshold);
	m->far = shipped.far;
	model_done(&shipped);
}

/* A channel with a budget of its own; of several that nobody was at risk of, the first is told. */
static int choose_beside(struct fit *f, enum channel c, int before, struct err *e)
{
	struct err why = {0};
	int r = c == CHANNEL_VOLUME ? choose_volume(f, &why) : choose_forecast(f, &why);
	if (r == -ECANCELED && f->o->keeps && f->m->channels)
		return before;          /* the channels there are make a model without it */
	f->m->channels |= CHANNEL_BIT(c);
	return r < 0 && (before == 0 || r != -ENODATA) ? err_set(e, r, "%s", why.text) : before;
}

/* The channels that speak find their thresholds, each budget apart from the other. -ENODATA: nobody
 * was ever at risk of one of them.
 */
static int choose_thresholds(struct fit *f, struct err *e)
{
	unsigned channels = f->m->channels;
	int r = 0;
	f->m->channels &= CHANNELS_INTEREST;
	if (f->m->channels)
		r = choose_threshold(f, e);
	if (f->o->keeps)
		f->stop = NULL;
	if (r == 0 && f->o->train)
		r = train(f, e);
	if (r == -ENODATA)
		keep_default_thresholds(f->m);
	for (int c = CHANNEL_N; c < CHANNELS && (r == 0 || r == -ENODATA); c++)
		if (channels & CHANNEL_BIT(c))
			r = choose_beside(f, (enum channel)c, r, e);
	return r;
}

/* The weights find most, at the budgets of DETECTION.md's tables, on changes spliced into the
 * development logs; weights learnt from a log's own splices found no more on the average. The
 * strengths are for logs too short to fit them.
 */
static const struct model_learned untrained = {
	.strength = { 20, 10, 20 },
	.weight = { 1, .5f, .3f },
	.offset = 3,
	.power = .25f,
};

int fit_model(struct model *m, const struct history *h, const struct ids *ids,
	const struct fit_options *o, struct err *e)
{
	struct fit f = { .m = m, .h = h, .ids = ids, .o = o, .stop = o->stop };
	f.scope = (struct fit_scope){ h, ids, o->until_ms, o->threads };
	model_default(m);
	m->provisional = false;
	m->channels = o->channels ? o->channels : FIT_CHANNELS;
	m->learned = untrained;
	m->count_sum = 0;
	m->from_ms = INT64_MAX;
	m->to_ms = INT64_MIN;
	if (o->train)
		*o->ret_train = (struct train_report){ .fixed = untrained };
	int r = fit_all(&f, e);
	if (r == 0)
		r = choose_thresholds(&f, e);
	priors_done(&f.priors);
	if (r == 0 || r == -ENODATA)
		model_seal(m);
	else
		model_done(m);
	return r;
}
