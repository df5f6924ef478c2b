/* lasso.h - linear fits with few columns: an L1 penalty, by coordinate descent along a path.
 *
 * Minimises RSS / 2n + lambda |theta of the standardised columns|_1, intercept free, on normal
 * equations alone: the "covariance updates" of Friedman, Hastie, Tibshirani 2010 (glmnet), each
 * lambda starting from the solution of the one before. Any thread; the caller owns the path.
 */
#ifndef LEARN_LASSO_H
#define LEARN_LASSO_H

#include <stdint.h>

#include "learn/normal.h"

#define LASSO_STEPS 60u
#define LASSO_RANGE 1e-3        /* least lambda, of the one at which no column is left */

struct lasso_path {
	double lambda[LASSO_STEPS];             /* falling */
	uint32_t n_used[LASSO_STEPS];           /* columns with a weight */
	double error[LASSO_STEPS];      /* mean squared, on the rows to choose by; or on its own */
	uint32_t n, best;               /* the largest lambda whose error is the least */
};

/* The least lambda at which every weight is 0. */
double lasso_top(const struct normal *s);
/* ret_theta[1 + n_columns], for one lambda > 0. -ERANGE: it does not settle; -ENOMEM. */
int lasso_solve(const struct normal *s, double lambda, double *ret_theta, struct err *e);
/* judge: rows that come later than those of s; NULL: s itself. Ends before a lambda that does not
 * settle, as glmnet does. -ENOMEM.
 */
int lasso_walk(const struct normal *s, const struct normal *judge, struct lasso_path *ret,
	struct err *e);

#endif
