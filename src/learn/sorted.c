#include "learn/sorted.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"

struct key {
	int64_t time_ms;
	uint32_t series, row;
};

static int by_series(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

int sorted_init(struct sorted *s, const struct dataset *d, struct err *e)
{
	uint32_t n = d->n_rows;
	struct key *key = mem_get(n + 1ul, sizeof *key);
	*s = (struct sorted){ mem_get(n + 1ul, sizeof *s->row),
		mem_get(n + 1ul, sizeof *s->place), n };
	if (!key || !s->row || !s->place) {
		mem_free(key);
		sorted_done(s);
		return err_set(e, -ENOMEM, "could not sort %u rows: out of memory", n);
	}
	for (uint32_t i = 0; i < n; i++)
		key[i] = (struct key){ d->time_ms[i], d->series[i], i };
	qsort(key, n, sizeof *key, by_series);
	for (uint32_t i = 0; i < n; i++) {
		s->row[i] = key[i].row;
		s->place[key[i].row] = i;
	}
	mem_free(key);
	return 0;
}

void sorted_done(struct sorted *s)
{
	mem_free(s->row);
	mem_free(s->place);
	*s = (struct sorted){0};
}

uint32_t sorted_end(const struct sorted *s, const struct dataset *d, uint32_t place)
{
	uint32_t series = d->series[s->row[place]], end = place + 1;
	while (end < s->n && d->series[s->row[end]] == series)
		end++;
	return end;
}

uint32_t sorted_before(const struct sorted *s, const struct dataset *d, uint32_t row,
	int64_t before_ms)
{
	/* The first place that is of a later series, or not before. */
	uint32_t low = 0, high = s->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2, at = s->row[middle];
		if (d->series[at] < d->series[row] ||
		    (d->series[at] == d->series[row] && d->time_ms[at] < before_ms))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && d->series[s->row[low - 1]] == d->series[row] ?
		s->row[low - 1] : SORTED_NONE;
}
