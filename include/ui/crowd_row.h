/* crowd_row.h - a crowd as a row of LIVE's list, and what is told of it below.
 */
#ifndef UI_CROWD_ROW_H
#define UI_CROWD_ROW_H

#include <stdbool.h>

struct box;
struct crowd;
struct row_plan;
struct ui;

#define CROWD_NAME_MAX 320
/* "* > Gift cards", "Phones > *". */
char *crowd_pair(const struct ui *u, const struct crowd *c, char buf[CROWD_NAME_MAX]);
/* In place of row_draw(). */
void crowd_row_draw(struct ui *u, const struct row_plan *g, const struct crowd *c, int line,
	bool is_cursor);
/* Five lines. */
void crowd_detail(struct ui *u, const struct crowd *c, struct box b);

#endif
