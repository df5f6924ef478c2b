/* The kinds of forecasters fitted to rows, judged, and the best of them. */
#include "learn/fit_forecast_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/validate.h"
#include "model/forecast_model.h"
#include "series/step.h"

#define NETWORK_STEPS 28u
#define ROWS_AT_ONCE 64u        /* that are narrowed for a test */
#define WEEK_STEPS 7u

#define DAYS_OF_WEEK 28         /* the least that shows the days of the week, */
#define DAYS_OF_YEAR 500        /* and those of the year */
#define SPANS 3                 /* of the longest column, that the log must have */
#define SPAN_MOST 28
#define SPAN_LEAST 2

static unsigned lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* What a log is too short to show would be taken for a trend, and prolonged: the calendar, and
 * columns that reach further back than most of it. A network reads the steps one after the other
 * and makes its own averages.
 */
static void list_features(const struct forecast_fit *f, bool network, char *ret, size_t cap)
{
	unsigned span = (unsigned)fmin(fmax(f->days / SPANS, SPAN_LEAST), SPAN_MOST);
	unsigned week = lesser(span, 7), third = lesser(span / 4 + 1, 7);
	int n = network ? snprintf(ret, cap, "lag1,views1,carts1,favourites1,buys1") :
		snprintf(ret, cap, "lag1-%u,mean%u,ewma%u,views%u,carts%u,buys%u,ctr%u,"
			"conversion%u,quiet%u", week, span, third, week, week, week, week, week,
			span);
	snprintf(ret + n, cap - (size_t)n, "%s%s",
		f->days >= DAYS_OF_WEEK ? ",day_sin,day_cos" : "",
		f->days >= DAYS_OF_YEAR ? ",week_sin,week_cos" : "");
}

int forecast_fit_shape(const struct forecast_fit *f, enum forecaster_kind kind,
	struct forecaster *ret, struct err *e)
{
	bool network = kind == FORECASTER_LSTM;
	char list[160];
	if (f->o->from) {
		*ret = (struct forecaster){ .kind = kind, .steps = f->o->from->f.steps,
			.features = f->o->from->f.features };
		return 0;
	}
	list_features(f, network, list, sizeof list);
	*ret = (struct forecaster){ .kind = kind, .steps = network ? NETWORK_STEPS : 1 };
	int r = feature_init(&ret->features, list, 1, e);
	if (r == 0)
		memcpy(ret->features.cap, f->m->f.features.cap, sizeof ret->features.cap);
	return r;
}

/* As validation wants it. */

/* A forecaster that validation holds; when it is done with it, it is there to fall back on. */
struct tested {
	struct forecaster f;
	struct accel_forecaster at;
	const struct forecast_maker *maker;
	uint32_t test;
	struct kept_columns columns;    /* of the rows that it is asked about */
};

static void spare(struct forecast_fit *f, struct forecaster *from, uint32_t test, bool is_cut)
{
	struct forecast_spare *to = &f->spare[from->kind];
	forecaster_done(&to->f);
	*to = (struct forecast_spare){ *from, is_cut, test };
	*from = (struct forecaster){0};
}

static void drop(void *model)
{
	struct tested *t = model;
	if (t)
		accel_drop(&t->at);
	if (t && !t->maker->measures)
		forecast_fit_round_tested(t->maker->f, &t->f, &t->columns, t->test);
	if (t && t->maker->f->o->enough && !t->maker->measures)
		spare(t->maker->f, &t->f, t->test, false);
	else if (t)
		forecaster_done(&t->f);
	mem_free(t);
}

static bool is_something(const struct forecaster *f)
{
	return f->linear.weight || f->forest.n_trees > 0 || f->lstm;
}

/* to is empty when that fails. */
static int make_one(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct kept_columns *ret_columns, struct err *e)
{
	struct forecast_fit *f = k->f;
	int r = forecast_fit_shape(f, k->kind, to, e);
	forecast_maker_tell(k, &(struct forecast_at){0});
	/* Linear fits do not look. */
	if (r == 0 && k->n_trials && (forecast_fit_is_enough(f) || forecast_fit_is_stopped(f)))
		r = err_set(e, -ECANCELED, "stopped");
	if (r == 0)
		r = forecast_make_narrow(k, d, to, ret_columns, e);
	if (r == -ECANCELED && f->o->enough && !k->measures && is_something(to) &&
	    f->spare[k->kind].f.kind == FORECASTER_NONE)
		spare(f, to, k->test, true);
	if (r < 0)
		forecaster_done(to);
	return r;
}

