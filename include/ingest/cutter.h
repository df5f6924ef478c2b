/* cutter.h - files, one after the other, to blocks of whole rows: load's workers take turns at it.
 *
 * Every file gives at least one piece, and its last one says so; an empty file and one that no
 * format fits give one piece without bytes. What does not divide into whole rows waits for the next
 * piece; little more than ROW_MAX bytes do. One thread at a time.
 */
#ifndef INGEST_CUTTER_H
#define INGEST_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/csv.h"
#include "ingest/format.h"
#include "ingest/load.h"
#include "ingest/split.h"

struct err;
struct unzip;

#define SAID_MAX 512

struct piece {
	char *buf;                      /* owned by the taker, used again: piece_done() */
	size_t cap;
	struct csv_block block;         /* in buf; first_line counts from the piece's own start */
	bool first, last;               /* of its file */
	bool is_cut;                    /* the file is compressed, and ends early: said tells */
	char said[SAID_MAX];            /* what was guessed, that it ends early, or "" */
	char unfit[SAID_MAX];           /* why no format fits; "": one does */
};

struct cutter {
	const struct load_options *o;
	const atomic_bool *stop;
	struct format *format;          /* [n_paths]; each stays as it is once its file is begun */
	uint32_t file;                  /* the one under way, or next */
	int fd;                         /* -1: none is open */
	struct unzip *unzip;            /* NULL: it is not compressed */
	bool waits;                     /* reading may take forever: no regular file */
	bool rest;                      /* the next block starts in a line too long */
	uint64_t offset;                /* of the next block */
	struct split split;
	char *carry;                    /* the start of a row whose end is not read yet */
	size_t n_carry, cap_carry;
};

int cutter_init(struct cutter *c, const struct load_options *o, const atomic_bool *stop,
	struct err *e);
void cutter_done(struct cutter *c);
/* 1: a piece; 0: all is read; -ECANCELED: *stop was set; another negative code: failed. */
int cutter_next(struct cutter *c, struct piece *p, struct err *e);
void piece_done(struct piece *p);

#endif
