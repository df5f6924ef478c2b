#include "learn/lasso.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

/* The largest change of a standardised weight in a sweep, in deviations of y. Columns that follow
 * from each other pass weight to and fro for long with little gain: if what can still be gained is
 * this part of y's variance at most, that is settled too.
 */
#define STILL 1e-10
#define GAP 1e-4
#define SWEEPS_MAX 3000u
#define STEP .8

/* Standardised columns; the gram is their correlations, computed as they are asked for. */
struct descent {
	const struct normal *s;
	uint32_t n;
	double *deviation;      /* [n] */
	double *weight;         /* [n] */
	double *own;            /* [n]: product of a column with y, / n_rows */
	double *left;           /* [n]: and with what is unexplained of y */
	double lambda;
};

static int descent_init(struct descent *d, const struct normal *s)
{
	uint32_t n = s->n_columns;
	*d = (struct descent){ .s = s, .n = n, .deviation = mem_get(n + 1ul, sizeof(double)),
		.weight = mem_get(n + 1ul, sizeof(double)),
		.own = mem_get(n + 1ul, sizeof(double)),
		.left = mem_get(n + 1ul, sizeof(double)) };
	if (!d->deviation || !d->weight || !d->own || !d->left)
		return -ENOMEM;
	for (uint32_t k = 0; k < n; k++) {
		d->deviation[k] = normal_deviation(s, k);
		d->own[k] = d->left[k] = d->deviation[k] > 0 ?
			normal_at(s, k, n) / s->n_rows / d->deviation[k] : 0;
	}
	return 0;
}

static void descent_done(struct descent *d)
{
	mem_free(d->deviation);
	mem_free(d->weight);
	mem_free(d->own);
	mem_free(d->left);
}

static void add_weight(struct descent *d, uint32_t column, double by)
{
	const double *gram = d->s->gram + (uint64_t)column * (d->n + 1);
	double scale = by / d->deviation[column] / d->s->n_rows;
	d->weight[column] += by;
	for (uint32_t k = 0; k < d->n; k++)
		if (d->deviation[k] > 0)
			d->left[k] -= gram[k] * scale / d->deviation[k];
}

static double shrink(double v, double by)
{
	return v > by ? v - by : v < -by ? v + by : 0;
}

/* The largest change. */
static double sweep(struct descent *d, bool used_only)
{
	double most = 0;
	for (uint32_t k = 0; k < d->n; k++) {
		if (d->deviation[k] == 0 || (used_only && d->weight[k] == 0))
			continue;
		double by = shrink(d->left[k] + d->weight[k], d->lambda) - d->weight[k];
		if (by != 0)
			add_weight(d, k, by);
		most = fmax(most, fabs(by));
	}
	return most;
}

/* The duality gap (Kim, Koh, Lustig, Boyd, Gorinevsky 2007, section III), which no other weights
 * can gain more than.
 */
static double gap(const struct descent *d)
{
	double variance = pow(normal_deviation(d->s, d->n), 2), most = 0, norm = 0;
	double left_y = variance, left = variance;      /* the unexplained times y, and itself */
	for (uint32_t k = 0; k < d->n; k++) {
		most = fmax(most, fabs(d->left[k]));
		norm += fabs(d->weight[k]);
		left_y -= d->own[k] * d->weight[k];
		left -= (d->own[k] + d->left[k]) * d->weight[k];
	}
	double scale = most > d->lambda ? d->lambda / most : 1;
	return left / 2 + d->lambda * norm - scale * left_y + scale * scale * left / 2;
}

/* All columns once, then those in use until they are still, until all are still. */
static bool descend(struct descent *d)
{
	double unit = normal_deviation(d->s, d->n);
	for (uint32_t i = 0; i < SWEEPS_MAX; i++) {
		if (sweep(d, false) <= STILL * unit)
			return true;
		while (i < SWEEPS_MAX && sweep(d, true) > STILL * unit)
			i++;
	}
	return gap(d) <= GAP * unit * unit;
}

static void unscale(const struct descent *d, double *theta)
{
	theta[0] = d->s->mean[d->n];
	for (uint32_t k = 0; k < d->n; k++) {
		theta[1 + k] = d->weight[k] != 0 ? d->weight[k] / d->deviation[k] : 0;
		theta[0] -= theta[1 + k] * d->s->mean[k];
	}
}

double lasso_top(const struct normal *s)
{
	double most = 0;
	for (uint32_t k = 0; k < s->n_columns; k++) {
		double d = normal_deviation(s, k);
		if (d > 0)
			most = fmax(most, fabs(normal_at(s, k, s->n_columns)) / s->n_rows / d);
	}
	return most;
}

static int failed(int r, double lambda, struct err *e)
{
	return r == -ENOMEM ? err_set(e, r, "could not fit by L1: out of memory") :
		err_set(e, r, "a fit by L1 does not settle at lambda %g", lambda);
}

/* The same way as the walk, which comes near to every solution from the one before: from zeros a
 * small lambda takes far longer.
 */
int lasso_solve(const struct normal *s, double lambda, double *ret_theta, struct err *e)
{
	struct descent d;
	int r = descent_init(&d, s);
	if (r == 0) {
		d.lambda = lasso_top(s);
		while ((d.lambda *= STEP) > lambda)
			descend(&d);
		d.lambda = lambda;
		r = descend(&d) ? 0 : -ERANGE;
	}
	if (r == 0)
		unscale(&d, ret_theta);
	descent_done(&d);
	return r < 0 ? failed(r, lambda, e) : 0;
}

int lasso_walk(const struct normal *s, const struct normal *judge, struct lasso_path *ret,
	struct err *e)
{
	struct descent d;
	double *theta = mem_get(s->n_columns + 1ul, sizeof *theta), top = lasso_top(s);
	int r = descent_init(&d, s);
	*ret = (struct lasso_path){0};
	if (!theta)
		r = -ENOMEM;
	for (uint32_t i = 0; i < LASSO_STEPS && r == 0; i++) {
		ret->lambda[i] = d.lambda = top * pow(LASSO_RANGE, i / (LASSO_STEPS - 1.));
		if (!descend(&d))
			break;
		unscale(&d, theta);
		for (uint32_t k = 0; k < d.n; k++)
			ret->n_used[i] += d.weight[k] != 0;
		ret->error[i] = normal_error(judge ? judge : s, theta);
		ret->n = i + 1;
		if (ret->error[i] < ret->error[ret->best])
			ret->best = i;
	}
	r = r < 0 ? failed(r, d.lambda, e) : 0;
	descent_done(&d);
	mem_free(theta);
	return r;
}
