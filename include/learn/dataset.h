/* dataset.h - rows to learn from: what was known, and what came next.
 *
 * A row belongs to one series (a user, a category of a user, a plain series) and to the step whose
 * value is y; rows of a series are in time order. For a recurrent model the columns are the steps
 * of a window one after the other, oldest first, each with its inputs side by side. Owner: whoever
 * holds the struct; read-only while something learns.
 */
#ifndef LEARN_DATASET_H
#define LEARN_DATASET_H

#include <stdint.h>

struct err;

struct dataset {
	float *x;               /* [n_rows][n_columns], a row contiguous */
	float *y;               /* [n_rows] */
	uint32_t *series;       /* [n_rows]: whose */
	int64_t *time_ms;       /* [n_rows]: start of the step that y is of */
	/* [n_rows]: end of the newest step that went into x; INT64_MAX: nobody has said. What is
	 * later than time_ms is a leak, which validation refuses.
	 */
	int64_t *known_ms;
	const char *const *name;        /* [n_columns], borrowed; NULL: they have none */
	uint32_t n_rows, n_columns;
};

/* Room for so many rows, zeroed, known_ms unsaid; -ENOMEM. */
int dataset_init(struct dataset *d, uint32_t n_rows, uint32_t n_columns, struct err *e);
void dataset_done(struct dataset *d);

static inline float *dataset_row(const struct dataset *d, uint32_t row)
{
	return d->x + (uint64_t)row * d->n_columns;
}

/* Those of from whose row numbers are listed, as a dataset of its own. */
int dataset_pick(struct dataset *d, const struct dataset *from, const uint32_t *row, uint32_t n,
	struct err *e);

#endif
