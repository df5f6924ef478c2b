/* who.h - a user asked for by id or name, in any view; while ids are masked, by id or mask. */
#ifndef UI_WHO_H
#define UI_WHO_H

#include <stdint.h>

struct ui;

/* DICT_NONE: there is none, which it says, with ids that begin so. */
uint32_t who_find(struct ui *u, const char *id);
void who_ask(struct ui *u, int unused);         /* shows that user in USER */

#endif
