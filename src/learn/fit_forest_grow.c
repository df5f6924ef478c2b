/* A tree is grown depth first, the smaller child first, so few nodes wait. A node of many rows has
 * a histogram of each column it tries; where its parent has one of the column, too, the larger
 * child's is the parent's less the smaller child's.
 */
#include "learn/fit_forest_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/mem.h"

#define FEW 160u                /* rows up to which a node needs no histogram */
#define NEAR_BYTES 65536u       /* bins of a node of that size are copied close together */
#define DEPTH_MAX 40            /* nodes that wait: each has at least twice the rows of the next */
#define AHEAD 16u               /* items */
#define NODES_FIRST 1024u

struct slot {
	int64_t *cell;          /* [n_tried][BINS_MAX] */
	uint16_t *column;       /* [n], ascending */
	uint32_t n;
};

struct task {
	const uint8_t *bin;
	int64_t word;           /* sum of the items' */
	uint64_t key;           /* of the random numbers */
	uint32_t first, n;      /* items */
	uint32_t node, depth;
	int slot;               /* -1: none */
};

struct grower {
	const struct fit_job *job;
	uint32_t *times;                /* [n_rows] drawn */
	struct fit_item *item, *spare;  /* [n_rows] */
	uint8_t *near;                  /* [NEAR_BYTES] */
	struct slot slot[DEPTH_MAX + 3];
	uint64_t free_slots;
	int64_t *cells, *extra;         /* of all slots; [n_tried] histograms, [BINS_MAX] zeros */
	int64_t *few;
	uint16_t *columns;              /* of all slots; and of a node without one */
	struct slot own;
	struct fit_lane *lane, *other;  /* [2 n_tried] */
	int64_t **of_parent, **of_small;        /* [n_columns] histograms, or NULL */
	struct task wait[DEPTH_MAX];
	uint32_t n_wait;
	struct forest_node *node;
	uint32_t n_nodes, cap;
	double *impurity;
};

static int64_t *cells_of(const struct slot *s, uint32_t i)
{
	return s->cell + (uint64_t)i * BINS_MAX;
}

static uint32_t n_tried(const struct fit_job *j)
{
	return j->o.n_tried < j->n_usable ? j->o.n_tried : j->n_usable;
}

static void share_out(struct grower *g)
{
	uint32_t tried = n_tried(g->job), n_slots = DEPTH_MAX + 3;
	for (uint32_t i = 0; i < n_slots; i++) {
		g->slot[i].cell = g->cells + (uint64_t)i * tried * BINS_MAX;
		g->slot[i].column = g->columns + (uint64_t)i * tried;
	}
	g->own.column = g->columns + (uint64_t)n_slots * tried;
	g->free_slots = (1ull << n_slots) - 1;
}

struct grower *grower_new(const struct fit_job *j)
{
	struct grower *g = mem_get(1, sizeof *g);
	uint32_t tried = n_tried(j) + 1, n_slots = DEPTH_MAX + 3;
	if (!g)
		return NULL;
	g->job = j;
	if ((g->times = mem_get(j->d->n_rows, sizeof *g->times)) &&
		(g->item = mem_get(j->d->n_rows, sizeof *g->item)) &&
		(g->spare = mem_get(j->d->n_rows, sizeof *g->spare)) &&
		(g->near = mem_get(1, NEAR_BYTES)) &&
		(g->cells = mem_get((size_t)n_slots * tried, BINS_MAX * sizeof *g->cells)) &&
		(g->extra = mem_get(tried, BINS_MAX * sizeof *g->extra)) &&
		(g->few = mem_get(BINS_MAX, sizeof *g->few)) &&
		(g->columns = mem_get((n_slots + 1ul) * tried, sizeof *g->columns)) &&
		(g->lane = mem_get(2ul * tried, sizeof *g->lane)) &&
		(g->other = mem_get(2ul * tried, sizeof *g->other)) &&
		(g->of_parent = mem_get(j->d->n_columns, sizeof *g->of_parent)) &&
		(g->of_small = mem_get(j->d->n_columns, sizeof *g->of_small))) {
		share_out(g);
		return g;
	}
	grower_free(g);
	return NULL;
}

