#include "alert/ask_parts.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "alert/store.h"
#include "alert/store_inside.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"

#define PARAMETER "now_ms"

void ask_answer_free(struct ask_answer *a)
{
	if (!a)
		return;
	text_done(&a->text);
	mem_free(a->name);
	mem_free(a->users);
	mem_free(a->cell);
	mem_free(a);
}

static int no_memory(struct ask_answer *a)
{
	return err_set(&a->err, -ENOMEM, "could not keep the answer: out of memory");
}

/* Words */

static void learn(struct ask_room *r, struct complete_words *w)
{
	static const char sql[] = "SELECT m.name, p.name FROM sqlite_schema m,"
		" pragma_table_info(m.name) p WHERE m.type IN ('table', 'view')"
		" AND m.name NOT LIKE 'sqlite_%' ORDER BY m.type DESC, m.name, p.cid";
	sqlite3_stmt *q = NULL;
	char table[COMPLETE_TEXT_MAX] = "";
	int at = -1;

	if (sqlite3_prepare_v2(r->store->db, sql, -1, &q, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);

		if (strcmp(table, name) != 0) {
			snprintf(table, sizeof table, "%s", name);
			complete_add(w, table, -1, &at);
		}
		complete_add(w, (const char *)sqlite3_column_text(q, 1), at, NULL);
	}
	sqlite3_finalize(q);
	r->has_words = w->n > 0;
}

static int open_store(struct ask_room *r, struct err *e)
{
	if (r->store)
		return 0;
	r->store = store_open_read(r->a->path, e);
	if (!r->store)
		return e->code;
	ask_guard(r);
	return 0;
}

/* Rows */

static enum ask_users users_of(const struct ask_room *r, sqlite3_stmt *q, int i, const char *name)
{
	const char *table = sqlite3_column_table_name(q, i);
	const char *column = sqlite3_column_origin_name(q, i);

	if (sqlite3_stricmp(name, "user") == 0 || sqlite3_stricmp(name, "user_id") == 0)
		return ASK_USERS;
	if (!column)
		return r->reads_user ? ASK_MAYBE_USERS : ASK_NO_USERS;
	if (table && sqlite3_stricmp(table, "reject") == 0 && sqlite3_stricmp(column, "text") == 0)
		return ASK_USERS;
	return sqlite3_stricmp(column, "user") == 0 ? ASK_USERS : ASK_NO_USERS;
}

/* Names may be cut: a column without AS is called by all of its text. */
static int take_names(const struct ask_room *r, struct ask_answer *a, sqlite3_stmt *q)
{
	unsigned i;

	a->n_columns = (unsigned)sqlite3_column_count(q);
	a->name = mem_get(a->n_columns ? a->n_columns : 1, sizeof *a->name);
	a->users = mem_get(a->n_columns ? a->n_columns : 1, sizeof *a->users);
	for (i = 0; a->name && a->users && i < a->n_columns; i++) {
		const char *name = sqlite3_column_name(q, (int)i);
		size_t len = name ? strnlen(name, ASK_CELL_MAX) : 0;

		a->name[i] = a->text.len;
		if (!text_add(&a->text, name ? name : "", len) || !text_add(&a->text, "", 1))
			return no_memory(a);
		a->users[i] = (uint8_t)users_of(r, q, (int)i, name ? name : "");
	}
	return a->name && a->users ? 0 : no_memory(a);
}

/* False: the texts are full. */
static bool take_text(struct ask_answer *a, sqlite3_stmt *q, int i, struct ask_cell *c)
{
	size_t len;
	const char *s = sql_bytes(q, i, &len);

	c->whole = (uint32_t)len;
	c->len = len < ASK_CELL_MAX ? c->whole : ASK_CELL_MAX;
	c->at = a->text.len;
	return text_add(&a->text, s, c->len);
}

static bool take_cell(struct ask_answer *a, sqlite3_stmt *q, int i, struct ask_cell *c)
{
	*c = (struct ask_cell){ .type = ASK_NULL };
	switch (sqlite3_column_type(q, i)) {
	case SQLITE_INTEGER:
		c->type = ASK_INTEGER;
		c->integer = sqlite3_column_int64(q, i);
		return true;
	case SQLITE_FLOAT:
		c->type = ASK_REAL;
		c->real = sqlite3_column_double(q, i);
		return true;
	case SQLITE_TEXT:
		c->type = ASK_TEXT;
		return take_text(a, q, i, c);
	case SQLITE_BLOB:
		c->type = ASK_BLOB;
		return take_text(a, q, i, c);
	default:
		return true;
	}
}

/* 1: taken; 0: no room for more; negative: no memory. */
static int take_row(struct ask_answer *a, sqlite3_stmt *q, uint32_t *cap)
{
	uint32_t most = ASK_CELLS_MAX / a->n_columns, i;
	struct ask_cell *row;

	most = most < ASK_ROWS_MAX ? most : ASK_ROWS_MAX;
	if (a->n_rows == most)
		return 0;
	if (a->n_rows == *cap) {
		uint32_t more = *cap ? 2 * *cap : 64;

		row = mem_resize(a->cell, (size_t)more * a->n_columns, sizeof *row);
		if (!row)
			return no_memory(a);
		a->cell = row;
		*cap = more;
	}
	row = &a->cell[(size_t)a->n_rows * a->n_columns];
	for (i = 0; i < a->n_columns; i++)
		if (!take_cell(a, q, (int)i, &row[i]))
			return a->text.len + ASK_CELL_MAX >= ASK_TEXT_MAX ? 0 : no_memory(a);
	a->n_rows++;
	return 1;
}

