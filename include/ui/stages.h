/* stages.h - what the stages of the pipeline do: the table and charts of SYSTEM and of LIVE. */
#ifndef UI_STAGES_H
#define UI_STAGES_H

#include <stdbool.h>

#include "ui/term.h"

struct ui;

/* A head and a line a stage; brief: without what goes out and the median. Each returns the lines
 * used, at most those of the box.
 */
int stages_draw(struct ui *u, struct box b, bool is_brief);
/* The lag and the rate of ten minutes. */
int stages_charts(struct ui *u, struct box b);

#endif