void grower_free(struct grower *g)
{
	if (!g)
		return;
	mem_free(g->times);
	mem_free(g->item);
	mem_free(g->spare);
	mem_free(g->near);
	mem_free(g->cells);
	mem_free(g->extra);
	mem_free(g->few);
	mem_free(g->columns);
	mem_free(g->lane);
	mem_free(g->other);
	mem_free(g->of_parent);
	mem_free(g->of_small);
	mem_free(g->node);
	mem_free(g->impurity);
	mem_free(g);
}

/* Selection sampling, in order (Fan, Muller, Rezucha 1962). */
static void choose_columns(const struct grower *g, struct slot *s, uint64_t key)
{
	const struct fit_job *j = g->job;
	struct chance c = { key };
	uint32_t wanted = n_tried(j);
	s->n = 0;
	for (uint32_t i = 0; s->n < wanted; i++)
		if (wanted == j->n_usable ||
			chance_below(&c, j->n_usable - i) < wanted - s->n)
			s->column[s->n++] = j->usable[i];
}

static struct fit_rows rows_of(const struct grower *g, const struct task *t)
{
	return (struct fit_rows){ g->item + t->first, t->n, g->job->stride, t->bin };
}

/* Bins of an item further on, for which memory is asked in time. */
static inline void ask_ahead(const struct grower *g, const struct task *t, uint32_t i)
{
	if (i + AHEAD < t->n)
		__builtin_prefetch(t->bin + (uint64_t)g->item[t->first + i + AHEAD].row *
			g->job->stride);
}

static bool is_pure(const struct grower *g, const struct task *t)
{
	const struct fit_item *item = g->item + t->first;
	for (uint32_t i = 1; i < t->n; i++)
		if (item[i].y != item[0].y)
			return false;
	return true;
}

static bool may_split(const struct grower *g, const struct task *t)
{
	const struct fit_job *j = g->job;
	int64_t mask = ((int64_t)1 << j->count_bits) - 1;
	return t->depth < j->o.max_depth && (t->word & mask) >= 2 * (int64_t)j->o.min_leaf &&
		g->n_nodes + 2 - t->node < FOREST_REACH && !is_pure(g, t);
}

/* A slot with empty histograms of the columns that the node will try. */
static struct slot *take_slot(struct grower *g, struct task *t)
{
	t->slot = __builtin_ctzll(g->free_slots);
	g->free_slots &= g->free_slots - 1;
	struct slot *s = &g->slot[t->slot];
	choose_columns(g, s, t->key);
	memset(s->cell, 0, (size_t)s->n * BINS_MAX * sizeof *s->cell);
	return s;
}

static void leave_slot(struct grower *g, int slot)
{
	if (slot >= 0)
		g->free_slots |= 1ull << slot;
}

static void note_columns(const struct slot *s, int64_t **of)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		of[s->column[i]] = cells_of(s, i);
}

static void forget_columns(const struct slot *s, int64_t **of)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		of[s->column[i]] = NULL;
}

static void subtract(int64_t *ret, const int64_t *from, const int64_t *less)
{
	for (uint32_t b = 0; b < BINS_MAX; b++)
		ret[b] = from[b] - less[b];
}

static void count_alone(struct grower *g, struct task *t)
{
	struct slot *s = take_slot(g, t);
	struct fit_rows rows = rows_of(g, t);
	for (uint32_t i = 0; i < s->n; i++)
		g->lane[i] = (struct fit_lane){ cells_of(s, i), s->column[i] };
	fit_count(&rows, g->lane, s->n);
}

/* Histograms of both children: first the smaller's, with the columns that it counts only for the
 * larger to be known by subtraction.
 */
static void count_both(struct grower *g, const struct slot *parent, struct task *small,
	struct task *large)
{
	bool small_has = small->slot == 0;
	struct slot *s = small_has ? take_slot(g, small) : NULL, *l = take_slot(g, large);
	struct fit_rows small_rows = rows_of(g, small), large_rows = rows_of(g, large);
	uint32_t n = 0, m = 0, n_extra = 0;
	note_columns(parent, g->of_parent);
	note_columns(s, g->of_small);
	for (; s && n < s->n; n++)
		g->lane[n] = (struct fit_lane){ cells_of(s, n), s->column[n] };
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t c = l->column[i];
		if (!g->of_parent[c]) {
			g->other[m++] = (struct fit_lane){ cells_of(l, i), c };
		} else if (!g->of_small[c]) {
			int64_t *cell = g->extra + (uint64_t)n_extra++ * BINS_MAX;
			memset(cell, 0, BINS_MAX * sizeof *cell);
			g->lane[n++] = (struct fit_lane){ cell, c };
			g->of_small[c] = cell;
		}
	}
	fit_count(&small_rows, g->lane, n);
	fit_count(&large_rows, g->other, m);
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t c = l->column[i];
		if (g->of_parent[c])
			subtract(cells_of(l, i), g->of_parent[c], g->of_small[c]);
		g->of_small[c] = NULL;
	}
	forget_columns(parent, g->of_parent);
	forget_columns(s, g->of_small);
}

