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
#include "learn/fit_forest.h"
#include "learn/fit_linear.h"
#include "learn/fit_lstm.h"
#include "learn/validate.h"
#include "model/forecast_model.h"
#include "series/step.h"

#define NETWORK_STEPS 28u
#define NETWORK_LATEST 5        /* a fifth of the rows, the latest, ends the training early */
#define WEEK_STEPS 7u
#define FOLDS 3u

/* A network reads the steps one after the other and makes its own averages. */
static const char network_features[] = "lag1,views1,carts1,favourites1,buys1";
/* The calendar of a log too short to show it would be taken for a trend, and prolonged. */
static const char own_features[] = "lag1-7,mean28,ewma7,views7,carts7,buys7,ctr7,conversion7,"
	"quiet28";
#define DAYS_OF_WEEK 28         /* the least that shows the days of the week, */
#define DAYS_OF_YEAR 500        /* and those of the year */

static void list_features(const struct forecast_fit *f, bool network, char *ret, size_t cap)
{
	snprintf(ret, cap, "%s%s%s", network ? network_features : own_features,
		f->days >= DAYS_OF_WEEK ? ",day_sin,day_cos" : "",
		f->days >= DAYS_OF_YEAR ? ",week_sin,week_cos" : "");
}

int forecast_fit_shape(const struct forecast_fit *f, enum forecaster_kind kind,
	struct forecaster *ret, struct err *e)
{
	bool network = kind == FORECASTER_LSTM;
	char list[160];
	list_features(f, network, list, sizeof list);
	*ret = (struct forecaster){ .kind = kind, .steps = network ? NETWORK_STEPS : 1 };
	int r = feature_init(&ret->features, list, 1, e);
	if (r == 0)
		memcpy(ret->features.cap, f->m->f.features.cap, sizeof ret->features.cap);
	return r;
}

/* What a kind is fitted with. */
struct maker {
	struct forecast_fit *f;
	enum forecaster_kind kind;
	bool last;              /* of the fit that is kept: it fills the report */
};

static int make_linear(const struct maker *k, const struct dataset *d, struct forecaster *to,
	struct err *e)
{
	struct linear_report report = {0};
	const struct linear_options o = { .penalty = LINEAR_PLAIN, .threads = k->f->o->threads };
	int r = fit_linear(&to->linear, d, &o, &report, e);
	if (k->last)
		snprintf(k->f->report->warning, sizeof k->f->report->warning, "%s",
			report.rank.warning);
	return r;
}

