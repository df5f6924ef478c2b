#include "learn/relabel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "series/history.h"

#define BLOCK_MIN 4u
#define BLOCK_MAX 16u

struct block {
	uint32_t from, n;               /* places */
};

/* An item on the shelf of a category. */
struct ware {
	uint32_t item, count;
	uint32_t place;                 /* in the shelf's order of popularity */
};

struct relabel {
	const struct ids *ids;
	uint32_t n_categories, n_placed;
	uint32_t *count;                /* events, by category number */
	uint32_t *place;                /* by category number: 0 is the most popular */
	uint32_t *at;                   /* by place: the category */
	struct block *block;            /* by place */
	uint64_t *shelf;                /* [n_categories + 1]: where the wares of each start */
	struct ware *ware;              /* of a shelf: by item number */
	uint32_t *by_place;             /* like ware: the item at a place */
};

static void count_events(struct relabel *r, const struct history *h, uint64_t *pair)
{
	for (uint32_t user = 0; user < history_n_users(h); user++) {
		struct user_events u;
		history_user(h, user, &u);
		for (uint32_t i = 0; i < u.n; i++) {
			r->count[u.category[i]]++;
			*pair++ = (uint64_t)u.category[i] << 32 | u.item[i];
		}
	}
}

static int by_popularity(const void *a, const void *b, void *ctx)
{
	const struct relabel *r = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	if (r->count[x] != r->count[y])
		return r->count[x] < r->count[y] ? 1 : -1;
	return dict_cmp(r->ids->category, x, y);
}

/* How many places the block from a place on has: what would be left alone joins it. */
static uint32_t block_size(uint32_t from, uint32_t n_placed)
{
	uint32_t n = from / 2, left = n_placed - from;
	n = n < BLOCK_MIN ? BLOCK_MIN : n > BLOCK_MAX ? BLOCK_MAX : n;
	return left < n + 2 ? left : n;
}

static void place_categories(struct relabel *r)
{
	for (uint32_t c = 0; c < r->n_categories; c++)
		if (r->count[c] > 0)
			r->at[r->n_placed++] = c;
	qsort_r(r->at, r->n_placed, sizeof *r->at, by_popularity, r);
	for (uint32_t from = 0, n; from < r->n_placed; from += n) {
		n = block_size(from, r->n_placed);
		for (uint32_t i = from; i < from + n; i++) {
			r->place[r->at[i]] = i;
			r->block[i] = (struct block){ from, n };
		}
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Pairs sorted by number to wares; returns how many there are. */
static uint64_t gather_wares(struct relabel *r, const uint64_t *pair, uint64_t n)
{
	uint64_t kept = 0;
	for (uint64_t i = 0; i < n; i++) {
		if (i == 0 || pair[i] != pair[i - 1]) {
			r->ware[kept++].item = (uint32_t)pair[i];
			r->shelf[(pair[i] >> 32) + 1] = kept;
		}
		r->ware[kept - 1].count++;
	}
	for (uint32_t c = 0; c < r->n_categories; c++)
		if (r->shelf[c + 1] < r->shelf[c])
			r->shelf[c + 1] = r->shelf[c];
	return kept;
}

struct shelf {
	const struct ware *ware;
	const struct dict *item;
};

static int by_sales(const void *a, const void *b, void *ctx)
{
	const struct shelf *s = ctx;
	const struct ware *x = &s->ware[*(const uint32_t *)a], *y = &s->ware[*(const uint32_t *)b];
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return dict_cmp(s->item, x->item, y->item);
}

static void place_wares(struct relabel *r, uint32_t category)
{
	uint64_t from = r->shelf[category];
	uint32_t n = (uint32_t)(r->shelf[category + 1] - from), *order = r->by_place + from;
	struct shelf s = { r->ware + from, r->ids->item };
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, by_sales, &s);
	for (uint32_t i = 0; i < n; i++) {
		r->ware[from + order[i]].place = i;
		order[i] = s.ware[order[i]].item;
	}
}

static bool make_shelves(struct relabel *r, const struct history *h)
{
	uint64_t n = history_n_events(h), *pair = mem_get(n + 1, sizeof *pair);
	if (!pair)
		return false;
	count_events(r, h, pair);
	place_categories(r);
	qsort(pair, n, sizeof *pair, by_number);
	n = gather_wares(r, pair, n);
	mem_free(pair);
	r->by_place = mem_get(n + 1, sizeof *r->by_place);
	for (uint32_t c = 0; r->by_place && c < r->n_categories; c++)
		place_wares(r, c);
	return r->by_place != NULL;
}

struct relabel *relabel_new(const struct history *h, const struct ids *ids, struct err *e)
{
	struct relabel *r = mem_get(1, sizeof *r);
	uint32_t n = dict_size(ids->category);
	bool ok = r != NULL;
	if (ok) {
		r->ids = ids;
		r->n_categories = n;
		r->count = mem_get(n + 1ul, sizeof *r->count);
		r->place = mem_get(n + 1ul, sizeof *r->place);
		r->at = mem_get(n + 1ul, sizeof *r->at);
		r->block = mem_get(n + 1ul, sizeof *r->block);
		r->shelf = mem_get(n + 1ul, sizeof *r->shelf);
		r->ware = mem_get(history_n_events(h) + 1, sizeof *r->ware);
		ok = r->count && r->place && r->at && r->block && r->shelf && r->ware &&
			make_shelves(r, h);
	}
	if (ok)
		return r;
	relabel_free(r);
	err_set(e, -ENOMEM, "could not order the categories by popularity: out of memory");
	return NULL;
}

void relabel_free(struct relabel *r)
{
	if (!r)
		return;
	mem_free(r->count);
	mem_free(r->place);
	mem_free(r->at);
	mem_free(r->block);
	mem_free(r->shelf);
	mem_free(r->ware);
	mem_free(r->by_place);
	mem_free(r);
}

/* Where the place goes in its block's cycle. */
static uint32_t cycled(const struct block *b, uint64_t seed, uint32_t place)
{
	uint32_t to[BLOCK_MAX + 2];
	struct chance c = { chance_pair(seed, b->from) };
	for (uint32_t i = 0; i < b->n; i++)
		to[i] = i;
	for (uint32_t i = b->n; i-- > 1; ) {
		uint32_t k = chance_below(&c, i), swap = to[i];
		to[i] = to[k];
		to[k] = swap;
	}
	return b->from + to[place - b->from];
}

uint32_t relabel_category(const struct relabel *r, uint64_t seed, uint32_t category)
{
	if (category >= r->n_categories || r->count[category] == 0)
		return category;
	uint32_t place = r->place[category];
	return r->at[cycled(&r->block[place], seed, place)];
}

static const struct ware *find_ware(const struct relabel *r, uint32_t category, uint32_t item)
{
	uint64_t low = r->shelf[category], high = r->shelf[category + 1];
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (r->ware[middle].item == item)
			return &r->ware[middle];
		if (r->ware[middle].item < item)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void relabel_pair(const struct relabel *r, uint64_t seed, uint32_t *category, uint32_t *item)
{
	uint32_t from = *category, to = relabel_category(r, seed, from);
	const struct ware *w = from < r->n_categories ? find_ware(r, from, *item) : NULL;
	if (!w || to == from)
		return;
	uint64_t n = r->shelf[from + 1] - r->shelf[from], m = r->shelf[to + 1] - r->shelf[to];
	*category = to;
	*item = r->by_place[r->shelf[to] + w->place * m / n];
}

uint32_t relabel_block(const struct relabel *r, uint32_t category)
{
	return r->block[r->place[category]].from;
}
