/* ask.h - SQL typed by a person: one statement at a time against the store, on a thread of its own.
 *
 * The connection only reads, three times over: the file is opened read-only, query_only is set, and
 * an authorizer refuses all but SELECT and functions that read. A query is stopped between any
 * thousand steps of SQLite's machine: when asked to, or when it takes more than ASK_MEMORY_MAX, for
 * temporary tables stay in memory and never fill a disk. Nothing here waits, but ask_close() for
 * the present query's next stop. The store is opened by the first job that finds it.
 * Owner: the ui thread; only what the comment of a member says is touched by the other.
 */
#ifndef ALERT_ASK_H
#define ALERT_ASK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "alert/complete.h"
#include "base/err.h"
#include "base/queue.h"
#include "base/text.h"

struct clock;

#define ASK_SQL_MAX 8192
#define ASK_ROWS_MAX 100000u
#define ASK_CELLS_MAX 2000000u
#define ASK_TEXT_MAX (64u << 20)        /* bytes of all texts of an answer */
#define ASK_CELL_MAX 4096u              /* bytes kept of a text; the rest is cut */
#define ASK_MEMORY_MAX (256 << 20)      /* bytes, beside what SQLite used before */
#define ASK_STEPS 1000  /* of SQLite's machine between two looks at the wish to stop */

enum ask_type { ASK_NULL, ASK_INTEGER, ASK_REAL, ASK_TEXT, ASK_BLOB };

/* Whether a column shows users: their ids, or lines of a log; or is reckoned where users were read,
 * so that a text in it may hold one.
 */
enum ask_users { ASK_NO_USERS, ASK_MAYBE_USERS, ASK_USERS };

struct ask_cell {
	uint8_t type;           /* enum ask_type */
	uint32_t len, whole;    /* bytes kept, and bytes there were; of texts and blobs */
	union {
		int64_t integer;
		double real;
		size_t at;      /* in the answer's text */
	};
};

struct ask_answer {
	char sql[ASK_SQL_MAX];
	struct err err;         /* code 0: whole; -ECANCELED: stopped, the rows so far are there */
	int fault_at;           /* byte of sql that the error points to; -1: none */
	unsigned n_columns;
	uint32_t n_rows;
	bool has_more;          /* rows beyond one of the maxima were left out */
	uint8_t *users;         /* enum ask_users, by column */
	size_t *name;           /* of the columns: places of NUL-ended texts in text */
	struct ask_cell *cell;  /* row by row */
	struct text text;
	int64_t took_ms;
	int64_t data_ms;        /* up to which the store had been written; INT64_MIN: it is empty */
};

enum ask_news { ASK_NOTHING, ASK_ANSWERED, ASK_EXPORTED };

struct ask {
	char *path;
	const struct clock *clock;
	struct queue jobs, done;
	pthread_t thread;
	bool has_thread;
	bool is_busy;                   /* a job is out */
	atomic_bool stop;               /* the query is to end */
	_Atomic uint64_t looks;         /* written there: at the wish to stop, by this query */
	_Atomic uint32_t rows;          /* written there: of this query, so far */
	struct ask_answer *answer;      /* the newest; NULL before the first */
	struct complete_words words;    /* tables and columns; none before the store was opened */
	struct err exported;            /* of the newest export */
};

struct ask *ask_open(const char *path, const struct clock *clock, struct err *e);
void ask_close(struct ask *a);

/* Runs the first statement of sql; :now_ms is bound. -EBUSY while another job is out. An empty text
 * opens the store and learns its words.
 */
int ask_run(struct ask *a, const char *sql, int64_t now_ms, struct err *e);
/* Writes the newest answer to a new file, scrubbed; -EEXIST shows in a->exported. */
int ask_export(struct ask *a, const char *path, enum alert_form form, struct err *e);
void ask_stop(struct ask *a);
/* What has come since the last look; an answer is valid until the next. */
enum ask_news ask_look(struct ask *a);

const char *ask_name(const struct ask_answer *a, unsigned column);
static inline const struct ask_cell *ask_cell(const struct ask_answer *a, uint32_t row,
	unsigned column)
{
	return &a->cell[(size_t)row * a->n_columns + column];
}
/* The bytes of a text or blob, len of them. */
const char *ask_bytes(const struct ask_answer *a, const struct ask_cell *c);

#endif
