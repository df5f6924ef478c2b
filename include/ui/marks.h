/* marks.h - moments a person has marked, a to z: on the bar, and to go back to. */
#ifndef UI_MARKS_H
#define UI_MARKS_H

#include <stdint.h>

struct parts;
struct ui;

#define MARKS_MAX 26

struct marks {
	int64_t at_ms[MARKS_MAX];
	uint32_t set;           /* a bit each */
};

/* Ask for a letter. */
void marks_ask(struct ui *u, int unused);
void marks_ask_go(struct ui *u, int unused);
/* Letters over a bar whose first cell is there. */
void marks_draw(struct ui *u, int line, int column);
/* "marks a b"; nothing when there is none. */
void marks_add(const struct ui *u, struct parts *p, unsigned rank);

#endif
