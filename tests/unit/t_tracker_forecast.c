/* What tracker and sweep say of channel forecast is what the channel says of each user alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "clicks.h"
#include "detect/sweep.h"
#include "detect/tracker.h"
#include "ingest/event.h"
#include "model/model.h"
#include "series/history.h"

#define USERS 40u
#define DAYS 200u
#define END (MONDAY + DAYS * DAY)
#define FOUND_MAX 2048u

struct found {
	uint32_t n;
	struct finding f[FOUND_MAX];
};

struct world {
	struct ids ids;
	struct model m;
	struct event *ev;       /* by time */
	uint32_t n;
	struct found alone;
};

static int event_cmp(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return (x->behaviour > y->behaviour) - (x->behaviour < y->behaviour);
}

static void run_alone(struct world *w, uint32_t user, const struct clicks *c)
{
	struct forecast_rule r;
	struct forecast f;
	struct forecast_alarm a;
	forecast_rule_init(&r, &w->m.forecast, &volume_day);
	forecast_reset(&f, &r);
	for (uint32_t i = 0; i <= c->n; i++) {
		int64_t at = i < c->n ? c->at[i].ms : END;
		uint8_t count[FORECAST_COUNTS] = {0};
		while (forecast_advance(&f, &r, at, &a))
			w->alone.f[w->alone.n++] = (struct finding){ .user = user,
				.time_ms = a.time_ms, .onset_ms = a.onset_ms, .score = a.score,
				.direction = (uint8_t)a.direction, .level_before = a.level,
				.level_after = a.predicted };
		if (i == c->n)
			break;
		forecast_count(count, c->at[i].behaviour);
		forecast_see(&f, &r, at, count);
	}
}

static void make_user(struct world *w, uint32_t k)
{
	static struct clicks c;
	char text[16];
	snprintf(text, sizeof text, "u%02u", k);
	uint32_t user = dict_id(w->ids.user, text, strlen(text));
	make_clicks(&c, k, DAYS);
	for (uint32_t i = 0; i < c.n; i++) {
		snprintf(text, sizeof text, "i%u", i % 5);
		w->ev[w->n++] = (struct event){ .user = user, .time_ms = c.at[i].ms,
			.category = dict_id(w->ids.category, "c", 1),
			.item = dict_id(w->ids.item, text, strlen(text)),
			.behaviour = c.at[i].behaviour };
	}
	run_alone(w, user, &c);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = {0};
	assert_int_equal(ids_init(&w->ids, &e), 0);
	model_default(&w->m);
	forecast_model_done(&w->m.forecast);
	known_model(&w->m.forecast, 1.2f);
	w->m.channels = CHANNEL_BIT(CHANNEL_FORECAST);
	model_seal(&w->m);
	w->ev = calloc(USERS * CLICKS_MAX / 4, sizeof *w->ev);
	for (uint32_t k = 0; k < USERS; k++)
		make_user(w, k);
	qsort(w->ev, w->n, sizeof *w->ev, event_cmp);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	model_done(&w->m);
	ids_done(&w->ids);
	free(w->ev);
	free(w);
	return 0;
}

static int keep(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct found *to = ctx;
	(void)e;
	assert_int_equal(ev->kind, SHARD_FOUND);
	assert_true(to->n < FOUND_MAX);
	to->f[to->n++] = ev->finding;
	return 0;
}

