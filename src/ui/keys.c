#include "ui/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "alert/store.h"
#include "ui/act.h"
#include "ui/act_alert.h"
#include "ui/budget.h"
#include "ui/compare.h"
#include "ui/editor.h"
#include "ui/fold.h"
#include "ui/keymap.h"
#include "ui/list.h"
#include "ui/marks.h"
#include "ui/mask.h"
#include "ui/palette.h"
#include "ui/parts.h"
#include "ui/prompt.h"
#include "ui/session.h"
#include "ui/sql.h"
#include "ui/system.h"
#include "ui/system_log.h"
#include "ui/view.h"
#include "ui/who.h"

#define ON_ALERT (WHEN_LOADED | WHEN_ALERTS | WHEN_STORE)
#define C(letter) TERM_CTRL(letter)
#define RANKS 12        /* of the table */
#define N_ROWS (sizeof table / sizeof *table)

static const struct action table[] = {
	{ "pause", "Time", { ' ' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY, act_pause, 0, 3, "pause",
		"stop the replay clock, or let it go on" },
	{ "hold", "Time", { ' ' }, IN_LISTS, WHEN_LOADED | WHEN_LIVE, act_hold, 0, 3, "hold",
		"HOLD the list while data flows on, or let go" },
	{ "alert-previous", "Time", { '[' }, IN_LISTS, WHEN_LOADED,
		act_alert, -1, 4, "alert", "back to the alert before; pauses" },
	{ "alert-next", "Time", { ']' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY,
		act_alert, 1, 4, "alert", "on to the next alert; pauses" },
	{ "event-previous", "Time", { '{' }, IN_USER, WHEN_LOADED,
		act_step_user, -1, 5, "event", "back to this user's event before; pauses" },
	{ "event-next", "Time", { '}' }, IN_USER, WHEN_LOADED | WHEN_REPLAY,
		act_step_user, 1, 5, "event", "on to this user's next event; pauses" },
	{ "step-back", "Time", { ',' }, IN_LISTS, WHEN_LOADED,
		act_step, -1, 7, "step", "back to the event before, of anybody; pauses" },
	{ "step", "Time", { '.' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY, act_step, 1, 7, "step",
		"on to the next event of anybody; pauses" },
	{ "slower", "Time", { '<' }, IN_LISTS, WHEN_LOADED, act_speed, -1, 6, "speed",
		"replay slower, down to x1" },
	{ "faster", "Time", { '>' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY, act_speed, 1, 6, "speed",
		"replay faster, up to x86,400, then max" },
	{ "goto", "Time", { 'T' }, IN_LISTS, WHEN_LOADED, act_goto, 0, 8, "time",
		"go to a time: 10:30, -2h, 2017-11-30, start" },
	{ "mark-time", "Time", { 'm' }, IN_LISTS, WHEN_LOADED,
		marks_ask, 0, 12, "mark time", "mark this moment with a letter" },
	{ "jump", "Time", { '\'' }, IN_LISTS, WHEN_LOADED,
		marks_ask_go, 0, 12, "mark time", "to a marked moment" },
	{ "now", "Time", { '`' }, IN_LISTS, WHEN_LOADED | WHEN_NO_TWIN, act_now, 0, 0, NULL,
		"the end of the log; live: what is new" },
	{ "return", "Time", { '`' }, IN_LISTS, WHEN_TWIN, act_now, 0, 2, "live",
		"live again, as it was before looking back" },
	{ "leave-twin", "Time", { 'q' }, IN_LIVE, WHEN_TWIN, act_now, 0, 0, NULL,
		"live again, as it was before looking back" },
	{ "budget", "Time", { 'B' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY | WHEN_NO_TWIN,
		budget_ask, 0, 0, NULL, "alerts as another budget gives them; reset" },
	{ "budget-end", "Time", { TERM_ESCAPE }, IN_LIVE, WHEN_TRYING | WHEN_NOT_FOUND,
		budget_end, 0, 2, "end WHAT IF", "stop finding the alerts of another budget" },
	{ "stop-on", "Time", { 'P' }, IN_LISTS, WHEN_LOADED | WHEN_REPLAY, act_stop_on, 0, 0, NULL,
		"pause at alerts: !!, user ID, category NAME..." },

	{ "down", "Move", { 'j', TERM_DOWN, C('n') }, IN_LISTS, WHEN_LOADED,
		act_move, MOVE_DOWN, 0, NULL, "a row down; the first move HOLDS the list" },
	{ "up", "Move", { 'k', TERM_UP, C('p') }, IN_LISTS, WHEN_LOADED, act_move, MOVE_UP, 0, NULL,
		"one row up" },
	{ "page-down", "Move", { TERM_PAGE_DOWN, C('f') }, IN_LISTS, WHEN_LOADED,
		act_move, MOVE_PAGE_DOWN, 0, NULL, "a page down" },
	{ "page-up", "Move", { TERM_PAGE_UP, C('b') }, IN_LISTS, WHEN_LOADED,
		act_move, MOVE_PAGE_UP, 0, NULL, "a page up" },
	{ "first", "Move", { 'g', TERM_HOME }, IN_LISTS, WHEN_LOADED, act_move, MOVE_FIRST, 0, NULL,
		"the first row, the newest" },
	{ "last", "Move", { TERM_END }, IN_LISTS, WHEN_LOADED, act_move, MOVE_LAST, 0, NULL,
		"the last row, the oldest" },
	{ "follow", "Move", { 'G' }, IN_LISTS, WHEN_HELD, act_follow, true, 9, "follow",
		"end HELD: go with the newest row again" },
	{ "scroll-down", "Move", { 'j', TERM_DOWN, C('n'), ' ' }, IN_PAGES, 0,
		act_move, MOVE_DOWN, 9, "scroll", "a line down" },
	{ "scroll-up", "Move", { 'k', TERM_UP, C('p') }, IN_PAGES, 0,
		act_move, MOVE_UP, 9, "scroll", "a line up" },
	{ "scroll-page-down", "Move", { TERM_PAGE_DOWN, C('f') }, IN_PAGES, 0,
		act_move, MOVE_PAGE_DOWN, 8, "page", "a page down" },
	{ "scroll-page-up", "Move", { TERM_PAGE_UP, C('b') }, IN_PAGES, 0,
		act_move, MOVE_PAGE_UP, 8, "page", "a page up" },
	{ "scroll-first", "Move", { 'g', TERM_HOME }, IN_PAGES, 0, act_move, MOVE_FIRST, 0, NULL,
		"the first line" },
	{ "scroll-last", "Move", { 'G', TERM_END }, IN_PAGES, 0, act_move, MOVE_LAST, 0, NULL,
		"the last line" },

	{ "find", "Find", { '/' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS, act_find, 0, 4, "find",
		"an alert by part of user or category" },
	{ "find-next", "Find", { 'n' }, IN_FINDS, WHEN_FOUND, act_find_again, 1, 2, "next",
		"the next one found, while searching" },
	{ "find-previous", "Find", { 'N' }, IN_FINDS, WHEN_FOUND, act_find_again, -1, 2, "next",
		"the one found before, while searching" },
	{ "find-end", "Find", { TERM_ESCAPE }, IN_FINDS, WHEN_FOUND,
		act_find_again, 0, 2, "end search", "end the search" },
	{ "find-category", "Find", { '/' }, IN_POPULATION, WHEN_LOADED, act_find, 0, 5, "find",
		"a row by part of a category" },
	{ "find-user", "Find", { '/' }, IN_USER, WHEN_LOADED, who_ask, 0, 9, "user",
		"show another user, by the whole id" },
	{ "user", "Find", { 'U' }, IN_LISTS & ~IN_USER, WHEN_LOADED, who_ask, 0, 0, NULL,
		"show a user, by the whole id" },
	{ "compare", "Find", { 'c' }, IN_USER, WHEN_LOADED, compare_ask, 0, 0, NULL,
		"another user beside, by the id; none: end it" },

	{ "filter", "Find", { '\\' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		list_filter, 0, 7, "filter", "only alerts whose row has a regex" },
	{ "filter-invert", "Find", { '!' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		list_invert, 0, 0, NULL, "the alerts that the filter leaves out, or back" },
	{ "filter-toggle", "Find", { 'F' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		list_toggle, 0, 0, NULL, "the filter off, or on again; stays at the row" },
	{ "sort-alerts", "Find", { 's' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		list_sort, 0, 0, NULL, "order: by time, score, user" },
	{ "crowds", "Find", { 'c' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		fold_toggle, 0, 0, NULL, "all alerts of crowds, or a row for each crowd" },

	{ "acknowledge", "Alerts", { 'a' }, IN_ALERTS, ON_ALERT, act_acknowledge, 0, 4, "ack",
		"acknowledge: somebody takes care of it" },
	{ "acknowledge-all", "Alerts", { 'A' }, IN_LIVE, ON_ALERT, act_acknowledge_all, 0, 0, NULL,
		"acknowledge all of the list; asks first" },
	{ "note", "Alerts", { 'n' }, IN_ALERTS, ON_ALERT | WHEN_NOT_FOUND, act_note, 0, 5, "note",
		"add a note (n is next while searching)" },
	{ "shelve", "Alerts", { 'z' }, IN_ALERTS, ON_ALERT, act_shelve, 0, 6, "shelve",
		"put it away for a time: 10m, 2h, 1d" },
	{ "label-false", "Alerts", { 'f' }, IN_ALERTS, ON_ALERT, act_label, LABEL_FALSE, 0, NULL,
		"label it a false alarm" },
	{ "label-true", "Alerts", { 't' }, IN_ALERTS, ON_ALERT, act_label, LABEL_TRUE, 0, NULL,
		"label it a true change" },
	{ "undo", "Alerts", { 'u' }, IN_ALERTS, ON_ALERT, act_undo, 0, 0, NULL,
		"undo the last of these; again: the one before" },
	{ "mark", "Alerts", { '*' }, IN_LIVE | IN_USERS, WHEN_LOADED | WHEN_ALERTS,
		act_mark, 0, 0, NULL, "mark, or not: the keys above act on all marked" },
	{ "export-alerts", "Alerts", { 'e' }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		act_export, 0, 0, NULL, "write the rows to a csv or jsonl file" },
	{ "mask", "Alerts", { 'y' }, IN_LISTS, 0, mask_turn, 0, 0, NULL,
		"mask user ids on screens, or show them" },

	{ "window-wider", "Window", { 'w' }, IN_POPULATION, WHEN_LOADED, act_adjust, ADJUST_WIDER,
		4, "window", "a longer window: 1h, 24h, 7d, all, 1h" },
	{ "window-narrower", "Window", { 'W' }, IN_POPULATION, WHEN_LOADED,
		act_adjust, ADJUST_NARROWER, 4, "window", "a shorter window" },
	{ "zoom-out", "Window", { 'w' }, IN_USER, WHEN_LOADED, act_adjust, ADJUST_WIDER, 7, "zoom",
		"charts of a longer span" },
	{ "zoom-in", "Window", { 'W' }, IN_USER, WHEN_LOADED, act_adjust, ADJUST_NARROWER, 7,
		"zoom", "a shorter span, around the cursor when HELD" },
	{ "pan-earlier", "Window", { TERM_LEFT, 'h' }, IN_USER, WHEN_LOADED,
		act_adjust, ADJUST_EARLIER, 8, "pan", "charts a quarter of their span earlier" },
	{ "pan-later", "Window", { TERM_RIGHT, 'l' }, IN_USER, WHEN_LOADED,
		act_adjust, ADJUST_LATER, 8, "pan", "charts a quarter of their span later" },
	{ "zoom-reset", "Window", { '0' }, IN_USER, WHEN_LOADED, act_adjust, ADJUST_RESET, 0, NULL,
		"charts as they were at first, up to now" },
	{ "plot", "Window", { '+' }, IN_USER, WHEN_LOADED, act_adjust, ADJUST_ZOOM, 6, "plot",
		"large plots of the categories, or back" },
	{ "sort", "Window", { 's' }, IN_POPULATION, WHEN_LOADED, act_adjust, ADJUST_SORT, 6, "sort",
		"order: users gained, lost, net, or by name" },
	{ "pane", "Window", { '\t' }, IN_FINDS, WHEN_LOADED | WHEN_PANES,
		act_adjust, ADJUST_PANE, 4, "pane", "to the next pane of the screen" },
	{ "zoom", "Window", { '+' }, IN_FINDS, WHEN_LOADED | WHEN_PANES,
		act_adjust, ADJUST_ZOOM, 7, "zoom", "this pane over the whole screen, or back" },

	{ "open", "Views", { TERM_ENTER }, IN_LIVE, WHEN_LOADED | WHEN_ALERTS,
		act_open, 0, 3, "user", "the alert's user, or the alerts of a crowd" },
	{ "open-users", "Views", { TERM_ENTER }, IN_POPULATION, WHEN_LOADED,
		act_open, 0, 3, "users", "the users of this category or flow" },
	{ "open-user", "Views", { TERM_ENTER }, IN_USERS, WHEN_LOADED,
		act_open, 0, 3, "user", "this user, at the alert's time" },
	{ "back", "Views", { 'q', TERM_ESCAPE }, IN_USER | IN_USERS, 0,
		act_up, 0, 2, "back", "back, to the same row" },
	{ "population-back", "Views", { 'q' }, IN_POPULATION, 0, act_up, 0, 2, "back",
		"back to the view before" },
	{ "population-up", "Views", { TERM_ESCAPE }, IN_POPULATION, WHEN_NOT_FOUND,
		act_up, 0, 0, NULL, "back, when no search is active" },
	{ "help", "Views", { '?', TERM_F1 }, IN_VIEWS, 0, act_help, 0, 1, "help",
		"this help" },
	{ "help-in-editor", "Views", { TERM_F1 }, IN_EDIT, 0, act_help, 0, 8, "help",
		"this help" },
	{ "help-end", "Views", { 'q', TERM_ESCAPE, '?', TERM_F1 }, IN_HELP, 0, act_up, 0, 1, "back",
		"leave this help" },
	{ "leave", "Views", { 'q' }, IN_LIVE, WHEN_NO_TWIN, act_up, 0, 2, "quit",
		"quit veer" },
	{ "sql", "Views", { TERM_F2 }, IN_ALL & ~IN_SQL, 0, act_view, VIEW_SQL, 10, "SQL",
		"ask the store in SQL" },
	{ "system", "Views", { TERM_F3 }, (IN_ALL & ~IN_SYSTEM) | IN_EDIT, 0,
		act_view, VIEW_SYSTEM, 11, "system", "what the pipeline does, and bad lines" },
	{ "live", "Views", { TERM_F4 }, (IN_ALL & ~IN_LIVE) | IN_EDIT, 0,
		act_view, VIEW_LIVE, 11, "live", "the alerts" },
	{ "population", "Views", { TERM_F5 }, (IN_ALL & ~IN_POPULATION) | IN_EDIT, WHEN_LOADED,
		act_go, VIEW_POPULATION, 11, "population", "which categories gain and lose users" },
	{ "previous", "Views", { '-' }, IN_ALL, 0, act_previous, 0, 0, NULL,
		"the view that was shown before" },

	{ "bad-lines", "System", { 'b' }, IN_SYSTEM, 0, system_bad, 0, 3, "bad lines",
		"the lines that could not be used, or back" },
	{ "log", "System", { 'L' }, IN_SYSTEM, 0, system_log, 0, 5, "log",
		"all that veer said since the start, or back" },
	{ "filter-log", "System", { '\\' }, IN_SYSTEM, 0, system_filter, 0, 7, "filter",
		"the log's notices by a regex: error, disk..." },
	{ "export-system", "System", { C('e') }, IN_SYSTEM, 0, system_export, 0, 6, "export",
		"stages and charts to a csv or jsonl file" },
	{ "backend", "System", { 'c' }, IN_SYSTEM, WHEN_LIVE, system_backend, 0, 8, "CPU/GPU",
		"detect on the other of both from now on" },
	{ "reset", "System", { '0' }, IN_SYSTEM, 0, system_reset, 0, 4, "reset max",
		"count the largest lag anew" },
	{ "system-back", "System", { 'q', TERM_ESCAPE }, IN_SYSTEM, 0, system_up, 0, 1, "back",
		"back to the stages, or the view before" },

	{ "drill", "SQL", { TERM_ENTER }, IN_SQL, WHEN_ROWS, sql_drill, 0, 2, "user",
		"the user that the row names" },
	{ "rerun", "SQL", { 'r' }, IN_SQL, WHEN_STORE | WHEN_IDLE, sql_rerun, 0, 4, "re-run",
		"run the statement again" },
	{ "export", "SQL", { C('e') }, IN_SQL | IN_EDIT, WHEN_ROWS | WHEN_IDLE,
		sql_export, 0, 5, "export", "write the answer to a csv or jsonl file" },
	{ "edit", "SQL", { '\t', 'i' }, IN_SQL, WHEN_STORE, sql_focus, false, 3, "edit",
		"back to the statement" },
	{ "record", "SQL", { 'x' }, IN_SQL, WHEN_ROWS, sql_record, 0, 6, "record",
		"one row, a column a line, or the table" },
	{ "bars", "SQL", { 'b' }, IN_SQL, WHEN_ROWS, sql_bar, 0, 7, "bars",
		"draw bars of the next column of numbers" },
	{ "raw-times", "SQL", { 't' }, IN_SQL, WHEN_ROWS, sql_raw, 0, 0, NULL,
		"moments as milliseconds, or as times" },
	{ "columns-right", "SQL", { TERM_RIGHT, 'l' }, IN_SQL, WHEN_ROWS, sql_columns, 1, 0, NULL,
		"begin the table a column further" },
	{ "columns-left", "SQL", { TERM_LEFT, 'h' }, IN_SQL, WHEN_ROWS, sql_columns, -1, 0, NULL,
		"begin the table a column before" },
	{ "search", "SQL", { C('r') }, IN_SQL | IN_EDIT, WHEN_STORE | WHEN_IDLE,
		sql_search, 0, 6, "history", "find an earlier statement" },
	{ "stop", "SQL", { TERM_ESCAPE }, IN_SQL | IN_EDIT, WHEN_ASKING, sql_stop, 0, 1, "STOP",
		"stop the query that runs" },
	{ "sql-back", "SQL", { 'q' }, IN_SQL, 0, act_up, 0, 2, "back",
		"back to the view before" },
	{ "sql-up", "SQL", { TERM_ESCAPE }, IN_SQL, WHEN_IDLE, act_up, 0, 0, NULL,
		"back, when no query runs" },
	{ "edit-enter", "SQL", { TERM_ENTER }, IN_EDIT, 0, sql_enter, 0, 2, "run after ;",
		"run a statement that ends in ; or a new line" },
	{ "edit-complete", "SQL", { '\t' }, IN_EDIT, 0, sql_complete, 0, 3, "complete",
		"complete the word; again: the next choice" },
	{ "edit-new", "SQL", { C('g') }, IN_EDIT, WHEN_IDLE, sql_new, 0, 5, "new",
		"a new statement; Up brings this one back" },
	{ "edit-rows", "SQL", { TERM_ESCAPE }, IN_EDIT, WHEN_IDLE | WHEN_ROWS,
		sql_focus, true, 4, "rows", "to the rows of the answer" },
	{ "edit-leave", "SQL", { TERM_ESCAPE }, IN_EDIT, WHEN_IDLE | WHEN_NO_ROWS,
		act_up, 0, 4, "back", "back to the view before" },
	{ "edit-up", "SQL", { TERM_UP, C('p') }, IN_EDIT, 0, sql_caret, EDITOR_UP, 0, NULL,
		"a line up; at the top: an earlier statement" },
	{ "edit-down", "SQL", { TERM_DOWN, C('n') }, IN_EDIT, 0, sql_caret, EDITOR_DOWN, 0, NULL,
		"a line down; at the end: a later statement" },
	{ "edit-left", "SQL", { TERM_LEFT, C('b') }, IN_EDIT, 0, sql_caret, EDITOR_LEFT, 0, NULL,
		"a character to the left" },
	{ "edit-right", "SQL", { TERM_RIGHT, C('f') }, IN_EDIT, 0, sql_caret, EDITOR_RIGHT, 0, NULL,
		"a character to the right" },
	{ "edit-home", "SQL", { TERM_HOME, C('a') }, IN_EDIT, 0, sql_caret, EDITOR_HOME, 0, NULL,
		"to the start of the line" },
	{ "edit-end", "SQL", { TERM_END }, IN_EDIT, 0, sql_caret, EDITOR_END, 0, NULL,
		"to the end of the line" },
	{ "edit-erase", "SQL", { TERM_BACKSPACE }, IN_EDIT, 0, sql_erase, EDITOR_BEFORE, 0, NULL,
		"erase a character" },
	{ "edit-delete", "SQL", { TERM_DELETE, C('d') }, IN_EDIT, 0, sql_erase, EDITOR_UNDER, 0,
		NULL, "erase the character at the caret" },
	{ "edit-erase-word", "SQL", { C('w') }, IN_EDIT, 0, sql_erase, EDITOR_WORD, 0, NULL,
		"erase a word" },
	{ "edit-erase-line", "SQL", { C('u') }, IN_EDIT, 0, sql_erase, EDITOR_TO_START, 0, NULL,
		"erase to the start of the line" },
	{ "edit-erase-end", "SQL", { C('k') }, IN_EDIT, 0, sql_erase, EDITOR_TO_END, 0, NULL,
		"erase to the end of the line" },

	{ "prompt-done", "Prompt", { TERM_ENTER }, IN_PROMPT, 0, act_edit, PROMPT_DONE, 1, "done",
		"take what was typed" },
	{ "prompt-cancel", "Prompt", { TERM_ESCAPE, C('g') }, IN_PROMPT, 0,
		act_edit, PROMPT_CANCEL, 1, "cancel", "forget what was typed" },
	{ "prompt-erase", "Prompt", { TERM_BACKSPACE }, IN_PROMPT, 0,
		act_edit, PROMPT_ERASE, 0, NULL, "erase a character" },
	{ "prompt-erase-word", "Prompt", { C('w') }, IN_PROMPT, 0,
		act_edit, PROMPT_ERASE_WORD, 3, "erase word", "erase a word" },
	{ "prompt-erase-all", "Prompt", { C('u') }, IN_PROMPT, 0,
		act_edit, PROMPT_ERASE_ALL, 2, "erase all", "erase all" },
	{ "prompt-complete", "Prompt", { '\t' }, IN_PROMPT, WHEN_TURNS,
		act_turn, PROMPT_COMPLETE, 1, "complete", "complete the word" },
	{ "prompt-older", "Prompt", { TERM_UP, C('p'), C('r') }, IN_PROMPT, WHEN_TURNS,
		act_turn, PROMPT_OLDER, 1, "choose", "the choice above, an earlier statement" },
	{ "prompt-newer", "Prompt", { TERM_DOWN, C('n') }, IN_PROMPT, WHEN_TURNS,
		act_turn, PROMPT_NEWER, 1, "choose", "the choice below, a later statement" },

	{ "command", "Everywhere", { ':' }, IN_ALL, 0, palette_open, 0, 2, "cmd",
		"a command by its name, with completion" },
	{ "quit", "Everywhere", { 'Q' }, IN_ALL, 0, act_quit, true, 0, NULL,
		"quit, and leave the screen's text behind" },
	{ "save", "Everywhere", { 'S' }, IN_VIEWS, 0, act_save, 0, 0, NULL,
		"this screen to a file: text, HTML or SVG" },
	{ "view", "Everywhere", { 'V' }, IN_VIEWS, WHEN_LOADED, session_view, 0, 0, NULL,
		"a kept view by its name, or save NAME" },
	{ "forget", "Everywhere", { C('o') }, IN_VIEWS, WHEN_LOADED,
		session_forget, 0, 0, NULL, "all as at the start, without the last session" },
	{ "theme", "Everywhere", { C('t') }, IN_VIEWS, 0, act_theme, 0, 0, NULL,
		"other colours: dark, light, safe, mono" },
	{ "glyphs", "Everywhere", { C('y') }, IN_VIEWS, 0, act_glyphs, 0, 0, NULL,
		"charts of: braille, blocks, acs, ascii; auto" },
	{ "redraw", "Everywhere", { C('l') }, IN_ALL | IN_EDIT, 0, act_redraw, 0, 0, NULL,
		"draw the screen anew" },
	{ "suspend", "Everywhere", { C('z') }, IN_ALL | IN_EDIT, 0, act_suspend, 0, 0, NULL,
		"suspend; fg in the shell goes on" },
};

static const struct {
	int key;
	const char *name;
} names[] = {
	{ ' ', "Space" }, { TERM_ENTER, "Enter" }, { TERM_ESCAPE, "Esc" }, { '\t', "Tab" },
	{ TERM_UP, "Up" }, { TERM_DOWN, "Down" }, { TERM_LEFT, "Left" }, { TERM_RIGHT, "Right" },
	{ TERM_HOME, "Home" }, { TERM_END, "End" }, { TERM_PAGE_UP, "PgUp" },
	{ TERM_PAGE_DOWN, "PgDn" }, { TERM_BACKSPACE, "Backspace" }, { TERM_DELETE, "Del" },
	{ TERM_F1, "F1" }, { TERM_F2, "F2" }, { TERM_F3, "F3" }, { TERM_F4, "F4" },
	{ TERM_F5, "F5" },
};
#define N_NAMES (sizeof names / sizeof *names)

_Static_assert(N_ROWS <= KEYMAP_ROWS, "a keymap has room for the table");

const struct action *keys_row(const struct keymap *k, unsigned i)
{
	return i >= N_ROWS ? NULL : k ? &k->row[i] : &table[i];
}

bool keys_is_offered(const struct action *a, unsigned view, unsigned state)
{
	return (a->views & view) && !(a->when & ~state);
}

static bool is_bound(const struct action *a, int key)
{
	unsigned i;

	for (i = 0; i < KEYS_MAX && a->key[i]; i++)
		if (a->key[i] == key)
			return true;
	return false;
}

const struct action *keys_find(const struct keymap *k, int key, unsigned view, unsigned state)
{
	const struct action *a;
	unsigned i;

	for (i = 0; (a = keys_row(k, i)); i++)
		if (keys_is_offered(a, view, state) && is_bound(a, key))
			return a;
	return NULL;
}

const char *key_name(int key, char *buf)
{
	size_t i;

	for (i = 0; i < N_NAMES; i++)
		if (names[i].key == key)
			return strcpy(buf, names[i].name);
	if (key > 0 && key < ' ')
		snprintf(buf, KEY_NAME_MAX, "^%c", key + '@');
	else
		snprintf(buf, KEY_NAME_MAX, "%lc", (wint_t)key);
	return buf;
}

const char *keys_list(const struct action *a, char buf[KEYS_LIST_MAX])
{
	char name[KEY_NAME_MAX];
	unsigned i;

	for (i = 0, *buf = 0; i < KEYS_MAX && a->key[i]; i++) {
		if (i)
			strcat(buf, " ");
		strcat(buf, key_name(a->key[i], name));
	}
	return buf;
}

const char *keys_views(unsigned views, char buf[KEYS_VIEWS_MAX])
{
	static const struct { unsigned bit; const char *name; } name[] = {
		{ IN_LIVE, "LIVE" }, { IN_USER, "USER" }, { IN_POPULATION, "POP" },
		{ IN_USERS, "USERS" }, { IN_SQL, "SQL" }, { IN_EDIT, "sql>" },
		{ IN_SYSTEM, "SYS" }, { IN_HELP, "HELP" }, { IN_PROMPT, "prompts" },
	};
	unsigned i;

	for (i = 0, *buf = 0; i < sizeof name / sizeof *name; i++)
		if (views & name[i].bit)
			snprintf(buf + strlen(buf), KEYS_VIEWS_MAX - strlen(buf), "%s%s",
				*buf ? " " : "", name[i].name);
	return buf;
}

int key_parse(const char *name)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t i, len = strlen(name);

	for (i = 0; i < N_NAMES; i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].key;
	if (len == 2 && name[0] == '^' && (name[1] & 0x40))
		return TERM_CTRL(name[1]);
	return len && mbrtowc(&c, name, len, &state) == len ? (int)c : 0;
}

static bool is_pair(const struct action *a, const struct action *b)
{
	return b && a->label && b->label && strcmp(a->label, b->label) == 0 && a->views == b->views;
}

/* Where data are live, keys that go back in time come behind all others. */
static unsigned rank_of(const struct action *a, unsigned state)
{
	bool goes_back = strcmp(a->group, "Time") == 0 && !(a->when & WHEN_LIVE);

	return a->rank && goes_back && (state & WHEN_LIVE) ? a->rank + RANKS : a->rank;
}

void keys_footer(const struct keymap *k, struct parts *p, unsigned view, unsigned state)
{
	unsigned i;

	for (i = 0; i < N_ROWS; i++) {
		const struct action *a = keys_row(k, i), *next = keys_row(k, i + 1);
		char first[KEY_NAME_MAX], second[KEY_NAME_MAX] = "";
		unsigned rank = rank_of(a, state);

		if (!keys_is_offered(a, view, state) || !rank)
			continue;
		if (is_pair(a, next) && keys_is_offered(next, view, state)) {
			key_name(next->key[0], second);
			i++;
		}
		parts_add(p, rank, INK_KEY, "%s%s%s", key_name(a->key[0], first),
			*second ? " " : "", second);
		parts_add(p, rank, INK_TEXT, "%s", a->label)->gap = 1;
	}
}
