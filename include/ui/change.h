/* change.h - an alert's shares, or its sessions a day, before the onset and since, as bars. */
#ifndef UI_CHANGE_H
#define UI_CHANGE_H

#include <stdint.h>

#include "ui/term.h"

struct ui;

#define CHANGE_LINES 3

void change_draw(struct ui *u, uint32_t alert, struct box b);

#endif