/* Whether a node wants a histogram is told by slot 0; then it gets one. */
static void count_children(struct grower *g, const struct task *parent, struct task *small,
	struct task *large)
{
	if (large->slot == 0) {
		count_both(g, parent->slot >= 0 ? &g->slot[parent->slot] : NULL, small, large);
	} else if (small->slot == 0) {
		count_alone(g, small);
	}
}

static struct fit_split best_split(struct grower *g, const struct task *t)
{
	const struct fit_job *j = g->job;
	struct fit_split best = { .weight = 1 };
	struct fit_sums sums = fit_sums_of(j, t->word);
	if (t->slot >= 0) {
		const struct slot *s = &g->slot[t->slot];
		for (uint32_t i = 0; i < s->n; i++) {
			struct fit_lane lane = { cells_of(s, i), s->column[i] };
			fit_try_cells(&best, &sums, &lane, j->bins.n_cuts[lane.column] + 1u);
		}
		return best;
	}
	struct fit_rows rows = rows_of(g, t);
	choose_columns(g, &g->own, t->key);
	for (uint32_t i = 0; i < g->own.n; i++) {
		struct fit_lane lane = { g->few, g->own.column[i] };
		fit_try_rows(&best, &sums, &rows, &lane);
	}
	return best;
}

/* Both sides keep their order; returns how many go left, and the lowest bin that goes right. */
static uint32_t part(struct grower *g, const struct task *t, const struct fit_split *s,
	uint32_t *ret_above)
{
	struct fit_item *item = g->item + t->first;
	uint32_t n_left = 0, n_right = 0, above = BINS_MAX;
	for (uint32_t i = 0; i < t->n; i++) {
		struct fit_item it = item[i];
		ask_ahead(g, t, i);
		uint32_t bin = t->bin[(uint64_t)it.row * g->job->stride + s->column];
		uint32_t right = bin > s->bin;
		item[n_left] = it;
		g->spare[n_right] = it;
		n_left += !right;
		n_right += right;
		above = right && bin < above ? bin : above;
	}
	memcpy(item + n_left, g->spare, n_right * sizeof *item);
	*ret_above = above;
	return n_left;
}

/* Bins of a node's rows next to one another; its items then count from 0. */
static void bring_near(struct grower *g, struct task *t)
{
	const struct fit_job *j = g->job;
	if (t->bin == g->near || (uint64_t)t->n * j->stride > NEAR_BYTES)
		return;
	for (uint32_t i = 0; i < t->n; i++) {
		struct fit_item *it = &g->item[t->first + i];
		ask_ahead(g, t, i);
		memcpy(g->near + (uint64_t)i * j->stride, t->bin + (uint64_t)it->row * j->stride,
			j->stride);
		it->row = i;
	}
	t->bin = g->near;
}

static void make_leaf(struct grower *g, const struct task *t)
{
	const struct fit_item *item = g->item + t->first;
	struct fit_sums s = fit_sums_of(g->job, t->word);
	double sum = 0;
	for (uint32_t i = 0; i < t->n; i++)
		sum += (double)item[i].y * (double)(item[i].word & s.mask);
	g->node[t->node] = (struct forest_node){ (float)(sum / (double)s.n), 0 };
}

static int make_room(struct grower *g)
{
	uint32_t cap = g->cap ? 2 * g->cap : NODES_FIRST;
	if (g->n_nodes + 2 <= g->cap)
		return 0;
	struct forest_node *more = mem_resize(g->node, cap, sizeof *more);
	if (!more)
		return -ENOMEM;
	g->node = more;
	g->cap = cap;
	return 0;
}

