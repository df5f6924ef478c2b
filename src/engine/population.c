#include "engine/population.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "engine/feed.h"
#include "ingest/names.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define EMPTY UINT64_MAX        /* no pair: numbers end before DICT_NONE, which is never twice */

/* Numbers for pairs of numbers, in order of arrival; open addressing, at most half full. */
struct pairs {
	uint64_t *key;
	uint32_t *number;
	uint32_t mask, n;
};

static int pairs_init(struct pairs *s, uint32_t most)
{
	uint32_t cap = 16;

	while (cap < 2 * (uint64_t)most)
		cap *= 2;
	*s = (struct pairs){ .key = mem_get(cap, sizeof *s->key),
		.number = mem_get(cap, sizeof *s->number), .mask = cap - 1 };
	if (!s->key || !s->number)
		return -ENOMEM;
	memset(s->key, 0xff, cap * sizeof *s->key);
	return 0;
}

static void pairs_done(struct pairs *s)
{
	mem_free(s->key);
	mem_free(s->number);
}

static uint32_t pairs_number(struct pairs *s, uint32_t a, uint32_t b, bool *ret_is_new)
{
	uint64_t key = (uint64_t)a << 32 | b;
	uint32_t i = (uint32_t)chance_mix(key) & s->mask;

	while (s->key[i] != key && s->key[i] != EMPTY)
		i = (i + 1) & s->mask;
	*ret_is_new = s->key[i] == EMPTY;
	if (*ret_is_new) {
		s->key[i] = key;
		s->number[i] = s->n++;
	}
	return s->number[i];
}

/* Spans */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The smallest cell of a round span of which n - 1 hold the whole: the last one is not over yet. */
static int64_t round_cell(int64_t whole_ms, uint32_t n)
{
	static const int64_t round[] = { MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE,
		30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY,
		7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY, 112 * DAY };
	const uint32_t last = sizeof round / sizeof *round - 1;
	int64_t least = whole_ms / (n > 1 ? n - 1 : 1) + 1;
	uint32_t i = 0;

	while (i < last && round[i] < least)
		i++;
	return round[i] > least ? round[i] : least;
}

struct population_span population_span(int64_t window_ms, uint32_t n_cells, int64_t first_ms,
	int64_t now_ms)
{
	struct population_span s = { .n_cells = n_cells };

	if (s.n_cells > POPULATION_CELLS_MAX)
		s.n_cells = POPULATION_CELLS_MAX;
	if (!s.n_cells)
		s.n_cells = 1;
	if (window_ms > 0)
		s.cell_ms = (window_ms + s.n_cells - 1) / s.n_cells;
	else
		s.cell_ms = round_cell(now_ms > first_ms ? now_ms - first_ms : 0, s.n_cells);
	s.from_ms = (floor_div(now_ms, s.cell_ms) + 1 - (int64_t)s.n_cells) * s.cell_ms;
	return s;
}

/* Tables */

struct census {
	struct population *p;
	struct feed *f;
	const struct population_options *o;
	uint32_t *row_of;               /* by category: number plus 1; 0: none yet */
	struct pairs flow, flow_user, gained, lost, user;
};

/* The shift's cell; false: it is none, or outside of the span. */
static bool is_shift(const struct population_options *o, const struct finding *f, uint32_t *ret)
{
	int64_t cell = floor_div(f->time_ms - o->span.from_ms, o->span.cell_ms);

	if (f->kind != KIND_INTEREST || cell < 0 || cell >= o->span.n_cells)
		return false;
	*ret = (uint32_t)cell;
	return true;
}

static bool is_back(const struct population_options *o, const struct alert *a)
{
	return a->cleared_ms != INT64_MIN && a->cleared_ms <= o->now_ms;
}

static unsigned hour_of(const struct zone *z, int64_t ms)
{
	int64_t local = ms + zone_offset_s(z, ms) * INT64_C(1000);

	return (unsigned)(floor_div(local, HOUR) - 24 * floor_div(local, DAY));
}

