#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/query.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/text.h"

struct world {
	char dir[256], path[300];
	struct ids ids;                 /* of the writer */
	struct ids read_ids;
	struct store *s, *r;
	struct err e;
	char got[512];                  /* "time user>to;" of what a query gave */
};

static uint32_t id(struct dict *d, const char *s)
{
	return dict_id(d, s, strlen(s));
}

static struct alert make(struct world *w, int64_t time_ms, const char *user, const char *from,
	const char *to)
{
	struct finding f = {
		.time_ms = time_ms, .onset_ms = time_ms - 1, .user = id(w->ids.user, user),
		.from = from ? id(w->ids.category, from) : DICT_NONE, .to = id(w->ids.category, to),
		.n_before = 40, .n_after = 9, .from_before = 20, .from_after = 1, .to_before = 2,
		.to_after = 8, .score = 9.87654321f, .far = .123456789f, .severity = 58,
		.direction = DIRECTION_SURGE,
	};

	f.severity = (uint8_t)time_ms;
	return alert_make(&f, &w->ids, 0xfedcba9876543210);
}

static void put(struct world *w, int64_t time_ms, const char *user, const char *from,
	const char *to)
{
	struct alert a = make(w, time_ms, user, from, to);

	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_query.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0 || ids_init(&w->read_ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	w->s = store_open(w->path, &w->e);
	if (!w->s || store_begin(w->s, &w->e) < 0)
		return -1;
	put(w, 30, "\xff", "a", "b");           /* a BLOB, between TEXTs in the order of bytes */
	put(w, 30, "z", "c", "a");
	put(w, 10, "u", NULL, "b");
	put(w, 30, "\xff\xfe", "b", "c");
	put(w, 20, "u", "b", "c");
	if (store_commit(w->s, &w->e) < 0)
		return -1;
	w->r = store_open_read(w->path, &w->e);
	*state = w;
	return w->r ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	char path[320];

	store_close(w->r);
	store_close(w->s);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		unlink(path);
	}
	ids_done(&w->ids);
	ids_done(&w->read_ids);
	rmdir(w->dir);
	free(w);
	return 0;
}

static int note(void *ctx, const struct alert *a, const char *state)
{
	struct world *w = ctx;
	size_t n = strlen(w->got);

	assert_string_equal(state, "new");
	snprintf(w->got + n, sizeof w->got - n, "%d %s>%s;", (int)a->f.time_ms,
		dict_text(w->read_ids.user, a->f.user, NULL),
		dict_text(w->read_ids.category, a->f.to, NULL));
	return 0;
}

static void assert_query(struct world *w, const struct query_alerts *q, const char *want)
{
	w->got[0] = '\0';
	assert_int_equal(query_each_alert(w->r, q, &w->read_ids, note, w, &w->e), 0);
	assert_string_equal(w->got, want);
}

#define OPEN .from_ms = INT64_MIN, .to_ms = INT64_MAX

static void all_in_order_of_time_and_bytes(void **state)
{
	assert_query(*state, &(struct query_alerts){ OPEN },
		"10 u>b;20 u>c;30 z>a;30 \xff>b;30 \xff\xfe>c;");
}

static void each_condition_narrows(void **state)
{
	struct world *w = *state;

	assert_query(w, &(struct query_alerts){ OPEN, .user = "u" }, "10 u>b;20 u>c;");
	assert_query(w, &(struct query_alerts){ OPEN, .user = "\xff" }, "30 \xff>b;");
	assert_query(w, &(struct query_alerts){ OPEN, .category = "c" },
		"20 u>c;30 z>a;30 \xff\xfe>c;");
	assert_query(w, &(struct query_alerts){ .from_ms = 20, .to_ms = 20 }, "20 u>c;");
	assert_query(w, &(struct query_alerts){ OPEN, .min_severity = 21 },
		"30 z>a;30 \xff>b;30 \xff\xfe>c;");
	assert_query(w, &(struct query_alerts){ OPEN, .user = "u", .category = "c",
		.min_severity = 20 },
		"20 u>c;");
	assert_query(w, &(struct query_alerts){ OPEN, .user = "u' OR 1 --" }, "");
}

