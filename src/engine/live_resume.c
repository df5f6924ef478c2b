/* After a restart: the places in the sources, the alerts found so far, the profiles of the
 * checkpoint, the events journalled since.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/query.h"
#include "base/dict.h"
#include "base/mem.h"
#include "detect/tracker.h"
#include "engine/live_parts.h"
#include "engine/live_sources.h"

#define FEED_EVENTS 4096u
#define REFIT_USERS 100

int live_event(struct live *l, const struct store_event *from, struct event *to)
{
	*to = (struct event){ .time_ms = from->time_ms, .behaviour = (uint8_t)from->behaviour,
		.price = from->price, .quantity = from->quantity,
		.user = dict_id(l->ids.user, from->user, from->user_len),
		.item = dict_id(l->ids.item, from->item, from->item_len),
		.category = dict_id(l->ids.category, from->category, from->category_len) };
	bool full = to->user == DICT_NONE || to->item == DICT_NONE || to->category == DICT_NONE;
	return full ? -ENOMEM : 0;
}

/* Sources */

struct places {
	struct live *l;
	struct store_place *stored;     /* the paths that follow_place borrows */
	struct follow_place *place;
	uint32_t n, n_stored;
};

static int count_place(void *ctx, const struct store_place *p)
{
	(void)p;
	((struct places *)ctx)->n_stored++;
	return 0;
}

