/* pane.h - one user's portrait in a box: the body of USER, and the right half of a wide LIVE.
 *
 * The window is chosen by the data: three times the way back to the onset of the user's newest
 * alert, a day at least; the whole history where there is no alert, or where that is shorter.
 */
#ifndef UI_PANE_H
#define UI_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/portrait.h"
#include "ui/term.h"

struct ui;

#define PANE_NO_CURSOR UINT32_MAX

struct pane {
	bool is_made;
	struct portrait portrait;
	char trouble[ERR_TEXT_MAX];     /* why there is none */
	uint32_t user;
	int64_t data_ms, made_ms;
	uint32_t n_cells, n_rows;
	int64_t span_ms;                /* asked for; 0: all */
	int page;                       /* events shown by the last draw */
};

struct pane_place {                     /* in the list of events, newest first */
	uint32_t cursor;                /* row, or PANE_NO_CURSOR */
	uint32_t top;
};

void pane_done(struct pane *p);
/* The user as of the snapshot, sized for the box; made anew only when something changed. */
void pane_look(struct pane *p, struct ui *u, uint32_t user, struct box b);
void pane_draw(struct pane *p, struct ui *u, struct box b, struct pane_place *place);

#endif
