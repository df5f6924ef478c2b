/* store.h - the SQLite file in which alerts, their evidence and a run's place in its sources live.
 *
 * WAL, mode 0600, secure_delete. Everything between store_begin() and store_commit() is one
 * transaction; after a crash the file is as of the last commit. Alerts are inserted under their
 * deterministic id, a second insert of one is nothing. Texts are stored as raw bytes. The schema is
 * public (veer-store(5)), versioned by user_version, migrated on opening; a newer one is refused.
 * store_each_...() return what `each` returned when that was not 0, which ends the walk; what
 * `each` is given lasts until it returns. Owner: one writing thread. Readers open their own
 * connection with store_open_read(). store_open() is for a run: one at a time has a store
 * (alert/store_lock.h), -EBUSY tells of another; store_open_existing() is for an act beside it.
 */
#ifndef ALERT_STORE_H
#define ALERT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "ingest/event.h"

struct err;
struct model;
struct pseudonym_key;
struct store;

struct store *store_open(const char *path, struct err *e);
struct store *store_open_existing(const char *path, struct err *e);     /* -ENOENT; makes no file */
struct store *store_open_read(const char *path, struct err *e);
/* Whether a live run keeps its place here. */
bool store_is_live(struct store *s);
void store_close(struct store *s);              /* an open transaction is rolled back */

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* Writing; inside a transaction. Texts come from ids. Of an alert that is there already nothing is
 * changed, but that an (earlier) clearing is kept.
 */
int store_put_alert(struct store *s, const struct alert *a, const struct ids *ids, struct err *e);
/* The user of an alert is back at the old interest; the earliest time stays. -ENOENT: no such
 * alert.
 */
int store_set_cleared(struct store *s, uint64_t alert_id, int64_t cleared_ms, struct err *e);
/* One step of the user's interest around an alert. */
int store_put_evidence(struct store *s, uint64_t alert_id, int64_t step_ms, const char *category,
	double interest, struct err *e);
int store_put_reject(struct store *s, const char *source, const struct reject_row *r,
	struct err *e);
/* Appends an event (live runs); its rowid, ascending in the order of processing, goes to
 * ret_seq.
 */
int store_put_event(struct store *s, const struct event *ev, const struct ids *ids,
	int64_t *ret_seq, struct err *e);
/* Deletes events older than before_ms, but none after checkpoint seq. */
int store_retain(struct store *s, int64_t before_ms, int64_t upto_seq, struct err *e);
/* Begins an epoch; nothing when the newest one has this model already. */
int store_put_model(struct store *s, const struct model *m, int64_t since_ms, struct err *e);

/* What an operator said of an alert: a change there was, or a false alarm. */
enum label { LABEL_NONE, LABEL_TRUE, LABEL_FALSE, LABEL_N };
extern const char *const label_name[LABEL_N];
#define STORE_NOTE_MAX 4096     /* bytes */
struct store_label {
	uint64_t alert_id;
	enum label label;
	int64_t set_ms;                 /* when it was said, by the clock on the wall */
	const char *note;               /* raw bytes */
	size_t note_len;
	/* of the alert; only when read */
	const char *user;
	size_t user_len;
	enum kind kind;
	int64_t onset_ms, time_ms;
};
/* LABEL_NONE takes a label away; a new one replaces the old, note and all. -ENOENT: no such
 * alert.
 */
int store_set_label(struct store *s, const struct store_label *l, struct err *e);
/* In the order of the alerts: time, user, kind. */
int store_each_label(struct store *s, int (*each)(void *ctx, const struct store_label *l),
	void *ctx, struct err *e);
/* That of one alert, when it has any. */
int store_one_label(struct store *s, uint64_t alert_id,
	int (*each)(void *ctx, const struct store_label *l), void *ctx, struct err *e);

/* Small facts of a run, by name: "released_ms", "checkpoint_seq", counters... */
int store_set_number(struct store *s, const char *name, int64_t value, struct err *e);
/* False when there is none. */
bool store_get_number(struct store *s, const char *name, int64_t *ret);

/* Made with the store. */
int store_get_mask_key(struct store *s, struct pseudonym_key *ret, struct err *e);

struct store_place {
	char path[4096];
	uint64_t device, inode, offset;         /* next byte to read after a restart */
	uint64_t read;          /* rows before this offset were already judged late or not */
};
int store_put_place(struct store *s, const struct store_place *p, struct err *e);
int store_each_place(struct store *s, int (*each)(void *ctx, const struct store_place *p),
	void *ctx, struct err *e);

/* Checkpoint of profiles: an opaque blob a user. */
int store_put_profile(struct store *s, const char *user, size_t user_len, const void *blob,
	size_t len, struct err *e);
int store_each_profile(struct store *s, int (*each)(void *ctx, const char *user, size_t user_len,
	const void *blob, size_t len), void *ctx, struct err *e);
/* Events with rowid > after_seq in order of rowid; times, ids as text. */
struct store_event {
	int64_t seq, time_ms;
	const char *user, *item, *category;
	size_t user_len, item_len, category_len;
	enum behaviour behaviour;
	float price, quantity;
};
int store_each_event(struct store *s, int64_t after_seq, int (*each)(void *ctx,
	const struct store_event *ev), void *ctx, struct err *e);
/* One user's events, oldest first, up to a time. */
int store_each_user_event(struct store *s, const char *user, size_t user_len, int64_t upto_ms,
	int (*each)(void *ctx, const struct store_event *ev), void *ctx, struct err *e);
/* The nearest events around a time. A live run stores events in the order of time, which makes seq
 * an index of time too: as many look-ups as the number of events has bits. user NULL: anybody's.
 */
struct store_around {
	int64_t before_ms, after_ms;    /* before_ms <= t_ms < after_ms; INT64_MIN, INT64_MAX:
		 * none */
};
int store_events_around(struct store *s, const char *user, size_t user_len, int64_t t_ms,
	struct store_around *ret, struct err *e);
bool store_has_dropped(struct store *s);        /* store_retain() has deleted events */
/* The time of the event at a share of all, from 0, the oldest, to 1; INT64_MIN: there is none. */
int store_event_at(struct store *s, double share, int64_t *ret_ms, struct err *e);
/* The newest model of the store (its epoch's start goes to ret_since_ms). False when there is none,
 * then e->code is 0, or when it cannot be read.
 */
bool store_get_model(struct store *s, struct model *ret, int64_t *ret_since_ms, struct err *e);

#endif
