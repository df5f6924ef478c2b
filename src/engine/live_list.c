#include "engine/live_list.h"

#include <errno.h>

#include "base/mem.h"
#include "engine/live_parts.h"

/* Chunk k holds LIVE_CHUNK << k items, so number i + LIVE_CHUNK has its chunk as its highest bit.
 */
static unsigned chunk_of(uint32_t i)
{
	return 31u - (unsigned)__builtin_clz(i / LIVE_CHUNK + 1);
}

static uint32_t place_of(uint32_t i)
{
	return i - LIVE_CHUNK * ((1u << chunk_of(i)) - 1);
}

struct alert *live_alert_at(const struct live *l, uint32_t i)
{
	return l->alerts.chunk[chunk_of(i)] + place_of(i);
}

static uint32_t *count_of(struct live_alerts *list, const struct alert *a)
{
	char priority = model_priority(a->f.severity);
	return priority == 'S' ? &list->severe : priority == '!' ? &list->high : &list->low;
}

int live_list_alert(struct live *l, const struct alert *a, struct err *e)
{
	struct live_alerts *list = &l->alerts;
	unsigned k = chunk_of(list->n);
	if (live_reserve_users(l, e) < 0)
		return e->code;
	if (k < LIVE_CHUNKS && !list->chunk[k])
		list->chunk[k] = mem_get((size_t)LIVE_CHUNK << k, sizeof *a);
	if (k >= LIVE_CHUNKS || !list->chunk[k])
		return err_set(e, -ENOMEM, "could not list %u alerts: out of memory", list->n + 1);
	bool cleared = a->cleared_ms != INT64_MIN;
	*live_alert_at(l, list->n++) = *a;
	l->user[a->f.user].open = cleared ? 0 : list->n;
	*(cleared ? &list->cleared : count_of(list, a)) += 1;
	return 0;
}

/* Nearly always the newest of its user. */
static struct alert *find_open(struct live *l, const struct alert *a, uint32_t *ret_i)
{
	uint32_t i = l->user[a->f.user].open;
	if (i > 0 && live_alert_at(l, i - 1)->id == a->id) {
		*ret_i = i - 1;
		l->user[a->f.user].open = 0;
		return live_alert_at(l, i - 1);
	}
	for (i = l->alerts.n; i > 0; i--) {
		*ret_i = i - 1;
		if (live_alert_at(l, i - 1)->id == a->id)
			return live_alert_at(l, i - 1);
	}
	return NULL;
}

int live_list_clearing(struct live *l, const struct alert *a, struct err *e)
{
	struct live_clearings *list = &l->clearings;
	unsigned k = chunk_of(list->n);
	uint32_t i;
	struct alert *listed = find_open(l, a, &i);
	if (!listed)
		return 0;
	if (k < LIVE_CHUNKS && !list->chunk[k])
		list->chunk[k] = mem_get((size_t)LIVE_CHUNK << k, sizeof **list->chunk);
	if (k >= LIVE_CHUNKS || !list->chunk[k])
		return err_set(e, -ENOMEM, "could not list %u clearings: out of memory",
			list->n + 1);
	list->chunk[k][place_of(list->n++)] = (struct live_clearing){ i, a->cleared_ms };
	*count_of(&l->alerts, listed) -= 1;
	l->alerts.cleared++;
	return 0;
}

void live_take_clearings(struct live *l, uint32_t n)
{
	struct live_clearings *list = &l->clearings;
	for (; list->n_taken < n; list->n_taken++) {
		const struct live_clearing *c = list->chunk[chunk_of(list->n_taken)] +
			place_of(list->n_taken);
		live_alert_at(l, c->alert)->cleared_ms = c->cleared_ms;
	}
}

void live_free_lists(struct live *l)
{
	for (int i = 0; i < LIVE_CHUNKS; i++) {
		mem_free(l->alerts.chunk[i]);
		mem_free(l->clearings.chunk[i]);
	}
}
