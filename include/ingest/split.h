/* split.h - blocks of a csv file cut at true row starts, so that they can be parsed in parallel.
 *
 * A prescan that follows quotes exactly as libcsv does: a quote opens only at a field's start, a
 * doubled one is a character, a newline inside quotes ends no row. What has no end within ROW_MAX
 * bytes is no row: its first line is a bad one and rows start again behind it. When that line alone
 * is longer than ROW_MAX it is REJECT_LONG, else the row is a quote that never closes, which is
 * REJECT_QUOTE; so is a quote still open where the data ends. A byte order mark at the very start
 * is skipped. One thread at a time.
 */
#ifndef INGEST_SPLIT_H
#define INGEST_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/event.h"

/* Where libcsv stands between two bytes. */
enum split_state {
	SPLIT_ROW, SPLIT_FIELD,         /* nothing of a row, of a field, but blanks */
	SPLIT_PLAIN,                    /* in a field without quotes */
	SPLIT_QUOTED,
	SPLIT_CLOSED, SPLIT_SPACED,     /* behind a quote in a quoted field, and blanks after it */
	SPLIT_REST,                     /* in a line longer than ROW_MAX, reported already */
};

struct split_bad {
	enum reject why;
	size_t start, end;              /* of the bad line, its newline included */
};

struct split {
	char delim;
	enum split_state state;         /* at the end of what was scanned */
	bool bad;                       /* a bad line was met; the caller may clear it */
	bool begun;                     /* a row was returned */
	bool held;                      /* a last CR waits for what may follow it */
	size_t row_max;                 /* ROW_MAX; tests take less */
	size_t row_len;                 /* bytes scanned of the row that has not ended */
	uint64_t done;                  /* bytes scanned in all */
	uint64_t opened;                /* where the quoted field begins, counted as done is */
	/* A quoted field known not to end, so that no part of it is scanned once for every line. */
	uint64_t open_from, open_to;
	enum split_state open_state;    /* at open_to */
};

void split_init(struct split *s, char delim);
/* Scans data[from..len), having scanned data[0..from) before; returns the number of bytes up to and
 * including the last true row end in data[0..len), or 0 when there is none yet (empty lines at the
 * very start wait for the first row, so that a header is in the first block). Little more than
 * ROW_MAX bytes are left over, twice that before the first row. In a line longer than ROW_MAX
 * everything is returned and the state is SPLIT_REST: the next block starts within that line
 * (csv_block.rest).
 */
size_t split_scan(struct split *s, const char *data, size_t from, size_t len);
/* The first bad line in data[*at..len), which starts at a row start and is all there is. *at moves
 * behind it, or to len when there is none (false).
 */
bool split_find_bad(struct split *s, const char *data, size_t *at, size_t len,
	struct split_bad *ret);

/* The end (newline included) of the row, empty ones included, that starts at data[from]. */
size_t split_row(char delim, const char *data, size_t from, size_t len);
/* What libcsv takes for no row: blanks and a newline. */
bool split_is_empty(char delim, const char *row, size_t len);
/* The end of the physical line: behind LF, CR LF, or a CR alone. */
size_t split_line(const char *data, size_t from, size_t len);
uint64_t split_count_lines(const char *data, size_t len);
size_t split_bom(const char *data, size_t len);         /* 3 or 0 */

#endif
