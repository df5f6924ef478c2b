/* caps.h - what terminfo knows of the terminal. Apart from term.c: <term.h> has a struct term too.
 */
#ifndef UI_CAPS_H
#define UI_CAPS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether stdout is a terminal that screens can be shown on; writes nothing to it. */
bool caps_can_run(char *ret_why, unsigned cap);
/* Of the terminal that curses has started. */
bool caps_has_acs(void);
/* The bytes that bring back attributes, keypad, cursor and the shell's screen, without delays. */
void caps_restore(char *buf, size_t cap);

#endif
