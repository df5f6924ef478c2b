#include "fake_feed.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "engine/feed.h"
#include "model/model.h"
#include "clicks.h"

#define N_USERS 12
#define N_EVENTS 80             /* a user */
#define N_ALERTS (N_USERS * 2)
#define N_CATEGORIES 8
#define FIRST_MS INT64_C(1511568000000)         /* 2017-11-25 00:00 UTC */
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)
#define SPAN_MS (9 * DAY_MS)

static const char *const user_id[N_USERS] = { "730441", "1018033", "88213", "501177", "220019",
	"901", "a\x1b]0;owned\x07z", "10000000000000000000000001", "77", "caf\xc3\xa9",
	"e\xcc\x81\xe2\x80\xaex", "4711" };
static const char *const category_id[N_CATEGORIES] = { "50025", "50031", "3607361", "8812", "411",
	"99", "1207", "unnamed \x9b 31m" };

struct fake {
	struct feed feed;
	struct fake_options options;
	struct ids ids;
	struct zone zone;
	struct model model;
	struct event event[N_USERS][N_EVENTS];
	struct alert alert[N_ALERTS];
	uint32_t n_alerts;
	struct snapshot shown, last;
	int64_t base_ms, base_tick;
	double speed;
	bool is_paused;
};

static uint32_t noise(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Mostly one category until event 30 and from then another, and a third from event 60. */
static uint32_t taste(uint32_t user, uint32_t i, uint32_t roll)
{
	uint32_t favourite = user + (i < 30 ? 0 : i < 60 ? 1 : 3);

	return roll % 10 < 7 ? favourite % N_CATEGORIES : roll % N_CATEGORIES;
}

static void make_events(struct fake *k)
{
	uint32_t user, i, state = 7;
	char item[16];

	for (user = 0; user < N_USERS; user++) {
		uint32_t number = dict_id(k->ids.user, user_id[user], strlen(user_id[user]));

		for (i = 0; i < N_EVENTS; i++) {
			struct event *e = &k->event[number][i];
			uint32_t roll = noise(&state);
			const char *category = category_id[taste(user, i, roll)];

			snprintf(item, sizeof item, "%u", 1000 + roll % 900);
			*e = (struct event){ .time_ms = FIRST_MS + (SPAN_MS - DAY_MS) / N_EVENTS * i
					+ roll % (HOUR_MS / 2) + user * (2 * HOUR_MS - 7000),
				.user = number,
				.item = dict_id(k->ids.item, item, strlen(item)),
				.category = dict_id(k->ids.category, category, strlen(category)),
				.behaviour = roll % 17 ? BEHAVIOUR_VIEW
					: roll % 3     ? BEHAVIOUR_CART
						       : BEHAVIOUR_BUY,
				.price = NAN,
				.quantity = NAN };
		}
	}
}

static uint32_t count(const struct event *e, uint32_t n, uint32_t category)
{
	uint32_t i, hits = 0;

	for (i = 0; i < n; i++)
		hits += e[i].category == category;
	return hits;
}

static void make_volume(struct finding *f)
{
	f->kind = KIND_VOLUME;
	f->direction = f->severity > 50 ? DIRECTION_SILENCE : DIRECTION_SURGE;
	f->from = f->to = DICT_NONE;
	f->level_before = .4f;
	f->level_after = f->severity > 50 ? 0 : 2.1f;
}

static void join_crowd(const struct fake *k, uint32_t user, struct finding *f)
{
	f->time_ms = FIRST_MS + 7 * DAY_MS + 20 * HOUR_MS + user * (HOUR_MS / 15);
	f->to = dict_find(k->ids.category, category_id[5], strlen(category_id[5]));
	f->from = f->from == f->to ? DICT_NONE : f->from;
}

static void make_alert(struct fake *k, uint32_t user, uint32_t onset, uint32_t end, uint32_t number)
{
	const struct event *e = k->event[user];
	const char *from = category_id[(user + (onset < 60 ? 0 : 1)) % N_CATEGORIES];
	const char *to = category_id[(user + (onset < 60 ? 1 : 3)) % N_CATEGORIES];
	struct finding f = { .time_ms = e[end].time_ms,
		.onset_ms = e[onset].time_ms,
		.user = user,
		.from = dict_find(k->ids.category, from, strlen(from)),
		.to = dict_find(k->ids.category, to, strlen(to)),
		.n_before = onset,
		.n_after = end + 1 - onset,
		.score = 4.6f + (float)(number * 7 % 10),
		.severity = (uint8_t)(number * 29 % 100),
		.kind = KIND_INTEREST,
		.direction = DIRECTION_SHIFT };

	if (k->options.crowd && number % 2 && user % 3)
		join_crowd(k, user, &f);
	f.far = (float)(1000 / pow(10, (f.severity + 20) / 20.0));
	f.from_before = count(e, onset, f.from);
	f.to_before = count(e, onset, f.to);
	f.from_after = count(e + onset, f.n_after, f.from);
	f.to_after = count(e + onset, f.n_after, f.to);
	if (k->options.volume && number % 2)
		make_volume(&f);
	k->alert[k->n_alerts++] = alert_make(&f, &k->ids, k->model.hash);
}

static void make_alerts(struct fake *k)
{
	uint32_t user, i;

	for (user = 0; user < N_USERS; user++) {
		make_alert(k, user, 30, 38 + user % 5, 2 * user);
		make_alert(k, user, 60, 70 + user % 4, 2 * user + 1);
	}
	alert_sort(k->alert, k->n_alerts, &k->ids);
	for (i = 3; i < k->n_alerts; i += 7)
		k->alert[i].cleared_ms = k->alert[i].f.time_ms + 30 * HOUR_MS;
}

static int64_t now(const struct fake *k)
{
	int64_t gone = clock_tick_ms(k->options.clock) - k->base_tick;
	double speed = k->speed > 0 ? k->speed : 86400;
	double ms = k->options.live ? (double)gone : k->is_paused ? 0 : (double)gone * speed;

	return ms > (double)(FIRST_MS + SPAN_MS - k->base_ms) ? FIRST_MS + SPAN_MS
							      : k->base_ms + (int64_t)ms;
}

static void set_clock(struct fake *k, int64_t ms, bool is_paused)
{
	k->base_ms = ms < FIRST_MS ? FIRST_MS : ms > FIRST_MS + SPAN_MS ? FIRST_MS + SPAN_MS : ms;
	k->base_tick = clock_tick_ms(k->options.clock);
	k->is_paused = is_paused;
}

static void count_alerts(const struct fake *k, struct snapshot *s)
{
	uint32_t i;

	s->n_alerts = s->n_severe = s->n_high = s->n_low = s->n_cleared = 0;
	for (i = 0; i < k->n_alerts && k->alert[i].f.time_ms <= s->data_ms; i++) {
		char priority = model_priority(k->alert[i].f.severity);

		s->n_alerts++;
		if (k->alert[i].cleared_ms != INT64_MIN && k->alert[i].cleared_ms <= s->data_ms) {
			s->n_cleared++;
			continue;
		}
		s->n_severe += priority == 'S';
		s->n_high += priority == '!';
		s->n_low += priority == '.';
	}
	s->n_alerts_total = s->live ? s->n_alerts : k->n_alerts;
}

static enum feed_phase phase(const struct fake *k)
{
	if (k->options.failed)
		return FEED_FAILED;
	if (k->options.loading)
		return FEED_LOADING;
	if (k->options.live)
		return FEED_RUNNING;
	return now(k) >= FIRST_MS + SPAN_MS ? FEED_ENDED
		: k->is_paused		    ? FEED_PAUSED
					    : FEED_RUNNING;
}

static bool is_full(const struct fake *k)
{
	return k->options.trouble && clock_tick_ms(k->options.clock) - k->base_tick < 60000;
}

static const struct snapshot *look(struct feed *f, bool *ret_fresh)
{
	struct fake *k = (struct fake *)f;
	struct snapshot *s = &k->shown;

	s->phase = phase(k);
	s->data_ms = now(k);
	if (s->live) {
		uint64_t rows = 963 + (uint64_t)(s->data_ms - k->base_ms) * 2310 / 1000;

		s->rows = k->options.empty ? 3 : rows;
		s->stage[FEED_READ].in = rows;
		s->stage[FEED_READ].out = s->stage[FEED_HOLD].in = rows - 3;
		s->stage[FEED_HOLD].out = s->stage[FEED_DETECT].in = rows - 15;
		s->stage[FEED_STORE].in = s->stage[FEED_STORE].out = rows - 15;
	} else if (s->events) {         /* of a replay, those up to its clock */
		s->events = 1 + (uint64_t)(s->data_ms - FIRST_MS) / HOUR_MS;
	}
	snprintf(s->trouble, sizeof s->trouble, "%s", is_full(k)
		? "could not write to alert store \"veer.db\": database or disk is full" : "");
	if (s->live)
		s->stage[FEED_READ].waiting = is_full(k) ? 342000000 : 4096;
	snprintf(s->unread, sizeof s->unread, "%s", is_full(k)
		? "b.csv: not there yet, waiting for it" : "");
	s->last_ms = s->live ? s->data_ms : FIRST_MS + SPAN_MS;
	s->speed = k->speed;
	s->achieved = s->phase == FEED_RUNNING && !s->live
		? fmin(k->speed > 0 ? k->speed : 86400, 1800)
		: 0;
	if (!k->options.empty && !k->options.failed && !k->options.loading)
		count_alerts(k, s);
	if (s->live && f->model) {
		s->promised = model_promised_day(f->model, s->users) *
			(double)(s->data_ms - s->first_ms) / 86400000;
		s->n_promised = s->n_alerts;
	}
	if (ret_fresh)
		*ret_fresh = memcmp(s, &k->last, sizeof *s) != 0;
	memcpy(&k->last, s, sizeof *s);
	return s;
}

static const struct alert *alert(struct feed *f, uint32_t i)
{
	return &((struct fake *)f)->alert[i];
}

/* The nearest event time behind or before now, of one user or of all (DICT_NONE). */
static int step(struct fake *k, double direction, uint32_t only, struct err *e)
{
	int64_t best = direction > 0 ? INT64_MAX : INT64_MIN, at = now(k);
	uint32_t user, i;

	for (user = 0; user < N_USERS; user++)
		for (i = 0; i < N_EVENTS; i++) {
			int64_t ms = k->event[user][i].time_ms;

			if (only != DICT_NONE && user != only)
				continue;
			if (direction > 0 ? ms > at && ms < best : ms < at && ms > best)
				best = ms;
		}
	if (best == INT64_MAX || best == INT64_MIN)
		return err_set(
			e, -EINVAL, "there is no %s event", direction > 0 ? "later" : "earlier");
	set_clock(k, best, true);
	return 0;
}

static int step_alert(struct fake *k, double direction, struct err *e)
{
	uint32_t n = k->shown.n_alerts;
	int64_t at = now(k);

	if (direction > 0 && n < k->n_alerts) {
		set_clock(k, k->alert[n].f.time_ms, true);
		return 0;
	}
	while (direction < 0 && n > 0)
		if (k->alert[--n].f.time_ms < at) {
			set_clock(k, k->alert[n].f.time_ms, true);
			return 0;
		}
	return err_set(e, -EINVAL, "there is no %s alert", direction > 0 ? "later" : "earlier");
}

static int command(struct feed *f, const struct command *c, struct err *e)
{
	struct fake *k = (struct fake *)f;

	switch (c->kind) {
	case COMMAND_PAUSE:
	case COMMAND_PLAY:
		set_clock(k, now(k), c->kind == COMMAND_PAUSE);
		return 0;
	case COMMAND_SPEED:
		set_clock(k, now(k), k->is_paused);
		k->speed = c->number;
		return 0;
	case COMMAND_SEEK:
		if (c->time_ms < FIRST_MS || c->time_ms > FIRST_MS + SPAN_MS)
			return err_set(e, -EINVAL, "could not go there: outside of the log");
		set_clock(k, c->time_ms, k->is_paused);
		return 0;
	case COMMAND_END:
		set_clock(k, FIRST_MS + SPAN_MS, k->is_paused);
		return 0;
	case COMMAND_BACKEND:
		snprintf(k->shown.backend, sizeof k->shown.backend, "%s",
			strcmp(k->shown.backend, "cpu") == 0 ? "cuda" : "cpu");
		return 0;
	case COMMAND_BUDGET:
	case COMMAND_STOP_ON:
		return err_set(e, -ENOTSUP, "not of this feed");
	case COMMAND_ALERT:
		return step_alert(k, c->number, e);
	default:
		return step(k, c->number, c->kind == COMMAND_STEP ? DICT_NONE : c->user, e);
	}
}

static int user_events(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	struct fake *k = (struct fake *)f;
	uint32_t n = 0, gone = 0;

	while (n < N_EVENTS && k->event[user][n].time_ms <= upto_ms)
		n++;
	while (k->options.retain && gone < n
	       && k->event[user][gone].time_ms < FIRST_MS + 6 * 24 * HOUR_MS)
		gone++;
	*ret_n = n - gone;
	*ret = mem_get(N_EVENTS, sizeof **ret);
	if (!*ret)
		return err_set(e, -ENOMEM, "could not read a user: out of memory");
	memcpy(*ret, k->event[user] + gone, *ret_n * sizeof **ret);
	return 0;
}

static int rejects(struct feed *f, feed_reject *each, void *ctx, struct err *e)
{
	static const char *const text[] = { "88213,,50025,pv,noon", "\x1b[31m,\xff", "" };
	uint64_t i;
	int code = 0;

	if (((struct fake *)f)->options.loading)
		return err_set(e, -ENOTSUP, "the log is still being read");
	for (i = 0; i < 3 && !code; i++)
		code = each(ctx, "user.csv", 17 + i * 900, i ? "no user" : "no time", text[i],
			strlen(text[i]));
	return code;
}

static void close_fake(struct feed *f)
{
	struct fake *k = (struct fake *)f;

	ids_done(&k->ids);
	model_done(&k->model);
	free(k);
}

static const struct feed_ops ops = { look, alert, command, user_events, rejects, close_fake };

/* Rows come in with the clock. */
static void make_stages(struct fake *k)
{
	struct stage *s = k->shown.stage;

	s[FEED_HOLD] = (struct stage){ true, 960, 948, 2, 10, 0, NAN, NAN };
	s[FEED_DETECT] = (struct stage){ true, 948, 24, 0, 3, 8, 4.125f, 11.5f };
	s[FEED_STORE] = (struct stage){ true, 948, 948, 0, 0, 0, .9f, 1512 };
}

struct feed *fake_open(const struct fake_options *o)
{
	struct fake *k = calloc(1, sizeof *k);
	struct err e = { 0 };

	if (!k || ids_init(&k->ids, &e) < 0)
		abort();
	k->options = *o;
	k->speed = 60;
	k->zone.fixed = true;
	model_default(&k->model);
	if (o->forecast) {
		forecast_model_done(&k->model.forecast);
		known_model(&k->model.forecast, 1.2f);
		k->model.channels |= CHANNEL_BIT(CHANNEL_FORECAST);
	}
	k->model.hash = 0x1f2e3d4c5b6a7988;
	k->model.budget_kud = 250;
	k->model.at_risk_per_day = 10;
	k->model.n_users = N_USERS;
	make_events(k);
	make_alerts(k);
	k->feed = (struct feed){ .ops = &ops, .ids = &k->ids, .model = &k->model, .names = o->names,
		.db = o->db, .zone = &k->zone, .clock = o->clock };
	set_clock(k, o->live ? FIRST_MS + SPAN_MS - 3 * HOUR_MS - DAY_MS : FIRST_MS, o->paused);
	k->shown = (struct snapshot){ .live = o->live,
		.model = k->model.hash, .volume_threshold = 4.5f,
		.first_ms = FIRST_MS,
		.loaded = .42,
		.rows = o->empty ? 3 : N_USERS * N_EVENTS + 3,
		.events = o->empty ? 0 : N_USERS * N_EVENTS,
		.rejected = 3,
		.users = N_USERS,
		.lag_s = .4,
		.events_per_s = 2310,
		.threshold = 4.5f,
		.unverified = true,
		.n_notices = 2,
		.recent = { { INT64_C(1512345000000), NOTICE_INFO,
				"user.csv was rotated: new file read" },
			{ INT64_C(1512345300000), NOTICE_ERROR,
				"disk full: trying again, nothing is lost meanwhile" } },
		.stage = { [FEED_READ] = { true, 963, 960, 3, 4096, 0, .4f, 1.25f } },
		.source = "user.csv",
		.backend = "cpu" };
	if (o->live)
		make_stages(k);
	if (o->failed)
		snprintf(k->shown.notice, sizeof k->shown.notice,
			"could not open \"user.csv\": no such file");
	return &k->feed;
}

struct snapshot *fake_snapshot(struct feed *f)
{
	return &((struct fake *)f)->shown;
}
