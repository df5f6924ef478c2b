#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/err.h"
#include "base/mailbox.h"
#include "base/mem.h"

#define POSTS 30000
#define CELLS 64

struct letter {
	unsigned number, cell[CELLS];
};

static void newest_is_seen_once(void **state)
{
	struct mailbox m;
	bool fresh = true;

	(void)state;
	assert_int_equal(mailbox_init(&m, sizeof(struct letter), NULL), 0);
	const struct letter *seen = mailbox_look(&m, &fresh);
	assert_false(fresh);
	assert_int_equal(seen->number, 0);
	for (unsigned i = 1; i < 20; i++) {
		for (unsigned k = 0; k <= i % 4; k++) {
			((struct letter *)mailbox_draft(&m))->number = 100 * i + k;
			mailbox_post(&m);
		}
		seen = mailbox_look(&m, &fresh);
		assert_true(fresh);
		assert_int_equal(seen->number, 100 * i + i % 4);
		assert_ptr_equal(mailbox_look(&m, &fresh), seen);
		assert_false(fresh);
	}
	mailbox_done(&m);
	mailbox_done(&m);
}

static void slots_share_no_cache_line(void **state)
{
	struct mailbox m;
	uintptr_t at[3];

	(void)state;
	assert_int_equal(mailbox_init(&m, 5, NULL), 0);
	for (int i = 0; i < 3; i++) {
		bool fresh;
		at[i] = (uintptr_t)mailbox_draft(&m);
		assert_int_equal(at[i] % 64, 0);
		mailbox_post(&m);
		mailbox_look(&m, &fresh);
	}
	assert_true(at[0] != at[1] && at[1] != at[2] && at[0] != at[2]);
	mailbox_done(&m);
}

static void no_memory_is_an_error(void **state)
{
	struct err e = {0};
	struct mailbox m;

	(void)state;
	mem_fail_after(1);
	assert_int_equal(mailbox_init(&m, 8, &e), -12);
	mailbox_done(&m);
	assert_int_equal(mailbox_init(&m, SIZE_MAX, &e), -12);
	mailbox_done(&m);
}

static void *write_letters(void *m)
{
	for (unsigned n = 1; n <= POSTS; n++) {
		struct letter *l = mailbox_draft(m);
		l->number = n;
		for (int i = 0; i < CELLS; i++)
			l->cell[i] = n;
		mailbox_post(m);
	}
	return NULL;
}

static void never_torn_never_backwards(void **state)
{
	struct mailbox m;
	pthread_t writer;
	unsigned last = 0, torn = 0, backwards = 0;

	(void)state;
	assert_int_equal(mailbox_init(&m, sizeof(struct letter), NULL), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_letters, &m), 0);
	while (last < POSTS) {
		bool fresh;
		const struct letter *l = mailbox_look(&m, &fresh);
		backwards += l->number < last || (fresh && l->number == last);
		last = l->number;
		for (int i = 0; i < CELLS; i++)
			torn += l->cell[i] != last;
	}
	pthread_join(writer, NULL);
	assert_int_equal(torn, 0);
	assert_int_equal(backwards, 0);
	mailbox_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_is_seen_once),
		cmocka_unit_test(slots_share_no_cache_line),
		cmocka_unit_test(no_memory_is_an_error),
		cmocka_unit_test(never_torn_never_backwards),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
