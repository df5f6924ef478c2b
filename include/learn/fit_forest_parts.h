/* fit_forest_parts.h - inside of fit_forest.h: bins, bags, splits, trees, errors out of bag.
 *
 * A draw count w and w times the row's y, in whole steps from the mean, share an int64_t:
 * value << count_bits | count. Sums of such words are sums of both, exact in any order, and a
 * histogram takes one addition a row and column. With Q bits of |y| and B of counts, Q + 2 B <= 62:
 * so sum x count is exact, too.
 */
#ifndef LEARN_FIT_FOREST_PARTS_H
#define LEARN_FIT_FOREST_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/dataset.h"
#include "learn/fit_forest.h"
#include "model/bins.h"
#include "model/forest.h"

/* A tree of its own, until the forest is put together. */
struct fit_tree {
	struct forest_node *node;       /* [n_nodes] */
	uint32_t n_nodes;               /* 0: not grown */
	double *impurity;               /* [n_columns]: sums of decreases / draws */
};

/* What the threads share. Read-only while trees grow, but for tree and the counters. */
struct fit_job {
	const struct dataset *d;
	struct fit_forest_options o;    /* no zeros */
	struct bins bins;
	uint8_t *bin;                   /* [n_rows][stride] */
	uint32_t stride;
	uint16_t *usable;               /* [n_usable] columns of more than one bin, ascending */
	uint32_t n_usable;
	uint32_t n_draws;
	unsigned count_bits;
	int64_t *value;                 /* [n_rows]: y in steps from the mean, << count_bits */
	double step;
	struct fit_tree *tree;          /* [n_trees] */
	uint64_t *bag;                  /* [n_trees][bag_words]: bit of a row: drawn */
	uint64_t bag_words;
	_Atomic uint32_t next, n_done;
	atomic_int error;
};

static inline bool fit_is_stopped(const struct fit_job *j)
{
	return j->o.stop && atomic_load_explicit(j->o.stop, memory_order_relaxed);
}

static inline bool fit_is_drawn(const struct fit_job *j, uint32_t tree, uint32_t row)
{
	return j->bag[tree * j->bag_words + row / 64] >> row % 64 & 1;
}

/* Counts one more piece of the work done. */
void fit_advance(struct fit_job *j);

/* How often tree number `tree` draws each of n_rows rows. */
void fit_draw(uint64_t seed, uint32_t tree, uint32_t n_draws, uint32_t n_rows, uint32_t *ret_times);

/* Cuts, then bins, on the job's threads; -ENOMEM. */
int fit_bin_columns(struct fit_job *j, struct err *e);

struct fit_item {
	int64_t word;           /* value x times drawn, and times drawn */
	uint32_t row;           /* of the bins at hand */
	float y;
};

/* The best split so far: decrease of the squared error = d2 / weight / n in squared steps. */
struct fit_split {
	double d2, weight;      /* (sum left x n - n left x sum)^2; n left x n right */
	int64_t left;           /* word */
	uint32_t column, bin;   /* left: up to and with the bin */
};

/* A node's sums, for judging its splits. */
struct fit_sums {
	int64_t sum, n, mask, min_leaf;
	unsigned count_bits;
};
struct fit_sums fit_sums_of(const struct fit_job *j, int64_t word);

/* Adds each item to the histogram [BINS_MAX] of each lane's column. */
struct fit_lane {
	int64_t *cell;
	uint32_t column;
};
struct fit_rows {
	const struct fit_item *item;
	uint32_t n, stride;
	const uint8_t *bin;
};
void fit_count(const struct fit_rows *r, const struct fit_lane *lane, uint32_t n_lanes);

/* Tries all bins of a column's histogram. */
void fit_try_cells(struct fit_split *best, const struct fit_sums *s, const struct fit_lane *lane,
	uint32_t n_bins);
/* The same for few rows, with a lane of empty cells, which it leaves empty. */
void fit_try_rows(struct fit_split *best, const struct fit_sums *s, const struct fit_rows *r,
	const struct fit_lane *lane);

/* A thread's tools for growing trees. */
struct grower;
struct grower *grower_new(const struct fit_job *j);
void grower_free(struct grower *g);
/* 0, -ENOMEM, -ECANCELED. */
int grower_grow(struct grower *g, uint32_t tree, struct fit_tree *ret);

/* Errors and permutation importance out of bag, of the forest put together; the bags are those of
 * its trees. -ENOMEM.
 */
int fit_judge_oob(struct fit_forest *of, struct fit_job *j, struct err *e);
int fit_permute(struct fit_forest *of, struct fit_job *j, struct err *e);

#endif
