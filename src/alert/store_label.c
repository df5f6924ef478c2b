/* What is known of an alert after it was raised: what an operator said of it, and that the user
 * went back to the old interest.
 */
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>

#include "alert/store.h"
#include "alert/store_inside.h"
#include "base/err.h"
#include "base/sql.h"

const char *const label_name[LABEL_N] = {
	[LABEL_NONE] = "none", [LABEL_TRUE] = "true", [LABEL_FALSE] = "false",
};

static sqlite3_stmt *about_alert(struct store *s, enum store_sql which, uint64_t alert_id,
	char id[STORE_HEX])
{
	sqlite3_stmt *q = store_statement(s, which);

	if (q)
		sqlite3_bind_text(q, 1, store_hex(alert_id, id), -1, SQLITE_STATIC);
	return q;
}

/* 0, -ENOENT, or why it could not be looked up. */
static int has_alert(struct store *s, uint64_t alert_id, const char *verb, struct err *e)
{
	char id[STORE_HEX];
	sqlite3_stmt *q = about_alert(s, STORE_HAS_ALERT, alert_id, id);
	int rc = q ? sqlite3_step(q) : SQLITE_ERROR, code = 0;

	if (rc == SQLITE_DONE)
		code = err_set(e, -ENOENT, "could not %s alert %s: there is none in \"%s\"", verb,
			store_hex(alert_id, id), s->path);
	else if (rc != SQLITE_ROW)
		code = store_fault(s, "read", e);
	sqlite3_reset(q);
	return code;
}

int store_set_cleared(struct store *s, uint64_t alert_id, int64_t cleared_ms, struct err *e)
{
	char id[STORE_HEX];
	int code = has_alert(s, alert_id, "clear", e);
	sqlite3_stmt *q = code ? NULL : about_alert(s, STORE_SET_CLEARED, alert_id, id);

	if (code)
		return code;
	if (q)
		sqlite3_bind_int64(q, 2, cleared_ms);
	return store_do(s, q, e);
}

static int put_label(struct store *s, const struct store_label *l, struct err *e)
{
	char id[STORE_HEX];
	sqlite3_stmt *q = about_alert(s, STORE_PUT_LABEL, l->alert_id, id);

	if (q) {
		sqlite3_bind_text(q, 2, label_name[l->label], -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 3, l->set_ms);
		if (l->note_len)
			sql_bind_bytes(q, 4, l->note, l->note_len);
		else
			sqlite3_bind_null(q, 4);
	}
	return store_do(s, q, e);
}

int store_set_label(struct store *s, const struct store_label *l, struct err *e)
{
	char id[STORE_HEX];
	int code = has_alert(s, l->alert_id, "label", e);

	if (code)
		return code;
	if (l->note_len > STORE_NOTE_MAX)
		return err_set(e, -EFBIG,
			"could not label alert %s: a note of %zu bytes, more than %d",
			store_hex(l->alert_id, id), l->note_len, STORE_NOTE_MAX);
	if (l->label == LABEL_NONE)
		return store_do(s, about_alert(s, STORE_DROP_LABEL, l->alert_id, id), e);
	return put_label(s, l, e);
}

struct label_walk {
	int (*each)(void *ctx, const struct store_label *l);
	void *ctx;
	struct err *e;
};

static int take_label(void *ctx, sqlite3_stmt *q)
{
	struct label_walk *w = ctx;
	const char *word = (const char *)sqlite3_column_text(q, 1);
	const char *kind = (const char *)sqlite3_column_text(q, 5);
	struct store_label l = {
		.alert_id = store_unhex((const char *)sqlite3_column_text(q, 0)),
		.label = store_word(word, label_name, LABEL_N),
		.set_ms = sqlite3_column_int64(q, 2),
		.kind = store_word(kind, kind_name, KIND_N),
		.onset_ms = sqlite3_column_int64(q, 6),
		.time_ms = sqlite3_column_int64(q, 7),
	};

	if (l.label == LABEL_N || l.kind == KIND_N)
		return err_set(w->e, -EBADMSG, "could not read the label of alert %016" PRIx64
			": its kind or label is unknown", l.alert_id);
	l.note = sql_bytes(q, 3, &l.note_len);
	l.user = sql_bytes(q, 4, &l.user_len);
	return w->each(w->ctx, &l);
}

#define LABELS "SELECT l.alert_id, l.label, l.time_ms, l.note, a.user, a.kind, a.onset_ms," \
	" a.time_ms FROM label l JOIN alert a ON a.alert_id = l.alert_id"

int store_each_label(struct store *s, int (*each)(void *ctx, const struct store_label *l),
	void *ctx, struct err *e)
{
	struct label_walk w = { each, ctx, e };
	sqlite3_stmt *q;
	int code = store_prepare(s, LABELS " ORDER BY a.time_ms, CAST(a.user AS BLOB), a.kind", &q,
		e);

	return code ? code : store_walk(s, q, take_label, &w, e);
}

int store_one_label(struct store *s, uint64_t alert_id,
	int (*each)(void *ctx, const struct store_label *l), void *ctx, struct err *e)
{
	struct label_walk w = { each, ctx, e };
	char id[STORE_HEX];
	sqlite3_stmt *q;
	int code = store_prepare(s, LABELS " WHERE l.alert_id = ?", &q, e);

	if (code)
		return code;
	sqlite3_bind_text(q, 1, store_hex(alert_id, id), -1, SQLITE_STATIC);
	return store_walk(s, q, take_label, &w, e);
}
