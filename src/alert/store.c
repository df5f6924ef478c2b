/* synchronous = NORMAL: in WAL mode a killed process loses nothing that was committed, for the
 * pages are with the kernel. A power cut may take back the newest transactions, but always whole
 * ones: the places in the sources go back together with the alerts, events and profiles that came
 * from them, and the run finds the same alerts again under the same ids. FULL would buy no more
 * than that at the price of a disk flush for every batch.
 */
#include "alert/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/schema.h"
#include "alert/store_inside.h"
#include "alert/store_lock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"
#include "model/model.h"

#define BUSY_MS 5000

static const char *const store_sql[STORE_SQL_N] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_PUT_ALERT] = "INSERT INTO alert (alert_id, user, time_ms, onset_ms, kind, direction,"
		" category_from, category_to, n_before, n_after, from_before, from_after,"
		" to_before, to_after, score, far, severity, state, model,"
		" cleared_ms, channels, onset_from_ms, onset_to_ms, level_before, level_after)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		"  ?, ?)"
		" ON CONFLICT (alert_id) DO UPDATE"
		" SET cleared_ms = excluded.cleared_ms, state = excluded.state"
		" WHERE cleared_ms IS NULL AND excluded.cleared_ms NOT NULL"
		"  OR cleared_ms > excluded.cleared_ms",
	[STORE_PUT_EVIDENCE] = "INSERT INTO evidence VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
	[STORE_PUT_REJECT] = "INSERT INTO reject VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
	/* An epoch goes on when a run is resumed: it began when it began. */
	[STORE_PUT_MODEL] = "INSERT INTO model (hash, since_ms, file) SELECT ?1, ?2, ?3"
		" WHERE ?1 IS NOT (SELECT hash FROM model ORDER BY since_ms DESC, seq DESC LIMIT 1)"
		" ON CONFLICT DO NOTHING",
	[STORE_PUT_EVENT] = "INSERT INTO event"
		" (time_ms, user, item, category, behaviour, price, quantity)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
	/* The last one stays, so that no seq is ever given twice. */
	[STORE_RETAIN] = "DELETE FROM event WHERE seq <= ? AND time_ms < ?"
		" AND seq < (SELECT max(seq) FROM event)",
	[STORE_SET_NUMBER] = "INSERT INTO number VALUES (?, ?)"
		" ON CONFLICT DO UPDATE SET value = excluded.value",
	[STORE_GET_NUMBER] = "SELECT value FROM number WHERE name = ?",
	[STORE_PUT_PLACE] = "INSERT INTO place VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
		" device = excluded.device, inode = excluded.inode, offset = excluded.offset,"
		" read = excluded.read",
	[STORE_PUT_PROFILE] = "INSERT INTO profile VALUES (?, ?)"
		" ON CONFLICT DO UPDATE SET state = excluded.state",
	[STORE_SET_CLEARED] = "UPDATE alert SET cleared_ms = ?2, state = 'cleared'"
		" WHERE alert_id = ?1 AND (cleared_ms IS NULL OR cleared_ms > ?2)",
	[STORE_HAS_ALERT] = "SELECT 1 FROM alert WHERE alert_id = ?",
	[STORE_PUT_LABEL] = "INSERT INTO label (alert_id, label, time_ms, note)"
		" VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET label = excluded.label,"
		" time_ms = excluded.time_ms, note = excluded.note",
	[STORE_DROP_LABEL] = "DELETE FROM label WHERE alert_id = ?",
	/* Two questions, for an end of an index each. */
	[STORE_EVENT_SPAN] = "SELECT (SELECT min(seq) FROM event), (SELECT max(seq) FROM event)",
	[STORE_EVENT_FROM] = "SELECT seq, time_ms FROM event WHERE seq >= ? ORDER BY seq LIMIT 1",
	[STORE_USER_AROUND] = "SELECT"
		" (SELECT max(time_ms) FROM event WHERE user = ?1 AND time_ms <= ?2),"
		" (SELECT min(time_ms) FROM event WHERE user = ?1 AND time_ms > ?2)",
};

