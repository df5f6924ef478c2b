/* forest_small.h - a forest in half the memory: thresholds as numbers of bins, values in 16 bits.
 *
 * The bins are those between the thresholds of a column, so a row takes the very way it took in the
 * forest; only the leaves are rounded, to 1/65535 of their range. A node has 4 bytes: its children
 * lie as in forest.h. The codes of a row's leaves are added up as whole numbers: the same bits in
 * whatever order. Owner: whoever holds the struct. Any thread reads.
 */
#ifndef MODEL_FOREST_SMALL_H
#define MODEL_FOREST_SMALL_H

#include <stdint.h>

#include "model/bins.h"

#define FOREST_SMALL_COLUMNS_MAX 256u
#define FOREST_SMALL_MAGIC 0x31514656u  /* "VFQ1", in front of its bytes */

struct err;
struct forest;
struct packer;
struct unpacker;

struct forest_small_node {
	uint16_t what;          /* column << 8 | bin: higher ones go right; a leaf's code */
	uint16_t left;          /* way to the left child; 0: a leaf */
};

struct forest_small {
	struct bins bins;
	struct forest_small_node *node; /* [n_nodes] */
	uint32_t *root;                 /* [n_trees + 1] */
	uint32_t n_trees, n_nodes;
	double low, step;               /* value = low + step * code */
};

/* -ERANGE: over 256 columns, over 255 thresholds in one, or a child over 65535 nodes away. */
int forest_small_init(struct forest_small *s, const struct forest *f, struct err *e);
void forest_small_done(struct forest_small *s);

/* x: [n_rows][n_columns]. */
void forest_small_predict(const struct forest_small *s, const float *x, uint32_t n_rows,
	float *ret_y);

/* What was lost, on given rows, in the unit of y. */
struct forest_loss {
	double max, rms;
};
struct forest_loss forest_small_loss(const struct forest_small *s, const struct forest *f,
	const float *x, uint32_t n_rows);

/* The same forest with floats, for ret->small to be s. */
int forest_small_expand(const struct forest_small *s, struct forest *ret, struct err *e);

void forest_small_pack(const struct forest_small *s, struct packer *p);
/* -EBADMSG as forest_unpack(). */
int forest_small_unpack(struct forest_small *s, struct unpacker *u, struct err *e);

#endif