static void make_children(struct grower *g, const struct task *t, const struct fit_split *s)
{
	const struct fit_job *j = g->job;
	double n = (double)fit_sums_of(j, t->word).n;
	uint32_t above, n_left = part(g, t, s, &above), left = g->n_nodes;
	struct task a = { t->bin, s->left, chance_pair(t->key, 0), t->first, n_left, left,
		t->depth + 1, -1 };
	struct task b = { t->bin, t->word - s->left, chance_pair(t->key, 1), t->first + n_left,
		t->n - n_left, left + 1, t->depth + 1, -1 };
	float at = bins_cuts(&j->bins, s->column)[(s->bin + above - 1) / 2];
	g->node[t->node] = (struct forest_node){ at,
		(left - t->node) << FOREST_COLUMN_BITS | s->column };
	g->n_nodes += 2;
	g->impurity[s->column] += s->d2 / s->weight / n * j->step * j->step / j->n_draws;
	struct task *small = a.n < b.n ? &a : &b, *large = a.n < b.n ? &b : &a;
	small->slot = small->n > FEW && may_split(g, small) ? 0 : -1;
	large->slot = large->n > FEW && may_split(g, large) ? 0 : -1;
	count_children(g, t, small, large);
	g->wait[g->n_wait++] = *large;
	g->wait[g->n_wait++] = *small;
}

static int grow_node(struct grower *g, struct task *t)
{
	struct fit_split s = { .weight = 1 };
	int r = 0;
	if (t->slot >= 0 || (t->n <= FEW && may_split(g, t))) {
		bring_near(g, t);
		s = best_split(g, t);
	}
	if (s.d2 > 0 && (r = make_room(g)) == 0)
		make_children(g, t, &s);
	else if (r == 0)
		make_leaf(g, t);
	leave_slot(g, t->slot);
	return r;
}

void fit_draw(uint64_t seed, uint32_t tree, uint32_t n_draws, uint32_t n_rows, uint32_t *ret_times)
{
	struct chance c = { chance_pair(chance_pair(seed, tree), 0) };
	memset(ret_times, 0, n_rows * sizeof *ret_times);
	for (uint32_t i = 0; i < n_draws; i++)
		ret_times[chance_below(&c, n_rows)]++;
}

/* The root, of the rows drawn. */
static struct task plant(struct grower *g, uint32_t tree)
{
	const struct fit_job *j = g->job;
	struct task t = { .bin = j->bin, .slot = -1,
		.key = chance_pair(chance_pair(j->o.seed, tree), 1) };
	fit_draw(j->o.seed, tree, j->n_draws, j->d->n_rows, g->times);
	for (uint32_t i = 0; i < j->d->n_rows; i++) {
		if (g->times[i] == 0)
			continue;
		int64_t word = j->value[i] * g->times[i] + g->times[i];
		g->item[t.n++] = (struct fit_item){ word, i, j->d->y[i] };
		t.word += word;
		j->bag[tree * j->bag_words + i / 64] |= 1ull << i % 64;
	}
	return t;
}

static void reset(struct grower *g)
{
	mem_free(g->node);
	mem_free(g->impurity);
	g->node = NULL;
	g->impurity = NULL;
	g->n_nodes = g->cap = g->n_wait = 0;
	g->free_slots = (1ull << (DEPTH_MAX + 3)) - 1;
}

int grower_grow(struct grower *g, uint32_t tree, struct fit_tree *ret)
{
	int r = 0;
	reset(g);
	g->impurity = mem_get(g->job->d->n_columns, sizeof *g->impurity);
	if (!g->impurity || make_room(g) < 0)
		return -ENOMEM;
	g->n_nodes = 1;
	g->wait[g->n_wait++] = plant(g, tree);
	if (g->wait[0].n > FEW && may_split(g, &g->wait[0]))
		count_alone(g, &g->wait[0]);
	while (r == 0 && g->n_wait > 0) {
		struct task t = g->wait[--g->n_wait];
		r = fit_is_stopped(g->job) ? -ECANCELED : grow_node(g, &t);
	}
	if (r < 0)
		return r;
	*ret = (struct fit_tree){ g->node, g->n_nodes, g->impurity };
	g->node = NULL;
	g->impurity = NULL;
	return 0;
}
