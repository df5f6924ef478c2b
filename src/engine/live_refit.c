/* A new epoch: a model fitted on the events kept, and all profiles anew under it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "detect/tracker.h"
#include "engine/live_parts.h"
#include "series/history.h"

#define BATCH 65536u

struct gathering {
	struct live *l;
	struct history *h;
	struct batch *b;
	int64_t from_ms, to_ms;
	struct err *e;
};

static int hand_over(struct gathering *g)
{
	struct batch *b = g->b;
	g->b = NULL;
	return b ? history_take(g->h, b, g->e) : 0;
}

static int gather(void *ctx, const struct store_event *from)
{
	struct gathering *g = ctx;
	struct event ev;
	if (from->time_ms < g->from_ms || from->time_ms >= g->to_ms)
		return 0;
	if (g->b && g->b->n == BATCH && hand_over(g) < 0)
		return g->e->code;
	if (!g->b && !(g->b = batch_new(BATCH, true, true, false, g->e)))
		return -ENOMEM;
	if (live_event(g->l, from, &ev) < 0 || !batch_add(g->b, &ev, 0))
		return err_set(g->e, -ENOMEM, "could not gather the events kept: out of memory");
	return 0;
}

/* The events kept with time in [from, to), as a history; NULL: failed. */
static struct history *history_of(struct live *l, int64_t from_ms, int64_t to_ms, struct err *e)
{
	struct gathering g = { .l = l, .from_ms = from_ms, .to_ms = to_ms, .e = e };
	g.h = history_new(&l->ids, l->o.memory_bytes, e);
	if (!g.h)
		return NULL;
	int r = store_each_event(l->store, 0, gather, &g, e);
	if (r == 0)
		r = hand_over(&g);
	if (r == 0)
		r = history_seal(g.h, l->o.threads ? l->o.threads : 1, e);
	batch_free(g.b);
	if (r == 0)
		return g.h;
	history_free(g.h);
	return NULL;
}

static int discard(void *ctx, const struct shard_event *f, struct err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	return 0;
}

/* In order of time, whole instants at a time. */
static int feed_history(struct live *l, struct tracker *t, struct history *h, struct err *e)
{
	uint64_t n = history_n_events(h);
	uint32_t filled = 0;
	int r = history_order(h, e);
	if (r == 0 && l->cap_ev < BATCH) {
		struct event *ev = mem_resize(l->ev, BATCH, sizeof *ev);
		if (!ev)
			return err_set(e, -ENOMEM, "could not rebuild profiles: out of memory");
		l->ev = ev;
		l->cap_ev = BATCH;
	}
	for (uint64_t k = 0; k < n && r == 0; k++) {
		struct user_events u;
		uint32_t user, i;
		history_nth(h, k, &user, &i);
		history_user(h, user, &u);
		struct event *last = filled ? &l->ev[filled - 1] : NULL;
		if (filled == l->cap_ev || (filled >= BATCH / 2 && (last->user != user ||
			last->time_ms != u.time_ms[i]))) {
			r = tracker_feed(t, l->ev, filled, discard, NULL, e);
			filled = 0;
		}
		l->ev[filled++] = (struct event){ .time_ms = u.time_ms[i], .user = user,
			.item = u.item[i], .category = u.category[i],
			.behaviour = u.behaviour[i] };
	}
	return r == 0 && filled ? tracker_feed(t, l->ev, filled, discard, NULL, e) : r;
}

/* Whoever was alerted stays ready: after a restart the counts are few again. */
int live_count_all_ready(struct live *l, struct err *e)
{
	int r = live_reserve_users(l, e);
	l->n_ready = 0;
	for (uint32_t i = 0; i < l->cap_users; i++)
		l->user[i].ready = false;
	for (uint32_t i = 0; i < l->alerts.n && r == 0; i++) {
		struct live_user_flags *u = &l->user[live_alert_at(l, i)->f.user];
		l->n_ready += !u->ready;
		u->ready = true;
	}
	for (uint32_t user = 0; user < tracker_n_users(l->tracker) && r == 0; user++)
		live_count_ready(l, user);
	return r;
}

