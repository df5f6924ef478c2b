#include "learn/dataset.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int dataset_init(struct dataset *d, uint32_t n_rows, uint32_t n_columns, struct err *e)
{
	*d = (struct dataset){ .n_rows = n_rows, .n_columns = n_columns };
	size_t row = (size_t)(n_columns ? n_columns : 1) * sizeof *d->x, n = n_rows ? n_rows : 1;
	if ((d->x = mem_get(n, row)) && (d->y = mem_get(n, sizeof *d->y)) &&
	    (d->series = mem_get(n, sizeof *d->series)) &&
	    (d->time_ms = mem_get(n, sizeof *d->time_ms)) &&
	    (d->known_ms = mem_get(n, sizeof *d->known_ms))) {
		for (uint32_t i = 0; i < n_rows; i++)
			d->known_ms[i] = INT64_MAX;
		return 0;
	}
	dataset_done(d);
	return err_set(e, -ENOMEM, "could not prepare %u rows of %u columns: out of memory",
		n_rows, n_columns);
}

void dataset_done(struct dataset *d)
{
	mem_free(d->x);
	mem_free(d->y);
	mem_free(d->series);
	mem_free(d->time_ms);
	mem_free(d->known_ms);
	*d = (struct dataset){0};
}

int dataset_pick(struct dataset *d, const struct dataset *from, const uint32_t *row, uint32_t n,
	struct err *e)
{
	int r = dataset_init(d, n, from->n_columns, e);
	if (r < 0)
		return r;
	d->name = from->name;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(dataset_row(d, i), dataset_row(from, row[i]),
			from->n_columns * sizeof *d->x);
		d->y[i] = from->y[row[i]];
		d->series[i] = from->series[row[i]];
		d->time_ms[i] = from->time_ms[row[i]];
		d->known_ms[i] = from->known_ms ? from->known_ms[row[i]] : INT64_MAX;
	}
	return 0;
}
