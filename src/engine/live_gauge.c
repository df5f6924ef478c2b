#include "engine/live_gauge.h"

#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "engine/live_parts.h"

int64_t live_tick_us(const struct live *l)
{
	struct timespec t;
	if (l->o.clock)
		return clock_tick_us(l->o.clock);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

void live_gauge_batch(struct live *l, const struct batch *b)
{
	uint64_t unusable = 0;
	for (int i = 0; i < REJECT_N; i++)
		unusable += b->rejected[i];
	l->gauge.read.in += b->n_rows;
	l->gauge.read.out += b->n;
	l->gauge.read.dropped += unusable;
	l->gauge.hold.in += b->n;
	spread_add(&l->gauge.read_took, follow_took_us(l->follow), live_tick_ms(l));
}

void live_gauge_item(struct live *l)
{
	struct live_item *it = l->now;
	l->gauge.read.is_measured = l->gauge.hold.is_measured = true;
	l->gauge.read.waiting = follow_behind(l->follow);
	l->gauge.read.p50_ms = spread_quantile(&l->gauge.read_took, .5);
	l->gauge.read.p99_ms = spread_quantile(&l->gauge.read_took, .99);
	l->gauge.hold.out += it->n;
	l->gauge.hold.dropped += it->late;
	l->gauge.hold.waiting = order_n_held(l->order);
	l->gauge.hold.p50_ms = l->gauge.hold.p99_ms = NAN;
	it->read = l->gauge.read;
	it->hold = l->gauge.hold;
}

void live_gauge_detect(struct live *l, int64_t begun_us, uint32_t n_in, uint32_t n_found)
{
	struct stage *g = &l->s.stage[FEED_DETECT];
	g->in += n_in;
	g->out += n_found;
	spread_add(&l->gauge.detect_took, live_tick_us(l) - begun_us, live_tick_ms(l));
}

void live_gauge_store(struct live *l, int64_t begun_us, uint32_t n_rows)
{
	struct stage *g = &l->s.stage[FEED_STORE];
	g->in += n_rows;
	g->out += n_rows;
	spread_add(&l->gauge.store_took, live_tick_us(l) - begun_us, live_tick_ms(l));
}

static void put_spread(struct stage *g, struct spread *took, int64_t now_ms)
{
	g->is_measured = true;
	spread_turn(took, now_ms);
	g->p50_ms = spread_quantile(took, .5);
	g->p99_ms = spread_quantile(took, .99);
}

void live_gauge_post(struct live *l)
{
	struct stage *g = l->s.stage;
	int64_t now_ms = live_tick_ms(l);
	put_spread(&g[FEED_DETECT], &l->gauge.detect_took, now_ms);
	put_spread(&g[FEED_STORE], &l->gauge.store_took, now_ms);
	g[FEED_DETECT].waiting = queue_length(&l->full);
	g[FEED_DETECT].room = LIVE_ITEMS;
}
