/* bar.h - a span of time as a line of cells with the alerts in it, and where the clock stands.
 *
 * "=" is past, "-" to come, ":" a low alert, "!" a high or severe one, "O" the clock. Rescans the
 * alerts only when they or the span change.
 */
#ifndef UI_BAR_H
#define UI_BAR_H

#include <stdint.h>

struct feed;
struct term;

#define BAR_MAX 512

enum tick { TICK_NONE, TICK_LOW, TICK_HIGH, TICK_SEVERE };

struct bar {
	int64_t first_ms, last_ms;
	uint32_t n;
	int width;
	uint8_t tick[BAR_MAX];  /* enum tick, the gravest in each cell */
};

/* The cell of a time in a span; times outside are in the first and the last. */
int bar_cell(const struct bar *b, int64_t ms);
enum tick bar_tick(unsigned severity);
/* The alerts among the first n with first_ms <= time <= last_ms. */
void bar_look(struct bar *b, struct feed *f, uint32_t n);
/* now_ms INT64_MAX: a strip that ends now, without a clock. */
void bar_draw(const struct bar *b, struct term *t, int line, int column, int64_t now_ms);

#endif
