#include "engine/live.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alert/query.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/mem.h"
#include "detect/tracker.h"
#include "engine/live_gauge.h"
#include "engine/live_parts.h"
#include "learn/calibrate.h"

#define TAKE_MS 250             /* how often the console hears of a run where nothing happens */
#define RETRY_MS 1000
#define STOP_MS 100

static void nap(int64_t ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

int64_t live_tick_ms(const struct live *l)
{
	struct timespec t;
	if (l->o.clock)
		return clock_tick_ms(l->o.clock);
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

void live_notice(struct live *l, enum notice_level level, const char *format, ...)
{
	char raw[ERR_TEXT_MAX], line[2 * ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, format);
	vsnprintf(raw, sizeof raw, format, ap);
	va_end(ap);
	text_scrub(line, sizeof line, raw, strlen(raw));
	text_scrub(l->s.notice, sizeof l->s.notice, raw, strlen(raw));
	struct notice *recent = &l->s.recent[l->s.n_notices++ % FEED_NOTICES];
	memcpy(recent->text, l->s.notice, sizeof recent->text);
	recent->level = level;
	recent->at_ms = l->o.clock ? clock_utc_ms(l->o.clock) : time(NULL) * INT64_C(1000);
	if (l->o.noticed)
		l->o.noticed(l->o.ctx, line);
}

void live_tell_backend(struct live *l)
{
	const char *notice = tracker_notice(l->tracker);
	snprintf(l->s.backend, sizeof l->s.backend, "%s", tracker_backend(l->tracker));
	if (notice)
		live_notice(l, NOTICE_WARNING, "%s", notice);
}

/* Snapshots */

static void measure(struct live *l)
{
	int64_t now = live_tick_ms(l), span = now - l->rate_tick_ms;
	if (span < 1000)
		return;
	l->s.events_per_s = (double)l->rate_events * 1000 / (double)span;
	l->rate_events = 0;
	l->rate_tick_ms = now;
}

void live_post(struct live *l)
{
	const struct model *m = live_model(l);
	struct live_shot *shot = mailbox_draft(&l->box);
	struct snapshot *s = &l->s;
	measure(l);
	live_gauge_post(l);
	s->users = tracker_n_users(l->tracker);
	s->n_alerts = s->n_alerts_total = l->alerts.n;
	s->n_severe = l->alerts.severe;
	s->n_high = l->alerts.high;
	s->n_low = l->alerts.low;
	s->n_cleared = l->alerts.cleared;
	s->model = m->hash;
	s->provisional = m->provisional;
	s->unverified = m->unverified;
	s->threshold = model_lowest_threshold(m);
	s->volume_threshold = m->volume.pledge.threshold;
	s->forecast_threshold = m->forecast.pledge.threshold;
	s->budget_kud = m->budget_kud;
	*shot = (struct live_shot){ l->s, m, l->clearings.n };
	mailbox_post(&l->box);
}

/* Models */

int live_use_model(struct live *l, struct model *m, struct err *e)
{
	if (l->n_models == LIVE_MODELS)
		return err_set(e, -ENOMEM, "could not use another model: %d were used already",
			LIVE_MODELS);
	struct model *mine = mem_get(1, sizeof *mine);
	if (!mine)
		return err_set(e, -ENOMEM, "could not use another model: out of memory");
	*mine = *m;
	*m = (struct model){0};
	l->model[l->n_models++] = mine;
	l->epoch_is_new = true;
	return 0;
}

static int first_model(struct live *l, struct err *e)
{
	struct model m = {0};
	struct err why = {0};
	int64_t since_ms;
	bool stored = false;
	if (l->o.model) {
		if (model_open(&m, l->o.model, e) < 0)
			return e->code;
	} else if (!(stored = store_get_model(l->store, &m, &since_ms, &why))) {
		if (why.code < 0)
			return err_set(e, why.code, "%s", why.text);
		model_default(&m);
	}
	uint64_t hash = m.hash;
	int r = calibrate_overrule(&m, &(struct overrule){ .budget = l->o.budget,
		.volume_budget = l->o.volume_budget, .forecast_budget = l->o.forecast_budget,
		.epsilon = l->o.epsilon, .gap_ms = l->o.gap_ms, .name = l->o.model }, e);
	if (r == 0)
		r = live_use_model(l, &m, e);
	if (stored && r == 0 && live_model(l)->hash == hash)
		l->epoch_is_new = false;
	model_done(&m);
	return r;
}

/* The detect thread */

static bool is_passing(int code)
{
	return code == -ENOSPC || code == -EBUSY || code == -EIO || code == -EDQUOT || code ==
		-EAGAIN;
}

bool live_may_retry(struct live *l, const struct err *why)
{
	if (!is_passing(why->code))
		return false;
	if (strcmp(l->trouble, why->text) != 0) {
		snprintf(l->trouble, sizeof l->trouble, "%s", why->text);
		live_notice(l, NOTICE_ERROR, "%s; trying again, nothing is lost meanwhile",
			why->text);
	}
	text_scrub(l->s.trouble, sizeof l->s.trouble, why->text, strlen(why->text));
	live_post(l);
	for (int64_t waited = 0; waited < RETRY_MS && !l->stop; waited += STOP_MS)
		nap(STOP_MS);
	return !l->stop;
}

int live_reserve_users(struct live *l, struct err *e)
{
	uint32_t n = dict_size(l->ids.user);
	if (n <= l->cap_users)
		return 0;
	uint32_t cap = n + n / 2 + 64;
	struct live_user_flags *user = mem_resize(l->user, cap, sizeof *user);
	if (!user)
		return err_set(e, -ENOMEM, "could not follow %u users: out of memory", n);
	memset(user + l->cap_users, 0, (cap - l->cap_users) * sizeof *user);
	l->user = user;
	l->cap_users = cap;
	return 0;
}

static void say_all(struct live *l, const struct text *notices)
{
	for (const char *s = notices->s, *nl; notices->len > 0 && (nl = strchr(s, '\n')); s =
		nl + 1)
		live_notice(l, (enum notice_level)(s[0] - '0'), "%.*s", (int)(nl - s - 1), s + 1);
}

static int take_item(struct live *l, struct live_item *it, struct err *e)
{
	int r = 0;
	say_all(l, &it->notices);
	if (it->failure.code < 0)
		r = err_set(e, it->failure.code, "%s", it->failure.text);
	else
		r = live_process(l, it, e);
	queue_put(&l->idle, it);
	return r;
}

/* Between two items; the rows that come are the same. */
static void turn_backend(struct live *l)
{
	bool is_cpu = strcmp(tracker_backend(l->tracker), "cpu") == 0;
	const char *other = is_cpu ? "cuda" : "cpu";
	struct err e = {0};
	if (tracker_switch(l->tracker, other, &e) < 0) {
		live_notice(l, NOTICE_WARNING, "%s goes on: %s", tracker_backend(l->tracker),
			e.text);
		return;
	}
	l->o.backend = is_cpu ? "auto" : "cpu";         /* of refits */
	live_tell_backend(l);
	live_notice(l, NOTICE_INFO, "detection goes on on %s, from the same states", other);
}

static int run(struct live *l, struct err *e)
{
	int r = live_resume(l, e);
	l->s.phase = FEED_RUNNING;
	while (r == 0) {
		bool last = l->read_all;
		struct live_item *it = queue_take_for(&l->full, TAKE_MS);
		if (it)
			r = take_item(l, it, e);
		else if (last)
			break;
		else if (live_is_due(l))
			r = live_checkpoint(l, e);
		if (r == 0 && atomic_exchange(&l->turns, false))
			turn_backend(l);
		live_post(l);
	}
	if (r == -ECANCELED && l->stop)         /* between two parts: nothing is half done */
		r = 0;
	return r < 0 ? r : live_checkpoint(l, e);
}

static void *detect(void *live)
{
	struct live *l = live;
	int r = run(l, &l->failure);
	l->s.phase = r < 0 ? FEED_FAILED : FEED_ENDED;
	l->s.lag_s = 0;
	if (r < 0)
		live_notice(l, NOTICE_ERROR, "%s", l->failure.text);
	l->failure.code = r;
	live_post(l);
	queue_close(&l->idle);
	l->finished = true;
	return NULL;
}

/* The feed */

static const struct snapshot *look(struct feed *f, bool *ret_fresh)
{
	struct live *l = (struct live *)f;
	bool fresh;
	const struct live_shot *shot = mailbox_look(&l->box, ret_fresh ? ret_fresh : &fresh);
	f->model = shot->model;
	live_take_clearings(l, shot->n_clearings);
	return &shot->s;
}

static const struct alert *alert_of(struct feed *f, uint32_t i)
{
	return live_alert_at((struct live *)f, i);
}

static int command(struct feed *f, const struct command *c, struct err *e)
{
	struct live *l = (struct live *)f;
	if (c->kind == COMMAND_BACKEND) {
		l->turns = true;
		return 0;
	}
	return err_set(e, -ENOTSUP, "live data cannot be paused or moved in; Space holds the view");
}

struct reading {
	struct live *l;
	struct event *ev;
	uint32_t n, cap, user;
	int code;
};

static int read_event(void *ctx, const struct store_event *from)
{
	struct reading *r = ctx;
	if (r->n == r->cap) {
		uint32_t cap = r->cap ? 2 * r->cap : 256;
		struct event *ev = mem_resize(r->ev, cap, sizeof *ev);
		if (!ev)
			return r->code = -ENOMEM;
		r->ev = ev;
		r->cap = cap;
	}
	return r->code = live_event(r->l, from, &r->ev[r->n++]);
}

static int user_events(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n,
	struct err *e)
{
	struct reading r = { .l = (struct live *)f };
	size_t len;
	const char *text = dict_text(f->ids->user, user, &len);
	if (!r.l->reader && !(r.l->reader = store_open_read(r.l->o.db, e)))
		return e->code;
	int code = store_each_user_event(r.l->reader, text, len, upto_ms, read_event, &r, e);
	if (r.code < 0)
		code = err_set(e, r.code, "could not read a user's events: out of memory");
	if (code < 0) {
		mem_free(r.ev);
		return code;
	}
	*ret = r.ev;
	*ret_n = r.n;
	return 0;
}

static int rejects(struct feed *f, feed_reject *each, void *ctx, struct err *e)
{
	struct live *l = (struct live *)f;
	if (!l->reader && !(l->reader = store_open_read(l->o.db, e)))
		return e->code;
	return query_each_reject(l->reader, each, ctx, e);
}

/* Opening and closing */

static void join(struct live *l)
{
	if (l->has_ingest)
		pthread_join(l->ingest, NULL);
	if (l->has_detect)
		pthread_join(l->detect, NULL);
	l->has_ingest = l->has_detect = false;
}

static void free_items(struct live *l)
{
	for (int i = 0; i < LIVE_ITEMS; i++) {
		mem_free(l->item[i].ev);
		mem_free(l->item[i].place);
		mem_free(l->item[i].reject);
		text_done(&l->item[i].notices);
	}
	text_done(&l->said);
}

static void close_live(struct feed *f)
{
	struct live *l = (struct live *)f;
	l->stop = true;
	join(l);
	store_close(l->reader);
	store_close(l->store);
	tracker_free(l->tracker);
	follow_close(l->follow);
	order_free(l->order);
	free_items(l);
	queue_done(&l->full);
	queue_done(&l->idle);
	mailbox_done(&l->box);
	for (uint32_t i = 0; i < l->n_models; i++) {
		model_done(l->model[i]);
		mem_free(l->model[i]);
	}
	live_free_lists(l);
	mem_free(l->known);
	mem_free(l->user);
	mem_free(l->ev);
	mem_free(l->found);
	mem_free(l->split);
	mem_free(l->blob);
	zone_done(&l->zone_ingest);
	zone_done(&l->zone_detect);
	ids_done(&l->ids);
	mem_free(l);
}

static const struct feed_ops live_ops = { look, alert_of, command, user_events, rejects,
	close_live };

static void name_source(struct live *l)
{
	const struct follow_options *o = &l->o.follow;
	const char *first = o->n_paths ? o->path[0] : "", *slash = strrchr(first, '/');
	char text[256];
	int n = strcmp(first, "-") == 0 ? snprintf(text, sizeof text, "stdin") :
		snprintf(text, sizeof text, "tail %.200s", slash ? slash + 1 : first);
	if (o->n_paths > 1)
		snprintf(text + n, sizeof text - (size_t)n, " +%u", o->n_paths - 1);
	text_scrub(l->s.source, sizeof l->s.source, text, strlen(text));
}

/* Everything that can be waited upon, and the items between the threads. */
static int prepare(struct live *l, struct err *e)
{
	if (ids_init(&l->ids, e) < 0 || queue_init(&l->full, LIVE_ITEMS, e) < 0 ||
	    queue_init(&l->idle, LIVE_ITEMS, e) < 0 || mailbox_init(&l->box,
		sizeof(struct live_shot), e) < 0 ||
	    zone_init(&l->zone_ingest, l->o.follow.zone ? l->o.follow.zone->name : NULL, e) < 0 ||
	    zone_init(&l->zone_detect, l->o.step.zone ? l->o.step.zone->name : NULL, e) < 0)
		return e->code;
	text_init(&l->said, LIVE_NOTICES_MAX);
	for (int i = 0; i < LIVE_ITEMS; i++) {
		text_init(&l->item[i].notices, LIVE_NOTICES_MAX);
		queue_put(&l->idle, &l->item[i]);
	}
	l->split = mem_get(l->o.follow.n_paths + 1, sizeof *l->split);
	if (!l->split)
		return err_set(e, -ENOMEM, "could not follow %u sources: out of memory",
			l->o.follow.n_paths);
	l->o.follow.zone = &l->zone_ingest;
	l->step = l->o.step;
	l->step.zone = &l->zone_detect;
	l->s = (struct snapshot){ .phase = FEED_LOADING, .live = true, .data_ms = INT64_MIN,
		.first_ms = INT64_MIN, .last_ms = INT64_MIN };
	name_source(l);
	return 0;
}

static int open_parts(struct live *l, struct err *e)
{
	const char *backend = l->o.backend ? l->o.backend : "auto";
	struct err why = {0};           /* a new store is empty, which is no error of ours */
	l->store = store_open(l->o.db, &why);
	if (!l->store)
		return err_set(e, why.code, "%s", why.text);
	if (first_model(l, e) < 0)
		return e->code;
	l->tracker = tracker_new(live_model(l), &l->ids, backend, e);
	if (l->tracker)
		live_tell_backend(l);
	l->order = order_new(&l->ids, l->o.lateness_ms, e);
	l->follow = l->order ? follow_open(&l->ids, &l->o.follow, live_said, l, e) : NULL;
	if (!l->tracker || !l->follow)
		return e->code;
	return live_resume_sources(l, e);
}

static int start(struct live *l, struct err *e)
{
	live_post(l);
	int code = pthread_create(&l->detect, NULL, detect, l);
	l->has_detect = code == 0;
	if (code == 0)
		code = pthread_create(&l->ingest, NULL, live_ingest, l);
	l->has_ingest = code == 0;
	if (code == 0)
		return 0;
	queue_close(&l->full);
	return err_set(e, -code, "could not start a thread: %s", strerror(code));
}

struct feed *live_open(const struct live_options *o, struct err *e)
{
	struct live *l = mem_get(1, sizeof *l);
	if (!l) {
		err_set(e, -ENOMEM, "could not start following: out of memory");
		return NULL;
	}
	l->o = *o;
	l->feed = (struct feed){ .ops = &live_ops, .ids = &l->ids, .names = o->names, .db = o->db,
		.zone = o->step.zone,
		.clock = o->clock };
	if (prepare(l, e) == 0 && open_parts(l, e) == 0 && start(l, e) == 0)
		return &l->feed;
	close_live(&l->feed);
	return NULL;
}

int live_wait(struct feed *f, const volatile int *stop, struct err *e)
{
	struct live *l = (struct live *)f;
	char why[400];
	while (!l->finished) {
		if (stop && *stop)
			l->stop = true;
		nap(l->finished ? 0 : STOP_MS / 10);
	}
	join(l);
	if (l->failure.code < 0)
		return err_set(e, l->failure.code, "%s", l->failure.text);
	if (l->o.follow.once && !l->stop && follow_unusable(l->follow, why, sizeof why) > 0)
		return err_set(e, -ENODATA, "%s", why);
	return 0;
}