const char *store_hex(uint64_t v, char buf[STORE_HEX])
{
	snprintf(buf, STORE_HEX, "%016" PRIx64, v);
	return buf;
}

uint64_t store_unhex(const char *s)
{
	return s ? strtoull(s, NULL, 16) : 0;
}

uint8_t store_word(const char *word, const char *const *table, uint8_t n)
{
	uint8_t i = 0;

	while (i < n && (!word || strcmp(word, table[i])))
		i++;
	return i;
}

int store_fault(struct store *s, const char *verb, struct err *e)
{
	return err_set(e, sql_errno(sqlite3_errcode(s->db)), "could not %s alert store \"%s\": %s",
		verb, s->path, sqlite3_errmsg(s->db));
}

sqlite3_stmt *store_statement(struct store *s, enum store_sql which)
{
	sqlite3_stmt **q = &s->prepared[which];

	if (!*q)
		sqlite3_prepare_v3(s->db, store_sql[which], -1, SQLITE_PREPARE_PERSISTENT, q, NULL);
	return *q;
}

int store_do(struct store *s, sqlite3_stmt *q, struct err *e)
{
	int code = 0;

	if (!q || sqlite3_step(q) != SQLITE_DONE)
		code = store_fault(s, "write to", e);
	sqlite3_reset(q);
	return code;
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	if (sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) != SQLITE_OK)
		return store_fault(s, "read", e);
	return 0;
}

int store_walk(struct store *s, sqlite3_stmt *q, int (*each)(void *ctx, sqlite3_stmt *q), void *ctx,
	struct err *e)
{
	int code = 0, rc = SQLITE_DONE;

	while (!code && (rc = sqlite3_step(q)) == SQLITE_ROW)
		code = each(ctx, q);
	if (!code && rc != SQLITE_DONE)
		code = store_fault(s, "read", e);
	sqlite3_finalize(q);
	return code;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STORE_SQL_N; i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_close(s->db);
	store_lock_drop(s->lock);
	mem_free(s->path);
	mem_free(s);
}

/* SQLite would make the file readable for all; its -wal and -shm take the mode of the file. Nobody
 * else can have a file open that is new, so closing it here drops no lock of SQLite's.
 */
static int make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return err_set(e, -errno, "could not open alert store \"%s\": %s", path,
			strerror(errno));
	return 0;
}

static struct store *store_at(const char *path, int flags, struct err *e)
{
	struct store *s = mem_get(1, sizeof *s);

	if (!s || !(s->path = mem_text(path, strlen(path)))) {
		err_set(e, -ENOMEM, "could not open alert store \"%s\": out of memory", path);
		goto fail;
	}
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		int reason = s->db ? sqlite3_system_errno(s->db) : ENOMEM;

		err_set(e, reason ? -reason : -EIO, "could not open alert store \"%s\": %s", path,
			reason ? strerror(reason) : sqlite3_errmsg(s->db));
		goto fail;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return s;
fail:
	store_close(s);
	return NULL;
}

