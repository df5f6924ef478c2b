/* cell.h - text of a log in a column of a table for people: scrubbed, cut, filled up. */
#ifndef MAIN_CELL_H
#define MAIN_CELL_H

#include <stdbool.h>
#include <stddef.h>

struct text;

/* At most so many columns, filled up with blanks, and one more; what was cut ends in "~". */
void cell_add(struct text *t, const char *s, size_t len, unsigned columns, bool utf8);

#endif
