/* timeline.h - rows that are sorted by time inside each user's slice, in time order over all users.
 *
 * By (time, the user's rank, row): 4 bytes an event, in memory or in an unlinked mapped file. Built
 * a span of time after the other, so that the scratch is that of one span (about a 64th of the
 * events, in 16-byte records, twice) and 16 bytes a user. Owner: one thread while built, then
 * read-only.
 */
#ifndef SERIES_TIMELINE_H
#define SERIES_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct timeline {
	uint32_t *row;          /* the k-th event's row */
	uint64_t n;
	int fd;                 /* -1: in memory */
};

struct timeline_source {
	const int64_t *time_ms; /* n_rows */
	const uint64_t *start;  /* n_slices + 1 */
	const uint32_t *rank;   /* of each slice's user */
	uint32_t n_slices;
	bool in_file;
};

int timeline_init(struct timeline *t, const struct timeline_source *s, struct err *e);
void timeline_done(struct timeline *t);

#endif
