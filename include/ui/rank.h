/* rank.h - alerts by score or by user: new ones are sorted, and merged into those that are.
 *
 * Ends on top: the highest score, the first user; of equals the newest.
 */
#ifndef UI_RANK_H
#define UI_RANK_H

#include <stdbool.h>
#include <stdint.h>

struct ui;

enum list_sort { LIST_TIME, LIST_SCORE, LIST_USER, LIST_SORTS };

/* Of alert[n] the first `old` are in order; false: out of memory, and the others are not. */
bool rank_merge(struct ui *u, enum list_sort by, uint32_t *alert, uint32_t old, uint32_t n);

#endif
