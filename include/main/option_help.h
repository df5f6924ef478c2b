/* option_help.h - what the table of options says to a person: usage, help, the nearest name.
 *
 * Writes to the stream it is given. Owner: main.
 */
#ifndef MAIN_OPTION_HELP_H
#define MAIN_OPTION_HELP_H

#include <stdio.h>

struct command_row;

void help_program(FILE *to);
void help_command(FILE *to, const struct command_row *c);

/* Keeps in *ret_best the name nearest to word (by edits), when it is near enough to have been
 * meant; start with NULL in it. ret_edits is for the next call.
 */
void help_nearer(const char *word, const char *name, const char **ret_best, unsigned *ret_edits);

#endif
