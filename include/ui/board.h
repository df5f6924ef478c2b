/* board.h - what is known of alerts beside what detection says: state, label, notes, marks.
 *
 * Only of alerts that something was done with. Comes from the store through the desk, so that what
 * the screen shows is written; marks are the screen's own. Without a store there are marks alone.
 * Memory: 48 bytes an alert that was touched, and its notes. Owner: the ui thread.
 */
#ifndef UI_BOARD_H
#define UI_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/triage.h"

struct desk;
struct parts;
struct ui;

#define BOARD_NONE UINT32_MAX
#define BOARD_LEFT_MAX 24

struct board_entry {
	uint64_t id;
	int64_t until_ms, at_ms;        /* at: when it got its state */
	uint32_t alert;                 /* its number in the feed, or BOARD_NONE: not there yet */
	uint32_t note;                  /* the newest that stands, or BOARD_NONE */
	uint32_t author;                /* of the state */
	uint8_t state, label;           /* enum triage_state; enum label */
	bool is_marked;
};

struct board_note {
	int64_t seq, at_ms;
	char *text;                     /* scrubbed */
	uint32_t before;                /* of the same alert */
	uint32_t author;
	bool is_withdrawn;
};

/* Of the snapshot's alerts: how many there are, and how many of each that are new no more. */
struct board_counts {
	uint32_t severe, high, low, cleared;
	uint32_t acknowledged, shelved, marked;
};

struct board {
	struct desk *desk;              /* NULL: there is no store, or not yet */
	struct board_entry *entry;
	uint32_t *slot;                 /* hash by id: place in entry plus 1 */
	struct board_note *note;
	char **author;
	uint32_t n, cap, n_slots, n_notes, cap_notes, n_authors;
	uint32_t n_placed;              /* alerts that were looked up */
	bool is_shut;                   /* the desk could not be opened */
	bool has_strays;                /* entries whose alert may be among those */
	int64_t next_ms;                /* when a shelf's countdown changes; INT64_MAX: never */
	uint32_t version;               /* counts up with each change */
	struct board_counts counts;
};

void board_done(struct board *b);
/* Takes in what is new: news of the store, alerts, the time. */
void board_look(struct ui *u);
/* NULL: nothing was done with it. */
struct board_entry *board_find(const struct board *b, uint64_t id);
/* Makes one; NULL: out of memory. */
struct board_entry *board_touch(struct board *b, uint64_t id);
/* Of alert i of the feed, by the console's clock: 'N', 'A', 'C' or 'S', and as a word. */
char board_state(const struct ui *u, uint32_t i);
const char *board_word(char state);
/* "(22m left)" of a shelved alert, else "". */
const char *board_left(const struct ui *u, uint32_t i, char buf[BOARD_LEFT_MAX]);
/* What was done with it, in parts: false when that is nothing. */
bool board_history(struct ui *u, uint32_t i, struct parts *p);

#endif
