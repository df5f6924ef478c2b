/* stage.h - what an engine tells of itself: the stages a row passes, and notices. */
#ifndef ENGINE_STAGE_H
#define ENGINE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/notice.h"

/* The stages that a row passes, as far as the engine has them and counts. */
enum feed_stage { FEED_READ, FEED_HOLD, FEED_DETECT, FEED_STORE, FEED_STAGES };
struct stage {
	bool is_measured;
	uint64_t in, out;               /* rows, events, alerts since the run began */
	uint64_t dropped;
	uint64_t waiting, room;         /* before it: bytes, events, batches; room 0: no limit */
	float p50_ms, p99_ms;           /* of a batch, lately; NaN: not measured, or nothing came */
};

#define FEED_NOTICES 8
struct notice {
	int64_t at_ms;                  /* by the clock on the wall */
	enum notice_level level;
	char text[200];                 /* scrubbed */
};

#endif
