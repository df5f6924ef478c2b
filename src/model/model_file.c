/* A model is small, so its file is made and read as a whole: the bytes of an SQLite database in
 * memory. A file cut short or edited by hand is found by its hash before anything uses it.
 */
#include "model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"

#define APPLICATION_ID 0x7665654d       /* "veeM" */
#define FORMAT 1

static const char temp_suffix[] = ".new";

static const char *const schema[] = {
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
	"CREATE TABLE share (category PRIMARY KEY, count INTEGER) WITHOUT ROWID",
	"CREATE TABLE far (score REAL PRIMARY KEY, far REAL) WITHOUT ROWID",
	"CREATE TABLE report (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
};
#define N_SCHEMA (sizeof schema / sizeof *schema)

enum field_type { FIELD_BOOL, FIELD_INT, FIELD_FLOAT, FIELD_DOUBLE };

struct field {
	const char *key;
	enum field_type type;
	size_t at;
};

#define FIELD(type, name) { #name, type, offsetof(struct model, name) }
#define KNOT(i) { "knot_offset_" #i, FIELD_FLOAT, offsetof(struct model, knot_offset[i]) }

static const struct field meta_field[] = {
	FIELD(FIELD_BOOL, provisional), FIELD(FIELD_BOOL, unverified), FIELD(FIELD_INT, gap_ms),
	FIELD(FIELD_FLOAT, strength), FIELD(FIELD_INT, count_sum), FIELD(FIELD_FLOAT, threshold),
	FIELD(FIELD_DOUBLE, budget_kud), FIELD(FIELD_DOUBLE, smallest_kud),
	FIELD(FIELD_DOUBLE, far_tail), KNOT(0), KNOT(1), KNOT(2),
};

static const struct field report_field[] = {
	FIELD(FIELD_INT, n_events), FIELD(FIELD_INT, n_users), FIELD(FIELD_INT, n_alarms),
	FIELD(FIELD_DOUBLE, user_days), FIELD(FIELD_DOUBLE, at_risk_per_day),
	FIELD(FIELD_DOUBLE, log_loss), FIELD(FIELD_DOUBLE, log_loss_population),
	FIELD(FIELD_INT, from_ms), FIELD(FIELD_INT, to_ms),
};

static const struct field_table {
	const char *insert, *select;
	const struct field *field;
	size_t n;
} field_table[] = {
	{ "INSERT INTO meta VALUES (?, ?)", "SELECT key, value FROM meta", meta_field,
		sizeof meta_field / sizeof *meta_field },
	{ "INSERT INTO report VALUES (?, ?)", "SELECT key, value FROM report", report_field,
		sizeof report_field / sizeof *report_field },
};
#define N_FIELD_TABLE (sizeof field_table / sizeof *field_table)

static void bind_field(sqlite3_stmt *q, const struct field *f, const struct model *m)
{
	const void *p = (const char *)m + f->at;

	switch (f->type) {
	case FIELD_BOOL: sqlite3_bind_int(q, 2, *(const bool *)p); break;
	case FIELD_INT: sqlite3_bind_int64(q, 2, *(const int64_t *)p); break;
	case FIELD_FLOAT: sqlite3_bind_double(q, 2, *(const float *)p); break;
	case FIELD_DOUBLE: sqlite3_bind_double(q, 2, *(const double *)p); break;
	}
}

/* SQLite keeps NaN as NULL. */
static double column_real(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NAN : sqlite3_column_double(q, i);
}

static void take_field(sqlite3_stmt *q, const struct field *f, struct model *m)
{
	void *p = (char *)m + f->at;

	switch (f->type) {
	case FIELD_BOOL: *(bool *)p = sqlite3_column_int(q, 1) != 0; break;
	case FIELD_INT: *(int64_t *)p = sqlite3_column_int64(q, 1); break;
	case FIELD_FLOAT: *(float *)p = (float)column_real(q, 1); break;
	case FIELD_DOUBLE: *(double *)p = column_real(q, 1); break;
	}
}

/* Runs q once and makes it ready for the next row. */
static int put_row(sqlite3_stmt *q)
{
	sqlite3_step(q);
	return sqlite3_reset(q);
}

