/* triage.h - what operators do with alerts: acknowledge, shelve until a time, label, note, undo.
 *
 * Each act is written with who did it and when, beside what it changed: table transition of
 * veer-store(5). What detection says of an alert is not touched: an alert that nobody took care of
 * is new or cleared, and so is a shelved one from its time on, without anything being written then.
 * Owner: the thread of the store.
 */
#ifndef ALERT_TRIAGE_H
#define ALERT_TRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

enum triage_state { TRIAGE_NEW, TRIAGE_ACKNOWLEDGED, TRIAGE_SHELVED, TRIAGE_STATES };
extern const char *const triage_name[TRIAGE_STATES];

enum triage_field { TRIAGE_NOTHING, TRIAGE_STATE, TRIAGE_LABEL, TRIAGE_NOTE, TRIAGE_FIELDS };

#define TRIAGE_AUTHOR_MAX 64    /* bytes, with the NUL */

struct triage_act {
	uint64_t alert_id;
	enum triage_field field;
	unsigned value;         /* enum triage_state, or enum label of store.h */
	int64_t until_ms;       /* of TRIAGE_SHELVED */
	int64_t note;           /* the number of the note to be withdrawn; 0: text is a new one */
	const char *text;       /* of a note, or why a label: raw bytes */
	size_t len;             /* at most STORE_NOTE_MAX */
	const char *author;
	int64_t time_ms;        /* by the clock on the wall */
	bool is_undo;           /* only done where `expected` is still the value */
	unsigned expected;
};

/* Inside a transaction. What takes the act back goes to ret_back, which the caller frees with
 * triage_done(); its field is TRIAGE_NOTHING where all was so already and nothing was written.
 * -ENOENT: no such alert; -ESTALE: an undo of what has been changed since.
 */
int triage_do(struct store *s, const struct triage_act *act, struct triage_act *ret_back,
	struct err *e);
void triage_done(struct triage_act *back);

/* A transition as it stands in the store; of a note that was withdrawn, note_len is 0. */
struct triage_change {
	int64_t seq, time_ms, until_ms, note;
	uint64_t alert_id;
	enum triage_field field;
	unsigned value;
	const char *author, *text;
	size_t author_len, len;
};
/* Those with a higher seq, in that order; what each is given lasts until it returns. */
int triage_each(struct store *s, int64_t after_seq,
	int (*each)(void *ctx, const struct triage_change *c), void *ctx, struct err *e);

/* One alert's, in words, as people read them. */
struct triage_row {
	int64_t time_ms, until_ms;      /* INT64_MIN: is not */
	const char *author, *field, *was, *became, *text;       /* of a note, or why */
	size_t author_len, len;
};
int triage_each_row(struct store *s, uint64_t alert_id,
	int (*each)(void *ctx, const struct triage_row *row), void *ctx, struct err *e);

#endif
