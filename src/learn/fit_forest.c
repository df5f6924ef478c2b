#include "learn/fit_forest.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/fit_forest_parts.h"
#include "series/crew.h"

#define TREES 100u
#define MIN_LEAF 5u
#define VALUE_BITS_MAX 26

static uint32_t or_else(uint32_t given, uint32_t otherwise)
{
	return given ? given : otherwise;
}

static int check(const struct dataset *d, const struct fit_forest_options *o, struct err *e)
{
	if (d->n_rows == 0 || d->n_columns == 0)
		return err_set(e, -EINVAL, "could not grow a forest: there are no rows");
	if (d->n_columns > FOREST_COLUMNS_MAX || d->n_rows > FIT_FOREST_DRAWS_MAX)
		return err_set(e, -EINVAL,
			"could not grow a forest: more than %u columns or %u rows",
			FOREST_COLUMNS_MAX, FIT_FOREST_DRAWS_MAX);
	if (o->n_bins == 1 || o->n_bins > BINS_MAX || !(o->share >= 0) || o->share > 1)
		return err_set(e, -EINVAL, "could not grow a forest: bins are 2 to %u, "
			"the share of rows drawn is at most 1", BINS_MAX);
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (!isfinite(d->y[i]))
			return err_set(e, -EINVAL, "could not grow a forest: row %u has no value",
				i);
	return 0;
}

static void set_options(struct fit_job *j, const struct fit_forest_options *o)
{
	double share = o->share > 0 ? o->share : 1;
	j->o = *o;
	j->o.n_trees = or_else(o->n_trees, TREES);
	j->o.max_depth = or_else(o->max_depth, UINT32_MAX);
	j->o.min_leaf = or_else(o->min_leaf, MIN_LEAF);
	j->o.n_tried = or_else(o->n_tried, (j->d->n_columns + 2) / 3);
	j->o.n_bins = or_else(o->n_bins, BINS_MAX);
	j->o.threads = or_else(o->threads, 1);
	j->n_draws = (uint32_t)fmax(1, rint(share * j->d->n_rows));
}

/* y in whole steps from the mean: see fit_forest_parts.h for the bits. */
static int round_values(struct fit_job *j, struct err *e)
{
	const struct dataset *d = j->d;
	double mean = 0, far = 0;
	j->count_bits = 32 - (unsigned)__builtin_clz(j->n_draws);
	int bits = 62 - 2 * (int)j->count_bits;
	double most = ldexp(1, bits < VALUE_BITS_MAX ? bits : VALUE_BITS_MAX) - 1;
	if (!(j->value = mem_get(d->n_rows, sizeof *j->value)))
		return err_set(e, -ENOMEM, "could not grow a forest: out of memory");
	for (uint32_t i = 0; i < d->n_rows; i++)
		mean += (double)d->y[i] / d->n_rows;
	for (uint32_t i = 0; i < d->n_rows; i++)
		far = fmax(far, fabs((double)d->y[i] - mean));
	j->step = far > 0 ? far / most : 1;
	for (uint32_t i = 0; i < d->n_rows; i++)
		j->value[i] = (int64_t)rint(((double)d->y[i] - mean) / j->step) *
			((int64_t)1 << j->count_bits);
	return 0;
}

static int prepare(struct fit_job *j, struct err *e)
{
	if (round_values(j, e) < 0 || fit_bin_columns(j, e) < 0)
		return e->code;
	j->bag_words = (j->d->n_rows + 63ull) / 64;
	j->bag = mem_get(j->o.n_trees, j->bag_words * sizeof *j->bag);
	j->tree = mem_get(j->o.n_trees, sizeof *j->tree);
	return j->bag && j->tree ? 0 :
		err_set(e, -ENOMEM, "could not grow a forest: out of memory");
}

static void job_done(struct fit_job *j)
{
	for (uint32_t t = 0; j->tree && t < j->o.n_trees; t++) {
		mem_free(j->tree[t].node);
		mem_free(j->tree[t].impurity);
	}
	bins_done(&j->bins);
	mem_free(j->tree);
	mem_free(j->bag);
	mem_free(j->bin);
	mem_free(j->usable);
	mem_free(j->value);
}

void fit_advance(struct fit_job *j)
{
	uint64_t all = (uint64_t)j->o.n_trees * (j->o.permute ? 2 : 1);
	uint64_t done = atomic_fetch_add(&j->n_done, 1) + 1ull;
	if (j->o.percent)
		atomic_store(j->o.percent, (unsigned)(done * 100 / all));
}

