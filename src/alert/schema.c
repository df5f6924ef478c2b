#include "alert/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/err.h"
#include "base/pseudonym.h"
#include "base/sql.h"

#define ISO(column) "strftime('%Y-%m-%dT%H:%M:%fZ', " column " / 1000.0, 'unixepoch')"

#define OF_ALERT "REFERENCES alert (alert_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"

/* step[i] leads from version i to i + 1. */
static const char *const step[] = {
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
	/* The key first, else SQLite 3.40's integrity_check finds NULL where there is none. */
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
	" FROM (SELECT user FROM event UNION SELECT user FROM alert) u;",

	"ALTER TABLE alert ADD COLUMN cleared_ms INTEGER;"
	"ALTER TABLE alert ADD COLUMN channels TEXT;"
	"ALTER TABLE alert ADD COLUMN onset_from_ms INTEGER;"
	"ALTER TABLE alert ADD COLUMN onset_to_ms INTEGER;"

	"CREATE TABLE label ("
	" alert_id TEXT PRIMARY KEY NOT NULL REFERENCES alert (alert_id) ON DELETE CASCADE"
	"  DEFERRABLE INITIALLY DEFERRED,"
	" label TEXT NOT NULL CHECK (label IN ('true', 'false')),"
	" time_ms INTEGER NOT NULL, note) WITHOUT ROWID;"

	"DROP VIEW v_alert;"
	"CREATE VIEW v_alert AS SELECT a.alert_id, user, " ISO("a.time_ms") " AS time,"
	" " ISO("onset_ms") " AS onset, kind, direction, category_from, category_to,"
	" CASE WHEN category_to NOT NULL AND n_before > 0"
	"  THEN to_before * 1.0 / n_before END AS share_before,"
	" CASE WHEN category_to NOT NULL AND n_after > 0"
	"  THEN to_after * 1.0 / n_after END AS share_after,"
	" score, far, severity, state, model,"
	" " ISO("cleared_ms") " AS cleared, channels,"
	" " ISO("onset_from_ms") " AS onset_from, " ISO("onset_to_ms") " AS onset_to,"
	" label, note FROM alert a LEFT JOIN label l ON l.alert_id = a.alert_id;",

	"ALTER TABLE alert ADD COLUMN level_before REAL;"
	"ALTER TABLE alert ADD COLUMN level_after REAL;"

	"DROP VIEW v_alert;"
	"CREATE VIEW v_alert AS SELECT a.alert_id, user, " ISO("a.time_ms") " AS time,"
	" " ISO("onset_ms") " AS onset, kind, direction, category_from, category_to,"
	" CASE WHEN category_to NOT NULL AND n_before > 0"
	"  THEN to_before * 1.0 / n_before END AS share_before,"
	" CASE WHEN category_to NOT NULL AND n_after > 0"
	"  THEN to_after * 1.0 / n_after END AS share_after,"
	" level_before, level_after, score, far, severity, state, model,"
	" " ISO("cleared_ms") " AS cleared, channels,"
	" " ISO("onset_from_ms") " AS onset_from, " ISO("onset_to_ms") " AS onset_to,"
	" label, note FROM alert a LEFT JOIN label l ON l.alert_id = a.alert_id;",

	"CREATE TABLE triage ("
	" alert_id TEXT PRIMARY KEY NOT NULL " OF_ALERT ","
	" state TEXT NOT NULL CHECK (state IN ('acknowledged', 'shelved')),"
	" until_ms INTEGER CHECK ((until_ms NOT NULL) = (state = 'shelved')),"
	" time_ms INTEGER NOT NULL, author NOT NULL) WITHOUT ROWID;"

	"CREATE TABLE note ("
	" seq INTEGER PRIMARY KEY, alert_id TEXT NOT NULL " OF_ALERT ","
	" time_ms INTEGER NOT NULL, author NOT NULL, text NOT NULL, withdrawn_ms INTEGER);"
	"CREATE INDEX note_by_alert ON note (alert_id, seq);"

	"CREATE TABLE transition ("
	" seq INTEGER PRIMARY KEY, alert_id TEXT NOT NULL " OF_ALERT ","
	" time_ms INTEGER NOT NULL, author NOT NULL,"
	" field TEXT NOT NULL CHECK (field IN ('state', 'label', 'note')),"
	" was TEXT NOT NULL, became TEXT NOT NULL, until_ms INTEGER, why);"
	"CREATE INDEX transition_by_alert ON transition (alert_id, seq);"
	"INSERT INTO transition (alert_id, time_ms, author, field, was, became, why)"
	" SELECT alert_id, time_ms, '', 'label', 'none', label, note FROM label"
	" ORDER BY time_ms, alert_id;"

	"CREATE VIEW v_note AS SELECT seq, alert_id, user, " ISO("n.time_ms") " AS time, author,"
	" text FROM note n JOIN alert a USING (alert_id) WHERE withdrawn_ms IS NULL;"
	"CREATE VIEW v_transition AS SELECT seq, alert_id, user, " ISO("x.time_ms") " AS time,"
	" author, field, was, became, " ISO("until_ms") " AS until, why"
	" FROM transition x JOIN alert a USING (alert_id);"

	"DROP VIEW v_alert;"
	"CREATE VIEW v_alert AS SELECT a.alert_id, user, " ISO("a.time_ms") " AS time,"
	" " ISO("onset_ms") " AS onset, kind, direction, category_from, category_to,"
	" CASE WHEN category_to NOT NULL AND n_before > 0"
	"  THEN to_before * 1.0 / n_before END AS share_before,"
	" CASE WHEN category_to NOT NULL AND n_after > 0"
	"  THEN to_after * 1.0 / n_after END AS share_after,"
	" level_before, level_after, score, far, severity,"
	" CASE WHEN t.state = 'acknowledged' OR t.until_ms > strftime('%s', 'now') * 1000"
	"  THEN t.state ELSE a.state END AS state, model,"
	" " ISO("cleared_ms") " AS cleared, channels,"
	" " ISO("onset_from_ms") " AS onset_from, " ISO("onset_to_ms") " AS onset_to,"
	" label, note, " ISO("t.until_ms") " AS shelved_until"
	" FROM alert a LEFT JOIN label l ON l.alert_id = a.alert_id"
	" LEFT JOIN triage t ON t.alert_id = a.alert_id;",

	"CREATE TABLE secret (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;",
};
#define VERSION ((int64_t)(sizeof step / sizeof *step))

