#include "series/history.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "series/columns.h"
#include "series/crew.h"
#include "series/spill.h"
#include "series/timeline.h"

#define SLICES_AT_ONCE 256u     /* users a thread takes at a time to sort */

/* Users stand in order of (number % n_parts, number): n_parts is 1 in memory. A user's place in
 * that order is its slice; slice i has the rows start[i] to start[i + 1] - 1.
 */
struct history {
	const struct ids *ids;
	size_t memory_bytes, held_bytes;
	struct batch **batch;           /* until sealed, in memory */
	uint32_t n_batches, cap_batches;
	bool has_price, has_quantity, sealed, ordered;
	uint64_t n_events;
	uint32_t n_users, n_parts;
	int64_t first_ms, last_ms;
	uint64_t *start;                /* n_users + 1 */
	struct columns col;
	struct spill *spill;
	struct timeline timeline;
};

static int out_of_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep the events: out of memory");
}

struct history *history_new(const struct ids *ids, size_t memory_bytes, struct err *e)
{
	struct history *h = mem_get(1, sizeof(*h));

	if (!h) {
		out_of_memory(e);
		return NULL;
	}
	h->ids = ids;
	h->memory_bytes = memory_bytes;
	h->n_parts = 1;
	h->first_ms = INT64_MAX;
	h->last_ms = INT64_MIN;
	h->timeline.fd = -1;
	return h;
}

static void free_batches(struct history *h)
{
	for (uint32_t i = 0; i < h->n_batches; i++)
		batch_free(h->batch[i]);
	mem_free(h->batch);
	h->batch = NULL;
	h->n_batches = 0;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	free_batches(h);
	timeline_done(&h->timeline);
	if (!h->spill)                  /* else they are the spill's map */
		columns_free(&h->col);
	spill_close(h->spill);
	mem_free(h->start);
	mem_free(h);
}

static bool has_number(const float *column, uint32_t n)
{
	for (uint32_t i = 0; column && i < n; i++)
		if (!isnan(column[i]))
			return true;
	return false;
}

/* Lets go of what nobody will read: row offsets, columns of absent numbers, rooms never filled. */
static void slim(struct batch *b)
{
	void **column[] = {
		(void **)&b->time_ms, (void **)&b->user, (void **)&b->item, (void **)&b->category,
		(void **)&b->behaviour, (void **)&b->price, (void **)&b->quantity,
	};
	static const size_t size[] = { 8, 4, 4, 4, 1, 4, 4 };

	mem_free(b->offset);
	b->offset = NULL;
	if (!has_number(b->price, b->n)) {
		mem_free(b->price);
		b->price = NULL;
	}
	if (!has_number(b->quantity, b->n)) {
		mem_free(b->quantity);
		b->quantity = NULL;
	}
	if (b->cap - b->n <= b->n / 8)
		return;
	for (size_t i = 0; i < sizeof(column) / sizeof(*column); i++) {
		void *p = *column[i] ? mem_resize(*column[i], b->n ? b->n : 1, size[i]) : NULL;

		if (p)
			*column[i] = p;
	}
	b->cap = b->n;
}

static size_t batch_bytes(const struct batch *b)
{
	return b->cap * (21u + (b->price ? 4u : 0) + (b->quantity ? 4u : 0));
}

static void note_times(struct history *h, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->time_ms[i] < h->first_ms)
			h->first_ms = b->time_ms[i];
		if (b->time_ms[i] > h->last_ms)
			h->last_ms = b->time_ms[i];
	}
}

static int keep(struct history *h, struct batch *b, struct err *e)
{
	if (h->n_batches == h->cap_batches) {
		uint32_t cap = h->cap_batches ? h->cap_batches * 2 : 64;
		struct batch **more = mem_resize(h->batch, cap, sizeof(*more));

		if (!more)
			return out_of_memory(e);
		h->batch = more;
		h->cap_batches = cap;
	}
	h->batch[h->n_batches++] = b;
	h->held_bytes += batch_bytes(b);
	return 0;
}

/* From here on, batches go to files as they come. */
static int begin_spilling(struct history *h, struct err *e)
{
	h->spill = spill_open(e);
	if (!h->spill)
		return e->code;
	for (uint32_t i = 0; i < h->n_batches; i++) {
		if (spill_add(h->spill, h->batch[i], e) < 0)
			return e->code;
		batch_free(h->batch[i]);
		h->batch[i] = NULL;
	}
	free_batches(h);
	return 0;
}

