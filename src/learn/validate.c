#include "learn/validate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "learn/dataset.h"
#include "learn/leak.h"
#include "learn/sorted.h"

/* Sums over the rows that a forecast has. */
struct errors {
	uint64_t n;
	double square, absolute, y, yy;
	double ours, both;      /* of a naive one: our squares, and its own where there are two */
};

struct sums {
	struct errors ours, naive, seasonal;
	double relative;
};

static double square(double v)
{
	return v * v;
}

static void add_error(struct errors *s, double y, double f, double ours)
{
	s->n++;
	s->square += square(f - y);
	s->absolute += fabs(f - y);
	s->y += y;
	s->yy += y * y;
	s->ours += ours;
}

static void add_row(struct sums *s, double y, double f)
{
	double size = fabs(f) + fabs(y);
	add_error(&s->ours, y, f, 0);
	s->relative += size > 0 ? 2 * fabs(f - y) / size : 0;
}

static void add_errors(struct errors *s, const struct errors *more)
{
	s->n += more->n;
	s->square += more->square;
	s->absolute += more->absolute;
	s->y += more->y;
	s->yy += more->yy;
	s->ours += more->ours;
	s->both += more->both;
}

static void add_sums(struct sums *s, const struct sums *more)
{
	add_errors(&s->ours, &more->ours);
	add_errors(&s->naive, &more->naive);
	add_errors(&s->seasonal, &more->seasonal);
	s->relative += more->relative;
}

static double skill(double ours, double naive)
{
	return naive > 0 ? 1 - ours / naive : (double)NAN;
}

static double r2(const struct errors *s)
{
	return skill(s->square, s->yy - s->y * s->y / (double)s->n);
}

static struct verdict judge(const struct sums *s)
{
	const struct errors *o = &s->ours, *l = &s->naive, *w = &s->seasonal;
	double n = (double)o->n, n_naive = (double)l->n, n_seasonal = (double)w->n;
	return (struct verdict){ .n_rows = o->n, .mse = o->square / n, .mae = o->absolute / n,
		.r2 = r2(o), .smape = s->relative / n, .n_naive = l->n, .n_seasonal = w->n,
		.naive_mse = l->square / n_naive, .naive_mae = l->absolute / n_naive,
		.naive_r2 = r2(l), .seasonal_mse = w->square / n_seasonal,
		.seasonal_mae = w->absolute / n_seasonal, .seasonal_r2 = r2(w),
		.skill = skill(l->ours, l->square), .seasonal_skill = skill(w->ours, w->square),
		.naive_share = l->both / w->both };
}

int validate_rows(const struct dataset *d, struct err *e)
{
	char known[ZONE_TEXT_MAX], time[ZONE_TEXT_MAX];
	for (uint32_t i = 0; i < d->n_rows; i++) {
		if (!d->known_ms || d->known_ms[i] == INT64_MAX)
			return err_set(e, -EINVAL, "row %u does not say when its features were "
				"known", i + 1);
		if (d->known_ms[i] > d->time_ms[i])
			return err_set(e, -EINVAL, "row %u forecasts the step of %s from "
				"features known at %s: a leak", i + 1,
				time_iso(d->time_ms[i], time), time_iso(d->known_ms[i], known));
	}
	return 0;
}

int validate_fold(const struct dataset *d, const struct fold *f, struct err *e)
{
	char at[ZONE_TEXT_MAX], time[ZONE_TEXT_MAX];
	int64_t known_ms = INT64_MAX;
	if (f->n_train == 0 || f->n_test == 0)
		return err_set(e, -EINVAL, "a fold has %u rows to train on and %u to test",
			f->n_train, f->n_test);
	for (uint32_t i = 0; i < f->n_test; i++)
		if (d->known_ms[f->test[i]] < known_ms)
			known_ms = d->known_ms[f->test[i]];
	for (uint32_t i = 0; i < f->n_train; i++)
		if (d->time_ms[f->train[i]] >= known_ms)
			return err_set(e, -EINVAL, "a fold trains on the step of %s and tests "
				"forecasts made at %s: a leak",
				time_iso(d->time_ms[f->train[i]], time), time_iso(known_ms, at));
	return 0;
}

