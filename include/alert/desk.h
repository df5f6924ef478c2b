/* desk.h - acts on alerts under way to the store, on a thread of their own.
 *
 * The console never waits for a store that another process writes to: an order is carried out
 * whole, in one transaction, or not at all, and its news come later. So do the acts of everybody
 * else on the same store, which is looked at every second. What this desk did can be undone, the
 * newest order first. Closing carries out what was ordered. Owner: the ui thread.
 */
#ifndef ALERT_DESK_H
#define ALERT_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/triage.h"
#include "base/err.h"

struct desk;

#define DESK_ORDERS 64          /* under way, at most */
#define DESK_UNDO_MAX 200

struct desk_news {
	bool is_order;                  /* of an order; else others did something */
	bool is_undo, is_nothing;       /* there was nothing to undo */
	struct err err;                 /* why the order was not carried out; code 0: it was */
	enum triage_field field;        /* of the order, or of the one undone */
	unsigned value;
	uint32_t n_done;                /* alerts that were not so already */
	uint64_t alert_id;              /* one of them */
	struct triage_change *change;   /* all there are since the last news, oldest first */
	uint32_t n, cap;
};

/* The store must be there by then. Author is borrowed. */
struct desk *desk_open(const char *path, const char *author, struct err *e);
void desk_close(struct desk *d);

/* The act, but for its alert and author, on n alerts. -EBUSY: too many are under way. */
int desk_order(struct desk *d, const struct triage_act *act, const uint64_t *id, uint32_t n,
	struct err *e);
int desk_undo(struct desk *d, int64_t time_ms, struct err *e);
/* Orders are out, or the acts of before the start are not known yet. */
bool desk_is_busy(const struct desk *d);
/* The next news, or NULL: to be freed with desk_news_free(). */
struct desk_news *desk_look(struct desk *d);
void desk_news_free(struct desk_news *news);

#endif
