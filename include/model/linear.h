/* linear.h - a linear forecaster: an intercept and a weight a column, for all series or each.
 *
 * Weights are for the columns as they come (scales are multiplied in). Set 0 is pooled over all
 * series; set 1 + s is of series s, when there are any. Sums are taken in the order of the
 * columns, so a row has the same prediction alone and among others. Read-only once made; any
 * thread.
 */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H

#include <stdint.h>

#include "base/hd.h"

struct err;
struct packer;
struct unpacker;

#define LINEAR_COLUMNS_MAX 4096u

struct linear {
	float *weight;          /* [1 + n_series][1 + n_columns], the intercept first */
	uint32_t n_columns, n_series;
};

int linear_init(struct linear *l, uint32_t n_columns, uint32_t n_series, struct err *e);
void linear_done(struct linear *l);

static inline float *linear_set(const struct linear *l, uint32_t set)
{
	return l->weight + (uint64_t)set * (l->n_columns + 1);
}

/* One row, on any processor the same bits. */
static inline HD float linear_row(const float *weight, const float *x, uint32_t n)
{
	double y = (double)weight[0];
	for (uint32_t k = 0; k < n; k++)
		y += (double)weight[1 + k] * (double)x[k];
	return (float)y;
}

/* Pooled. x: [n_rows][n_columns]; ret_y: [n_rows]. */
void linear_predict(const struct linear *l, const float *x, uint32_t n_rows, float *ret_y);
/* The rows' series; one that the model does not have is predicted by the pool. */
void linear_predict_each(const struct linear *l, const uint32_t *series, const float *x,
	uint32_t n_rows, float *ret_y);

void linear_pack(const struct linear *l, struct packer *p);
/* -EBADMSG: cut short, or not a linear forecaster; -ENOMEM. */
int linear_unpack(struct linear *l, struct unpacker *u, struct err *e);

#endif
