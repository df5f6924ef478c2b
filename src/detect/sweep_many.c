#include "detect/sweep_parts.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

struct walk {
	struct user_events u;
	uint32_t next;          /* event */
	int64_t risk_ms;        /* as the step began */
	bool ends, done, found;
};

void sweep_many_found(struct worker *w, uint32_t user)
{
	w->walk[user - w->first_user].found = true;
}

static bool is_over(struct worker *w, uint32_t slot, int64_t now_ms)
{
	return profile_is_over(shard_profile(&w->shard, slot), now_ms, w->shard.model->gap_ms);
}

/* The user's next instant, or the end of the session before it; at the end, of the last session. */
static int advance(struct worker *w, uint32_t slot)
{
	struct walk *k = &w->walk[slot];
	struct shard_who who = { slot, w->first_user + slot };
	int64_t until = w->job->horizon_ms;
	uint32_t n_seen = 0, i = k->next;
	k->ends = i >= k->u.n || k->u.time_ms[i] > until;
	int64_t at = k->ends ? until : k->u.time_ms[i];
	while (!k->ends && n_seen == 0) {
		i = sweep_gather(w, &k->u, k->next, &n_seen);
		if (i == 0)
			return sweep_no_memory(&w->err);
		at = k->u.time_ms[k->next];
		if (n_seen == 0) {
			k->next = i;
			k->ends = i >= k->u.n || k->u.time_ms[i] > until;
			at = k->ends ? until : at;
		}
	}
	if (is_over(w, slot, at))
		return shard_close(&w->shard, &who, &w->err);
	if (k->ends) {
		k->done = true;
		return 0;
	}
	k->next = i;
	return shard_add(&w->shard, &who, at, w->seen, n_seen, &w->err);
}

/* After a step: a restart ends a span at risk, and so does the end. */
static int settle(struct worker *w, uint32_t slot)
{
	struct walk *k = &w->walk[slot];
	const struct profile *p = shard_profile(&w->shard, slot);
	uint32_t user = w->first_user + slot;
	int r = 0;
	if (k->found && k->risk_ms != INT64_MAX)
		r = sweep_keep_exposure(w, user, k->risk_ms, p->last_ms);
	k->found = false;
	if (r == 0 && k->done) {
		const struct shard_who who = { slot, user };
		r = shard_pass(&w->shard, &who, w->job->silent_ms, sweep_keep, w, &w->err);
	}
	if (r == 0 && k->done && p->risk_ms != INT64_MAX)
		r = sweep_keep_exposure(w, user, p->risk_ms, p->last_ms);
	return r;
}

/* One action of each user who has not ended; returns how many there were, negative on failure. */
static int walk_on(struct worker *w, uint32_t *live, uint32_t *n_live)
{
	uint32_t left = 0;
	int r = 0;
	for (uint32_t i = 0; i < *n_live && r == 0; i++) {
		r = advance(w, live[i]);
		w->walk[live[i]].risk_ms = shard_profile(&w->shard, live[i])->risk_ms;
	}
	if (r == 0 && w->shard.n_runs)
		r = shard_step(&w->shard, sweep_keep, w, &w->err);
	for (uint32_t i = 0; i < *n_live && r == 0; i++) {
		r = settle(w, live[i]);
		if (!w->walk[live[i]].done)
			live[left++] = live[i];
	}
	*n_live = left;
	return r;
}

/* Users of an array's elements from n_before on, which become grouped by user, each user's in the
 * order in which they are.
 */
struct group {
	char *array;
	size_t size, user_at;
	uint32_t n_before, n;
};

static uint32_t user_of(const struct group *g, const char *element)
{
	uint32_t user;
	memcpy(&user, element + g->user_at, sizeof user);
	return user;
}

static int group(const struct group *g, struct worker *w, uint32_t n_users)
{
	uint32_t n = g->n - g->n_before, *at = mem_get((size_t)n_users + 1, sizeof *at);
	char *from = g->array + g->n_before * g->size, *copy = n ? mem_get(n, g->size) : NULL;
	int r = at && (copy || n == 0) ? 0 : sweep_no_memory(&w->err);
	for (uint32_t i = 0; i < n && r == 0; i++)
		at[user_of(g, from + i * g->size) - w->first_user + 1]++;
	for (uint32_t i = 0; i < n_users && r == 0; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < n && r == 0; i++) {
		const char *element = from + i * g->size;
		memcpy(copy + at[user_of(g, element) - w->first_user]++ * g->size, element,
			g->size);
	}
	if (r == 0 && n > 0)
		memcpy(from, copy, n * g->size);
	mem_free(at);
	mem_free(copy);
	return r;
}

static int begin(struct worker *w, uint32_t n, uint32_t *ret_live, uint32_t *ret_n)
{
	const uint8_t *only = w->job->o->only;
	int r = shard_reserve(&w->shard, n, &w->err);
	if (r == 0)
		r = shard_reset(&w->shard, 0, n, &w->err);
	*ret_n = 0;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		history_user(w->job->history, w->first_user + i, &w->walk[i].u);
		if (w->walk[i].u.n == 0 || (only && !only[w->first_user + i]))
			continue;
		ret_live[(*ret_n)++] = i;
	}
	return r;
}

int sweep_many(struct worker *w, uint32_t first, uint32_t end)
{
	uint32_t n = end - first, n_live = 0, records = w->out.n_records,
		exposures = w->out.n_exposures;
	uint32_t *live = mem_get(n, sizeof *live);
	w->first_user = first;
	w->walk = mem_get(n, sizeof *w->walk);
	int r = live && w->walk ? begin(w, n, live, &n_live) : sweep_no_memory(&w->err);
	while (r == 0 && n_live > 0 && !sweep_should_stop(w->job))
		r = walk_on(w, live, &n_live);
	struct group all[] = {
		{ (char *)w->out.record, sizeof *w->out.record, offsetof(struct record, user),
			records, w->out.n_records },
		{ (char *)w->out.exposure, sizeof *w->out.exposure,
			offsetof(struct exposure, user), exposures, w->out.n_exposures },
	};
	for (int i = 0; i < 2 && r == 0; i++)
		r = group(&all[i], w, n);
	mem_free(live);
	mem_free(w->walk);
	w->walk = NULL;
	return r;
}