static int rebuild_from(struct live *l, struct history *h, struct err *e)
{
	const char *backend = l->o.backend ? l->o.backend : "auto";
	struct tracker *t = tracker_new(live_model(l), &l->ids, backend, e);
	if (!t)
		return e->code;
	int r = feed_history(l, t, h, e);
	if (r < 0) {
		tracker_free(t);
		return r;
	}
	tracker_free(l->tracker);
	l->tracker = t;
	return live_count_all_ready(l, e);
}

int live_rebuild(struct live *l, int64_t from_ms, int64_t to_ms, struct err *e)
{
	struct history *h = history_of(l, from_ms, to_ms, e);
	if (!h)
		return e->code;
	int r = rebuild_from(l, h, e);
	history_free(h);
	return r;
}

static int put_all(struct live *l, int64_t since_ms, struct err *e)
{
	int r = store_begin(l->store, e);
	if (r < 0)
		return r;
	r = store_put_model(l->store, live_model(l), since_ms, e);
	if (r == 0)
		r = live_save_profiles(l, true, e);
	if (r == 0)
		r = store_commit(l->store, e);
	if (r < 0)
		store_rollback(l->store);
	return r;
}

int live_begin_epoch(struct live *l, int64_t since_ms, struct err *e)
{
	struct err why = {0};
	int r;
	while ((r = put_all(l, since_ms, &why)) < 0)
		if (!live_may_retry(l, &why))
			return err_set(e, r, "%s", why.text);
	l->trouble[0] = l->s.trouble[0] = '\0';
	l->epoch_is_new = false;
	l->since_checkpoint = 0;
	l->checkpoint_seq = l->seq;
	for (uint32_t i = 0; i < l->cap_users; i++)
		l->user[i].dirty = false;
	return 0;
}

static int fit(struct live *l, const struct history *h, struct model *m, struct err *e)
{
	struct fit_options fo = { .budget = l->o.budget, .volume_budget = l->o.volume_budget,
		.forecast_budget = l->o.forecast_budget,
		.gap_ms = l->o.gap_ms, .channels = l->o.channels, .until_ms = INT64_MAX,
		.threads = l->o.threads ? l->o.threads : 1, .stop = &l->stop };
	int r = fit_model(m, h, &l->ids, &fo, e);
	return r == -ENODATA ? 0 : r;
}

static void tell_refit(struct live *l, uint32_t n_users)
{
	const struct model *m = live_model(l);
	char coarse[160] = "";
	if (model_is_coarse(m))
		snprintf(coarse, sizeof coarse, ": they verify %.3g alarms per 1000 user-days, not "
			"the usual %g: --model gives a better one, or twice the users",
			m->budget_kud, MODEL_USUAL_KUD);
	live_notice(l, *coarse ? NOTICE_WARNING : NOTICE_INFO,
		"model refitted on %" PRIu32 " users%s; hash %016" PRIx64, n_users, coarse,
		m->hash);
}

/* A fit that fails is told and tried again when the users have doubled. */
static int fit_and_switch(struct live *l, struct history *h, int64_t boundary_ms,
	struct err *e)
{
	struct model m = {0};
	struct err why = {0};
	uint32_t n_users = l->n_ready;          /* fewer, when all events of some are gone */
	int r = fit(l, h, &m, &why);
	l->refit_at = 2 * (int64_t)n_users;
	if (r == -ECANCELED)
		return err_set(e, r, "the refit was interrupted");
	if (r < 0) {
		live_notice(l, NOTICE_WARNING, "model not refitted: %s", why.text);
		return 0;
	}
	r = live_use_model(l, &m, e);
	model_done(&m);
	if (r == 0)
		r = rebuild_from(l, h, e);
	if (r == 0)
		r = live_begin_epoch(l, boundary_ms, e);
	if (r == 0)
		tell_refit(l, n_users);
	return r;
}

int live_refit(struct live *l, int64_t boundary_ms, struct err *e)
{
	int64_t from_ms = INT64_MIN;
	if (l->refit_at == 0 || l->n_ready < l->refit_at || l->s.data_ms >= boundary_ms)
		return 0;
	/* Older events may be there or not, as the checkpoints fell. */
	if (l->o.retain_ms > 0 && __builtin_sub_overflow(boundary_ms, l->o.retain_ms, &from_ms))
		from_ms = INT64_MIN;
	struct history *h = history_of(l, from_ms, boundary_ms, e);
	if (!h)
		return e->code;
	int r = fit_and_switch(l, h, boundary_ms, e);
	history_free(h);
	return r;
}
