#include "engine/replay.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/moments.h"
#include "engine/playback.h"
#include "engine/so_far.h"
#include "engine/what_if.h"
#include "series/history.h"

#define AT_ONCE_EVENTS 200000u
#define RATE_MS 500             /* over which events a second are counted */

struct replay {
	struct feed feed;               /* first: a feed is cast to its replay */
	const struct replay_options *o;
	pthread_t thread;
	bool joined, ready;             /* ready: loaded, and the clock is set up */
	atomic_bool loaded;             /* the loading thread's last write; then all is the ui's */
	struct run run;
	struct run_progress progress;
	struct err err;                 /* of the loading thread */
	const struct run *shown;        /* run, or what_if's */
	struct what_if what_if;
	struct so_far so_far;           /* of the alerts shown */
	struct log_moments moments;
	struct snapshot snap;
	struct playback play;
	/* For the rate. */
	uint64_t rate_count;
	int64_t rate_tick;
};

static struct replay *replay_of(struct feed *f)
{
	return (struct replay *)f;
}

/* The loading thread. */

static int show_run(struct replay *r, const struct run *run, struct err *e)
{
	if (so_far_make(&r->so_far, run->alert, run->n_alerts) < 0)
		return err_set(e, -ENOMEM, "could not keep the alerts: out of memory");
	r->shown = run;
	return 0;
}

static int load_into(struct replay *r, struct store *s, struct err *e)
{
	if (run_files(&r->run, &r->o->run, &r->progress, e) < 0)
		return e->code;
	if (!history_n_events(r->run.history))
		return err_set(e, -ENODATA, "%s",
			*r->run.load.why ? r->run.load.why : "the log has no event");
	if (history_order(r->run.history, e) < 0 || show_run(r, &r->run, e) < 0)
		return e->code;
	return s ? run_store(&r->run, s, &r->o->run, &r->progress, e) : 0;
}

static int load(struct replay *r, struct err *e)
{
	struct store *s = NULL;
	int code;

	if (r->o->db && !(s = run_open_store(r->o->db, e)))
		return e->code;
	code = load_into(r, s, e);
	store_close(s);
	return code;
}

static void *load_main(void *arg)
{
	struct replay *r = arg;
	struct err e = {0};

	if (load(r, &e) < 0)
		r->err = e;
	atomic_store(&r->loaded, true);
	return NULL;
}

/* The ui thread. */

static void notice(struct replay *r, enum notice_level level, const char *text)
{
	struct notice *recent;

	if (!*text)
		return;
	text_scrub(r->snap.notice, sizeof(r->snap.notice), text, strlen(text));
	recent = &r->snap.recent[r->snap.n_notices++ % FEED_NOTICES];
	memcpy(recent->text, r->snap.notice, sizeof(recent->text));
	recent->level = level;
	recent->at_ms = clock_utc_ms(r->o->clock);
}

static uint64_t rejected(const struct load_result *l)
{
	uint64_t n = 0;

	for (int i = 0; i < REJECT_N; i++)
		n += l->rejected[i];
	return n;
}

static void show_model(struct replay *r)
{
	const struct model *m = &r->shown->model;

	r->feed.model = m;
	r->snap.model = m->hash;
	r->snap.provisional = m->provisional;
	r->snap.unverified = m->unverified;
	r->snap.threshold = model_lowest_threshold(m);
	r->snap.volume_threshold = m->volume.pledge.threshold;
	r->snap.forecast_threshold = m->forecast.pledge.threshold;
	r->snap.budget_kud = m->budget_kud;
}

static void show_alerts(struct replay *r)
{
	show_model(r);
	r->snap.n_alerts_total = r->shown->n_alerts;
	r->snap.epoch++;
	r->snap.what_if.is_on = r->shown != &r->run;
	playback_set_alerts(&r->play, r->shown->alert, r->shown->n_alerts);
}

/* The one stage that a replay has: the rest is done once, for the whole log. */
static void show_reading(struct snapshot *s, uint64_t rows, uint64_t events, uint64_t unread)
{
	s->stage[FEED_READ] = (struct stage){ .is_measured = true, .in = rows, .out = events,
		.dropped = s->rejected, .waiting = unread, .p50_ms = NAN, .p99_ms = NAN };
}

/* Options came before the log, which may not have what they name. */
static void set_stops(struct replay *r)
{
	struct command c = { .kind = COMMAND_STOP_ON, .stop_on = &r->o->stop_on };
	struct err e = {0};

	if (playback_command(&r->play, &c, &e) < 0)
		notice(r, NOTICE_ERROR, e.text);
}

/* A leap passes events that nobody saw pass. */
static void start_rate(struct replay *r)
{
	r->rate_tick = r->play.base_tick;
	r->rate_count = history_rank(r->run.history, r->play.base_ms);
	r->snap.events_per_s = 0;
}

