#include "alert/query.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "alert/store.h"
#include "alert/store_inside.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/sql.h"
#include "base/text.h"
#include "model/channel.h"

#define ALERT_ORDER(way, of) " ORDER BY " of "time_ms" way ", CAST(user AS BLOB)" way ", kind" way

/* What an operator says goes before what detection does, a shelf until it is over. */
#define STATE "CASE WHEN t.state = 'acknowledged' OR t.until_ms > ?8 THEN t.state ELSE a.state END"

static const char alert_columns[] =
	"SELECT a.alert_id, user, a.time_ms, onset_ms, kind, direction, category_from, category_to,"
	" n_before, n_after, from_before, from_after, to_before, to_after,"
	" score, far, severity, " STATE " AS state, model, cleared_ms, channels, onset_from_ms,"
	" onset_to_ms, level_before, level_after"
	" FROM alert a LEFT JOIN triage t ON t.alert_id = a.alert_id"
	" WHERE a.time_ms BETWEEN ?1 AND ?2 AND severity >= ?3";

/* Only the conditions that are asked for are in the text, so that SQLite can choose an index. */
static bool alert_query(struct text *t, const struct query_alerts *a)
{
	bool ok = text_addf(t, "%s%s", a->limit ? "SELECT * FROM (" : "", alert_columns);

	if (a->user)
		ok = ok && text_addf(t, " AND user = ?4");
	if (a->category)
		ok = ok && text_addf(t, " AND (category_from = ?5 OR category_to = ?5)");
	if (a->state)
		ok = ok && text_addf(t, " AND " STATE " = ?7");
	if (a->labelled)
		ok = ok && text_addf(t, " AND a.alert_id IN (SELECT alert_id FROM label)");
	if (a->limit)
		ok = ok && text_addf(t, "%s LIMIT ?6)", ALERT_ORDER(" DESC", "a."));
	return ok && text_addf(t, "%s",
		a->limit ? ALERT_ORDER("", "") : ALERT_ORDER("", "a."));
}

static void bind_alerts(sqlite3_stmt *q, const struct query_alerts *a)
{
	sqlite3_bind_int64(q, 1, a->from_ms);
	sqlite3_bind_int64(q, 2, a->to_ms);
	sqlite3_bind_int64(q, 3, a->min_severity);
	if (a->user)
		sql_bind_bytes(q, 4, a->user, strlen(a->user));
	if (a->category)
		sql_bind_bytes(q, 5, a->category, strlen(a->category));
	if (a->limit)
		sqlite3_bind_int64(q, 6, a->limit);
	if (a->state)
		sqlite3_bind_text(q, 7, a->state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 8, a->now_ms);
}

struct alert_walk {
	int (*each)(void *ctx, const struct alert *a, const char *state);
	void *ctx;
	struct ids *ids;
	struct err *e;
};

/* DICT_NONE for NULL; memory being out shows as DICT_NONE too, and in *ret_code. */
static uint32_t column_id(sqlite3_stmt *q, int column, struct dict *d, int *ret_code)
{
	size_t len;
	const char *s = sql_bytes(q, column, &len);
	uint32_t id;

	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		return DICT_NONE;
	id = dict_id(d, s, len);
	if (id == DICT_NONE)
		*ret_code = -ENOMEM;
	return id;
}

static float column_float(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NAN : (float)sqlite3_column_double(q, i);
}

static int column_finding(sqlite3_stmt *q, struct ids *ids, struct finding *f)
{
	uint32_t *const n[] = { &f->n_before, &f->n_after, &f->from_before, &f->from_after,
		&f->to_before, &f->to_after };
	int code = 0;

	f->user = column_id(q, 1, ids->user, &code);
	f->time_ms = sqlite3_column_int64(q, 2);
	f->onset_ms = sqlite3_column_int64(q, 3);
	f->kind = store_word((const char *)sqlite3_column_text(q, 4), kind_name, KIND_N);
	f->direction = store_word((const char *)sqlite3_column_text(q, 5), direction_name,
		DIRECTION_N);
	f->from = column_id(q, 6, ids->category, &code);
	f->to = column_id(q, 7, ids->category, &code);
	for (int i = 0; i < 6; i++)
		*n[i] = (uint32_t)sqlite3_column_int64(q, 8 + i);
	f->score = column_float(q, 14);
	f->far = column_float(q, 15);
	f->severity = (uint8_t)sqlite3_column_int(q, 16);
	if (f->user == DICT_NONE && !code)
		code = -EBADMSG;
	return f->kind == KIND_N || f->direction == DIRECTION_N ? -EBADMSG : code;
}

