/* frame.h - what stands around a view: title and bar above, status and keys below. */
#ifndef UI_FRAME_H
#define UI_FRAME_H

#include "ui/term.h"

struct parts;
struct snapshot;
struct ui;

/* Returns what is left in the middle. */
struct box frame_draw(struct ui *u);
#define FRAME_FOOT_LINES 2

/* "NEW !!1 !5 .11", at the right edge of a title. */
void frame_counts(const struct ui *u, struct parts *p);
/* Status and keys alone, in the last lines of a box. */
void frame_foot(struct ui *u, struct box b);
/* What was said, where the status stands, and over the lines above it if it is long; drawn after
 * the view. Returns how many lines it took.
 */
int frame_message(struct ui *u, struct box b);

#endif
