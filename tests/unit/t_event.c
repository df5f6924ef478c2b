/* event: batches that grow, with and without their optional columns. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/event.h"

#define EVENTS 1000u

static struct event event_of(uint32_t i)
{
	return (struct event){.time_ms = -5 + (int64_t)i, .user = i, .item = 2 * i,
		.category = 3 * i, .price = (float)i / 4, .quantity = -(float)i,
		.behaviour = (uint8_t)(i % BEHAVIOUR_N)};
}

static void grows_and_keeps(void **state)
{
	struct batch *b = batch_new(1, true, true, true, NULL);

	(void)state;
	assert_non_null(b);
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct event ev = event_of(i);
		assert_true(batch_add(b, &ev, 7 * (uint64_t)i));
	}
	assert_int_equal(b->n, EVENTS);
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct event want = event_of(i), got = batch_get(b, i);
		assert_int_equal(got.time_ms, want.time_ms);
		assert_int_equal(got.user, want.user);
		assert_int_equal(got.item, want.item);
		assert_int_equal(got.category, want.category);
		assert_int_equal(got.behaviour, want.behaviour);
		assert_true(got.price == want.price && got.quantity == want.quantity);
		assert_int_equal(b->offset[i], 7 * i);
	}
	batch_free(b);
}

static void absent_columns_are_nan(void **state)
{
	struct batch *b = batch_new(1, false, true, false, NULL);
	struct event ev = event_of(4);

	(void)state;
	assert_true(batch_add(b, &ev, 0));
	assert_null(b->price);
	assert_null(b->offset);
	assert_true(isnan(batch_get(b, 0).price));
	assert_true(batch_get(b, 0).quantity == -4);
	batch_free(b);
}

static void memory_out_is_said(void **state)
{
	struct err e = {0};
	size_t used = mem_used();

	(void)state;
	for (uint64_t n = 1; n <= 9; n++) {
		mem_fail_after(n);
		assert_null(batch_new(8, true, true, true, &e));
		mem_fail_after(0);
		assert_int_equal(e.code, -ENOMEM);
		assert_int_equal(mem_used(), used);
	}
	struct batch *b = batch_new(1, true, true, true, NULL);
	struct event ev = event_of(1);
	while (b->n < b->cap)
		assert_true(batch_add(b, &ev, 0));
	mem_fail_after(3);
	assert_false(batch_add(b, &ev, 0));
	mem_fail_after(0);
	assert_true(batch_add(b, &ev, 0));
	assert_int_equal(batch_get(b, b->n - 1).user, 1);
	batch_free(b);
	assert_int_equal(mem_used(), used);
}

static void every_value_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < BEHAVIOUR_N; i++)
		assert_non_null(behaviour_name[i]);
	for (int i = 0; i < REJECT_N; i++)
		assert_non_null(reject_name[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps),
		cmocka_unit_test(absent_columns_are_nan),
		cmocka_unit_test(memory_out_is_said),
		cmocka_unit_test(every_value_has_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
