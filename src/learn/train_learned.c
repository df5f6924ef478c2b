#include "learn/train_learned.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"
#include "learn/train_cases.h"
#include "learn/train_loss.h"
#include "series/crew.h"

#define SEGMENTS_MIN 10u        /* of a fold, of each sort */
#define ALL_FOLDS MODEL_FOLDS   /* the fit on every user */

enum train_choice train_choice_of(const char *name, enum train_choice other)
{
	return !name ? other : strcmp(name, "auto") == 0 ? TRAIN_AUTO :
		strcmp(name, "fixed") == 0 ? TRAIN_FIXED : TRAIN_TRAINED;
}

const char *const train_why_text[] = {
	[TRAIN_NOBODY] = "nobody was at risk",
	[TRAIN_SILENT] = "channel learned does not speak",
	[TRAIN_TOO_FEW] = "too few users have histories long enough to learn from",
	[TRAIN_ASKED] = "asked for",
	[TRAIN_BETTER] = "the trained ones lose less on users not learnt from, and find as much",
	[TRAIN_NOT_BETTER] = "the trained ones are not better by more than their standard error",
	[TRAIN_MISSES] = "the trained ones find less at the budget",
	[TRAIN_STOPPED] = "training was stopped",
};

/* What the threads share: a fit without each fold, and one with all. */
struct training {
	const struct train_scope *s;
	const struct train_cases *cases;
	struct train_report *report;
	double start[TRAIN_PARAMS], all[TRAIN_PARAMS];
	int code[MODEL_FOLDS + 1];
	_Atomic uint32_t next, done;
};

/* The segments of one fold, or of all but that one. */
static int make_set(const struct training *t, unsigned fold, bool inside, struct train_set *ret)
{
	ret->n = 0;
	ret->segment = mem_get(2ul * t->cases->n + 1, sizeof(*ret->segment));
	if (!ret->segment)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->cases->n; i++) {
		const struct train_case *k = &t->cases->at[i];
		for (int part = 0; part < 2 && (k->fold == fold) == inside; part++)
			if (k->part[part].n > 0)
				ret->segment[ret->n++] = &k->part[part];
	}
	return 0;
}

/* False alarms that the budget allows the users of a fold. */
static uint32_t alarms_of(const struct training *t, unsigned fold)
{
	double days = 0;
	for (uint32_t i = 0; i < t->cases->n; i++)
		if (t->cases->at[i].fold == fold && t->cases->at[i].part[0].is_user)
			days += t->cases->at[i].days;
	return (uint32_t)fmax(1, round(t->s->priors->model->budget_kud * days / 1000));
}

/* The fold that was left out, under the start and under what was learnt from the others. */
static int judge_fold(const struct training *t, unsigned fold, const struct train_loss *others,
	const double p[TRAIN_PARAMS])
{
	struct train_fold *f = &t->report->fold[fold];
	const double *side[TRAIN_SIDES] = { t->start, p };
	struct train_set set;
	struct train_loss l = {0};
	struct err e = {0};
	int r = make_set(t, fold, true, &set);
	if (r == 0)
		r = train_loss_init(&l, &set, t->start, &e);
	l.unit = others->unit;
	l.log_n = others->log_n;
	l.most = 0;
	for (int i = 0; i < TRAIN_SIDES && r == 0; i++) {
		f->loss[i] = train_loss(&l, side[i], NULL);
		f->recall[i] = train_recall(&set, side[i], alarms_of(t, fold), l.score);
	}
	train_loss_done(&l);
	mem_free(set.segment);
	return r;
}

static int fit_one(struct training *t, unsigned fold)
{
	struct train_set set;
	struct train_loss l = {0};
	struct err e = {0};
	double p[TRAIN_PARAMS];
	int r = make_set(t, fold, false, &set);
	if (r == 0)
		r = train_loss_init(&l, &set, t->start, &e);
	if (r == 0)
		r = train_fit(&l, t->start, t->s->stop, p);
	if (r == 0 && fold < MODEL_FOLDS)
		r = judge_fold(t, fold, &l, p);
	for (int k = 0; k < TRAIN_PARAMS && r == 0 && fold == ALL_FOLDS; k++)
		t->all[k] = p[k];
	train_loss_done(&l);
	mem_free(set.segment);
	return r;
}

