/* select.h - which columns are worth keeping: by variance and F, by an L1 fit, by permutation.
 *
 * The first two are for linear forecasters and cheap; the last asks any forecaster. All are to be
 * given training rows only. Any thread; the caller owns what is returned.
 */
#ifndef LEARN_SELECT_H
#define LEARN_SELECT_H

#include <stdint.h>

#include "learn/forecaster.h"

struct dataset;
struct err;

/* The analysis of variance of y on one column and an intercept: F(1, n - 2) and its tail. */
struct column_test {
	double variance;
	double f, p;            /* 0 and 1 for a constant column */
};

/* ret[n_columns]; needs 3 rows. */
int select_test(const struct dataset *d, unsigned threads, struct column_test *ret, struct err *e);
/* Those with more than this variance and p at most this; how many of ret_column[n] there are. */
uint32_t select_filter(const struct column_test *test, uint32_t n, double variance, double p,
	uint32_t *ret_column);

/* Those with a weight in an L1 fit whose lambda the later rows choose (fit_linear.h). */
int select_lasso(const struct dataset *d, unsigned threads, uint32_t *ret_column, uint32_t *ret_n,
	struct err *e);

/* By how much the mean squared error grows when a column's values change places among the rows
 * (Breiman 2001, section 10); 0 and noise about it for what the model does not use. Mean of some
 * orders; the same for any number of threads.
 */
struct permutation {
	const struct forecaster_ops *ops;
	const void *model;
	const struct dataset *d;        /* rows that the model was not fitted to */
	uint32_t repeats;
	uint64_t seed;
	unsigned threads;
};
int select_permutation(const struct permutation *p, double *ret_growth, struct err *e);

/* Those columns of a dataset, as one of its own, without names. */
int select_columns(struct dataset *ret, const struct dataset *from, const uint32_t *column,
	uint32_t n, struct err *e);

#endif
