#include "base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t frozen_or(const struct clock *c, clockid_t which)
{
	if (atomic_load_explicit(&c->frozen, memory_order_acquire))
		return atomic_load_explicit(&c->frozen_ms, memory_order_relaxed);
	return read_ms(which);
}

void clock_init(struct clock *c)
{
	atomic_init(&c->frozen, false);
	atomic_init(&c->frozen_ms, 0);
}

void clock_freeze(struct clock *c, int64_t utc_ms)
{
	atomic_store_explicit(&c->frozen_ms, utc_ms, memory_order_relaxed);
	atomic_store_explicit(&c->frozen, true, memory_order_release);
}

void clock_advance(struct clock *c, int64_t by_ms)
{
	if (atomic_load_explicit(&c->frozen, memory_order_relaxed))
		atomic_fetch_add_explicit(&c->frozen_ms, by_ms, memory_order_relaxed);
}

int64_t clock_utc_ms(const struct clock *c)
{
	return frozen_or(c, CLOCK_REALTIME);
}

int64_t clock_tick_ms(const struct clock *c)
{
	return frozen_or(c, CLOCK_MONOTONIC);
}

int64_t clock_tick_us(const struct clock *c)
{
	struct timespec t;

	if (atomic_load_explicit(&c->frozen, memory_order_acquire))
		return clock_tick_ms(c) * 1000;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
