/* store_inside.h - what the rooms of the store share; for src/alert only. */
#ifndef ALERT_STORE_INSIDE_H
#define ALERT_STORE_INSIDE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sqlite3;
struct sqlite3_stmt;
struct store_lock;

enum store_sql {
	STORE_BEGIN, STORE_COMMIT,
	STORE_PUT_ALERT, STORE_PUT_EVIDENCE, STORE_PUT_REJECT, STORE_PUT_MODEL,
	STORE_PUT_EVENT, STORE_RETAIN, STORE_SET_NUMBER, STORE_GET_NUMBER, STORE_PUT_PLACE,
	STORE_PUT_PROFILE, STORE_SET_CLEARED, STORE_HAS_ALERT, STORE_PUT_LABEL, STORE_DROP_LABEL,
	STORE_EVENT_SPAN, STORE_EVENT_FROM, STORE_USER_AROUND,
	STORE_SQL_N
};

struct store {
	struct sqlite3 *db;
	char *path;
	struct store_lock *lock;        /* NULL: not the store of a run */
	struct sqlite3_stmt *prepared[STORE_SQL_N];     /* each when first used */
};

/* Reset and ready to bind; NULL when it cannot be prepared. */
struct sqlite3_stmt *store_statement(struct store *s, enum store_sql which);
/* Steps a statement that answers nothing, and resets it; NULL is taken as a failure to prepare. */
int store_do(struct store *s, struct sqlite3_stmt *q, struct err *e);
/* Fills e with what SQLite says about the last failure: "could not DO alert store PATH: ...". */
int store_fault(struct store *s, const char *verb, struct err *e);
/* Steps q, calling each until it returns non-zero, which is then returned; finalizes q. */
int store_walk(struct store *s, struct sqlite3_stmt *q,
	int (*each)(void *ctx, struct sqlite3_stmt *q), void *ctx, struct err *e);
/* A statement for store_walk(). */
int store_prepare(struct store *s, const char *sql, struct sqlite3_stmt **ret, struct err *e);

/* The place of a word in a table of n; n when it is not there, or NULL. */
uint8_t store_word(const char *word, const char *const *table, uint8_t n);

#define STORE_HEX 17    /* 16 digits and NUL */
/* Hashes and ids are hex texts in the store, as in the rows people get. */
const char *store_hex(uint64_t v, char buf[STORE_HEX]);
uint64_t store_unhex(const char *s);

#endif
