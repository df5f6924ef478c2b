#include "alert/triage.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "alert/store_inside.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"

#define WORD_MAX 24

const char *const triage_name[TRIAGE_STATES] = {
	[TRIAGE_NEW] = "new", [TRIAGE_ACKNOWLEDGED] = "acknowledged",
	[TRIAGE_SHELVED] = "shelved",
};

static const char *const field_name[TRIAGE_FIELDS] = {
	[TRIAGE_NOTHING] = "", [TRIAGE_STATE] = "state", [TRIAGE_LABEL] = "label",
	[TRIAGE_NOTE] = "note",
};

static const char *const verb[TRIAGE_FIELDS] = {
	[TRIAGE_STATE] = "change", [TRIAGE_LABEL] = "label", [TRIAGE_NOTE] = "note",
};

void triage_done(struct triage_act *back)
{
	mem_free((void *)(uintptr_t)back->text);
	*back = (struct triage_act){0};
}

/* A statement whose first parameter is the alert's id, which stays in id. */
static sqlite3_stmt *prepare(struct store *s, const char *sql, uint64_t alert_id,
	char id[STORE_HEX], struct err *e)
{
	sqlite3_stmt *q;

	if (store_prepare(s, sql, &q, e) < 0)
		return NULL;
	sqlite3_bind_text(q, 1, store_hex(alert_id, id), -1, SQLITE_STATIC);
	return q;
}

static int run(struct store *s, sqlite3_stmt *q, struct err *e)
{
	int code = store_do(s, q, e);

	sqlite3_finalize(q);
	return code;
}

static void bind_text(sqlite3_stmt *q, int i, const char *text, size_t len)
{
	if (len)
		sql_bind_bytes(q, i, text, len);
	else
		sqlite3_bind_null(q, i);
}

/* The row of an alert that sql asks for; NULL with the reason in e. */
static sqlite3_stmt *row_of(struct store *s, const char *sql, const struct triage_act *act,
	struct err *e)
{
	char id[STORE_HEX];
	sqlite3_stmt *q = prepare(s, sql, act->alert_id, id, e);
	int rc = q ? sqlite3_step(q) : SQLITE_ERROR;

	if (rc == SQLITE_ROW)
		return q;
	if (rc == SQLITE_DONE)
		err_set(e, -ENOENT, "could not %s alert %s: there is none in \"%s\"",
			verb[act->field], store_hex(act->alert_id, id), s->path);
	else if (q)
		store_fault(s, "read", e);
	sqlite3_finalize(q);
	return NULL;
}

static int stale(const struct triage_act *act, struct err *e)
{
	return err_set(e, -ESTALE, "could not undo: the %s of alert %016" PRIx64
		" has been changed since", field_name[act->field], act->alert_id);
}

static int record(struct store *s, const struct triage_act *act, const char *was,
	const char *became, struct err *e)
{
	char id[STORE_HEX];
	sqlite3_stmt *q = prepare(s, "INSERT INTO transition"
		" (alert_id, time_ms, author, field, was, became, until_ms, why)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)", act->alert_id, id, e);

	if (!q)
		return e->code;
	sqlite3_bind_int64(q, 2, act->time_ms);
	sql_bind_bytes(q, 3, act->author, strlen(act->author));
	sqlite3_bind_text(q, 4, field_name[act->field], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 5, was, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 6, became, -1, SQLITE_STATIC);
	if (act->field == TRIAGE_STATE && act->value == TRIAGE_SHELVED)
		sqlite3_bind_int64(q, 7, act->until_ms);
	if (act->is_undo)
		sqlite3_bind_text(q, 8, "undo", -1, SQLITE_STATIC);
	else if (act->field == TRIAGE_LABEL)
		bind_text(q, 8, act->text, act->len);
	return run(s, q, e);
}

/* The state */

static int put_state(struct store *s, const struct triage_act *act, struct err *e)
{
	char id[STORE_HEX];
	sqlite3_stmt *q;

	if (act->value == TRIAGE_NEW)
		return run(s, prepare(s, "DELETE FROM triage WHERE alert_id = ?", act->alert_id, id,
			e), e);
	q = prepare(s, "INSERT INTO triage (alert_id, state, until_ms, time_ms, author)"
		" VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state,"
		" until_ms = excluded.until_ms, time_ms = excluded.time_ms,"
		" author = excluded.author", act->alert_id, id, e);
	if (!q)
		return e->code;
	sqlite3_bind_text(q, 2, triage_name[act->value], -1, SQLITE_STATIC);
	if (act->value == TRIAGE_SHELVED)
		sqlite3_bind_int64(q, 3, act->until_ms);
	sqlite3_bind_int64(q, 4, act->time_ms);
	sql_bind_bytes(q, 5, act->author, strlen(act->author));
	return run(s, q, e);
}

