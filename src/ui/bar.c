#include "ui/bar.h"

#include <string.h>

#include "engine/feed.h"
#include "model/model.h"
#include "ui/term.h"

int bar_cell(const struct bar *b, int64_t ms)
{
	double span = (double)(b->last_ms - b->first_ms);
	int last = b->width > 1 ? b->width - 1 : 0, cell;

	if (ms <= b->first_ms || !(span > 0))
		return 0;
	if (ms >= b->last_ms)
		return last;
	cell = (int)((double)(ms - b->first_ms) / span * b->width);
	return cell < last ? cell : last;
}

enum tick bar_tick(unsigned severity)
{
	switch (model_priority(severity)) {
	case 'S':
		return TICK_SEVERE;
	case '!':
		return TICK_HIGH;
	default:
		return TICK_LOW;
	}
}

void bar_look(struct bar *b, struct feed *f, uint32_t n)
{
	uint32_t i;

	if (b->width > BAR_MAX)
		b->width = BAR_MAX;
	b->n = n;
	memset(b->tick, TICK_NONE, sizeof b->tick);
	for (i = n; i > 0; i--) {
		const struct finding *found = &feed_alert(f, i - 1)->f;
		enum tick tick = bar_tick(found->severity);
		uint8_t *cell;

		if (found->time_ms < b->first_ms)
			break;
		cell = &b->tick[bar_cell(b, found->time_ms)];
		if (found->time_ms <= b->last_ms && tick > *cell)
			*cell = (uint8_t)tick;
	}
}

void bar_draw(const struct bar *b, struct term *t, int line, int column, int64_t now_ms)
{
	static const struct { char sign; enum ink ink; } tick[] = {
		[TICK_LOW] = { ':', INK_TEXT }, [TICK_HIGH] = { '!', INK_HIGH },
		[TICK_SEVERE] = { '!', INK_SEVERE },
	};
	int at = now_ms == INT64_MAX ? b->width : bar_cell(b, now_ms), x;
	char past = now_ms == INT64_MAX ? '.' : '=';

	for (x = 0; x < b->width; x++) {
		char cell[2] = { x < at ? past : '-', 0 };
		enum ink ink = x < at ? INK_BAR : INK_DIM;

		if (b->tick[x]) {
			cell[0] = tick[b->tick[x]].sign;
			ink = tick[b->tick[x]].ink;
		}
		if (x == at) {
			cell[0] = 'O';
			ink = INK_CURSOR;
		}
		term_put(t, line, column + x, 1, ink, cell);
	}
}
