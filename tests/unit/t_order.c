/* order: random arrivals against a naive model that keeps everything in one list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "ingest/order.h"

#define SOURCES 3
#define ROWS 400
#define LATENESS 50

static uint32_t random_of(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % n;
}

struct naive {
	struct held row[ROWS];
	bool out[ROWS];
	uint32_t n;
	int64_t newest[SOURCES];
	bool speaks[SOURCES];
	int64_t released;
};

static int64_t passed(int64_t newest)
{
	return newest == INT64_MIN ? INT64_MIN : newest - LATENESS - 1;
}

static bool naive_put(struct naive *v, const struct held *h)
{
	int64_t before = v->newest[h->source];
	v->speaks[h->source] = true;
	if (h->ev.time_ms > before)
		v->newest[h->source] = h->ev.time_ms;
	if (h->ev.time_ms <= v->released || h->ev.time_ms <= passed(before))
		return false;
	v->row[v->n++] = *h;
	return true;
}

static int64_t naive_watermark(const struct naive *v)
{
	int64_t w = INT64_MIN, low = INT64_MAX;
	bool any = false;
	for (int s = 0; s < SOURCES; s++) {
		if (v->newest[s] > w)
			w = v->newest[s];
		if (v->speaks[s] && passed(v->newest[s]) < low)
			low = passed(v->newest[s]);
		any |= v->speaks[s];
	}
	w = any && low < w ? low : w;
	return w > v->released ? w : v->released;
}

static struct held random_row(const struct ids *ids, uint64_t *seed, int64_t base, uint64_t offset)
{
	char text[16];
	struct held h = { .source = random_of(seed, SOURCES), .offset = offset };
	h.ev.time_ms = base + random_of(seed, 120);
	h.ev.user = dict_id(ids->user, text, (size_t)sprintf(text, "u%u", random_of(seed, 4)));
	h.ev.category = dict_id(ids->category, text, (size_t)sprintf(text, "c%u", random_of(seed,
		5)));
	h.ev.item = dict_id(ids->item, text, (size_t)sprintf(text, "%u", random_of(seed, 3)));
	h.ev.behaviour = (uint8_t)random_of(seed, BEHAVIOUR_N);
	return h;
}

/* Everything released is what the model says, in order, and no instant is in two releases. */
static void check_take(struct order *o, struct naive *v, const struct ids *ids)
{
	const struct held *got;
	int64_t n = order_take(o, &got), due = 0;
	int64_t before = v->released;
	v->released = naive_watermark(v);
	assert_true(n >= 0);
	assert_int_equal(order_released(o), v->released);
	for (uint32_t i = 0; i < v->n; i++)
		if (!v->out[i] && v->row[i].ev.time_ms <= v->released) {
			v->out[i] = true;
			due++;
		}
	assert_int_equal(n, due);
	for (int64_t i = 0; i < n; i++) {
		assert_true(got[i].ev.time_ms > before && got[i].ev.time_ms <= v->released);
		if (i > 0)
			assert_true(order_cmp(ids, &got[i - 1].ev, &got[i].ev) <= 0);
	}
}

static void check_low(const struct order *o, const struct naive *v)
{
	for (uint32_t s = 0; s < SOURCES; s++) {
		uint64_t low = UINT64_MAX;
		for (uint32_t i = 0; i < v->n; i++)
			if (!v->out[i] && v->row[i].source == s && v->row[i].offset < low)
				low = v->row[i].offset;
		assert_int_equal(order_low_offset(o, s), low);
	}
}

