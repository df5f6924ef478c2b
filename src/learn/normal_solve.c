#include "learn/normal.h"

#include <errno.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* A column follows from those before it when they leave less than this of its variance: 1e-6 of
 * its deviation, where floats end.
 */
#define LEFT_MIN 1e-12
#define WEIGHT_SEEN 1e-3        /* deviations; smaller parts in a dependent column are not named */

/* Scratch of one solution; n columns, standardised: the gram is their correlations. */
struct solve {
	const struct normal *s;
	uint32_t n;
	double *deviation;      /* [n]; 0: constant */
	double *gram;           /* [n][n] */
	double *rhs;            /* [n + 1] */
	/* Rows of the triangle that elimination leaves, of the columns kept. */
	double *left;           /* [n][n + 1], y last */
	uint32_t *kept;         /* [n] */
	uint32_t n_kept;
};

static void solve_done(struct solve *v)
{
	mem_free(v->deviation);
	mem_free(v->gram);
	mem_free(v->rhs);
	mem_free(v->left);
	mem_free(v->kept);
}

static double standard(const struct solve *v, uint32_t i, uint32_t k)
{
	double di = v->deviation[i], dk = k < v->n ? v->deviation[k] : 1;
	return di > 0 && dk > 0 ? normal_at(v->s, i, k) / v->s->n_rows / (di * dk) : 0;
}

static int solve_init(struct solve *v, const struct normal *s, double ridge)
{
	uint32_t n = s->n_columns;
	*v = (struct solve){ .s = s, .n = n };
	if (!(v->deviation = mem_get(n + 1ul, sizeof *v->deviation)) ||
	    !(v->gram = mem_get(n + 1ul, (n + 1ul) * sizeof *v->gram)) ||
	    !(v->rhs = mem_get(n + 1ul, sizeof *v->rhs)) ||
	    !(v->left = mem_get(n + 1ul, (n + 1ul) * sizeof *v->left)) ||
	    !(v->kept = mem_get(n + 1ul, sizeof *v->kept)))
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		v->deviation[i] = normal_deviation(s, i);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < n; k++)
			v->gram[(uint64_t)i * n + k] = standard(v, i, k) + (i == k ? ridge : 0);
		v->rhs[i] = standard(v, i, n);
	}
	return 0;
}

/* False: not of full rank. */
static bool cholesky(struct solve *v)
{
	int n = (int)v->n;
	if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, v->gram, n) != 0)
		return false;
	for (uint32_t i = 0; i < v->n; i++)
		if (!(pow(v->gram[(uint64_t)i * v->n + i], 2) >= LEFT_MIN))
			return false;
	return LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'L', n, 1, v->gram, n, v->rhs, n) == 0;
}

/* What the kept columns so far leave of the product of column i with k. */
static double residual(const struct solve *v, uint32_t i, uint32_t k)
{
	uint64_t width = v->n + 1ul;
	double r = standard(v, i, k);
	for (uint32_t j = 0; j < v->n_kept; j++)
		r -= v->left[j * width + i] * v->left[j * width + k];
	return r;
}

/* Cholesky in the order of the columns, which passes over those that follow from earlier ones: so
 * it is the later of two equal columns that is named.
 */
static void eliminate(struct solve *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		double pivot = residual(v, i, i);
		double *row = v->left + v->n_kept * (v->n + 1ul);
		if (pivot < LEFT_MIN)
			continue;
		for (uint32_t k = 0; k <= v->n; k++)
			row[k] = k == i ? sqrt(pivot) : residual(v, i, k) / sqrt(pivot);
		/* Nothing is left of the columns kept before. */
		for (uint32_t j = 0; j < v->n_kept; j++)
			row[v->kept[j]] = 0;
		v->kept[v->n_kept++] = i;
	}
}

/* One row of the equations that any minimum fulfils, for columns as they come, of length 1. */
static void put_equation(double *row, uint32_t width, double *rhs)
{
	double length = 0;
	for (uint32_t k = 0; k < width; k++)
		length += row[k] * row[k];
	length = sqrt(length);
	for (uint32_t k = 0; k < width; k++)
		row[k] /= length;
	*rhs /= length;
}

