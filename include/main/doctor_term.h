/* doctor_term.h - what `veer doctor` says of the terminal. Apart from it: <term.h> makes macros of
 * common words. Owner: main.
 */
#ifndef MAIN_DOCTOR_TERM_H
#define MAIN_DOCTOR_TERM_H

#include <stdbool.h>

#include "base/text.h"

bool doctor_ncurses(struct text *t);
/* Name, colours and size of the terminal on standard output. */
bool doctor_terminal(struct text *t);

#endif
