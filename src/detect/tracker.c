#include "detect/tracker.h"

#include <errno.h>
#include <math.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/shard.h"
#include "detect/tracker_parts.h"

#define INSTANTS_A_STEP 256u

struct tracker *tracker_new(const struct model *m, const struct ids *ids, const char *backend,
	struct err *e)
{
	struct tracker *t = mem_get(1, sizeof *t);
	if (!t) {
		err_set(e, -ENOMEM, "could not follow users: out of memory");
		return NULL;
	}
	t->step = 1;
	if (shard_init(&t->shard, m, ids, backend, e) == 0)
		return t;
	tracker_free(t);
	return NULL;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	shard_done(&t->shard);
	mem_free(t->mark);
	mem_free(t->category);
	mem_free(t);
}

int tracker_reserve(struct tracker *t, uint32_t n_users, struct err *e)
{
	if (n_users <= t->shard.n_slots)
		return 0;
	if (n_users > t->cap_marks) {
		uint32_t cap = n_users < 16 ? 16 : n_users + n_users / 2;
		struct tracker_mark *mark = mem_resize(t->mark, cap, sizeof *mark);
		if (!mark)
			return err_set(e, -ENOMEM, "could not follow %u users: out of memory",
				n_users);
		for (uint32_t i = t->cap_marks; i < cap; i++)
			mark[i] = (struct tracker_mark){0};
		t->mark = mark;
		t->cap_marks = cap;
	}
	return shard_reserve(&t->shard, n_users, e);
}

/* The categories of the instant that starts at ev[0], returns left out; how many events it has. */
static uint32_t gather(struct tracker *t, const struct event *ev, uint32_t n, uint32_t *ret_n)
{
	uint32_t i = 0, kept = 0;
	for (; i < n && ev[i].time_ms == ev->time_ms && ev[i].user == ev->user; i++) {
		if (ev[i].behaviour == BEHAVIOUR_RETURN)
			continue;
		if (kept == t->cap_categories) {
			uint32_t cap = kept ? 2 * kept : 64;
			uint32_t *category = mem_resize(t->category, cap, sizeof *category);
			if (!category)
				return 0;
			t->category = category;
			t->cap_categories = cap;
		}
		t->category[kept++] = ev[i].category;
	}
	*ret_n = kept;
	return i;
}

#define FAR 24u                 /* events ahead whose profiles are on their way from memory, */
#define NEAR 12u                /* and whose categories and times are */

PART_OF_MANY void fetch_ahead(const struct tracker *t, const struct event *ev, uint32_t left)
{
	const struct shard *s = &t->shard;
	if (left > FAR && ev[FAR].user < s->n_slots)
		__builtin_prefetch(shard_profile(s, ev[FAR].user), 1);
	if (left <= NEAR || ev[NEAR].user >= s->n_slots)
		return;
	const struct profile *p = shard_profile(s, ev[NEAR].user);
	__builtin_prefetch(p->time[p->n % PROFILE_RECENT], 1);
	__builtin_prefetch(p->seen, 1);
	__builtin_prefetch(p->seen + p->n_seen);
	__builtin_prefetch(p->seen + p->cap_seen + p->n_seen, 1);
}

struct relay {
	tracker_sink *sink;
	void *ctx;
};

static int relay_finding(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct relay *r = ctx;
	return r->sink(r->ctx, &ev->finding, e);
}

static int step(struct tracker *t, struct relay *relay, struct err *e)
{
	t->step++;
	return t->shard.n_runs ? shard_step(&t->shard, relay_finding, relay, e) : 0;
}

int tracker_feed(struct tracker *t, const struct event *ev, uint32_t n, tracker_sink *sink,
	void *ctx, struct err *e)
{
	struct relay relay = { sink, ctx };
	int r = 0;
	for (uint32_t i = 0, n_categories; i < n && r == 0; ) {
		fetch_ahead(t, ev + i, n - i);
		uint32_t user = ev[i].user, taken = gather(t, ev + i, n - i, &n_categories);
		if (taken == 0)
			return err_set(e, -ENOMEM, "could not read a user's events: out of memory");
		r = tracker_reserve(t, user + 1, e);
		if (r == 0 && (t->mark[user].step == t->step || t->shard.n_runs >= INSTANTS_A_STEP))
			r = step(t, &relay, e);
		if (r == 0 && n_categories > 0) {
			t->mark[user] = (struct tracker_mark){ .step = t->step, .dirty = true };
			r = shard_add(&t->shard, user, user, ev[i].time_ms, t->category,
				n_categories, e);
		}
		i += taken;
	}
	return r < 0 ? r : step(t, &relay, e);
}

void tracker_standing(const struct tracker *t, uint32_t user, struct standing *ret)
{
	*ret = (struct standing){ .score = -INFINITY, .threshold = t->shard.rule.threshold,
		.learning = true, .risk_ms = INT64_MAX };
	if (user >= t->shard.n_slots)
		return;
	const struct profile *p = shard_profile(&t->shard, user);
	struct mixture x;
	t->shard.backend.ops->save(&t->shard.backend, user, &x);
	ret->n = p->n;
	ret->risk_ms = p->risk_ms;
	ret->learning = p->n <= p->quiet_n;
	if (!ret->learning)
		ret->score = mixture_score(&t->shard.rule, x.log_m, x.n);
}

uint32_t tracker_n_users(const struct tracker *t)
{
	return t->shard.n_slots;
}

bool tracker_is_dirty(struct tracker *t, uint32_t user)
{
	bool dirty = user < t->cap_marks && t->mark[user].dirty;
	if (dirty)
		t->mark[user].dirty = false;
	return dirty;
}
