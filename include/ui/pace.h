/* pace.h - when the console may paint again: ten times a second at most, and few bytes a second. */
#ifndef UI_PACE_H
#define UI_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_PAINT_MS 100
#define PACE_BYTES_A_SECOND 25000       /* to the terminal, on the average */

/* Of a paint that took so many bytes. A key since then is answered soon; else a large paint is paid
 * for with a longer pause.
 */
static inline int64_t pace_next_ms(int64_t painted_ms, unsigned bytes, bool had_key)
{
	int64_t pause_ms = had_key ? 0 : bytes * INT64_C(1000) / PACE_BYTES_A_SECOND;

	return painted_ms + (pause_ms > PACE_PAINT_MS ? pause_ms : PACE_PAINT_MS);
}

#endif
