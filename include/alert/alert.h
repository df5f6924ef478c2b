/* alert.h - a finding as the row people and programs get: CONTRACT's "Alert row".
 *
 * An alert borrows its texts from the run's dictionaries. Rows are sorted by (time, user, kind).
 */
#ifndef ALERT_ALERT_H
#define ALERT_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/finding.h"
#include "ingest/event.h"

struct err;
struct text;

enum alert_form { ALERT_CSV, ALERT_JSONL };

struct alert {
	struct finding f;
	uint64_t id;            /* of (user, kind, onset, time, model hash): veer-store(5) */
	uint64_t model;         /* hash of the model that raised it */
	int64_t cleared_ms;     /* when the user was back at the old interest; INT64_MIN: is not */
};

/* Not cleared. */
struct alert alert_make(const struct finding *f, const struct ids *ids, uint64_t model_hash);
/* "cleared" or "new". */
const char *alert_state(const struct alert *a);
/* By (time, user bytes, kind). ids are needed for the users' bytes. */
void alert_sort(struct alert *a, uint32_t n, const struct ids *ids);

bool alert_form_parse(const char *word, enum alert_form *ret);
void alert_header(struct text *t, enum alert_form form);
void alert_row(struct text *t, enum alert_form form, const struct alert *a, const struct ids *ids,
	const char *state);
/* The same, and two columns more: label and note. */
struct alert_words {
	const char *state;
	const char *label;              /* NULL: none */
	const char *note;
	size_t note_len;                /* 0: none */
	const char *user;               /* instead of the id; NULL: the id */
};
void alert_header_labelled(struct text *t, enum alert_form form);
void alert_row_labelled(struct text *t, enum alert_form form, const struct alert *a,
	const struct ids *ids, const struct alert_words *w);
/* What stands on both sides of the > of an alert that names no categories: "surge 0.4/day" and
 * "2.1/day", "up 20.1" and "23".
 */
#define ALERT_SIDE_MAX 32
void alert_levels(const struct finding *f, char from[ALERT_SIDE_MAX], char to[ALERT_SIDE_MAX]);
/* far, per 1000 user-days, in words: "once in 40,000 user-days", to two digits; from once a day on
 * "more than once a user-day". NaN: "never calibrated".
 */
void alert_rarity(double far, char *buf, size_t n);
/* "once in 40,000 months", to two digits; "more than once a month". */
void alert_once_in(double n, const char *unit, char *buf, size_t size);

#endif
