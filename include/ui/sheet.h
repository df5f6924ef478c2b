/* sheet.h - an answer of the store as a table: columns as wide as their texts, bars for a number.
 *
 * A wide table begins at the column `left`; as a record it shows one row, a column a line. Columns
 * of users, items and categories show the names of --names. Widths are those of the first rows.
 * Owner: the ui thread.
 */
#ifndef UI_SHEET_H
#define UI_SHEET_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/term.h"

struct ask_answer;
struct ui;

#define SHEET_COLUMNS_MAX 200
#define SHEET_TEXT_MAX 512

struct sheet_column {
	int width;
	int decimals;           /* of reals; -1: as many as each needs */
	bool is_number;
	bool is_id;             /* of something that may have a name */
	uint8_t users;          /* enum ask_users */
	bool is_moment;         /* milliseconds since 1970, in a column of the schema */
};

struct sheet {
	uint32_t cursor, top;
	unsigned left, n_shown; /* columns: the first shown, and how many the last draw showed */
	int page;
	int bar;                /* the column whose numbers are drawn as bars; -1: none */
	double bar_max;
	bool has_bars;          /* the last draw had room for them */
	bool is_raw;            /* moments as the numbers they are */
	bool is_record;
	unsigned n_columns;
	struct sheet_column column[SHEET_COLUMNS_MAX];
};

/* A new answer: the cursor goes to the first row. */
void sheet_take(struct sheet *s, struct ui *u, const struct ask_answer *a);
void sheet_draw(struct sheet *s, struct ui *u, const struct ask_answer *a, struct box b);
void sheet_next_bar(struct sheet *s, const struct ask_answer *a);
void sheet_turn_raw(struct sheet *s, struct ui *u, const struct ask_answer *a);
void sheet_shift(struct sheet *s, int columns);

#endif