static void random_arrivals(void **state)
{
	(void)state;
	for (uint64_t run = 1; run <= 30; run++) {
		uint64_t seed = run;
		struct ids ids = {0};
		struct err e = {0};
		struct naive v = { .released = INT64_MIN };
		assert_int_equal(ids_init(&ids, &e), 0);
		struct order *o = order_new(&ids, LATENESS, &e);
		for (uint32_t s = 0; s < SOURCES; s++) {
			assert_int_equal(order_start(o, s), 0);
			v.newest[s] = INT64_MIN;
			v.speaks[s] = true;
		}
		for (uint64_t i = 0; i < ROWS; i++) {
			struct held h = random_row(&ids, &seed, 1000 + 3 * (int64_t)i, i);
			assert_int_equal(order_put(o, &h), naive_put(&v, &h));
			if (random_of(&seed, 40) == 0) {
				uint32_t s = random_of(&seed, SOURCES);
				order_idle(o, s);
				v.speaks[s] = false;
			}
			if (random_of(&seed, 5) == 0)
				check_take(o, &v, &ids);
			check_low(o, &v);
		}
		order_end(o);
		memset(v.speaks, 0, sizeof v.speaks);
		check_take(o, &v, &ids);
		assert_int_equal(order_n_held(o), 0);
		order_free(o);
		ids_done(&ids);
	}
}

struct fixture {
	struct ids ids;
	struct order *o;
};

static int setup(void **state)
{
	static struct fixture f;
	struct err e = {0};
	if (ids_init(&f.ids, &e) < 0 || !(f.o = order_new(&f.ids, 10, &e)))
		return -1;
	order_start(f.o, 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	order_free(f->o);
	ids_done(&f->ids);
	return 0;
}

static int put_at(struct order *o, uint32_t source, int64_t time_ms, uint64_t offset)
{
	struct held h = { .ev = { .time_ms = time_ms }, .source = source, .offset = offset };
	return order_put(o, &h);
}

static void lateness_is_inclusive(void **state)
{
	struct order *o = ((struct fixture *)*state)->o;
	const struct held *got;
	assert_int_equal(put_at(o, 0, 100, 0), 1);
	assert_int_equal(order_take(o, &got), 0);
	assert_int_equal(put_at(o, 0, 90, 1), 1);
	assert_int_equal(put_at(o, 0, 89, 2), 0);
	assert_int_equal(put_at(o, 0, 101, 3), 1);
	assert_int_equal(order_take(o, &got), 1);
	assert_int_equal(got[0].ev.time_ms, 90);
	assert_int_equal(put_at(o, 0, 90, 4), 0);
}

static void a_silent_source_holds_nobody_back(void **state)
{
	struct order *o = ((struct fixture *)*state)->o;
	const struct held *got;
	order_start(o, 1);
	put_at(o, 0, 100, 0);
	put_at(o, 0, 200, 1);
	assert_int_equal(order_take(o, &got), 0);
	order_idle(o, 1);
	assert_int_equal(order_take(o, &got), 1);
	assert_int_equal(put_at(o, 1, 195, 0), 1);
	order_flush(o);
	assert_int_equal(order_take(o, &got), 2);
	assert_int_equal(order_released(o), 200);
}

static void a_wrong_clock_makes_nothing_late(void **state)
{
	struct order *o = ((struct fixture *)*state)->o;
	const struct held *got;
	order_ceiling(o, 1000);
	put_at(o, 0, 100, 0);
	assert_int_equal(put_at(o, 0, 999999, 1), 1);
	assert_int_equal(put_at(o, 0, 95, 2), 1);
	order_flush(o);
	assert_int_equal(order_take(o, &got), 2);
	assert_int_equal(order_low_offset(o, 0), 1);
	order_end(o);
	assert_int_equal(order_take(o, &got), 1);
	assert_int_equal(got[0].ev.time_ms, 999999);
}

static void a_stored_watermark_refuses_what_it_released(void **state)
{
	struct order *o = ((struct fixture *)*state)->o;
	const struct held *got;
	order_resume(o, 100);
	assert_int_equal(order_released(o), 100);
	assert_int_equal(put_at(o, 0, 100, 0), 0);
	assert_int_equal(put_at(o, 0, 101, 1), 1);
	assert_int_equal(order_take(o, &got), 0);
	assert_int_equal(order_released(o), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_arrivals),
		cmocka_unit_test_setup_teardown(lateness_is_inclusive, setup, teardown),
		cmocka_unit_test_setup_teardown(a_silent_source_holds_nobody_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_clock_makes_nothing_late, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stored_watermark_refuses_what_it_released, setup,
			teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
