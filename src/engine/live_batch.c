/* One batch through tracker and store: the tracker takes it once, the store as often as it needs.
 * */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "base/mem.h"
#include "detect/tracker.h"
#include "engine/evidence.h"
#include "engine/live_gauge.h"
#include "engine/live_parts.h"
#include "series/history.h"

#define CHECKPOINT_EVENTS 200000u
#define CHECKPOINT_MS 15000
#define CHECKPOINT_SHARE 4      /* at most a fifth of the time goes into checkpoints */
#define REJECTS_MAX 10000u      /* rows kept in a store */
#define READY_N 10u
#define DAY_MS 86400000

/* Events i..j of an item, all in one step while a refit may come. */
struct part {
	const struct live_item *it;
	uint32_t from, to;
	bool checkpoint;
};

bool live_is_due(const struct live *l)
{
	int64_t since = live_tick_ms(l) - l->checkpoint_tick_ms;
	return l->since_checkpoint > 0 && since >= CHECKPOINT_SHARE * l->checkpoint_cost_ms &&
		(l->since_checkpoint >= CHECKPOINT_EVENTS || since >= CHECKPOINT_MS);
}

void live_count_ready(struct live *l, uint32_t user)
{
	struct standing st;
	if (l->user[user].ready)
		return;
	tracker_standing(l->tracker, user, &st);
	l->user[user].ready = st.n > READY_N;
	l->n_ready += l->user[user].ready;
}

/* Detection */

static int found(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct live *l = ctx;
	const struct finding *f = &ev->finding;
	bool clears = ev->kind == SHARD_CLEARED;
	if (l->n_found == l->cap_found) {
		uint32_t cap = l->cap_found ? 2 * l->cap_found : 64;
		struct alert *a = mem_resize(l->found, cap, sizeof *a);
		if (!a)
			return err_set(e, -ENOMEM, "could not keep %u alerts: out of memory", cap);
		l->found = a;
		l->cap_found = cap;
	}
	struct alert *a = &l->found[l->n_found++];
	*a = alert_make(f, &l->ids, live_model(l)->hash);
	a->cleared_ms = clears ? ev->cleared_ms : a->cleared_ms;
	l->n_ready += !l->user[f->user].ready;
	l->user[f->user].ready = true;
	return 0;
}

