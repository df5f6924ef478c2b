#include "model/forest.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "model/forest_small.h"

#define MAGIC 0x31524656u       /* "VFR1" */
#define MAGIC_HALVES 0x32524656u        /* "VFR2" */
#define LANES 8u                /* walks at a time: each waits for memory, not for the others */
#define BLOCK 1024u             /* rows that a tree serves while it is in the cache */

int forest_init(struct forest *f, uint32_t n_columns, uint32_t n_trees, uint32_t n_nodes,
	struct err *e)
{
	*f = (struct forest){ .n_trees = n_trees, .n_nodes = n_nodes, .n_columns = n_columns };
	f->node = mem_get(n_nodes ? n_nodes : 1, sizeof *f->node);
	f->root = mem_get((size_t)n_trees + 1, sizeof *f->root);
	if (f->node && f->root)
		return 0;
	forest_done(f);
	return err_set(e, -ENOMEM, "could not keep a forest of %u nodes: out of memory", n_nodes);
}

static void small_done(struct forest *f)
{
	if (f->small)
		forest_small_done(f->small);
	mem_free(f->small);
	f->small = NULL;
}

void forest_done(struct forest *f)
{
	small_done(f);
	mem_free(f->node);
	mem_free(f->root);
	*f = (struct forest){0};
}

/* A lane that is at its leaf stays there until all are. */
static void walk_lanes(const struct forest_node *at[LANES], const float *const x[LANES])
{
	uint32_t moved;
	do {
		moved = 0;
		for (uint32_t l = 0; l < LANES; l++) {
			uint32_t way = forest_step(*at[l], x[l]);
			at[l] += way;
			moved |= way;
		}
	} while (moved);
}

void forest_walk(const struct forest *f, uint32_t tree, const float *const *x, uint32_t n,
	float *ret)
{
	const struct forest_node *root = f->node + f->root[tree];
	for (uint32_t i = 0; i < n; i += LANES) {
		const struct forest_node *at[LANES];
		const float *row[LANES];
		for (uint32_t l = 0; l < LANES; l++) {
			at[l] = root;
			row[l] = x[i + l < n ? i + l : i];
		}
		walk_lanes(at, row);
		for (uint32_t l = 0; l < LANES && i + l < n; l++)
			ret[i + l] = at[l]->at;
	}
}

/* Many rows: a tree at a time. */
static void predict_block(const struct forest *f, const float *x, uint32_t n, float *ret_y)
{
	const float *row[BLOCK];
	float leaf[BLOCK];
	double sum[BLOCK] = {0};
	for (uint32_t i = 0; i < n; i++)
		row[i] = x + (uint64_t)i * f->n_columns;
	for (uint32_t t = 0; t < f->n_trees; t++) {
		forest_walk(f, t, row, n, leaf);
		for (uint32_t i = 0; i < n; i++)
			sum[i] += (double)leaf[i];
	}
	for (uint32_t i = 0; i < n; i++)
		ret_y[i] = (float)(sum[i] / f->n_trees);
}

/* Few rows: several trees at a time. */
static float predict_row(const struct forest *f, const float *x)
{
	const float *row[LANES] = { x, x, x, x, x, x, x, x };
	double sum = 0;
	for (uint32_t t = 0; t < f->n_trees; t += LANES) {
		const struct forest_node *at[LANES];
		for (uint32_t l = 0; l < LANES; l++)
			at[l] = f->node + f->root[t + l < f->n_trees ? t + l : t];
		walk_lanes(at, row);
		for (uint32_t l = 0; l < LANES && t + l < f->n_trees; l++)
			sum += (double)at[l]->at;
	}
	return (float)(sum / f->n_trees);
}

void forest_predict(const struct forest *f, const float *x, uint32_t n_rows, float *ret_y)
{
	uint32_t i = 0;
	for (uint32_t n; n_rows - i >= LANES; i += n) {
		n = n_rows - i < BLOCK ? n_rows - i : BLOCK;
		predict_block(f, x + (uint64_t)i * f->n_columns, n, ret_y + i);
	}
	for (; i < n_rows; i++)
		ret_y[i] = predict_row(f, x + (uint64_t)i * f->n_columns);
}

int forest_round(struct forest *f, enum precision to, struct err *e)
{
	struct forest_small *small;
	struct forest rounded;
	if (to == PRECISION_INT8) {
		if (!(small = mem_get(1, sizeof *small)))
			return err_set(e, -ENOMEM, "could not round a forest: out of memory");
		if (forest_small_init(small, f, e) < 0 ||
		    forest_small_expand(small, &rounded, e) < 0) {
			forest_small_done(small);
			mem_free(small);
			return e->code;
		}
		forest_done(f);
		*f = rounded;
		f->small = small;
	} else {
		small_done(f);
	}
	for (uint32_t i = 0; i < f->n_nodes && to == PRECISION_FLOAT16; i++)
		f->node[i].at = half_to_float(half_from_float(f->node[i].at));
	f->precision = to;
	return 0;
}

