#include "learn/fit_columns.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "learn/dataset.h"
#include "learn/fit_forest.h"
#include "learn/select.h"

#define VARIANCE_LEAST 1e-6
#define CHANCE .01              /* that any column of noise is kept */
#define TREES 30u
#define IMPORTANCE_LEAST .01    /* of the greatest */

const char *const columns_by_name[COLUMNS_BY_N] = {
	[COLUMNS_ALL] = "none",
	[COLUMNS_VARIANCE] = "variance",
	[COLUMNS_F] = "f",
	[COLUMNS_LASSO] = "lasso",
	[COLUMNS_IMPORTANCE] = "importance",
};

static int by_test(const struct fit_columns *o, const struct dataset *d, struct kept_columns *ret,
	struct err *e)
{
	struct column_test test[FEATURE_MAX];
	double p = o->by == COLUMNS_F ? CHANCE / d->n_columns : 1;
	int r = select_test(d, o->threads, test, e);
	if (r == 0)
		ret->n = select_filter(test, d->n_columns, VARIANCE_LEAST, p, ret->at);
	return r;
}

static int by_lasso(const struct fit_columns *o, const struct dataset *d, struct kept_columns *ret,
	struct err *e)
{
	return select_lasso(d, o->threads, ret->at, &ret->n, e);
}

static int by_importance(const struct fit_columns *o, const struct dataset *d,
	struct kept_columns *ret, struct err *e)
{
	struct fit_forest of;
	const struct fit_forest_options fo = { .n_trees = TREES, .min_leaf = 20, .seed = o->seed,
		.threads = o->threads, .permute = true, .stop = o->stop };
	double most = 0;
	int r = fit_forest(&of, d, &fo, e);
	if (r < 0 && r != -ECANCELED)
		return r;
	for (uint32_t i = 0; i < d->n_columns && r == 0; i++)
		most = fmax(most, of.permutation[i]);
	for (uint32_t i = 0; i < d->n_columns && most > 0; i++)
		if (of.permutation[i] >= IMPORTANCE_LEAST * most)
			ret->at[ret->n++] = i;
	fit_forest_done(&of);
	return r;
}

static int (*const choose[COLUMNS_BY_N])(const struct fit_columns *o, const struct dataset *d,
	struct kept_columns *ret, struct err *e) = {
	[COLUMNS_VARIANCE] = by_test,
	[COLUMNS_F] = by_test,
	[COLUMNS_LASSO] = by_lasso,
	[COLUMNS_IMPORTANCE] = by_importance,
};

int fit_columns_choose(const struct fit_columns *o, const struct dataset *d,
	struct kept_columns *ret, struct err *e)
{
	*ret = (struct kept_columns){ .n_all = d->n_columns };
	return o->by == COLUMNS_ALL ? 0 : choose[o->by](o, d, ret, e);
}

void fit_columns_narrow(const struct kept_columns *c, float *x, uint32_t n_rows)
{
	float *to = x;
	for (uint32_t i = 0; i < n_rows && c->n; i++, x += c->n_all)
		for (uint32_t k = 0; k < c->n; k++)
			*to++ = x[c->at[k]];
}
