/* order.h - events of followed sources, held back until their time has surely passed.
 *
 * Each source has a watermark of its own: its newest event time less the lateness allowed, less one
 * millisecond, since an event that is exactly the lateness late is still taken. An event at or
 * before its source's watermark, or at or before what was released, is late and refused. So which
 * events are late depends on each source's own order alone, not on blocks, on speed, or on which
 * source was read first. The watermark W of all is the smallest of the sources that still speak;
 * events with time <= W are released by (time, user, category, item, behaviour), ids by their
 * bytes, so an instant is never split between two releases. Owner: the ingest thread.
 */
#ifndef INGEST_ORDER_H
#define INGEST_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"

struct order;

struct held {
	struct event ev;
	uint32_t source;
	uint64_t offset;                /* of the row in its source */
};

struct order *order_new(const struct ids *ids, int64_t lateness_ms, struct err *e);
void order_free(struct order *o);

/* A source that holds all others back until it has spoken. The number may be one used before, once
 * nothing of it is held. Negative: no memory.
 */
int order_start(struct order *o, uint32_t source);
/* The source is silent or has ended: it holds nobody back until its next event. */
void order_idle(struct order *o, uint32_t source);
/* 1: held; 0: late, refused; negative: no memory. The source must have been started. */
int order_put(struct order *o, const struct held *h);
void order_resume(struct order *o, int64_t released_ms);/* as released by an earlier run */
/* Times beyond it move no watermark: one wrong clock would make everything else late. Such events
 * are held until the others have come as far, or the end. INT64_MAX at first.
 */
void order_ceiling(struct order *o, int64_t ceiling_ms);
void order_flush(struct order *o);                      /* W rises to the newest event of all */
void order_end(struct order *o);                        /* as that, those beyond the ceiling too */

/* Releases every event with time <= W, in order; how many. The array is the order's own, valid
 * until the next call. Negative: no memory.
 */
int64_t order_take(struct order *o, const struct held **ret);
int64_t order_released(const struct order *o);          /* all up to this was released; INT64_MIN:
	 * nothing */
int64_t order_newest(const struct order *o);            /* INT64_MIN before the first event */
uint32_t order_n_held(const struct order *o);
/* The smallest offset still held for a source, or UINT64_MAX. */
uint64_t order_low_offset(const struct order *o, uint32_t source);
/* By (time, user, category, item, behaviour), ids by their bytes. */
int order_cmp(const struct ids *ids, const struct event *a, const struct event *b);

#endif