static void fit_folds(void *ctx)
{
	struct training *t = ctx;
	uint32_t fold;
	while ((fold = atomic_fetch_add(&t->next, 1)) <= ALL_FOLDS) {
		t->code[fold] = fit_one(t, fold);
		uint32_t done = atomic_fetch_add(&t->done, 1) + 1;
		if (t->s->ret_percent)
			atomic_store(t->s->ret_percent, 50 + 50 * done / (ALL_FOLDS + 1));
	}
}

static void count_segments(const struct train_cases *c, struct train_report *r)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct train_case *k = &c->at[i];
		struct train_fold *f = &r->fold[k->fold];
		f->n_users += k->part[0].is_user && k->part[0].n > 0;
		f->n_changed += k->part[1].is_changed && k->part[1].n > 0;
	}
	for (int f = 0; f < MODEL_FOLDS; f++) {
		r->n_users += r->fold[f].n_users;
		r->n_changed += r->fold[f].n_changed;
	}
}

static bool has_enough(const struct train_report *r)
{
	for (int f = 0; f < MODEL_FOLDS; f++)
		if (r->fold[f].n_users < SEGMENTS_MIN || r->fold[f].n_changed < SEGMENTS_MIN)
			return false;
	return true;
}

static void mean_of(const double v[MODEL_FOLDS], double *ret_mean, double *ret_error)
{
	double sum = 0, squares = 0;
	for (int f = 0; f < MODEL_FOLDS; f++)
		sum += v[f];
	*ret_mean = sum / MODEL_FOLDS;
	for (int f = 0; f < MODEL_FOLDS; f++)
		squares += (v[f] - *ret_mean) * (v[f] - *ret_mean);
	*ret_error = sqrt(squares / (MODEL_FOLDS - 1) / MODEL_FOLDS);
}

/* The loss has the power to tell them apart, the recall at one budget has not, but is what counts:
 * it may not fall by more than chance.
 */
static void decide(struct train_report *r, enum train_choice choice)
{
	double gain[MODEL_FOLDS], more[MODEL_FOLDS];
	for (int f = 0; f < MODEL_FOLDS; f++) {
		const struct train_fold *x = &r->fold[f];
		gain[f] = x->loss[TRAIN_OF_FIXED] - x->loss[TRAIN_OF_TRAINED];
		more[f] = x->recall[TRAIN_OF_TRAINED] - x->recall[TRAIN_OF_FIXED];
	}
	mean_of(gain, &r->gain, &r->gain_error);
	mean_of(more, &r->more, &r->more_error);
	r->judged = true;
	r->why = !(r->gain > r->gain_error) ? TRAIN_NOT_BETTER :
		r->more < -r->more_error ? TRAIN_MISSES : TRAIN_BETTER;
	r->kept = r->why == TRAIN_BETTER;
	if (choice != TRAIN_AUTO) {
		r->why = TRAIN_ASKED;
		r->kept = choice == TRAIN_TRAINED;
	}
}

static void take_params(struct model_learned *m, const double p[TRAIN_PARAMS])
{
	for (int k = 0; k < EVIDENCE_N; k++)
		m->weight[k] = (float)p[k];
	m->offset = (float)p[TRAIN_OFFSET];
	m->power = fminf((float)p[TRAIN_POWER], MODEL_POWER_MAX);
	m->trained = true;
}

static int fit_all(struct training *t, struct err *e)
{
	train_params(&t->report->fixed, t->start);
	crew_run(t->s->threads, fit_folds, t);
	for (int f = 0; f <= ALL_FOLDS; f++)
		if (t->code[f] < 0)
			return err_set(e, t->code[f], t->code[f] == -ECANCELED ?
				"training was stopped" : "could not train: out of memory");
	take_params(&t->report->trained, t->all);
	return 0;
}

int train_learned(struct train_report *r, const struct train_scope *s,
	const struct train_options *o, struct err *e)
{
	const struct model *m = s->priors->model;
	struct train_cases cases;
	*r = (struct train_report){ .fixed = m->learned, .trained = m->learned,
		.n_labels = o->n_labels, .why = TRAIN_SILENT };
	if (!(m->channels & CHANNEL_BIT(CHANNEL_LEARNED)))
		return 0;
	int code = train_cases_make(&cases, s, o, e);
	struct training t = { .s = s, .cases = &cases, .report = r };
	if (code == 0)
		count_segments(&cases, r);
	r->why = TRAIN_TOO_FEW;
	if (code == 0 && has_enough(r)) {
		code = fit_all(&t, e);
		if (code == 0)
			decide(r, o->choice);
	}
	train_cases_done(&cases);
	return code;
}
