#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/query.h"
#include "alert/schema.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/pseudonym.h"

#define ISO(column) "strftime('%Y-%m-%dT%H:%M:%fZ', " column " / 1000.0, 'unixepoch')"

/* What makes a file of version 1, word for word; never to be edited. */
static const char version_1[] =
	"CREATE TABLE alert ("
	" alert_id TEXT NOT NULL UNIQUE, user NOT NULL, time_ms INTEGER NOT NULL,"
	" onset_ms INTEGER NOT NULL, kind TEXT NOT NULL, direction TEXT NOT NULL,"
	" category_from, category_to,"
	" n_before INTEGER NOT NULL, n_after INTEGER NOT NULL,"
	" from_before INTEGER NOT NULL, from_after INTEGER NOT NULL,"
	" to_before INTEGER NOT NULL, to_after INTEGER NOT NULL,"
	" score REAL, far REAL, severity INTEGER NOT NULL,"
	" state TEXT NOT NULL DEFAULT 'new', model TEXT NOT NULL);"
	"CREATE INDEX alert_by_time ON alert (time_ms);"
	"CREATE INDEX alert_by_user ON alert (user, time_ms);"

	"CREATE TABLE evidence ("
	" alert_id TEXT NOT NULL REFERENCES alert (alert_id) ON DELETE CASCADE"
	"  DEFERRABLE INITIALLY DEFERRED,"
	" step_ms INTEGER NOT NULL, category NOT NULL, interest REAL,"
	" PRIMARY KEY (alert_id, step_ms, category)) WITHOUT ROWID;"

	"CREATE TABLE reject ("
	" source NOT NULL, line INTEGER NOT NULL, text NOT NULL, why TEXT NOT NULL,"
	" PRIMARY KEY (source, line, text)) WITHOUT ROWID;"

	"CREATE TABLE event ("
	" seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, user NOT NULL, item NOT NULL,"
	" category NOT NULL, behaviour INTEGER NOT NULL, price REAL, quantity REAL);"
	"CREATE INDEX event_by_user ON event (user, time_ms);"

	"CREATE TABLE model ("
	" seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, since_ms INTEGER NOT NULL,"
	" file BLOB NOT NULL,"
	" UNIQUE (hash, since_ms));"

	"CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE place ("
	" path PRIMARY KEY NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,"
	" offset INTEGER NOT NULL, read INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE profile (user NOT NULL UNIQUE, state BLOB NOT NULL);"

	"CREATE VIEW v_alert AS SELECT alert_id, user, " ISO("time_ms") " AS time,"
	" " ISO("onset_ms") " AS onset, kind, direction, category_from, category_to,"
	" CASE WHEN category_to NOT NULL AND n_before > 0"
	"  THEN to_before * 1.0 / n_before END AS share_before,"
	" CASE WHEN category_to NOT NULL AND n_after > 0"
	"  THEN to_after * 1.0 / n_after END AS share_after,"
	" score, far, severity, state, model FROM alert;"

	"CREATE VIEW v_event AS SELECT seq, " ISO("time_ms") " AS time, user, item, category,"
	" CASE behaviour WHEN 0 THEN 'view' WHEN 1 THEN 'cart' WHEN 2 THEN 'favourite'"
	"  WHEN 3 THEN 'buy' WHEN 4 THEN 'other' WHEN 5 THEN 'return' END AS behaviour,"
	" price, quantity FROM event;"

	"CREATE VIEW v_user AS SELECT user,"
	" (SELECT count(*) FROM event e WHERE e.user = u.user) AS n_events,"
	" (SELECT " ISO("max(time_ms)") " FROM event e WHERE e.user = u.user) AS last_event,"
	" (SELECT count(*) FROM alert a WHERE a.user = u.user) AS n_alerts,"
	" (SELECT max(severity) FROM alert a WHERE a.user = u.user) AS max_severity,"
	" (SELECT " ISO("max(time_ms)") " FROM alert a WHERE a.user = u.user) AS last_alert"
	" FROM (SELECT user FROM event UNION SELECT user FROM alert) u;"
	"PRAGMA application_id = 1986356563; PRAGMA user_version = 1";

static const char rows_1[] =
	"INSERT INTO alert VALUES ('00000000000000ab', 'u', 20, 10, 'interest', 'shift', 'a', 'b',"
	" 8, 4, 2, 1, 1, 3, 9.5, .25, 60, 'new', 'fedcba9876543210');"
	"INSERT INTO evidence VALUES ('00000000000000ab', 0, 'b', 2.5);"
	"INSERT INTO number VALUES ('released_ms', 7)";

struct world {
	char dir[256], path[300], fresh[300];
	struct store *s;
	struct err e;
	char got[16384];
};

