/* history.h - every event of a run over files, user by user, oldest first.
 *
 * Batches go in in any order; history_seal() makes the users' events contiguous and sorts each
 * user's by (time, category, item, behaviour, price, quantity), ids by their bytes, so that nothing
 * depends on files or threads. At most 32 bytes an event; beyond the memory given, events are
 * partitioned by user into unlinked files under TMPDIR and read back mapped, so that resident
 * memory stays bounded. Owner: one thread until sealed; afterwards read-only, any thread.
 */
#ifndef SERIES_HISTORY_H
#define SERIES_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"

struct history;

/* One user's events, borrowed from the history; price, quantity are NULL when no row has them. */
struct user_events {
	uint32_t n;
	const int64_t *time_ms;
	const uint32_t *item, *category;
	const uint8_t *behaviour;
	const float *price, *quantity;
};

/* memory_bytes: for event columns, 0 for no limit. ids are borrowed until history_free(). */
struct history *history_new(const struct ids *ids, size_t memory_bytes, struct err *e);
void history_free(struct history *h);
/* A load_sink: takes the batch. */
int history_take(void *history, struct batch *b, struct err *e);
/* The sort runs on `threads` threads; called once. */
int history_seal(struct history *h, unsigned threads, struct err *e);

uint64_t history_n_events(const struct history *h);
uint32_t history_n_users(const struct history *h);      /* numbers 0..n-1 of ids.user */
/* INT64_MAX, INT64_MIN when there is no event. */
void history_range(const struct history *h, int64_t *ret_first_ms, int64_t *ret_last_ms);
/* The last event that is not stray: of the newest thousandth those are, if they take up more than a
 * tenth of the time of the rest (a wrong clock must not make everybody silent). -ENOMEM.
 */
int history_body_end(const struct history *h, int64_t *ret_ms, struct err *e);
/* The first event that is not, the same with the oldest. */
int history_body_start(const struct history *h, int64_t *ret_ms, struct err *e);
bool history_is_spilled(const struct history *h);
void history_user(const struct history *h, uint32_t user, struct user_events *ret);

/* All events by (time, user bytes, index): built on the first call (one thread), 4 bytes an event
 * more, which lie in a mapped file when the history is spilled. What follows needs it.
 */
int history_order(struct history *h, struct err *e);
/* The k-th event in that order: its user, and its index among the user's. */
void history_nth(const struct history *h, uint64_t k, uint32_t *ret_user, uint32_t *ret_index);
/* How many events have time <= t_ms. */
uint64_t history_rank(const struct history *h, int64_t t_ms);

#endif
