/* strip.h - what stands around LIVE's list on a large screen: the alert's user beside it, below
 * both the categories that gain, and the stages of the pipeline (live) or the ways users take
 * (replay).
 *
 * One of them has the focus, and keys that move go there; the others are as of the same moment, so
 * a held list holds them too. Owner: the ui thread.
 */
#ifndef UI_STRIP_H
#define UI_STRIP_H

#include <stdbool.h>

#include "ui/term.h"
#include "ui/view.h"

struct parts;
struct ui;

/* As long as the terminal is wide enough and the list has a row. */
bool strip_is_shown(const struct ui *u);
/* Draws them where there is room; returns what is left for the list. */
struct box strip_draw(struct ui *u, struct box b);
/* Where the list has the focus, in the column that its rows have for the cursor. */
void strip_mark_list(struct ui *u, int line);
/* False: it is the list's. */
bool strip_move(struct ui *u, enum move how);
bool strip_enter(struct ui *u);
void strip_adjust(struct ui *u, enum adjust what);      /* next pane; over the whole screen */
void strip_status(const struct ui *u, struct parts *p);
void strip_done(struct ui *u);

#endif
