/* spill.h - events that do not fit in memory, in unlinked files: by partition, then by user.
 *
 * Events are appended to the file of their user's partition (user number modulo SPILL_PARTS), then
 * each partition, which is small, is loaded, sorted by user and by event_order(), and written as
 * columns to one file, which is mapped read-only. Files lie in $TMPDIR (default /tmp) without a
 * name, so that nothing of them outlives the process. Owner: one thread until sealed.
 */
#ifndef SERIES_SPILL_H
#define SERIES_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "series/columns.h"

struct err;
struct spill;

#define SPILL_PARTS 64u

struct spill *spill_open(struct err *e);
void spill_close(struct spill *s);
int spill_add(struct spill *s, const struct batch *b, struct err *e);

struct spill_plan {
	const struct ids *ids;
	uint32_t n_users;
	unsigned threads;
	size_t memory_bytes;            /* for the partitions sorted at one time; at least one is */
	bool price, quantity;           /* which columns to write */
};
/* start[] has n_users + 1 places: the first row of each user, by (partition, number). */
int spill_seal(struct spill *s, const struct spill_plan *p, uint64_t *start, struct columns *ret,
	struct err *e);
/* Tells that bytes of the columns were read; now and then lets the system take their pages back.
 * Any thread.
 */
void spill_touched(struct spill *s, size_t bytes, size_t limit);

/* A file without a name in $TMPDIR; negative errno. */
int spill_file(struct err *e);
/* Writes all of it; a full disk is -ENOSPC and names the folder. */
int spill_write(int fd, const void *data, size_t len, uint64_t at, struct err *e);
int spill_read(int fd, void *data, size_t len, uint64_t at, struct err *e);

#endif
