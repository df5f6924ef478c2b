/* list.h - which alerts LIVE lists, in which order: filtered and sorted, newest first without that.
 *
 * A list is of the alerts up to live.list.n, the moment it was held. Rows are counted from the top.
 * Owner: the ui thread.
 */
#ifndef UI_LIST_H
#define UI_LIST_H

#include <stdint.h>

struct ui;

uint32_t list_n(const struct ui *u);
uint32_t list_at(const struct ui *u, uint32_t row);     /* the number of an alert */
/* The row of an alert; where it is not listed, that of the next older one that is. */
uint32_t list_row(const struct ui *u, uint32_t alert);

#endif
