/* live.h - the feed over sources that grow: follow, hold back, detect, store, one batch at a time.
 *
 * Threads: ingest (follow + order) -> queue of released events -> detect (tracker, store: one
 * transaction a batch with alerts, evidence, rejects, events and the sources' places) -> mailbox ->
 * ui. After a crash the run goes on from the store: the last checkpoint's profiles, the events
 * journalled since, then the sources from their places; the alert table is that of a run never
 * interrupted. Without a model it starts on model_default() and refits at a step boundary once
 * enough users (100 with more than 10 counts) have been seen: a new epoch,
 * with a new hash from then on.
 */
#ifndef ENGINE_LIVE_H
#define ENGINE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/feed.h"
#include "ingest/follow.h"
#include "learn/fit.h"
#include "series/step.h"

struct live_options {
	struct follow_options follow;
	const char *model;              /* file; NULL: provisional, then refitted */
	/* amount 0: the model's own, or the default */
	struct budget budget, volume_budget, forecast_budget;
	float epsilon;                  /* threshold of channel forecast; 0: by the budget */
	unsigned channels;              /* mask of those that a refit fits; 0: the default */
	int64_t gap_ms;                 /* 0: the model's */
	const char *backend;
	const char *db;                 /* the store; required */
	int64_t lateness_ms;
	int64_t retain_ms;              /* of events in the store: at least a day, default 7 days */
	unsigned threads;               /* of a refit, at least 1 */
	size_t memory_bytes;            /* for the events of a refit, before spilling; 0: no limit
		 * */
	struct step step;               /* steps of evidence, and at whose boundary a refit happens
		 * */
	enum score_kind score;
	const struct names *names;
	const struct clock *clock;
	/* Called on the detect thread: of each alert once it is committed, of each notice as it
	 * comes, for line output without a console; may be NULL.
	 */
	void (*alerted)(void *ctx, const struct alert *a, const struct ids *ids);
	void (*noticed)(void *ctx, const char *line);
	void *ctx;
};

/* Options are borrowed until feed_close(). Fails at once when model, store or a source cannot be
 * opened; what fails later shows as FEED_FAILED. feed_close() ends like live_wait() after a signal.
 */
struct feed *live_open(const struct live_options *o, struct err *e);
/* For runs without a console: waits until every source has ended, or until stop is set by a signal
 * handler (checked every 100 ms). Everything is committed when it returns. -ENODATA, with `once`:
 * some source had no usable row, and e says why; the others were processed. Another code: the run
 * failed.
 */
int live_wait(struct feed *f, const volatile int *stop, struct err *e);

#endif
