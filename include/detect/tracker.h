/* tracker.h - the users of one shard under one model: profiles, detector states, findings.
 *
 * Feeds a user's counts to the backend, and when the score crosses the threshold explains the
 * change (from what to what, since when) and restarts the user from the onset. A finding is a
 * function of (model, the user's own events, horizon): DESIGN's one rule. Events must come as whole
 * instants. Owner: one thread. Memory: 1 KiB a user, 8 bytes a (user, category).
 */
#ifndef DETECT_TRACKER_H
#define DETECT_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/shard.h"
#include "ingest/event.h"

struct err;
struct model;
struct tracker;

/* model and ids are borrowed for the tracker's life. backend: "auto", "cpu", or "cuda". */
struct tracker *tracker_new(const struct model *m, const struct ids *ids, const char *backend,
	struct err *e);
void tracker_free(struct tracker *t);
const char *tracker_backend(const struct tracker *t);   /* the one that works now */
/* Goes on in another one ("cpu", "cuda") from the same states: the findings are the same. A failure
 * changes nothing, and where a device is lost later the CPU goes on.
 */
int tracker_switch(struct tracker *t, const char *backend, struct err *e);
/* What has happened to the backend and was not told yet; NULL: nothing. */
const char *tracker_notice(struct tracker *t);

/* Called for each finding and each clearing, in the order in which they come to be known. */
typedef int tracker_sink(void *ctx, const struct shard_event *ev, struct err *e);

/* Events in order of (time, user, category, item, behaviour); no instant is split between calls.
 * New users, categories and items are taken as they come. Time is known to have passed up to the
 * newest event; tracker_advance() says that it has passed further (the watermark), so that sessions
 * that are over are judged, and silences raised: these by it alone, for an event may have a wrong
 * time.
 */
int tracker_advance(struct tracker *t, int64_t now_ms, tracker_sink *sink, void *ctx,
	struct err *e);
int tracker_feed(struct tracker *t, const struct event *ev, uint32_t n, tracker_sink *sink,
	void *ctx,
	struct err *e);

/* Where a user stands: what the screens draw. */
struct standing {
	/* Of the channel nearest to its threshold, as it was last read; -INFINITY: none yet, or
	 * learning.
	 */
	float score, threshold;
	uint32_t n;             /* counts since the start or the last restart */
	bool learning;          /* never an alert yet */
	int64_t risk_ms;        /* at risk since; INT64_MAX: not */
};
void tracker_standing(const struct tracker *t, uint32_t user, struct standing *ret);
uint32_t tracker_n_users(const struct tracker *t);

/* A user's whole state as bytes, for the checkpoint: independent of dictionary numbers, so that it
 * can be loaded into a tracker of a later run. tracker_save() returns the size (also when cap is
 * too small, then nothing is written); 0: nothing is known of the user. Load: -EBADMSG when
 * damaged.
 */
size_t tracker_save(const struct tracker *t, uint32_t user, void *buf, size_t cap);
int tracker_load(struct tracker *t, uint32_t user, const void *buf, size_t len, struct err *e);
/* True once since the last call when the user changed: what a checkpoint must write. */
bool tracker_is_dirty(struct tracker *t, uint32_t user);

#endif
