/* twin.h - looking back in live data: another feed is shown, while the live one goes on.
 *
 * Owner: the ui thread.
 */
#ifndef UI_TWIN_H
#define UI_TWIN_H

#include <stdbool.h>

struct command;
struct parts;
struct ui;

/* Moves the clock: a replay's, or in live data that of a twin, which is opened for it and stays
 * when that works. follows: the view goes with the clock from then on.
 */
void twin_command(struct ui *u, const struct command *c, bool follows);
/* Live again, the list as it was; nothing when it is. */
void twin_end(struct ui *u);
/* A twin has come to its end. */
bool twin_is_at_end(const struct ui *u);
/* "LIVE goes on: 3 newer alerts, ` returns", and what of this past is gone. */
void twin_status(const struct ui *u, struct parts *p);

#endif