static void start(struct replay *r)
{
	struct snapshot *s = &r->snap;

	r->ready = true;
	memcpy(r->snap.backend, r->run.backend, sizeof(r->snap.backend));
	notice(r, NOTICE_ERROR, r->run.load.why);
	notice(r, NOTICE_WARNING, r->run.load.cut);
	notice(r, NOTICE_WARNING, r->run.note);
	notice(r, NOTICE_WARNING, r->run.notice);
	notice(r, NOTICE_ERROR, r->err.text);
	s->loaded = 1;
	s->rows = r->run.load.rows;
	s->rejected = rejected(&r->run.load);
	show_reading(s, s->rows, r->run.load.events, 0);
	if (r->err.code)
		return;
	show_alerts(r);
	s->users = history_n_users(r->run.history);
	log_moments_init(&r->moments, r->run.history);
	r->play.moments = &r->moments.m;
	playback_start(&r->play, r->o->from_ms);
	set_stops(r);
	s->first_ms = r->moments.m.body_first_ms;
	s->last_ms = r->moments.m.body_last_ms;
	start_rate(r);
}

static bool is_ready(struct replay *r)
{
	if (!r->ready && atomic_load(&r->loaded))
		start(r);
	return r->ready;
}

/* What share of the whole each stage is, by the cost of a usual log. */
static double loaded_share(const struct replay *r)
{
	static const double done[] = {
		[RUN_LOAD] = 0, [RUN_SORT] = .6, [RUN_FIT] = .65, [RUN_DETECT] = .85,
		[RUN_STORE] = .95, [RUN_DONE] = 1, [RUN_DONE + 1] = 1,
	};
	const struct run_progress *p = &r->progress;
	uint64_t total = p->load.bytes_total;
	int stage = p->stage;
	double part = p->percent / 100.0;

	if (stage == RUN_LOAD)
		part = total ? (double)p->load.bytes / (double)total : 0;
	return done[stage] + fmin(part, 1) * (done[stage + 1] - done[stage]);
}

static void rate(struct snapshot *s, uint64_t *count, int64_t *at_tick, int64_t tick_ms)
{
	if (tick_ms - *at_tick < RATE_MS)
		return;
	s->events_per_s = s->events < *count ? 0 :
		(double)(s->events - *count) * 1000 / (double)(tick_ms - *at_tick);
	*count = s->events;
	*at_tick = tick_ms;
}

static void look_loading(struct replay *r)
{
	struct snapshot *s = &r->snap;
	uint64_t bytes = r->progress.load.bytes, total = r->progress.load.bytes_total;

	s->phase = FEED_LOADING;
	s->loaded = loaded_share(r);
	s->rows = r->progress.load.rows;
	s->events = r->progress.load.events;
	s->rejected = r->progress.load.rejected;
	s->users = dict_size(r->run.ids.user);
	show_reading(s, s->rows, s->events, total > bytes ? total - bytes : 0);
	rate(s, &r->rate_count, &r->rate_tick, clock_tick_ms(r->o->clock));
}

/* Another budget */

static int drop_what_if(struct replay *r, struct err *e)
{
	if (r->shown != &r->run) {
		if (show_run(r, &r->run, e) < 0)
			return e->code;
		show_alerts(r);
	}
	what_if_drop(&r->what_if);
	r->snap.what_if.is_busy = false;
	return 0;
}

static int take_what_if(struct replay *r, struct err *e)
{
	int code = what_if_join(&r->what_if, e);

	r->snap.what_if.is_busy = false;
	if (code == 0)
		code = show_run(r, &r->what_if.run, e);
	if (code < 0)
		what_if_drop(&r->what_if);
	else
		show_alerts(r);
	return code;
}

static int change_budget(struct replay *r, const struct budget *b, struct err *e)
{
	uint64_t at_once = r->o->at_once_events ? r->o->at_once_events : AT_ONCE_EVENTS;
	struct snapshot_what_if *shown = &r->snap.what_if;
	int code = drop_what_if(r, e);

	if (code < 0 || !(b->amount > 0))
		return code;
	if (what_if_start(&r->what_if, &r->run, &r->o->run, b, e) < 0)
		return e->code;
	shown->is_busy = true;
	shown->n_before = r->run.n_alerts;
	snprintf(shown->budget, sizeof(shown->budget), "%g/%s", b->amount,
		b->per_day ? "day" : "kud");
	return history_n_events(r->run.history) <= at_once ? take_what_if(r, e) : 0;
}

static void look_at_what_if(struct replay *r)
{
	struct err e = {0};

	if (!r->what_if.is_busy)
		return;
	r->snap.what_if.percent = r->what_if.progress.percent;
	if (atomic_load(&r->what_if.is_over) && take_what_if(r, &e) < 0)
		notice(r, NOTICE_ERROR, e.text);
}

static void look_running(struct replay *r)
{
	struct snapshot *s = &r->snap;

	look_at_what_if(r);
	playback_show(&r->play, s);
	so_far_show(&r->so_far, s);
	s->events = history_rank(r->run.history, s->data_ms);
	rate(s, &r->rate_count, &r->rate_tick, clock_tick_ms(r->o->clock));
}