static int make_tested(void *ctx, const struct dataset *d, void **ret, struct err *e)
{
	struct forecast_maker *k = ctx;
	struct tested *t = mem_get(1, sizeof *t);
	*ret = NULL;
	if (!t)
		return err_set(e, -ENOMEM, "could not keep a forecaster: out of memory");
	*t = (struct tested){ .maker = k, .test = ++k->test };
	int r = make_one(k, d, &t->f, &t->columns, e);
	if (r == 0) {
		accel_hold(&t->at, k->f->accel, &t->f);
		*ret = t;
	} else {
		mem_free(t);
	}
	return r;
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	const struct tested *t = model;
	uint32_t wide = t->columns.n_all;
	float some[ROWS_AT_ONCE * FEATURE_MAX];
	if (t->columns.n == 0)
		accel_predict(&t->at, x, n_rows, ret);
	for (uint32_t i = 0, n; t->columns.n && i < n_rows; i += n) {
		n = n_rows - i < ROWS_AT_ONCE ? n_rows - i : ROWS_AT_ONCE;
		memcpy(some, x + (size_t)i * wide, (size_t)n * wide * sizeof *x);
		fit_columns_narrow(&t->columns, some, n);
		accel_predict(&t->at, some, n, ret + i);
	}
}

const struct forecaster_ops forecast_fit_ops = { "any", make_tested, predict, drop, NULL };

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The share of time that has half of the rows: a log may begin with a few stray ones. */
static int first_tests(const struct dataset *d, double *ret, struct err *e)
{
	int64_t *time_ms = mem_get(d->n_rows + 1ul, sizeof *time_ms);
	*ret = .5;
	if (!time_ms)
		return err_set(e, -ENOMEM, "could not judge forecasts: out of memory");
	memcpy(time_ms, d->time_ms, d->n_rows * sizeof *time_ms);
	qsort(time_ms, d->n_rows, sizeof *time_ms, by_time);
	int64_t first_ms = time_ms[0], all_ms = time_ms[d->n_rows - 1] - first_ms;
	if (all_ms > 0)
		*ret = (double)(time_ms[d->n_rows / 2] - first_ms) / (double)all_ms;
	*ret = fmin(fmax(*ret, .05), .95);
	mem_free(time_ms);
	return 0;
}

static void keep_few(struct fold *fold, const struct dataset *d, const uint8_t *is_few)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < fold->n_train; i++)
		if (is_few[d->series[fold->train[i]]])
			fold->train[n++] = fold->train[i];
	fold->n_train = n;
}

int forecast_fit_folds(struct fold *fold, uint32_t n, const struct dataset *d, struct err *e)
{
	struct folds_plan plan = { .n = n };
	int r = first_tests(d, &plan.first, e);
	return r < 0 ? r : folds_init(fold, d, &plan, e);
}

int forecast_fit_judge(struct forecast_fit *f, const struct validation *how,
	const uint8_t *is_few, struct verdict *ret, struct err *e)
{
	struct fold fold[FORECAST_TESTS] = {0};
	struct validation v = *how;
	/* Rows are made by a window that ends where they are known: no column can leak. */
	v.trusts_columns = true;
	v.folds = fold;
	v.n_folds = FORECAST_TESTS;
	v.step_ms = f->o->step->span_ms;
	v.season = WEEK_STEPS;
	f->rows = v.d;
	f->fold = fold;
	int r = forecast_fit_folds(fold, FORECAST_TESTS, v.d, e);
	for (uint32_t i = 0; i < FORECAST_TESTS && is_few && r == 0; i++)
		keep_few(&fold[i], v.d, is_few);
	if (r == 0)
		r = validate(&v, ret, NULL, e);
	folds_done(fold, FORECAST_TESTS);
	return r == -EINVAL ? -ENODATA : r;
}

void forecast_fit_note(struct forecast_fit *f, enum forecaster_kind kind, const struct verdict *v)
{
	f->m->figure[kind] = (struct forecast_figure){ v->mse, v->mae, v->r2, v->skill,
		v->seasonal_skill };
	f->m->n_test_rows = v->n_rows;
	f->m->naive = (struct forecast_figure){ v->naive_mse, v->naive_mae, v->naive_r2, 0,
		1 - v->naive_share };
	f->m->seasonal = (struct forecast_figure){ v->seasonal_mse, v->seasonal_mae,
		v->seasonal_r2, 1 - 1 / v->naive_share, 0 };
}

static int judge(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *d,
	struct err *e)
{
	struct forecast_maker k = { .f = f, .kind = kind };
	struct verdict v;
	if (f->o->from)
		return forecast_fit_transfer(f, d, e);
	int r = forecast_fit_judge(f, &(struct validation){ .d = d, .ops = &forecast_fit_ops,
		.ctx = &k }, NULL, &v, e);
	if (r == 0)
		forecast_fit_note(f, kind, &v);
	return r == 0 && f->o->n_search ? forecast_fit_search(f, kind, d, e) : r;
}

static bool beats_naive(const struct forecast_figure *g)
{
	return g->skill > 0 && !(g->seasonal_skill <= 0);
}