static void explain_end(struct ask_room *r, struct ask_answer *a)
{
	sqlite3 *db = r->store->db;
	int rc = sqlite3_errcode(db);

	if (r->too_large)
		err_set(&a->err, -ENOMEM, "stopped: the query needs more than %d MB of memory",
			ASK_MEMORY_MAX >> 20);
	else if (rc == SQLITE_INTERRUPT)
		err_set(&a->err, -ECANCELED, "stopped");
	else
		err_set(&a->err, sql_errno(rc), "%s", sqlite3_errmsg(db));
}

static void take_rows(struct ask_room *r, struct ask_answer *a, sqlite3_stmt *q)
{
	uint32_t cap = 0;
	int rc, taken = 1;

	while (taken > 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		taken = take_row(a, q, &cap);
		atomic_store_explicit(&r->a->rows, a->n_rows, memory_order_relaxed);
	}
	if (taken == 0)
		a->has_more = true;
	else if (taken > 0 && rc != SQLITE_DONE)
		explain_end(r, a);
}

/* Statements */

/* The error of a statement that could not be understood, and where. */
static void explain(struct ask_room *r, struct ask_answer *a)
{
	sqlite3 *db = r->store->db;
	const char *why = sqlite3_errmsg(db);

	a->fault_at = ask_refused(r, a->sql, &a->err);
	if (a->fault_at >= 0)
		return;
	if (sqlite3_errcode(db) == SQLITE_INTERRUPT || r->too_large) {
		explain_end(r, a);
		return;
	}
	a->fault_at = sqlite3_error_offset(db);
	if (a->fault_at < 0 && strcmp(why, "incomplete input") == 0)
		a->fault_at = (int)strlen(a->sql);
	err_set(&a->err, -EINVAL, "%s", why);
}

static bool is_blank(const char *s)
{
	while (*s)
		if (s[0] == '-' && s[1] == '-')
			s += strcspn(s, "\n");
		else if (strchr(" \t\r\n;", *s))
			s++;
		else
			return false;
	return true;
}

static int bind(struct ask_answer *a, sqlite3_stmt *q, int64_t now_ms)
{
	int i, n = sqlite3_bind_parameter_count(q);

	for (i = 1; i <= n; i++) {
		const char *name = sqlite3_bind_parameter_name(q, i);
		const char *at = name ? strstr(a->sql, name) : strchr(a->sql, '?');

		if (name && strcmp(name + 1, PARAMETER) == 0) {
			sqlite3_bind_int64(q, i, now_ms);
			continue;
		}
		a->fault_at = at ? (int)(at - a->sql) : -1;
		return err_set(&a->err, -EINVAL,
			"nothing is known for %s: :" PARAMETER ", the data's clock, is",
			name ? name : "?");
	}
	return 0;
}

/* Ready to step, or NULL with the reason in a. */
static sqlite3_stmt *prepare(struct ask_room *r, struct ask_answer *a, int64_t now_ms)
{
	sqlite3_stmt *q = NULL;
	const char *rest = "";

	if (sqlite3_prepare_v2(r->store->db, a->sql, -1, &q, &rest) != SQLITE_OK) {
		explain(r, a);
		return NULL;
	}
	if (!q)
		err_set(&a->err, -EINVAL, "there is no statement");
	else if (!sqlite3_stmt_readonly(q))
		a->fault_at = ask_refused_statement(a->sql, &a->err);
	else if (!is_blank(rest)) {
		a->fault_at = (int)(rest - a->sql) + (int)strspn(rest, " \t\r\n;");
		err_set(&a->err, -EINVAL, "one statement at a time: a second one begins here");
	} else if (bind(a, q, now_ms) == 0)
		return q;
	sqlite3_finalize(q);
	return NULL;
}

/* A live run keeps its clock in the store; of a replay's there are the alerts. */
static int64_t data_clock(sqlite3 *db)
{
	return sql_int64(db, "SELECT value FROM number WHERE name = 'data_ms' UNION ALL"
		" SELECT * FROM (SELECT max(time_ms) v FROM alert) WHERE v NOT NULL LIMIT 1",
		INT64_MIN);
}

static void ask_statement(struct ask_room *r, struct ask_job *job)
{
	struct ask_answer *a = job->answer;
	sqlite3_stmt *q = prepare(r, a, job->now_ms);

	if (q && take_names(r, a, q) == 0)
		take_rows(r, a, q);
	sqlite3_finalize(q);
}

void ask_fill(struct ask_room *r, struct ask_job *job)
{
	struct ask_answer *a = job->answer;

	text_init(&a->text, ASK_TEXT_MAX);
	a->fault_at = -1;
	a->data_ms = INT64_MIN;
	r->refused = NULL;
	r->reads_user = false;
	r->too_large = false;
	if (open_store(r, &a->err) < 0)
		return;
	r->memory_before = sqlite3_memory_used();
	if (!r->has_words)
		learn(r, &job->words);
	a->data_ms = data_clock(r->store->db);
	if (*a->sql)
		ask_statement(r, job);
	a->took_ms = clock_tick_ms(r->a->clock) - job->begun_ms;
}
