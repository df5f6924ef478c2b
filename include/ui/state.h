/* state.h - where a person is in each view: cursors, windows, what is held. Each is its view's. */
#ifndef UI_STATE_H
#define UI_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/crowd.h"
#include "engine/population.h"
#include "ui/crowd_table.h"
#include "ui/hunt.h"
#include "ui/pane.h"
#include "ui/prompt.h"
#include "ui/tables.h"

struct live_list {              /* view_live.c */
	bool is_held;
	uint32_t n;             /* alerts in the list: those of the moment it was held */
	uint32_t cursor;        /* number of an alert of the feed */
	uint32_t top;           /* rows above the page */
	int page;
	char needle[PROMPT_MAX];
};

enum strip_pane { STRIP_LIST, STRIP_USER, STRIP_CATEGORIES, STRIP_LAST, STRIP_N };

struct strip_state {            /* strip.c */
	struct tables tables;
	struct tables_place categories, ways;
	struct pane_place events;
	uint32_t alert;         /* whose user's event is under the cursor: index, from the oldest */
	uint32_t index;
	enum strip_pane focus;
	bool is_zoomed;         /* the list alone */
};

struct live_state {
	struct live_list list, before_find;
	struct hunt hunt;
	struct pane pane;
	struct strip_state strip;
};

struct compare_state {          /* compare.c */
	bool is_on;
	uint32_t user;          /* the second one */
	struct pane pane;
};

struct user_state {             /* view_user.c */
	uint32_t user;
	bool is_held;
	uint32_t index;         /* of the event under the cursor, from the oldest, while held */
	int64_t wanted_ms;      /* goes to the newest event up to then; INT64_MIN: nowhere */
	struct pane_place place;
	struct pane_window window;
	struct pane pane;
	struct compare_state beside;
};

/* There are crowds only where their table has one. */
enum population_pane { PANE_CATEGORIES, PANE_FLOWS, PANE_HOURS, PANE_CROWDS, PANE_N };

struct population_state {       /* view_population.c */
	struct tables tables;
	struct crowd_table crowds;
	struct tables_place categories, flows;
	enum population_pane focus;
	bool is_held, is_zoomed, has_window;
	char needle[PROMPT_MAX];
	struct tables_place before_find;        /* of the pane with the focus */
	bool was_held;
};

struct users_state {            /* view_users.c */
	struct population_pick pick;
	struct population_options o;
	bool is_crowd;
	struct crowd crowd;     /* that it is of, as it was last listed */
	struct crowds crowds;   /* to look for it again, once it is no longer held */
	uint32_t *alert;        /* numbers; owned */
	uint32_t n, cursor, top;
	int page;
	bool is_held, is_made;
};

struct act_state {              /* act_alert.c */
	uint64_t *id;           /* alerts of the act under way; owned */
	uint32_t n;
	bool is_crowd;          /* they are a crowd's: it is asked whether all are meant */
	unsigned field, value;  /* of that act */
	struct prompt_ops confirm;
	char question[80];
};

struct twin_state {             /* twin.c */
	struct feed *live;      /* NULL: no twin is shown */
	struct live_list list;  /* as it was before */
};

struct help_state {
	unsigned top, n_rows, page;
};

#endif
