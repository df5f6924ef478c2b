/* live_gauge.h - what each stage of a live run took in, gave out and how long that took.
 *
 * Each function runs on the thread whose stage it counts; what ingest counts reaches the snapshot
 * with the next item.
 */
#ifndef ENGINE_LIVE_GAUGE_H
#define ENGINE_LIVE_GAUGE_H

#include <stdint.h>

#include "base/spread.h"
#include "engine/stage.h"

struct batch;
struct live;

struct live_gauge {
	struct stage read, hold;                /* ingest; since the run began */
	struct spread read_took;                /* ingest */
	struct spread detect_took, store_took;  /* detect */
};

int64_t live_tick_us(const struct live *l);
/* On the ingest thread: a batch was read; an item is about to be handed on. */
void live_gauge_batch(struct live *l, const struct batch *b);
void live_gauge_item(struct live *l);
/* On the detect thread: a part was done, begun at a tick; the stages go into the snapshot. */
void live_gauge_detect(struct live *l, int64_t begun_us, uint32_t n_in, uint32_t n_found);
void live_gauge_store(struct live *l, int64_t begun_us, uint32_t n_rows);
void live_gauge_post(struct live *l);

#endif
