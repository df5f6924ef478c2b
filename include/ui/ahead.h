/* ahead.h - what is expected of a user, drawn: interest a day up to now, and dotted from now on.
 *
 * One axis of its own, a value a day, so that a forecast is as long as it is, whatever window the
 * charts beside it have.
 */
#ifndef UI_AHEAD_H
#define UI_AHEAD_H

#include "ui/term.h"

struct outlook;
struct ui;

/* A sparkline of so many cells. */
void ahead_chart(struct ui *u, const struct outlook *o, int line, int column, int cells);
/* An area with the interval of the forecast, below a head; the area begins at column `axis`. */
void ahead_plot(struct ui *u, const struct outlook *o, struct box b, int axis);
/* "±4.1, 7d ahead" */
#define AHEAD_WORDS_MAX 64
void ahead_words(const struct ui *u, const struct outlook *o, char buf[AHEAD_WORDS_MAX]);

#endif