static int feed(struct live *l, const struct part *p, struct err *e)
{
	uint32_t n = p->to - p->from;
	int64_t begun_us = live_tick_us(l);
	l->n_found = 0;
	if (n == 0)
		return p->it->released_ms == INT64_MIN ? 0 : tracker_advance(l->tracker,
			p->it->released_ms, found, l, e);
	if (n > l->cap_ev) {
		struct event *ev = mem_resize(l->ev, n, sizeof *ev);
		if (!ev)
			return err_set(e, -ENOMEM, "could not take %u events: out of memory", n);
		l->ev = ev;
		l->cap_ev = n;
	}
	for (uint32_t i = 0; i < n; i++)
		l->ev[i] = p->it->ev[p->from + i].ev;
	if (live_reserve_users(l, e) < 0 || tracker_feed(l->tracker, l->ev, n, found, l, e) < 0)
		return e->code;
	if (p->to == p->it->n && tracker_advance(l->tracker, p->it->released_ms, found, l, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < n; i++)
		live_count_ready(l, l->ev[i].user);
	live_gauge_detect(l, begun_us, n, l->n_found);
	l->since_checkpoint += n;
	l->rate_events += n;
	return 0;
}

/* Evidence */

struct own_events {                     /* a user's, as columns */
	struct live *l;
	struct batch *b;
	int code;
};

static int take_own(void *ctx, const struct store_event *from)
{
	struct own_events *o = ctx;
	struct event ev;
	o->code = live_event(o->l, from, &ev);
	if (o->code == 0 && !batch_add(o->b, &ev, 0))
		o->code = -ENOMEM;
	return o->code;
}

struct evidence_of {
	struct live *l;
	uint64_t id;
};

static int put_step(void *ctx, int64_t step_ms, uint32_t category, double interest, struct err *e)
{
	struct evidence_of *v = ctx;
	return store_put_evidence(v->l->store, v->id, step_ms,
		dict_text(v->l->ids.category, category, NULL), interest, e);
}

/* From the user's events in the store up to the alert, so it does not depend on how rows came in.
 * */
static int put_evidence(struct live *l, const struct alert *a, struct err *e)
{
	struct own_events own = { .l = l };
	struct evidence_of v = { l, a->id };
	size_t len;
	const char *user = dict_text(l->ids.user, a->f.user, &len);
	own.b = batch_new(256, true, true, false, e);
	if (!own.b)
		return -ENOMEM;
	int r = store_each_user_event(l->store, user, len, a->f.time_ms, take_own, &own, e);
	if (own.code < 0)
		r = err_set(e, own.code, "could not read a user's events: out of memory");
	if (r == 0) {
		const struct batch *b = own.b;
		struct user_events ue = { b->n, b->time_ms, b->item, b->category, b->behaviour,
			b->price,
			b->quantity };
		r = evidence_each(&ue, &a->f, &l->ids, &l->step, put_step, &v, e);
	}
	batch_free(own.b);
	return r;
}

/* Storing */

/* found[] holds alerts, and clearings as alerts with a time of it. */
static bool is_alert(const struct alert *a)
{
	return a->cleared_ms == INT64_MIN;
}

/* An alert, or the clearing of one; an alert of another epoch has another id, and stays. */
static int put_found(struct live *l, const struct alert *a, struct err *e)
{
	struct err why = {0};
	if (is_alert(a)) {
		int r = store_put_alert(l->store, a, &l->ids, e);
		return r < 0 ? r : put_evidence(l, a, e);
	}
	int r = store_set_cleared(l->store, a->id, a->cleared_ms, &why);
	return r < 0 && r != -ENOENT ? err_set(e, r, "%s", why.text) : 0;
}

static int put_events(struct live *l, const struct part *p, struct err *e)
{
	uint32_t n = p->to - p->from;
	int r = 0;
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = store_put_event(l->store, &l->ev[i], &l->ids, &l->seq, e);
	for (uint32_t i = 0; i < l->n_found && r == 0; i++)
		r = put_found(l, &l->found[i], e);
	return r;
}

static const char *path_of(const struct live_item *it, uint32_t source)
{
	for (uint32_t i = 0; i < it->n_places; i++)
		if (it->place[i].source == source)
			return it->place[i].path;
	return "";
}

static int put_rejects(struct live *l, const struct live_item *it, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; i < it->n_rejects && r == 0 && l->kept_rejects + i < REJECTS_MAX; i++)
		r = store_put_reject(l->store, path_of(it, it->reject[i].source), &it->reject[i],
			e);
	return r;
}

static int put_number(struct live *l, const char *name, int64_t value, struct err *e)
{
	return store_set_number(l->store, name, value, e);
}

/* The offset to go on from, once part of an item is done: the rest of it is still to be read. */
static uint64_t low_of(const struct part *p, const struct follow_place *place)
{
	uint64_t low = place->offset;
	for (uint32_t i = p->to; i < p->it->n; i++)
		if (p->it->ev[i].source == place->source && p->it->ev[i].offset < low)
			low = p->it->ev[i].offset;
	return low;
}

static int put_read(struct live *l, const struct follow_place *place, int64_t read, struct err *e)
{
	char name[64];
	snprintf(name, sizeof name, "read %llu:%llu", (unsigned long long)place->device,
		(unsigned long long)place->inode);
	return put_number(l, name, read, e);
}

/* A path has one place in the store: that of the file before, while rows of it are held or may
 * come; what is read of its successor meanwhile is kept as a number.
 */
