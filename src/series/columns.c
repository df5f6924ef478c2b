#include "series/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/mem.h"

#define COLUMN(type, name) \
	{ sizeof(type), offsetof(struct columns, name), offsetof(struct batch, name) }

const struct column_row column_table[COLUMN_N] = {
	[COLUMN_TIME] = COLUMN(int64_t, time_ms),
	[COLUMN_ITEM] = COLUMN(uint32_t, item),
	[COLUMN_CATEGORY] = COLUMN(uint32_t, category),
	[COLUMN_BEHAVIOUR] = COLUMN(uint8_t, behaviour),
	[COLUMN_PRICE] = COLUMN(float, price),
	[COLUMN_QUANTITY] = COLUMN(float, quantity),
};

void **columns_at(struct columns *c, enum column which)
{
	return (void **)((char *)c + column_table[which].in_columns);
}

void **columns_of_batch(struct batch *b, enum column which)
{
	return (void **)((char *)b + column_table[which].in_batch);
}

void columns_free(struct columns *c)
{
	for (int i = 0; i < COLUMN_N; i++)
		mem_free(*columns_at(c, i));
	*c = (struct columns){0};
}

struct event columns_get(const struct columns *c, uint64_t i, uint32_t user)
{
	return (struct event){
		.time_ms = c->time_ms[i],
		.user = user,
		.item = c->item[i],
		.category = c->category[i],
		.price = c->price ? c->price[i] : NAN,
		.quantity = c->quantity ? c->quantity[i] : NAN,
		.behaviour = c->behaviour[i],
	};
}

void columns_set(struct columns *c, uint64_t i, const struct event *ev)
{
	c->time_ms[i] = ev->time_ms;
	c->item[i] = ev->item;
	c->category[i] = ev->category;
	c->behaviour[i] = ev->behaviour;
	if (c->price)
		c->price[i] = ev->price;
	if (c->quantity)
		c->quantity[i] = ev->quantity;
}

/* Floats by value, as integers that keep their order: -0 before 0, NaN before all. */
static uint32_t float_rank(float f)
{
	uint32_t bits;

	if (isnan(f))
		return 0;
	memcpy(&bits, &f, sizeof(bits));
	return bits >> 31 ? ~bits : bits | 1u << 31;
}

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Equal numbers are equal texts, so bytes are looked at only where ids differ. */
static int by_bytes(const struct dict *d, uint32_t a, uint32_t b)
{
	return a == b ? 0 : dict_cmp(d, a, b);
}

int event_order(const struct event *a, const struct event *b, const struct ids *ids)
{
	int order = by_number(a->time_ms, b->time_ms);

	if (!order)
		order = by_bytes(ids->category, a->category, b->category);
	if (!order)
		order = by_bytes(ids->item, a->item, b->item);
	if (!order)
		order = by_number(a->behaviour, b->behaviour);
	if (!order)
		order = by_number(float_rank(a->price), float_rank(b->price));
	if (!order)
		order = by_number(float_rank(a->quantity), float_rank(b->quantity));
	return order;
}

static int compare(const void *a, const void *b, void *ids)
{
	return event_order(a, b, ids);
}

void event_sort(struct event *ev, size_t n, const struct ids *ids)
{
	if (n)
		qsort_r(ev, n, sizeof(*ev), compare, (void *)(uintptr_t)ids);
}

bool event_room_fit(struct event_room *r, size_t n)
{
	struct event *ev;

	if (n <= r->cap)
		return true;
	ev = mem_resize(r->ev, n + n / 2, sizeof(*ev));
	if (!ev)
		return false;
	r->ev = ev;
	r->cap = n + n / 2;
	return true;
}

static bool is_sorted(const struct columns *c, uint64_t from, uint64_t to, const struct ids *ids)
{
	for (uint64_t i = from + 1; i < to; i++) {
		struct event a, b;

		if (c->time_ms[i - 1] < c->time_ms[i])
			continue;
		a = columns_get(c, i - 1, 0);
		b = columns_get(c, i, 0);
		if (event_order(&a, &b, ids) > 0)
			return false;
	}
	return true;
}

bool columns_sort(struct columns *c, uint64_t from, uint64_t to, const struct ids *ids,
	struct event_room *room)
{
	if (is_sorted(c, from, to, ids))
		return true;
	if (!event_room_fit(room, to - from))
		return false;
	for (uint64_t i = from; i < to; i++)
		room->ev[i - from] = columns_get(c, i, 0);
	event_sort(room->ev, to - from, ids);
	for (uint64_t i = from; i < to; i++)
		columns_set(c, i, &room->ev[i - from]);
	return true;
}