int history_take(void *history, struct batch *b, struct err *e)
{
	struct history *h = history;
	struct err failed = {0};

	assert(!h->sealed);
	slim(b);
	note_times(h, b);
	h->n_events += b->n;
	h->has_price |= b->price != NULL;
	h->has_quantity |= b->quantity != NULL;
	if (h->n_events >= UINT32_MAX)
		err_set(&failed, -EOVERFLOW,
			"could not keep the events: more than 4,294,967,294 of them");
	else if (h->spill)
		spill_add(h->spill, b, &failed);
	else if (b->n && keep(h, b, &failed) == 0)
		b = NULL;
	if (!failed.code && !h->spill && h->memory_bytes && h->held_bytes > h->memory_bytes)
		begin_spilling(h, &failed);
	batch_free(b);
	return failed.code ? err_set(e, failed.code, "%s", failed.text) : 0;
}

/* Each event's row in the columns, written over its user. start[u + 1] moves from the first row of
 * u to its end, which is where u + 1 begins; so start[] needs no copy.
 */
static void place_events(struct history *h)
{
	uint64_t *start = h->start, sum = 0;

	for (uint32_t i = 0; i < h->n_batches; i++)
		for (uint32_t k = 0; k < h->batch[i]->n; k++)
			start[h->batch[i]->user[k] + 1]++;
	for (uint32_t u = 1; u <= h->n_users; u++) {
		uint64_t count = start[u];

		start[u] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < h->n_batches; i++)
		for (uint32_t k = 0; k < h->batch[i]->n; k++)
			h->batch[i]->user[k] = (uint32_t)start[h->batch[i]->user[k] + 1]++;
}

struct scatter {
	struct history *h;
	enum column which;
	atomic_uint next;       /* batch */
};

#define SCATTER(type, absent) do { \
	type *to_ = to; \
	const type *from_ = from; \
	for (uint32_t i = 0; i < n; i++) \
		to_[row[i]] = from_ ? from_[i] : (absent); \
} while (0)

static void scatter_column(void *to, const void *from, const uint32_t *row, uint32_t n,
	enum column which)
{
	switch (column_table[which].size) {
	case 8:
		SCATTER(int64_t, 0);
		break;
	case 4:
		if (which == COLUMN_PRICE || which == COLUMN_QUANTITY)
			SCATTER(float, NAN);
		else
			SCATTER(uint32_t, 0);
		break;
	default:
		SCATTER(uint8_t, 0);
	}
}

static void scatter_work(void *ctx)
{
	struct scatter *s = ctx;
	void *to = *columns_at(&s->h->col, s->which);
	uint32_t i;

	while ((i = s->next++) < s->h->n_batches) {
		struct batch *b = s->h->batch[i];
		void **from = columns_of_batch(b, s->which);

		scatter_column(to, *from, b->user, b->n, s->which);
		mem_free(*from);
		*from = NULL;
	}
}

struct sorting {
	struct history *h;
	atomic_uint next;       /* group of SLICES_AT_ONCE users */
	atomic_bool failed;
};

static void sort_work(void *ctx)
{
	struct sorting *s = ctx;
	struct history *h = s->h;
	struct event_room room = {0};
	uint64_t group;

	while (!s->failed && (group = s->next++) * SLICES_AT_ONCE < h->n_users) {
		uint64_t from = group * SLICES_AT_ONCE, to = from + SLICES_AT_ONCE;

		for (uint64_t u = from; u < to && u < h->n_users; u++)
			if (!columns_sort(&h->col, h->start[u], h->start[u + 1], h->ids, &room))
				s->failed = true;
	}
	mem_free(room.ev);
}

static bool is_wanted(const struct history *h, enum column which)
{
	return (which != COLUMN_PRICE || h->has_price) &&
		(which != COLUMN_QUANTITY || h->has_quantity);
}

static int seal_in_memory(struct history *h, unsigned threads, struct err *e)
{
	struct sorting sorting = { .h = h };

	place_events(h);
	for (int which = 0; which < COLUMN_N; which++) {
		struct scatter scatter = { .h = h, .which = which };
		void **column = columns_at(&h->col, which);

		if (!is_wanted(h, which))
			continue;
		*column = mem_get(h->n_events + 1, column_table[which].size);
		if (!*column)
			return out_of_memory(e);
		crew_run(threads, scatter_work, &scatter);
	}
	free_batches(h);
	crew_run(threads, sort_work, &sorting);
	return sorting.failed ? out_of_memory(e) : 0;
}

static int seal_spilled(struct history *h, unsigned threads, struct err *e)
{
	struct spill_plan plan = {
		.ids = h->ids,
		.n_users = h->n_users,
		.threads = threads,
		.memory_bytes = h->memory_bytes,
		.price = h->has_price,
		.quantity = h->has_quantity,
	};

	h->n_parts = SPILL_PARTS;
	return spill_seal(h->spill, &plan, h->start, &h->col, e);
}