static int make_forest(const struct maker *k, const struct dataset *d, struct forecaster *to,
	struct err *e)
{
	struct fit_forest of;
	const struct fit_forest_options o = { .n_trees = 60, .min_leaf = 20,
		.seed = k->f->o->seed, .threads = k->f->o->threads, .permute = k->last,
		.stop = k->f->o->stop };
	int r = fit_forest(&of, d, &o, e);
	if (r < 0 && r != -ECANCELED)
		return r;
	for (uint32_t i = 0; k->last && of.permutation && i < d->n_columns; i++)
		k->f->report->importance[i] = of.permutation[i];
	to->forest = of.forest;
	of.forest = (struct forest){0};
	fit_forest_done(&of);
	return r;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The rows before a time, and those from it on. */
struct halves {
	struct dataset early, late;
};

static int split(struct halves *h, const struct dataset *d, struct err *e)
{
	uint32_t n_early = 0, n_late = 0;
	uint32_t *early = mem_get(d->n_rows + 1ul, sizeof *early);
	uint32_t *late = mem_get(d->n_rows + 1ul, sizeof *late);
	int64_t *time_ms = mem_get(d->n_rows + 1ul, sizeof *time_ms);
	int r = early && late && time_ms ? 0 :
		err_set(e, -ENOMEM, "could not split rows: out of memory");
	*h = (struct halves){0};
	if (r == 0) {
		memcpy(time_ms, d->time_ms, d->n_rows * sizeof *time_ms);
		qsort(time_ms, d->n_rows, sizeof *time_ms, by_time);
		int64_t from_ms = time_ms[d->n_rows - d->n_rows / NETWORK_LATEST - 1];
		for (uint32_t i = 0; i < d->n_rows; i++)
			if (d->time_ms[i] < from_ms)
				early[n_early++] = i;
			else
				late[n_late++] = i;
		r = dataset_pick(&h->early, d, early, n_early, e);
	}
	if (r == 0)
		r = dataset_pick(&h->late, d, late, n_late, e);
	mem_free(early);
	mem_free(late);
	mem_free(time_ms);
	return r;
}

static void tell_curve(const struct fit_lstm *fit, struct forecast_report *to)
{
	to->n_epochs = fit->n_epochs < FORECAST_EPOCHS_MAX ? fit->n_epochs : FORECAST_EPOCHS_MAX;
	to->best_epoch = fit->best;
	memcpy(to->curve, fit->curve, to->n_epochs * sizeof *to->curve);
}

/* Rounds the weights, and tells what that does to the latest rows. */
static int round_weights(const struct maker *k, const struct dataset *d, struct lstm **net,
	struct err *e)
{
	if (k->f->o->precision == LSTM_FLOAT32)
		return 0;
	struct lstm *rounded = lstm_round(*net, k->f->o->precision, e);
	if (!rounded)
		return e->code;
	if (k->last)
		k->f->report->rounded = lstm_compare(*net, rounded, d->x, d->n_rows);
	lstm_free(*net);
	*net = rounded;
	return 0;
}

static int make_network(const struct maker *k, const struct dataset *d, struct forecaster *to,
	struct err *e)
{
	struct halves h;
	struct fit_lstm fit = fit_lstm_default(to->features.n);
	int r = split(&h, d, e);
	fit.hidden = 16;
	fit.epochs = 15;
	fit.patience = 3;
	fit.seed = k->f->o->seed;
	fit.threads = k->f->o->threads;
	fit.stop = k->f->o->stop;
	fit.valid = h.late.n_rows ? &h.late : NULL;
	if (r == 0)
		r = fit_lstm(&fit, &h.early, &to->lstm, e);
	if (r == 0 && k->last)
		tell_curve(&fit, k->f->report);
	if (r == 0)
		r = round_weights(k, &h.late, &to->lstm, e);
	fit_lstm_done(&fit);
	dataset_done(&h.early);
	dataset_done(&h.late);
	return r;
}

static int (*const make[FORECASTER_N])(const struct maker *k, const struct dataset *d,
	struct forecaster *to, struct err *e) = {
	[FORECASTER_LINEAR] = make_linear,
	[FORECASTER_FOREST] = make_forest,
	[FORECASTER_LSTM] = make_network,
};

/* As validation wants it. */

static void drop(void *model)
{
	forecaster_done(model);
	mem_free(model);
}

static int make_one(void *ctx, const struct dataset *d, void **ret, struct err *e)
{
	const struct maker *k = ctx;
	struct forecaster *to = mem_get(1, sizeof *to);
	int r = to ? forecast_fit_shape(k->f, k->kind, to, e) :
		err_set(e, -ENOMEM, "could not keep a forecaster: out of memory");
	if (r == 0)
		r = make[k->kind](k, d, to, e);
	if (r < 0) {
		drop(to);
		to = NULL;
	}
	*ret = to;
	return r;
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	forecaster_predict(model, x, n_rows, ret);
}

static const struct forecaster_ops any_kind = { "any", make_one, predict, drop, NULL };

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

static int judge(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *d,
	struct err *e)
{
	struct fold fold[FOLDS] = {0};
	struct maker k = { f, kind, false };
	struct verdict v;
	/* Rows are made by a window that ends where they are known: no column can leak. */
	struct validation how = { .d = d, .ops = &any_kind, .ctx = &k, .folds = fold,
		.n_folds = FOLDS, .step_ms = f->o->step->span_ms, .season = WEEK_STEPS,
		.trusts_columns = true };
	double first;
	int r = first_tests(d, &first, e);
	if (r == 0)
		r = folds_init(fold, d, &(struct folds_plan){ .n = FOLDS, .first = first }, e);
	if (r == 0)
		r = validate(&how, &v, NULL, e);
	folds_done(fold, FOLDS);
	if (r < 0)
		return r == -EINVAL ? -ENODATA : r;
	f->m->figure[kind] = (struct forecast_figure){ v.mse, v.mae, v.r2, v.skill,
		v.seasonal_skill };
	f->m->n_test_rows = v.n_rows;
	f->m->naive_mse = v.naive_mse;
	f->m->seasonal_mse = v.seasonal_mse;
	return 0;
}

static bool beats_naive(const struct forecast_figure *g)
{
	return g->skill > 0 && !(g->seasonal_skill <= 0);
}

static int keep(struct forecast_fit *f, enum forecaster_kind kind, const struct dataset *d,
	struct err *e)
{
	struct maker k = { f, kind, true };
	void *made;
	int r = make_one(&k, d, &made, e);
	if (r < 0)
		return r;
	f->m->n_rows = d->n_rows;
	r = forecast_model_take(f->m, made, e);
	mem_free(made);
	return r;
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

int forecast_fit_best(struct forecast_fit *f, struct err *e)
{
	struct forecaster shape;
	enum forecaster_kind best = FORECASTER_NONE;
	int r = forecast_fit_shape(f, FORECASTER_LINEAR, &shape, e);
	for (int i = 0; i < OBSERVED_N; i++)
		shape.features.cap[i] = INFINITY;
	if (r == 0)
		r = forecast_fit_caps(f, &shape.features, e);
	f->m->f.features = shape.features;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N && r == 0; k++) {
		if (!(f->o->kinds & FORECAST_KIND(k)))
			continue;
		r = try_kind(f, (enum forecaster_kind)k, false, e);
		if (best == FORECASTER_NONE || f->m->figure[k].mse < f->m->figure[best].mse)
			best = (enum forecaster_kind)k;
	}
	if (r < 0 || best == FORECASTER_NONE)
		return r;
	f->report->best = best;
	f->report->better = beats_naive(&f->m->figure[best]);
	return f->report->better || f->o->insists ? try_kind(f, best, true, e) : 0;
}
