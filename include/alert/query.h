/* query.h - the read side of the store: alerts by user, time, severity, for commands and screens.
 *
 * Read-only connection; every value is bound. Owner: the thread that opened it.
 */
#ifndef ALERT_QUERY_H
#define ALERT_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"

struct store;

struct query_alerts {
	const char *user;               /* NULL: all; exact bytes */
	const char *category;           /* NULL: all; from or to */
	int64_t from_ms, to_ms;         /* inclusive; INT64_MIN, INT64_MAX: open */
	unsigned min_severity;
	const char *state;              /* NULL: all */
	int64_t now_ms;                 /* at which shelves are looked at */
	bool labelled;                  /* only those with a label */
	uint32_t limit;                 /* 0: all; else the newest so many, still oldest first */
};

/* Fills ids' dictionaries with what is read, so that alert_row() can write it. In order of
 * (time, user, kind). each returns non-zero to stop.
 */
int query_each_alert(struct store *s, const struct query_alerts *q, struct ids *ids,
	int (*each)(void *ctx, const struct alert *a, const char *state), void *ctx, struct err *e);
int query_each_evidence(struct store *s, uint64_t alert_id, int (*each)(void *ctx, int64_t step_ms,
	const char *category, double interest), void *ctx, struct err *e);
int query_each_reject(struct store *s, int (*each)(void *ctx, const char *source, uint64_t line,
	const char *why, const char *text, size_t len), void *ctx, struct err *e);

#endif
