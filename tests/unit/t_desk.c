#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/desk.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"

#define N 3

struct world {
	char dir[256], path[300];
	struct ids ids;
	struct store *s;
	struct desk *d;
	struct err e;
	uint64_t id[N];
	char got[1024];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_desk.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	if (!(w->s = store_open(w->path, &w->e)))
		return -1;
	for (int64_t i = 0; i < N; i++) {
		struct finding f = { .time_ms = i, .user = dict_id(w->ids.user, "u", 1),
			.from = DICT_NONE, .to = DICT_NONE };
		struct alert a = alert_make(&f, &w->ids, 7);

		if (store_put_alert(w->s, &a, &w->ids, &w->e) < 0)
			return -1;
		w->id[i] = a.id;
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	char path[320];

	desk_close(w->d);
	store_close(w->s);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		unlink(path);
	}
	ids_done(&w->ids);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* The news that are due, in words; what others did may come in news of its own before. */
static const char *news(struct world *w)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	char changes[sizeof w->got / 2] = "", *at = changes;

	assert_true(desk_is_busy(w->d));
	while (desk_is_busy(w->d)) {
		struct desk_news *news = desk_look(w->d);

		if (!news) {
			nanosleep(&pause, NULL);
			continue;
		}
		for (uint32_t i = 0; i < news->n; i++)
			at += sprintf(at, " %s %u%s", news->change[i].author,
				news->change[i].value,
				news->change[i].len ? news->change[i].text : "");
		snprintf(w->got, sizeof w->got, "%s%s%u:%s", news->err.code ? news->err.text : "",
			news->is_nothing ? "nothing " : news->is_undo ? "undone " : "",
			news->n_done, changes);
		desk_news_free(news);
	}
	return w->got;
}

static void open_desk(struct world *w)
{
	w->d = desk_open(w->path, "op1", &w->e);
	assert_non_null(w->d);
	assert_string_equal(news(w), "0:");
	assert_false(desk_is_busy(w->d));
}

static void acknowledge(struct world *w, uint32_t n)
{
	struct triage_act ack = { .field = TRIAGE_STATE, .value = TRIAGE_ACKNOWLEDGED };

	assert_int_equal(desk_order(w->d, &ack, w->id, n, &w->e), 0);
}

static void orders_are_carried_out_and_undone(void **state)
{
	struct world *w = *state;

	open_desk(w);
	acknowledge(w, 1);
	assert_string_equal(news(w), "1: op1 1");
	acknowledge(w, N);
	assert_string_equal(news(w), "2: op1 1 op1 1");
	acknowledge(w, N);
	assert_string_equal(news(w), "0:");
	assert_int_equal(desk_undo(w->d, 5, &w->e), 0);
	assert_string_equal(news(w), "undone 2: op1 0 op1 0");
	assert_int_equal(desk_undo(w->d, 5, &w->e), 0);
	assert_string_equal(news(w), "undone 1: op1 0");
	assert_int_equal(desk_undo(w->d, 5, &w->e), 0);
	assert_string_equal(news(w), "nothing 0:");
}

static void an_order_is_whole_or_nothing(void **state)
{
	struct world *w = *state;

	w->id[2] = 0xabc;
	open_desk(w);
	acknowledge(w, N);
	assert_non_null(strstr(news(w), "alert 0000000000000abc: there is none"));
	acknowledge(w, 2);
	assert_string_equal(news(w), "2: op1 1 op1 1");
}

static void others_are_heard(void **state)
{
	struct world *w = *state;
	struct triage_act act = { .field = TRIAGE_NOTE, .alert_id = w->id[0], .author = "op2",
		.text = " hi", .len = 3 }, back;

	assert_int_equal(triage_do(w->s, &act, &back, &w->e), 0);
	triage_done(&back);
	w->d = desk_open(w->path, "op1", &w->e);
	assert_non_null(w->d);
	assert_string_equal(news(w), "0: op2 0 hi");
	act.field = TRIAGE_STATE;
	act.value = TRIAGE_ACKNOWLEDGED;
	assert_int_equal(triage_do(w->s, &act, &back, &w->e), 0);
	triage_done(&back);
	acknowledge(w, 2);
	assert_string_equal(news(w), "1: op2 1 op1 1");
}

static void closing_carries_out_what_was_ordered(void **state)
{
	struct world *w = *state;

	open_desk(w);
	acknowledge(w, 1);
	acknowledge(w, N);
	desk_close(w->d);
	w->d = desk_open(w->path, "op1", &w->e);
	assert_non_null(w->d);
	assert_string_equal(news(w), "0: op1 1 op1 1 op1 1");
}

static void a_missing_store_is_told(void **state)
{
	struct world *w = *state;

	w->d = desk_open("/nowhere/veer.db", "op1", &w->e);
	assert_non_null(w->d);
	assert_non_null(strstr(news(w), "could not open alert store \"/nowhere/veer.db\""));
	acknowledge(w, 1);
	assert_non_null(strstr(news(w), "No such file"));
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(orders_are_carried_out_and_undone),
		WITH_STORE(an_order_is_whole_or_nothing),
		WITH_STORE(others_are_heard),
		WITH_STORE(closing_carries_out_what_was_ordered),
		WITH_STORE(a_missing_store_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
