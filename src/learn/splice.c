#include "learn/splice.h"

#include <assert.h>
#include <errno.h>
#include <math.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/relabel.h"

const char *const splice_kind_name[SPLICE_N] = {
	[SPLICE_NULL] = "null", [SPLICE_WHOLE] = "whole", [SPLICE_PARTIAL] = "partial",
	[SPLICE_RELABEL] = "relabel", [SPLICE_SHAM] = "sham",
};

void splice_source_init(struct splice_source *s, const struct history *h, const struct ids *ids,
	const struct relabel *relabel)
{
	int64_t first_ms;
	*s = (struct splice_source){ .h = h, .ids = ids, .relabel = relabel };
	history_range(h, &first_ms, &s->last_ms);
}

uint32_t splice_first_from(const struct user_events *u, int64_t at_ms)
{
	uint32_t low = 0, high = u->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (u->time_ms[middle] < at_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool splice_keeps(const struct splice *x, bool of_donor, uint32_t k)
{
	return chance_pair(x->seed, 2ull * k + of_donor) >> 63;
}

static struct event event_at(const struct user_events *u, uint32_t i, uint32_t user)
{
	return (struct event){ .time_ms = u->time_ms[i], .user = user, .item = u->item[i],
		.category = u->category[i], .behaviour = u->behaviour[i],
		.price = u->price ? u->price[i] : NAN,
		.quantity = u->quantity ? u->quantity[i] : NAN };
}

/* One being made: the own events and the donor's, and those written so far. */
struct making {
	const struct splice *x;
	const struct splice_source *s;
	struct user_events own, donor;
	struct event *ev;
	uint32_t n;
};

static void add(struct making *m, const struct user_events *from, uint32_t i)
{
	m->ev[m->n++] = event_at(from, i, m->x->user);
}

static void add_whole(struct making *m)
{
	for (uint32_t i = m->x->donor_from; i < m->donor.n; i++)
		add(m, &m->donor, i);
}

static void add_sessions(struct making *m, const struct user_events *from, bool of_donor)
{
	uint32_t first = splice_first_from(from, m->x->at_ms), k = 0;
	for (uint32_t i = first; i < from->n; i++) {
		k += i > first && from->time_ms[i] - from->time_ms[i - 1] > SPLICE_GAP_MS;
		if (splice_keeps(m->x, of_donor, k))
			add(m, from, i);
	}
}

static void add_partial(struct making *m)
{
	add_sessions(m, &m->own, false);
	add_sessions(m, &m->donor, true);
}

static void add_relabelled(struct making *m)
{
	assert(m->s->relabel);
	for (uint32_t i = m->x->n_pre; i < m->own.n; i++) {
		add(m, &m->own, i);
		relabel_pair(m->s->relabel, m->x->seed, &m->ev[m->n - 1].category,
			&m->ev[m->n - 1].item);
	}
}

static void add_sham(struct making *m)
{
	struct chance c = { m->x->seed };
	uint32_t from = m->own.n - m->x->n_pre < SPLICE_OWN_MIN ? 0 : m->x->n_pre;
	for (uint32_t i = m->x->donor_from; i < m->donor.n; i++) {
		add(m, &m->own, from + chance_below(&c, m->own.n - from));
		m->ev[m->n - 1].time_ms = m->donor.time_ms[i];
	}
}

static void (*const add_later[SPLICE_N])(struct making *m) = {
	[SPLICE_WHOLE] = add_whole, [SPLICE_PARTIAL] = add_partial,
	[SPLICE_RELABEL] = add_relabelled, [SPLICE_SHAM] = add_sham,
};

static bool fit_columns(struct splice_room *r, uint32_t n)
{
	if (n <= r->cap)
		return true;
	for (int i = 0; i < COLUMN_N; i++) {
		void **at = columns_at(&r->col, (enum column)i);
		void *more = mem_resize(*at, n + n / 2 + 1ul, column_table[i].size);
		if (!more)
			return false;
		*at = more;
	}
	r->cap = n + n / 2 + 1;
	return true;
}

static bool fit(struct splice_room *r, uint32_t n)
{
	return event_room_fit(&r->event, n) && fit_columns(r, n);
}

static void give(const struct making *m, const struct splice_room *r, struct user_events *ret)
{
	struct columns c = r->col;
	for (uint32_t i = 0; i < m->n; i++)
		columns_set(&c, i, &m->ev[i]);
	*ret = (struct user_events){ .n = m->n, .time_ms = c.time_ms, .item = c.item,
		.category = c.category, .behaviour = c.behaviour,
		.price = m->own.price ? c.price : NULL,
		.quantity = m->own.quantity ? c.quantity : NULL };
}

int splice_events(const struct splice *x, const struct splice_source *s, struct splice_room *room,
	struct user_events *ret, struct err *e)
{
	struct making m = { .x = x, .s = s };
	history_user(s->h, x->user, &m.own);
	if (!add_later[x->kind]) {
		*ret = m.own;
		return 0;
	}
	if (x->donor != DICT_NONE)
		history_user(s->h, x->donor, &m.donor);
	if (!fit(room, m.own.n + m.donor.n))
		return err_set(e, -ENOMEM, "could not splice a user's %u events: out of memory",
			m.own.n);
	m.ev = room->event.ev;
	for (uint32_t i = 0; i < x->n_pre; i++)
		add(&m, &m.own, i);
	add_later[x->kind](&m);
	if (x->kind != SPLICE_WHOLE)            /* whose parts are in order */
		event_sort(m.ev + x->n_pre, m.n - x->n_pre, s->ids);
	give(&m, room, ret);
	return 0;
}

void splice_room_done(struct splice_room *room)
{
	mem_free(room->event.ev);
	columns_free(&room->col);
	*room = (struct splice_room){0};
}
