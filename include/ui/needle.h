/* needle.h - whether alerts have a text in user or category; a category is looked at once.
 *
 * Memory: a byte a category; where there is none to be had, all is slower. Owner: the ui thread.
 */
#ifndef UI_NEEDLE_H
#define UI_NEEDLE_H

#include <stdbool.h>
#include <stdint.h>

struct ui;

struct needle {
	const char *text;       /* the caller's */
	uint8_t *category;      /* by number: 0 not looked at, 1 without, 2 with the text */
	uint32_t n;
};

void needle_init(struct needle *e, const struct ui *u, const char *text);
void needle_done(struct needle *e);
bool needle_is_in(struct needle *e, const struct ui *u, uint32_t alert);

#endif
