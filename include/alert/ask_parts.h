/* ask_parts.h - the inside of ask, for its own rooms; all of it runs on ask's thread. */
#ifndef ALERT_ASK_PARTS_H
#define ALERT_ASK_PARTS_H

#include "alert/ask.h"

struct sqlite3;
struct store;

struct ask_job {
	enum ask_news kind;             /* what comes of it */
	int64_t now_ms;
	int64_t begun_ms;               /* tick at which it was asked for */
	char path[1024];                /* of an export */
	enum alert_form form;
	const struct ask_answer *from;  /* what is exported */
	struct ask_answer *answer;      /* filled; it has the statement */
	struct complete_words words;    /* learnt, when they were not known */
	struct err err;                 /* of an export */
};

/* The thread's own. */
struct ask_room {
	struct ask *a;
	struct store *store;            /* NULL until a job found the file */
	bool has_words;
	int64_t memory_before;
	const char *refused;            /* by the authorizer: a function's name, "": a statement */
	char function[64];
	bool reads_user;                /* the statement does, of any table */
	bool too_large;                 /* it was stopped for its memory */
};

/* ask_guard.c: everything that reads and nothing else. */
void ask_guard(struct ask_room *r);
/* Where in sql stands what was refused, and why it is; -1 when nothing was. */
int ask_refused(const struct ask_room *r, const char *sql, struct err *e);
/* As that, for a statement that SQLite says would write. */
int ask_refused_statement(const char *sql, struct err *e);
/* ask_answer.c */
void ask_fill(struct ask_room *r, struct ask_job *job);
void ask_answer_free(struct ask_answer *a);
/* ask_export.c */
int ask_write(const struct ask_answer *a, const char *path, enum alert_form form, struct err *e);

#endif