static struct population_row *row_of(struct census *c, uint32_t category)
{
	uint32_t *number = &c->row_of[category];

	if (!*number) {
		*number = ++c->p->n_rows;
		c->p->row[*number - 1].category = category;
		c->p->row[*number - 1].last_ms = INT64_MIN;
	}
	return &c->p->row[*number - 1];
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void count_side(struct census *c, const struct alert *a, uint32_t cell, bool to)
{
	uint32_t category = to ? a->f.to : a->f.from;
	struct population_row *r;
	bool is_new;

	if (category == DICT_NONE)
		return;
	r = row_of(c, category);
	pairs_number(to ? &c->gained : &c->lost, category, a->f.user, &is_new);
	*(to ? &r->gained : &r->lost) += is_new;
	(to ? r->gain : r->loss)[cell]++;
	r->last_ms = later(r->last_ms, a->f.time_ms);
	if (to) {
		r->back += is_back(c->o, a);
		r->hour[hour_of(c->f->zone, a->f.time_ms)]++;
	}
}

/* From nowhere to nowhere is no way. */
static void count_flow(struct census *c, const struct alert *a)
{
	struct population_flow *w;
	bool is_new;
	uint32_t i;

	if (a->f.from == DICT_NONE && a->f.to == DICT_NONE)
		return;
	i = pairs_number(&c->flow, a->f.from, a->f.to, &is_new);
	w = &c->p->flow[i];
	if (is_new)
		*w = (struct population_flow){ .from = a->f.from, .to = a->f.to,
			.score = a->f.score, .last_ms = a->f.time_ms };
	pairs_number(&c->flow_user, i, a->f.user, &is_new);
	w->users += is_new;
	w->shifts++;
	w->back += is_back(c->o, a);
	w->score = a->f.score > w->score ? a->f.score : w->score;
	w->last_ms = later(w->last_ms, a->f.time_ms);
	c->p->n_flows = c->flow.n;
}

static void count_shift(struct census *c, const struct alert *a, uint32_t cell)
{
	struct population *p = c->p;
	bool is_new;

	pairs_number(&c->user, 0, a->f.user, &is_new);
	p->users += is_new;
	p->shifts++;
	p->back += is_back(c->o, a);
	p->hour[hour_of(c->f->zone, a->f.time_ms)]++;
	count_side(c, a, cell, false);
	count_side(c, a, cell, true);
	count_flow(c, a);
}

static int number_cmp(int64_t a, int64_t b)
{
	return (b > a) - (b < a);
}

/* As people see them, none last. */
static int name_cmp(const struct feed *f, uint32_t a, uint32_t b)
{
	const struct dict *d = f->ids->category;
	int r;

	if (a == DICT_NONE || b == DICT_NONE)
		return (a == DICT_NONE) - (b == DICT_NONE);
	r = strcmp(names_show(f->names, dict_text(d, a, NULL)),
		names_show(f->names, dict_text(d, b, NULL)));
	return r ? r : dict_cmp(d, a, b);
}

static int by_key(const struct census *c, enum population_sort key, const struct population_row *a,
	const struct population_row *b)
{
	switch (key) {
	case SORT_GAINED:
		return number_cmp(a->gained, b->gained);
	case SORT_LOST:
		return number_cmp(a->lost, b->lost);
	case SORT_NET:
		return number_cmp((int64_t)a->gained - a->lost, (int64_t)b->gained - b->lost);
	default:
		return name_cmp(c->f, a->category, b->category);
	}
}

static int row_cmp(const void *a, const void *b, void *ctx)
{
	const struct census *c = ctx;
	int key, r = by_key(c, c->o->sort, a, b);

	for (key = 0; !r && key < SORT_N; key++)
		r = by_key(c, key, a, b);
	return r;
}

static int flow_cmp(const void *a, const void *b, void *ctx)
{
	const struct census *c = ctx;
	const struct population_flow *x = a, *y = b;
	int r = number_cmp(x->users, y->users);

	if (!r)
		r = number_cmp(x->shifts, y->shifts);
	if (!r)
		r = name_cmp(c->f, x->from, y->from);
	return r ? r : name_cmp(c->f, x->to, y->to);
}

/* n shifts: no more rows than two each, no more ways than one. */
static int reserve(struct census *c, uint32_t n)
{
	uint32_t n_categories = dict_size(c->f->ids->category);
	uint64_t rows = 2 * (uint64_t)n < n_categories ? 2 * (uint64_t)n : n_categories;

	c->row_of = mem_get(n_categories + 1ul, sizeof *c->row_of);
	c->p->row = mem_get(rows + 1, sizeof *c->p->row);
	c->p->flow = mem_get(n + 1ul, sizeof *c->p->flow);
	if (!c->row_of || !c->p->row || !c->p->flow)
		return -ENOMEM;
	return pairs_init(&c->flow, n) < 0 || pairs_init(&c->flow_user, n) < 0
			|| pairs_init(&c->gained, n) < 0 || pairs_init(&c->lost, n) < 0
			|| pairs_init(&c->user, n) < 0
		? -ENOMEM
		: 0;
}

static uint32_t count_shifts(struct feed *f, const struct population_options *o)
{
	uint32_t i, cell, n = 0;

	for (i = 0; i < o->n_alerts; i++)
		n += is_shift(o, &feed_alert(f, i)->f, &cell);
	return n;
}

int population_make(struct population *p, struct feed *f, const struct population_options *o,
	struct err *e)
{
	struct census c = { .p = p, .f = f, .o = o };
	uint32_t i, cell;
	int code;

