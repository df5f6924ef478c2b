#include "learn/rows.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "series/crew.h"

#define SERIES_AT_ONCE 16u

/* Every series has room for all its rows, then the gaps of those rejected are closed. */
struct work {
	const struct rows_source *from;
	struct dataset *d;
	uint64_t *first;        /* [n_series + 1]: where a series' room begins */
	uint32_t *n;            /* [n_series]: rows it made */
	_Atomic uint32_t next;
	_Atomic uint64_t n_rejected;
};

static void make_some(void *ctx)
{
	struct work *k = ctx;
	uint32_t at, n = k->from->n_series;
	while ((at = atomic_fetch_add(&k->next, SERIES_AT_ONCE)) < n)
		for (uint32_t i = at; i < n && i - at < SERIES_AT_ONCE; i++) {
			const struct rows_series *s = &k->from->series[i];
			struct feature_tally t = {0};
			uint64_t to = k->first[i];
			struct feature_rows r = { k->d->x + to * k->d->n_columns, k->d->y + to,
				k->d->time_ms + to, k->d->known_ms + to };
			k->n[i] = feature_rows(k->from->set, k->from->zone, s->at, s->n, &r, &t);
			for (uint32_t j = 0; j < k->n[i]; j++)
				k->d->series[to + j] = s->series;
			atomic_fetch_add(&k->n_rejected, t.n_rejected);
		}
}

static void move(void *base, size_t size, uint64_t to, uint64_t from, uint64_t n)
{
	memmove((char *)base + to * size, (char *)base + from * size, n * size);
}

static void close_gaps(struct work *k)
{
	struct dataset *d = k->d;
	uint64_t to = 0;
	for (uint32_t i = 0; i < k->from->n_series; to += k->n[i++]) {
		uint64_t from = k->first[i], n = k->n[i];
		if (from == to)
			continue;
		move(d->x, d->n_columns * sizeof *d->x, to, from, n);
		move(d->y, sizeof *d->y, to, from, n);
		move(d->series, sizeof *d->series, to, from, n);
		move(d->time_ms, sizeof *d->time_ms, to, from, n);
		move(d->known_ms, sizeof *d->known_ms, to, from, n);
	}
	d->n_rows = (uint32_t)to;
}

static int name_columns(struct rows *r, const struct feature_set *s)
{
	r->text = mem_get(s->n, sizeof *r->text);
	r->name = mem_get(s->n, sizeof *r->name);
	if (!r->text || !r->name)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		r->name[i] = feature_name(s, i, r->text[i]);
	r->d.name = r->name;
	return 0;
}

int rows_init(struct rows *r, const struct rows_source *from, struct feature_tally *t,
	struct err *e)
{
	uint32_t n = from->n_series;
	struct work k = { .from = from, .d = &r->d, .first = mem_get(n + 1ul, sizeof *k.first),
		.n = mem_get(n + 1ul, sizeof *k.n) };
	*r = (struct rows){0};
	if (!k.first || !k.n)
		goto no_memory;
	for (uint32_t i = 0; i < n; i++)
		k.first[i + 1] = k.first[i] + feature_n_rows(from->set, from->series[i].n);
	if (k.first[n] > UINT32_MAX ||
	    dataset_init(&r->d, (uint32_t)k.first[n], from->set->n, NULL) < 0 ||
	    name_columns(r, from->set) < 0)
		goto no_memory;
	crew_run(from->threads, make_some, &k);
	close_gaps(&k);
	if (t)
		t->n_rejected += k.n_rejected;
	mem_free(k.first);
	mem_free(k.n);
	return 0;
no_memory:
	mem_free(k.first);
	mem_free(k.n);
	rows_done(r);
	return err_set(e, -ENOMEM, "could not make rows of %u series: out of memory", n);
}

void rows_done(struct rows *r)
{
	dataset_done(&r->d);
	mem_free(r->text);
	mem_free(r->name);
	*r = (struct rows){0};
}
