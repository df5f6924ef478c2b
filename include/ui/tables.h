/* tables.h - the tables of POPULATION: kept while nothing changes or the view is held, and drawn.
 *
 * Owner: the ui thread.
 */
#ifndef UI_TABLES_H
#define UI_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/population.h"
#include "ui/term.h"

struct parts;
struct ui;

#define TABLES_NO_CURSOR UINT32_MAX

struct tables {
	bool is_made;
	struct population p;
	struct population_options o;    /* of what is made, or was tried */
	uint32_t n_cleared;
	uint32_t max_cell, max_hour;    /* of all rows: charts of one scale can be compared */
	int64_t made_ms, took_us;
	unsigned window;                /* tables_window[] */
	enum population_sort sort;
};

struct tables_place {                   /* of a list */
	uint32_t cursor, top;
	int page;                       /* rows shown by the last draw */
	bool has_focus;
};

#define TABLES_WINDOWS 4
extern const int64_t tables_window[TABLES_WINDOWS];     /* the last is 0: all */
extern const char *const tables_window_name[TABLES_WINDOWS];

/* The window of POPULATION. Where nobody chose one: live, the last day matters; of a log that is
 * over, all of it.
 */
unsigned tables_choose(struct ui *u);
void tables_done(struct tables *t);
/* Made anew when window, order or size changed, and now and then when alerts did; held: as of the
 * alerts of before. False: out of memory.
 */
bool tables_look(struct tables *t, struct ui *u, uint32_t n_cells, bool is_held);

/* Each a head and the rows that fit below it. */
void tables_categories(const struct tables *t, struct ui *u, struct box b,
	struct tables_place *place);
void tables_flows(const struct tables *t, struct ui *u, struct box b, struct tables_place *place);
/* Rows as in the list of categories. */
void tables_hours(const struct tables *t, struct ui *u, struct box b,
	const struct tables_place *place);
/* From the categories that lose most (rows) to those that gain most (columns). */
void tables_matrix(const struct tables *t, struct ui *u, struct box b,
	const struct population_pick *pick);

uint32_t tables_cells(const struct ui *u, int columns); /* of a chart, for a box so wide */

#endif
