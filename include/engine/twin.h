/* twin.h - the past of a live run as a feed of its own: to look back in while collection goes on.
 *
 * What it shows at a time is what a replay of the same events shows: the alerts up to then, as the
 * live run had found them when the twin was opened, an alert at its time (CONTRACT, "Horizon"), and
 * of the users the events up to then. Nothing is loaded and nothing found anew. Events are read in
 * the store where they are needed, through a connection of its own and that of the live feed; what
 * is older than the store keeps is missing, alerts never are. Opening takes as long as copying the
 * alerts does, whatever the number of events. Numbers of users and categories are the live feed's.
 * Owner: the ui thread. Memory: an alert's size and 32 bytes an alert.
 */
#ifndef ENGINE_TWIN_H
#define ENGINE_TWIN_H

struct err;
struct feed;

/* Opens it standing at the newest data. live is borrowed until feed_close(), and looked at with
 * each look, so that the snapshot tells of both. NULL: there is nothing to look back at yet, or no
 * memory, or the store cannot be read.
 */
struct feed *twin_open(struct feed *live, struct err *e);

#endif
