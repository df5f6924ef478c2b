/* shard_parts.h - the inside of a shard, for its own rooms: stepping, and what volume says. */
#ifndef DETECT_SHARD_PARTS_H
#define DETECT_SHARD_PARTS_H

#include <stdint.h>

#include "detect/shard.h"

/* Where events go. */
struct shard_out {
	shard_sink *sink;
	void *ctx;
};

/* Time passes, or a session starts; nothing where volume does not speak. */
int shard_let_pass(struct shard *s, const struct shard_who *who, int64_t now_ms,
	const struct shard_out *out, struct err *e);
int shard_see_session(struct shard *s, const struct shard_who *who, int64_t time_ms,
	const struct shard_out *out, struct err *e);

#endif
