/* fit_forest.h - a regression forest grown from rows (Breiman 2001, Random Forests).
 *
 * Columns are cut once into at most 256 bins of equal weight (fewer where values repeat); NaN
 * counts as the lowest value. Each tree sees a bootstrap of the rows. A split is the one of largest
 * decrease of the squared error over all bins of the columns tried, ties to the lowest column, then
 * bin; its threshold lies in the middle of the bins that the node has no rows in. For the search
 * (not for the leaves) y is rounded to 2^26 parts of its largest distance from the mean (fewer
 * beyond 2^18 draws: two bits less for each doubling), so that sums are whole numbers and exact.
 * The answer depends on rows, options and seed alone, not on the number of threads.
 */
#ifndef LEARN_FIT_FOREST_H
#define LEARN_FIT_FOREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/forest.h"

#define FIT_FOREST_DRAWS_MAX ((1u << 25) - 1u)

struct dataset;
struct err;

/* 0 anywhere: the default. */
struct fit_forest_options {
	uint32_t n_trees;               /* 100 */
	uint32_t max_depth;             /* splits above a leaf; no limit */
	uint32_t min_leaf;              /* draws in a leaf; 5 */
	uint32_t n_tried;               /* columns a split; a third, rounded up */
	uint32_t n_bins;                /* 2 to 256; 256 */
	double share;                   /* draws a tree / rows, with replacement; 1 */
	uint64_t seed;
	unsigned threads;               /* 1 */
	bool permute;                   /* permutation importance, too */
	const atomic_bool *stop;        /* may be NULL */
	atomic_uint *percent;           /* may be NULL; of the work */
};

/* A row is out of bag of the trees that did not draw it; its answer is those trees' mean. */
struct fit_forest {
	struct forest forest;
	double oob_mse, oob_r2;         /* over the n_oob rows; NaN if there are none */
	uint32_t n_oob;                 /* rows out of some bag */
	double *impurity;               /* [n_columns]: decrease of MSE in the bag, mean of trees */
	double *permutation;            /* [n_columns]: rise of a tree's MSE out of its bag when the
	                                   column is shuffled, mean over trees; NULL if not asked */
};

/* -EINVAL: no rows or columns, too many, or y that is no number; -ENOMEM. -ECANCELED when stopped:
 * the trees grown so far are a whole fit, of.forest.n_trees tells how many (0: nothing is held).
 */
int fit_forest(struct fit_forest *of, const struct dataset *d, const struct fit_forest_options *o,
	struct err *e);
void fit_forest_done(struct fit_forest *of);

/* The same in the shape of a table of forecasters: options is a struct fit_forest_options, a model
 * a struct fit_forest. After -ECANCELED ret_model is the trees so far, or NULL.
 */
int fit_forest_new(void *options, const struct dataset *train, void **ret_model, struct err *e);
void fit_forest_predict(const void *model, const float *x, uint32_t n_rows, float *ret_y);
void fit_forest_free(void *model);

#endif
