/* One user or many, one event at a time or all at once, saved and loaded: the same findings. */
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
#include "base/mem.h"
#include "detect/sweep.h"
#include "detect/tracker.h"
#include "model/model.h"
#include "series/history.h"
#include "tsan.h"

#define USERS 60u
#define EVENTS 240u
#define HOUR_MS 3600000LL

struct found {
	struct finding f[1000];
	uint32_t n;
};

static int keep(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct found *all = ctx;
	(void)e;
	if (ev->kind != SHARD_FOUND)
		return 0;
	assert_true(all->n < 1000);
	all->f[all->n++] = ev->finding;
	return 0;
}

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static uint32_t number(struct dict *d, const char *prefix, uint32_t i)
{
	char id[32];
	int len = snprintf(id, sizeof id, "%s%03u", prefix, i);
	return dict_id(d, id, (size_t)len);
}

/* Users who turn to other categories half way, every second of them; in time order. */
static struct event *make_log(struct ids *ids)
{
	struct event *ev = calloc((size_t)USERS * EVENTS, sizeof *ev);
	uint64_t seed = 42;
	for (uint32_t i = 0; i < 40; i++)
		number(ids->category, "c", i);
	for (uint32_t t = 0; t < EVENTS; t++)
		for (uint32_t u = 0; u < USERS; u++) {
			uint32_t base = (u * 7 + (u % 2 && t > EVENTS / 2 ? 20 : 0)) % 36;
			ev[t * USERS + u] = (struct event){ .time_ms = t * HOUR_MS, .user =
				number(ids->user, "u", u),
				.item = number(ids->item, "i", next(&seed) % 50),
				.category = base + next(&seed) % 4,
				.behaviour = next(&seed) % 20 ? BEHAVIOUR_VIEW : BEHAVIOUR_RETURN };
		}
	return ev;
}

static void make_model(struct model *m)
{
	model_default(m);
	m->channels = CHANNEL_BIT(CHANNEL_MIXTURE) | CHANNEL_BIT(CHANNEL_LEARNED);
	m->curve[CHANNEL_LEARNED] = m->curve[CHANNEL_MIXTURE];
	m->learned = (struct model_learned){ { 20, 10, 20 }, { 1, .5f, .3f }, 3, .25f, false };
	m->threshold[CHANNEL_MIXTURE] = 5.5f;
	m->threshold[CHANNEL_LEARNED] = 3;
	model_seal(m);
}

static int by_time_user(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return (x->user > y->user) - (x->user < y->user);
}

static void assert_same(struct found *a, struct found *b)
{
	qsort(a->f, a->n, sizeof *a->f, by_time_user);
	qsort(b->f, b->n, sizeof *b->f, by_time_user);
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->f, b->f, a->n * sizeof *a->f);
}

struct world {
	struct ids ids;
	struct model m;
	struct event *ev;
	struct found all;       /* fed in one go */
};

