#include "series/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "series/spill.h"

#define SPANS 64u
#define SAMPLE (64u * SPANS)

struct moment {
	int64_t time_ms;
	uint32_t rank, row;
};

struct build {
	const struct timeline_source *src;
	uint64_t *at;           /* of each slice: its first row not yet taken */
	int64_t *due_ms;        /* and that row's time; INT64_MAX: the slice is empty */
	struct moment *moment;  /* those of the span at hand: room for cap, twice */
	size_t n, cap;
};

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The bytes that moments are sorted by, the least one first. */
#define DIGITS 12u

static uint8_t digit(const struct moment *m, unsigned d)
{
	uint64_t time = (uint64_t)m->time_ms ^ UINT64_C(1) << 63;       /* negative times first */

	return (uint8_t)(d < 4 ? m->rank >> 8 * d : time >> 8 * (d - 4));
}

static void count_digits(const struct moment *m, size_t n, size_t count[DIGITS][256])
{
	memset(count, 0, sizeof(size_t) * DIGITS * 256);
	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			count[d][digit(&m[i], d)]++;
}

/* By (time, rank), stable, a byte at a time; bytes that are the same in all moments are passed
 * over. Returns where the result is: in m, or in other, which has the same size.
 */
static struct moment *sort_moments(struct moment *m, struct moment *other, size_t n)
{
	size_t count[DIGITS][256];

	count_digits(m, n, count);
	for (unsigned d = 0; n && d < DIGITS; d++) {
		struct moment *swap = m;
		size_t sum = 0;

		if (count[d][digit(m, d)] == n)
			continue;
		for (unsigned i = 0; i < 256; i++) {
			size_t at = sum;

			sum += count[d][i];
			count[d][i] = at;
		}
		for (size_t i = 0; i < n; i++)
			other[count[d][digit(&m[i], d)]++] = m[i];
		m = other;
		other = swap;
	}
	return m;
}

/* Ends of the spans, from a sample of the times: quantiles, so that each holds about as
 * many events.
 */
static void choose_spans(const struct timeline_source *s, uint64_t n, int64_t end_ms[SPANS])
{
	int64_t sample[SAMPLE];

	for (unsigned i = 0; i < SAMPLE; i++)
		sample[i] = s->time_ms[n * i / SAMPLE];
	qsort(sample, SAMPLE, sizeof(*sample), by_time);
	for (unsigned i = 0; i + 1 < SPANS; i++)
		end_ms[i] = sample[(i + 1) * (SAMPLE / SPANS)];
	end_ms[SPANS - 1] = INT64_MAX;
}

static int build_init(struct build *b, const struct timeline_source *s, struct err *e)
{
	*b = (struct build){ .src = s };
	b->at = mem_get(s->n_slices + 1u, sizeof(*b->at));
	b->due_ms = mem_get(s->n_slices + 1u, sizeof(*b->due_ms));
	if (!b->at || !b->due_ms)
		return err_set(e, -ENOMEM, "could not sort events by time: out of memory");
	for (uint32_t i = 0; i < s->n_slices; i++) {
		b->at[i] = s->start[i];
		b->due_ms[i] = b->at[i] < s->start[i + 1] ? s->time_ms[b->at[i]] : INT64_MAX;
	}
	return 0;
}

static void build_done(struct build *b)
{
	mem_free(b->at);
	mem_free(b->due_ms);
	mem_free(b->moment);
}

static bool build_add(struct build *b, const struct moment *m)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 4096;
		struct moment *more = mem_resize(b->moment, 2 * cap, sizeof(*more));

		if (!more)
			return false;
		b->moment = more;
		b->cap = cap;
	}
	b->moment[b->n++] = *m;
	return true;
}

/* Takes what a slice has up to end_ms. */
static bool take_slice(struct build *b, uint32_t slice, int64_t end_ms)
{
	const struct timeline_source *s = b->src;
	uint64_t i = b->at[slice], to = s->start[slice + 1];

	for (; i < to && s->time_ms[i] <= end_ms; i++)
		if (!build_add(b, &(struct moment){ s->time_ms[i], s->rank[slice], (uint32_t)i }))
			return false;
	b->at[slice] = i;
	b->due_ms[slice] = i < to ? s->time_ms[i] : INT64_MAX;
	return true;
}

/* Takes and sorts a span's events; their rows, packed at the front of the moments, go to ret. Rows
 * of one slice are taken in order and stay so.
 */
static int take_span(struct build *b, int64_t end_ms, uint32_t **ret, struct err *e)
{
	struct moment *sorted;

	b->n = 0;
	for (uint32_t i = 0; i < b->src->n_slices; i++)
		if (b->due_ms[i] <= end_ms && b->at[i] < b->src->start[i + 1] &&
			!take_slice(b, i, end_ms))
			return err_set(e, -ENOMEM, "could not sort events by time: out of memory");
	sorted = sort_moments(b->moment, b->moment + b->cap, b->n);
	*ret = (uint32_t *)(void *)sorted;
	for (size_t i = 0; i < b->n; i++) {
		uint32_t row = sorted[i].row;

		(*ret)[i] = row;
	}
	return 0;
}

static int fill(struct timeline *t, struct build *b, struct err *e)
{
	int64_t end_ms[SPANS];
	uint64_t done = 0;
	uint32_t *row = NULL;

	choose_spans(b->src, t->n, end_ms);
	for (unsigned i = 0; i < SPANS; i++) {
		if (take_span(b, end_ms[i], &row, e) < 0)
			return e->code;
		if (!b->n)
			continue;
		if (t->fd < 0)
			memcpy(t->row + done, row, b->n * sizeof(*t->row));
		else if (spill_write(t->fd, row, b->n * sizeof(*row), done * sizeof(*row), e) < 0)
			return e->code;
		done += b->n;
	}
	return 0;
}

static int map_rows(struct timeline *t, struct err *e)
{
	void *map = mmap(NULL, t->n * sizeof(*t->row), PROT_READ, MAP_SHARED, t->fd, 0);

	if (map == MAP_FAILED)
		return err_set(e, -errno, "could not map the order of events: %s", strerror(errno));
	t->row = map;
	return 0;
}

int timeline_init(struct timeline *t, const struct timeline_source *s, struct err *e)
{
	struct build b = {0};
	struct err failed = {0};

	*t = (struct timeline){ .n = s->start[s->n_slices], .fd = -1 };
	if (!t->n)
		return 0;
	if (s->in_file)
		t->fd = spill_file(&failed);
	else if (!(t->row = mem_get(t->n, sizeof(*t->row))))
		err_set(&failed, -ENOMEM, "could not sort events by time: out of memory");
	if (!failed.code && build_init(&b, s, &failed) == 0)
		fill(t, &b, &failed);
	if (!failed.code && s->in_file)
		map_rows(t, &failed);
	build_done(&b);
	if (failed.code) {
		timeline_done(t);
		return err_set(e, failed.code, "%s", failed.text);
	}
	return 0;
}

void timeline_done(struct timeline *t)
{
	if (t->fd >= 0) {
		if (t->row)
			munmap(t->row, t->n * sizeof(*t->row));
		close(t->fd);
	} else {
		mem_free(t->row);
	}
	*t = (struct timeline){ .fd = -1 };
}
