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

/* Numbers for pairs of numbers, in order of arrival; open addressing, at most half full. */
struct pair {
	uint64_t key;
	uint32_t number;
};
struct pairs {
	struct pair *pair;
	uint32_t mask, n;
};

static int pairs_init(struct pairs *s, uint32_t most)
{
	uint32_t cap = 16;

	while (cap < 2 * (uint64_t)most)
		cap *= 2;
	*s = (struct pairs){ .pair = mem_get(cap, sizeof *s->pair), .mask = cap - 1 };
	return s->pair ? 0 : -ENOMEM;
}

static void pairs_done(struct pairs *s)
{
	mem_free(s->pair);
}

/* Keys are one more than the pair, so that 0 is none: DICT_NONE is never both parts. */
static uint32_t pairs_number(struct pairs *s, uint32_t a, uint32_t b, bool *ret_is_new)
{
	uint64_t key = ((uint64_t)a << 32 | b) + 1;
	uint32_t i = (uint32_t)chance_mix(key) & s->mask;

	while (s->pair[i].key != key && s->pair[i].key)
		i = (i + 1) & s->mask;
	*ret_is_new = !s->pair[i].key;
	if (*ret_is_new)
		s->pair[i] = (struct pair){ key, s->n++ };
	return s->pair[i].number;
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

/* Shifts come user by user, so whoever was counted last is whoever was counted at all. */
struct post {
	uint32_t row;                   /* number plus 1; 0: none yet */
	uint32_t gained, lost;          /* the last user counted, plus 1 */
	uint32_t rank;                  /* of its name among those with a row */
};

struct census {
	struct population *p;
	struct feed *f;
	const struct population_options *o;
	struct post *post;              /* by category */
	struct pairs flow;
	uint32_t *flow_user;            /* by way: the last user counted, plus 1 */
	uint64_t *shift;                /* user << 32 | alert, in order */
	uint32_t n;
};

static int64_t cell_of(const struct population_options *o, const struct finding *f)
{
	return floor_div(f->time_ms - o->span.from_ms, o->span.cell_ms);
}

/* In the span, too. */
static bool is_shift(const struct population_options *o, const struct finding *f)
{
	return f->kind == KIND_INTEREST && f->time_ms >= o->span.from_ms
		&& f->time_ms < o->span.from_ms + o->span.cell_ms * o->span.n_cells;
}

static int number_cmp(int64_t a, int64_t b)
{
	return (b > a) - (b < a);
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
	struct post *post = &c->post[category];

	if (!post->row) {
		post->row = ++c->p->n_rows;
		c->p->row[post->row - 1].category = category;
		c->p->row[post->row - 1].last_ms = INT64_MIN;
	}
	return &c->p->row[post->row - 1];
}

/* Marks that a user was counted; false: was already. */
static bool is_first(uint32_t *last, uint32_t user)
{
	bool is_new = *last != user + 1;

	*last = user + 1;
	return is_new;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void count_loss(struct census *c, const struct alert *a, uint32_t cell)
{
	struct population_row *r;

	if (a->f.from == DICT_NONE)
		return;
	r = row_of(c, a->f.from);
	r->lost += is_first(&c->post[a->f.from].lost, a->f.user);
	r->loss[cell]++;
	r->last_ms = later(r->last_ms, a->f.time_ms);
}

static void count_gain(struct census *c, const struct alert *a, uint32_t cell, unsigned hour)
{
	struct population_row *r;

	if (a->f.to == DICT_NONE)
		return;
	r = row_of(c, a->f.to);
	r->gained += is_first(&c->post[a->f.to].gained, a->f.user);
	r->gain[cell]++;
	r->last_ms = later(r->last_ms, a->f.time_ms);
	r->back += is_back(c->o, a);
	r->hour[hour]++;
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
	w->users += is_first(&c->flow_user[i], a->f.user);
	w->shifts++;
	w->back += is_back(c->o, a);
	w->score = a->f.score > w->score ? a->f.score : w->score;
	w->last_ms = later(w->last_ms, a->f.time_ms);
	c->p->n_flows = c->flow.n;
}

static void count_shifts(struct census *c)
{
	struct population *p = c->p;
	uint32_t i, user = 0;

	for (i = 0; i < c->n; i++) {
		const struct alert *a = feed_alert(c->f, (uint32_t)c->shift[i]);
		uint32_t cell = (uint32_t)cell_of(c->o, &a->f);
		unsigned hour = hour_of(c->f->zone, a->f.time_ms);

		p->users += is_first(&user, a->f.user);
		p->shifts++;
		p->back += is_back(c->o, a);
		p->hour[hour]++;
		count_loss(c, a, cell);
		count_gain(c, a, cell, hour);
		count_flow(c, a);
	}
}

/* As people see them. */
static int name_cmp(const void *a, const void *b, void *ctx)
{
	const struct feed *f = ctx;
	const struct dict *d = f->ids->category;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = strcmp(names_show(f->names, dict_text(d, x, NULL)),
		names_show(f->names, dict_text(d, y, NULL)));

	return r ? r : dict_cmp(d, x, y);
}

/* Names are compared once for each category, not once for each way. */
static int rank_names(struct census *c)
{
	uint32_t n = c->p->n_rows, *category = mem_get(n + 1ul, sizeof *category), i;

	if (!category)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		category[i] = c->p->row[i].category;
	qsort_r(category, n, sizeof *category, name_cmp, c->f);
	for (i = 0; i < n; i++)
		c->post[category[i]].rank = i;
	mem_free(category);
	return 0;
}

/* None is last. */
static int rank_cmp(const struct census *c, uint32_t a, uint32_t b)
{
	uint32_t x = a == DICT_NONE ? UINT32_MAX : c->post[a].rank;
	uint32_t y = b == DICT_NONE ? UINT32_MAX : c->post[b].rank;

	return (x > y) - (x < y);
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
		return rank_cmp(c, a->category, b->category);
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
		r = rank_cmp(c, x->from, y->from);
	return r ? r : rank_cmp(c, x->to, y->to);
}

/* No more rows than two a shift, no more ways than one. */
static int reserve(struct census *c)
{
	uint32_t n_categories = dict_size(c->f->ids->category);
	uint64_t rows = 2 * (uint64_t)c->n < n_categories ? 2 * (uint64_t)c->n : n_categories;

	c->post = mem_get(n_categories + 1ul, sizeof *c->post);
	c->flow_user = mem_get(c->n + 1ul, sizeof *c->flow_user);
	c->p->row = mem_get(rows + 1, sizeof *c->p->row);
	c->p->flow = mem_get(c->n + 1ul, sizeof *c->p->flow);
	if (!c->post || !c->flow_user || !c->p->row || !c->p->flow)
		return -ENOMEM;
	return pairs_init(&c->flow, c->n);
}

static int shift_cmp(const void *a, const void *b)
{
	return number_cmp((int64_t)*(const uint64_t *)b, (int64_t)*(const uint64_t *)a);
}

/* The shifts of the span, by user. */
static int gather(struct census *c)
{
	uint32_t i;

	for (i = 0; i < c->o->n_alerts; i++)
		c->n += is_shift(c->o, &feed_alert(c->f, i)->f);
	c->shift = mem_get(c->n + 1ul, sizeof *c->shift);
	if (!c->shift)
		return -ENOMEM;
	c->n = 0;
	for (i = 0; i < c->o->n_alerts; i++)
		if (is_shift(c->o, &feed_alert(c->f, i)->f))
			c->shift[c->n++] = (uint64_t)feed_alert(c->f, i)->f.user << 32 | i;
	qsort(c->shift, c->n, sizeof *c->shift, shift_cmp);
	return 0;
}

static void census_done(struct census *c)
{
	pairs_done(&c->flow);
	mem_free(c->post);
	mem_free(c->flow_user);
	mem_free(c->shift);
}

int population_make(struct population *p, struct feed *f, const struct population_options *o,
	struct err *e)
{
	struct census c = { .p = p, .f = f, .o = o };
	int code;

	*p = (struct population){ 0 };
	code = gather(&c);
	if (code == 0)
		code = reserve(&c);
	if (code == 0) {
		count_shifts(&c);
		code = rank_names(&c);
	}
	if (code == 0) {
		qsort_r(p->row, p->n_rows, sizeof *p->row, row_cmp, &c);
		qsort_r(p->flow, p->n_flows, sizeof *p->flow, flow_cmp, &c);
	} else {
		population_done(p);
		err_set(e, code, "could not count shifts: out of memory");
	}
	census_done(&c);
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

/* By user, each one's newest first. */
static int user_cmp(const void *a, const void *b, void *ctx)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = number_cmp(feed_alert(ctx, x)->f.user, feed_alert(ctx, y)->f.user);

	return r ? r : newest_cmp(a, b, ctx);
}

int population_users(struct feed *f, const struct population_options *o,
	const struct population_pick *pick, uint32_t **ret, uint32_t *ret_n)
{
	uint32_t *list = mem_get(o->n_alerts + 1ul, sizeof *list), i, n = 0, kept = 0;
	uint32_t user = 0;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < o->n_alerts; i++)
		if (is_shift(o, &feed_alert(f, i)->f)
			&& is_picked(pick, &feed_alert(f, i)->f))
			list[n++] = i;
	qsort_r(list, n, sizeof *list, user_cmp, f);
	for (i = 0; i < n; i++)
		if (is_first(&user, feed_alert(f, list[i])->f.user))
			list[kept++] = list[i];
	qsort_r(list, kept, sizeof *list, newest_cmp, f);
	*ret = list;
	*ret_n = kept;
	return 0;
}
