/* keymap.h - the table of keys (keys.h) with a person's own keys in it.
 *
 * Made while a config file is read; the console borrows it. What is asked of a table of keys is
 * asked of one of these; NULL is the table as it was built. Owner: main.
 */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include "ui/keys.h"

struct err;

#define KEYMAP_ROWS 192

struct keymap {
	struct action row[KEYMAP_ROWS];
	unsigned line[KEYMAP_ROWS];     /* of the file that gave the keys; 0: none did */
	unsigned n;
};

void keymap_init(struct keymap *k);
/* "faster", "> ^Up": keys as the help shows them, in place of the command's own. -EINVAL names what
 * there is no such command or key of, and the nearest.
 */
int keymap_set(struct keymap *k, const char *name, const char *keys, unsigned line, struct err *e);
/* -EINVAL names two commands that would answer one key, and the line that made it so. */
int keymap_check(const struct keymap *k, unsigned *ret_line, struct err *e);

/* Whether two commands may be offered at one place and time. */
bool keymap_can_meet(const struct action *a, const struct action *b);

#endif
