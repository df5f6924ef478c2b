/* sorted.h - the rows of a dataset by series, then by time. */
#ifndef LEARN_SORTED_H
#define LEARN_SORTED_H

#include <stdint.h>

struct dataset;
struct err;

struct sorted {
	uint32_t *row;          /* [n_rows] */
	uint32_t *place;        /* [n_rows]: where a row stands */
	uint32_t n;
};

int sorted_init(struct sorted *s, const struct dataset *d, struct err *e);
void sorted_done(struct sorted *s);

/* The place after the last row of the series that stands at a place. */
uint32_t sorted_end(const struct sorted *s, const struct dataset *d, uint32_t place);

#define SORTED_NONE UINT32_MAX

/* The newest row of a row's series that is earlier than a time, or SORTED_NONE. */
uint32_t sorted_before(const struct sorted *s, const struct dataset *d, uint32_t row,
	int64_t before_ms);

#endif