/* A shelf that is over by then is none. */
static void read_state(sqlite3_stmt *q, int64_t time_ms, struct triage_act *was)
{
	unsigned state = store_word((const char *)sqlite3_column_text(q, 1), triage_name,
		TRIAGE_STATES);

	was->until_ms = sqlite3_column_int64(q, 2);
	if (state == TRIAGE_STATES || (state == TRIAGE_SHELVED && was->until_ms <= time_ms))
		state = TRIAGE_NEW;
	if (state != TRIAGE_SHELVED)
		was->until_ms = 0;
	was->value = state;
}

static int set_state(struct store *s, const struct triage_act *act, struct triage_act *back,
	struct err *e)
{
	sqlite3_stmt *q = row_of(s, "SELECT a.state, t.state, t.until_ms FROM alert a"
		" LEFT JOIN triage t ON t.alert_id = a.alert_id WHERE a.alert_id = ?", act, e);
	char of_detection[WORD_MAX];
	int code;

	if (!q)
		return e->code;
	snprintf(of_detection, sizeof of_detection, "%s", (const char *)sqlite3_column_text(q, 0));
	read_state(q, act->time_ms, back);
	sqlite3_finalize(q);
	if (back->value == act->value && back->until_ms == act->until_ms)
		return 0;
	if (act->is_undo && back->value != act->expected)
		return stale(act, e);
	code = put_state(s, act, e);
	if (code == 0)
		code = record(s, act,
			back->value == TRIAGE_NEW ? of_detection : triage_name[back->value],
			act->value == TRIAGE_NEW ? of_detection : triage_name[act->value], e);
	back->field = TRIAGE_STATE;
	return code;
}

/* The label */

static int read_label(sqlite3_stmt *q, struct triage_act *was, struct err *e)
{
	unsigned label = store_word((const char *)sqlite3_column_text(q, 0), label_name, LABEL_N);
	const char *note = sql_bytes(q, 1, &was->len);

	was->value = label == LABEL_N ? LABEL_NONE : label;
	if (was->len && !(was->text = mem_text(note, was->len)))
		return err_set(e, -ENOMEM, "could not label an alert: out of memory");
	return 0;
}

static bool is_same_label(const struct triage_act *a, const struct triage_act *b)
{
	return a->value == b->value && a->len == b->len
		&& (!a->len || memcmp(a->text, b->text, a->len) == 0);
}

static int set_label(struct store *s, const struct triage_act *act, struct triage_act *back,
	struct err *e)
{
	sqlite3_stmt *q = row_of(s, "SELECT l.label, l.note FROM alert a"
		" LEFT JOIN label l ON l.alert_id = a.alert_id WHERE a.alert_id = ?", act, e);
	struct store_label l = { .alert_id = act->alert_id, .label = (enum label)act->value,
		.set_ms = act->time_ms, .note = act->text, .note_len = act->len };
	int code = q ? read_label(q, back, e) : e->code;

	sqlite3_finalize(q);
	if (code)
		return code;
	if (is_same_label(back, act))
		return 0;
	if (act->is_undo && back->value != act->expected)
		return stale(act, e);
	code = store_set_label(s, &l, e);
	if (code == 0)
		code = record(s, act, label_name[back->value], label_name[act->value], e);
	back->field = TRIAGE_LABEL;
	return code;
}

/* Notes */

static int withdraw_note(struct store *s, const struct triage_act *act, struct err *e)
{
	char id[STORE_HEX], number[WORD_MAX];
	sqlite3_stmt *q = prepare(s, "UPDATE note SET withdrawn_ms = ?3"
		" WHERE alert_id = ?1 AND seq = ?2 AND withdrawn_ms IS NULL", act->alert_id, id, e);
	int code;

	if (!q)
		return e->code;
	sqlite3_bind_int64(q, 2, act->note);
	sqlite3_bind_int64(q, 3, act->time_ms);
	code = run(s, q, e);
	if (code == 0 && !sqlite3_changes(s->db))
		code = stale(act, e);
	snprintf(number, sizeof number, "%" PRId64, act->note);
	return code ? code : record(s, act, number, "none", e);
}

static int add_note(struct store *s, const struct triage_act *act, struct triage_act *back,
	struct err *e)
{
	sqlite3_stmt *q = row_of(s, "SELECT 1 FROM alert WHERE alert_id = ?", act, e);
	char id[STORE_HEX], number[WORD_MAX];
	int code;

