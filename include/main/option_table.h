/* option_table.h - the rows of every option and every command, and how the words of each are read.
 *
 * A row says all there is to say of an option: its names, the commands that take it, where its
 * value goes and how, what it is without being given, and its line of help. Read-only.
 */
#ifndef MAIN_OPTION_TABLE_H
#define MAIN_OPTION_TABLE_H

#include <stddef.h>

#include "main/option.h"
#include "main/option_kind.h"

struct option_row {
	const char *name;
	char letter;                    /* 0: none */
	const char *argument;           /* what help calls the value; NULL: a flag */
	unsigned commands;              /* bits of the commands that take it */
	const struct option_kind *kind;
	size_t offset;                  /* of the field in struct options */
	const char *fallback;           /* read first, by the same parser; NULL: left zero */
	const char *help;
	const char *const *words;       /* the values there are, ends in NULL; NULL: not so few */
};

extern const struct option_row option_table[];          /* ends in a NULL name */
extern const struct command_row command_table[];        /* ends in a NULL name */

#endif
