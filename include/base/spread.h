/* spread.h - how long something takes: quantiles over the last minute or two, in a fixed room.
 *
 * Counts in buckets of an eighth of an octave of microseconds, so a quantile is the upper end of
 * its bucket and at most an eighth too high. Two generations, the older thrown away each minute.
 * Owner: one thread.
 */
#ifndef BASE_SPREAD_H
#define BASE_SPREAD_H

#include <stdint.h>

#define SPREAD_BUCKETS 256      /* up to 2^31 microseconds */
#define SPREAD_TURN_MS 60000

struct spread {
	uint32_t count[2][SPREAD_BUCKETS], n[2];
	unsigned now;           /* generation being filled */
	int64_t turned_ms;
};

void spread_add(struct spread *s, int64_t took_us, int64_t now_ms);
void spread_turn(struct spread *s, int64_t now_ms);     /* forgets what is too old */
/* In milliseconds; NaN when nothing was added lately. */
float spread_quantile(const struct spread *s, double q);

#endif