static int fault(sqlite3 *db, const char *path, struct err *e)
{
	int rc = sqlite3_errcode(db);

	return err_set(e, sql_errno(rc), "could not open alert store \"%s\": %s", path,
		rc == SQLITE_NOTADB ? "not a database" : sqlite3_errmsg(db));
}

/* The file's version, or a negative errno: -ENODATA when nothing is in it yet. */
static int64_t read_version(sqlite3 *db, const char *path, struct err *e)
{
	int64_t tables = sql_int64(db, "SELECT count(*) FROM sqlite_schema", -1);
	int64_t version = sql_int64(db, "PRAGMA user_version", -1);
	int64_t application = sql_int64(db, "PRAGMA application_id", -1);

	if (tables < 0 || version < 0)
		return fault(db, path, e);
	if (!tables && !version && !application)
		return err_set(e, -ENODATA, "could not open alert store \"%s\": it is empty", path);
	if (application != SCHEMA_APPLICATION_ID)
		return err_set(e, -EBADMSG, "could not open alert store \"%s\": "
			"it is the database of another program", path);
	if (version > VERSION)
		return err_set(e, -EPROTO,
			"could not open alert store \"%s\": written by a newer veer "
			"(version %" PRId64 ", this one knows %" PRId64 ")", path,
			version, VERSION);
	return version;
}

/* The key that users are masked with, made once. */
static int put_key(sqlite3 *db)
{
	struct pseudonym_key k;
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO secret VALUES ('mask', ?)", -1, &q,
		NULL);

	pseudonym_new_key(&k);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(q, 1, k.byte, sizeof k.byte, SQLITE_TRANSIENT);
	if (rc == SQLITE_OK && sqlite3_step(q) != SQLITE_DONE)
		rc = sqlite3_errcode(db);
	sqlite3_finalize(q);
	return rc;
}

static int take_steps(sqlite3 *db, int64_t from)
{
	char mark[96];
	int rc = SQLITE_OK;

	for (int64_t i = from; i < VERSION && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, step[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = put_key(db);
	snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64,
		SCHEMA_APPLICATION_ID, VERSION);
	return rc == SQLITE_OK ? sqlite3_exec(db, mark, NULL, NULL, NULL) : rc;
}

int schema_migrate(sqlite3 *db, const char *path, struct err *e)
{
	struct err why = {0};           /* an empty file is none of the caller's errors */
	int64_t version;
	int code = 0;

	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return fault(db, path, e);
	version = read_version(db, path, &why);
	if (version == -ENODATA)
		version = 0;
	if (version < 0)
		code = err_set(e, (int)version, "%s", why.text);
	else if ((version < VERSION && take_steps(db, version) != SQLITE_OK)
		 || sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		code = fault(db, path, e);
	if (code)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

int schema_check(sqlite3 *db, const char *path, struct err *e)
{
	int64_t version = read_version(db, path, e);

	if (version >= 0 && version < VERSION)
		return err_set(e, -EPROTO,
			"could not open alert store \"%s\": of an older version (%"
			PRId64 " of %" PRId64 "); a run with --db renews it", path,
			version, VERSION);
	return version < 0 ? (int)version : 0;
}
