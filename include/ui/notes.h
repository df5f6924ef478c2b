/* notes.h - what operators wrote about a user's alerts. */
#ifndef UI_NOTES_H
#define UI_NOTES_H

#include <stdint.h>

#include "ui/term.h"

struct ui;

#define NOTES_LINES 3

/* The newest notes on the alerts up to now, those of newer alerts first, in at most b.lines lines;
 * the label stands in the first `label` columns. Returns how many lines were drawn.
 */
int notes_draw(struct ui *u, uint32_t user, struct box b, int label);

#endif