static void limit_keeps_the_newest_oldest_first(void **state)
{
	assert_query(*state, &(struct query_alerts){ OPEN, .limit = 3 },
		"30 z>a;30 \xff>b;30 \xff\xfe>c;");
	assert_query(*state, &(struct query_alerts){ OPEN, .limit = 1, .user = "u" }, "20 u>c;");
	assert_query(*state, &(struct query_alerts){ OPEN, .limit = 99, .user = "u" },
		"10 u>b;20 u>c;");
}

static int row(void *ctx, const struct alert *a, const char *state)
{
	struct world *w = ctx;
	struct text t;

	text_init(&t, 4096);
	alert_row(&t, ALERT_JSONL, a, &w->read_ids, state);
	snprintf(w->got, sizeof w->got, "%s", t.s);
	text_done(&t);
	return 0;
}

/* The row that comes back is the row that detect prints. */
static void a_row_survives_the_store(void **state)
{
	struct world *w = *state;
	struct alert a = make(w, 10, "u", NULL, "b");
	struct text t;

	assert_int_equal(query_each_alert(w->r,
		&(struct query_alerts){ .from_ms = 10, .to_ms = 10 }, &w->read_ids, row,
		w, &w->e), 0);
	text_init(&t, 4096);
	alert_row(&t, ALERT_JSONL, &a, &w->ids, "new");
	assert_string_equal(w->got, t.s);
	text_done(&t);
}

static int stop(void *ctx, const struct alert *a, const char *state)
{
	(void)a;
	(void)state;
	++*(int *)ctx;
	return 5;
}

static void each_can_stop(void **state)
{
	struct world *w = *state;
	int n = 0;

	assert_int_equal(query_each_alert(w->r, &(struct query_alerts){ OPEN }, &w->read_ids, stop,
		&n, &w->e), 5);
	assert_int_equal(n, 1);
}

static int note_evidence(void *ctx, int64_t step_ms, const char *category, double interest)
{
	char *got = ctx;

	snprintf(got + strlen(got), 64, "%d %s %g;", (int)step_ms, category, interest);
	return 0;
}

static void evidence_is_in_order(void **state)
{
	struct world *w = *state;
	struct alert a = make(w, 10, "u", NULL, "b");
	char got[256] = "";

	assert_int_equal(store_begin(w->s, &w->e), 0);
	store_put_evidence(w->s, a.id, 20, "b", 1, &w->e);
	store_put_evidence(w->s, a.id, 10, "\xff", 2.5, &w->e);
	store_put_evidence(w->s, a.id, 10, "b", .1, &w->e);
	assert_int_equal(store_commit(w->s, &w->e), 0);
	assert_int_equal(query_each_evidence(w->r, a.id, note_evidence, got, &w->e), 0);
	assert_string_equal(got, "10 b 0.1;10 \xff 2.5;20 b 1;");
	got[0] = '\0';
	assert_int_equal(query_each_evidence(w->r, a.id + 1, note_evidence, got, &w->e), 0);
	assert_string_equal(got, "");
}

static int note_reject(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len)
{
	char *got = ctx;

	snprintf(got + strlen(got), 128, "%s:%d %s [%.*s];", source, (int)line, why, (int)len,
		text);
	return 0;
}

static void rejects_are_in_order(void **state)
{
	struct world *w = *state;
	struct reject_row r = { REJECT_USER, 0, 12, "x,,y", 4 };
	char got[256] = "", want[256];

	assert_int_equal(store_begin(w->s, &w->e), 0);
	store_put_reject(w->s, "b.csv", &r, &w->e);
	r.line = 3;
	store_put_reject(w->s, "b.csv", &r, &w->e);
	r.why = REJECT_LATE;
	store_put_reject(w->s, "a.csv", &r, &w->e);
	assert_int_equal(store_commit(w->s, &w->e), 0);
	assert_int_equal(query_each_reject(w->r, note_reject, got, &w->e), 0);
	snprintf(want, sizeof want, "a.csv:3 %s [x,,y];b.csv:3 %s [x,,y];b.csv:12 %s [x,,y];",
		reject_name[REJECT_LATE], reject_name[REJECT_USER], reject_name[REJECT_USER]);
	assert_string_equal(got, want);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(all_in_order_of_time_and_bytes),
		WITH_STORE(each_condition_narrows),
		WITH_STORE(limit_keeps_the_newest_oldest_first),
		WITH_STORE(a_row_survives_the_store),
		WITH_STORE(each_can_stop),
		WITH_STORE(evidence_is_in_order),
		WITH_STORE(rejects_are_in_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