static int put_fields(sqlite3 *db, const struct field_table *t, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, t->insert, -1, &q, NULL);

	for (size_t i = 0; i < t->n && rc == SQLITE_OK; i++) {
		sqlite3_bind_text(q, 1, t->field[i].key, -1, SQLITE_STATIC);
		bind_field(q, &t->field[i], m);
		rc = put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_hash(sqlite3 *db, const struct model *m)
{
	char hex[17];
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO meta VALUES ('hash', ?)", -1, &q, NULL);

	snprintf(hex, sizeof hex, "%016" PRIx64, m->hash);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(q, 1, hex, -1, SQLITE_STATIC);
		rc = put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_shares(sqlite3 *db, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO share VALUES (?, ?)", -1, &q, NULL);

	for (uint32_t i = 0; i < m->n_share && rc == SQLITE_OK; i++) {
		sql_bind_bytes(q, 1, m->share[i].category, m->share[i].len);
		sqlite3_bind_int64(q, 2, (int64_t)m->share[i].count);
		rc = put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_far(sqlite3 *db, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO far VALUES (?, ?)", -1, &q, NULL);

	for (uint32_t i = 0; i < m->n_far && rc == SQLITE_OK; i++) {
		sqlite3_bind_double(q, 1, m->far[i].score);
		sqlite3_bind_double(q, 2, m->far[i].far);
		rc = put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int write_database(sqlite3 *db, const struct model *m)
{
	char marks[80];
	int rc;

	snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
		APPLICATION_ID, FORMAT);
	rc = sqlite3_exec(db, marks, NULL, NULL, NULL);
	for (size_t i = 0; i < N_SCHEMA && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, schema[i], NULL, NULL, NULL);
	for (size_t i = 0; i < N_FIELD_TABLE && rc == SQLITE_OK; i++)
		rc = put_fields(db, &field_table[i], m);
	if (rc == SQLITE_OK)
		rc = put_hash(db, m);
	if (rc == SQLITE_OK)
		rc = put_shares(db, m);
	if (rc == SQLITE_OK)
		rc = put_far(db, m);
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
}

int model_to_blob(const struct model *m, void **ret, size_t *ret_len, struct err *e)
{
	sqlite3 *db = NULL;
	sqlite3_int64 size = 0;
	unsigned char *bytes = NULL;
	int rc = sqlite3_open(":memory:", &db), code = 0;

	*ret = NULL;
	if (rc == SQLITE_OK)
		rc = write_database(db, m);
	if (rc != SQLITE_OK) {
		code = err_set(e, sql_errno(rc), "could not lay out the model: %s",
			sqlite3_errmsg(db));
		goto done;
	}
	bytes = sqlite3_serialize(db, "main", &size, 0);
	*ret = bytes ? mem_get((size_t)size, 1) : NULL;
	if (!*ret) {
		code = err_set(e, -ENOMEM, "could not lay out the model: out of memory");
		goto done;
	}
	memcpy(*ret, bytes, (size_t)size);
	*ret_len = (size_t)size;
done:
	sqlite3_free(bytes);
	sqlite3_close(db);
	return code;
}

static int damaged(struct err *e, const char *why)
{
	return err_set(e, -EBADMSG, "damaged: %s", why);
}

static int database_fault(sqlite3 *db, struct err *e)
{
	return sqlite3_errcode(db) == SQLITE_NOMEM ? err_set(e, -ENOMEM, "out of memory")
		: damaged(e, sqlite3_errmsg(db));
}

static int take_fields(sqlite3 *db, const struct field_table *t, struct model *m, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, t->select, -1, &q, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(q, 0);

		for (size_t i = 0; key && i < t->n; i++)
			if (!strcmp(key, t->field[i].key))
				take_field(q, &t->field[i], m);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? 0 : database_fault(db, e);
}

static int add_share(struct model *m, uint32_t *cap, sqlite3_stmt *q)
{
	size_t len;
	const char *category = sql_bytes(q, 0, &len);
	struct model_share *s = m->share;

	if (m->n_share == *cap) {
		s = mem_resize(s, *cap ? 2ull * *cap : 64, sizeof *s);
		if (!s)
			return -ENOMEM;
		m->share = s;
		*cap = *cap ? 2 * *cap : 64;
	}
	s += m->n_share;
	*s = (struct model_share){ mem_text(category, len), (uint32_t)len,
		(uint64_t)sqlite3_column_int64(q, 1) };
	m->n_share += s->category != NULL;
	return s->category ? 0 : -ENOMEM;
}

/* size: of the file, which the texts together cannot exceed unless it is forged. */
static int take_shares(sqlite3 *db, struct model *m, size_t size, struct err *e)
{
	sqlite3_stmt *q = NULL;
	uint32_t cap = 0;
	size_t taken = 0;
	int code = 0, rc = sqlite3_prepare_v2(db, "SELECT category, count FROM share", -1, &q,
		NULL);

	if (rc != SQLITE_OK)
		return database_fault(db, e);
	while (!code && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		taken += (size_t)sqlite3_column_bytes(q, 0) + 1;
		if (taken > size)
			code = damaged(e, "its categories are longer than the file");
		else if (add_share(m, &cap, q) < 0)
			code = err_set(e, -ENOMEM, "out of memory");
	}
	if (!code && rc != SQLITE_DONE)
		code = database_fault(db, e);
	sqlite3_finalize(q);
	return code;
}

static int take_far(sqlite3 *db, struct model *m, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT score, far FROM far ORDER BY score", -1, &q, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (m->n_far == MODEL_FAR_MAX)
			break;
		m->far[m->n_far].score = (float)column_real(q, 0);
		m->far[m->n_far++].far = column_real(q, 1);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(q);
	if (rc == SQLITE_ROW)
		return damaged(e, "its far curve has too many points");
	return rc == SQLITE_DONE ? 0 : database_fault(db, e);
}

static int check_hash(sqlite3 *db, struct model *m, struct err *e)
{
	sqlite3_stmt *q = NULL;
	const char *stored = NULL;
	char hex[17];
	int code = 0, rc;

	model_seal(m);
	snprintf(hex, sizeof hex, "%016" PRIx64, m->hash);
	rc = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'hash'", -1, &q, NULL);
	if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		stored = (const char *)sqlite3_column_text(q, 0);
	if (!stored || strcmp(stored, hex))
		code = err_set(e, -EBADMSG, "damaged: its hash is %.16s, its content gives %s",
			stored ? stored : "missing", hex);
	sqlite3_finalize(q);
	return code;
}

/* What the rest of the program takes for granted; a right hash does not prove it. */
static int check_sense(const struct model *m, struct err *e)
{
	bool good = m->gap_ms > 0 && m->strength > 0 && isfinite(m->strength)
		&& !isnan(m->threshold)
		&& m->count_sum <= INT64_MAX && m->far_tail >= 0 && isfinite(m->far_tail);

	for (size_t i = 0; i < MODEL_KNOTS; i++)
		good = good && isfinite(m->knot_offset[i]);
	for (uint32_t i = 0; i < m->n_far; i++)
		good = good && isfinite(m->far[i].score) && isfinite(m->far[i].far)
			&& m->far[i].far > 0
			&& (!i || m->far[i - 1].score < m->far[i].score);
	return good ? 0 : damaged(e, "a value is out of its range");
}

/* Only tables made by the very statements of this version are read: a forged view or virtual table
 * could compute for ever.
 */
static int check_schema(sqlite3 *db, struct err *e)
{
	static const char sql[] = "SELECT 1 FROM sqlite_schema WHERE sql = ?";
	sqlite3_stmt *q = NULL;
	size_t n = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		return database_fault(db, e);
	for (size_t i = 0; i < N_SCHEMA; i++) {
		sqlite3_bind_text(q, 1, schema[i], -1, SQLITE_STATIC);
		n += sqlite3_step(q) == SQLITE_ROW;
		sqlite3_reset(q);
	}
	sqlite3_finalize(q);
	return n == N_SCHEMA ? 0 : damaged(e, "its tables are not those of a model");
}

/* Ends a statement on a forged file whose pages form a maze. */
static int count_down(void *ctx)
{
	uint64_t *left = ctx;

	return *left == 0 || !--*left;
}

static int read_database(sqlite3 *db, struct model *m, size_t size, struct err *e)
{
	int code = check_schema(db, e);

	for (size_t i = 0; i < N_FIELD_TABLE && !code; i++)
		code = take_fields(db, &field_table[i], m, e);
	if (!code)
		code = take_shares(db, m, size, e);
	if (!code)
		code = take_far(db, m, e);
	if (!code)
		code = check_hash(db, m, e);
	return code ? code : check_sense(m, e);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Of SQLite's header ("Database File Format", 1.3): page size at 16, pages at 28, user_version at
 * 60, application_id at 68.
 */
static int check_header(const unsigned char *b, size_t len, struct err *e)
{
	static const char magic[] = "SQLite format 3";
	uint64_t page_size;

	if (len < 512 || memcmp(b, magic, sizeof magic) || big_endian(b + 68) != APPLICATION_ID)
		return err_set(e, -EBADMSG, "not a veer model");
	if (big_endian(b + 60) > FORMAT)
		return err_set(e, -EPROTO, "made by a newer veer (format %u, this one reads %d)",
			big_endian(b + 60), FORMAT);
	page_size = (uint64_t)b[16] << 8 | b[17];
	if (page_size == 1)
		page_size = 65536;
	if (page_size * big_endian(b + 28) != len)
		return damaged(e, "its size is not what its header says");
	return 0;
}

int model_from_blob(struct model *m, const void *blob, size_t len, struct err *e)
{
	uint64_t ops = 1000 + len / 64;         /* in thousands: some 15 a byte, a row takes 10 */
	sqlite3 *db = NULL;
	int code = check_header(blob, len, e);

	*m = (struct model){0};
	if (code)
		return code;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK
	    || sqlite3_deserialize(db, "main", (void *)(uintptr_t)blob, (sqlite3_int64)len,
			(sqlite3_int64)len, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
		code = err_set(e, -ENOMEM, "out of memory");
		goto done;
	}
	sqlite3_progress_handler(db, 1000, count_down, &ops);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
	code = read_database(db, m, len, e);
done:
	sqlite3_close(db);
	if (code)
		model_done(m);
	return code;
}

/* Reads all of a regular file; ret is the caller's, with mem_free(). */
static int read_whole(const char *path, void **ret, size_t *ret_len)
{
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = fd < 0 ? -errno : 0;

	*ret = NULL;
	if (!code && fstat(fd, &st) < 0)
		code = -errno;
	if (!code && !S_ISREG(st.st_mode))
		code = S_ISDIR(st.st_mode) ? -EISDIR : -EBADMSG;
	if (!code && !(*ret = mem_get((size_t)st.st_size + 1, 1)))
		code = -ENOMEM;
	while (!code && n > 0 && have < (size_t)st.st_size) {
		n = read(fd, (char *)*ret + have, (size_t)st.st_size - have);
		if (n > 0)
			have += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			code = -errno;
	}
	if (fd >= 0)
		close(fd);
	*ret_len = have;
	return code;
}

int model_open(struct model *m, const char *path, struct err *e)
{
	void *bytes = NULL;
	size_t len = 0;
	int code = read_whole(path, &bytes, &len);

	*m = (struct model){0};
	if (code)
		err_set(e, code, "%s", code == -EBADMSG ? "not a file" : strerror(-code));
	else
		code = model_from_blob(m, bytes, len, e);
	mem_free(bytes);
	return code ? err_wrap(e, "could not open model \"%s\"", path) : 0;
}

static int write_whole(const char *path, const void *bytes, size_t len)
{
	size_t done = 0;
	ssize_t n = 0;
	int code = 0, fd;

	unlink(path);           /* left by a run that was killed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	while (done < len && (n = write(fd, (const char *)bytes + done, len - done)) > 0)
		done += (size_t)n;
	if (done < len)
		code = n < 0 ? -errno : -ENOSPC;
	if (!code && fsync(fd) < 0)
		code = -errno;
	if (close(fd) < 0 && !code)
		code = -errno;
	return code;
}

int model_save(const struct model *m, const char *path, struct err *e)
{
	void *bytes = NULL;
	char *temp = NULL;
	size_t len = 0;
	int code = model_to_blob(m, &bytes, &len, e);

	if (code)
		goto done;
	temp = mem_get(strlen(path) + sizeof temp_suffix, 1);
	code = temp ? write_whole(strcat(strcpy(temp, path), temp_suffix), bytes, len) : -ENOMEM;
	if (!code && rename(temp, path) < 0)
		code = -errno;
	if (code && temp)
		unlink(temp);
	if (code)
		err_set(e, code, "%s", strerror(-code));
done:
	mem_free(bytes);
	mem_free(temp);
	return code ? err_wrap(e, "could not write model \"%s\"", path) : 0;
}