static int put_path(struct live *l, const struct part *p, uint32_t path, struct err *e)
{
	const struct follow_place *old = NULL, *new = NULL;
	for (uint32_t i = 0; i < p->it->n_places; i++) {
		const struct follow_place *at = &p->it->place[i];
		if (at->path != l->o.follow.path[path] || at->lost)
			continue;
		if (!at->old)
			new = at;
		else if (!old)
			old = at;
	}
	const struct follow_place *at = old ? old : new;
	if (!at)
		return 0;
	struct store_place stored = { .device = at->device, .inode = at->inode, .offset = low_of(p,
		at),
		.read = at->read };
	snprintf(stored.path, sizeof stored.path, "%s", at->path);
	int r = store_put_place(l->store, &stored, e);
	if (r == 0 && new && (old || l->split[path]))
		r = put_read(l, new, old ? (int64_t)new->read : 0, e);
	return r;
}

static int put_places(struct live *l, const struct part *p, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; i < l->o.follow.n_paths && r == 0; i++)
		r = put_path(l, p, i, e);
	return r;
}

/* Which paths have their second place in the store now. */
static void note_splits(struct live *l, const struct live_item *it)
{
	for (uint32_t path = 0; path < l->o.follow.n_paths; path++) {
		l->split[path] = false;
		for (uint32_t i = 0; i < it->n_places; i++)
			l->split[path] |= it->place[i].path == l->o.follow.path[path] &&
				it->place[i].old &&
				!it->place[i].lost;
	}
}

/* Alerts promised while the events of a part came, and those that came. */
static void add_promise(const struct live *l, const struct part *p, struct snapshot *s)
{
	double day = model_promised_day(live_model(l), tracker_n_users(l->tracker));
	int64_t at_ms = l->s.data_ms, gone_ms = 0;
	for (uint32_t i = p->from; i < p->to; i++) {
		int64_t t_ms = p->it->ev[i].ev.time_ms;
		if (at_ms != INT64_MIN)
			gone_ms += t_ms - at_ms < DAY_MS ? t_ms - at_ms : DAY_MS;
		at_ms = t_ms;
	}
	s->promised += day * (double)gone_ms / DAY_MS;
	for (uint32_t i = 0; i < l->n_found && day > 0; i++)
		s->n_promised += is_alert(&l->found[i]);
}

/* What the snapshot will say after this part, and what is stored of it. */
static struct snapshot advance(const struct live *l, const struct part *p)
{
	struct snapshot s = l->s;
	const struct live_item *it = p->it;
	if (p->to > p->from) {
		s.data_ms = it->ev[p->to - 1].ev.time_ms;
		if (s.first_ms == INT64_MIN)
			s.first_ms = it->ev[p->from].ev.time_ms;
	}
	add_promise(l, p, &s);
	s.events += p->to - p->from;
	if (p->from == 0) {
		s.rows += it->rows;
		s.late += it->late;
		s.rejected += it->unusable;
	}
	return s;
}

static int put_numbers(struct live *l, const struct part *p, const struct snapshot *s,
	struct err *e)
{
	const struct { const char *name; int64_t value; bool is_there; } number[] = {
		{ "released_ms", p->to < p->it->n ? s->data_ms : p->it->released_ms,
			p->to < p->it->n || p->it->released_ms != INT64_MIN },
		{ "first_ms", s->first_ms, s->events > 0 },
		{ "data_ms", s->data_ms, s->events > 0 },
		{ "profile_model", (int64_t)live_model(l)->hash, p->to > p->from },
		{ "promised_1e6", (int64_t)(s->promised * 1e6), true },
		{ "n_promised", s->n_promised, true },
		{ "rows", (int64_t)s->rows, true },
		{ "events", (int64_t)s->events, true },
		{ "late", (int64_t)s->late, true },
		{ "rejected", (int64_t)s->rejected, true },
		{ "kept_rejects", (int64_t)(l->kept_rejects + p->it->n_rejects),
			p->it->n_rejects > 0 },
	};
	int r = 0;
	for (unsigned i = 0; i < sizeof number / sizeof *number && r == 0; i++)
		if (number[i].is_there)
			r = put_number(l, number[i].name, number[i].value, e);
	return r;
}

