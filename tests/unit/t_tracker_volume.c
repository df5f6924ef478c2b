/* What the tracker says of channel volume is what the channel says of each user alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "detect/tracker.h"
#include "detect/volume.h"
#include "ingest/event.h"
#include "model/model.h"

#define USERS 60u
#define DAYS 300u
#define DAY 86400000LL
#define MONDAY 1483315200000LL          /* 2017-01-02T00:00Z */
#define END (MONDAY + DAYS * DAY)
#define FOUND_MAX 1024u

struct found {
	uint32_t n;
	struct finding f[FOUND_MAX];
};

struct world {
	struct ids ids;
	struct model m;
	struct event *ev;       /* one a session, by time */
	uint32_t n;
	struct found alone;
};

/* Every third user comes less after half of the time, every fifth no more. */
static double rate_of(uint32_t user, uint32_t day)
{
	bool later = day > DAYS / 2;
	double rate = .2 + .05 * (user % 12);
	return !later ? rate : user % 5 == 0 ? 0 : user % 3 == 0 ? rate / 4 : user % 7 == 0 ?
		4 * rate : rate;
}

static void make_log(struct world *w)
{
	struct chance c = { 5 };
	char text[16];
	w->ev = calloc(USERS * DAYS, sizeof *w->ev);
	for (uint32_t day = 0; day < DAYS; day++)
		for (uint32_t user = 0; user < USERS; user++) {
			snprintf(text, sizeof text, "u%u", user);
			uint32_t id = dict_id(w->ids.user, text, strlen(text));
			if (!chance_is(&c, rate_of(user, day)))
				continue;
			w->ev[w->n++] = (struct event){ .user = id,
				.time_ms = MONDAY + day * DAY + user * 60000,
				.category = dict_id(w->ids.category, "c", 1),
				.item = dict_id(w->ids.item, "i", 1),
				.behaviour = BEHAVIOUR_VIEW };
		}
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

static void keep_alarm(struct found *to, uint32_t user, const struct volume_alarm *a)
{
	to->f[to->n++] = (struct finding){ .user = user, .time_ms = a->time_ms,
		.onset_ms = a->onset_ms, .score = a->score, .direction = (uint8_t)a->direction,
		.n_before = a->before, .n_after = a->sessions };
}

static void run_alone(struct world *w, uint32_t user)
{
	struct volume_rule r;
	struct volume v;
	struct volume_alarm a;
	volume_rule_init(&r, &w->m.volume, &volume_day);
	volume_reset(&v, &r);
	for (uint32_t i = 0; i <= w->n; i++) {
		if (i < w->n && w->ev[i].user != user)
			continue;
		int64_t at = i < w->n ? w->ev[i].time_ms : END;
		while (volume_advance(&v, &r, at, &a))
			keep_alarm(&w->alone, user, &a);
		if (i < w->n && volume_session(&v, &r, at, &a))
			keep_alarm(&w->alone, user, &a);
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = {0};
	assert_int_equal(ids_init(&w->ids, &e), 0);
	make_log(w);
	model_default(&w->m);
	w->m.channels = CHANNEL_BIT(CHANNEL_VOLUME);
	w->m.volume.prior_rate = .4f;
	w->m.volume.pledge.threshold = 5;
	w->m.volume.pledge.far = (struct far_curve){ .point = { { 3, 10 }, { 6, 1 } }, .n = 2,
		.tail = 1 };
	model_seal(&w->m);
	for (uint32_t user = 0; user < USERS; user++)
		run_alone(w, user);
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

static int by_user_time(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static void assert_as_alone(struct world *w, struct found *got)
{
	qsort(got->f, got->n, sizeof *got->f, by_user_time);
	assert_int_equal(got->n, w->alone.n);
	for (uint32_t i = 0; i < got->n; i++) {
		const struct finding *x = &got->f[i], *y = &w->alone.f[i];
		assert_int_equal(x->user, y->user);
		assert_int_equal(x->time_ms, y->time_ms);
		assert_int_equal(x->onset_ms, y->onset_ms);
		assert_int_equal(x->direction, y->direction);
		assert_int_equal(x->n_before, y->n_before);
		assert_int_equal(x->n_after, y->n_after);
		assert_true(x->score == y->score && x->kind == KIND_VOLUME);
		assert_true(x->far == (float)far_curve_at(&w->m.volume.pledge.far, y->score));
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

static void all_directions_are_there(void **state)
{
	struct world *w = *state;
	uint32_t n[DIRECTION_N] = {0};
	for (uint32_t i = 0; i < w->alone.n; i++)
		n[w->alone.f[i].direction]++;
	assert_true(n[DIRECTION_SURGE] > 2 && n[DIRECTION_FADE] > 2 && n[DIRECTION_SILENCE] > 5);
}

static void time_in_portions_finds_the_same(void **state)
{
	struct world *w = *state;
	struct found got = {0};
	struct tracker *t = new_tracker(w);
	struct err e = {0};
	feed(t, w->ev, w->n, &got);
	assert_int_equal(tracker_advance(t, END, keep, &got, &e), 0);
	assert_as_alone(w, &got);
	tracker_free(t);
}

/* Time is told once, at the end; the user's own sessions tell the rest. */
static void time_at_once_finds_the_same(void **state)
{
	struct world *w = *state;
	struct found got = {0};
	struct tracker *t = new_tracker(w);
	struct err e = {0};
	assert_int_equal(tracker_feed(t, w->ev, w->n, keep, &got, &e), 0);
	assert_int_equal(tracker_advance(t, END, keep, &got, &e), 0);
	assert_as_alone(w, &got);
	tracker_free(t);
}

static void a_wrong_clock_silences_nobody(void **state)
{
	struct world *w = *state;
	struct found got = {0};
	struct tracker *t = new_tracker(w);
	struct err e = {0};
	struct event stray = w->ev[w->n - 1];
	stray.time_ms = END + 20 * 365 * DAY;
	assert_int_equal(tracker_feed(t, w->ev, w->n, keep, &got, &e), 0);
	uint32_t before = got.n;
	assert_int_equal(tracker_feed(t, &stray, 1, keep, &got, &e), 0);
	for (uint32_t i = before; i < got.n; i++)
		assert_int_equal(got.f[i].user, stray.user);
	tracker_free(t);
}

static void a_saved_half_goes_on(void **state)
{
	struct world *w = *state;
	static char bytes[USERS][4096];
	struct found got = {0};
	struct tracker *a = new_tracker(w), *b = new_tracker(w);
	struct err e = {0};
	uint32_t half = w->n / 2;
	while (w->ev[half].time_ms == w->ev[half - 1].time_ms)
		half++;
	feed(a, w->ev, half, &got);
	for (uint32_t user = 0; user < USERS; user++) {
		size_t len = tracker_save(a, user, bytes[user], sizeof bytes[user]);
		assert_true(len > sizeof(struct volume) && len <= sizeof bytes[user]);
		assert_true(tracker_is_dirty(a, user));
		assert_int_equal(tracker_load(b, user, bytes[user], len, &e), 0);
	}
	feed(b, w->ev + half, w->n - half, &got);
	assert_int_equal(tracker_advance(b, END, keep, &got, &e), 0);
	assert_as_alone(w, &got);
	tracker_free(a);
	tracker_free(b);
}

static void a_silence_makes_its_user_dirty(void **state)
{
	struct world *w = *state;
	struct found got = {0};
	struct tracker *t = new_tracker(w);
	struct err e = {0};
	assert_int_equal(tracker_feed(t, w->ev, w->n, keep, &got, &e), 0);
	for (uint32_t user = 0; user < USERS; user++)
		tracker_is_dirty(t, user);
	got.n = 0;
	assert_int_equal(tracker_advance(t, END, keep, &got, &e), 0);
	assert_true(got.n > 0);
	for (uint32_t user = 0; user < USERS; user++) {
		bool silent = false;
		for (uint32_t i = 0; i < got.n; i++)
			silent |= got.f[i].user == user;
		assert_int_equal(tracker_is_dirty(t, user), silent);
	}
	tracker_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_directions_are_there),
		cmocka_unit_test(time_in_portions_finds_the_same),
		cmocka_unit_test(time_at_once_finds_the_same),
		cmocka_unit_test(a_wrong_clock_silences_nobody),
		cmocka_unit_test(a_saved_half_goes_on),
		cmocka_unit_test(a_silence_makes_its_user_dirty),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
