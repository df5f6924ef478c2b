#include "detect/tracker.h"

#include <errno.h>
#include <math.h>

#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/shard.h"
#include "detect/tracker_parts.h"
#include "series/step.h"

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
	t->oldest = t->newest = TRACKER_NOBODY;
	t->pass_ms = INT64_MIN;
	if (priors_init(&t->priors, m, ids, e) == 0 &&
	    shard_init(&t->shard, &t->priors, backend, e) == 0)
		return t;
	tracker_free(t);
	return NULL;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	shard_done(&t->shard);
	priors_done(&t->priors);
	mem_free(t->mark);
	mem_free(t->seen);
	mem_free(t);
}

const char *tracker_backend(const struct tracker *t)
{
	return backend_name(&t->shard.backend);
}

int tracker_switch(struct tracker *t, const char *backend, struct err *e)
{
	return shard_switch(&t->shard, backend, e);
}

const char *tracker_notice(struct tracker *t)
{
	return shard_notice(&t->shard);
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
			mark[i] = (struct tracker_mark){ .older = i, .newer = i };
		t->mark = mark;
		t->cap_marks = cap;
	}
	return shard_reserve(&t->shard, n_users, e);
}

/* Open sessions */

/* Whether a channel reads a session's end; if not, nothing waits for it. */
static bool ends_matter(const struct tracker *t)
{
	return t->shard.rules.channels & CHANNEL_BIT(CHANNEL_LEARNED);
}

static void leave(struct tracker *t, uint32_t user)
{
	struct tracker_mark *m = &t->mark[user];
	if (m->older == user)
		return;
	*(m->older == TRACKER_NOBODY ? &t->oldest : &t->mark[m->older].newer) = m->newer;
	*(m->newer == TRACKER_NOBODY ? &t->newest : &t->mark[m->newer].older) = m->older;
	m->older = m->newer = user;
}

static void enter_behind(struct tracker *t, uint32_t user, uint32_t older)
{
	struct tracker_mark *m = &t->mark[user];
	m->older = older;
	m->newer = older == TRACKER_NOBODY ? t->oldest : t->mark[older].newer;
	*(m->older == TRACKER_NOBODY ? &t->oldest : &t->mark[m->older].newer) = user;
	*(m->newer == TRACKER_NOBODY ? &t->newest : &t->mark[m->newer].older) = user;
}

void tracker_touch(struct tracker *t, uint32_t user)
{
	if (t->newest == user || !ends_matter(t))
		return;
	leave(t, user);
	enter_behind(t, user, t->newest);
}

void tracker_insert(struct tracker *t, uint32_t user)
{
	if (!ends_matter(t))
		return;
	int64_t at = shard_profile(&t->shard, user)->last_ms;
	uint32_t older = t->newest;
	leave(t, user);
	while (older != TRACKER_NOBODY && shard_profile(&t->shard, older)->last_ms > at)
		older = t->mark[older].older;
	enter_behind(t, user, older);
}

/* What happened in the instant that starts at ev[0], returns left out; how many events it has. */
static uint32_t gather(struct tracker *t, const struct event *ev, uint32_t n, uint32_t *ret_n)
{
	uint32_t i = 0, kept = 0;
	for (; i < n && ev[i].time_ms == ev->time_ms && ev[i].user == ev->user; i++) {
		if (ev[i].behaviour == BEHAVIOUR_RETURN)
			continue;
		if (kept == t->cap_seen) {
			uint32_t cap = kept ? 2 * kept : 64;
			struct sight *seen = mem_resize(t->seen, cap, sizeof *seen);
			if (!seen)
				return 0;
			t->seen = seen;
			t->cap_seen = cap;
		}
		t->seen[kept++] = (struct sight){ ev[i].category, ev[i].item,
			priors_tag(&t->priors, ev[i].item), ev[i].behaviour };
	}
	*ret_n = kept;
	return i;
}

#define FAR 24u                 /* events ahead whose profiles are on their way from memory, */
#define NEAR 12u                /* and whose categories and times are */

PART_OF_MANY void fetch_ahead(const struct tracker *t, const struct event *ev, uint32_t left)
{
	const struct shard *s = &t->shard;
	if (left > FAR && ev[FAR].user < s->n_slots) {
		const char *profile = (const char *)shard_profile(s, ev[FAR].user);
		__builtin_prefetch(&t->mark[ev[FAR].user], 1);
		__builtin_prefetch(profile, 1);
		__builtin_prefetch(profile + 64, 1);
	}
	if (left <= NEAR || ev[NEAR].user >= s->n_slots)
		return;
	const struct profile *p = shard_profile(s, ev[NEAR].user);
	__builtin_prefetch(p->seen, 1);
	__builtin_prefetch(p->seen + p->n_seen);
	__builtin_prefetch(p->seen + p->cap_seen + p->n_seen, 1);
}

static int step(struct tracker *t, tracker_sink *sink, void *ctx, struct err *e)
{
	t->step++;
	return t->shard.n_runs ? shard_step(&t->shard, sink, ctx, e) : 0;
}

/* The user gets a run in the step being gathered, which goes first if there is one already. */
static int begin_run(struct tracker *t, uint32_t user, tracker_sink *sink, void *ctx,
	struct err *e)
{
	int r = 0;
	if (t->mark[user].step == t->step || t->shard.n_runs >= INSTANTS_A_STEP)
		r = step(t, sink, ctx, e);
	t->mark[user].step = t->step;
	t->mark[user].dirty = true;
	return r;
}