static int put_profile(struct live *l, uint32_t user, struct err *e)
{
	size_t len, size = tracker_save(l->tracker, user, l->blob, l->cap_blob);
	const char *text = dict_text(l->ids.user, user, &len);
	if (size > l->cap_blob) {
		void *blob = mem_resize(l->blob, 2 * size, 1);
		if (!blob)
			return err_set(e, -ENOMEM,
				"could not keep a user's profile: out of memory");
		l->blob = blob;
		l->cap_blob = 2 * size;
		size = tracker_save(l->tracker, user, l->blob, l->cap_blob);
	}
	return store_put_profile(l->store, text, len, l->blob, size, e);
}

/* Users that changed stay marked until the commit. all: whoever has a number, known or not. */
int live_save_profiles(struct live *l, bool all, struct err *e)
{
	int r = live_reserve_users(l, e);
	uint32_t n = dict_size(l->ids.user);
	n = n < l->cap_users ? n : l->cap_users;        /* ingest may know more users by now */
	for (uint32_t user = 0; user < n && r == 0; user++) {
		l->user[user].dirty |= tracker_is_dirty(l->tracker, user) || all;
		if (l->user[user].dirty)
			r = put_profile(l, user, e);
	}
	if (r == 0)
		r = put_number(l, "checkpoint_seq", l->seq, e);
	if (r == 0)
		r = put_number(l, "profile_model", (int64_t)live_model(l)->hash, e);
	if (r == 0)
		r = put_number(l, "refit_at", l->refit_at, e);
	return r;
}

static int put_checkpoint(struct live *l, const struct snapshot *s, struct err *e)
{
	int64_t before_ms;
	int r = live_save_profiles(l, false, e);
	if (r == 0 && l->o.retain_ms > 0 && !__builtin_sub_overflow(s->data_ms, l->o.retain_ms,
		&before_ms))
		r = store_retain(l->store, before_ms, l->seq, e);
	return r;
}

static int put_part(struct live *l, const struct part *p, const struct snapshot *s, struct err *e)
{
	int r = 0;
	if (l->epoch_is_new && p->to > p->from)
		r = store_put_model(l->store, live_model(l), l->ev[0].time_ms, e);
	if (r == 0)
		r = put_events(l, p, e);
	if (r == 0 && p->from == 0)
		r = put_rejects(l, p->it, e);
	if (r == 0)
		r = put_places(l, p, e);
	if (r == 0)
		r = put_numbers(l, p, s, e);
	return r == 0 && p->checkpoint ? put_checkpoint(l, s, e) : r;
}

/* One transaction. What it changes here is undone when it fails. */
static int try_part(struct live *l, const struct part *p, const struct snapshot *s, struct err *e)
{
	int64_t seq = l->seq;
	int r = store_begin(l->store, e);
	if (r < 0)
		return r;
	r = put_part(l, p, s, e);
	if (r == 0)
		r = store_commit(l->store, e);
	if (r < 0) {
		store_rollback(l->store);
		l->seq = seq;
	}
	return r;
}

static void checkpointed(struct live *l, int64_t begun_ms)
{
	for (uint32_t i = 0; i < l->cap_users; i++)
		l->user[i].dirty = false;
	l->checkpoint_seq = l->seq;
	l->since_checkpoint = 0;
	l->checkpoint_tick_ms = live_tick_ms(l);
	l->checkpoint_cost_ms = l->checkpoint_tick_ms - begun_ms;
}

static int publish(struct live *l, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; i < l->n_found && r == 0; i++)
		r = is_alert(&l->found[i]) ? live_list_alert(l, &l->found[i], e) :
			live_list_clearing(l, &l->found[i], e);
	for (uint32_t i = 0; i < l->n_found && r == 0 && l->o.alerted; i++)
		if (is_alert(&l->found[i]))
			l->o.alerted(l->o.ctx, &l->found[i], &l->ids);
	return r;
}

