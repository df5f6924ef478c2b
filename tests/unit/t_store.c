#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/schema.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/zone.h"
#include "model/model.h"

struct world {
	char dir[256], path[300];
	struct ids ids;
	struct store *s;
	struct err e;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_store.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	w->s = store_open(w->path, &w->e);
	*state = w;
	return w->s && w->e.code == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	struct world *w = *state;
	char path[320];

	store_close(w->s);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		unlink(path);
	}
	ids_done(&w->ids);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void begin(struct world *w)
{
	assert_int_equal(store_begin(w->s, &w->e), 0);
}

static void commit(struct world *w)
{
	if (store_commit(w->s, &w->e) < 0)
		fail_msg("%s", w->e.text);
}

/* What another program's connection reads: the first value of a query. */
static int64_t peek(struct world *w, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t v;

	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return v;
}

static void poke(struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static struct alert an_alert(struct world *w, const char *user, size_t len, int64_t time_ms)
{
	struct finding f = {
		.time_ms = time_ms, .onset_ms = time_ms - 10,
		.user = dict_id(w->ids.user, user, len),
		.from = DICT_NONE, .to = dict_id(w->ids.category, "shoes", 5), .n_before = 8,
		.n_after = 4, .to_before = 1, .to_after = 3, .score = 9.1f, .far = .1f,
		.severity = 60,
	};

	return alert_make(&f, &w->ids, 7);
}

static void files_are_private(void **state)
{
	struct world *w = *state;
	struct stat st;
	char wal[320];

	begin(w);
	store_set_number(w->s, "x", 1, &w->e);
	commit(w);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(wal, sizeof wal, "%s-wal", w->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void it_is_marked_and_in_wal(void **state)
{
	struct world *w = *state;

	assert_int_equal(peek(w, "PRAGMA application_id"), SCHEMA_APPLICATION_ID);
	assert_int_equal(peek(w, "PRAGMA user_version"), 5);
	assert_int_equal(peek(w,
		"SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
}

static void a_second_insert_is_nothing(void **state)
{
	struct world *w = *state;
	struct alert a = an_alert(w, "u", 1, 1000);

	for (int i = 0; i < 2; i++) {
		begin(w);
		assert_int_equal(store_put_evidence(w->s, a.id, 86400000, "shoes", 2.5, &w->e), 0);
		assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
		commit(w);
	}
	assert_int_equal(peek(w, "SELECT count(*) FROM alert"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM evidence"), 1);
}

static void only_a_commit_counts(void **state)
{
	struct world *w = *state;
	struct alert a = an_alert(w, "u", 1, 1000);

	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert"), 0);
	store_rollback(w->s);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	store_close(w->s);
	w->s = store_open(w->path, &w->e);
	assert_non_null(w->s);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert"), 0);
}

static void evidence_without_alert_is_refused(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_int_equal(store_put_evidence(w->s, 1, 0, "shoes", 1, &w->e), 0);
	assert_int_equal(store_commit(w->s, &w->e), -EINVAL);
	assert_non_null(strstr(w->e.text, w->path));
	store_rollback(w->s);
}

/* A reader that stands in the middle of a statement holds nobody up. */
static void readers_do_not_block(void **state)
{
	struct world *w = *state;
	struct alert a = an_alert(w, "u", 1, 1000), b = an_alert(w, "u", 1, 2000);
	sqlite3 *db;
	sqlite3_stmt *q;

	begin(w);
	store_put_alert(w->s, &a, &w->ids, &w->e);
	commit(w);
	sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READONLY, NULL);
	sqlite3_prepare_v2(db, "SELECT * FROM alert", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &b, &w->ids, &w->e), 0);
	commit(w);
	sqlite3_finalize(q);
	sqlite3_close(db);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert"), 2);
}

static void views_speak_to_people(void **state)
{
	struct world *w = *state;
	static const int64_t time_ms[] = { 1511618602007, -1, -86400001, 253402300799999, 999 };
	char sql[200], iso[ZONE_TEXT_MAX];

	begin(w);
	for (size_t i = 0; i < 5; i++) {
		struct alert a = an_alert(w, "u", 1, time_ms[i]);
		store_put_alert(w->s, &a, &w->ids, &w->e);
	}
	commit(w);
	for (size_t i = 0; i < 5; i++) {
		snprintf(sql, sizeof sql, "SELECT count(*) FROM v_alert WHERE time = '%s'",
			time_iso(time_ms[i], iso));
		if (peek(w, sql) != 1)
			fail_msg("no alert at %s", iso);
	}
	assert_int_equal(peek(w, "SELECT count(*) FROM v_alert WHERE share_before = .125 AND "
		"share_after = .75 AND category_from IS NULL"), 5);
	assert_int_equal(peek(w, "SELECT n_alerts FROM v_user WHERE user = 'u'"), 5);
}

struct seen {
	int n;
	struct store_event ev[8];
	char text[8][3][32];
};

static int see(void *ctx, const struct store_event *ev)
{
	struct seen *s = ctx;

	assert_in_range(s->n, 0, 7);
	memcpy(s->text[s->n][0], ev->user, ev->user_len);
	memcpy(s->text[s->n][1], ev->item, ev->item_len);
	memcpy(s->text[s->n][2], ev->category, ev->category_len);
	s->ev[s->n++] = *ev;
	return 0;
}

static int64_t put_event(struct world *w, const char *user, size_t len, int64_t time_ms)
{
	struct event ev = {
		.time_ms = time_ms, .user = dict_id(w->ids.user, user, len),
		.item = dict_id(w->ids.item, "", 0),
		.category = dict_id(w->ids.category, "c\xff", 2),
		.price = .1f, .quantity = NAN, .behaviour = BEHAVIOUR_BUY,
	};
	int64_t seq = 0;

	assert_int_equal(store_put_event(w->s, &ev, &w->ids, &seq, &w->e), 0);
	return seq;
}

static void events_come_back_byte_for_byte(void **state)
{
	struct world *w = *state;
	struct seen s = {0};
	int64_t seq;

	begin(w);
	put_event(w, "first", 5, 5);
	seq = put_event(w, "a\0b", 3, -7);
	commit(w);
	assert_int_equal(store_each_event(w->s, seq - 1, see, &s, &w->e), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.ev[0].seq, seq);
	assert_int_equal(s.ev[0].time_ms, -7);
	assert_int_equal(s.ev[0].user_len, 3);
	assert_memory_equal(s.text[0][0], "a\0b", 3);
	assert_int_equal(s.ev[0].item_len, 0);
	assert_int_equal(s.ev[0].category_len, 2);
	assert_memory_equal(s.text[0][2], "c\xff", 2);
	assert_true(s.ev[0].price == .1f && isnan(s.ev[0].quantity));
	assert_int_equal(s.ev[0].behaviour, BEHAVIOUR_BUY);
}

static void a_users_events_are_in_order_of_time(void **state)
{
	struct world *w = *state;
	struct seen s = {0};

	begin(w);
	put_event(w, "u", 1, 30);
	put_event(w, "v", 1, 5);
	put_event(w, "u", 1, 10);
	put_event(w, "u", 1, 10);
	put_event(w, "u", 1, 31);
	commit(w);
	assert_int_equal(store_each_user_event(w->s, "u", 1, 30, see, &s, &w->e), 0);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.ev[0].seq, 3);
	assert_int_equal(s.ev[1].seq, 4);
	assert_int_equal(s.ev[2].time_ms, 30);
	assert_int_equal(peek(w, "SELECT count(*) FROM pragma_index_info('event_by_user')"), 2);
}

static void retention_keeps_what_resuming_needs(void **state)
{
	struct world *w = *state;

	begin(w);
	for (int64_t i = 1; i <= 10; i++)
		assert_int_equal(put_event(w, "u", 1, i * 10), i);
	assert_int_equal(store_retain(w->s, 60, 4, &w->e), 0);
	commit(w);
	assert_int_equal(peek(w, "SELECT min(seq) FROM event"), 5);
	begin(w);
	assert_int_equal(store_retain(w->s, 60, 10, &w->e), 0);
	commit(w);
	assert_int_equal(peek(w, "SELECT min(time_ms) FROM event"), 60);
}

static void no_seq_is_given_twice(void **state)
{
	struct world *w = *state;
	int64_t last;

	begin(w);
	put_event(w, "u", 1, 1);
	last = put_event(w, "u", 1, 2);
	assert_int_equal(store_retain(w->s, INT64_MAX, last, &w->e), 0);
	commit(w);
	begin(w);
	assert_int_equal(put_event(w, "u", 1, 3), last + 1);
	commit(w);
}

static int take_place(void *ctx, const struct store_place *p)
{
	struct store_place **next = ctx;

	*(*next)++ = *p;
	return 0;
}

static void places_are_replaced(void **state)
{
	struct world *w = *state;
	struct store_place a = { "b.csv", 1, UINT64_MAX, 100, 90 }, b = { "a\xff.csv", 2, 3, 4, 5 };
	static struct store_place got[3];
	struct store_place *next = got;

	begin(w);
	store_put_place(w->s, &a, &w->e);
	store_put_place(w->s, &b, &w->e);
	a.offset = 200;
	assert_int_equal(store_put_place(w->s, &a, &w->e), 0);
	commit(w);
	assert_int_equal(store_each_place(w->s, take_place, &next, &w->e), 0);
	assert_ptr_equal(next, got + 2);
	assert_string_equal(got[0].path, "a\xff.csv");
	assert_string_equal(got[1].path, "b.csv");
	assert_int_equal(got[1].inode, UINT64_MAX);
	assert_int_equal(got[1].offset, 200);
	assert_int_equal(got[1].read, 90);
}

static int take_profile(void *ctx, const char *user, size_t user_len, const void *blob, size_t len)
{
	char *all = ctx;

	snprintf(all + strlen(all), 64, "%zu:%.*s=%zu:%.*s;", user_len, (int)user_len, user, len,
		(int)len, (const char *)blob);
	return 0;
}

static void profiles_are_replaced(void **state)
{
	struct world *w = *state;
	char all[256] = "";

	begin(w);
	store_put_profile(w->s, "u", 1, "old", 3, &w->e);
	store_put_profile(w->s, "v", 1, NULL, 0, &w->e);
	assert_int_equal(store_put_profile(w->s, "u", 1, "newer", 5, &w->e), 0);
	commit(w);
	assert_int_equal(store_each_profile(w->s, take_profile, all, &w->e), 0);
	assert_string_equal(all, "1:u=5:newer;1:v=0:;");
}

static void numbers_are_remembered(void **state)
{
	struct world *w = *state;
	int64_t v = 3;

	assert_false(store_get_number(w->s, "released_ms", &v));
	assert_int_equal(v, 3);
	begin(w);
	store_set_number(w->s, "released_ms", 1, &w->e);
	assert_int_equal(store_set_number(w->s, "released_ms", INT64_MIN, &w->e), 0);
	commit(w);
	assert_true(store_get_number(w->s, "released_ms", &v));
	assert_int_equal(v, INT64_MIN);
}

static void the_newest_model_is_found(void **state)
{
	struct world *w = *state;
	struct model old, newer, got;
	int64_t since;

	assert_false(store_get_model(w->s, &got, &since, &w->e));
	assert_int_equal(w->e.code, 0);
	model_default(&old);
	model_default(&newer);
	newer.threshold[CHANNEL_MIXTURE] = 5;
	model_seal(&newer);
	begin(w);
	store_put_model(w->s, &newer, 2000, &w->e);
	assert_int_equal(store_put_model(w->s, &old, 1000, &w->e), 0);
	assert_int_equal(store_put_model(w->s, &old, 1000, &w->e), 0);
	commit(w);
	assert_int_equal(store_begin(w->s, &w->e), 0);
	assert_int_equal(store_put_model(w->s, &newer, 3000, &w->e), 0);        /* resumed */
	commit(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM model"), 2);
	assert_true(store_get_model(w->s, &got, &since, &w->e));
	assert_int_equal(since, 2000);
	assert_int_equal(got.hash, newer.hash);
	model_done(&got);
	poke(w, "UPDATE model SET file = x'00'");
	assert_false(store_get_model(w->s, &got, &since, &w->e));
	assert_int_equal(w->e.code, -EBADMSG);
	model_done(&old);
	model_done(&newer);
}

/* Also by SQLite's own word, of a store with a row in every table. */
static void it_is_sound(void **state)
{
	struct world *w = *state;
	struct reject_row r = { REJECT_TIME, 0, 17, "a", 1 };
	struct store_place p = { "a", 1, 2, 3, 4 };
	struct alert a = an_alert(w, "u", 1, 1000);
	struct model m;

	model_default(&m);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	assert_int_equal(store_put_evidence(w->s, a.id, 0, "shoes", 1, &w->e), 0);
	assert_int_equal(store_put_reject(w->s, "x.csv", &r, &w->e), 0);
	assert_int_equal(store_put_place(w->s, &p, &w->e), 0);
	assert_int_equal(store_put_profile(w->s, "u", 1, "x", 1, &w->e), 0);
	assert_int_equal(store_set_number(w->s, "n", 1, &w->e), 0);
	assert_int_equal(store_put_model(w->s, &m, 0, &w->e), 0);
	put_event(w, "u", 1, 1);
	commit(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM pragma_integrity_check "
		"WHERE integrity_check <> 'ok'"), 0);
	model_done(&m);
}

static void rejects_keep_their_bytes_once(void **state)
{
	struct world *w = *state;
	struct reject_row r = { REJECT_TIME, 0, 17, "a,\0\xff", 4 };

	begin(w);
	store_put_reject(w->s, "x.csv", &r, &w->e);
	store_put_reject(w->s, "x.csv", &r, &w->e);
	r.text[0] = 'b';
	assert_int_equal(store_put_reject(w->s, "x.csv", &r, &w->e), 0);
	commit(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM reject"), 2);
	assert_int_equal(peek(w,
		"SELECT count(*) FROM reject WHERE text = x'612c00ff' AND line = 17"), 1);
}

static void assert_refused(struct world *w, int code, const char *why)
{
	w->s = store_open(w->path, &w->e);
	assert_null(w->s);
	assert_int_equal(w->e.code, code);
	assert_non_null(strstr(w->e.text, w->path));
	if (!strstr(w->e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", w->e.text, why);
}

static void what_is_not_ours_is_left_alone(void **state)
{
	struct world *w = *state;
	struct err e;
	FILE *o;

	store_close(w->s);
	poke(w, "PRAGMA user_version = 99");
	assert_refused(w, -EPROTO, "newer veer");
	assert_null(store_open_read(w->path, &e));
	assert_int_equal(e.code, -EPROTO);
	unlink(w->path);
	poke(w, "CREATE TABLE theirs (x)");
	assert_refused(w, -EBADMSG, "another program");
	assert_int_equal(peek(w, "SELECT count(*) FROM sqlite_schema"), 1);
	o = fopen(w->path, "w");
	for (int i = 0; i < 300; i++)
		fputs("user,item\n", o);
	fclose(o);
	assert_refused(w, -EBADMSG, "not a database");
}

static void readers_need_a_store(void **state)
{
	struct world *w = *state;
	struct err e;
	char none[320];

	snprintf(none, sizeof none, "%s.none", w->path);
	assert_null(store_open_read(none, &e));
	assert_int_equal(e.code, -ENOENT);
	assert_non_null(strstr(e.text, none));
	assert_int_equal(access(none, F_OK), -1);
	assert_null(store_open("/nonexistent/veer.db", &e));
	assert_int_equal(e.code, -ENOENT);
}

static void readers_do_not_write(void **state)
{
	struct world *w = *state;
	struct err e;
	struct store *r = store_open_read(w->path, &e);

	assert_non_null(r);
	assert_int_equal(store_set_number(r, "x", 1, &e), -EROFS);
	store_close(r);
}

/* A process that ends in the middle of a transaction leaves the store as of its last commit. */
static void a_killed_writer_loses_its_transaction_alone(void **state)
{
	struct world *w = *state;
	pid_t child;
	int status;

	store_close(w->s);
	child = fork();
	if (child == 0) {
		w->s = store_open(w->path, &w->e);
		begin(w);
		put_event(w, "u", 1, 1);
		commit(w);
		begin(w);
		for (int i = 0; i < 50000; i++)         /* more than the cache is worth keeping */
			put_event(w, "u", 1, i);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	w->s = store_open(w->path, &w->e);
	assert_non_null(w->s);
	assert_int_equal(peek(w, "SELECT count(*) FROM event"), 1);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(files_are_private),
		WITH_STORE(it_is_marked_and_in_wal),
		WITH_STORE(a_second_insert_is_nothing),
		WITH_STORE(only_a_commit_counts),
		WITH_STORE(evidence_without_alert_is_refused),
		WITH_STORE(readers_do_not_block),
		WITH_STORE(views_speak_to_people),
		WITH_STORE(events_come_back_byte_for_byte),
		WITH_STORE(a_users_events_are_in_order_of_time),
		WITH_STORE(retention_keeps_what_resuming_needs),
		WITH_STORE(no_seq_is_given_twice),
		WITH_STORE(places_are_replaced),
		WITH_STORE(profiles_are_replaced),
		WITH_STORE(numbers_are_remembered),
		WITH_STORE(the_newest_model_is_found),
		WITH_STORE(it_is_sound),
		WITH_STORE(rejects_keep_their_bytes_once),
		WITH_STORE(what_is_not_ours_is_left_alone),
		WITH_STORE(readers_need_a_store),
		WITH_STORE(readers_do_not_write),
		WITH_STORE(a_killed_writer_loses_its_transaction_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
