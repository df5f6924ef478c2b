#include "learn/select.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/fit_linear.h"

#define FRACTIONS_MAX 500
#define TINY 1e-300

/* The continued fraction of the incomplete beta function, by Lentz 1976. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / fmax(1 - (a + b) * x / (a + 1), TINY), value = d;
	for (int m = 1; m < FRACTIONS_MAX; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / fmax(1 + even * d, TINY);
		c = fmax(1 + even / c, TINY);
		value *= c * d;
		d = 1 / fmax(1 + odd * d, TINY);
		c = fmax(1 + odd / c, TINY);
		value *= c * d;
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return value;
}

/* I_x(a, b), regularised. */
static double beta_below(double a, double b, double x)
{
	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(F(1, freedom) >= f). */
static double f_tail(double f, double freedom)
{
	return beta_below(freedom / 2, .5, freedom / (freedom + f));
}

static struct column_test test_column(const struct normal *s, uint32_t k)
{
	uint32_t y = s->n_columns;
	double dx = normal_deviation(s, k), dy = normal_deviation(s, y), freedom = s->n_rows - 2.;
	struct column_test t = { dx * dx, 0, 1 };
	if (dx == 0 || dy == 0)
		return t;
	double r = normal_at(s, k, y) / s->n_rows / (dx * dy), explained = fmin(r * r, 1);
	t.f = explained * freedom / (1 - explained);
	t.p = f_tail(t.f, freedom);
	return t;
}

int select_test(const struct dataset *d, unsigned threads, struct column_test *ret, struct err *e)
{
	struct normal s;
	if (d->n_rows < 3)
		return err_set(e, -EINVAL, "%u rows are too few to test columns by", d->n_rows);
	int r = normal_init(&s, d->n_columns, e);
	if (r == 0)
		r = normal_take(&s, d, NULL, d->n_rows, threads, e);
	for (uint32_t k = 0; k < d->n_columns && r == 0; k++)
		ret[k] = test_column(&s, k);
	normal_done(&s);
	return r;
}

uint32_t select_filter(const struct column_test *test, uint32_t n, double variance, double p,
	uint32_t *ret_column)
{
	uint32_t kept = 0;
	for (uint32_t k = 0; k < n; k++)
		if (test[k].variance > variance && test[k].p <= p)
			ret_column[kept++] = k;
	return kept;
}

int select_lasso(const struct dataset *d, unsigned threads, uint32_t *ret_column, uint32_t *ret_n,
	struct err *e)
{
	struct linear_options o = { .penalty = LINEAR_LASSO, .lambda = LINEAR_CHOOSE,
		.threads = threads };
	struct linear l;
	int r = fit_linear(&l, d, &o, NULL, e);
	*ret_n = 0;
	if (r < 0)
		return r;
	for (uint32_t k = 0; k < d->n_columns; k++)
		if (l.weight[1 + k] != 0)
			ret_column[(*ret_n)++] = k;
	linear_done(&l);
	return 0;
}

int select_columns(struct dataset *ret, const struct dataset *from, const uint32_t *column,
	uint32_t n, struct err *e)
{
	int r = dataset_init(ret, from->n_rows, n, e);
	for (uint32_t i = 0; i < from->n_rows && r == 0; i++) {
		for (uint32_t k = 0; k < n; k++)
			dataset_row(ret, i)[k] = dataset_row(from, i)[column[k]];
		ret->y[i] = from->y[i];
		ret->series[i] = from->series[i];
		ret->time_ms[i] = from->time_ms[i];
		ret->known_ms[i] = from->known_ms ? from->known_ms[i] : INT64_MAX;
	}
	return r;
}