/* The file is looked at before anything is changed in it. */
static int settle(struct store *s, struct err *e)
{
	static const char pragmas[] =
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		"PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;"
		"PRAGMA cache_size = -65536;"           /* KiB */
		"PRAGMA wal_autocheckpoint = 16000;"    /* pages: 64 MiB */
		"PRAGMA journal_size_limit = 67108864";
	int code = schema_migrate(s->db, s->path, e);

	if (!code && sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		code = store_fault(s, "open", e);
	return code;
}

static struct store *open_to_write(const char *path, struct err *e)
{
	struct store *s = store_at(path, SQLITE_OPEN_READWRITE, e);

	if (s && settle(s, e) < 0) {
		store_close(s);
		s = NULL;
	}
	return s;
}

struct store *store_open(const char *path, struct err *e)
{
	struct store_lock *lock;
	struct store *s;

	if (make_private(path, e) < 0 || !(lock = store_lock_take(path, e)))
		return NULL;
	if ((s = open_to_write(path, e)))
		s->lock = lock;
	else
		store_lock_drop(lock);
	return s;
}

struct store *store_open_existing(const char *path, struct err *e)
{
	return open_to_write(path, e);
}

/* Whether all of a store is in its own file: no run has it open, none ended in the middle. */
static bool is_at_rest(const char *path, char *wal, size_t cap)
{
	struct stat st;

	snprintf(wal, cap, "%s-wal", path);
	return stat(wal, &st) < 0 || st.st_size == 0;
}

/* In WAL mode a reader, too, makes files beside the store. Where it may not, a store at rest is
 * read as a file that does not change.
 */
static struct store *open_immutable(const char *path, struct err *e)
{
	char uri[3 * PATH_MAX + 32] = "file:", *to = uri + 5, wal[PATH_MAX + 8];
	struct store *s;

	if (!is_at_rest(path, wal, sizeof wal)) {
		err_set(e, -EROFS, "could not open alert store \"%s\": a part of it is in \"%s\", "
			"which only who may write there can read", path, wal);
		return NULL;
	}
	for (const char *c = path; *c && c < path + PATH_MAX; c++)
		to += snprintf(to, 4, strchr("%?#", *c) ? "%%%02X" : "%c", (unsigned char)*c);
	strcpy(to, "?immutable=1");
	s = store_at(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
	if (s && schema_check(s->db, path, e) < 0) {
		store_close(s);
		s = NULL;
	}
	return s;
}

struct store *store_open_read(const char *path, struct err *e)
{
	struct err why = {0};
	struct store *s = store_at(path, SQLITE_OPEN_READONLY, e);

	if (!s || schema_check(s->db, s->path, &why) == 0)
		return s;
	store_close(s);
	if (why.code == -EROFS || why.code == -EIO)      /* the files beside it cannot be made */
		return open_immutable(path, e);
	err_set(e, why.code, "%s", why.text);
	return NULL;
}

int store_begin(struct store *s, struct err *e)
{
	return store_do(s, store_statement(s, STORE_BEGIN), e);
}

int store_commit(struct store *s, struct err *e)
{
	return store_do(s, store_statement(s, STORE_COMMIT), e);
}

void store_rollback(struct store *s)
{
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static void bind_category(sqlite3_stmt *q, int i, const struct ids *ids, uint32_t category)
{
	size_t len;
	const char *s;

	if (category == DICT_NONE) {
		sqlite3_bind_null(q, i);
		return;
	}
	s = dict_text(ids->category, category, &len);
	sql_bind_bytes(q, i, s, len);
}

static void bind_finding(sqlite3_stmt *q, const struct finding *f, const struct ids *ids)
{
	const uint32_t n[] = { f->n_before, f->n_after, f->from_before, f->from_after, f->to_before,
		f->to_after };
	size_t len;
	const char *user = dict_text(ids->user, f->user, &len);

	sql_bind_bytes(q, 2, user, len);
	sqlite3_bind_int64(q, 3, f->time_ms);
	sqlite3_bind_int64(q, 4, f->onset_ms);
	sqlite3_bind_text(q, 5, kind_name[f->kind], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 6, direction_name[f->direction], -1, SQLITE_STATIC);
	bind_category(q, 7, ids, f->from);
	bind_category(q, 8, ids, f->to);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_int64(q, 9 + i, n[i]);
	sqlite3_bind_double(q, 15, (double)f->score);
	sqlite3_bind_double(q, 16, (double)f->far);
	sqlite3_bind_int(q, 17, f->severity);
}

/* NULL stands for INT64_MIN. */
static void bind_ms(sqlite3_stmt *q, int i, int64_t ms)
{
	if (ms == INT64_MIN)
		sqlite3_bind_null(q, i);
	else
		sqlite3_bind_int64(q, i, ms);
}

static void bind_level(sqlite3_stmt *q, int i, const struct finding *f, float rate)
{
	if (f->kind != KIND_INTEREST)
		sqlite3_bind_double(q, i, (double)rate);
	else
		sqlite3_bind_null(q, i);
}

static void bind_later_columns(sqlite3_stmt *q, const struct alert *a)
{
	char channels[64];

	bind_ms(q, 20, a->cleared_ms);
	bind_level(q, 24, &a->f, a->f.level_before);
	bind_level(q, 25, &a->f, a->f.level_after);
	if (!a->f.channels) {
		for (int i = 21; i <= 23; i++)
			sqlite3_bind_null(q, i);
		return;
	}
	channel_list(a->f.channels, channels, sizeof channels);
	sqlite3_bind_text(q, 21, channels, -1, SQLITE_TRANSIENT);
	bind_ms(q, 22, a->f.onset_from_ms);
	bind_ms(q, 23, a->f.onset_to_ms);
}

int store_put_alert(struct store *s, const struct alert *a, const struct ids *ids, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_ALERT);
	char id[STORE_HEX], model[STORE_HEX];

	if (q) {
		sqlite3_bind_text(q, 1, store_hex(a->id, id), -1, SQLITE_STATIC);
		bind_finding(q, &a->f, ids);
		sqlite3_bind_text(q, 18, alert_state(a), -1, SQLITE_STATIC);
		sqlite3_bind_text(q, 19, store_hex(a->model, model), -1, SQLITE_STATIC);
		bind_later_columns(q, a);
	}
	return store_do(s, q, e);
}

int store_put_evidence(struct store *s, uint64_t alert_id, int64_t step_ms, const char *category,
	double interest, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_EVIDENCE);
	char id[STORE_HEX];

	if (q) {
		sqlite3_bind_text(q, 1, store_hex(alert_id, id), -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 2, step_ms);
		sql_bind_bytes(q, 3, category, strlen(category));
		sqlite3_bind_double(q, 4, interest);
	}
	return store_do(s, q, e);
}

int store_put_reject(struct store *s, const char *source, const struct reject_row *r, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_REJECT);

	if (q) {
		sql_bind_bytes(q, 1, source, strlen(source));
		sqlite3_bind_int64(q, 2, (int64_t)r->line);
		sql_bind_bytes(q, 3, r->text, r->len);
		sqlite3_bind_text(q, 4, reject_name[r->why], -1, SQLITE_STATIC);
	}
	return store_do(s, q, e);
}

