#include "model/model_tables.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"
#include "model/model.h"
#include "model/model_fields.h"

static const char *const schema[] = {
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
	"CREATE TABLE share (category PRIMARY KEY, count INTEGER, rows INTEGER, items INTEGER,"
	" count_0 INTEGER, count_1 INTEGER, count_2 INTEGER, count_3 INTEGER, count_4 INTEGER,"
	" rows_0 INTEGER, rows_1 INTEGER, rows_2 INTEGER, rows_3 INTEGER, rows_4 INTEGER)"
	" WITHOUT ROWID",
	"CREATE TABLE item (item PRIMARY KEY, rows INTEGER, rows_0 INTEGER, rows_1 INTEGER,"
	" rows_2 INTEGER, rows_3 INTEGER, rows_4 INTEGER) WITHOUT ROWID",
	"CREATE TABLE curve (name TEXT, score REAL, far REAL, PRIMARY KEY (name, score))"
	" WITHOUT ROWID",
	"CREATE TABLE blob (name TEXT PRIMARY KEY, bytes BLOB) WITHOUT ROWID",
	"CREATE TABLE report (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
};
#define N_SCHEMA (sizeof schema / sizeof *schema)

_Static_assert(MODEL_FOLDS == 5, "share and item have a column a fold");

static int put_hash(sqlite3 *db, const struct model *m)
{
	char hex[17];
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO meta VALUES ('hash', ?)", -1, &q, NULL);

	snprintf(hex, sizeof hex, "%016" PRIx64, m->hash);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(q, 1, hex, -1, SQLITE_STATIC);
		rc = model_put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_shares(sqlite3 *db, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db,
		"INSERT INTO share VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &q,
		NULL);

	for (uint32_t i = 0; i < m->n_share && rc == SQLITE_OK; i++) {
		const struct model_share *s = &m->share[i];

		sql_bind_bytes(q, 1, s->category, s->len);
		sqlite3_bind_int64(q, 2, (int64_t)s->count);
		sqlite3_bind_int64(q, 3, (int64_t)s->rows);
		sqlite3_bind_int64(q, 4, s->n_items);
		for (int f = 0; f < MODEL_FOLDS; f++) {
			sqlite3_bind_int64(q, 5 + f, (int64_t)s->fold_count[f]);
			sqlite3_bind_int64(q, 5 + MODEL_FOLDS + f, (int64_t)s->fold_rows[f]);
		}
		rc = model_put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_items(sqlite3 *db, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)", -1, &q,
		NULL);

	for (uint32_t i = 0; i < m->n_items && rc == SQLITE_OK; i++) {
		sql_bind_bytes(q, 1, m->item[i].item, m->item[i].len);
		sqlite3_bind_int64(q, 2, m->item[i].rows);
		for (int f = 0; f < MODEL_FOLDS; f++)
			sqlite3_bind_int64(q, 3 + f, m->item[i].fold_rows[f]);
		rc = model_put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

/* Curve i of a model: those of the channels, then that of all of interest together. */
static const char *curve_name(int i)
{
	return i < CHANNELS ? channel_name[i] : "far";
}

static const struct far_curve *curve_of(const struct model *m, int i)
{
	return i < CHANNEL_N ? &m->curve[i] : i == CHANNEL_VOLUME ? &m->volume.pledge.far :
		i == CHANNEL_FORECAST ? &m->forecast.pledge.far : &m->far;
}

static int put_curve(sqlite3 *db, const struct model *m, int which)
{
	const struct far_curve *c = curve_of(m, which);
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, "INSERT INTO curve VALUES (?, ?, ?)", -1, &q, NULL);

	for (uint32_t i = 0; i < c->n && rc == SQLITE_OK; i++) {
		sqlite3_bind_text(q, 1, curve_name(which), -1, SQLITE_STATIC);
		sqlite3_bind_double(q, 2, (double)c->point[i].score);
		sqlite3_bind_double(q, 3, c->point[i].far);
		rc = model_put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

static int put_forecaster(sqlite3 *db, const struct forecast_model *f)
{
	sqlite3_stmt *q = NULL;
	int rc = SQLITE_OK;

	if (f->n_bytes == 0)
		return rc;
	rc = sqlite3_prepare_v2(db, "INSERT INTO blob VALUES ('forecaster', ?)", -1, &q, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_blob64(q, 1, f->bytes, f->n_bytes, SQLITE_STATIC);
		rc = model_put_row(q);
	}
	sqlite3_finalize(q);
	return rc;
}

int model_tables_write(sqlite3 *db, const struct model *m)
{
	char marks[80];
	int rc;

	snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
		MODEL_APPLICATION_ID, MODEL_FORMAT);
	rc = sqlite3_exec(db, marks, NULL, NULL, NULL);
	for (size_t i = 0; i < N_SCHEMA && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, schema[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = model_fields_put(db, m);
	if (rc == SQLITE_OK)
		rc = put_hash(db, m);
	if (rc == SQLITE_OK)
		rc = put_shares(db, m);
	if (rc == SQLITE_OK)
		rc = put_items(db, m);
	if (rc == SQLITE_OK)
		rc = put_forecaster(db, &m->forecast);
	for (int i = 0; i <= CHANNELS && rc == SQLITE_OK; i++)
		rc = put_curve(db, m, i);
	return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
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

/* Rows with a text each, read into a growing array. */
struct text_rows {
	const char *sql;
	size_t size;                    /* of an element */
	bool (*take)(sqlite3_stmt *q, void *element);   /* false: out of memory */
};

static bool take_share(sqlite3_stmt *q, void *element)
{
	struct model_share *s = element;
	size_t len;
	const char *category = sql_bytes(q, 0, &len);

	*s = (struct model_share){ .category = mem_text(category, len), .len = (uint32_t)len,
		.count = (uint64_t)sqlite3_column_int64(q, 1),
		.rows = (uint64_t)sqlite3_column_int64(q, 2),
		.n_items = (uint32_t)sqlite3_column_int64(q, 3) };
	for (int f = 0; f < MODEL_FOLDS; f++) {
		s->fold_count[f] = (uint64_t)sqlite3_column_int64(q, 4 + f);
		s->fold_rows[f] = (uint64_t)sqlite3_column_int64(q, 4 + MODEL_FOLDS + f);
	}
	return s->category != NULL;
}

static bool take_item(sqlite3_stmt *q, void *element)
{
	struct model_item *s = element;
	size_t len;
	const char *item = sql_bytes(q, 0, &len);

	*s = (struct model_item){ .item = mem_text(item, len), .len = (uint32_t)len,
		.rows = (uint32_t)sqlite3_column_int64(q, 1) };
	for (int f = 0; f < MODEL_FOLDS; f++)
		s->fold_rows[f] = (uint32_t)sqlite3_column_int64(q, 2 + f);
	return s->item != NULL;
}

static const struct text_rows share_rows = {
	"SELECT category, count, rows, items, count_0, count_1, count_2, count_3, count_4,"
	" rows_0, rows_1, rows_2, rows_3, rows_4 FROM share", sizeof(struct model_share), take_share
};
static const struct text_rows item_rows = {
	"SELECT item, rows, rows_0, rows_1, rows_2, rows_3, rows_4 FROM item",
	sizeof(struct model_item), take_item
};

struct array {
	void *at;
	uint32_t n, cap;
};

static int add_text_row(const struct text_rows *t, struct array *a, sqlite3_stmt *q)
{
	if (a->n == a->cap) {
		uint32_t cap = a->cap ? 2 * a->cap : 64;
		void *at = mem_resize(a->at, cap, t->size);

		if (!at)
			return -ENOMEM;
		a->at = at;
		a->cap = cap;
	}
	if (!t->take(q, (char *)a->at + a->n * t->size))
		return -ENOMEM;
	a->n++;
	return 0;
}

static int take_text_rows(sqlite3 *db, const struct text_rows *t, size_t size, struct array *a,
	struct err *e)
{
	sqlite3_stmt *q = NULL;
	size_t taken = 0;
	int code = 0, rc = sqlite3_prepare_v2(db, t->sql, -1, &q, NULL);

	if (rc != SQLITE_OK)
		return database_fault(db, e);
	while (!code && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		taken += (size_t)sqlite3_column_bytes(q, 0) + 1;
		if (taken > size)
			code = damaged(e, "its texts are longer than the file");
		else if (add_text_row(t, a, q) < 0)
			code = err_set(e, -ENOMEM, "out of memory");
	}
	if (!code && rc != SQLITE_DONE)
		code = database_fault(db, e);
	sqlite3_finalize(q);
	return code;
}

static int take_texts(sqlite3 *db, struct model *m, size_t size, struct err *e)
{
	struct array share = {0}, item = {0};
	int code = take_text_rows(db, &share_rows, size, &share, e);

	if (!code)
		code = take_text_rows(db, &item_rows, size, &item, e);
	m->share = share.at;
	m->n_share = share.n;
	m->item = item.at;
	m->n_items = item.n;
	return code;
}

static int take_curve(sqlite3 *db, struct model *m, int which, struct err *e)
{
	struct far_curve *c = (struct far_curve *)(uintptr_t)curve_of(m, which);
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db,
		"SELECT score, far FROM curve WHERE name = ? ORDER BY score", -1, &q, NULL);

	if (rc == SQLITE_OK)
		sqlite3_bind_text(q, 1, curve_name(which), -1, SQLITE_STATIC);
	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		if (c->n == FAR_CURVE_MAX)
			break;
		c->point[c->n].score = (float)model_column_real(q, 0);
		c->point[c->n++].far = model_column_real(q, 1);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(q);
	if (rc == SQLITE_ROW)
		return damaged(e, "its far curve has too many points");
	return rc == SQLITE_DONE ? 0 : database_fault(db, e);
}

/* Bytes that are no forecaster are damage, whatever their hash. */
static int take_forecaster(sqlite3 *db, struct forecast_model *f, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code = 0, rc = sqlite3_prepare_v2(db,
		"SELECT bytes FROM blob WHERE name = 'forecaster'", -1, &q, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct err why = {0};
		const void *bytes = sqlite3_column_blob(q, 0);

		code = forecast_model_load(f, bytes, (size_t)sqlite3_column_bytes(q, 0), &why);
		if (code < 0)
			code = code == -ENOMEM ? err_set(e, code, "out of memory") :
				damaged(e, why.text);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? code : database_fault(db, e);
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

static bool shares_are_good(const struct model *m)
{
	bool good = m->count_sum <= INT64_MAX;

	for (int f = 0; f < MODEL_FOLDS; f++)
		good = good && m->fold_sum[f] <= m->count_sum;
	for (uint32_t i = 0; i < m->n_share; i++)
		for (int f = 0; f < MODEL_FOLDS; f++)
			good = good && m->share[i].fold_count[f] <= m->share[i].count
				&& m->share[i].fold_rows[f] <= m->share[i].rows
				&& m->share[i].rows <= INT64_MAX;
	for (uint32_t i = 0; i < m->n_items; i++)
		for (int f = 0; f < MODEL_FOLDS; f++)
			good = good && m->item[i].fold_rows[f] <= m->item[i].rows;
	return good;
}

static bool weights_are_good(const struct model *m)
{
	bool good = true;

	for (int i = 0; i < EVIDENCE_N; i++)
		good = good && isfinite(m->learned.strength[i]) && isfinite(m->learned.weight[i])
			&& m->learned.strength[i] >= 0;
	return good && isfinite(m->learned.offset) && m->learned.power >= 0
		&& m->learned.power <= MODEL_POWER_MAX;
}

static bool volume_is_good(const struct volume_model *v)
{
	bool good = v->discount > 0 && v->discount <= 1 && v->prior_rate > 0
		&& isfinite(v->prior_rate) && v->prior_sessions > 0 && isfinite(v->prior_sessions)
		&& pledge_is_good(&v->pledge);

	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		good = good && v->hour_of_week[h] > 0 && v->hour_of_week[h] <= VOLUME_WEEK_HOURS;
	return good;
}

/* What the rest of the program takes for granted; a right hash does not prove it. */
static int check_sense(const struct model *m, struct err *e)
{
	bool good = m->gap_ms > 0 && m->strength > 0 && isfinite(m->strength)
		&& (m->n_folds == 0 || m->n_folds == MODEL_FOLDS)
		&& m->channels > 0 && m->channels < CHANNEL_BIT(CHANNELS)
		&& far_curve_is_good(&m->far) && shares_are_good(m) && weights_are_good(m)
		&& (!(m->channels & CHANNEL_BIT(CHANNEL_VOLUME)) || volume_is_good(&m->volume))
		&& (!(m->channels & CHANNEL_BIT(CHANNEL_FORECAST))
			|| forecast_model_is_good(&m->forecast));

	for (int c = 0; c < CHANNEL_N; c++)
		good = good && !isnan(m->threshold[c]) && far_curve_is_good(&m->curve[c]);
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

int model_tables_read(sqlite3 *db, struct model *m, size_t size, struct err *e)
{
	int code = check_schema(db, e);

	if (!code && model_fields_take(db, m) != SQLITE_OK)
		code = database_fault(db, e);
	if (!code)
		code = take_texts(db, m, size, e);
	if (!code)
		code = take_forecaster(db, &m->forecast, e);
	for (int i = 0; i <= CHANNELS && !code; i++)
		code = take_curve(db, m, i, e);
	if (!code)
		code = check_hash(db, m, e);
	return code ? code : check_sense(m, e);
}
