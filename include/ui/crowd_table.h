/* crowd_table.h - POPULATION's crowds: those of its alerts and its window, the newest first.
 */
#ifndef UI_CROWD_TABLE_H
#define UI_CROWD_TABLE_H

#include <stdbool.h>

#include "alert/crowd.h"
#include "ui/tables.h"

struct box;
struct ui;

struct crowd_table {
	struct crowds crowds;
	uint32_t *row, n;               /* numbers of crowds; owned */
	struct tables_place place;
};

void crowd_table_done(struct crowd_table *t);
/* As of the tables beside; false: out of memory, and there is none. */
bool crowd_table_look(struct crowd_table *t, struct ui *u, const struct population_options *o);
/* NULL: there is none. */
const struct crowd *crowd_table_row(const struct crowd_table *t, uint32_t row);
void crowd_table_draw(struct crowd_table *t, struct ui *u, struct box b);

#endif
