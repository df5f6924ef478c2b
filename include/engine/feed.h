/* feed.h - what the console sees of an engine: live, replay, or the twin of a live one.
 *
 * The ui thread owns the feed and calls everything here; engines do their work on threads of their
 * own and hand over whole snapshots. No call waits for data. feed_user() may read (a file's columns
 * in memory, or the store through its own connection) but only one user's events.
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"
#include "engine/snapshot.h"
#include "ingest/event.h"

struct budget;
struct clock;
struct err;
struct feed;
struct model;
struct names;
struct stop_on;
struct zone;

enum command_kind {
	COMMAND_PAUSE, COMMAND_PLAY, COMMAND_SPEED,     /* number: the factor; 0: max */
	COMMAND_SEEK,                                   /* time_ms */
	COMMAND_END,                                    /* to the end of the data */
	COMMAND_STEP,                                   /* number: +1, -1 instants of any user */
	COMMAND_STEP_USER,                              /* number: +1, -1 instants of `user` */
	COMMAND_ALERT,                                  /* number: +1 next, -1 previous alert;
		 * pauses there */
	COMMAND_BUDGET,                                 /* budget: what if it were this; amount 0:
		 * back to the model's own */
	COMMAND_STOP_ON,                                /* stop_on: where a replay pauses */
	COMMAND_BACKEND                                 /* live: the other of cpu and cuda, soon;
		 * a notice says how it went */
};

struct command {
	enum command_kind kind;
	double number;
	int64_t time_ms;
	uint32_t user;          /* number in feed_ids()->user */
	const struct stop_on *stop_on;
	const struct budget *budget;
};

/* text: the first bytes of the row, raw. */
typedef int feed_reject(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len);

struct feed_ops {
	const struct snapshot *(*look)(struct feed *f, bool *ret_fresh);
	const struct alert *(*alert)(struct feed *f, uint32_t i);
	int (*command)(struct feed *f, const struct command *c, struct err *e);
	int (*user)(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
		uint32_t *ret_n,
		struct err *e);
	/* Rows that could not be used, as many as were kept; each returns non-zero to stop. */
	int (*rejects)(struct feed *f, feed_reject *each, void *ctx, struct err *e);
	void (*close)(struct feed *f);
};

struct feed {                           /* the head of each engine's own struct */
	const struct feed_ops *ops;
	const struct ids *ids;
	const struct model *model;      /* NULL while loading; the newest epoch's, valid until the
		 * next look */
	const struct names *names;
	const char *db;                 /* the file of the store; NULL: there is none */
	const struct zone *zone;
	const struct clock *clock;
};

/* The newest snapshot, whole; valid until the next look. Replay moves its clock here, so that under
 * a frozen clock nothing moves by itself.
 */
static inline const struct snapshot *feed_look(struct feed *f, bool *ret_fresh)
{
	return f->ops->look(f, ret_fresh);
}

/* Alert i of the n_alerts_total (replay) or n_alerts (live), oldest first; stays where it is. A
 * replay's may have been cleared later than data_ms.
 */
static inline const struct alert *feed_alert(struct feed *f, uint32_t i)
{
	return f->ops->alert(f, i);
}

/* -EINVAL: out of range; -ENOTSUP: not in this mode (the reason in e). Takes effect by the next
 * look. */
static inline int feed_command(struct feed *f, const struct command *c, struct err *e)
{
	return f->ops->command(f, c, e);
}

/* A user's events with time <= upto_ms, oldest first, in an array that the caller frees with
 * mem_free(). */
static inline int feed_user(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	return f->ops->user(f, user, upto_ms, ret, ret_n, e);
}

/* Reads what was kept, so that it takes a moment; negative, with the reason in e: there is none. */
static inline int feed_rejects(struct feed *f, feed_reject *each, void *ctx, struct err *e)
{
	return f->ops->rejects(f, each, ctx, e);
}

static inline void feed_close(struct feed *f)
{
	if (f)
		f->ops->close(f);
}

#endif
