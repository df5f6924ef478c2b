/* parts.h - a line made of parts, the least important of which are left out where it is narrow. */
#ifndef UI_PARTS_H
#define UI_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/term.h"

#define PARTS_MAX 48
#define PART_TEXT_MAX 320

struct part {
	char text[PART_TEXT_MAX];
	enum ink ink;
	uint8_t rank;           /* the highest goes first; 0 stays and is cut */
	uint8_t gap;            /* blanks before it */
	uint8_t least;          /* it is cut to so many columns before it goes; 0: it is not */
	bool is_right;          /* it and what follows stand at the right edge */
};

struct parts {
	struct part part[PARTS_MAX];
	unsigned n;
};

/* Texts beyond PART_TEXT_MAX are cut at a character; parts beyond PARTS_MAX replace the last. */
struct part *parts_add(struct parts *p, unsigned rank, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void parts_draw(const struct parts *p, struct term *t, int line, int column, int width);

#endif
