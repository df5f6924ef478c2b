#include "learn/normal.h"

#include <cblas.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "series/crew.h"

#define BLOCK_ROWS 256u         /* with 64 columns 128 KiB, which a processor keeps near */
#define PARTS_MAX 64u
#define PART_ROWS 2048u         /* at least, so that sums of parts stay cheap */

int normal_init(struct normal *s, uint32_t n_columns, struct err *e)
{
	size_t n = (size_t)n_columns + 1;
	*s = (struct normal){ .n_columns = n_columns };
	if ((s->mean = mem_get(n, sizeof *s->mean)) && (s->gram = mem_get(n, n * sizeof *s->gram)))
		return 0;
	normal_done(s);
	return err_set(e, -ENOMEM, "could not fit %u columns: out of memory", n_columns);
}

void normal_done(struct normal *s)
{
	mem_free(s->mean);
	mem_free(s->gram);
	*s = (struct normal){0};
}

/* Rows from first to end as doubles, y last, less the means when there are any. */
struct source {
	const struct dataset *d;
	const uint32_t *row;
	const double *xy;       /* instead of a dataset */
	const double *mean;
	uint32_t n_columns;
};

static void get_row(const struct source *f, uint32_t i, double *to)
{
	uint32_t n = f->n_columns;
	if (f->d) {
		uint32_t row = f->row ? f->row[i] : i;
		const float *x = dataset_row(f->d, row);
		for (uint32_t k = 0; k < n; k++)
			to[k] = (double)x[k];
		to[n] = (double)f->d->y[row];
	} else {
		memcpy(to, f->xy + (uint64_t)i * (n + 1), (n + 1) * sizeof *to);
	}
	for (uint32_t k = 0; f->mean && k <= n; k++)
		to[k] -= f->mean[k];
}

static void add_sums(const struct source *f, uint32_t first, uint32_t end, double *buffer,
	double *sum)
{
	for (uint32_t i = first; i < end; i++) {
		get_row(f, i, buffer);
		for (uint32_t k = 0; k <= f->n_columns; k++)
			sum[k] += buffer[k];
	}
}

static void add_products(const struct source *f, uint32_t first, uint32_t end, double *buffer,
	double *gram)
{
	int n = (int)f->n_columns + 1;
	for (uint32_t i = first, rows; i < end; i += rows) {
		rows = end - i < BLOCK_ROWS ? end - i : BLOCK_ROWS;
		for (uint32_t k = 0; k < rows; k++)
			get_row(f, i + k, buffer + (size_t)k * (size_t)n);
		cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, n, (int)rows, 1, buffer, n, 1,
			gram, n);
	}
}

/* Sums or products of all rows, part by part, each part by whichever thread is free. */
struct work {
	struct source from;
	uint32_t n_rows, n_parts;
	bool products;
	double *part;           /* [n_parts][size] */
	size_t size;
	_Atomic uint32_t next;
	atomic_bool no_memory;
};

static void do_parts(void *ctx)
{
	struct work *k = ctx;
	size_t row = ((size_t)k->from.n_columns + 1) * sizeof(double);
	double *buffer = mem_get(BLOCK_ROWS, row);
	uint32_t p;
	if (!buffer)
		atomic_store(&k->no_memory, true);
	while (buffer && (p = atomic_fetch_add(&k->next, 1)) < k->n_parts) {
		uint32_t first = (uint32_t)((uint64_t)k->n_rows * p / k->n_parts);
		uint32_t end = (uint32_t)((uint64_t)k->n_rows * (p + 1) / k->n_parts);
		(k->products ? add_products : add_sums)(&k->from, first, end, buffer,
			k->part + p * k->size);
	}
	mem_free(buffer);
}

static int run(struct work *k, unsigned threads, double *ret_sum)
{
	k->part = mem_get(k->n_parts, k->size * sizeof *k->part);
	if (!k->part)
		return -ENOMEM;
	crew_run(threads < k->n_parts ? threads : k->n_parts, do_parts, k);
	memset(ret_sum, 0, k->size * sizeof *ret_sum);
	for (uint32_t p = 0; p < k->n_parts; p++)
		for (size_t i = 0; i < k->size; i++)
			ret_sum[i] += k->part[p * k->size + i];
	mem_free(k->part);
	return k->no_memory ? -ENOMEM : 0;
}

static int take(struct normal *s, const struct source *from, uint32_t n, unsigned threads,
	struct err *e)
{
	uint32_t parts = n / PART_ROWS < PARTS_MAX ? n / PART_ROWS : PARTS_MAX;
	size_t width = (size_t)s->n_columns + 1;
	struct work sums = { .from = *from, .n_rows = n, .n_parts = parts ? parts : 1,
		.size = width };
	struct work products = { .from = *from, .n_rows = n, .n_parts = sums.n_parts,
		.size = width * width, .products = true };
	s->n_rows = n;
	if (n == 0)
		return err_set(e, -EINVAL, "there are no rows to learn from");
	int r = run(&sums, threads, s->mean);
	for (size_t k = 0; k < width; k++)
		s->mean[k] /= n;
	products.from.mean = s->mean;
	if (r < 0 || run(&products, threads, s->gram) < 0)
		return err_set(e, -ENOMEM, "could not fit %u rows: out of memory", n);
	/* SYRK fills one triangle. */
	for (size_t i = 0; i < width; i++)
		for (size_t k = 0; k < i; k++)
			s->gram[k * width + i] = s->gram[i * width + k];
	for (size_t i = 0; i < width * width; i++)
		if (!isfinite(s->gram[i]))
			return err_set(e, -EINVAL, "a row to learn from has a value that is no "
				"number");
	return 0;
}

int normal_take(struct normal *s, const struct dataset *d, const uint32_t *row, uint32_t n,
	unsigned threads, struct err *e)
{
	s->name = d->name;
	return take(s, &(struct source){ .d = d, .row = row, .n_columns = s->n_columns }, n,
		threads, e);
}

int normal_take_doubles(struct normal *s, const double *xy, uint32_t n, struct err *e)
{
	return take(s, &(struct source){ .xy = xy, .n_columns = s->n_columns }, n, 1, e);
}

double normal_deviation(const struct normal *s, uint32_t column)
{
	double d = sqrt(normal_at(s, column, column) / s->n_rows);
	return d > (double)FLT_EPSILON * fabs(s->mean[column]) ? d : 0;
}

double normal_error(const struct normal *s, const double *theta)
{
	uint32_t n = s->n_columns;
	double off = s->mean[n] - theta[0], sum = normal_at(s, n, n);
	for (uint32_t i = 0; i < n; i++) {
		double dot = -2 * normal_at(s, i, n);
		for (uint32_t k = 0; k < n; k++)
			dot += normal_at(s, i, k) * theta[1 + k];
		sum += theta[1 + i] * dot;
		off -= s->mean[i] * theta[1 + i];
	}
	return fmax(sum, 0) / s->n_rows + off * off;
}