static int close_session(struct tracker *t, uint32_t user, tracker_sink *sink, void *ctx,
	struct err *e)
{
	if (!ends_matter(t)) {
		profile_close(shard_profile(&t->shard, user));
		return 0;
	}
	leave(t, user);
	int r = begin_run(t, user, sink, ctx, e);
	return r < 0 ? r : shard_close(&t->shard, &(struct shard_who){ user, user }, e);
}

static bool is_over(const struct tracker *t, uint32_t user, int64_t now_ms)
{
	return profile_is_over(shard_profile(&t->shard, user), now_ms, t->shard.model->gap_ms);
}

/* Closes the sessions that are over by now. */
static int close_sessions(struct tracker *t, int64_t now_ms, tracker_sink *sink, void *ctx,
	struct err *e)
{
	int r = 0;
	while (r == 0 && t->oldest != TRACKER_NOBODY && is_over(t, t->oldest, now_ms))
		r = close_session(t, t->oldest, sink, ctx, e);
	return r;
}

/* What comes of time alone changes its user too. */
struct passing {
	struct tracker *t;
	tracker_sink *sink;
	void *ctx;
};

static int mark_and_pass_on(void *ctx, const struct shard_event *ev, struct err *e)
{
	const struct passing *p = ctx;
	p->t->mark[ev->finding.user].dirty = true;
	return p->sink(p->ctx, ev, e);
}

/* Who has not come for too long is known when a step closes, and not before; so is a forecast. */
static int look_for_silence(struct tracker *t, int64_t now_ms, tracker_sink *sink, void *ctx,
	struct err *e)
{
	struct passing p = { t, sink, ctx };
	int r = 0;
	if (!(t->shard.rules.channels & CHANNELS_OF_TIME) || now_ms < t->pass_ms)
		return 0;
	for (uint32_t user = 0; user < t->shard.n_slots && r == 0; user++)
		r = shard_pass(&t->shard, &(struct shard_who){ user, user }, now_ms,
			mark_and_pass_on, &p, e);
	t->pass_ms = step_next_ms(&volume_day, step_start_ms(&volume_day, now_ms));
	return r;
}

int tracker_advance(struct tracker *t, int64_t now_ms, tracker_sink *sink, void *ctx,
	struct err *e)
{
	int r = close_sessions(t, now_ms, sink, ctx, e);
	if (r == 0)
		r = step(t, sink, ctx, e);
	return r < 0 ? r : look_for_silence(t, now_ms, sink, ctx, e);
}

static int feed_instant(struct tracker *t, const struct event *ev, uint32_t n_seen,
	tracker_sink *sink, void *ctx, struct err *e)
{
	struct shard_who w = { ev->user, ev->user };
	int r = close_sessions(t, ev->time_ms, sink, ctx, e);
	if (r == 0 && is_over(t, ev->user, ev->time_ms))        /* or fed user by user */
		r = close_session(t, ev->user, sink, ctx, e);
	if (r == 0)
		r = begin_run(t, ev->user, sink, ctx, e);
	if (r == 0)
		r = shard_add(&t->shard, &w, ev->time_ms, t->seen, n_seen, e);
	if (r == 0)
		tracker_touch(t, ev->user);
	return r;
}

int tracker_feed(struct tracker *t, const struct event *ev, uint32_t n, tracker_sink *sink,
	void *ctx, struct err *e)
{
	int r = priors_grow(&t->priors, e);
	for (uint32_t i = 0, n_seen; i < n && r == 0; ) {
		fetch_ahead(t, ev + i, n - i);
		uint32_t user = ev[i].user, taken = gather(t, ev + i, n - i, &n_seen);
		if (taken == 0)
			return err_set(e, -ENOMEM, "could not read a user's events: out of memory");
		r = tracker_reserve(t, user + 1, e);
		if (r == 0 && n_seen > 0)
			r = feed_instant(t, &ev[i], n_seen, sink, ctx, e);
		i += taken;
	}
	return r < 0 ? r : step(t, sink, ctx, e);
}

/* Of two scores the one nearer to its threshold. */
static void stand(struct standing *st, float score, float threshold)
{
	if (st->threshold < INFINITY && score - threshold <= st->score - st->threshold)
		return;
	st->score = score;
	st->threshold = threshold;
}

void tracker_standing(const struct tracker *t, uint32_t user, struct standing *ret)
{
	const struct rules *rules = &t->shard.rules;
	*ret = (struct standing){ .score = -INFINITY, .threshold = INFINITY, .learning = true,
		.risk_ms = INT64_MAX };
	if (user >= t->shard.n_slots)
		return;
	const struct profile *p = shard_profile(&t->shard, user);
	struct slot_state x;
	if (t->shard.backend.ops->save(&t->shard.backend, &user, 1, &x, NULL) < 0)
		return;
	ret->n = p->n;
	ret->risk_ms = p->risk_ms;
	ret->learning = p->n <= p->quiet_n;
	if (rules->channels & CHANNEL_BIT(CHANNEL_MIXTURE))
		stand(ret, x.mixture.log_m, rules->mixture.threshold);
	if (rules->channels & CHANNEL_BIT(CHANNEL_LEARNED))
		stand(ret, x.learned.score, rules->learned.threshold);
	if (ret->learning)
		ret->score = -INFINITY;
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