static void feed(struct tracker *t, const struct event *ev, uint32_t n, struct found *to)
{
	struct err e = {0};
	assert_int_equal(tracker_feed(t, ev, n, keep, to, &e), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = {0};
	assert_int_equal(ids_init(&w->ids, &e), 0);
	w->ev = make_log(&w->ids);
	make_model(&w->m);
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
	assert_non_null(t);
	feed(t, w->ev, USERS * EVENTS, &w->all);
	tracker_free(t);
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

static void finds_those_who_turned_and_what_to(void **state)
{
	struct world *w = *state;
	uint32_t turned = 0;
	for (uint32_t i = 0; i < w->all.n; i++) {
		const struct finding *f = &w->all.f[i];
		assert_true(f->onset_ms <= f->time_ms);
		assert_true(f->n_before >= 5 && f->n_after >= 3);
		turned += f->user % 2 == 1 && f->onset_ms > EVENTS / 2 * HOUR_MS - 24 * HOUR_MS;
	}
	assert_in_range(turned, USERS / 2 - 1, USERS / 2 + 5);
}

struct cleared {
	uint32_t found, cleared;
	struct finding last;
};

static int see_clearing(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct cleared *c = ctx;
	(void)e;
	if (ev->kind == SHARD_FOUND) {
		c->found++;
		c->last = ev->finding;
		return 0;
	}
	assert_int_equal(ev->kind, SHARD_CLEARED);
	assert_int_equal(ev->finding.time_ms, c->last.time_ms);
	assert_int_equal(ev->finding.onset_ms, c->last.onset_ms);
	assert_int_equal(ev->finding.kind, c->last.kind);
	assert_true(ev->cleared_ms > 140 * HOUR_MS && ev->cleared_ms < 190 * HOUR_MS);
	c->cleared++;
	return 0;
}

/* Sixty counts of one interest, then another, and the old one again or not; saved half way. */
static void a_return_to_the_old_interest_clears_the_alert(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	static char buf[1 << 16];
	for (int returns = 0; returns < 2; returns++) {
		struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
		struct cleared c = {0};
		for (uint32_t i = 0; i < 240; i++) {
			bool other = i >= 60 && (i < 140 || !returns);
			struct event ev = { .time_ms = i * HOUR_MS, .user = 0, .item = i % 3 +
				(other ? 10 : 0), .category = (other ? 20 : 0) + i % 4 };
			assert_int_equal(tracker_feed(t, &ev, 1, see_clearing, &c, &e), 0);
			if (i != 130)
				continue;
			struct tracker *later = tracker_new(&w->m, &w->ids, "cpu", &e);
			size_t len = tracker_save(t, 0, buf, sizeof buf);
			assert_int_equal(tracker_load(later, 0, buf, len, &e), 0);
			tracker_free(t);
			t = later;
		}
		tracker_free(t);
		assert_true(c.found >= 1);
		assert_int_equal(c.cleared, returns);
	}
}

/* To the module on the shim where it was built, and back. */
static void turn(struct tracker *t)
{
	struct err e = {0};
	const char *other = strcmp(tracker_backend(t), "cpu") ? "cpu" : "cuda";
	if (tracker_switch(t, other, &e) == 0) {
		assert_string_equal(tracker_backend(t), other);
	} else {
		assert_int_equal(e.code, -ENOENT);
		assert_int_equal(tracker_switch(t, "cpu", &e), 0);
	}
}

static void another_backend_goes_on(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	if (!TSAN)
		setenv("VEER_MODULE_DIR", "tests/cuda/shim", 1);
	for (uint32_t part = USERS * EVENTS / 2; part > 1000; part /= 7) {
		struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
		struct found some = {0};
		for (uint32_t i = 0; i < USERS * EVENTS; i++) {
			uint32_t n = 1;
			while (i + n < USERS * EVENTS && (n < part
				|| w->ev[i + n].time_ms == w->ev[i + n - 1].time_ms))
				n++;
			feed(t, w->ev + i, n, &some);
			i += n - 1;
			assert_int_equal(tracker_switch(t, "nosuch", &e), -ENOENT);
			turn(t);
		}
		assert_same(&some, &w->all);
		tracker_free(t);
	}
	unsetenv("VEER_MODULE_DIR");
}

/* Who turned to it did not insist on it: no run ends for a device. */
static void a_device_lost_after_the_turn_leaves_no_trace(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	const uint32_t half = USERS * EVENTS / 2;
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
	struct found all = {0};
	if (!TSAN)
		setenv("VEER_MODULE_DIR", "tests/cuda/shim", 1);
	setenv("SHIM_FAIL_CALL", "40", 1);
	feed(t, w->ev, half, &all);
	turn(t);
	for (uint32_t i = half; i < USERS * EVENTS; i += USERS)
		feed(t, w->ev + i, USERS, &all);
	assert_string_equal(tracker_backend(t), "cpu");
	assert_same(&all, &w->all);
	tracker_free(t);
	unsetenv("SHIM_FAIL_CALL");
	unsetenv("VEER_MODULE_DIR");
}

static void any_batch_size_gives_the_same(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	for (uint32_t size = 1; size < 500; size = size * 3 + 1) {
		struct found got = {0};
		struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
		for (uint32_t i = 0; i < USERS * EVENTS; i += size * USERS)
			feed(t, w->ev + i, i + size * USERS > USERS * EVENTS ? USERS * EVENTS - i :
				size * USERS, &got);
		tracker_free(t);
		assert_same(&got, &w->all);
	}
}

/* Every user is saved and loaded into a tracker with other category numbers, again and again. */
static void saving_and_loading_changes_nothing(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	struct found got = {0};
	static char buf[1 << 16];
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
	for (uint32_t day = 0; day < EVENTS / 24; day++) {
		feed(t, w->ev + (size_t)day * 24 * USERS, 24 * USERS, &got);
		struct tracker *other = tracker_new(&w->m, &w->ids, "cpu", &e);
		for (uint32_t u = 0; u < USERS; u++) {
			size_t len = tracker_save(t, u, buf, sizeof buf);
			assert_in_range(len, 1, sizeof buf);
			assert_int_equal(tracker_load(other, u, buf, len, &e), 0);
			for (size_t cut = 0; cut < len; cut += 97)
				assert_int_equal(tracker_load(other, USERS, buf, cut, &e),
					-EBADMSG);
		}
		tracker_free(t);
		t = other;
	}
	tracker_free(t);
	assert_same(&got, &w->all);
}

static void a_saved_user_loads_under_other_numbers(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	struct ids other;
	static char a[1 << 16], b[1 << 16];
	assert_int_equal(ids_init(&other, &e), 0);
	for (uint32_t i = 40; i-- > 0; )
		number(other.category, "c", i);
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e), *o = tracker_new(&w->m, &other,
		"cpu", &e);
	struct found got = {0};
	feed(t, w->ev, 24 * USERS, &got);
	size_t len = tracker_save(t, 0, a, sizeof a);
	assert_int_equal(tracker_load(o, 0, a, len, &e), 0);
	assert_int_equal(tracker_save(o, 0, b, sizeof b), len);
	assert_memory_equal(a, b, len);
	tracker_free(t);
	tracker_free(o);
	ids_done(&other);
}

static struct history *make_history(struct world *w)
{
	struct err e = {0};
	struct history *h = history_new(&w->ids, 0, &e);
	struct batch *b = batch_new(64, false, false, false, &e);
	for (uint32_t i = 0; i < USERS * EVENTS; i++)
		assert_true(batch_add(b, &w->ev[i], 0));
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 2, &e), 0);
	return h;
}