int history_seal(struct history *h, unsigned threads, struct err *e)
{
	assert(!h->sealed);
	h->sealed = true;
	h->n_users = dict_size(h->ids->user);
	h->start = mem_get(h->n_users + 1ul, sizeof(*h->start));
	if (!h->start)
		return out_of_memory(e);
	return h->spill ? seal_spilled(h, threads, e) : seal_in_memory(h, threads, e);
}

uint64_t history_n_events(const struct history *h)
{
	return h->n_events;
}

uint32_t history_n_users(const struct history *h)
{
	return h->n_users;
}

void history_range(const struct history *h, int64_t *ret_first_ms, int64_t *ret_last_ms)
{
	*ret_first_ms = h->first_ms;
	*ret_last_ms = h->last_ms;
}

bool history_is_spilled(const struct history *h)
{
	return h->spill != NULL;
}

/* Of the n_parts groups of users, the first n_users % n_parts have one user more than the rest. */
static uint32_t slice_of(const struct history *h, uint32_t user)
{
	uint32_t part = user % h->n_parts, extra = h->n_users % h->n_parts;

	return part * (h->n_users / h->n_parts) + (part < extra ? part : extra) + user / h->n_parts;
}

static uint32_t user_of(const struct history *h, uint32_t slice)
{
	uint32_t least = h->n_users / h->n_parts, extra = h->n_users % h->n_parts;
	uint32_t in_larger = extra * (least + 1);

	if (slice < in_larger)
		return slice / (least + 1) + slice % (least + 1) * h->n_parts;
	slice -= in_larger;
	return extra + slice / least + slice % least * h->n_parts;
}

void history_user(const struct history *h, uint32_t user, struct user_events *ret)
{
	uint32_t slice = slice_of(h, user);
	uint64_t at = h->start[slice];

	assert(h->sealed && user < h->n_users);
	*ret = (struct user_events){ .n = (uint32_t)(h->start[slice + 1] - at) };
	if (!ret->n)
		return;
	ret->time_ms = h->col.time_ms + at;
	ret->item = h->col.item + at;
	ret->category = h->col.category + at;
	ret->behaviour = h->col.behaviour + at;
	ret->price = h->col.price ? h->col.price + at : NULL;
	ret->quantity = h->col.quantity ? h->col.quantity + at : NULL;
	if (h->spill)
		spill_touched(h->spill, ret->n * sizeof(struct event), h->memory_bytes);
}

static int by_user_bytes(const void *a, const void *b, void *dict)
{
	return dict_cmp(dict, *(const uint32_t *)a, *(const uint32_t *)b);
}

/* rank[slice] of the user's bytes among all users. */
static bool rank_users(const struct history *h, uint32_t *rank)
{
	uint32_t *user = mem_get(h->n_users + 1ul, sizeof(*user));

	if (!user)
		return false;
	for (uint32_t u = 0; u < h->n_users; u++)
		user[u] = u;
	qsort_r(user, h->n_users, sizeof(*user), by_user_bytes, h->ids->user);
	for (uint32_t i = 0; i < h->n_users; i++)
		rank[slice_of(h, user[i])] = i;
	mem_free(user);
	return true;
}

int history_order(struct history *h, struct err *e)
{
	uint32_t *rank;
	int code;

	assert(h->sealed);
	if (h->ordered)
		return 0;
	rank = mem_get(h->n_users + 1ul, sizeof(*rank));
	if (!rank || !rank_users(h, rank)) {
		mem_free(rank);
		return out_of_memory(e);
	}
	code = timeline_init(&h->timeline, &(struct timeline_source){
		.time_ms = h->col.time_ms,
		.start = h->start,
		.rank = rank,
		.n_slices = h->n_users,
		.in_file = h->spill != NULL,
	}, e);
	mem_free(rank);
	h->ordered = code == 0;
	return code;
}

/* The slice that has the row: the last one that starts at or before it. */
static uint32_t slice_with(const struct history *h, uint64_t row)
{
	uint32_t low = 0, high = h->n_users;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (h->start[middle] <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}

void history_nth(const struct history *h, uint64_t k, uint32_t *ret_user, uint32_t *ret_index)
{
	uint32_t row, slice;

	assert(h->ordered && k < h->n_events);
	row = h->timeline.row[k];
	slice = slice_with(h, row);
	*ret_user = user_of(h, slice);
	*ret_index = (uint32_t)(row - h->start[slice]);
}

uint64_t history_rank(const struct history *h, int64_t t_ms)
{
	uint64_t low = 0, high = h->n_events;

	assert(h->ordered);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (h->col.time_ms[h->timeline.row[middle]] <= t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