/* When the file of a place was rotated away, its successor may have been read in part as well. */
static void add_successor(struct places *a, const struct store_place *p)
{
	struct stat st;
	char name[64];
	int64_t read;
	if (stat(p->path, &st) < 0 || (st.st_dev == p->device && st.st_ino == p->inode))
		return;
	snprintf(name, sizeof name, "read %llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	if (!store_get_number(a->l->store, name, &read) || read == 0)
		return;
	for (uint32_t i = 0; i < a->l->o.follow.n_paths; i++)
		a->l->split[i] |= strcmp(a->l->o.follow.path[i], p->path) == 0;
	a->place[a->n++] = (struct follow_place){ .path = p->path, .device = st.st_dev, .inode =
		st.st_ino,
		.read = (uint64_t)read };
}

static int add_place(void *ctx, const struct store_place *p)
{
	struct places *a = ctx;
	struct store_place *kept = &a->stored[a->n_stored++];
	*kept = *p;
	a->place[a->n++] = (struct follow_place){ .path = kept->path, .device = p->device,
		.inode = p->inode, .offset = p->offset, .read = p->read > p->offset ? p->read :
			p->offset };
	return 0;
}

int live_resume_sources(struct live *l, struct err *e)
{
	struct places a = { .l = l };
	int64_t released_ms;
	if (store_get_number(l->store, "released_ms", &released_ms))
		order_resume(l->order, released_ms);
	int r = store_each_place(l->store, count_place, &a, e);
	if (r < 0 || a.n_stored == 0)
		return r < 0 ? r : live_check_sources(l, NULL, 0, e);
	uint32_t n = a.n_stored;
	a.stored = mem_get(n, sizeof *a.stored);
	a.place = mem_get(2 * (size_t)n, sizeof *a.place);
	a.n_stored = 0;
	if (!a.stored || !a.place)
		r = err_set(e, -ENOMEM, "could not go on from the stored places: out of memory");
	if (r == 0)
		r = store_each_place(l->store, add_place, &a, e);
	if (r == 0)
		r = live_check_sources(l, a.stored, a.n_stored, e);
	for (uint32_t i = 0; r == 0 && i < a.n_stored; i++)
		add_successor(&a, &a.stored[i]);
	if (r == 0)
		r = follow_resume(l->follow, a.place, a.n, e);
	mem_free(a.stored);
	mem_free(a.place);
	return r;
}

/* Profiles */

struct loading {
	struct live *l;
	uint32_t n;             /* events gathered */
	uint64_t n_events;
	int64_t newest_ms;
	struct err *e;
};

static int load_profile(void *ctx, const char *user, size_t user_len, const void *blob, size_t len)
{
	struct loading *g = ctx;
	uint32_t id = dict_id(g->l->ids.user, user, user_len);
	if (id == DICT_NONE)
		return err_set(g->e, -ENOMEM, "could not load profiles: out of memory");
	return len == 0 ? 0 : tracker_load(g->l->tracker, id, blob, len, g->e);
}

/* Findings of the journal were stored with the events that led to them. */
static int discard(void *ctx, const struct shard_event *f, struct err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	return 0;
}

static int feed_gathered(struct loading *g)
{
	uint32_t n = g->n;
	g->n = 0;
	return n == 0 ? 0 : tracker_feed(g->l->tracker, g->l->ev, n, discard, NULL, g->e);
}

/* Fed a few thousand at a time, cut where the time changes: an instant is never split. */
static int load_event(void *ctx, const struct store_event *from)
{
	struct loading *g = ctx;
	struct live *l = g->l;
	if (g->n >= FEED_EVENTS && from->time_ms != g->newest_ms && feed_gathered(g) < 0)
		return g->e->code;
	if (g->n == l->cap_ev) {
		uint32_t cap = l->cap_ev ? 2 * l->cap_ev : 2 * FEED_EVENTS;
		struct event *ev = mem_resize(l->ev, cap, sizeof *ev);
		if (!ev)
			return err_set(g->e, -ENOMEM, "could not load events: out of memory");
		l->ev = ev;
		l->cap_ev = cap;
	}
	if (live_event(l, from, &l->ev[g->n]) < 0)
		return err_set(g->e, -ENOMEM, "could not load events: out of memory");
	g->n++;
	g->n_events++;
	g->newest_ms = from->time_ms;
	l->seq = from->seq;
	return 0;
}

static int load_profiles(struct live *l, struct err *e)
{
	struct loading g = { .l = l, .e = e };
	int64_t released_ms;
	int r = store_each_profile(l->store, load_profile, &g, e);
	if (r == 0)
		r = store_each_event(l->store, l->checkpoint_seq, load_event, &g, e);
	if (r == 0)
		r = feed_gathered(&g);
	if (r == 0 && store_get_number(l->store, "released_ms", &released_ms))
		r = tracker_advance(l->tracker, released_ms, discard, NULL, e);
	l->since_checkpoint = g.n_events;
	return r < 0 ? r : live_reserve_users(l, e);
}

static int last_seq(void *ctx, const struct store_event *from)
{
	struct live *l = ctx;
	l->seq = from->seq;
	return 0;
}

/* The profiles in the store are another model's: from here on a new epoch. */
static int change_model(struct live *l, struct err *e)
{
	int64_t from_ms = INT64_MIN;
	int r = store_each_event(l->store, l->checkpoint_seq, last_seq, l, e);
	if (r == 0 && l->o.retain_ms > 0 && __builtin_sub_overflow(l->s.data_ms, l->o.retain_ms,
		&from_ms))
		from_ms = INT64_MIN;
	if (r == 0)
		r = live_rebuild(l, from_ms, INT64_MAX, e);
	if (r == 0)
		r = live_begin_epoch(l, l->s.data_ms + 1, e);
	if (r == 0)
		live_notice(l, NOTICE_WARNING,
			"the model is another than before: profiles made anew under hash %016"
				PRIx64,
			live_model(l)->hash);
	return r;
}

static int list_alert(void *ctx, const struct alert *a, const char *state)
{
	struct loading *g = ctx;
	(void)state;
	return live_list_alert(g->l, a, g->e);
}

static int list_alerts(struct live *l, struct err *e)
{
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct loading g = { .l = l, .e = e };
	return query_each_alert(l->store, &all, &l->ids, list_alert, &g, e);
}

static uint64_t counter(struct live *l, const char *name)
{
	int64_t v;
	return store_get_number(l->store, name, &v) && v > 0 ? (uint64_t)v : 0;
}

static void load_numbers(struct live *l)
{
	int64_t v;
	l->s.rows = counter(l, "rows");
	l->s.events = counter(l, "events");
	l->s.late = counter(l, "late");
	l->s.rejected = counter(l, "rejected");
	l->kept_rejects = counter(l, "kept_rejects");
	l->s.promised = (double)counter(l, "promised_1e6") / 1e6;
	l->s.n_promised = (uint32_t)counter(l, "n_promised");
	l->checkpoint_seq = l->seq = (int64_t)counter(l, "checkpoint_seq");
	if (store_get_number(l->store, "first_ms", &v))
		l->s.first_ms = v;
	if (store_get_number(l->store, "data_ms", &v))
		l->s.data_ms = l->s.last_ms = v;
}

/* A model of a batch run may be in the store without a word of when to fit the next. */
static void plan_refit(struct live *l)
{
	const struct model *m = live_model(l);
	if (l->o.model)
		l->refit_at = 0;
	else if (!store_get_number(l->store, "refit_at", &l->refit_at) || l->refit_at == 0)
		l->refit_at = m->provisional || m->n_users < REFIT_USERS / 2 ? REFIT_USERS :
			2 * (int64_t)m->n_users;
}

int live_resume(struct live *l, struct err *e)
{
	int64_t hash;
	load_numbers(l);
	plan_refit(l);
	l->checkpoint_tick_ms = l->rate_tick_ms = live_tick_ms(l);
	int r = list_alerts(l, e);
	if (r == 0 && store_get_number(l->store, "profile_model", &hash))
		r = (uint64_t)hash == live_model(l)->hash ? load_profiles(l, e) : change_model(l,
			e);
	return r < 0 ? r : live_count_all_ready(l, e);
}
