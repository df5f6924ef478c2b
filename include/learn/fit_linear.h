/* fit_linear.h - linear forecasters fitted to rows: one for all series, or one a series.
 *
 * Pooled: least squares over the rows of all series, plain, with ridge or with an L1 penalty
 * (normal.h, lasso.h). Each: a series' own weights, drawn towards the pooled ones as if those had
 * been seen in `prior_rows` rows, so that a series of few rows keeps to the pool. What is to be
 * chosen is chosen by the latest fifth of time, on a fit to the rows before it, then fitted to all.
 * Threads do not change a bit of the result. See normal.h for OpenBLAS.
 */
#ifndef LEARN_FIT_LINEAR_H
#define LEARN_FIT_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/forecaster.h"
#include "learn/normal.h"
#include "model/linear.h"

struct dataset;
struct err;

enum linear_penalty { LINEAR_PLAIN, LINEAR_RIDGE, LINEAR_LASSO };

#define LINEAR_CHOOSE (-1.)

struct linear_options {
	enum linear_penalty penalty;
	double lambda;          /* of the standardised columns; LINEAR_CHOOSE */
	bool each;              /* a set of weights for each series as well */
	double prior_rows;      /* LINEAR_CHOOSE */
	unsigned threads;
	bool of_top;            /* L1: lambda is a part of the least at which no column is left */
};

struct linear_report {
	struct normal_report rank;      /* of the pooled fit; its warning names columns */
	double lambda, prior_rows;      /* as used; INFINITY: the pool for all */
	uint32_t n_used;                /* columns with a weight in the pooled fit */
	double error;                   /* mean squared, of the pooled fit on its own rows */
};

/* The caller ends ret with linear_done(). ret_report may be NULL. */
int fit_linear(struct linear *ret, const struct dataset *d, const struct linear_options *o,
	struct linear_report *ret_report, struct err *e);

/* As forecaster_linear: ctx is a struct linear_options, the model a struct linear. */

#endif
