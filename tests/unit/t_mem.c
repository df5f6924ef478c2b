#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

#define THREADS 4

static void counts_usable_bytes(void **state)
{
	size_t before = mem_used();
	uint64_t calls = mem_calls();

	(void)state;
	char *p = mem_get(10, 10);
	assert_non_null(p);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(mem_used() - before, malloc_usable_size(p));
	p = mem_resize(p, 1000, 10);
	assert_non_null(p);
	assert_int_equal(mem_used() - before, malloc_usable_size(p));
	assert_true(mem_peak() >= mem_used());
	p = mem_resize(p, 1, 10);
	assert_int_equal(mem_used() - before, malloc_usable_size(p));
	assert_true(mem_peak() >= before + 10000);
	assert_int_equal(mem_calls() - calls, 3);
	mem_free(p);
	mem_free(NULL);
	assert_int_equal(mem_used(), before);
}

static void text_is_copied(void **state)
{
	(void)state;
	char *s = mem_text("abcdef", 3);
	assert_string_equal(s, "abc");
	mem_free(s);
	s = mem_text(NULL, 0);
	assert_string_equal(s, "");
	mem_free(s);
	assert_null(mem_text("", SIZE_MAX));
}

static void empty_and_overflowing_requests(void **state)
{
	size_t before = mem_used();

	(void)state;
	void *p = mem_get(0, 8);
	assert_non_null(p);
	p = mem_resize(p, 0, 8);
	assert_non_null(p);
	assert_null(mem_get(SIZE_MAX / 2, 3));
	assert_null(mem_resize(p, SIZE_MAX / 2, 3));
	mem_free(p);
	assert_int_equal(mem_used(), before);
}

static void limit_refuses_and_old_block_stands(void **state)
{
	size_t before = mem_used();

	(void)state;
	char *p = mem_get(1, 1000);
	memset(p, 'x', 1000);
	mem_limit(mem_used() + 1000);
	assert_int_equal(mem_limit_bytes(), mem_used() + 1000);
	size_t used = mem_used();
	assert_null(mem_get(1, 1001));
	assert_null(mem_resize(p, 1, 3000));
	assert_int_equal(mem_used(), used);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(p[i], 'x');
	void *q = mem_get(1, 900);
	assert_non_null(q);
	assert_null(mem_get(1, 900));
	mem_limit(0);
	void *r = mem_get(1, 900);
	assert_non_null(r);
	mem_free(p);
	mem_free(q);
	mem_free(r);
	assert_int_equal(mem_used(), before);
}

static void nth_request_fails_once(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 6; n++) {
		void *p[8];
		mem_fail_after(n);
		for (uint64_t i = 0; i < 8; i++) {
			p[i] = i & 1 ? mem_resize(NULL, 1, 8) : mem_get(1, 8);
			assert_true((i + 1 == n) == !p[i]);
		}
		for (int i = 0; i < 8; i++)
			mem_free(p[i]);
	}
	mem_fail_after(1);
	mem_fail_after(0);
	void *p = mem_get(1, 1);
	assert_non_null(p);
	mem_free(p);
}

static void *take_and_give(void *failed)
{
	size_t *n_failed = failed;

	for (size_t i = 1; i < 2000; i++) {
		void *p = mem_get(i, 3);
		void *q = p ? mem_resize(p, i, 5) : NULL;
		*n_failed += !p || !q;
		mem_free(q ? q : p);
	}
	return NULL;
}

static void threads_count_exactly_and_one_fails(void **state)
{
	pthread_t thread[THREADS];
	size_t failed[THREADS] = {0}, all = 0, before = mem_used();
	uint64_t calls = mem_calls();

	(void)state;
	mem_fail_after(1000);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, &failed[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		all += failed[i];
	}
	assert_int_equal(all, 1);
	assert_int_equal(mem_used(), before);
	assert_in_range(mem_calls() - calls, THREADS * 1999 * 2 - 1, THREADS * 1999 * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_usable_bytes),
		cmocka_unit_test(text_is_copied),
		cmocka_unit_test(empty_and_overflowing_requests),
		cmocka_unit_test(limit_refuses_and_old_block_stands),
		cmocka_unit_test(nth_request_fails_once),
		cmocka_unit_test(threads_count_exactly_and_one_fails),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
