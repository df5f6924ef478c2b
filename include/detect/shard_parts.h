/* shard_parts.h - the inside of a shard, for its own rooms: stepping, what volume and forecast say.
 */
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

/* The same of channel forecast: time passes, or an instant's events are counted. */
int shard_close_steps(struct shard *s, const struct shard_who *who, int64_t now_ms,
	const struct shard_out *out, struct err *e);
int shard_see_counts(struct shard *s, const struct shard_who *who, const struct shard_run *seen,
	const struct shard_out *out, struct err *e);

#endif