/* When learning was ended early, the last one fitted for a test is nearly as good. */
static int keep(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *d,
	struct err *e)
{
	enum forecast_start start = f->report->transfer.best;
	struct forecast_maker k = { .f = f, .kind = kind,
		.from = f->o->from && start == START_FROM ? &f->o->from->f : NULL };
	struct forecast_spare *s = &f->spare[kind];
	struct forecaster made;
	f->m->n_rows = d->n_rows;
	if (f->o->from && start == START_OLD) {
		f->report->n_epochs = 0;
		return forecast_model_load(f->m, f->o->from->bytes, f->o->from->n_bytes, e);
	}
	int r = make_one(&k, d, &made, &f->kept, e);
	if (r == -ECANCELED && s->f.kind != FORECASTER_NONE) {
		made = s->f;
		f->report->kept_test = s->test;
		f->report->kept_cut = s->is_cut;
		*s = (struct forecast_spare){0};
		r = 0;
	} else if (r == 0 && (r = forecast_fit_cross(f, &k, d, e)) < 0) {
		forecaster_done(&made);
	}
	if (r == 0)
		r = forecast_fit_round(f, &made, e);
	return r < 0 ? r : forecast_model_take(f->m, &made, e);
}

/* Names of the columns, for warnings and the report; a network's are not told apart. */
static void name_columns(const struct forecaster *shape, struct dataset *d,
	const char *name[FEATURE_MAX], struct forecast_report *to)
{
	to->n_names = shape->steps == 1 ? shape->features.n : 0;
	for (uint32_t i = 0; i < to->n_names; i++)
		name[i] = feature_name(&shape->features, i, to->name[i]);
	d->name = to->n_names > 0 ? name : NULL;
}

/* A kind's rows, judged or (kept) fitted to. */
static int try_kind(struct forecast_fit *f, enum forecaster_kind kind, bool kept, struct err *e)
{
	struct forecaster shape;
	struct dataset d = {0};
	const char *name[FEATURE_MAX];
	int r = forecast_fit_shape(f, kind, &shape, e);
	if (r == 0)
		r = forecast_fit_rows(f, &shape, &d, e);
	name_columns(&shape, &d, name, f->report);
	if (r == 0)
		r = kept ? keep(f, kind, &d, e) : judge(f, kind, &d, e);
	dataset_done(&d);
	return r;
}

static int judge_kind(struct forecast_fit *f, enum forecaster_kind kind, struct err *e)
{
	enum forecast_trial *trial = &f->report->trial[kind];
	*trial = TRIAL_NONE;
	if (forecast_fit_is_enough(f))
		return 0;
	int r = try_kind(f, kind, false, e);
	*trial = r == 0 ? TRIAL_JUDGED : TRIAL_CUT;
	return r == -ECANCELED && f->o->enough ? 0 : r;
}

/* Of those judged, or else one whose tests were not over, if it is wanted whatever it is worth. */
static enum forecaster_kind choose(const struct forecast_fit *f)
{
	int best = FORECASTER_NONE, cut = FORECASTER_NONE;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++) {
		if (f->report->trial[k] == TRIAL_JUDGED && (best == FORECASTER_NONE ||
		    f->m->figure[k].mse < f->m->figure[best].mse))
			best = k;
		if (f->report->trial[k] == TRIAL_CUT && f->spare[k].f.kind != FORECASTER_NONE)
			cut = k;
	}
	return (enum forecaster_kind)(best == FORECASTER_NONE && f->o->insists ? cut : best);
}

static int judge_kinds(struct forecast_fit *f, struct err *e)
{
	struct forecaster shape;
	int r = forecast_fit_shape(f, FORECASTER_LINEAR, &shape, e);
	if (r == 0 && f->o->from)
		r = forecast_fit_check_caps(f, &shape.features, e);
	else if (r == 0)
		r = forecast_fit_caps(f, &shape.features, e);
	f->m->f.features = shape.features;
	unsigned kinds = f->o->from ? FORECAST_KIND(f->o->from->f.kind) : f->o->kinds;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N && r == 0; k++)
		if (kinds & FORECAST_KIND(k))
			r = judge_kind(f, (enum forecaster_kind)k, e);
	return r;
}

static bool is_whole(const struct forecast_report *r, enum forecaster_kind kept)
{
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (r->trial[k] == TRIAL_NONE || r->trial[k] == TRIAL_CUT)
			return false;
	return r->searched == 0 && (kept == FORECASTER_NONE || r->kept_test == 0);
}

int forecast_fit_best(struct forecast_fit *f, struct err *e)
{
	struct forecast_report *report = f->report;
	int r = judge_kinds(f, e);
	report->best = r == 0 ? choose(f) : FORECASTER_NONE;
	if (report->best != FORECASTER_NONE) {
		report->better = report->trial[report->best] == TRIAL_JUDGED &&
			beats_naive(&f->m->figure[report->best]);
		if (report->better || f->o->insists)
			r = try_kind(f, report->best, true, e);
	} else if (r == 0 && forecast_fit_is_enough(f)) {
		r = err_set(e, -ECANCELED, "stopped before there was a forecaster to keep");
	}
	if (f->m->f.kind != FORECASTER_LSTM)
		report->n_epochs = 0;
	report->ended = !is_whole(report, f->m->f.kind);
	for (int k = 0; k < FORECASTER_N; k++)
		forecaster_done(&f->spare[k].f);
	return r;
}
