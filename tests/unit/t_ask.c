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

#include "alert/ask.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/dict.h"

#define NOW_MS INT64_C(1512345600000)
#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

struct world {
	char dir[256], path[300];
	struct ids ids;
	struct clock clock;
	struct ask *a;
	struct err e;
};

static uint32_t id(struct dict *d, const char *s)
{
	return dict_id(d, s, strlen(s));
}

static void put(struct world *w, struct store *s, int64_t time_ms, const char *user, const char *to)
{
	struct finding f = { .time_ms = time_ms, .onset_ms = time_ms - 1,
		.user = id(w->ids.user, user), .from = DICT_NONE, .to = id(w->ids.category, to),
		.score = 9.5f, .far = .125f, .severity = 58, .direction = DIRECTION_SURGE };
	struct alert a = alert_make(&f, &w->ids, 7);

	assert_int_equal(store_put_alert(s, &a, &w->ids, &w->e), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");
	struct store *s;

	snprintf(w->dir, sizeof w->dir, "%s/t_ask.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	s = store_open(w->path, &w->e);
	if (!s || store_begin(s, &w->e) < 0)
		return -1;
	put(w, s, 10, "u", "b");
	put(w, s, 20, "u,\"1\"", "\xe5\xa9\xb4\xe5\x84\xbf");
	put(w, s, 30, "\x1b]0;x\x07", "\xff");
	store_commit(s, &w->e);
	store_close(s);
	clock_init(&w->clock);
	clock_freeze(&w->clock, NOW_MS);
	w->a = ask_open(w->path, &w->clock, &w->e);
	*state = w;
	return w->a ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const name[] = { "veer.db", "veer.db-wal", "veer.db-shm", "out.csv",
		"out.jsonl" };
	struct world *w = *state;
	char path[320];

	ask_close(w->a);
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		snprintf(path, sizeof path, "%s/%s", w->dir, name[i]);
		unlink(path);
	}
	rmdir(w->dir);
	ids_done(&w->ids);
	free(w);
	return 0;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static enum ask_news wait_for(struct world *w)
{
	enum ask_news news;

	while ((news = ask_look(w->a)) == ASK_NOTHING)
		nap();
	return news;
}

static const struct ask_answer *run(struct world *w, const char *sql)
{
	assert_int_equal(ask_run(w->a, sql, 25, &w->e), 0);
	assert_int_equal(wait_for(w), ASK_ANSWERED);
	return w->a->answer;
}

static void rows_come_with_names_and_types(void **state)
{
	const struct ask_answer *a = run(*state,
		"SELECT user, time_ms AS t, score, NULL, x'00ff' FROM alert ORDER BY t;  -- end\n");

	assert_int_equal(a->err.code, 0);
	assert_int_equal(a->n_columns, 5);
	assert_int_equal(a->n_rows, 3);
	assert_string_equal(ask_name(a, 1), "t");
	assert_int_equal(ask_cell(a, 0, 0)->type, ASK_TEXT);
	assert_memory_equal(ask_bytes(a, ask_cell(a, 0, 0)), "u", 1);
	assert_int_equal(ask_cell(a, 2, 1)->integer, 30);
	assert_true(ask_cell(a, 0, 2)->real > 9.4 && ask_cell(a, 0, 2)->real < 9.6);
	assert_int_equal(ask_cell(a, 0, 3)->type, ASK_NULL);
	assert_int_equal(ask_cell(a, 0, 4)->type, ASK_BLOB);
	assert_int_equal(ask_cell(a, 0, 4)->len, 2);
	assert_int_equal(a->data_ms, 30);
	assert_false(a->has_more);
}

static void columns_that_show_users_are_known(void **state)
{
	static const struct { const char *sql; int users[3]; } want[] = {
		{ "SELECT user, category_to, score FROM alert",
			{ ASK_USERS, ASK_NO_USERS, ASK_NO_USERS } },
		{ "SELECT user AS who, 'x' || user, count(*) FROM v_alert",
			{ ASK_USERS, ASK_MAYBE_USERS, ASK_MAYBE_USERS } },
		{ "SELECT w, text, source FROM (SELECT user w FROM alert), reject",
			{ ASK_USERS, ASK_USERS, ASK_NO_USERS } },
		{ "SELECT count(*), upper(category_to), 7 user_id FROM alert",
			{ ASK_NO_USERS, ASK_NO_USERS, ASK_USERS } },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		const struct ask_answer *a = run(w, want[i].sql);

		assert_int_equal(a->err.code, 0);
		for (int k = 0; k < 3; k++)
			assert_int_equal(a->users[k], want[i].users[k]);
	}
}

static void the_key_of_masks_is_not_read(void **state)
{
	const struct ask_answer *a = run(*state, "SELECT hex(value), name FROM secret");

	assert_int_equal(a->err.code, 0);
	assert_int_equal(a->n_rows, 1);
	assert_int_equal(ask_cell(a, 0, 0)->len, 0);
}

static void now_is_bound_and_nothing_else(void **state)
{
	const struct ask_answer *a = run(*state,
		"SELECT count(*) FROM alert WHERE time_ms < :now_ms");

	assert_int_equal(ask_cell(a, 0, 0)->integer, 2);
	a = run(*state, "SELECT :then_ms");
	assert_int_equal(a->err.code, -EINVAL);
	assert_int_equal(a->fault_at, 7);
}

static void whatever_writes_is_refused(void **state)
{
	static const struct { const char *sql; int at; const char *why; } wrong[] = {
		{ "UPDATE alert SET score = 0", 0, "UPDATE is refused" },
		{ "DELETE FROM alert", 0, "DELETE is refused" },
		{ "insert into number values ('x', 1)", 0, "INSERT is refused" },
		{ "-- UPDATE\nDROP TABLE alert", 10, "DROP is refused" },
		{ "CREATE TEMP TABLE x (y)", 0, "CREATE is refused" },
		{ "WITH n AS (SELECT 'DROP') DELETE FROM alert", 26, "DELETE is refused" },
		{ "ATTACH '/tmp/x.db' AS x", 0, "ATTACH is refused" },
		{ "PRAGMA journal_mode = DELETE", 0, "PRAGMA is refused" },
		{ "PRAGMA query_only = OFF", 0, "PRAGMA is refused" },
		{ "VACUUM INTO '/tmp/x.db'", 0, "VACUUM is refused" },
		{ "BEGIN", 0, "BEGIN is refused" },
		{ "SELECT 1, load_extension('/tmp/x')", 10, "load_extension() is refused" },
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct ask_answer *a = run(w, wrong[i].sql);

		assert_int_equal(a->err.code, -EACCES);
		assert_int_equal(a->fault_at, wrong[i].at);
		assert_non_null(strstr(a->err.text, wrong[i].why));
	}
	assert_int_equal(ask_cell(run(w, "SELECT count(*) FROM alert"), 0, 0)->integer, 3);
}

static void reading_pragmas_may_be_selected_from(void **state)
{
	const struct ask_answer *a = run(*state,
		"SELECT name FROM pragma_table_info('label') ORDER BY cid");

	assert_int_equal(a->err.code, 0);
	assert_int_equal(a->n_rows, 4);
	a = run(*state, "EXPLAIN QUERY PLAN SELECT * FROM alert");
	assert_int_equal(a->err.code, 0);
}

static void a_fault_has_its_place(void **state)
{
	struct world *w = *state;
	const struct ask_answer *a = run(w, "SELECT user FORM alert WHERE");

	assert_int_equal(a->err.code, -EINVAL);
	assert_int_equal(a->fault_at, 17);              /* FORM is taken for a name */
	assert_int_equal(run(w, "SELECT usr FROM alert")->fault_at, 7);
	assert_non_null(strstr(w->a->answer->err.text, "no such column: usr"));
	assert_int_equal(run(w, "SELECT (1")->fault_at, 9);
	a = run(w, "SELECT 1; SELECT 2");
	assert_int_equal(a->fault_at, 10);
	assert_non_null(strstr(a->err.text, "one statement at a time"));
	assert_int_equal(run(w, " ;")->err.code, -EINVAL);
}

/* Time stands: what is counted is how often the query looked up before and after the wish. */
static void an_endless_query_stops(void **state)
{
	struct world *w = *state;
	uint64_t looks;

	assert_int_equal(ask_run(w->a, ENDLESS "SELECT count(*) FROM n", 0, &w->e), 0);
	while (atomic_load(&w->a->looks) < 50)
		nap();
	assert_int_equal(ask_look(w->a), ASK_NOTHING);
	assert_int_equal(ask_run(w->a, "SELECT 1", 0, &w->e), -EBUSY);
	ask_stop(w->a);
	looks = atomic_load(&w->a->looks);
	assert_int_equal(wait_for(w), ASK_ANSWERED);
	assert_int_equal(w->a->answer->err.code, -ECANCELED);
	assert_in_range(atomic_load(&w->a->looks), looks, looks + 1);
	assert_int_equal(ask_cell(run(w, "SELECT 7"), 0, 0)->integer, 7);
}

static void closing_ends_an_endless_query(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask_run(w->a, ENDLESS "SELECT count(*) FROM n", 0, &w->e), 0);
	while (atomic_load(&w->a->looks) < 2)
		nap();
}

static void rows_have_a_maximum(void **state)
{
	const struct ask_answer *a = run(*state, ENDLESS "SELECT i FROM n");

	assert_int_equal(a->err.code, 0);
	assert_true(a->has_more);
	assert_int_equal(a->n_rows, ASK_ROWS_MAX);
	assert_int_equal(ask_cell(a, ASK_ROWS_MAX - 1, 0)->integer, ASK_ROWS_MAX);
}

/* The set of what was seen grows for ever; it stays in memory, and is stopped there. */
static void memory_has_a_maximum(void **state)
{
	const struct ask_answer *a = run(*state, "WITH RECURSIVE n(i, t) AS (SELECT 1, ''"
		" UNION SELECT i + 1, hex(randomblob(5000)) FROM n) SELECT count(*) FROM n");

	assert_int_equal(a->err.code, -ENOMEM);
	assert_non_null(strstr(a->err.text, "256 MB"));
}

static void long_texts_are_cut(void **state)
{
	const struct ask_answer *a = run(*state, "SELECT hex(zeroblob(5000))");

	assert_int_equal(ask_cell(a, 0, 0)->len, ASK_CELL_MAX);
	assert_int_equal(ask_cell(a, 0, 0)->whole, 10000);
}

static void words_are_learnt_once(void **state)
{
	struct world *w = *state;
	struct completion c;

	assert_int_equal(w->a->words.n, 0);
	run(w, "");
	assert_int_equal(w->a->answer->n_columns, 0);
	complete_find(&w->a->words, "SELECT * FROM v_", 16, &c);
	assert_int_equal(c.n, 5);
	complete_find(&w->a->words, "SELECT onset_f FROM v_alert", 14, &c);
	assert_int_equal(c.n, 1);
	assert_string_equal(c.choice[0], "onset_from");
}

static void assert_file(struct world *w, const char *name, enum alert_form form, const char *want)
{
	char path[320], got[512] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	assert_int_equal(ask_export(w->a, path, form, &w->e), 0);
	assert_int_equal(wait_for(w), ASK_EXPORTED);
	assert_int_equal(w->a->exported.code, 0);
	f = fopen(path, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof got - 1, f)] = 0;
	fclose(f);
	assert_string_equal(got, want);
	assert_int_equal(ask_export(w->a, path, form, &w->e), 0);
	assert_int_equal(wait_for(w), ASK_EXPORTED);
	assert_int_equal(w->a->exported.code, -EEXIST);
}