static int64_t column_ms(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(q, i);
}

static void column_later(sqlite3_stmt *q, struct alert *a)
{
	const char *channels = (const char *)sqlite3_column_text(q, 20);

	unsigned mask = 0;

	a->cleared_ms = column_ms(q, 19);
	a->f.level_before = (float)sqlite3_column_double(q, 23);
	a->f.level_after = (float)sqlite3_column_double(q, 24);
	if (!channels || !channel_parse(channels, &mask))
		return;
	a->f.channels = (uint8_t)mask;
	a->f.onset_from_ms = column_ms(q, 21);
	a->f.onset_to_ms = column_ms(q, 22);
}

static int take_alert(void *ctx, sqlite3_stmt *q)
{
	struct alert_walk *w = ctx;
	struct alert a = {0};
	const char *state = (const char *)sqlite3_column_text(q, 17);
	int code = column_finding(q, w->ids, &a.f);

	a.id = store_unhex((const char *)sqlite3_column_text(q, 0));
	a.model = store_unhex((const char *)sqlite3_column_text(q, 18));
	column_later(q, &a);
	if (code)
		return err_set(w->e, code, "could not read alert %s: %s",
			(const char *)sqlite3_column_text(q, 0),
			code == -ENOMEM ? "out of memory"
			: "its user, kind or direction is unknown");
	return w->each(w->ctx, &a, state ? state : "new");
}

int query_each_alert(struct store *s, const struct query_alerts *a, struct ids *ids,
	int (*each)(void *ctx, const struct alert *a, const char *state), void *ctx, struct err *e)
{
	struct alert_walk w = { each, ctx, ids, e };
	struct text sql;
	sqlite3_stmt *q;
	int code;

	text_init(&sql, 4096);
	code = alert_query(&sql, a) ? store_prepare(s, sql.s, &q, e)
		: err_set(e, -ENOMEM, "could not read alert store \"%s\": out of memory", s->path);
	if (!code) {
		bind_alerts(q, a);
		code = store_walk(s, q, take_alert, &w, e);
	}
	text_done(&sql);
	return code;
}

struct evidence_walk {
	int (*each)(void *ctx, int64_t step_ms, const char *category, double interest);
	void *ctx;
};

static int take_evidence(void *ctx, sqlite3_stmt *q)
{
	struct evidence_walk *w = ctx;
	const char *category = (const char *)sqlite3_column_text(q, 1);

	return w->each(w->ctx, sqlite3_column_int64(q, 0), category ? category : "",
		sqlite3_column_double(q, 2));
}

int query_each_evidence(struct store *s, uint64_t alert_id, int (*each)(void *ctx, int64_t step_ms,
	const char *category, double interest), void *ctx, struct err *e)
{
	struct evidence_walk w = { each, ctx };
	char id[STORE_HEX];
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT step_ms, category, interest FROM evidence"
		" WHERE alert_id = ? ORDER BY step_ms, CAST(category AS BLOB)", &q, e);

	if (code)
		return code;
	sqlite3_bind_text(q, 1, store_hex(alert_id, id), -1, SQLITE_STATIC);
	return store_walk(s, q, take_evidence, &w, e);
}

struct reject_walk {
	int (*each)(void *ctx, const char *source, uint64_t line, const char *why, const char *text,
		size_t len);
	void *ctx;
};

static int take_reject(void *ctx, sqlite3_stmt *q)
{
	struct reject_walk *w = ctx;
	const char *source = (const char *)sqlite3_column_text(q, 0);
	const char *why = (const char *)sqlite3_column_text(q, 2);
	size_t len;
	const char *text = sql_bytes(q, 3, &len);

	return w->each(w->ctx, source ? source : "", (uint64_t)sqlite3_column_int64(q, 1),
		why ? why : "", text, len);
}

int query_each_reject(struct store *s, int (*each)(void *ctx, const char *source, uint64_t line,
	const char *why, const char *text, size_t len), void *ctx, struct err *e)
{
	struct reject_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT source, line, why, text FROM reject"
		" ORDER BY CAST(source AS BLOB), line, CAST(text AS BLOB)", &q, e);

	return code ? code : store_walk(s, q, take_reject, &w, e);
}
