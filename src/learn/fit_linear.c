#include "learn/fit_linear.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/fit_each.h"
#include "learn/lasso.h"

#define LATE .2                 /* of the rows, the latest: they choose */

static const double ridges[] = { 0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10 };
static const double priors[] = { 3, 10, 30, 100, 300, 1000, (double)INFINITY };
#define N(a) (sizeof(a) / sizeof *(a))

/* What is chosen by: early rows and later ones, none of whose past holds an early row's future. */
struct halves {
	uint32_t *row;          /* early ones first */
	uint32_t n_early, n_late;
	struct normal early, late;
};

static void halves_done(struct halves *h)
{
	mem_free(h->row);
	normal_done(&h->early);
	normal_done(&h->late);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* When the late rows begin: at a step's start, so that a step is on one side. */
static int64_t late_from(const struct dataset *d, int64_t *scratch)
{
	for (uint32_t i = 0; i < d->n_rows; i++)
		scratch[i] = d->time_ms[i];
	qsort(scratch, d->n_rows, sizeof *scratch, by_time);
	return scratch[(uint32_t)(d->n_rows * (1 - LATE))];
}

static int halves_init(struct halves *h, const struct dataset *d, unsigned threads, struct err *e)
{
	int64_t *scratch = mem_get(d->n_rows + 1ul, sizeof *scratch), from, known = INT64_MAX;
	*h = (struct halves){ .row = mem_get(d->n_rows + 1ul, sizeof *h->row) };
	if (!scratch || !h->row) {
		mem_free(scratch);
		return err_set(e, -ENOMEM, "could not sort %u rows: out of memory", d->n_rows);
	}
	from = late_from(d, scratch);
	mem_free(scratch);
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->time_ms[i] >= from && d->known_ms[i] < known)
			known = d->known_ms[i];
	known = known < from ? known : from;
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->time_ms[i] < known)
			h->row[h->n_early++] = i;
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->time_ms[i] >= from)
			h->row[h->n_early + h->n_late++] = i;
	if (h->n_early == 0)
		return err_set(e, -EINVAL, "all rows are of one time: nothing can be chosen by "
			"later ones");
	if (normal_init(&h->early, d->n_columns, e) < 0 ||
	    normal_init(&h->late, d->n_columns, e) < 0 ||
	    normal_take(&h->early, d, h->row, h->n_early, threads, e) < 0)
		return e->code;
	return normal_take(&h->late, d, h->row + h->n_early, h->n_late, threads, e);
}

/* Everything a fit has at hand. */
struct fit {
	const struct dataset *d;
	const struct linear_options *o;
	struct linear_report *report;
	struct normal all;
	struct halves halves;
	double *theta;
};

static int solve(const struct fit *f, const struct normal *s, double lambda,
	struct normal_report *rank, struct err *e)
{
	if (f->o->penalty != LINEAR_LASSO || lambda <= 0)
		return normal_solve(s, lambda, f->theta, rank, e);
	*rank = (struct normal_report){ .rank = s->n_columns + 1 };
	return lasso_solve(s, lambda, f->theta, e);
}

static int choose_ridge(const struct fit *f, double *ret, struct err *e)
{
	double best = (double)INFINITY;
	struct normal_report rank;
	for (size_t i = 0; i < N(ridges); i++) {
		if (solve(f, &f->halves.early, ridges[i], &rank, e) < 0)
			return e->code;
		double error = normal_error(&f->halves.late, f->theta);
		if (error < best) {
			best = error;
			*ret = ridges[i];
		}
	}
	return 0;
}

static int choose_lambda(const struct fit *f, double *ret, struct err *e)
{
	struct lasso_path path;
	if (f->o->penalty == LINEAR_RIDGE)
		return choose_ridge(f, ret, e);
	int r = lasso_walk(&f->halves.early, &f->halves.late, &path, e);
	/* As a part of the largest that has a meaning: early rows may be of a calmer time. */
	double top = lasso_top(&f->halves.early), all = lasso_top(&f->all);
	*ret = top > 0 ? path.lambda[path.best] / top * all : all;
	return r;
}

static void to_set(const struct fit *f, struct linear *l)
{
	float *weight = linear_set(l, 0);
	for (uint32_t k = 0; k <= f->d->n_columns; k++)
		weight[k] = (float)f->theta[k];
}