int store_put_model(struct store *s, const struct model *m, int64_t since_ms, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_MODEL);
	char hash[STORE_HEX];
	void *blob = NULL;
	size_t len = 0;
	int code = model_to_blob(m, &blob, &len, e);

	if (code)
		return err_wrap(e, "could not write to alert store \"%s\"", s->path);
	if (q) {
		sqlite3_bind_text(q, 1, store_hex(m->hash, hash), -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 2, since_ms);
		sqlite3_bind_blob64(q, 3, blob, len, SQLITE_STATIC);
	}
	code = store_do(s, q, e);
	mem_free(blob);
	return code;
}

struct model_walk {
	struct model *m;
	int64_t since_ms;
	bool found;
	struct err *e;
};

static int take_model(void *ctx, sqlite3_stmt *q)
{
	struct model_walk *w = ctx;
	const void *blob = sqlite3_column_blob(q, 1);
	int code = model_from_blob(w->m, blob, (size_t)sqlite3_column_bytes(q, 1), w->e);

	w->since_ms = sqlite3_column_int64(q, 0);
	w->found = code == 0;
	return code ? err_wrap(w->e, "could not read the model in the alert store") : 0;
}

bool store_get_model(struct store *s, struct model *ret, int64_t *ret_since_ms, struct err *e)
{
	struct model_walk w = { .m = ret, .e = e };
	sqlite3_stmt *q;

	err_set(e, 0, "no model");
	if (store_prepare(s,
			"SELECT since_ms, file FROM model ORDER BY since_ms DESC, seq DESC LIMIT 1",
			&q, e) < 0 || store_walk(s, q, take_model, &w, e) < 0)
		return false;
	*ret_since_ms = w.since_ms;
	return w.found;
}

int store_set_number(struct store *s, const char *name, int64_t value, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_SET_NUMBER);

	if (q) {
		sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 2, value);
	}
	return store_do(s, q, e);
}

bool store_get_number(struct store *s, const char *name, int64_t *ret)
{
	sqlite3_stmt *q = store_statement(s, STORE_GET_NUMBER);
	bool found = false;

	if (!q)
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW) {
		*ret = sqlite3_column_int64(q, 0);
		found = true;
	}
	sqlite3_reset(q);
	return found;
}
