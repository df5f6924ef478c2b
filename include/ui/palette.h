/* palette.h - ":" and a command by its name, from the one table of keys.
 *
 * Offers what the view beneath would take, with keys and help; a word behind the name answers the
 * question that the command asks (":goto 10:30"). Owner: the ui thread.
 */
#ifndef UI_PALETTE_H
#define UI_PALETTE_H

struct action;
struct keymap;
struct ui;

#define PALETTE_MAX 128

struct palette {
	const struct action *match[PALETTE_MAX];        /* for what is typed, the best first */
	unsigned n, cursor;             /* cursor n: none is chosen */
};

void palette_open(struct ui *u, int unused);
/* The name of the command that is spelt most like it. */
const char *palette_nearest(const struct keymap *k, const char *name);

#endif
