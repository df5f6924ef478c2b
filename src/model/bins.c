#include "model/bins.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/mem.h"

int bins_init(struct bins *b, uint32_t n_columns, struct err *e)
{
	uint64_t n = (uint64_t)(n_columns ? n_columns : 1) * BINS_CUTS;
	*b = (struct bins){ .n_columns = n_columns };
	b->cut = mem_get(n, sizeof *b->cut);
	b->n_cuts = mem_get(n_columns ? n_columns : 1, sizeof *b->n_cuts);
	if (!b->cut || !b->n_cuts) {
		bins_done(b);
		return err_set(e, -ENOMEM, "could not cut %u columns into bins: out of memory",
			n_columns);
	}
	for (uint64_t i = 0; i < n; i++)
		b->cut[i] = INFINITY;
	return 0;
}

void bins_done(struct bins *b)
{
	mem_free(b->cut);
	mem_free(b->n_cuts);
	*b = (struct bins){0};
}

void bins_row(const struct bins *b, const float *x, uint8_t *ret)
{
	for (uint32_t c = 0; c < b->n_columns; c++)
		ret[c] = bins_find(bins_cuts(b, c), x[c]);
}