static int store_part(struct live *l, const struct part *p, struct err *e)
{
	struct snapshot s = advance(l, p);
	struct err why = {0};
	int64_t begun_ms = live_tick_ms(l), begun_us = live_tick_us(l);
	int r;
	while ((r = try_part(l, p, &s, &why)) < 0)
		if (!live_may_retry(l, &why))
			return err_set(e, r, "%s", why.text);
	live_gauge_store(l, begun_us, p->to - p->from);
	if (l->trouble[0])
		live_notice(l, NOTICE_INFO, "the alert store takes writes again");
	l->trouble[0] = s.trouble[0] = '\0';
	s.n_notices = l->s.n_notices;
	memcpy(s.notice, l->s.notice, sizeof s.notice);
	memcpy(s.recent, l->s.recent, sizeof s.recent);
	memcpy(s.stage, l->s.stage, sizeof s.stage);
	l->s = s;
	live_tell_backend(l);
	l->epoch_is_new &= p->to == p->from;
	l->kept_rejects += p->from == 0 ? p->it->n_rejects : 0;
	if (p->checkpoint)
		checkpointed(l, begun_ms);
	return publish(l, e);
}

int live_checkpoint(struct live *l, struct err *e)
{
	struct live_item nothing = { .released_ms = INT64_MIN };
	struct part p = { .it = &nothing, .checkpoint = true };
	l->n_found = 0;
	if (l->since_checkpoint == 0)
		return 0;
	return store_part(l, &p, e);
}

/* How far the events from i on are in one step; while no refit can come, to the end. */
static uint32_t end_of_step(const struct live *l, const struct live_item *it, uint32_t i)
{
	if (l->refit_at == 0 || i == it->n)
		return it->n;
	int64_t next_ms = step_next_ms(&l->step, step_start_ms(&l->step, it->ev[i].ev.time_ms));
	while (i < it->n && it->ev[i].ev.time_ms < next_ms)
		i++;
	return i;
}

/* Data seconds between what is read and what is done. */
static void measure_lag(struct live *l, const struct live_item *it)
{
	l->s.last_ms = it->newest_ms;
	l->s.lag_s = 0;
	if (it->newest_ms != INT64_MIN && l->s.data_ms != INT64_MIN && it->newest_ms > l->s.data_ms)
		l->s.lag_s = (double)(it->newest_ms - l->s.data_ms) / 1000;
}

#define LATE_RUN 20     /* late rows on end: a clock gone ahead, and not one slow host */

/* What keeps rows from being used, as long as it does. */
static void note_trouble(struct live *l, const struct live_item *it)
{
	char at[40];
	uint64_t before = l->late_run;
	if (it->rows > it->late + it->unusable)
		l->late_run = 0;
	l->late_run += it->late;
	memcpy(l->s.unread, it->trouble, sizeof l->s.unread);
	if (l->late_run < LATE_RUN)
		return;
	snprintf(l->s.unread, sizeof l->s.unread,
		"the last %llu rows all came late: a row at %s moved the clock ahead of them",
		(unsigned long long)l->late_run, time_show(it->newest_ms, l->o.step.zone,
			"%Y-%m-%d %H:%M:%S", at, sizeof at));
	if (before < LATE_RUN)
		live_notice(l, NOTICE_WARNING, "%s", l->s.unread);
}

int live_process(struct live *l, const struct live_item *it, struct err *e)
{
	struct part p = { .it = it };
	int r = 0;
	l->s.stage[FEED_READ] = it->read;
	l->s.stage[FEED_HOLD] = it->hold;
	note_trouble(l, it);
	do {
		p.from = p.to;
		p.to = end_of_step(l, it, p.from);
		if (p.to > p.from)
			r = live_refit(l, step_start_ms(&l->step, it->ev[p.from].ev.time_ms), e);
		if (r == 0)
			r = feed(l, &p, e);
		p.checkpoint = live_is_due(l);
		if (r == 0)
			r = store_part(l, &p, e);
		measure_lag(l, it);
		live_post(l);
	} while (r == 0 && p.to < it->n);
	if (r == 0)
		note_splits(l, it);
	return r;
}
