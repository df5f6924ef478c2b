#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/queue.h"

#define EACH 20000
#define SENDERS 2
#define TAKERS 2

static void first_in_first_out(void **state)
{
	int v[7];
	struct queue q;
	size_t put = 0, taken = 0;

	(void)state;
	assert_int_equal(queue_init(&q, 3, NULL), 0);
	assert_null(queue_take_for(&q, 0));
	assert_null(queue_take_for(&q, -5));
	for (int round = 0; round < 20; round++) {
		while (queue_length(&q) < 3)
			assert_true(queue_put(&q, &v[put++ % 7]));
		for (int i = 0; i < 1 + round % 3; i++)
			assert_ptr_equal(queue_take(&q), &v[taken++ % 7]);
	}
	queue_done(&q);
	queue_done(&q);
}

static void closed_drains_then_ends(void **state)
{
	int v[2];
	struct queue q;

	(void)state;
	assert_int_equal(queue_init(&q, 2, NULL), 0);
	queue_put(&q, &v[0]);
	queue_put(&q, &v[1]);
	queue_close(&q);
	assert_false(queue_put(&q, &v[0]));
	assert_ptr_equal(queue_take(&q), &v[0]);
	assert_ptr_equal(queue_take_for(&q, 1000000), &v[1]);
	assert_null(queue_take(&q));
	assert_null(queue_take_for(&q, INT64_MAX));
	queue_done(&q);
}

static void no_memory_is_an_error(void **state)
{
	struct err e = {0};
	struct queue q;

	(void)state;
	mem_fail_after(1);
	assert_int_equal(queue_init(&q, 3, &e), -12);
	assert_int_equal(e.code, -12);
	queue_done(&q);
}

static void *take_one(void *q)
{
	return queue_take(q);
}

static void *put_one(void *q)
{
	return queue_put(q, q) ? q : NULL;
}

/* Whether they already wait or come later, closing lets them go. */
static void close_wakes_everybody(void **state)
{
	pthread_t taker, sender;
	struct queue empty, full;
	void *got = &empty, *sent = &full;

	(void)state;
	queue_init(&empty, 1, NULL);
	queue_init(&full, 1, NULL);
	queue_put(&full, &full);
	pthread_create(&taker, NULL, take_one, &empty);
	pthread_create(&sender, NULL, put_one, &full);
	queue_close(&empty);
	queue_close(&full);
	pthread_join(taker, &got);
	pthread_join(sender, &sent);
	assert_null(got);
	assert_null(sent);
	queue_done(&empty);
	queue_done(&full);
}

struct traffic {
	struct queue q;
	unsigned item[SENDERS][EACH];   /* how often each was taken */
	atomic_uint next_sender;
};

static void *send(void *arg)
{
	struct traffic *t = arg;
	unsigned me = atomic_fetch_add(&t->next_sender, 1);

	for (int i = 0; i < EACH; i++)
		queue_put(&t->q, &t->item[me][i]);
	return NULL;
}

/* Counts what it takes, plainly: the queue hands each thing to one taker. */
static void *take(void *arg)
{
	struct traffic *t = arg;
	unsigned *last[SENDERS] = {0}, *p;
	uintptr_t disorder = 0;

	for (;;) {
		p = queue_take_for(&t->q, 20000);
		if (!p)
			return (void *)disorder;
		++*p;
		size_t from = (size_t)(p - t->item[0]) / EACH;
		disorder += last[from] && p < last[from];
		last[from] = p;
	}
}

static void every_thing_once_and_in_order(void **state)
{
	struct traffic *t = mem_get(1, sizeof(*t));
	pthread_t sender[SENDERS], taker[TAKERS];
	void *disorder;

	(void)state;
	queue_init(&t->q, 7, NULL);
	for (int i = 0; i < SENDERS; i++)
		pthread_create(&sender[i], NULL, send, t);
	for (int i = 0; i < TAKERS; i++)
		pthread_create(&taker[i], NULL, take, t);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(sender[i], NULL);
	queue_close(&t->q);
	for (int i = 0; i < TAKERS; i++) {
		pthread_join(taker[i], &disorder);
		assert_null(disorder);
	}
	for (int s = 0; s < SENDERS; s++)
		for (int i = 0; i < EACH; i++)
			assert_int_equal(t->item[s][i], 1);
	queue_done(&t->q);
	mem_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out),
		cmocka_unit_test(closed_drains_then_ends),
		cmocka_unit_test(no_memory_is_an_error),
		cmocka_unit_test(close_wakes_everybody),
		cmocka_unit_test(every_thing_once_and_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
