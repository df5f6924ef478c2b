/* fit_each.h - a set of linear weights for each series, drawn towards the pooled ones.
 *
 * For series s with normal equations A of its own rows, on columns standardised over the pool and
 * with a column of ones:  (A + prior_rows I) (theta_s - theta_pool) = A (own fit) - A theta_pool;
 * the posterior mean under a normal prior about the pool (Lindley, Smith 1972, eq. 11), with a
 * variance of one row's error for every standardised weight. Many small Cholesky solutions, shared
 * out over threads; each is one thread's, so threads do not change a bit.
 */
#ifndef LEARN_FIT_EACH_H
#define LEARN_FIT_EACH_H

#include <stdint.h>

struct dataset;
struct err;
struct linear;
struct normal;

/* Sets 1 + s of l from those rows of d, by series, from set 0 and the pool it was fitted to.
 * prior_rows > 0; INFINITY: copies of set 0. row NULL: all n.
 */
struct fit_each {
	const struct dataset *d;
	const uint32_t *row;
	uint32_t n;
	const struct normal *pool;
	double prior_rows;
	unsigned threads;
};

int fit_each(struct linear *l, const struct fit_each *f, struct err *e);

#endif
