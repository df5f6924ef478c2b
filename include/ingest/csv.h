/* csv.h - rows of text to events: libcsv as the parser of record, one block at a time.
 *
 * A parser belongs to one thread and holds no state between blocks, each of which starts at a row
 * start and holds whole rows (the last may lack its newline).
 */
#ifndef INGEST_CSV_H
#define INGEST_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/format.h"

struct err;
struct zone;
struct csv_reader;

struct csv_block {
	const char *data;
	size_t len;
	uint64_t first_line;            /* physical line number of its first byte, 1-based */
	uint64_t offset;                /* of its first byte in the source */
	uint32_t source;
	bool skip_header;               /* its first row is the header */
	bool rest;                      /* it starts in a line too long, rejected before */
	bool clean;                     /* split_scan() met no bad line in it: none is looked for */
};

/* Borrowed for the reader's life: ids, format, zone. keep_offsets fills batch.offset. */
struct csv_reader *csv_reader_new(struct ids *ids, const struct format *f, const struct zone *z,
	bool keep_offsets, uint32_t keep_rejects, struct err *e);
void csv_reader_free(struct csv_reader *r);
void csv_reader_row_max(struct csv_reader *r, size_t bytes);    /* less than ROW_MAX, for tests */
/* Parses a block into a new batch that the caller owns; NULL when memory is out. */
struct batch *csv_read(struct csv_reader *r, const struct csv_block *b, struct err *e);

#endif