static void grow_trees(void *ctx)
{
	struct fit_job *j = ctx;
	struct grower *g = grower_new(j);
	uint32_t t;
	int r = g ? 0 : -ENOMEM;
	while (r == 0 && j->error == 0 && (t = atomic_fetch_add(&j->next, 1)) < j->o.n_trees)
		if ((r = grower_grow(g, t, &j->tree[t])) == 0)
			fit_advance(j);
	if (r < 0)
		atomic_store(&j->error, r);
	grower_free(g);
}

/* Trees that were not finished are left out, with their bags. */
static uint32_t close_ranks(struct fit_job *j, uint64_t *ret_nodes)
{
	uint32_t n = 0;
	*ret_nodes = 0;
	for (uint32_t t = 0; t < j->o.n_trees; t++) {
		if (j->tree[t].n_nodes == 0)
			continue;
		struct fit_tree empty = {0}, tree = j->tree[t];
		j->tree[t] = empty;
		j->tree[n] = tree;
		memmove(j->bag + n * j->bag_words, j->bag + t * j->bag_words,
			j->bag_words * sizeof *j->bag);
		*ret_nodes += tree.n_nodes;
		n++;
	}
	return n;
}

static int put_together(struct fit_forest *of, struct fit_job *j, struct err *e)
{
	uint64_t n_nodes;
	uint32_t n = close_ranks(j, &n_nodes), n_columns = j->d->n_columns;
	if (n == 0)
		return 0;
	if (n_nodes > FOREST_NODES_MAX)
		return err_set(e, -E2BIG, "could not keep a forest of more than %u nodes",
			FOREST_NODES_MAX);
	if (forest_init(&of->forest, n_columns, n, (uint32_t)n_nodes, e) < 0)
		return e->code;
	if (!(of->impurity = mem_get(n_columns, sizeof *of->impurity)))
		return err_set(e, -ENOMEM, "could not weigh the columns: out of memory");
	for (uint32_t t = 0; t < n; t++) {
		struct fit_tree *tree = &j->tree[t];
		memcpy(of->forest.node + of->forest.root[t], tree->node,
			tree->n_nodes * sizeof *tree->node);
		of->forest.root[t + 1] = of->forest.root[t] + tree->n_nodes;
		for (uint32_t c = 0; c < n_columns; c++)
			of->impurity[c] += tree->impurity[c] / n;
	}
	return 0;
}

static int grow(struct fit_forest *of, struct fit_job *j, struct err *e)
{
	crew_run(j->o.threads, grow_trees, j);
	if (j->error < 0 && j->error != -ECANCELED)
		return err_set(e, j->error, "could not grow a forest: out of memory");
	if (put_together(of, j, e) < 0)
		return e->code;
	if (of->forest.n_trees > 0 && fit_judge_oob(of, j, e) < 0)
		return e->code;
	if (of->forest.n_trees > 0 && j->o.permute && !fit_is_stopped(j))
		return fit_permute(of, j, e);
	return 0;
}

int fit_forest(struct fit_forest *of, const struct dataset *d, const struct fit_forest_options *o,
	struct err *e)
{
	struct fit_job j = { .d = d };
	*of = (struct fit_forest){0};
	int r = check(d, o, e);
	if (r < 0)
		return r;
	set_options(&j, o);
	if ((r = prepare(&j, e)) == 0)
		r = grow(of, &j, e);
	if (r < 0)
		fit_forest_done(of);
	else if (fit_is_stopped(&j))
		r = err_set(e, -ECANCELED, "stopped after %u of %u trees", of->forest.n_trees,
			j.o.n_trees);
	job_done(&j);
	return r;
}

void fit_forest_done(struct fit_forest *of)
{
	forest_done(&of->forest);
	mem_free(of->impurity);
	mem_free(of->permutation);
	*of = (struct fit_forest){0};
}

int fit_forest_new(void *options, const struct dataset *train, void **ret_model, struct err *e)
{
	struct fit_forest *of = mem_get(1, sizeof *of);
	*ret_model = NULL;
	if (!of)
		return err_set(e, -ENOMEM, "could not grow a forest: out of memory");
	int r = fit_forest(of, train, options, e);
	if (of->forest.n_trees > 0)
		*ret_model = of;
	else
		fit_forest_free(of);
	return r;
}

void fit_forest_predict(const void *model, const float *x, uint32_t n_rows, float *ret_y)
{
	const struct fit_forest *of = model;
	forest_predict(&of->forest, x, n_rows, ret_y);
}

void fit_forest_free(void *model)
{
	if (model)
		fit_forest_done(model);
	mem_free(model);
}
