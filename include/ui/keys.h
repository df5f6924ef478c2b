/* keys.h - every command of the console: its keys, where it works, what it is called.
 *
 * One table. The footer and the help are made from it, and nothing else binds a key. A command is
 * offered only where it does something: in its views, and when all of its conditions hold.
 */
#ifndef UI_KEYS_H
#define UI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

struct keymap;
struct parts;
struct ui;

#define KEYS_MAX 5
#define KEY_NAME_MAX 16
#define KEYS_LIST_MAX (KEYS_MAX * (KEY_NAME_MAX + 1))
#define KEYS_VIEWS_MAX 40
#define KEYS_HELP_COLUMNS 46    /* at most: a help line fits 80 columns */

enum views { IN_LIVE = 1, IN_USER = 2, IN_HELP = 4, IN_PROMPT = 8, IN_SQL = 16, IN_EDIT = 32,
	IN_SYSTEM = 64, IN_POPULATION = 128, IN_USERS = 256,
	IN_FINDS = IN_LIVE | IN_POPULATION,
	IN_ALERTS = IN_LIVE | IN_USER | IN_USERS,
	IN_LISTS = IN_LIVE | IN_USER | IN_POPULATION | IN_USERS,
	IN_PAGES = IN_HELP | IN_SQL | IN_SYSTEM, IN_VIEWS = IN_LISTS | IN_SQL | IN_SYSTEM,
	IN_ALL = IN_VIEWS | IN_HELP,
	/* a prompt and an editor take letters for themselves, so they stand apart */
};
enum when {
	WHEN_LOADED = 1,
	WHEN_REPLAY = 2, WHEN_LIVE = 4,         /* the kind of feed */
	WHEN_ALERTS = 8,                        /* there is one */
	WHEN_FOUND = 16,                        /* a search is active in the view */
	WHEN_HELD = 32,
	WHEN_TURNS = 64,                        /* the prompt has choices to turn to */
	WHEN_STORE = 128,                       /* there is one */
	WHEN_ASKING = 256, WHEN_IDLE = 512,     /* a query runs, or not */
	WHEN_ROWS = 1024, WHEN_NO_ROWS = 2048,  /* in the answer of the SQL view */
	WHEN_NOT_FOUND = 4096,                  /* no search is active */
	WHEN_TRYING = 8192,                     /* alerts of another budget are being found */
	WHEN_PANES = 16384,                     /* more than one is shown, or could be */
	WHEN_TWIN = 32768, WHEN_NO_TWIN = 65536 /* the past of a live run is shown, or not */
};

struct action {
	const char *name;
	const char *group;
	int key[KEYS_MAX];              /* characters and enum term_key; 0 ends */
	unsigned views, when;
	void (*run)(struct ui *u, int argument);
	int argument;
	uint8_t rank;                   /* of the footer: the highest goes first; 0: not there */
	const char *label;              /* in the footer; neighbours of one label share it */
	const char *help;
};

/* The table's row i, or NULL behind the last; k: with a person's own keys (keymap.h), or NULL. */
const struct action *keys_row(const struct keymap *k, unsigned i);
const struct action *keys_find(const struct keymap *k, int key, unsigned view, unsigned state);
bool keys_is_offered(const struct action *a, unsigned view, unsigned state);
/* "j Down ^N"; "LIVE USER". */
const char *keys_list(const struct action *a, char buf[KEYS_LIST_MAX]);
const char *keys_views(unsigned views, char buf[KEYS_VIEWS_MAX]);
void keys_footer(const struct keymap *k, struct parts *p, unsigned view, unsigned state);

/* "Space", "^N", "PgUp", "j"; buf holds KEY_NAME_MAX. */
const char *key_name(int key, char *buf);
/* The reverse; 0 when there is no such key. */
int key_parse(const char *name);

#endif
