/* plot.h - a portrait in large: an area chart a category and the change score, one axis of time. */
#ifndef UI_PLOT_H
#define UI_PLOT_H

#include <stdint.h>

#include "ui/term.h"

struct pane;
struct ui;

/* What the portrait must have for a box. */
uint32_t plot_cells(const struct ui *u, struct box b);
uint32_t plot_rows(struct box b);
void plot_draw(struct ui *u, const struct pane *p, struct box b);

#endif
