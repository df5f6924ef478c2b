/* sql.h - what every SQLite file of veer does the same way: raw bytes as values, single answers.
 *
 * Texts come from logs and are bytes: those that are UTF-8 without NUL are stored as TEXT, so that
 * a person can read and compare them, all others as BLOB; either reads back as the same bytes.
 * Equal bytes are always of the same type, so equality and uniqueness hold.
 */
#ifndef BASE_SQL_H
#define BASE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sqlite3;
struct sqlite3_stmt;

bool sql_is_text(const char *s, size_t len);
/* Borrows s until the statement is stepped or bound anew; returns an SQLite code. */
int sql_bind_bytes(struct sqlite3_stmt *q, int i, const char *s, size_t len);
/* Never NULL: an absent value is "". Valid until the next step. */
const char *sql_bytes(struct sqlite3_stmt *q, int column, size_t *ret_len);
/* A negative errno for the SQLite code of the last failure of db. */
int sql_errno(int rc);
/* Runs statements that answer nothing; `what` completes "could not ...". */
int sql_run(struct sqlite3 *db, const char *sql, const char *what, struct err *e);
/* The first column of the first row; `otherwise` when there is none or the statement fails. */
int64_t sql_int64(struct sqlite3 *db, const char *sql, int64_t otherwise);

#endif
