/* view.h - a view is a table of functions and a row of view.c. */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include <stdbool.h>

#include "ui/parts.h"
#include "ui/term.h"

struct ui;

enum view_id { VIEW_LIVE, VIEW_USER, VIEW_POPULATION, VIEW_USERS, VIEW_HELP, VIEW_SQL, VIEW_SYSTEM,
	VIEW_N };
enum move { MOVE_DOWN, MOVE_UP, MOVE_PAGE_DOWN, MOVE_PAGE_UP, MOVE_FIRST, MOVE_LAST, MOVE_N };

/* What else a view can be told to do. */
enum adjust { ADJUST_WIDER, ADJUST_NARROWER, ADJUST_EARLIER, ADJUST_LATER, ADJUST_RESET,
	ADJUST_SORT, ADJUST_PANE, ADJUST_ZOOM };

struct view {
	unsigned bit;                                   /* enum views of keys.h */
	unsigned (*place)(const struct ui *u);          /* instead of bit, where that varies */
	bool is_framed; /* between title and bar above, keys below */
	void (*open)(struct ui *u);                     /* it is about to be shown; may be NULL */
	void (*look)(struct ui *u);                     /* the snapshot is new; may be NULL */
	void (*type)(struct ui *u, int key);            /* a key that is no command; may be NULL */
	void (*draw)(struct ui *u, struct box b);
	void (*move)(struct ui *u, enum move how);
	void (*follow)(struct ui *u, bool on);          /* on: go with what is newest; off: hold */
	bool (*is_held)(const struct ui *u);
	void (*enter)(struct ui *u);                     /* what is under the cursor; may be NULL */
	void (*adjust)(struct ui *u, enum adjust what);     /* may be NULL */
	void (*find)(struct ui *u);                     /* opens its prompt; may be NULL */
	void (*find_again)(struct ui *u, int direction);        /* 0: end the search */
	bool (*back)(struct ui *u);     /* a step within it; false: out of it; may be NULL */
	void (*status)(struct ui *u, struct parts *p);  /* what it has to say below */
	void (*done)(struct ui *u);                     /* frees what it holds; may be NULL */
};

extern const struct view view_live, view_user, view_population, view_users, view_help, view_sql,
	view_system;
extern const struct view *const view_table[VIEW_N];

/* The top row of a list so that the cursor is among the page's rows, moved as little as can be. */
unsigned view_scroll(unsigned top, unsigned cursor, unsigned page, unsigned n);
int view_clamp(int value, int low, int high);
/* Where a cursor at `at` of n rows goes. */
unsigned view_step(enum move how, unsigned at, unsigned page, unsigned n);

#endif
