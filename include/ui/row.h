/* row.h - an alert as a row of a list: sign, state, time, user, where from and to, score, a chart.
 */
#ifndef UI_ROW_H
#define UI_ROW_H

#include <stdbool.h>
#include <stdint.h>

struct interest;
struct ui;

/* Columns of the rows, and the span of the chart. */
struct row_plan {
	int columns, time_x, user_x, user, pair_x, pair, score_x, chart_x, chart;
	int64_t window_ms;
};

/* From the onset of a change to its alert, in the median of n alerts from the first on; of more
 * than a thousand, of those that stand evenly among them.
 */
int64_t row_delay_ms(const struct ui *u, uint32_t first, uint32_t n);

struct row_plan row_plan(const struct ui *u, int columns);
void row_heads(struct ui *u, const struct row_plan *g, int line);
void row_draw(struct ui *u, const struct row_plan *g, uint32_t alert, int line, bool is_cursor);
/* The user's interest as the row's chart has it. */
const struct interest *row_interest(struct ui *u, const struct row_plan *g, uint32_t alert);

#endif