	if (!q)
		return e->code;
	sqlite3_finalize(q);
	if (!act->len || act->len > STORE_NOTE_MAX)
		return err_set(e, -EFBIG, "could not note alert %016" PRIx64
			": a note has 1 to %d bytes, not %zu", act->alert_id, STORE_NOTE_MAX,
			act->len);
	q = prepare(s, "INSERT INTO note (alert_id, time_ms, author, text) VALUES (?, ?, ?, ?)",
		act->alert_id, id, e);
	if (!q)
		return e->code;
	sqlite3_bind_int64(q, 2, act->time_ms);
	sql_bind_bytes(q, 3, act->author, strlen(act->author));
	sql_bind_bytes(q, 4, act->text, act->len);
	code = run(s, q, e);
	if (code)
		return code;
	back->field = TRIAGE_NOTE;
	back->note = sqlite3_last_insert_rowid(s->db);
	snprintf(number, sizeof number, "%" PRId64, back->note);
	return record(s, act, "none", number, e);
}

int triage_do(struct store *s, const struct triage_act *act, struct triage_act *ret_back,
	struct err *e)
{
	*ret_back = (struct triage_act){ .alert_id = act->alert_id, .is_undo = true,
		.expected = act->value };
	switch (act->field) {
	case TRIAGE_STATE:
		return set_state(s, act, ret_back, e);
	case TRIAGE_LABEL:
		return set_label(s, act, ret_back, e);
	default:
		return act->note ? withdraw_note(s, act, e) : add_note(s, act, ret_back, e);
	}
}

/* Reading */

struct change_walk {
	int (*each)(void *ctx, const struct triage_change *c);
	void *ctx;
};

/* Of a state, anything but what an operator says is as detection left it. */
static void read_value(sqlite3_stmt *q, struct triage_change *c)
{
	const char *became = (const char *)sqlite3_column_text(q, 6);

	if (c->field == TRIAGE_STATE)
		c->value = store_word(became, triage_name, TRIAGE_STATES) % TRIAGE_STATES;
	else if (c->field == TRIAGE_LABEL)
		c->value = store_word(became, label_name, LABEL_N) % LABEL_N;
	else
		c->note = sqlite3_column_int64(q, strcmp(became, "none") ? 6 : 5);
}

static int take_change(void *ctx, sqlite3_stmt *q)
{
	struct change_walk *w = ctx;
	struct triage_change c = {
		.seq = sqlite3_column_int64(q, 0),
		.alert_id = store_unhex((const char *)sqlite3_column_text(q, 1)),
		.time_ms = sqlite3_column_int64(q, 2),
		.field = store_word((const char *)sqlite3_column_text(q, 4), field_name,
			TRIAGE_FIELDS) % TRIAGE_FIELDS,
		.until_ms = sqlite3_column_int64(q, 7),
	};

	read_value(q, &c);
	c.author = sql_bytes(q, 3, &c.author_len);
	c.text = sql_bytes(q, 8, &c.len);
	return w->each(w->ctx, &c);
}

int triage_each(struct store *s, int64_t after_seq,
	int (*each)(void *ctx, const struct triage_change *c), void *ctx, struct err *e)
{
	struct change_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT x.seq, x.alert_id, x.time_ms, x.author, x.field, x.was,"
		" x.became, x.until_ms, n.text FROM transition x"
		" LEFT JOIN note n ON x.field = 'note' AND n.seq = x.became"
		" WHERE x.seq > ? ORDER BY x.seq", &q, e);

	if (code)
		return code;
	sqlite3_bind_int64(q, 1, after_seq);
	return store_walk(s, q, take_change, &w, e);
}

struct row_walk {
	int (*each)(void *ctx, const struct triage_row *row);
	void *ctx;
};

static int take_row(void *ctx, sqlite3_stmt *q)
{
	struct row_walk *w = ctx;
	struct triage_row row = {
		.time_ms = sqlite3_column_int64(q, 0),
		.field = (const char *)sqlite3_column_text(q, 2),
		.was = (const char *)sqlite3_column_text(q, 3),
		.became = (const char *)sqlite3_column_text(q, 4),
		.until_ms = sqlite3_column_type(q, 5) == SQLITE_NULL ? INT64_MIN
			: sqlite3_column_int64(q, 5),
	};

	row.author = sql_bytes(q, 1, &row.author_len);
	row.text = sql_bytes(q, 6, &row.len);
	return w->each(w->ctx, &row);
}

int triage_each_row(struct store *s, uint64_t alert_id,
	int (*each)(void *ctx, const struct triage_row *row), void *ctx, struct err *e)
{
	struct row_walk w = { each, ctx };
	char id[STORE_HEX];
	sqlite3_stmt *q = prepare(s, "SELECT x.time_ms, x.author, x.field, x.was, x.became,"
		" x.until_ms, coalesce(x.why, n.text) FROM transition x"
		" LEFT JOIN note n ON x.field = 'note' AND n.seq = x.became"
		" WHERE x.alert_id = ? ORDER BY x.seq", alert_id, id, e);

	return q ? store_walk(s, q, take_row, &w, e) : e->code;
}
