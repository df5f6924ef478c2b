/* fit_columns.h - which columns a forecaster of channel forecast is left with (select.h).
 *
 * Chosen on the rows that it is fitted to and no others, so each test chooses anew. A network reads
 * windows of steps and keeps what it has. Any thread.
 */
#ifndef LEARN_FIT_COLUMNS_H
#define LEARN_FIT_COLUMNS_H

#include <stdatomic.h>
#include <stdint.h>

#include "model/feature.h"

struct dataset;
struct err;

enum columns_by { COLUMNS_ALL, COLUMNS_VARIANCE, COLUMNS_F, COLUMNS_LASSO, COLUMNS_IMPORTANCE,
	COLUMNS_BY_N };
extern const char *const columns_by_name[COLUMNS_BY_N];         /* "none" "variance" ... */

struct kept_columns {
	uint32_t at[FEATURE_MAX];       /* rising */
	uint32_t n, n_all;              /* n 0: all are kept */
};

struct fit_columns {
	enum columns_by by;
	unsigned threads;
	uint64_t seed;
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
};

/* Columns that vary; whose F is no chance; with a weight in an L1 fit; whose importance in a forest
 * is a hundredth of the greatest. Where none is, all are kept.
 */
int fit_columns_choose(const struct fit_columns *o, const struct dataset *d,
	struct kept_columns *ret, struct err *e);
/* x: [n_rows][c->n_all] becomes [n_rows][c->n], in place; nothing where all are kept. */
void fit_columns_narrow(const struct kept_columns *c, float *x, uint32_t n_rows);

#endif
