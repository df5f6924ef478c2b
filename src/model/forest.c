#include "model/forest.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"

#define MAGIC 0x31524656u       /* "VFR1" */
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

void forest_done(struct forest *f)
{
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
			struct forest_node n = *at[l];
			uint32_t left = forest_left(n);
			at[l] += left + ((left != 0) & (x[l][forest_column(n)] > n.at));
			moved |= left;
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

void forest_pack(const struct forest *f, struct packer *p)
{
	pack_u32(p, MAGIC);
	pack_u32(p, f->n_columns);
	pack_u32(p, f->n_trees);
	pack_u32(p, f->n_nodes);
	pack(p, f->root, ((size_t)f->n_trees + 1) * sizeof *f->root);
	pack(p, f->node, (size_t)f->n_nodes * sizeof *f->node);
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

static int unpack_tables(struct forest *f, struct unpacker *u)
{
	size_t roots = ((size_t)f->n_trees + 1) * sizeof *f->root;
	if (unpack_to(u, f->root, roots) < 0 ||
		unpack_to(u, f->node, (size_t)f->n_nodes * sizeof *f->node) < 0 || !is_sound(f))
		return -EBADMSG;
	return 0;
}

int forest_unpack(struct forest *f, struct unpacker *u, struct err *e)
{
	uint32_t head[4];
	*f = (struct forest){0};
	if (unpack_to(u, head, sizeof head) < 0 || head[0] != MAGIC ||
		head[1] == 0 || head[1] > FOREST_COLUMNS_MAX || head[2] == 0 || head[2] > head[3] ||
		head[3] > FOREST_NODES_MAX || head[3] > (size_t)(u->end - u->at) / sizeof *f->node)
		return err_set(e, -EBADMSG, "could not read a forest: its head is damaged");
	if (forest_init(f, head[1], head[2], head[3], e) < 0)
		return e->code;
	if (unpack_tables(f, u) == 0)
		return 0;
	forest_done(f);
	return err_set(e, -EBADMSG, "could not read a forest: its tables are damaged");
}
