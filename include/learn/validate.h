/* validate.h - how well a forecaster does on time that it has not seen.
 *
 * Folds roll forward over time and never shuffle: each is trained on what was known when the first
 * of its test rows was forecast, and judged on those. What would flatter it is refused: rows that
 * say nothing of when they were known, or know later than the step they forecast; folds whose
 * training targets reach into a test row's future; columns that follow the future (leak.h).
 * Any thread, one validation each; it takes memory.
 */
#ifndef LEARN_VALIDATE_H
#define LEARN_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/forecaster.h"

struct dataset;
struct err;

struct fold {
	uint32_t *train, *test; /* row numbers, owned */
	uint32_t n_train, n_test;
};

struct folds_plan {
	uint32_t n;             /* tests of equal spans of time, one after the other */
	double first;           /* share of all time that comes before the first: 0 < first < 1 */
	int64_t train_ms;       /* span of a training that slides; 0: all that is known */
	int64_t gap_ms;         /* left out before each test besides what must be: 0 does */
};

/* A training target ends no later than the earliest known_ms of the fold's tests: for a horizon of
 * h steps, h - 1 of them lie between. folds[plan->n]; -EINVAL when one would have no rows.
 */
int folds_init(struct fold *folds, const struct dataset *d, const struct folds_plan *plan,
	struct err *e);
void folds_done(struct fold *folds, uint32_t n);

struct validation {
	const struct dataset *d;
	const struct forecaster_ops *ops;
	void *ctx;              /* for ops->fit */
	const struct fold *folds;
	uint32_t n_folds;
	int64_t step_ms;        /* of the series, for the season */
	uint32_t season;        /* steps; 0: the naive seasonal forecast is not asked for */
	bool trusts_columns;    /* columns that follow the future were looked at, and are kept */
};

/* Over the test rows of all folds. A skill is 1 - error / error of a naive forecast, both mean
 * squared and on the rows for which there is a naive one; NaN when there are none.
 */
struct verdict {
	uint64_t n_rows;
	double mse, mae;
	double r2;              /* about the mean of the test rows; NaN when they are all alike */
	double smape;           /* mean of 2 |f - y| / (|f| + |y|): 0 to 2, 0 / 0 being 0 */
	uint64_t n_naive, n_seasonal;
	double naive_mse, naive_mae, naive_r2;          /* on the rows for which there is one */
	double seasonal_mse, seasonal_mae, seasonal_r2;
	double skill;           /* against the last value known when the row was forecast */
	double seasonal_skill;  /* against the value a season before the one forecast */
	double naive_share;     /* naive_mse / seasonal_mse on the rows that have both */
};

/* folds: NULL, or room for a verdict of each fold. */
int validate(const struct validation *v, struct verdict *ret, struct verdict *ret_folds,
	struct err *e);

/* What validate() refuses, alone: rows, and a fold. -EINVAL with the reason. */
int validate_rows(const struct dataset *d, struct err *e);
int validate_fold(const struct dataset *d, const struct fold *f, struct err *e);

#endif
