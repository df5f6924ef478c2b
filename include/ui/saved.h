/* saved.h - filters and views that a config file gives names to.
 *
 * Made while the file is read, whose texts it borrows; the console borrows it. Owner: main.
 */
#ifndef UI_SAVED_H
#define UI_SAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/prompt.h"

struct err;
struct ui;

#define SAVED_MAX 64
#define SAVED_NAME_MAX 32
#define SAVED_NAME_FORM "up to 32 letters, digits, - and _"

enum saved_kind { SAVED_FILTER, SAVED_VIEW };

struct saved {
	struct saved_row {
		enum saved_kind kind;
		const char *name, *text;
	} row[SAVED_MAX];
	unsigned n;
};

/* -EINVAL: what is wrong with name or text. */
int saved_add(struct saved *s, const struct saved_row *row, struct err *e);
bool saved_is_name(const char *name);
bool saved_has_filter(const struct saved *s);           /* s may be NULL, here and below */
/* Its text; NULL: there is none. */
const char *saved_find(const struct saved *s, enum saved_kind kind, const char *name);
/* Adds the names that begin so, blanks between them; how many. */
unsigned saved_list(const struct saved *s, enum saved_kind kind, const char *begin, char *buf,
	size_t cap);

/* Of a prompt for names, which a text lists: the name before or after the one that is typed. */
void saved_turn(struct ui *u, char *names, bool is_older);
/* Of a prompt for a filter: the names stand above, and Tab puts the text in the place of one. */
void saved_filter_turned(struct ui *u, const char *text, enum prompt_turn how);
void saved_filter_above(struct ui *u, int line);

#endif
