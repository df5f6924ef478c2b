#include "engine/so_far.h"

#include <errno.h>
#include <stdlib.h>

#include "alert/alert.h"
#include "base/mem.h"
#include "engine/snapshot.h"
#include "model/model.h"

static int by_time(const void *a, const void *b)
{
	const struct so_far_sum *x = a, *y = b;

	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* Each with its own priority and time becomes the sum of all up to it. */
static void add_up(struct so_far_sum *s, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		s[i].severe += s[i - 1].severe;
		s[i].high += s[i - 1].high;
	}
}

int so_far_make(struct so_far *s, const struct alert *a, uint32_t n)
{
	struct so_far made = { .n = n };

	made.alert = mem_get(n + 1ul, sizeof(*made.alert));
	made.cleared = mem_get(n + 1ul, sizeof(*made.cleared));
	if (!made.alert || !made.cleared) {
		so_far_done(&made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		char priority = model_priority(a[i].f.severity);

		made.alert[i] = (struct so_far_sum){ a[i].f.time_ms, priority == 'S',
			priority == '!' };
		if (a[i].cleared_ms == INT64_MIN)
			continue;
		made.cleared[made.n_cleared] = made.alert[i];
		made.cleared[made.n_cleared++].time_ms = a[i].cleared_ms;
	}
	qsort(made.cleared, made.n_cleared, sizeof(*made.cleared), by_time);
	add_up(made.alert, n);
	add_up(made.cleared, made.n_cleared);
	so_far_done(s);
	*s = made;
	return 0;
}

void so_far_done(struct so_far *s)
{
	mem_free(s->alert);
	mem_free(s->cleared);
	*s = (struct so_far){0};
}

/* Those of n with time <= t_ms. */
static uint32_t count_until(const struct so_far_sum *s, uint32_t n, int64_t t_ms)
{
	uint32_t from = 0;

	while (from < n) {
		uint32_t mid = from + (n - from) / 2;

		if (s[mid].time_ms <= t_ms)
			from = mid + 1;
		else
			n = mid;
	}
	return from;
}

void so_far_show(const struct so_far *s, struct snapshot *ret)
{
	const struct so_far_sum none = {0}, *found = &none, *cleared = &none;

	ret->n_alerts = count_until(s->alert, s->n, ret->data_ms);
	ret->n_cleared = count_until(s->cleared, s->n_cleared, ret->data_ms);
	if (ret->n_alerts)
		found = &s->alert[ret->n_alerts - 1];
	if (ret->n_cleared)
		cleared = &s->cleared[ret->n_cleared - 1];
	ret->n_severe = found->severe - cleared->severe;
	ret->n_high = found->high - cleared->high;
	ret->n_low = ret->n_alerts - ret->n_cleared - ret->n_severe - ret->n_high;
}
