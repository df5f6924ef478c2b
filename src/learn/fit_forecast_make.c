/* The kinds of forecasters fitted to rows. */
#include "learn/fit_forecast_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/fit_forest.h"
#include "learn/fit_linear.h"
#include "learn/fit_lstm.h"
#include "learn/fit_params.h"
#include "learn/select.h"

#define BATCHES 64u             /* an epoch, of few rows */
#define BATCH_LEAST 16u
#define NETWORK_LATEST 5        /* a fifth of the rows, the latest, ends the training early */

static const atomic_bool *stop_of(const struct forecast_maker *k)
{
	const struct forecast_fit_options *o = k->f->o;
	return o->enough ? o->enough : o->stop;
}

/* Ridge towards the old weights instead of none: what those leave is fitted, and added to them. */
static int go_on_linear(const struct linear *from, const struct dataset *d, unsigned threads,
	struct linear *to, struct err *e)
{
	struct dataset left = *d;
	const struct linear_options o = { .penalty = LINEAR_RIDGE, .lambda = LINEAR_CHOOSE,
		.threads = threads };
	left.y = mem_get(d->n_rows + 1ul, sizeof *left.y);
	if (!left.y)
		return err_set(e, -ENOMEM, "could not go on from a forecaster: out of memory");
	linear_predict(from, d->x, d->n_rows, left.y);
	for (uint32_t i = 0; i < d->n_rows; i++)
		left.y[i] = d->y[i] - left.y[i];
	int r = fit_linear(to, &left, &o, NULL, e);
	for (uint32_t k = 0; r == 0 && k <= d->n_columns; k++)
		to->weight[k] += from->weight[k];
	mem_free(left.y);
	return r;
}

static const double *value_of(const struct forecast_maker *k)
{
	return k->f->value[k->kind];
}

static int make_linear(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct err *e)
{
	struct linear_report report = {0};
	if (k->from)
		return go_on_linear(&k->from->linear, d, k->f->o->threads, &to->linear, e);
	const struct linear_options o = { .threads = k->f->o->threads, .of_top = true,
		.penalty = (enum linear_penalty)value_of(k)[LINEAR_PENALTY],
		.lambda = value_of(k)[LINEAR_STRENGTH] };
	int r = fit_linear(&to->linear, d, &o, &report, e);
	if (k->test == 0)
		snprintf(k->f->report->warning, sizeof k->f->report->warning, "%s",
			report.rank.warning);
	return r;
}