static const struct snapshot *replay_look(struct feed *f, bool *ret_fresh)
{
	struct replay *r = replay_of(f);
	struct snapshot before = r->snap;

	if (!is_ready(r))
		look_loading(r);
	else if (r->err.code)
		r->snap.phase = FEED_FAILED;
	else
		look_running(r);
	if (ret_fresh)
		*ret_fresh = memcmp(&before, &r->snap, sizeof(before)) != 0;
	return &r->snap;
}

static const struct alert *replay_alert(struct feed *f, uint32_t i)
{
	struct replay *r = replay_of(f);

	assert(r->ready && i < r->shown->n_alerts);
	return &r->shown->alert[i];
}

static int replay_command(struct feed *f, const struct command *c, struct err *e)
{
	struct replay *r = replay_of(f);
	int code;

	if (is_ready(r) && r->err.code)
		return err_set(e, -ENOTSUP, "the log could not be read");
	if (c->kind == COMMAND_BUDGET)
		return r->ready ? change_budget(r, c->budget, e)
			: err_set(e, -ENOTSUP, "the log is still being read");
	code = playback_command(&r->play, c, e);
	if (r->ready && c->kind >= COMMAND_SEEK && c->kind <= COMMAND_ALERT)
		start_rate(r);
	return code;
}

static int replay_user(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	struct replay *r = replay_of(f);

	*ret = NULL;
	*ret_n = 0;
	if (!is_ready(r) || r->err.code)
		return err_set(e, -ENOTSUP, "the log is still being read");
	if (user >= history_n_users(r->run.history))
		return err_set(e, -EINVAL, "there is no such user");
	return run_user(&r->run, user, upto_ms, ret, ret_n, e);
}

static int replay_rejects(struct feed *f, feed_reject *each, void *ctx, struct err *e)
{
	struct replay *r = replay_of(f);
	const struct load_result *l = &r->run.load;
	int code = 0;

	if (!is_ready(r))
		return err_set(e, -ENOTSUP, "the log is still being read");
	for (uint32_t i = 0; i < l->n_reject && !code; i++) {
		const struct reject_row *row = &l->reject[i];

		code = each(ctx, r->o->run.load.path[row->source], row->line,
			reject_name[row->why], row->text, row->len);
	}
	return code;
}

static void join(struct replay *r)
{
	if (!r->joined)
		pthread_join(r->thread, NULL);
	r->joined = true;
}

static void replay_close(struct feed *f)
{
	struct replay *r = replay_of(f);

	atomic_store(&r->progress.load.stop, true);
	join(r);
	what_if_done(&r->what_if);
	run_done(&r->run);
	so_far_done(&r->so_far);
	mem_free(r);
}

static const struct feed_ops replay_ops = {
	.look = replay_look,
	.alert = replay_alert,
	.command = replay_command,
	.user = replay_user,
	.rejects = replay_rejects,
	.close = replay_close,
};

static void name_source(struct replay *r)
{
	const struct load_options *l = &r->o->run.load;
	const char *slash = strrchr(l->path[0], '/');
	const char *name = slash ? slash + 1 : l->path[0];
	size_t len;

	if (!strcmp(name, "-"))
		name = "standard input";
	len = text_scrub(r->snap.source, sizeof(r->snap.source) - 32, name, strlen(name));
	if (l->n_paths > 1)
		snprintf(r->snap.source + len, 32, " and %u more", l->n_paths - 1);
}

static void set_up(struct replay *r, const struct replay_options *o)
{
	r->o = o;
	r->feed = (struct feed){
		.ops = &replay_ops,
		.ids = &r->run.ids,
		.names = o->names,
		.db = o->db,
		.zone = o->run.load.zone,
		.clock = o->clock,
	};
	r->play = (struct playback){
		.clock = o->clock,
		.zone = o->run.load.zone,
		.ids = &r->run.ids,
		.names = o->names,
		.speed = o->speed,
		.paused = o->paused,
	};
	r->rate_tick = clock_tick_ms(r->o->clock);
	name_source(r);
}

struct feed *replay_open(const struct replay_options *o, struct err *e)
{
	struct replay *r = mem_get(1, sizeof(*r));
	int code;

	if (!r) {
		err_set(e, -ENOMEM, "could not start a replay: out of memory");
		return NULL;
	}
	set_up(r, o);
	if (ids_init(&r->run.ids, e) < 0)
		goto fail;
	code = pthread_create(&r->thread, NULL, load_main, r);
	if (code) {
		err_set(e, -code, "could not start a thread to load: %s", strerror(code));
		goto fail;
	}
	return &r->feed;
fail:
	ids_done(&r->run.ids);
	mem_free(r);
	return NULL;
}

int replay_wait(struct feed *f, struct err *e)
{
	struct replay *r = replay_of(f);

	join(r);
	is_ready(r);
	return r->err.code ? err_set(e, r->err.code, "%s", r->err.text) : 0;
}

const struct run *replay_run(const struct feed *f)
{
	const struct replay *r = (const struct replay *)f;

	assert(r->ready);
	return &r->run;
}