static int by_user_time(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static void assert_as_alone(struct world *w, struct finding *f, uint32_t n)
{
	qsort(f, n, sizeof *f, by_user_time);
	assert_int_equal(n, w->alone.n);
	for (uint32_t i = 0; i < n; i++) {
		const struct finding *x = &f[i], *y = &w->alone.f[i];
		assert_int_equal(x->user, y->user);
		assert_int_equal(x->time_ms, y->time_ms);
		assert_int_equal(x->onset_ms, y->onset_ms);
		assert_int_equal(x->direction, y->direction);
		assert_int_equal(x->kind, KIND_FORECAST);
		assert_true(x->score == y->score && x->level_before == y->level_before &&
			x->level_after == y->level_after);
		assert_true(x->far == (float)far_curve_at(&w->m.forecast.pledge.far, y->score));
	}
}

static struct tracker *new_tracker(struct world *w)
{
	struct err e = {0};
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
	assert_non_null(t);
	return t;
}

/* Feeds in portions and lets time pass after every one of them. */
static void feed(struct tracker *t, const struct event *ev, uint32_t n, struct found *to)
{
	struct err e = {0};
	for (uint32_t i = 0, end; i < n; i = end) {
		end = i + 70 < n ? i + 70 : n;
		while (end < n && ev[end].time_ms == ev[end - 1].time_ms)
			end++;
		assert_int_equal(tracker_feed(t, ev + i, end - i, keep, to, &e), 0);
		assert_int_equal(tracker_advance(t, ev[end - 1].time_ms, keep, to, &e), 0);
	}
}

static void time_in_portions_finds_the_same(void **state)
{
	struct world *w = *state;
	static struct found got;
	struct tracker *t = new_tracker(w);
	struct err e = {0};
	got.n = 0;
	assert_true(w->alone.n > 60);
	feed(t, w->ev, w->n, &got);
	assert_int_equal(tracker_advance(t, END, keep, &got, &e), 0);
	assert_as_alone(w, got.f, got.n);
	tracker_free(t);
}

static void a_saved_half_goes_on(void **state)
{
	struct world *w = *state;
	static char bytes[USERS][4096];
	static struct found got;
	struct tracker *a = new_tracker(w), *b = new_tracker(w);
	struct err e = {0};
	uint32_t half = w->n / 2;
	got.n = 0;
	while (w->ev[half].time_ms == w->ev[half - 1].time_ms)
		half++;
	feed(a, w->ev, half, &got);
	for (uint32_t user = 0; user < USERS; user++) {
		size_t len = tracker_save(a, user, bytes[user], sizeof bytes[user]);
		assert_true(len > sizeof(struct forecast) && len <= sizeof bytes[user]);
		assert_int_equal(tracker_load(b, user, bytes[user], len - 1, &e), -EBADMSG);
		assert_int_equal(tracker_load(b, user, bytes[user], len, &e), 0);
	}
	feed(b, w->ev + half, w->n - half, &got);
	assert_int_equal(tracker_advance(b, END, keep, &got, &e), 0);
	assert_as_alone(w, got.f, got.n);
	tracker_free(a);
	tracker_free(b);
}

static struct history *history_of(const struct world *w)
{
	struct err e = {0};
	struct history *h = history_new(&w->ids, 0, &e);
	assert_non_null(h);
	struct batch *b = batch_new(w->n, false, false, false, &e);
	assert_non_null(b);
	for (uint32_t i = 0; i < w->n; i++)
		assert_true(batch_add(b, &w->ev[i], 0));
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 2, &e), 0);
	return h;
}

static void a_sweep_finds_the_same(void **state)
{
	struct world *w = *state;
	struct history *h = history_of(w);
	struct sweep s;
	struct err e = {0};
	struct sweep_options o = { .backend = "cpu", .threads = 3, .until_ms = END };
	assert_int_equal(sweep_run(&s, h, &w->ids, &w->m, &o, &e), 0);
	assert_as_alone(w, s.finding, s.n_findings);
	sweep_done(&s);
	history_free(h);
}

/* Record highs rise, and come when no channel of interest speaks. */
static void a_sweep_keeps_records(void **state)
{
	struct world *w = *state;
	struct history *h = history_of(w);
	struct sweep s;
	struct err e = {0};
	struct sweep_options o = { .backend = "cpu", .threads = 1, .until_ms = END,
		.records = true };
	assert_int_equal(sweep_run(&s, h, &w->ids, &w->m, &o, &e), 0);
	assert_true(s.n_records > USERS);
	for (uint32_t i = 0; i < s.n_records; i++) {
		assert_int_equal(s.record[i].channel, CHANNEL_FORECAST);
		assert_true(i == 0 || s.record[i].user != s.record[i - 1].user ||
			s.record[i].score > s.record[i - 1].score);
	}
	sweep_done(&s);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_in_portions_finds_the_same),
		cmocka_unit_test(a_saved_half_goes_on),
		cmocka_unit_test(a_sweep_finds_the_same),
		cmocka_unit_test(a_sweep_keeps_records),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
