/* user_sheet.h - one user on paper: the portrait, the alerts and the last events as lines of text.
 *
 * Everything from the log is scrubbed, and shown as the locale can show it; columns are aligned by
 * the width of the text. Owner: main.
 */
#ifndef MAIN_USER_SHEET_H
#define MAIN_USER_SHEET_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"

struct ids;
struct names;
struct portrait;
struct text;
struct zone;

#define SHEET_CELLS 32u
#define SHEET_ROWS 12u
#define SHEET_EVENTS 10u

struct sheet {
	struct text *to;
	const struct ids *ids;
	const struct names *names;      /* may be NULL */
	const struct zone *zone;
	bool utf8;
	uint32_t limit;                 /* of events */
};

void sheet_head(const struct sheet *s, const struct portrait *p);
/* A store that lets go of old events has no more of the user than these. */
void sheet_kept(const struct sheet *s, const struct portrait *p);
/* Categories with their shares and sparklines, and the change score. */
void sheet_interests(const struct sheet *s, const struct portrait *p);
void sheet_alert(const struct sheet *s, const struct alert *a, const char *state);
/* One step of an alert's evidence; `first` begins the line of a category. */
void sheet_evidence(const struct sheet *s, const char *category, int64_t step_ms, double interest,
	bool first);
void sheet_events(const struct sheet *s, const struct portrait *p);

#endif
