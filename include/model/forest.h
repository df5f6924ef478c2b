/* forest.h - regression trees whose mean is the answer (Breiman 2001), as one table of nodes.
 *
 * A node has 8 bytes and no padding: a float and a word. The node's two children are neighbours
 * that lie behind it in the same tree: the left one `forest_left()` nodes on, the right one after
 * it. A row goes right where x[column] > at, so NaN goes left. A leaf has a link of 0 and its value
 * in `at`. Trees follow one another, tree t from root[t] up to root[t + 1]; so node and root are
 * all that a device needs. Owner: whoever holds the struct. Any thread reads.
 */
#ifndef MODEL_FOREST_H
#define MODEL_FOREST_H

#include <stdint.h>

#include "base/hd.h"
#include "model/precision.h"

#define FOREST_COLUMN_BITS 12u
#define FOREST_COLUMNS_MAX (1u << FOREST_COLUMN_BITS)
#define FOREST_REACH (1u << (32 - FOREST_COLUMN_BITS))  /* a left child is nearer than that */
#define FOREST_NODES_MAX (1u << 31)

struct err;
struct forest_small;
struct packer;
struct unpacker;

struct forest_node {
	float at;               /* the threshold, or a leaf's value */
	uint32_t link;          /* way to the left child << FOREST_COLUMN_BITS | column */
};

struct forest {
	struct forest_node *node;       /* [n_nodes] */
	uint32_t *root;                 /* [n_trees + 1] */
	uint32_t n_trees, n_nodes, n_columns;
	enum precision precision;       /* what thresholds and leaves were rounded to */
	struct forest_small *small;     /* the bytes of int8; owned, NULL otherwise */
};

static inline HD uint32_t forest_left(struct forest_node n)
{
	return n.link >> FOREST_COLUMN_BITS;
}

static inline HD uint32_t forest_column(struct forest_node n)
{
	return n.link & (FOREST_COLUMNS_MAX - 1);
}

/* How many nodes on a row's way leads; 0 at a leaf. */
static inline HD uint32_t forest_step(struct forest_node n, const float *x)
{
	uint32_t left = forest_left(n);
	return left + ((left != 0) & (x[forest_column(n)] > n.at));
}

/* Room for so many trees and nodes, zeroed (each a leaf); -ENOMEM. */
int forest_init(struct forest *f, uint32_t n_columns, uint32_t n_trees, uint32_t n_nodes,
	struct err *e);
void forest_done(struct forest *f);

/* x: [n_rows][n_columns]. The leaves of a row are added up in doubles in the order of the trees,
 * so a row's answer is the same bits in whatever batch it comes.
 */
void forest_predict(const struct forest *f, const float *x, uint32_t n_rows, float *ret_y);

/* The leaves' values of n rows, given by pointers, in one tree. */
void forest_walk(const struct forest *f, uint32_t tree, const float *const *x, uint32_t n,
	float *ret);

/* Rounds thresholds and leaves in place (precision.h): what is packed then takes 6 (float16) or 4
 * (int8) bytes a node instead of 8. -ERANGE: not possible as int8 (forest_small.h); -ENOMEM. The
 * forest stays as it was on failure.
 */
int forest_round(struct forest *f, enum precision to, struct err *e);

/* In the precision of f. */
void forest_pack(const struct forest *f, struct packer *p);
/* -EBADMSG for bytes that are no forest: one that is taken can be walked by every row. */
int forest_unpack(struct forest *f, struct unpacker *u, struct err *e);

#endif
