/* pane.h - one user's portrait in a box: the body of USER, and the right half of a wide LIVE.
 *
 * The window is chosen by the data: three times the way back to the onset of the user's newest
 * alert, a day at least, and twenty events of before; the whole history where there is no alert, or
 * where that is shorter. A person may choose another. Under the charts: "!" at an alert, a triangle
 * at its onset.
 */
#ifndef UI_PANE_H
#define UI_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "detect/outlook.h"
#include "engine/portrait.h"
#include "ui/term.h"

struct ui;

#define PANE_NO_CURSOR UINT32_MAX

/* A person's choice; all zero: by the data, up to now. */
struct pane_window {
	int64_t span_ms;                /* 0: as above */
	bool has_edge;
	int64_t edge_ms;                /* the right one, when it has one */
	bool is_large;                  /* plots alone */
};

/* What charts reach at least, so that those of two panes can be compared. */
struct pane_tops {
	float cell, score;
};

struct pane {
	bool is_made;
	bool is_empty;          /* not made: there is no event up to then */
	struct portrait portrait;
	char trouble[ERR_TEXT_MAX];     /* why there is none */
	struct outlook outlook;         /* of channel forecast, where it speaks */
	uint64_t outlook_model;         /* the hash of the one it is by */
	uint32_t user;
	int64_t data_ms, made_ms;
	uint32_t n_cells, n_rows;
	int64_t span_ms;                /* asked for; 0: all */
	struct pane_window window;
	struct pane_tops tops;
	int page;                       /* events shown by the last draw */
};

struct pane_place {                     /* in the list of events, newest first */
	uint32_t cursor;                /* row, or PANE_NO_CURSOR */
	uint32_t top;
	uint32_t alert;                 /* that it came from, plus 1, until the cursor moves: its
		 * events may not be kept any more */
};

void pane_done(struct pane *p);
/* The user as of the snapshot, sized for the box; made anew only when something changed. */
void pane_look(struct pane *p, struct ui *u, uint32_t user, const struct pane_window *w,
	struct box b);
/* The newest event up to a time, from the oldest; the oldest when all are later. */
uint32_t pane_index(const struct portrait *q, int64_t ms);
/* The newest alert up to the event under the cursor, or ROLL_NONE. */
uint32_t pane_alert(const struct pane *p, const struct ui *u, const struct pane_place *place);
/* "LAST 7d, 6.5h/cell" or "24h TO 11-29 10:00:00, 45 min/cell". */
#define PANE_SPAN_MAX 96
void pane_span(const struct pane *p, const struct ui *u, char buf[PANE_SPAN_MAX]);
/* The user's alerts and onsets below a chart of the portrait's cells. */
void pane_marks(const struct portrait *q, struct ui *u, int line, int column, int width);
void pane_draw(struct pane *p, struct ui *u, struct box b, struct pane_place *place);

#endif