static int check_columns(const struct dataset *d, struct err *e)
{
	struct leak *leak = mem_get(d->n_columns + 1ul, sizeof *leak);
	int n = leak ? leak_find(d, leak, e) :
		err_set(e, -ENOMEM, "could not look for leaks: out of memory");
	if (n > 0) {
		char number[24];
		snprintf(number, sizeof number, "%u", leak->column + 1);
		n = err_set(e, -EINVAL, "column %s follows the value %u steps after the one it "
			"forecasts (r2 %.3f; of the past, %.3f at most): a leak",
			d->name ? d->name[leak->column] : number, leak->ahead, leak->future,
			leak->past);
	}
	mem_free(leak);
	return n;
}

/* The row whose value is a season before row's, or SORTED_NONE. */
static uint32_t season_before(const struct validation *v, const struct sorted *order, uint32_t row)
{
	int64_t at_ms = v->d->time_ms[row] - v->season * v->step_ms, half_ms = v->step_ms / 2;
	uint32_t found = sorted_before(order, v->d, row, at_ms + half_ms + 1);
	/* Days and weeks are of uneven length where clocks change. */
	if (found == SORTED_NONE || v->d->time_ms[found] < at_ms - half_ms ||
	    v->d->time_ms[found] >= v->d->known_ms[row])
		return SORTED_NONE;
	return found;
}

static void add_naive(const struct validation *v, const struct sorted *order, uint32_t row,
	double error, struct sums *s)
{
	const struct dataset *d = v->d;
	double y = (double)d->y[row];
	uint32_t last = sorted_before(order, d, row, d->known_ms[row]);
	uint32_t before = v->season ? season_before(v, order, row) : SORTED_NONE;
	if (last != SORTED_NONE)
		add_error(&s->naive, y, (double)d->y[last], error);
	if (before != SORTED_NONE)
		add_error(&s->seasonal, y, (double)d->y[before], error);
	if (last != SORTED_NONE && before != SORTED_NONE) {
		s->naive.both += square((double)d->y[last] - y);
		s->seasonal.both += square((double)d->y[before] - y);
	}
}

static int run_fold(const struct validation *v, const struct sorted *order, const struct fold *f,
	struct sums *s, struct err *e)
{
	struct dataset train = {0}, test = {0};
	void *model = NULL;
	float *y = mem_get(f->n_test, sizeof *y);
	int r = y ? 0 : err_set(e, -ENOMEM, "could not validate: out of memory");
	*s = (struct sums){0};
	if (r < 0 || (r = dataset_pick(&train, v->d, f->train, f->n_train, e)) < 0 ||
	    (r = dataset_pick(&test, v->d, f->test, f->n_test, e)) < 0 ||
	    (r = v->ops->fit(v->ctx, &train, &model, e)) < 0)
		goto done;
	if (v->ops->predict_each)
		v->ops->predict_each(model, test.series, test.x, f->n_test, y);
	else
		v->ops->predict(model, test.x, f->n_test, y);
	for (uint32_t i = 0; i < f->n_test; i++) {
		add_row(s, (double)test.y[i], (double)y[i]);
		add_naive(v, order, f->test[i], square((double)y[i] - (double)test.y[i]), s);
	}
done:
	v->ops->free(model);
	dataset_done(&train);
	dataset_done(&test);
	mem_free(y);
	return r;
}

int validate(const struct validation *v, struct verdict *ret, struct verdict *ret_folds,
	struct err *e)
{
	struct sorted order = {0};
	struct sums all = {0}, one;
	int r = validate_rows(v->d, e);
	for (uint32_t i = 0; i < v->n_folds && r == 0; i++)
		r = validate_fold(v->d, &v->folds[i], e);
	if (r == 0 && !v->trusts_columns)
		r = check_columns(v->d, e);
	if (r == 0)
		r = sorted_init(&order, v->d, e);
	for (uint32_t i = 0; i < v->n_folds && r == 0; i++) {
		r = run_fold(v, &order, &v->folds[i], &one, e);
		if (ret_folds && r == 0)
			ret_folds[i] = judge(&one);
		add_sums(&all, &one);
	}
	*ret = judge(&all);
	sorted_done(&order);
	return r;
}
