/* console.h - the console over a feed: terminal, views, keys, until the person or the data ends it.
 *
 * The ui thread is the caller's; it owns the terminal from console_run() until it returns, however
 * it returns, and puts it back. Reads the feed only through engine/feed.h.
 */
#ifndef UI_CONSOLE_H
#define UI_CONSOLE_H

#include <stdbool.h>

struct clock;
struct err;
struct feed;
struct keymap;
struct saved;

struct console_options {
	const char *keys;               /* script of keys (--keys FILE); NULL: the terminal's */
	const struct keymap *keymap;    /* a person's own keys; NULL: none */
	const struct saved *saved;      /* filters and views with names; NULL: none */
	const char *glyphs;             /* auto, braille, blocks, acs, ascii */
	const char *theme;              /* dark, light, safe, mono */
	const char *state;              /* folder of what is kept between runs; NULL: nothing is */
	bool has_session;               /* goes on where it was, and keeps that in state */
	bool is_known;                  /* the store was there before: nobody is new to it */
	bool is_placed;                 /* a replay begins where it was told, not where it was */
	unsigned lines, columns;        /* of the scripted screen; 0: 24 x 80 */
	const char *author;             /* in whose name alerts are acknowledged; NULL: nobody's */
	int score;                      /* enum score_kind for sparklines */
	struct clock *clock;
	const volatile int *stop;       /* set by a signal: leave, restoring the terminal */
};

/* True when stdout is a terminal that can address its cursor; else ret_why says in a line why not.
 */
bool console_can_run(char *ret_why, unsigned cap);
/* 0 on a normal end. With keys, screens are written to stdout as plain text where the script says
 * so. */
int console_run(struct feed *f, const struct console_options *o, struct err *e);

#endif
