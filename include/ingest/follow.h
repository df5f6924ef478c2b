/* follow.h - files that grow, and pipes: new rows as they arrive.
 *
 * Notices rotation by rename (the old file is read to its end first, and watched for a late line),
 * truncation and replacement by a new file of any size; half a line waits for its rest. The file
 * after has the columns of the one before unless it begins with a header. Each file, and each
 * writer of a FIFO, that stands or stood behind a path is a source with a number of its own. Of
 * the sources with unread rows the one that is furthest back in event time is read next, so several
 * files merge. A notice is text for people, one line. Owner: the ingest thread. Reads with libcsv,
 * one block at a time.
 */
#ifndef INGEST_FOLLOW_H
#define INGEST_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/notice.h"
#include "ingest/event.h"

struct err;
struct follow;
struct zone;

struct follow_options {
	const char *const *path;        /* "-": standard input */
	uint32_t n_paths;
	const char *format, *columns;
	const struct zone *zone;
	uint32_t keep_rejects;          /* of one batch */
	bool once;                      /* stop at the end instead of waiting for more */
};

struct follow_place {                   /* where a source stands */
	const char *path;               /* one of the options' */
	uint32_t source;                /* the number in its batches */
	bool ended;                     /* nothing more will come */
	bool old;                       /* the path leads to another file now */
	bool lost;                      /* cannot be read again: a pipe, or overwritten */
	uint64_t device, inode;
	uint64_t offset;                /* the next byte to read */
	uint64_t read;                  /* rows before it were taken by an earlier run; >= offset */
};

struct follow *follow_open(struct ids *ids, const struct follow_options *o,
	void (*notice)(void *ctx, enum notice_level level, const char *line),
	void *ctx, struct err *e);
void follow_close(struct follow *f);
/* Continue from stored places, before the first follow_next(). A file that was renamed meanwhile is
 * looked for beside its path by its inode and finished first; else a notice says what is not seen.
 */
int follow_resume(struct follow *f, const struct follow_place *place, uint32_t n, struct err *e);
/* The next batch (owned by the caller), waiting up to wait_ms; 1: a batch; 0: nothing yet;
 * -ENODATA:
 * every source has ended (pipes closed, or `once`); another negative code: failed.
 */
int follow_next(struct follow *f, int64_t wait_ms, struct batch **ret, struct err *e);

/* About the batch last returned, until the next follow_next(): whether an earlier run took its rows
 * already, and the raw row at one of its offsets.
 */
bool follow_is_again(const struct follow *f);
int64_t follow_took_us(const struct follow *f); /* to read and parse it, without the waiting */
void follow_row(const struct follow *f, uint64_t offset, struct reject_row *ret);

/* All sources that are not forgotten; returns how many there are, whatever cap is. */
uint32_t follow_places(const struct follow *f, struct follow_place *ret, uint32_t cap);
/* How long a source has had nothing new, by the machine's clock; INT64_MAX: it has ended. */
int64_t follow_quiet_ms(const struct follow *f, uint32_t source);
/* Nothing of an ended source is needed any more: its number may be used for another. */
void follow_forget(struct follow *f, uint32_t source);
uint64_t follow_behind(const struct follow *f);         /* bytes known to be unread */
/* What keeps a path from being read, as long as it does: one line, scrubbed. False: nothing. */
bool follow_trouble(const struct follow *f, char *ret, size_t cap);
/* With `once`, at the end: how many sources had no usable row, and why the first of them had none.
 * */
uint32_t follow_unusable(const struct follow *f, char *why, size_t cap);

#endif
