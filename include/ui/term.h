/* term.h - the terminal as a grid of cells; the only room that knows curses.
 *
 * Every text passes through term_put(): scrubbed, shown in what the locale can show, cut at a whole
 * character (the cut ends in "~") and padded, all in columns. One term at a time; owner: the ui
 * thread.
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ui/glyph.h"
#include "ui/theme.h"

struct err;
struct text;

#define TERM_LINES_MIN 10
#define TERM_COLUMNS_MIN 60

/* What term_key() returns beside characters. */
enum term_key {
	TERM_NONE = 0,
	TERM_UP = 0x110000, TERM_DOWN, TERM_LEFT, TERM_RIGHT, TERM_HOME, TERM_END, TERM_PAGE_UP,
	TERM_PAGE_DOWN, TERM_BACKSPACE, TERM_DELETE, TERM_F1, TERM_F2, TERM_F3, TERM_F4, TERM_F5,
	TERM_RESIZED,
	TERM_OTHER              /* a key without a use */
};
#define TERM_ENTER '\r'
#define TERM_ESCAPE 0x1b
#define TERM_CTRL(c) ((c) & 0x1f)

struct box {
	int line, column;
	int lines, columns;
};

struct term_options {
	const char *glyphs, *theme;
	bool scripted;          /* draws on nothing; keys come from elsewhere */
	unsigned lines, columns;        /* of a scripted one */
};

struct term {
	void *screen;           /* curses' SCREEN */
	FILE *in, *out;
	bool owns_in, owns_out;
	bool utf8, scripted, coloured;
	enum glyphs glyphs;
	bool glyphs_chosen;             /* in the console, not by option or terminal */
	const struct theme *theme;
	int lines, columns;
	int caret_line, caret_column;   /* where a prompt's cursor stands; line -1: none */
};

int term_open(struct term *t, const struct term_options *o, struct err *e);
void term_close(struct term *t);

/* Another one from the next paint on; false: there is none of that name. */
bool term_theme(struct term *t, const char *name);
bool term_glyphs(struct term *t, const char *name);      /* likewise */

void term_begin(struct term *t);        /* an empty screen to draw on */
/* Shows it: writes what changed, if anything did. Returns about how many bytes that took. */
unsigned term_end(struct term *t);
/* len bytes of s at a line and column, width columns in all. */
void term_put(struct term *t, int line, int column, int width, enum ink ink, const char *s);
void term_putf(struct term *t, int line, int column, int width, enum ink ink, const char *format,
	...) __attribute__((format(printf, 6, 7)));
/* One character over a whole width: '-' and '|' may become lines. */
void term_rule(struct term *t, int line, int column, int width);
void term_wall(struct term *t, int line, int column, int height);
/* cells of glyph_per_cell() values each; values at or above alarm are drawn in INK_ALARM. */
void term_chart(struct term *t, int line, int column, int cells, const float *v, float max,
	float alarm);

int term_width(const struct term *t, const char *s);    /* columns term_put() needs for s */

int term_key(struct term *t);           /* never waits; TERM_NONE: nothing there */
/* 1: something can be read; 0: not in that time, or a signal came; negative: the terminal is gone.
 */
int term_wait(struct term *t, int timeout_ms);
void term_resize(struct term *t, unsigned lines, unsigned columns);
void term_redraw(struct term *t);       /* the next term_end() paints everything */
void term_suspend(struct term *t);      /* the terminal back to the shell until it says go on */

#define TERM_CELL_MAX 41        /* a character, its marks, and NUL */
struct term_cell {
	char text[TERM_CELL_MAX];
	int width;                      /* columns: 1 or 2 */
	enum ink ink;
};
/* What was drawn at a place: the start of a character. */
void term_cell(const struct term *t, int line, int column, struct term_cell *ret);

/* The cells as lines of text, blanks at the ends of lines cut; attributes as letters of the theme.
 */
bool term_cells(const struct term *t, struct text *ret);
bool term_inks(const struct term *t, struct text *ret);

#endif
