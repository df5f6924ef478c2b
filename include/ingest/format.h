/* format.h - where the fields of an event stand in a row: known formats, a user's own, a guess.
 *
 * A format is a value: copied freely, read by many threads. Behaviour words map through the
 * format's own table first ("pv", "1"), then the common one; words it lacks are `other`.
 */
#ifndef INGEST_FORMAT_H
#define INGEST_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/event.h"

struct err;
struct zone;

enum field { FIELD_TIME, FIELD_USER, FIELD_ITEM, FIELD_CATEGORY, FIELD_BEHAVIOUR, FIELD_PRICE,
	FIELD_QUANTITY, FIELD_N };

struct format_word {
	const char *word;
	enum behaviour behaviour;
};

#define FORMAT_SERIES "series"          /* plain numbers in time, not events of users */

struct format {
	const char *name;                       /* "veer", "taobao", "series", "columns" */
	char delim;
	bool header;                            /* the first row names the columns */
	bool valued;                            /* a row without a price is none */
	int column[FIELD_N];                    /* 0-based; -1: absent */
	char header_name[FIELD_N][64];          /* looked for in the header; "": not by name */
	const struct format_word *words;        /* ends in NULL word; may be NULL */
};

/* The formats known, for --format, help and completion; ends in a NULL name. */
const struct format *format_table(void);

/* spec: NULL to guess, or a name of the table; columns: NULL, or "time=5,user=1,item=2,..."
 * (numbers from 1 or header names, delim=, header=yes|no; those given go over those of spec). head:
 * the first bytes of the file, cut anywhere. Resolves header names to columns. ret_said gets what
 * was guessed, for a line on stderr, or "".
 * -EINVAL: the option is malformed or names an unknown format. -ENOMSG: no format fits the data.
 */
int format_choose(struct format *f, const char *spec, const char *columns, const char *head,
	size_t head_len, char *ret_said, size_t said_cap, struct err *e);

/* Whether the first row of head has a time where f wants one: it is a row, and no header. */
bool format_is_row(const struct format *f, const struct zone *z, const char *head, size_t head_len);

/* What the data is compressed with, by its first bytes; NULL: nothing known. */
const char *format_packed(const char *head, size_t len);

enum behaviour format_behaviour(const struct format *f, const char *word, size_t len);

#endif
