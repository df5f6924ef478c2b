#include "learn/select.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "series/crew.h"

#define ROWS_AT_ONCE 512u

struct work {
	const struct permutation *p;
	double *growth;         /* [n_columns] */
	double error;           /* with every value in its place */
	_Atomic uint32_t next;  /* column */
	atomic_bool no_memory;
};

/* One thread's: rows with one column from elsewhere. */
struct bench {
	float *x, *y;           /* [ROWS_AT_ONCE][n_columns], [ROWS_AT_ONCE] */
	uint32_t *order;        /* [n_rows] */
};

static bool bench_init(struct bench *b, const struct dataset *d)
{
	size_t width = d->n_columns ? d->n_columns : 1;
	*b = (struct bench){ mem_get(ROWS_AT_ONCE, width * sizeof *b->x),
		mem_get(ROWS_AT_ONCE, sizeof *b->y), mem_get(d->n_rows + 1ul, sizeof *b->order) };
	return b->x && b->y && b->order;
}

static void bench_done(struct bench *b)
{
	mem_free(b->x);
	mem_free(b->y);
	mem_free(b->order);
}

/* Mean squared error with that column as ordered; n_columns: all as they are. */
static double error_of(const struct permutation *p, struct bench *b, uint32_t column)
{
	const struct dataset *d = p->d;
	uint32_t width = d->n_columns;
	double sum = 0;
	for (uint32_t i = 0, n; i < d->n_rows; i += n) {
		n = d->n_rows - i < ROWS_AT_ONCE ? d->n_rows - i : ROWS_AT_ONCE;
		memcpy(b->x, dataset_row(d, i), (size_t)n * width * sizeof *b->x);
		for (uint32_t k = 0; k < n && column < width; k++)
			b->x[(size_t)k * width + column] = dataset_row(d, b->order[i + k])[column];
		if (p->ops->predict_each)
			p->ops->predict_each(p->model, d->series + i, b->x, n, b->y);
		else
			p->ops->predict(p->model, b->x, n, b->y);
		for (uint32_t k = 0; k < n; k++) {
			double off = (double)b->y[k] - (double)d->y[i + k];
			sum += off * off;
		}
	}
	return sum / d->n_rows;
}

static void shuffle(uint32_t *order, uint32_t n, struct chance c)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = chance_below(&c, i + 1);
		order[i] = order[k];
		order[k] = i;
	}
}

static void do_columns(void *ctx)
{
	struct work *k = ctx;
	const struct permutation *p = k->p;
	struct bench b;
	uint32_t c;
	bool ok = bench_init(&b, p->d);
	if (!ok)
		atomic_store(&k->no_memory, true);
	while (ok && (c = atomic_fetch_add(&k->next, 1)) < p->d->n_columns)
		for (uint32_t i = 0; i < p->repeats; i++) {
			struct chance from = { chance_pair(chance_pair(p->seed, c), i) };
			shuffle(b.order, p->d->n_rows, from);
			k->growth[c] += (error_of(p, &b, c) - k->error) / p->repeats;
		}
	bench_done(&b);
}

int select_permutation(const struct permutation *p, double *ret_growth, struct err *e)
{
	struct work k = { .p = p, .growth = ret_growth };
	struct bench b;
	if (p->d->n_rows == 0 || p->repeats == 0)
		return err_set(e, -EINVAL, "importance by permutation needs rows and repeats");
	memset(ret_growth, 0, p->d->n_columns * sizeof *ret_growth);
	k.no_memory = !bench_init(&b, p->d);
	if (!k.no_memory)
		k.error = error_of(p, &b, p->d->n_columns);
	bench_done(&b);
	if (!k.no_memory)
		crew_run(p->threads, do_columns, &k);
	return k.no_memory ?
		err_set(e, -ENOMEM, "could not permute columns: out of memory") : 0;
}
