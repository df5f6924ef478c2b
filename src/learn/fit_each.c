#include "learn/fit_each.h"

#include <cblas.h>
#include <errno.h>
#include <lapacke.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/normal.h"
#include "model/linear.h"
#include "series/crew.h"

#define SERIES_AT_ONCE 16u
#define BLOCK_ROWS 64u

/* Rows by series: those of series s are row[start[s]] .. row[start[s + 1] - 1], in their order. */
struct index {
	uint32_t *start, *row;
};

static int index_init(struct index *x, const struct fit_each *f, uint32_t n_series)
{
	x->start = mem_get(n_series + 2ul, sizeof *x->start);
	x->row = mem_get(f->n + 1ul, sizeof *x->row);
	if (!x->start || !x->row)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n; i++)
		x->start[f->d->series[f->row ? f->row[i] : i] + 2]++;
	for (uint32_t s = 2; s <= n_series; s++)
		x->start[s] += x->start[s - 1];
	for (uint32_t i = 0; i < f->n; i++) {
		uint32_t row = f->row ? f->row[i] : i;
		x->row[x->start[f->d->series[row] + 1]++] = row;
	}
	return 0;
}

static void index_done(struct index *x)
{
	mem_free(x->start);
	mem_free(x->row);
}

struct work {
	const struct fit_each *f;
	struct linear *l;
	const struct index *x;
	const double *deviation;        /* [n_columns], of the pool */
	_Atomic uint32_t next;
	atomic_int failed;
};

/* One thread's scratch; width = 1 + n_columns, the ones first. */
struct bench {
	int width;
	double *block;          /* [BLOCK_ROWS][width] */
	double *off;            /* [BLOCK_ROWS]: y less the pool's prediction */
	double *gram;           /* [width][width] */
	double *rhs;            /* [width] */
};

static bool bench_init(struct bench *b, uint32_t n_columns)
{
	size_t width = n_columns + 1ul;
	*b = (struct bench){ (int)width, mem_get(BLOCK_ROWS, width * sizeof(double)),
		mem_get(BLOCK_ROWS, sizeof(double)), mem_get(width, width * sizeof(double)),
		mem_get(width, sizeof(double)) };
	return b->block && b->off && b->gram && b->rhs;
}

static void bench_done(struct bench *b)
{
	mem_free(b->block);
	mem_free(b->off);
	mem_free(b->gram);
	mem_free(b->rhs);
}

static void get_row(const struct work *k, uint32_t row, double *to, double *ret_off)
{
	const struct normal *pool = k->f->pool;
	const float *x = dataset_row(k->f->d, row), *weight = linear_set(k->l, 0);
	double y = (double)weight[0];
	to[0] = 1;
	for (uint32_t i = 0; i < pool->n_columns; i++) {
		double d = k->deviation[i];
		y += (double)weight[1 + i] * (double)x[i];
		to[1 + i] = d > 0 ? ((double)x[i] - pool->mean[i]) / d : 0;
	}
	*ret_off = (double)k->f->d->y[row] - y;
}

static void add_rows(const struct work *k, struct bench *b, const uint32_t *row, uint32_t n)
{
	int w = b->width;
	for (uint32_t i = 0; i < n; i++)
		get_row(k, row[i], b->block + (size_t)i * (size_t)w, &b->off[i]);
	cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, w, (int)n, 1, b->block, w, 1,
		b->gram, w);
	cblas_dgemv(CblasColMajor, CblasNoTrans, w, (int)n, 1, b->block, w, b->off, 1, 1,
		b->rhs, 1);
}

static int fit_one(const struct work *k, struct bench *b, uint32_t series)
{
	uint32_t first = k->x->start[series], end = k->x->start[series + 1];
	const float *pooled = linear_set(k->l, 0);
	float *own = linear_set(k->l, 1 + series);
	int w = b->width;
	memcpy(own, pooled, (size_t)w * sizeof *own);
	if (first == end || isinf(k->f->prior_rows))
		return 0;
	memset(b->gram, 0, (size_t)w * (size_t)w * sizeof *b->gram);
	memset(b->rhs, 0, (size_t)w * sizeof *b->rhs);
	for (uint32_t i = first; i < end; i += BLOCK_ROWS)
		add_rows(k, b, k->x->row + i, end - i < BLOCK_ROWS ? end - i : BLOCK_ROWS);
	for (size_t i = 0; i < (size_t)w; i++)
		b->gram[i * (size_t)w + i] += k->f->prior_rows;
	if (LAPACKE_dposv_work(LAPACK_COL_MAJOR, 'L', w, 1, b->gram, w, b->rhs, w) != 0)
		return -EDOM;
	double intercept = (double)pooled[0] + b->rhs[0];
	for (uint32_t i = 0; i + 1 < (uint32_t)w; i++) {
		double by = k->deviation[i] > 0 ? b->rhs[1 + i] / k->deviation[i] : 0;
		own[1 + i] = (float)((double)pooled[1 + i] + by);
		intercept -= by * k->f->pool->mean[i];
	}
	own[0] = (float)intercept;
	return 0;
}

static void fit_some(void *ctx)
{
	struct work *k = ctx;
	struct bench b;
	uint32_t first, n = k->l->n_series;
	int r = bench_init(&b, k->l->n_columns) ? 0 : -ENOMEM;
	while (r == 0 && (first = atomic_fetch_add(&k->next, SERIES_AT_ONCE)) < n)
		for (uint32_t s = first; s < n && s - first < SERIES_AT_ONCE && r == 0; s++)
			r = fit_one(k, &b, s);
	if (r < 0)
		atomic_store(&k->failed, r);
	bench_done(&b);
}

int fit_each(struct linear *l, const struct fit_each *f, struct err *e)
{
	struct index x = {0};
	double *deviation = mem_get(l->n_columns + 1ul, sizeof *deviation);
	struct work k = { .f = f, .l = l, .x = &x, .deviation = deviation };
	int r = deviation ? index_init(&x, f, l->n_series) : -ENOMEM;
	for (uint32_t i = 0; i < l->n_columns && r == 0; i++)
		deviation[i] = normal_deviation(f->pool, i);
	if (r == 0) {
		crew_run(f->threads, fit_some, &k);
		r = k.failed;
	}
	index_done(&x);
	mem_free(deviation);
	return r == 0 ? 0 : err_set(e, r, r == -ENOMEM ? "could not fit %u series: out of memory" :
		"could not fit %u series: their equations have no solution", l->n_series);
}