static double late_error(const struct fit *f, const struct linear *l)
{
	const struct dataset *d = f->d;
	double sum = 0;
	for (uint32_t i = 0; i < f->halves.n_late; i++) {
		uint32_t row = f->halves.row[f->halves.n_early + i];
		float y;
		linear_predict_each(l, &d->series[row], dataset_row(d, row), 1, &y);
		sum += pow((double)(d->y[row] - y), 2);
	}
	return sum;
}

static int choose_prior(struct fit *f, struct linear *l, struct err *e)
{
	double best = (double)INFINITY, lambda = f->report->lambda;
	struct normal_report rank;
	if (solve(f, &f->halves.early, lambda, &rank, e) < 0)
		return e->code;
	to_set(f, l);
	for (size_t i = 0; i < N(priors); i++) {
		struct fit_each each = { f->d, f->halves.row, f->halves.n_early, &f->halves.early,
			priors[i], f->o->threads };
		if (fit_each(l, &each, e) < 0)
			return e->code;
		double error = late_error(f, l);
		if (error < best) {
			best = error;
			f->report->prior_rows = priors[i];
		}
	}
	return 0;
}

static int fit_sets(struct fit *f, struct linear *l, struct err *e)
{
	const struct linear_options *o = f->o;
	struct linear_report *r = f->report;
	bool choose = o->penalty != LINEAR_PLAIN && o->lambda < 0;
	bool choose_each = o->each && o->prior_rows < 0;
	r->lambda = o->penalty == LINEAR_PLAIN ? 0 : o->lambda;
	r->prior_rows = o->each ? o->prior_rows : (double)INFINITY;
	if (normal_take(&f->all, f->d, NULL, f->d->n_rows, o->threads, e) < 0)
		return e->code;
	if (o->penalty == LINEAR_LASSO && o->of_top && !choose)
		r->lambda *= lasso_top(&f->all);
	if (((choose || choose_each) && halves_init(&f->halves, f->d, o->threads, e) < 0) ||
	    (choose && choose_lambda(f, &r->lambda, e) < 0) ||
	    (choose_each && choose_prior(f, l, e) < 0) ||
	    solve(f, &f->all, r->lambda, &r->rank, e) < 0)
		return e->code;
	to_set(f, l);
	r->error = normal_error(&f->all, f->theta);
	r->n_used = 0;
	for (uint32_t k = 1; k <= f->d->n_columns; k++)
		r->n_used += f->theta[k] != 0;
	return !o->each ? 0 : fit_each(l, &(struct fit_each){ f->d, NULL, f->d->n_rows, &f->all,
		r->prior_rows, o->threads }, e);
}

static uint32_t n_series(const struct dataset *d)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->n_rows; i++)
		n = d->series[i] >= n ? d->series[i] + 1 : n;
	return n;
}

int fit_linear(struct linear *ret, const struct dataset *d, const struct linear_options *o,
	struct linear_report *ret_report, struct err *e)
{
	struct err own = {0};
	struct linear_report report;
	struct fit f = { .d = d, .o = o, .report = ret_report ? ret_report : &report };
	int r = linear_init(ret, d->n_columns, o->each ? n_series(d) : 0, &own);
	*f.report = (struct linear_report){0};
	f.theta = mem_get(d->n_columns + 1ul, sizeof *f.theta);
	if (r == 0 && !f.theta)
		r = err_set(&own, -ENOMEM, "could not fit %u columns: out of memory", d->n_columns);
	if (r == 0 && (r = normal_init(&f.all, d->n_columns, &own)) == 0)
		r = fit_sets(&f, ret, &own);
	normal_done(&f.all);
	halves_done(&f.halves);
	mem_free(f.theta);
	if (r == 0)
		return 0;
	linear_done(ret);
	return err_set(e, r, "%s", own.text);
}

static int fit(void *ctx, const struct dataset *train, void **ret_model, struct err *e)
{
	struct linear *l = mem_get(1, sizeof *l);
	int r = l ? fit_linear(l, train, ctx, NULL, e) :
		err_set(e, -ENOMEM, "could not make a linear forecaster: out of memory");
	if (r < 0)
		mem_free(l);
	*ret_model = r < 0 ? NULL : l;
	return r;
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	linear_predict(model, x, n_rows, ret);
}

static void predict_each(const void *model, const uint32_t *series, const float *x,
	uint32_t n_rows, float *ret)
{
	linear_predict_each(model, series, x, n_rows, ret);
}

static void drop(void *model)
{
	if (model)
		linear_done(model);
	mem_free(model);
}

const struct forecaster_ops forecaster_linear = { "linear", fit, predict, drop, predict_each };
