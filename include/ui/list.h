/* list.h - which alerts LIVE lists, in which order: filtered and sorted, newest first without that.
 *
 * A list is of the alerts up to live.list.n, the moment it was held. Rows are counted from the top.
 * Where a filter takes long, it goes on in slices, a slice a list_look(), and there are no rows
 * until it is through. Without filter and order of its own a list takes no memory. Owner: the ui
 * thread.
 */
#ifndef UI_LIST_H
#define UI_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/prompt.h"
#include "ui/rank.h"
#include "ui/sieve.h"

struct parts;
struct ui;

struct list_order {
	struct sieve sieve;             /* no pattern: no filter is set */
	char text[PROMPT_MAX];          /* of the pattern; "": no filter is set */
	bool is_off, is_inverted;
	enum list_sort sort;
	/* What came of it. */
	uint32_t *alert;                /* numbers, the lowest row first */
	uint32_t n, cap;
	uint32_t seen;                  /* alerts that were looked at */
	uint32_t changes;               /* counts up when it begins anew */
	uint32_t version, n_cleared;    /* of states, as they were then */
	bool is_masked;
	bool is_partial;                /* not all were looked at for the first time */
	int64_t made_ms;
};

void list_done(struct list_order *o);
/* Takes in what is new; false: out of memory, and the list is short. */
bool list_look(struct ui *u);

/* Rows, crowds folded. */
uint32_t list_n(const struct ui *u);                    /* 0 while it is partial */
unsigned list_percent(const struct ui *u);              /* how much of it was looked at */
bool list_is_whole(struct ui *u);                       /* says so when it is partial */
uint32_t list_at(const struct ui *u, uint32_t row);     /* the number of an alert */
/* The row of an alert, or of its crowd; where it is not listed, that of the next older one. */
uint32_t list_row(const struct ui *u, uint32_t alert);
/* All alerts of the list in the same order, whether they have a row or their crowd has. */
uint32_t list_all_n(const struct ui *u);
uint32_t list_all_at(const struct ui *u, uint32_t row);
void list_status(const struct ui *u, struct parts *p);

/* Both at once, without holding the list; false: the filter is no regex, and all is as it was. */
bool list_set(struct ui *u, const char *filter, enum list_sort sort);
void list_filter(struct ui *u, int unused);             /* asks for one */
void list_invert(struct ui *u, int unused);
void list_toggle(struct ui *u, int unused);             /* the filter off, or on again */
void list_sort(struct ui *u, int unused);               /* the next order */

#endif
