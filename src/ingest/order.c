#include "ingest/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

struct voice {
	bool speaks;                    /* holds the others back */
	int64_t newest_ms;              /* INT64_MIN: nothing yet */
	uint64_t low;                   /* smallest offset held */
};

struct order {
	const struct ids *ids;
	int64_t lateness_ms;
	int64_t newest_ms, released_ms, ceiling_ms;
	int64_t oldest_ms;                              /* of what is held */
	struct held *held, *out;
	uint32_t n_held, cap_held, cap_out;
	struct voice *voice;
	uint32_t n_voices;
};

struct order *order_new(const struct ids *ids, int64_t lateness_ms, struct err *e)
{
	struct order *o = mem_get(1, sizeof *o);
	if (!o) {
		err_set(e, -ENOMEM, "could not hold events back: out of memory");
		return NULL;
	}
	o->ids = ids;
	o->lateness_ms = lateness_ms;
	o->newest_ms = o->released_ms = INT64_MIN;
	o->oldest_ms = o->ceiling_ms = INT64_MAX;
	return o;
}

void order_free(struct order *o)
{
	if (!o)
		return;
	mem_free(o->held);
	mem_free(o->out);
	mem_free(o->voice);
	mem_free(o);
}

int order_start(struct order *o, uint32_t source)
{
	if (source >= o->n_voices) {
		struct voice *v = mem_resize(o->voice, (size_t)source + 1, sizeof *v);
		if (!v)
			return -ENOMEM;
		o->voice = v;
		while (o->n_voices <= source)
			v[o->n_voices++] = (struct voice){ .newest_ms = INT64_MIN, .low =
				UINT64_MAX };
	}
	o->voice[source] = (struct voice){ true, INT64_MIN, UINT64_MAX };
	return 0;
}

void order_idle(struct order *o, uint32_t source)
{
	o->voice[source].speaks = false;
}

void order_resume(struct order *o, int64_t released_ms)
{
	o->released_ms = released_ms;
	if (o->newest_ms < released_ms)
		o->newest_ms = released_ms;
}

void order_ceiling(struct order *o, int64_t ceiling_ms)
{
	o->ceiling_ms = ceiling_ms;
}

void order_flush(struct order *o)
{
	for (uint32_t i = 0; i < o->n_voices; i++)
		o->voice[i].speaks = false;
}

void order_end(struct order *o)
{
	order_flush(o);
	for (uint32_t i = 0; i < o->n_held; i++)
		if (o->held[i].ev.time_ms > o->newest_ms)
			o->newest_ms = o->held[i].ev.time_ms;
}

/* Up to what time nothing more can come that is not late, as a time of the newest event says. */
static int64_t surely_passed(const struct order *o, int64_t newest_ms)
{
	int64_t passed;
	if (newest_ms == INT64_MIN || __builtin_sub_overflow(newest_ms, o->lateness_ms, &passed) ||
	    passed == INT64_MIN)
		return INT64_MIN;
	return passed - 1;
}

static int64_t watermark(const struct order *o)
{
	int64_t w = o->newest_ms;
	for (uint32_t i = 0; i < o->n_voices; i++) {
		int64_t passed = surely_passed(o, o->voice[i].newest_ms);
		if (o->voice[i].speaks && passed < w)
			w = passed;
	}
	return w > o->released_ms ? w : o->released_ms;
}

/* The time moves the watermarks, unless it cannot be true. */
static void hear(struct order *o, struct voice *v, int64_t time_ms)
{
	v->speaks = true;
	if (time_ms > o->ceiling_ms)
		return;
	if (time_ms > v->newest_ms)
		v->newest_ms = time_ms;
	if (time_ms > o->newest_ms)
		o->newest_ms = time_ms;
}

static int hold(struct order *o, const struct held *h)
{
	if (o->n_held == o->cap_held) {
		uint32_t cap = o->cap_held ? o->cap_held + o->cap_held / 2 : 1024;
		struct held *held = mem_resize(o->held, cap, sizeof *held);
		if (!held)
			return -ENOMEM;
		o->held = held;
		o->cap_held = cap;
	}
	o->held[o->n_held++] = *h;
	if (h->ev.time_ms < o->oldest_ms)
		o->oldest_ms = h->ev.time_ms;
	if (h->offset < o->voice[h->source].low)
		o->voice[h->source].low = h->offset;
	return 1;
}

int order_put(struct order *o, const struct held *h)
{
	struct voice *v = &o->voice[h->source];
	int64_t passed = surely_passed(o, v->newest_ms);
	hear(o, v, h->ev.time_ms);
	if (h->ev.time_ms <= o->released_ms || h->ev.time_ms <= passed)
		return 0;
	return hold(o, h);
}

int order_cmp(const struct ids *ids, const struct event *a, const struct event *b)
{
	int c = (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
	if (c == 0 && a->user != b->user)
		c = dict_cmp(ids->user, a->user, b->user);
	if (c == 0 && a->category != b->category)
		c = dict_cmp(ids->category, a->category, b->category);
	if (c == 0 && a->item != b->item)
		c = dict_cmp(ids->item, a->item, b->item);
	return c ? c : a->behaviour - b->behaviour;
}

static int held_cmp(const void *x, const void *y, void *ids)
{
	const struct held *a = x, *b = y;
	int c = order_cmp(ids, &a->ev, &b->ev);
	return c ? c : (a->offset > b->offset) - (a->offset < b->offset);
}

static int reserve_out(struct order *o, uint32_t n)
{
	if (n <= o->cap_out)
		return 0;
	struct held *out = mem_resize(o->out, n, sizeof *out);
	if (!out)
		return -ENOMEM;
	o->out = out;
	o->cap_out = n;
	return 0;
}

/* Parts what is held at w; the sources' low offsets and the oldest time are taken anew on the way.
 * */
static uint32_t part(struct order *o, int64_t w)
{
	uint32_t n = 0, kept = 0;
	for (uint32_t i = 0; i < o->n_voices; i++)
		o->voice[i].low = UINT64_MAX;
	o->oldest_ms = INT64_MAX;
	for (uint32_t i = 0; i < o->n_held; i++) {
		const struct held *h = &o->held[i];
		struct voice *v = &o->voice[h->source];
		if (h->ev.time_ms <= w) {
			o->out[n++] = *h;
			continue;
		}
		if (h->offset < v->low)
			v->low = h->offset;
		if (h->ev.time_ms < o->oldest_ms)
			o->oldest_ms = h->ev.time_ms;
		o->held[kept++] = *h;
	}
	o->n_held = kept;
	return n;
}

int64_t order_take(struct order *o, const struct held **ret)
{
	int64_t w = watermark(o);
	uint32_t n = 0;
	if (o->n_held > 0 && o->oldest_ms <= w) {
		if (reserve_out(o, o->n_held) < 0)
			return -ENOMEM;
		n = part(o, w);
		qsort_r(o->out, n, sizeof *o->out, held_cmp, (void *)o->ids);
	}
	o->released_ms = w;
	*ret = o->out;
	return n;
}

int64_t order_released(const struct order *o)
{
	return o->released_ms;
}

int64_t order_newest(const struct order *o)
{
	return o->newest_ms;
}

uint32_t order_n_held(const struct order *o)
{
	return o->n_held;
}

uint64_t order_low_offset(const struct order *o, uint32_t source)
{
	return o->voice[source].low;
}