static void a_sweep_finds_the_same_on_any_number_of_threads(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	struct history *h = make_history(w);
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct sweep s;
		struct found got = {0};
		struct sweep_options o = { .backend = "cpu", .threads = threads, .until_ms =
			INT64_MAX };
		assert_int_equal(sweep_run(&s, h, &w->ids, &w->m, &o, &e), 0);
		assert_true(s.n_findings < 1000);
		memcpy(got.f, s.finding, s.n_findings * sizeof *s.finding);
		got.n = s.n_findings;
		assert_same(&got, &w->all);
		sweep_done(&s);
	}
	history_free(h);
}

static void a_larger_horizon_only_adds(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	struct history *h = make_history(w);
	for (int64_t until = 20 * HOUR_MS; until < (int64_t)EVENTS * HOUR_MS; until +=
		37 * HOUR_MS) {
		struct sweep s;
		struct found got = {0}, want = {0};
		struct sweep_options o = { .backend = "cpu", .threads = 2, .until_ms = until };
		assert_int_equal(sweep_run(&s, h, &w->ids, &w->m, &o, &e), 0);
		for (uint32_t i = 0; i < s.n_findings; i++)
			got.f[got.n++] = s.finding[i];
		for (uint32_t i = 0; i < w->all.n; i++)
			if (w->all.f[i].time_ms <= until)
				want.f[want.n++] = w->all.f[i];
		assert_same(&got, &want);
		sweep_done(&s);
	}
	history_free(h);
}

static void a_missing_backend_is_named(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	assert_null(tracker_new(&w->m, &w->ids, "nosuch", &e));
	assert_non_null(strstr(e.text, "nosuch"));
	assert_null(tracker_new(&w->m, &w->ids, "../x", &e));
}

static void the_steady_state_takes_no_memory(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	struct found got = {0};
	struct tracker *t = tracker_new(&w->m, &w->ids, "cpu", &e);
	feed(t, w->ev, USERS * EVENTS / 2, &got);
	uint64_t calls = mem_calls();
	feed(t, w->ev + USERS * EVENTS / 4, USERS * EVENTS / 4, &got);
	assert_true(mem_calls() - calls <= USERS);      /* a user's categories outgrow their block
		 * */
	calls = mem_calls();
	feed(t, w->ev + USERS * EVENTS / 4, USERS * EVENTS / 4, &got);
	assert_true(mem_calls() == calls);
	tracker_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_those_who_turned_and_what_to),
		cmocka_unit_test(a_return_to_the_old_interest_clears_the_alert),
		cmocka_unit_test(another_backend_goes_on),
		cmocka_unit_test(a_device_lost_after_the_turn_leaves_no_trace),
		cmocka_unit_test(any_batch_size_gives_the_same),
		cmocka_unit_test(saving_and_loading_changes_nothing),
		cmocka_unit_test(a_saved_user_loads_under_other_numbers),
		cmocka_unit_test(a_sweep_finds_the_same_on_any_number_of_threads),
		cmocka_unit_test(a_larger_horizon_only_adds),
		cmocka_unit_test(a_missing_backend_is_named),
		cmocka_unit_test(the_steady_state_takes_no_memory),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