static void poke(struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* The first value of a query, as text; the next call overwrites it. */
static const char *peek_in(struct world *w, const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	const char *v;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	v = (const char *)sqlite3_column_text(q, 0);
	snprintf(w->got, sizeof w->got, "%s", v ? v : "NULL");
	sqlite3_finalize(q);
	sqlite3_close(db);
	return w->got;
}

static const char *peek(struct world *w, const char *sql)
{
	return peek_in(w, w->path, sql);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_schema.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	snprintf(w->fresh, sizeof w->fresh, "%s/fresh.db", w->dir);
	*state = w;
	poke(w, "PRAGMA journal_mode = WAL");
	poke(w, version_1);
	poke(w, rows_1);
	return 0;
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
	unlink(w->fresh);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* A label of version 3 is a transition of version 4, of nobody. */
static void a_label_of_before_is_recorded(void **state)
{
	struct world *w = *state;

	store_close(store_open(w->path, &w->e));
	poke(w, "INSERT INTO label VALUES ('00000000000000ab', 'false', 70, 'gift')");
	poke(w, "DROP VIEW v_note; DROP VIEW v_transition; DROP TABLE transition; DROP TABLE note;"
		"DROP TABLE triage; DROP TABLE secret; PRAGMA user_version = 3");
	w->s = store_open(w->path, &w->e);
	if (!w->s)
		fail_msg("%s", w->e.text);
	assert_string_equal(peek(w, "SELECT user || time || author || field || was || became || why"
		" FROM v_transition"), "u1970-01-01T00:00:00.070Zlabelnonefalsegift");
	assert_string_equal(peek(w, "SELECT label || note || state FROM v_alert"),
		"falsegiftnew");
}

static int see(void *ctx, const struct alert *a, const char *state)
{
	struct world *w = ctx;

	assert_int_equal(a->id, 0xab);
	assert_string_equal(state, "new");
	assert_true(a->cleared_ms == INT64_MIN && a->f.channels == 0);
	strcat(w->got, "seen;");
	return 0;
}

static void version_1_is_renewed_with_its_rows(void **state)
{
	struct world *w = *state;
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct ids ids = {0};
	int64_t v = 0;

	w->s = store_open(w->path, &w->e);
	if (!w->s)
		fail_msg("%s", w->e.text);
	assert_string_equal(peek(w, "PRAGMA user_version"), "5");
	assert_string_equal(peek(w, "SELECT alert_id || user || score || far || model FROM alert"),
		"00000000000000abu9.50.25fedcba9876543210");
	assert_string_equal(peek(w, "SELECT interest FROM evidence"), "2.5");
	assert_true(store_get_number(w->s, "released_ms", &v) && v == 7);
	assert_string_equal(peek(w, "SELECT state || ifnull(label, '-') || ifnull(cleared, '-')"
		" || ifnull(onset_from, '-') || ifnull(channels, '-') FROM v_alert"), "new----");
	assert_int_equal(ids_init(&ids, &w->e), 0);
	w->got[0] = '\0';
	assert_int_equal(query_each_alert(w->s, &all, &ids, see, w, &w->e), 0);
	assert_string_equal(w->got, "seen;");
	ids_done(&ids);
}

/* A file made today is one of version 1 renewed: no step that was released has changed. */
static void a_renewed_schema_is_a_new_one(void **state)
{
	static const char all[] = "SELECT group_concat(sql, char(10)) FROM"
		" (SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY type, name)";
	static char renewed[16384];
	struct world *w = *state;

	store_close(store_open(w->path, &w->e));
	store_close(store_open(w->fresh, &w->e));
	snprintf(renewed, sizeof renewed, "%s", peek(w, all));
	assert_in_range(strlen(renewed), 3000, sizeof renewed - 2);
	assert_string_equal(renewed, peek_in(w, w->fresh, all));
}

static void a_reader_refuses_version_1(void **state)
{
	struct world *w = *state;

	assert_null(store_open_read(w->path, &w->e));
	assert_int_equal(w->e.code, -EPROTO);
	assert_non_null(strstr(w->e.text, "older version (1 of 5)"));
	assert_string_equal(peek(w, "PRAGMA user_version"), "1");
	w->s = store_open_existing(w->path, &w->e);
	assert_non_null(w->s);
	assert_string_equal(peek(w, "PRAGMA user_version"), "5");
}

static void a_key_is_made_once(void **state)
{
	struct world *w = *state;
	struct pseudonym_key first, again, other;
	int i;

	for (i = 0; i < 2; i++) {
		w->s = store_open(w->path, &w->e);
		assert_non_null(w->s);
		assert_int_equal(store_get_mask_key(w->s, i ? &again : &first, &w->e), 0);
		store_close(w->s);
	}
	assert_memory_equal(&first, &again, sizeof first);
	w->s = store_open(w->fresh, &w->e);
	assert_int_equal(store_get_mask_key(w->s, &other, &w->e), 0);
	assert_memory_not_equal(&first, &other, sizeof first);
	store_close(w->s);
	w->s = NULL;
	poke(w, "DELETE FROM secret");
	w->s = store_open(w->path, &w->e);
	assert_int_equal(store_get_mask_key(w->s, &again, &w->e), -EBADMSG);
}

/* Somebody's own table stands in the way: all of a step, or nothing. */
static void a_step_that_fails_leaves_version_1(void **state)
{
	struct world *w = *state;

	poke(w, "CREATE TABLE label (mine)");
	assert_null(store_open(w->path, &w->e));
	assert_non_null(strstr(w->e.text, "label"));
	assert_string_equal(peek(w, "PRAGMA user_version"), "1");
	assert_string_equal(peek(w, "SELECT count(*) FROM pragma_table_info('alert')"
		" WHERE name = 'cleared_ms'"), "0");
	poke(w, "DROP TABLE label");
	w->s = store_open(w->path, &w->e);
	assert_non_null(w->s);
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_FILE(version_1_is_renewed_with_its_rows),
		WITH_FILE(a_label_of_before_is_recorded),
		WITH_FILE(a_renewed_schema_is_a_new_one),
		WITH_FILE(a_reader_refuses_version_1),
		WITH_FILE(a_key_is_made_once),
		WITH_FILE(a_step_that_fails_leaves_version_1),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