static int grow(const struct forecast_maker *k, const struct dataset *d, struct forest *to,
	struct err *e)
{
	struct fit_forest of;
	const double *value = value_of(k);
	const struct fit_forest_options o = { .n_trees = (uint32_t)value[FOREST_TREES],
		.max_depth = (uint32_t)value[FOREST_DEPTH],
		.min_leaf = (uint32_t)value[FOREST_LEAF],
		.n_tried = (uint32_t)ceil(value[FOREST_TRIED] * d->n_columns - 1e-9),
		.seed = k->f->o->seed, .threads = k->f->o->threads, .permute = k->test == 0,
		.stop = stop_of(k), .percent = k->f->o->ret_percent };
	int r = fit_forest(&of, d, &o, e);
	if (r < 0 && r != -ECANCELED)
		return r;
	for (uint32_t i = 0; of.permutation && i < d->n_columns; i++)
		k->f->report->importance[i] = of.permutation[i];
	*to = of.forest;
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

/* The part of the old forest's answer that is best on later rows: least squares, 0 to 1. */
static int weigh(const struct forest *old, const struct forest *new, const struct dataset *d,
	double *ret, struct err *e)
{
	float *y = mem_get(2ul * d->n_rows + 1, sizeof *y);
	double up = 0, down = 0;
	if (!y)
		return err_set(e, -ENOMEM, "could not weigh two forests: out of memory");
	forest_predict(old, d->x, d->n_rows, y);
	forest_predict(new, d->x, d->n_rows, y + d->n_rows);
	for (uint32_t i = 0; i < d->n_rows; i++) {
		double apart = (double)y[i] - (double)y[d->n_rows + i];
		up += apart * ((double)d->y[i] - (double)y[d->n_rows + i]);
		down += apart * apart;
	}
	*ret = down > 0 ? fmin(fmax(up / down, 0), 1) : 1;
	mem_free(y);
	return 0;
}

/* The trees of one behind those of the other, with leaves times a factor. */
static void append(struct forest *to, uint32_t *tree, const struct forest *f, double factor)
{
	uint32_t at = to->root[*tree];
	for (uint32_t i = 0; i < f->n_nodes; i++) {
		struct forest_node n = f->node[i];
		n.at = n.link ? n.at : (float)((double)n.at * factor);
		to->node[at + i] = n;
	}
	for (uint32_t t = 1; t <= f->n_trees; t++)
		to->root[*tree + t] = at + f->root[t];
	*tree += f->n_trees;
}

/* One forest whose mean is part of the old one's answer, and the rest of the new one's. */
static int join(const struct forest *old, const struct forest *new, double part,
	struct forest *ret, struct err *e)
{
	uint32_t trees = old->n_trees + new->n_trees, at = 0;
	if ((uint64_t)old->n_nodes + new->n_nodes > FOREST_NODES_MAX)
		return err_set(e, -E2BIG, "could not keep a forest of more than %u nodes",
			FOREST_NODES_MAX);
	if (forest_init(ret, old->n_columns, trees, old->n_nodes + new->n_nodes, e) < 0)
		return e->code;
	append(ret, &at, old, part * trees / old->n_trees);
	append(ret, &at, new, (1 - part) * trees / new->n_trees);
	return 0;
}

/* Trees are added to the old ones: the weight of both is found on the latest rows. */
static int go_on_forest(const struct forecast_maker *k, const struct dataset *d,
	struct forest *to, struct err *e)
{
	const struct forest *old = &k->from->forest;
	struct forest early = {0}, new = {0};
	struct halves h;
	double part = 1;
	int r = split(&h, d, e);
	if (r == 0)
		r = grow(k, &h.early, &early, e);
	if (r == 0)
		r = weigh(old, &early, &h.late, &part, e);
	if (r == 0)
		r = grow(k, d, &new, e);
	if (new.n_trees > 0 && join(old, &new, part, to, e) < 0)
		r = e->code;
	dataset_done(&h.early);
	dataset_done(&h.late);
	forest_done(&early);
	forest_done(&new);
	return r;
}

static int make_forest(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct err *e)
{
	return k->from ? go_on_forest(k, d, &to->forest, e) : grow(k, d, &to->forest, e);
}

struct teller {
	const struct forecast_maker *maker;
	uint32_t n_epochs;
};

static void tell_epoch(void *ctx, uint32_t epoch, const struct fit_lstm_epoch *at)
{
	const struct teller *t = ctx;
	forecast_maker_tell(t->maker, &(struct forecast_at){ .n_epochs = epoch,
		.max_epochs = t->n_epochs, .epoch = at });
}

static void keep_curve(const struct fit_lstm *fit, struct forecast_report *to)
{
	to->n_epochs = fit->n_epochs < FORECAST_EPOCHS_MAX ? fit->n_epochs : FORECAST_EPOCHS_MAX;
	to->best_epoch = fit->best;
	memcpy(to->curve, fit->curve, to->n_epochs * sizeof *to->curve);
}

static void keep_course(const struct fit_lstm *fit, struct forecast_course *to)
{
	to->start_mse = fit->start_mse;
	to->n_epochs = fit->n_epochs < FORECAST_EPOCHS_MAX ? fit->n_epochs : FORECAST_EPOCHS_MAX;
	for (uint32_t i = 0; i < to->n_epochs; i++)
		to->valid_mse[i] = fit->curve[i].valid_mse;
}

/* Few rows make small batches, so that weights move often enough to get anywhere. */
static uint32_t batch_of(uint32_t n_rows, uint32_t most)
{
	uint32_t n = BATCH_LEAST + n_rows / BATCHES;
	return n < most ? n : most;
}

static int make_network(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct err *e)
{
	struct halves h;
	struct fit_lstm fit = fit_lstm_default(to->features.n);
	const double *value = value_of(k);
	int r = split(&h, d, e);
	fit.layers = (uint32_t)value[NETWORK_LAYERS];
	fit.hidden = (uint32_t)value[NETWORK_HIDDEN];
	fit.epochs = (uint32_t)value[NETWORK_EPOCHS];
	fit.rate = (float)value[NETWORK_RATE];
	fit.last_rate = (float)(value[NETWORK_RATE] / 10);
	fit.patience = 3;
	fit.batch = batch_of(h.early.n_rows, fit.batch);
	fit.seed = k->f->o->seed;
	fit.from = k->from ? k->from->lstm : NULL;
	if (fit.from) {
		fit.layers = fit.from->shape.layers;
		fit.hidden = fit.from->shape.hidden;
	}
	fit.threads = k->f->o->threads;
	fit.accel = k->f->accel;
	fit.stop = stop_of(k);
	fit.percent = k->f->o->ret_percent;
	fit.progress = tell_epoch;
	fit.ctx = &(struct teller){ k, fit.epochs };
	fit.valid = h.late.n_rows ? &h.late : NULL;
	if (r == 0)
		r = fit_lstm(&fit, &h.early, &to->lstm, e);
	if (k->course)
		keep_course(&fit, k->course);
	if (r == -ECANCELED && fit.best == 0) {
		lstm_free(to->lstm);
		to->lstm = NULL;
	}
	if (to->lstm && !k->measures && (r == 0 || k->f->spare[k->kind].f.kind == FORECASTER_NONE))
		keep_curve(&fit, k->f->report);
	fit_lstm_done(&fit);
	dataset_done(&h.early);
	dataset_done(&h.late);
	return r;
}

void forecast_maker_tell(const struct forecast_maker *k, const struct forecast_at *at)
{
	const struct forecast_fit_options *o = k->f->o;
	struct forecast_at all = *at;
	all.kind = k->kind;
	all.test = k->test;
	if (k->n_trials) {
		all.n_trials = k->n_trials;
		all.n_folds = FORECAST_FOLDS;
		all.trial = (k->test - 1) / FORECAST_FOLDS;
		all.test = 1 + (k->test - 1) % FORECAST_FOLDS;
	}
	if (o->tell)
		o->tell(o->ctx, &all);
}

static int (*const make[FORECASTER_N])(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct err *e) = {
	[FORECASTER_LINEAR] = make_linear,
	[FORECASTER_FOREST] = make_forest,
	[FORECASTER_LSTM] = make_network,
};

int forecast_make(const struct forecast_maker *k, const struct dataset *d, struct forecaster *to,
	struct err *e)
{
	return make[k->kind](k, d, to, e);
}

/* Names of the report follow the columns; those of the rows are its own. */
static void keep_names(struct forecast_report *to, const struct kept_columns *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		memmove(to->name[i], to->name[c->at[i]], sizeof *to->name);
	to->n_names = c->n;
}

int forecast_make_narrow(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct kept_columns *ret, struct err *e)
{
	const struct forecast_fit_options *o = k->f->o;
	bool chooses = o->select != COLUMNS_ALL && !o->from && to->steps == 1;
	struct dataset fewer;
	*ret = (struct kept_columns){0};
	int r = !chooses ? 0 : fit_columns_choose(&(struct fit_columns){ .by = o->select,
		.threads = o->threads, .seed = o->seed, .stop = stop_of(k) }, d, ret, e);
	if (chooses && k->test == 0)
		k->f->report->n_columns = d->n_columns;
	if (r < 0 || ret->n == 0)
		return r < 0 ? r : forecast_make(k, d, to, e);
	feature_keep(&to->features, ret->at, ret->n);
	if ((r = select_columns(&fewer, d, ret->at, ret->n, e)) < 0)
		return r;
	if (k->test == 0) {
		keep_names(k->f->report, ret);
		fewer.name = d->name;
	}
	r = forecast_make(k, &fewer, to, e);
	dataset_done(&fewer);
	return r;
}
