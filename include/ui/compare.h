/* compare.h - a second user beside the one of USER: the same window, the same tops of the charts.
 *
 * Side by side where LIVE would show a user at its side, else one above the other. Keys act on the
 * first; the second goes along. Owner: the ui thread.
 */
#ifndef UI_COMPARE_H
#define UI_COMPARE_H

#include <stdbool.h>

#include "ui/parts.h"
#include "ui/term.h"

struct ui;

void compare_ask(struct ui *u, int unused);
/* True: a comparison was ended. */
bool compare_end(struct ui *u);
/* Takes the second user's part from the box of both; of no lines when there is none. */
struct box compare_split(const struct ui *u, struct box *b);
/* After the first was looked at, before it is drawn: both get their tops here. */
void compare_draw(struct ui *u, struct box b);
void compare_status(struct ui *u, struct parts *p);

#endif
