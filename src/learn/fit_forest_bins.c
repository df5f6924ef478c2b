#include "learn/fit_forest_parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "series/crew.h"

#define SAMPLE_MAX (1u << 18)   /* rows that the cuts are made from */
#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)
#define ROWS_AT_ONCE 4096u

/* Orders as the floats do. */
static uint32_t key_of(float x)
{
	uint32_t k;
	memcpy(&k, &x, sizeof k);
	return k & 1u << 31 ? ~k : k | 1u << 31;
}

static float float_of(uint32_t k)
{
	float x;
	k = k & 1u << 31 ? k & ~(1u << 31) : ~k;
	memcpy(&x, &k, sizeof x);
	return x;
}

/* Three passes from the lowest digit; the sorted keys are in `other`. */
static void sort_keys(uint32_t *key, uint32_t *other, uint32_t n)
{
	for (unsigned shift = 0; shift < 32; shift += DIGIT_BITS) {
		uint32_t place[DIGITS] = {0}, sum = 0, *swap = key;
		for (uint32_t i = 0; i < n; i++)
			place[key[i] >> shift & (DIGITS - 1)]++;
		for (uint32_t i = 0; i < DIGITS; i++) {
			uint32_t many = place[i];
			place[i] = sum;
			sum += many;
		}
		for (uint32_t i = 0; i < n; i++)
			other[place[key[i] >> shift & (DIGITS - 1)]++] = key[i];
		key = other;
		other = swap;
	}
}

/* Low enough for b and not below a, whatever the rounding. */
static float between(float a, float b)
{
	float middle = (float)(((double)a + (double)b) / 2);
	return middle >= a && middle < b ? middle : a;
}

/* A bin ends when it has its share of the rows that are left for the bins that are left. */
static uint32_t cut_sorted(float *cut, const uint32_t *key, uint32_t n, uint32_t n_bins)
{
	uint32_t n_cuts = 0, in_bin = 0, left = n, values = n > 0;
	for (uint32_t i = 1; i < n; i++)
		values += key[i] != key[i - 1];
	for (uint32_t i = 0; i + 1 < n && n_cuts + 1 < n_bins; i++) {
		in_bin++;
		if (key[i] == key[i + 1])
			continue;
		values--;
		if (values >= n_bins - n_cuts && in_bin < left / (n_bins - n_cuts))
			continue;
		cut[n_cuts++] = between(float_of(key[i]), float_of(key[i + 1]));
		left -= in_bin;
		in_bin = 0;
	}
	return n_cuts;
}

struct work {
	struct fit_job *job;
	_Atomic uint32_t next;
	atomic_bool failed;
};

static void cut_column(struct fit_job *j, uint32_t column, uint32_t *key, uint32_t *other)
{
	const struct dataset *d = j->d;
	float *cut = j->bins.cut + (uint64_t)column * BINS_CUTS;
	uint32_t n = d->n_rows < SAMPLE_MAX ? d->n_rows : SAMPLE_MAX, n_keys = 0, n_cuts = 0;
	for (uint32_t i = 0; i < n; i++) {
		float x = dataset_row(d, (uint32_t)((uint64_t)i * d->n_rows / n))[column];
		if (!isnan(x))
			key[n_keys++] = key_of(x == 0 ? 0 : x);
	}
	sort_keys(key, other, n_keys);
	if (n_keys < n && n_keys > 0)
		cut[n_cuts++] = -INFINITY;
	n_cuts += cut_sorted(cut + n_cuts, other, n_keys, j->o.n_bins - n_cuts);
	j->bins.n_cuts[column] = (uint16_t)n_cuts;
}

static void cut_columns(void *ctx)
{
	struct work *w = ctx;
	struct fit_job *j = w->job;
	uint32_t n = j->d->n_rows < SAMPLE_MAX ? j->d->n_rows : SAMPLE_MAX, c;
	uint32_t *key = mem_get(2ul * n, sizeof *key);
	if (!key)
		atomic_store(&w->failed, true);
	while (key && (c = atomic_fetch_add(&w->next, 1)) < j->d->n_columns)
		cut_column(j, c, key, key + n);
	mem_free(key);
}

static void bin_rows(void *ctx)
{
	struct work *w = ctx;
	struct fit_job *j = w->job;
	uint32_t n = j->d->n_rows, block;
	while ((block = atomic_fetch_add(&w->next, 1)) <= (n - 1) / ROWS_AT_ONCE)
		for (uint32_t i = block * ROWS_AT_ONCE; i < n && i / ROWS_AT_ONCE == block; i++)
			bins_row(&j->bins, dataset_row(j->d, i), j->bin + (uint64_t)i * j->stride);
}

int fit_bin_columns(struct fit_job *j, struct err *e)
{
	uint32_t n_columns = j->d->n_columns;
	struct work cuts = { .job = j }, rows = { .job = j };
	if (bins_init(&j->bins, n_columns, e) < 0)
		return e->code;
	j->stride = (n_columns + 15) / 16 * 16;
	j->bin = mem_get(j->d->n_rows, j->stride);
	j->usable = mem_get(n_columns, sizeof *j->usable);
	if (j->bin && j->usable)
		crew_run(j->o.threads, cut_columns, &cuts);
	/* A thread without memory is missed only if no other took its columns. */
	if (!j->bin || !j->usable || (cuts.failed && cuts.next < n_columns))
		return err_set(e, -ENOMEM, "could not put %u rows into bins: out of memory",
			j->d->n_rows);
	crew_run(j->o.threads, bin_rows, &rows);
	for (uint32_t c = 0; c < n_columns; c++)
		if (j->bins.n_cuts[c] > 0)
			j->usable[j->n_usable++] = (uint16_t)c;
	return 0;
}
