/* rows.h - many series of steps as one dataset, by a set of features.
 *
 * Owner: whoever holds the struct. Its dataset borrows names from it: end the dataset with it.
 */
#ifndef LEARN_ROWS_H
#define LEARN_ROWS_H

#include <stdint.h>

#include "learn/dataset.h"
#include "model/feature.h"

struct err;
struct zone;

struct rows_series {
	const struct observation *at;   /* cleaned steps, none left out */
	uint32_t n, series;
};

struct rows {
	struct dataset d;
	char (*text)[FEATURE_NAME_MAX];
	const char **name;
};

/* Series after series, each in order of time; unscaled when the set is. The same rows for any
 * number of threads. tally may be NULL.
 */
struct rows_source {
	const struct feature_set *set;
	const struct zone *zone;        /* NULL: UTC */
	const struct rows_series *series;
	uint32_t n_series;
	unsigned threads;
};
int rows_init(struct rows *r, const struct rows_source *from, struct feature_tally *t,
	struct err *e);
void rows_done(struct rows *r);

#endif
