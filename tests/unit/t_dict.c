#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define THREADS 4
#define SHARED 40000

static void numbers_run_in_order_of_arrival(void **state)
{
	struct err e;
	struct dict *d = dict_new(&e);
	char s[16];

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		size_t n = (size_t)snprintf(s, sizeof(s), "%07u", i * 31 % 100000);
		assert_int_equal(dict_find(d, s, n), DICT_NONE);
		assert_int_equal(dict_id(d, s, n), i);
		assert_int_equal(dict_id(d, s, n), i);
	}
	assert_int_equal(dict_size(d), 100000);
	for (uint32_t i = 0; i < 100000; i++) {
		size_t len, n = (size_t)snprintf(s, sizeof(s), "%07u", i * 31 % 100000);
		const char *t = dict_text(d, i, &len);
		assert_int_equal(len, n);
		assert_string_equal(t, s);
		assert_int_equal(dict_find(d, s, n), i);
	}
	dict_free(d);
}

/* Around each byte of the length, and around a chunk; NULs and zeros are bytes like others. */
static void any_bytes_of_any_length(void **state)
{
	static const size_t lengths[] = {
		0, 1, 2, 3, 126, 127, 128, 129, 4070, 4090, 4096, 16383, 16384, 65520,
		65536, 70000, 300000
	};
	size_t n = sizeof(lengths) / sizeof(lengths[0]), len;
	char *big = mem_get(1, 300001);
	struct dict *d = dict_new(NULL);

	(void)state;
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(dict_id(d, big, lengths[i]), i);
	big[0] = 'x';
	assert_int_equal(dict_id(d, big, 300000), n);
	assert_int_equal(dict_id(d, NULL, 0), 0);
	assert_int_equal(dict_find(d, "0", 1), DICT_NONE);
	assert_int_equal(dict_id(d, "0", 1), n + 1);
	assert_int_equal(dict_id(d, "00", 2), n + 2);
	big[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		const char *t = dict_text(d, i, &len);
		assert_int_equal(len, lengths[i]);
		assert_memory_equal(t, big, len + 1);
	}
	dict_free(d);
	mem_free(big);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void order_is_that_of_the_bytes(void **state)
{
	static const struct {
		const char *s;
		size_t len;
	} sorted[] = {
		{"", 0}, {"\0", 1}, {"\0a", 2}, {"1", 1}, {"10", 2}, {"2", 1}, {"a", 1}, {"a\0", 2},
		{"aa", 2}, {"\x7f", 1}, {"\x80", 1}, {"\xff", 1}, {"\xff\xff", 2},
	};
	uint32_t number[sizeof(sorted) / sizeof(sorted[0])];
	int n = sizeof(sorted) / sizeof(sorted[0]);
	struct dict *d = dict_new(NULL);

	(void)state;
	for (int i = n; i--;)
		number[i] = dict_id(d, sorted[i].s, sorted[i].len);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			assert_int_equal(sign(dict_cmp(d, number[i], number[j])), sign(i - j));
	dict_free(d);
}

/* Every allocation fails once, and nothing is lost or counted twice for it. */
static void memory_out_leaves_it_whole(void **state)
{
	size_t before = mem_used();
	char s[16];

	(void)state;
	for (uint64_t fail = 1; fail < 60; fail++) {
		struct err e = {0};
		mem_fail_after(fail);
		struct dict *d = dict_new(&e);
		if (!d) {
			assert_int_equal(e.code, -12);
			assert_int_equal(mem_used(), before);
			continue;
		}
		uint32_t refused = 0;
		for (uint32_t i = 0; i < 20000; i++) {
			size_t n = (size_t)snprintf(s, sizeof(s), "u%u", i);
			uint32_t id = dict_id(d, s, n);
			if (id == DICT_NONE) {
				refused++;
				id = dict_id(d, s, n);
			}
			assert_int_equal(id, i);
		}
		assert_true(refused <= 1);
		for (uint32_t i = 0; i < 20000; i++) {
			size_t n = (size_t)snprintf(s, sizeof(s), "u%u", i);
			assert_int_equal(dict_find(d, s, n), i);
		}
		dict_free(d);
		mem_fail_after(0);
		assert_int_equal(mem_used(), before);
	}
}

static void hits_take_no_memory(void **state)
{
	struct dict *d = dict_new(NULL);
	char s[16];

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		dict_id(d, s, (size_t)snprintf(s, sizeof(s), "%u", i));
	uint64_t calls = mem_calls();
	for (uint32_t i = 0; i < 5000; i++) {
		dict_id(d, s, (size_t)snprintf(s, sizeof(s), "%u", i));
		dict_find(d, s, (size_t)snprintf(s, sizeof(s), "x%u", i));
	}
	assert_int_equal(mem_calls(), calls);
	dict_free(d);
}

/* 32 bytes an id beside its text, at every moment from a size where first blocks do not count. */
static void memory_stays_in_its_budget(void **state)
{
	size_t before = mem_used(), text = 0;
	struct dict *d = dict_new(NULL);
	char s[24];

	(void)state;
	for (uint32_t i = 0; i < 400000; i++) {
		size_t n = (size_t)snprintf(s, sizeof(s), "item-%u", i * 7919);
		assert_int_equal(dict_id(d, s, n), i);
		text += n;
		assert_true(i < 60000 || mem_used() - before <= text + 32 * (size_t)(i + 1));
	}
	dict_free(d);
	assert_int_equal(mem_used(), before);
}

struct worker {
	struct dict *d;
	uint32_t start;
	uint32_t number[SHARED];        /* of each shared id */
	bool ok;
};

/* Each begins elsewhere in the shared ids, and mixes in ids of its own and readings of others'. */
static void *insert_and_read(void *arg)
{
	struct worker *w = arg;
	char s[24];
	size_t len;

	w->ok = true;
	for (uint32_t i = 0; i < SHARED; i++) {
		uint32_t k = (w->start * (SHARED / THREADS) + i) % SHARED;
		size_t n = (size_t)snprintf(s, sizeof(s), "shared%u", k);
		w->number[k] = dict_id(w->d, s, n);
		const char *t = dict_text(w->d, w->number[k], &len);
		w->ok &= len == n && !memcmp(t, s, n);
		n = (size_t)snprintf(s, sizeof(s), "own%u.%u", w->start, i);
		uint32_t id = i % 4 ? 0 : dict_id(w->d, s, n);
		w->ok &= i % 4 || dict_find(w->d, s, n) == id;
		dict_text(w->d, dict_size(w->d) - 1, &len);
		w->ok &= len >= 5 && len < sizeof(s);
	}
	return NULL;
}

static void threads_agree_on_numbers(void **state)
{
	struct worker *w = mem_get(THREADS, sizeof(*w));
	pthread_t thread[THREADS];
	struct dict *d = dict_new(NULL);

	(void)state;
	for (uint32_t i = 0; i < THREADS; i++) {
		w[i].d = d;
		w[i].start = i;
		assert_int_equal(pthread_create(&thread[i], NULL, insert_and_read, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(dict_size(d), SHARED + SHARED / 4 * THREADS);
	for (int i = 0; i < THREADS; i++) {
		assert_true(w[i].ok);
		assert_memory_equal(w[i].number, w[0].number, sizeof(w[0].number));
	}
	uint8_t *seen = mem_get(dict_size(d), 1);
	for (uint32_t k = 0; k < SHARED; k++)
		assert_int_equal(seen[w[0].number[k]]++, 0);
	mem_free(seen);
	mem_free(w);
	dict_free(d);
}

/* Known ones, new ones, and the same new one twice, in more than are looked up at once. */
static void many_at_once_are_as_one_by_one(void **state)
{
	enum { N = 1000 };
	static char text[N][16];
	struct dict_key key[N];
	uint32_t id[N];
	struct dict *d = dict_new(NULL);

	(void)state;
	for (int i = 0; i < N; i++) {
		key[i].len = (size_t)snprintf(text[i], sizeof(text[i]), "%d", i % 700 * 37);
		key[i].s = text[i];
		if (i % 3 == 0)
			dict_id(d, key[i].s, key[i].len);
	}
	assert_true(dict_ids(d, N, key, id));
	assert_int_equal(dict_size(d), 700);
	for (int i = 0; i < N; i++) {
		assert_int_equal(id[i], dict_find(d, key[i].s, key[i].len));
		assert_true(i < 700 || id[i] == id[i - 700]);
	}
	assert_true(dict_ids(d, 0, NULL, NULL));
	dict_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_run_in_order_of_arrival),
		cmocka_unit_test(any_bytes_of_any_length),
		cmocka_unit_test(many_at_once_are_as_one_by_one),
		cmocka_unit_test(order_is_that_of_the_bytes),
		cmocka_unit_test(memory_out_leaves_it_whole),
		cmocka_unit_test(hits_take_no_memory),
		cmocka_unit_test(memory_stays_in_its_budget),
		cmocka_unit_test(threads_agree_on_numbers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
