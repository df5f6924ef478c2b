/* table.h - the rows of a csv file by the names of its columns, one at a time.
 *
 * For small files that are no logs: truths, scores. Columns not asked for are skipped; one that is
 * asked for and missing is "" in every row, unless it must be there. Calling thread only.
 */
#ifndef INGEST_TABLE_H
#define INGEST_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define TABLE_COLUMNS_MAX 16u
#define TABLE_FIELD_MAX 4096u

struct table_field {
	const char *s;                  /* with a NUL behind it */
	size_t len;
};

struct table_reader {
	const char *path;               /* "-": standard input */
	const char *what;               /* "scores": in messages */
	const char *const *column;      /* names, ends in NULL */
	uint32_t n_needed;              /* the first so many must be there */
	/* A negative code ends the reading; the line is put before the message. */
	int (*take)(void *ctx, const struct table_field *f, struct err *e);
	void *ctx;
};

int table_read(const struct table_reader *t, struct err *e);

#endif
