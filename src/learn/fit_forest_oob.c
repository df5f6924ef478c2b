#include "learn/fit_forest_parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "series/crew.h"

#define BLOCK 2048u             /* rows that a tree serves while it is in the cache */
#define PERMUTE_BLOCK 256u

/* Sums over the rows of a block. */
struct part {
	double error2, y, y2;
	uint32_t n;
};

struct judging {
	struct fit_job *job;
	const struct forest *forest;
	struct part *part;      /* [blocks] */
	double *rise;           /* [n_trees][n_columns] */
	_Atomic uint32_t next;
	atomic_bool failed;
};

static void judge_block(const struct judging *k, uint32_t first, struct part *ret)
{
	const struct dataset *d = k->job->d;
	const float *x[BLOCK];
	float leaf[BLOCK];
	uint16_t which[BLOCK];
	uint32_t n = d->n_rows - first < BLOCK ? d->n_rows - first : BLOCK, times[BLOCK] = {0};
	double sum[BLOCK] = {0};
	for (uint32_t t = 0; t < k->forest->n_trees; t++) {
		uint32_t m = 0;
		for (uint32_t i = 0; i < n; i++)
			if (!fit_is_drawn(k->job, t, first + i)) {
				which[m] = (uint16_t)i;
				x[m++] = dataset_row(d, first + i);
			}
		forest_walk(k->forest, t, x, m, leaf);
		for (uint32_t i = 0; i < m; i++) {
			sum[which[i]] += (double)leaf[i];
			times[which[i]]++;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		double y = (double)d->y[first + i], off = y - sum[i] / times[i];
		if (times[i] > 0)
			*ret = (struct part){ ret->error2 + off * off, ret->y + y, ret->y2 + y * y,
				ret->n + 1 };
	}
}

static void judge_blocks(void *ctx)
{
	struct judging *k = ctx;
	uint32_t block;
	while ((block = atomic_fetch_add(&k->next, 1)) <= (k->job->d->n_rows - 1) / BLOCK)
		judge_block(k, block * BLOCK, &k->part[block]);
}

int fit_judge_oob(struct fit_forest *of, struct fit_job *j, struct err *e)
{
	uint32_t n_blocks = (j->d->n_rows - 1) / BLOCK + 1;
	struct judging k = { .job = j, .forest = &of->forest };
	struct part all = {0};
	if (!(k.part = mem_get(n_blocks, sizeof *k.part)))
		return err_set(e, -ENOMEM, "could not judge the forest: out of memory");
	crew_run(j->o.threads, judge_blocks, &k);
	for (uint32_t i = 0; i < n_blocks; i++)
		all = (struct part){ all.error2 + k.part[i].error2, all.y + k.part[i].y,
			all.y2 + k.part[i].y2, all.n + k.part[i].n };
	mem_free(k.part);
	double mean = all.y / all.n;
	of->n_oob = all.n;
	of->oob_mse = all.error2 / all.n;
	of->oob_r2 = 1 - of->oob_mse / (all.y2 / all.n - mean * mean);
	return 0;
}

/* A thread's copies of rows, in which a column can be shuffled. */
struct shuffle {
	const struct judging *k;
	uint32_t *row, *other;  /* [n]: out of the tree's bag; whose values they get */
	uint32_t n, tree;
	float *x;               /* [PERMUTE_BLOCK][n_columns] */
	uint8_t *is_used;       /* [n_columns]: by the tree */
	double *rise;           /* [n_columns] */
};

static bool shuffle_init(struct shuffle *s, const struct judging *k)
{
	const struct dataset *d = k->job->d;
	*s = (struct shuffle){ .k = k };
	return (s->row = mem_get(d->n_rows, sizeof *s->row)) &&
		(s->other = mem_get(d->n_rows, sizeof *s->other)) &&
		(s->x = mem_get(PERMUTE_BLOCK, d->n_columns * sizeof *s->x)) &&
		(s->is_used = mem_get(d->n_columns, 1));
}

static void shuffle_done(struct shuffle *s)
{
	mem_free(s->row);
	mem_free(s->other);
	mem_free(s->x);
	mem_free(s->is_used);
}

/* One order for all columns of a tree: each is shuffled alone (Fisher and Yates). */
static void choose_order(struct shuffle *s, uint32_t tree)
{
	const struct fit_job *j = s->k->job;
	const struct forest *f = s->k->forest;
	struct chance c = { chance_pair(chance_pair(j->o.seed, tree), 2) };
	s->tree = tree;
	s->n = 0;
	s->rise = s->k->rise + (uint64_t)tree * f->n_columns;
	for (uint32_t i = 0; i < j->d->n_rows; i++)
		if (!fit_is_drawn(j, tree, i))
			s->row[s->n++] = i;
	memcpy(s->other, s->row, s->n * sizeof *s->other);
	for (uint32_t i = s->n; i > 1; i--) {
		uint32_t k = chance_below(&c, i), swap = s->other[i - 1];
		s->other[i - 1] = s->other[k];
		s->other[k] = swap;
	}
	memset(s->is_used, 0, f->n_columns);
	for (uint32_t i = f->root[tree]; i < f->root[tree + 1]; i++)
		if (f->node[i].link)
			s->is_used[forest_column(f->node[i])] = 1;
}

static double squares(const struct shuffle *s, uint32_t first, uint32_t n, const float *const *x)
{
	float leaf[PERMUTE_BLOCK];
	double sum = 0;
	forest_walk(s->k->forest, s->tree, x, n, leaf);
	for (uint32_t i = 0; i < n; i++) {
		double off = (double)s->k->job->d->y[s->row[first + i]] - (double)leaf[i];
		sum += off * off;
	}
	return sum;
}

/* Gives the copies the values that the listed rows have in a column. */
static void set_column(struct shuffle *s, uint32_t column, const uint32_t *row, uint32_t n)
{
	const struct dataset *d = s->k->job->d;
	for (uint32_t i = 0; i < n; i++)
		s->x[(uint64_t)i * d->n_columns + column] = dataset_row(d, row[i])[column];
}

static void shuffle_block(struct shuffle *s, uint32_t first, uint32_t n)
{
	const struct dataset *d = s->k->job->d;
	const float *x[PERMUTE_BLOCK];
	for (uint32_t i = 0; i < n; i++) {
		float *copy = s->x + (uint64_t)i * d->n_columns;
		memcpy(copy, dataset_row(d, s->row[first + i]), d->n_columns * sizeof *copy);
		x[i] = copy;
	}
	double before = squares(s, first, n, x);
	for (uint32_t c = 0; c < d->n_columns; c++) {
		if (!s->is_used[c])
			continue;
		set_column(s, c, s->other + first, n);
		s->rise[c] += (squares(s, first, n, x) - before) / s->n;
		set_column(s, c, s->row + first, n);
	}
}

static void shuffle_trees(void *ctx)
{
	struct judging *k = ctx;
	struct shuffle s;
	uint32_t t;
	if (!shuffle_init(&s, k))
		atomic_store(&k->failed, true);
	while (!k->failed && !fit_is_stopped(k->job) &&
		(t = atomic_fetch_add(&k->next, 1)) < k->forest->n_trees) {
		choose_order(&s, t);
		for (uint32_t i = 0; i < s.n; i += PERMUTE_BLOCK)
			shuffle_block(&s, i, s.n - i < PERMUTE_BLOCK ? s.n - i : PERMUTE_BLOCK);
		fit_advance(k->job);
	}
	shuffle_done(&s);
}

int fit_permute(struct fit_forest *of, struct fit_job *j, struct err *e)
{
	const struct forest *f = &of->forest;
	struct judging k = { .job = j, .forest = f };
	k.rise = mem_get(f->n_trees, f->n_columns * sizeof *k.rise);
	of->permutation = mem_get(f->n_columns, sizeof *of->permutation);
	if (k.rise && of->permutation)
		crew_run(j->o.threads, shuffle_trees, &k);
	else
		k.failed = true;
	for (uint32_t t = 0; !k.failed && t < f->n_trees; t++)
		for (uint32_t c = 0; c < f->n_columns; c++)
			of->permutation[c] += k.rise[(uint64_t)t * f->n_columns + c] / f->n_trees;
	mem_free(k.rise);
	return k.failed ? err_set(e, -ENOMEM, "could not weigh the columns: out of memory") : 0;
}