/* mean . theta = mean of y, and the kept rows of the triangle: as many as the rank, independent. */
static int least_norm(const struct solve *v, double *ret_theta)
{
	uint32_t width = v->n + 1, rows = v->n_kept + 1;
	double *a = mem_get(rows, width * sizeof *a), *b = mem_get(width, sizeof *b);
	double *singular = mem_get(rows, sizeof *singular);
	int rank, r = -ENOMEM;
	if (!a || !b || !singular)
		goto done;
	a[0] = 1;
	memcpy(a + 1, v->s->mean, v->n * sizeof *a);
	b[0] = v->s->mean[v->n];
	for (uint32_t i = 1; i < rows; i++) {
		const double *left = v->left + (i - 1) * (v->n + 1ul);
		for (uint32_t k = 0; k < v->n; k++)
			a[i * (uint64_t)width + 1 + k] = left[k] * v->deviation[k];
		b[i] = left[v->n];
	}
	for (uint32_t i = 0; i < rows; i++)
		put_equation(a + i * (uint64_t)width, width, &b[i]);
	r = LAPACKE_dgelsd(LAPACK_ROW_MAJOR, (int)rows, (int)width, 1, a, (int)width, b, 1,
		singular, -1, &rank) == 0 ? 0 : -EDOM;
	memcpy(ret_theta, b, width * sizeof *b);
done:
	mem_free(a);
	mem_free(b);
	mem_free(singular);
	return r;
}

struct text {
	char *at;
	size_t len, cap;
};

static void say(struct text *t, const char *before, const struct solve *v, uint32_t column)
{
	char number[24];
	snprintf(number, sizeof number, "column %u", column + 1);
	if (t->len < t->cap)
		t->len += (size_t)snprintf(t->at + t->len, t->cap - t->len, "%s%s", before,
			v->s->name ? v->s->name[column] : number);
}

/* Which kept columns make up a dependent one: back substitution; weight is scratch. */
static void say_parts(struct text *t, const struct solve *v, uint32_t column, double *weight)
{
	uint64_t width = v->n + 1ul;
	const char *before = " from ";
	for (uint32_t i = v->n_kept; i-- > 0; ) {
		double w = v->left[i * width + column];
		for (uint32_t j = i + 1; j < v->n_kept; j++)
			w -= v->left[i * width + v->kept[j]] * weight[j];
		weight[i] = w / v->left[i * width + v->kept[i]];
	}
	for (uint32_t i = 0; i < v->n_kept; i++)
		if (fabs(weight[i]) > WEIGHT_SEEN) {
			say(t, before, v, v->kept[i]);
			before = ", ";
		}
}

/* "these columns follow from others: b from a; c from a, d; e is constant" */
static void warn(const struct solve *v, char *to)
{
	struct text t = { to, 0, NORMAL_WARNING_MAX };
	const char *before = "these columns follow from others: ";
	for (uint32_t i = 0, next = 0; i < v->n; i++) {
		if (next < v->n_kept && v->kept[next] == i) {
			next++;
			continue;
		}
		say(&t, before, v, i);
		before = "; ";
		if (v->deviation[i] > 0)
			say_parts(&t, v, i, v->rhs);
		else if (t.len < t.cap)
			t.len += (size_t)snprintf(t.at + t.len, t.cap - t.len, " is constant");
	}
	if (t.len >= t.cap)
		memcpy(to + t.cap - 4, "...", 4);
}

static void unscale(const struct solve *v, double *ret_theta)
{
	ret_theta[0] = v->s->mean[v->n];
	for (uint32_t k = 0; k < v->n; k++) {
		ret_theta[1 + k] = v->deviation[k] > 0 ? v->rhs[k] / v->deviation[k] : 0;
		ret_theta[0] -= v->s->mean[k] * ret_theta[1 + k];
	}
}

int normal_solve(const struct normal *s, double ridge, double *ret_theta,
	struct normal_report *ret, struct err *e)
{
	struct solve v;
	int r = solve_init(&v, s, ridge);
	*ret = (struct normal_report){ .rank = s->n_columns + 1 };
	if (r == 0 && (v.n == 0 || cholesky(&v))) {
		unscale(&v, ret_theta);
	} else if (r == 0) {
		eliminate(&v);
		ret->rank = v.n_kept + 1;
		warn(&v, ret->warning);
		r = least_norm(&v, ret_theta);
	}
	solve_done(&v);
	if (r == -EDOM)
		return err_set(e, r, "could not fit %u columns: their singular values do not "
			"converge", s->n_columns);
	return r < 0 ? err_set(e, r, "could not fit %u columns: out of memory", s->n_columns) : 0;
}
