/* bins.h - columns cut into at most 256 bins each.
 *
 * Bin of x = number of cuts below x, so NaN and -inf are in bin 0, and x > cut[b] is the same as
 * bin(x) > b. Cuts ascend and are filled up with +inf, which nothing exceeds: the search has no
 * branch. Owner: whoever holds the struct. Any thread reads.
 */
#ifndef MODEL_BINS_H
#define MODEL_BINS_H

#include <stdint.h>

#define BINS_MAX 256u
#define BINS_CUTS (BINS_MAX - 1u)

struct err;

struct bins {
	float *cut;             /* [n_columns][BINS_CUTS] */
	uint16_t *n_cuts;       /* [n_columns], without the filling */
	uint32_t n_columns;
};

/* Columns without cuts. */
int bins_init(struct bins *b, uint32_t n_columns, struct err *e);
void bins_done(struct bins *b);

static inline const float *bins_cuts(const struct bins *b, uint32_t column)
{
	return b->cut + (uint64_t)column * BINS_CUTS;
}

static inline uint8_t bins_find(const float *cut, float x)
{
	uint32_t at = 0;
	for (uint32_t step = BINS_MAX / 2; step > 0; step /= 2)
		at += x > cut[at + step - 1] ? step : 0;
	return (uint8_t)at;
}

/* The bins of a row of n_columns values. */
void bins_row(const struct bins *b, const float *x, uint8_t *ret);

#endif