static void an_export_is_scrubbed(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask_export(w->a, "x", ALERT_CSV, &w->e), -ENODATA);
	run(w, "SELECT user AS \"the user\", category_to, time_ms, score / 95 AS s, NULL AS n"
		" FROM alert ORDER BY time_ms");
	assert_file(w, "out.csv", ALERT_CSV,
		"the user,category_to,time_ms,s,n\n"
		"u,b,10,0.1,\n"
		"\"u,\"\"1\"\"\",\xe5\xa9\xb4\xe5\x84\xbf,20,0.1,\n"
		"\\x1b]0;x\\x07,\\xff,30,0.1,\n");
	assert_file(w, "out.jsonl", ALERT_JSONL,
		"{\"the user\":\"u\",\"category_to\":\"b\",\"time_ms\":10,\"s\":0.1,\"n\":null}\n"
		"{\"the user\":\"u,\\\"1\\\"\",\"category_to\":\"\xe5\xa9\xb4\xe5\x84\xbf\","
		"\"time_ms\":20,\"s\":0.1,\"n\":null}\n"
		"{\"the user\":\"\\u001b]0;x\\u0007\",\"category_to\":\"\\\\xff\",\"time_ms\":30,"
		"\"s\":0.1,\"n\":null}\n");
}

static void a_store_may_come_later(void **state)
{
	struct world *w = *state;
	char path[320];
	struct ask *was = w->a;
	struct store *s;

	snprintf(path, sizeof path, "%s/late.db", w->dir);
	w->a = ask_open(path, &w->clock, &w->e);
	assert_int_equal(run(w, "SELECT count(*) FROM alert")->err.code, -ENOENT);
	s = store_open(path, &w->e);
	assert_non_null(s);
	assert_int_equal(run(w, "SELECT count(*) FROM alert")->err.code, 0);
	assert_int_equal(w->a->answer->data_ms, INT64_MIN);
	assert_true(w->a->words.n > 50);
	store_close(s);
	ask_close(w->a);
	w->a = was;
	unlink(path);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(rows_come_with_names_and_types),
		WITH_STORE(columns_that_show_users_are_known),
		WITH_STORE(the_key_of_masks_is_not_read),
		WITH_STORE(now_is_bound_and_nothing_else),
		WITH_STORE(whatever_writes_is_refused),
		WITH_STORE(reading_pragmas_may_be_selected_from),
		WITH_STORE(a_fault_has_its_place),
		WITH_STORE(an_endless_query_stops),
		WITH_STORE(closing_ends_an_endless_query),
		WITH_STORE(rows_have_a_maximum),
		WITH_STORE(memory_has_a_maximum),
		WITH_STORE(long_texts_are_cut),
		WITH_STORE(words_are_learnt_once),
		WITH_STORE(an_export_is_scrubbed),
		WITH_STORE(a_store_may_come_later),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