void forest_pack(const struct forest *f, struct packer *p)
{
	if (f->small) {
		forest_small_pack(f->small, p);
		return;
	}
	bool halves = f->precision == PRECISION_FLOAT16;
	pack_u32(p, halves ? MAGIC_HALVES : MAGIC);
	pack_u32(p, f->n_columns);
	pack_u32(p, f->n_trees);
	pack_u32(p, f->n_nodes);
	pack(p, f->root, ((size_t)f->n_trees + 1) * sizeof *f->root);
	if (!halves)
		pack(p, f->node, (size_t)f->n_nodes * sizeof *f->node);
	for (uint32_t i = 0; i < f->n_nodes && halves; i++) {
		uint16_t at = half_from_float(f->node[i].at);
		pack(p, &f->node[i].link, sizeof f->node[i].link);
		pack(p, &at, sizeof at);
	}
}

/* Children behind their parent and within the tree: so every walk ends, inside the table. */
static bool is_node(const struct forest *f, uint32_t i, uint32_t end)
{
	struct forest_node n = f->node[i];
	if (n.link == 0)
		return isfinite(n.at);
	uint32_t left = forest_left(n);
	return left > 0 && left < end - i - 1 && forest_column(n) < f->n_columns && !isnan(n.at);
}

static bool is_sound(const struct forest *f)
{
	if (f->root[0] != 0 || f->root[f->n_trees] != f->n_nodes)
		return false;
	for (uint32_t t = 0; t < f->n_trees; t++)
		if (f->root[t] >= f->root[t + 1] || f->root[t + 1] > f->n_nodes)
			return false;
	for (uint32_t t = 0; t < f->n_trees; t++)
		for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++)
			if (!is_node(f, i, f->root[t + 1]))
				return false;
	return true;
}

static int unpack_halves(struct forest *f, struct unpacker *u)
{
	uint16_t at;
	for (uint32_t i = 0; i < f->n_nodes; i++) {
		if (unpack_to(u, &f->node[i].link, sizeof f->node[i].link) < 0 ||
		    unpack_to(u, &at, sizeof at) < 0)
			return -EBADMSG;
		f->node[i].at = half_to_float(at);
	}
	return 0;
}

static int unpack_tables(struct forest *f, struct unpacker *u)
{
	size_t roots = ((size_t)f->n_trees + 1) * sizeof *f->root;
	int r = unpack_to(u, f->root, roots);
	if (r == 0)
		r = f->precision == PRECISION_FLOAT16 ? unpack_halves(f, u) :
			unpack_to(u, f->node, (size_t)f->n_nodes * sizeof *f->node);
	return r < 0 || !is_sound(f) ? -EBADMSG : 0;
}

static int unpack_small(struct forest *f, struct unpacker *u, struct err *e)
{
	struct forest_small *small = mem_get(1, sizeof *small);
	int r = small ? forest_small_unpack(small, u, e) :
		err_set(e, -ENOMEM, "could not keep a forest: out of memory");
	if (r == 0)
		r = forest_small_expand(small, f, e);
	if (r == 0 && !is_sound(f))
		r = err_set(e, -EBADMSG, "could not read a forest: its tables are damaged");
	f->small = small;
	f->precision = PRECISION_INT8;
	if (r < 0)
		forest_done(f);
	return r;
}

int forest_unpack(struct forest *f, struct unpacker *u, struct err *e)
{
	uint32_t head[4];
	*f = (struct forest){0};
	if ((size_t)(u->end - u->at) < sizeof head)
		return err_set(e, -EBADMSG, "could not read a forest: it is cut short");
	memcpy(head, u->at, sizeof head);
	if (head[0] == FOREST_SMALL_MAGIC)
		return unpack_small(f, u, e);
	unpack_to(u, head, sizeof head);
	bool halves = head[0] == MAGIC_HALVES;
	size_t bytes = halves ? sizeof(uint32_t) + sizeof(uint16_t) : sizeof *f->node;
	if ((head[0] != MAGIC && !halves) || head[1] == 0 || head[1] > FOREST_COLUMNS_MAX ||
		head[2] == 0 || head[2] > head[3] || head[3] > FOREST_NODES_MAX ||
		head[3] > (size_t)(u->end - u->at) / bytes)
		return err_set(e, -EBADMSG, "could not read a forest: its head is damaged");
	if (forest_init(f, head[1], head[2], head[3], e) < 0)
		return e->code;
	f->precision = halves ? PRECISION_FLOAT16 : PRECISION_FLOAT32;
	if (unpack_tables(f, u) == 0)
		return 0;
	forest_done(f);
	return err_set(e, -EBADMSG, "could not read a forest: its tables are damaged");
}