	*p = (struct population){ 0 };
	code = reserve(&c, count_shifts(f, o));
	for (i = 0; code == 0 && i < o->n_alerts; i++)
		if (is_shift(o, &feed_alert(f, i)->f, &cell))
			count_shift(&c, feed_alert(f, i), cell);
	if (code == 0) {
		qsort_r(p->row, p->n_rows, sizeof *p->row, row_cmp, &c);
		qsort_r(p->flow, p->n_flows, sizeof *p->flow, flow_cmp, &c);
	} else {
		population_done(p);
		err_set(e, code, "could not count shifts: out of memory");
	}
	pairs_done(&c.flow);
	pairs_done(&c.flow_user);
	pairs_done(&c.gained);
	pairs_done(&c.lost);
	pairs_done(&c.user);
	mem_free(c.row_of);
	return code;
}

void population_done(struct population *p)
{
	mem_free(p->row);
	mem_free(p->flow);
	*p = (struct population){ 0 };
}

/* Users */

static bool is_picked(const struct population_pick *k, const struct finding *f)
{
	return k->is_flow ? f->from == k->from && f->to == k->to
			  : f->from == k->to || f->to == k->to;
}

static int newest_cmp(const void *a, const void *b, void *ctx)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = number_cmp(feed_alert(ctx, x)->f.time_ms, feed_alert(ctx, y)->f.time_ms);

	return r ? r : number_cmp(x, y);
}

int population_users(struct feed *f, const struct population_options *o,
	const struct population_pick *pick, uint32_t **ret, uint32_t *ret_n)
{
	struct pairs seen = { 0 };
	uint32_t *list, i, cell, n = 0, kept = 0;
	bool is_new;

	list = mem_get(count_shifts(f, o) + 1ul, sizeof *list);
	for (i = 0; list && i < o->n_alerts; i++)
		if (is_shift(o, &feed_alert(f, i)->f, &cell)
			&& is_picked(pick, &feed_alert(f, i)->f))
			list[n++] = i;
	if (!list || pairs_init(&seen, n) < 0) {
		mem_free(list);
		pairs_done(&seen);
		return -ENOMEM;
	}
	qsort_r(list, n, sizeof *list, newest_cmp, f);
	for (i = 0; i < n; i++) {
		pairs_number(&seen, 0, feed_alert(f, list[i])->f.user, &is_new);
		if (is_new)
			list[kept++] = list[i];
	}
	pairs_done(&seen);
	*ret = list;
	*ret_n = kept;
	return 0;
}
