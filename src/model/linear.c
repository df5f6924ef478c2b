#include "model/linear.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"

#define MAGIC 0x316e696cu       /* "lin1" */

int linear_init(struct linear *l, uint32_t n_columns, uint32_t n_series, struct err *e)
{
	*l = (struct linear){ .n_columns = n_columns, .n_series = n_series };
	l->weight = mem_get(1 + (size_t)n_series, (1 + (size_t)n_columns) * sizeof *l->weight);
	return l->weight ? 0 : err_set(e, -ENOMEM, "could not make a linear forecaster of %u "
		"columns for %u series: out of memory", n_columns, n_series);
}

void linear_done(struct linear *l)
{
	mem_free(l->weight);
	*l = (struct linear){0};
}

void linear_predict(const struct linear *l, const float *x, uint32_t n_rows, float *ret_y)
{
	for (uint32_t i = 0; i < n_rows; i++)
		ret_y[i] = linear_row(l->weight, x + (uint64_t)i * l->n_columns, l->n_columns);
}

void linear_predict_each(const struct linear *l, const uint32_t *series, const float *x,
	uint32_t n_rows, float *ret_y)
{
	for (uint32_t i = 0; i < n_rows; i++) {
		uint32_t set = series[i] < l->n_series ? 1 + series[i] : 0;
		ret_y[i] = linear_row(linear_set(l, set), x + (uint64_t)i * l->n_columns,
			l->n_columns);
	}
}

static size_t n_weights(const struct linear *l)
{
	return (1 + (size_t)l->n_series) * (1 + (size_t)l->n_columns);
}

void linear_pack(const struct linear *l, struct packer *p)
{
	pack_u32(p, MAGIC);
	pack_u32(p, l->n_columns);
	pack_u32(p, l->n_series);
	pack(p, l->weight, n_weights(l) * sizeof *l->weight);
}

int linear_unpack(struct linear *l, struct unpacker *u, struct err *e)
{
	uint32_t magic, n_columns, n_series;
	*l = (struct linear){0};
	if (unpack_u32(u, &magic) < 0 || magic != MAGIC || unpack_u32(u, &n_columns) < 0 ||
	    unpack_u32(u, &n_series) < 0 || n_columns > LINEAR_COLUMNS_MAX)
		return err_set(e, -EBADMSG, "these bytes are no linear forecaster");
	/* No more memory is asked for than the bytes at hand can fill. */
	size_t set_bytes = (1 + (size_t)n_columns) * sizeof *l->weight;
	if ((size_t)(u->end - u->at) / set_bytes < 1 + (size_t)n_series)
		return err_set(e, -EBADMSG, "a linear forecaster is cut short");
	if (linear_init(l, n_columns, n_series, e) < 0)
		return e ? e->code : -ENOMEM;
	unpack_to(u, l->weight, n_weights(l) * sizeof *l->weight);
	for (size_t i = 0; i < n_weights(l); i++)
		if (!isfinite(l->weight[i])) {
			linear_done(l);
			return err_set(e, -EBADMSG, "a weight of a linear forecaster is no number");
		}
	return 0;
}
