/* clock.h - the time of day and of the machine, which a test can freeze.
 *
 * Owner: main makes one and lends it; the ui thread may freeze and advance it, others read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
	atomic_bool frozen;
	_Atomic int64_t frozen_ms;
};

void clock_init(struct clock *c);
void clock_freeze(struct clock *c, int64_t utc_ms);
void clock_advance(struct clock *c, int64_t by_ms);      /* only when frozen */
int64_t clock_utc_ms(const struct clock *c);             /* wall clock */
int64_t clock_tick_ms(const struct clock *c);            /* monotonic; frozen time when frozen */
int64_t clock_tick_us(const struct clock *c);            /* the same, in microseconds */

#endif
