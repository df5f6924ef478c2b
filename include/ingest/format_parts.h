/* format_parts.h - the inside of format, for its own rooms: the first rows, and --columns. */
#ifndef INGEST_FORMAT_PARTS_H
#define INGEST_FORMAT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/format.h"

struct err;

#define HEAD_ROWS 10u
#define HEAD_CELLS 256u         /* columns behind them are not looked at */
#define COLUMN_MAX 4096

struct cell {
	const char *s;
	size_t len;
};

struct head {
	char *text;             /* owned: what the cells point to */
	size_t used;
	uint32_t n_rows;
	struct head_row {
		uint32_t n;     /* columns, those not kept included */
		struct cell cell[HEAD_CELLS];
	} row[HEAD_ROWS];
};

/* The first whole rows of data, or the first alone when its end is not there. */
int head_init(struct head *h, char delim, const char *data, size_t len, struct err *e);
void head_done(struct head *h);
/* The column with this name in the first row, or -1: letter for letter, else without regard to case
 * and to the kind of gap between words.
 */
int head_find(const struct head *h, const char *name);
/* The column that is commonly called so; -1. */
int head_find_common(const struct head *h, enum field field);
bool head_is_common(const struct cell *c, enum field field);

/* What was asked for; what stays open is found in the first rows. */
struct wish {
	struct format format;   /* delim 0: open */
	int header;             /* 1 yes, 0 no, -1 open */
	bool common;            /* fields not named are looked for under their common names */
};

extern const char *const field_name[FIELD_N];
bool field_needed(enum field field);            /* a format without it is none */
/* Puts --columns over what w holds. */
int columns_parse(struct wish *w, const char *columns, struct err *e);

#endif
