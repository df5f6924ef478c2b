/* The parameters of a kind that do best on the days before those of its tests. */
#include "learn/fit_forecast_parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "learn/fit_params.h"
#include "learn/search.h"
#include "model/forecast_model.h"
#include "series/step.h"

static void set(void *ctx, uint32_t param, double value)
{
	struct forecast_maker *k = ctx;
	/* One that cannot be fitted has left out tests. */
	k->test += (FORECAST_FOLDS - k->test % FORECAST_FOLDS) % FORECAST_FOLDS;
	k->f->value[k->kind][param] = value;
}

static void note(struct forecast_search *to, const struct search_best *b)
{
	to->n_tried = b->n_trials;
	memcpy(to->value, b->value, sizeof to->value);
	to->inner[SEARCH_STANDARD] = b->standard_mse;
	to->inner[SEARCH_BEST] = b->mse;
	to->gain = b->gain;
	to->gain_error = b->gain_error;
}

/* On the rows given, which the tests of the kind do not judge. */
static int try_all(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *early,
	struct search_best *ret, struct err *e)
{
	struct search s = { .param = fit_params[kind].param, .n_params = fit_params[kind].n,
		.n_random = f->o->n_search, .seed = f->o->seed, .set = set };
	struct fold fold[FORECAST_FOLDS] = {0};
	struct forecast_maker k = { .f = f, .kind = kind, .measures = true,
		.n_trials = search_n_trials(&s) };
	int r = forecast_fit_folds(fold, FORECAST_FOLDS, early, e);
	if (r == 0)
		r = search(&s, &(struct validation){ .d = early, .ops = &forecast_fit_ops,
			.ctx = &k, .folds = fold, .n_folds = FORECAST_FOLDS,
			.step_ms = f->o->step->span_ms, .trusts_columns = true }, ret, e);
	folds_done(fold, FORECAST_FOLDS);
	return r;
}

/* Rows that the first of the tests, and so each of them, learns from. */
static int take_early(struct dataset *early, const struct dataset *d, struct err *e)
{
	struct fold test[FORECAST_TESTS] = {0};
	int r = forecast_fit_folds(test, FORECAST_TESTS, d, e);
	if (r == 0)
		r = dataset_pick(early, d, test[0].train, test[0].n_train, e);
	folds_done(test, FORECAST_TESTS);
	return r;
}

/* The tests of the best. What was made for the tests of the standard values is fallen back on
 * until the best has come through all of them, and has to be used.
 */
static int judge_best(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *d,
	const struct search_best *best, struct err *e)
{
	struct forecast_maker k = { .f = f, .kind = kind, .measures = !best->is_better };
	struct forecast_spare spare = f->spare[kind];
	struct forecast_rounding rounding = f->report->rounding[kind];
	struct forecast_search *s = &f->m->search[kind];
	struct verdict v;
	f->spare[kind] = (struct forecast_spare){0};
	f->report->rounding[kind] = (struct forecast_rounding){0};
	memcpy(f->value[kind], best->value, sizeof f->value[kind]);
	int r = forecast_fit_judge(f, &(struct validation){ .d = d, .ops = &forecast_fit_ops,
		.ctx = &k }, NULL, &v, e);
	s->outer[SEARCH_BEST] = r == 0 ? v.mse : (double)NAN;
	if (r == 0 && best->is_better) {
		forecaster_done(&spare.f);
		forecast_fit_note(f, kind, &v);
		s->is_used = 1;
		return 0;
	}
	forecaster_done(&f->spare[kind].f);
	f->spare[kind] = spare;
	f->report->rounding[kind] = rounding;
	fit_params_standard(kind, f->value[kind]);
	return r;
}

int forecast_fit_search(struct forecast_fit *f, enum forecaster_kind kind,
	const struct dataset *d, struct err *e)
{
	struct forecast_search *s = &f->m->search[kind];
	struct search_best best = {0};
	struct dataset early = {0};
	int r = take_early(&early, d, e);
	if (r == 0)
		r = try_all(f, kind, &early, &best, e);
	dataset_done(&early);
	if (r == 0) {
		note(s, &best);
		s->outer[SEARCH_STANDARD] = s->outer[SEARCH_BEST] = f->m->figure[kind].mse;
	}
	if (r == 0 && best.mse < best.standard_mse)
		r = judge_best(f, kind, d, &best, e);
	if (r != -ECANCELED || !f->o->enough)
		return r == -EINVAL ? 0 : r;    /* too few days to try anything on */
	f->report->searched |= FORECAST_KIND(kind);
	return 0;
}
