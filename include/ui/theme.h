/* theme.h - what each kind of text looks like: colours and attributes, one table a theme.
 *
 * Blue and orange carry meaning, never red against green, and never alone: bold, reverse, a letter
 * or a shape says the same. Without colours the attributes remain.
 */
#ifndef UI_THEME_H
#define UI_THEME_H

#include <stdbool.h>

enum ink {
	INK_TEXT, INK_DIM, INK_TITLE, INK_HEAD, INK_KEY,
	INK_CURSOR,             /* the row under the cursor */
	INK_SEVERE, INK_HIGH, INK_LOW,
	INK_GAIN, INK_LOSS,     /* interest won and lost */
	INK_CHART, INK_ALARM,   /* of a chart: below and above the threshold */
	INK_BAR, INK_ERROR,
	INK_N
};

enum style { STYLE_BOLD = 1, STYLE_REVERSE = 2, STYLE_DIM = 4, STYLE_UNDERLINE = 8 };

struct look {
	char letter;            /* stands for the ink in maps of attributes */
	unsigned style;
	short many, few;        /* foreground of 256 and of 8 colours; -1: the terminal's own */
};

struct theme {
	const char *name;
	bool coloured;
	struct look look[INK_N];
};

/* 0xrrggbb of one of xterm's 256 colours from 16 on. */
unsigned theme_rgb(unsigned colour);

#define THEME_NAMES "dark, light, safe or mono"

/* NULL: mono when NO_COLOR is set, else by COLORFGBG, else dark. NULL is returned for an unknown
 * word. */
const struct theme *theme_choose(const char *word);

#endif
