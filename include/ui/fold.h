/* fold.h - crowds in LIVE's list: a row stands for all alerts of a crowd that the list has.
 *
 * That is the topmost of them in the list's order, so that where the list is, the crowd is, too.
 * Severe ones are folded as well: a flood is when they would fill the screen, and the row has the
 * colour of the gravest. While the list is held its crowds are those of that moment. Memory: that
 * of the crowds, and 4 bytes a row. Owner: the ui thread.
 */
#ifndef UI_FOLD_H
#define UI_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/crowd.h"

struct needle;
struct parts;
struct ui;

struct fold {
	struct crowds crowds;           /* of the list's alerts */
	bool is_off;                    /* all rows are shown */
	uint32_t *row, n, cap;          /* numbers of alerts, the lowest row first */
	uint32_t *top, cap_top;         /* by crowd: the alert that stands for it, or ROLL_NONE */
	uint32_t *member, cap_member;   /* of the crowd asked for last */
	uint32_t changes, n_list;       /* of the list that the rows are of */
	bool is_stale;
	int64_t made_ms, cost_ms;
};

void fold_done(struct fold *f);
/* The alerts have others' numbers now, or went back. */
void fold_forget(struct fold *f);
/* Crowds become those of the feed's first n alerts; false: out of memory. */
bool fold_sync(struct ui *u, struct crowds *c, uint32_t n);
/* Looks for crowds among the alerts of the list; false: out of memory, and the list is unfolded. */
bool fold_look(struct ui *u);
/* Makes the rows, once the list is made; false as above. */
bool fold_make(struct ui *u);
bool fold_is_on(const struct ui *u);    /* there is a crowd, and it is folded */

/* The crowd that the row of an alert stands for; NULL: an alert's own row. */
const struct crowd *fold_crowd(const struct ui *u, uint32_t alert);
/* The alert in whose row an alert is. */
uint32_t fold_top(const struct ui *u, uint32_t alert);
/* Numbers of all alerts of a crowd of crowds in order of time, until the next call; NULL: out of
 * memory.
 */
const uint32_t *fold_members(struct ui *u, const struct crowds *c, const struct crowd *crowd);
/* In the alert of a row, or in any of its crowd. */
bool fold_has(struct ui *u, struct needle *e, uint32_t alert);

uint32_t fold_running(const struct ui *u);      /* crowds that are not over */
void fold_toggle(struct ui *u, int unused);

#endif
