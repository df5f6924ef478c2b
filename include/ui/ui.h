/* ui.h - all that the console knows while it runs: the feed, the terminal, the state of each view.
 *
 * Owner: the ui thread. Views and commands get it and change their own part.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pseudonym.h"
#include "engine/feed.h"
#include "ui/bar.h"
#include "ui/board.h"
#include "ui/console.h"
#include "ui/fold.h"
#include "ui/interest.h"
#include "ui/list.h"
#include "ui/marks.h"
#include "ui/palette.h"
#include "ui/prompt.h"
#include "ui/roll.h"
#include "ui/sql.h"
#include "ui/state.h"
#include "ui/system.h"
#include "ui/term.h"
#include "ui/view.h"

#define UI_DEPTH VIEW_N          /* a view is there once */
#define UI_WIDE 140             /* columns from which LIVE shows the user at its side */
#define UI_EARLY_MS 1000
#define UI_MESSAGE_MS 10000
#define UI_TIME_MAX 24
#define UI_NAME_MAX 256

struct ui {
	struct feed *feed;              /* that is shown: see twin.h */
	const struct console_options *options;
	struct clock *clock;
	const struct snapshot *snap;    /* the newest; valid until the next ui_look() */
	struct term term;
	enum view_id view, previous, below[UI_DEPTH];
	unsigned depth;
	struct live_state live;
	struct user_state user;
	struct population_state population;
	struct users_state users;
	struct help_state help;
	struct sql_state sql;
	struct system_state system;
	struct palette palette;
	struct act_state act;
	struct twin_state twin;
	struct list_order order;
	struct fold fold;
	struct board board;
	struct prompt prompt;
	struct bar bar;
	struct marks marks;
	uint32_t epoch;                 /* of the alerts that numbers are of: see budget.h */
	struct roll roll;
	struct interest interest[INTEREST_SLOTS];
	char message[240];              /* until the next key, or UI_MESSAGE_MS */
	bool is_error;
	int64_t message_tick;           /* when it was said */
	bool is_dirty;                  /* something on the screen is out of date */
	unsigned painted_bytes;         /* by the last ui_draw(), about */
	int64_t due_ms;                 /* when what was put off should be drawn; 0: nothing was */
	bool is_done, leaves_text;
	bool has_session;               /* it was looked for */
	bool is_masked, has_mask_key;   /* user ids are not shown; the key is the one to stay */
	struct pseudonym_key mask_key;
	uint32_t n_notices_seen;
	uint64_t rows_seen;             /* live: rows that were read, and when the newest was */
	int64_t rows_tick;
};

int ui_init(struct ui *u, struct feed *f, const struct console_options *o, struct err *e);
void ui_done(struct ui *u);

void ui_look(struct ui *u);             /* takes in what is new */
void ui_key(struct ui *u, int key);
void ui_draw(struct ui *u);             /* the whole screen */

void ui_show(struct ui *u, enum view_id view);  /* on top of the present one; LIVE is below all */
void ui_up(struct ui *u);                       /* back; out of the console at the lowest */
/* Down to it where it is already below, else on top. */
void ui_go(struct ui *u, enum view_id view);
/* USER on top, at an alert's time. */
void ui_show_alert(struct ui *u, uint32_t alert);
void ui_say(struct ui *u, bool is_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool ui_command(struct ui *u, const struct command *c); /* sends it; says what was wrong */

unsigned ui_place(const struct ui *u);  /* enum views of keys.h: where keys go */
unsigned ui_view_place(const struct ui *u);     /* without regard to a prompt */
unsigned ui_state(const struct ui *u);  /* enum when of keys.h */
bool ui_is_loaded(const struct ui *u);
bool ui_is_stopped(const struct ui *u);         /* a signal asked for the end */
/* True before that tick, at which the screen is drawn again. */
bool ui_waits(struct ui *u, int64_t due_ms);
/* Events are read in a store whose data flow, and it is less than a second after made_ms: too early
 * to read a user's again.
 */
bool ui_is_early(struct ui *u, int64_t made_ms);

/* By the data clock, which a replay may have moved back. */
bool ui_is_cleared(const struct ui *u, const struct alert *a);

/* Texts of the feed, scrubbed, in the way screens show them. */
const char *ui_time(const struct ui *u, int64_t ms, char *buf);         /* UI_TIME_MAX */
int ui_time_width(const struct ui *u);
char *ui_user(const struct ui *u, uint32_t user, char *buf);      /* UI_NAME_MAX */
char *ui_user_id(const struct ui *u, uint32_t user, char *buf);   /* without its name */
char *ui_category_id(const struct ui *u, uint32_t category, char *buf);
char *ui_category(const struct ui *u, uint32_t category, char *buf);
/* What stands on both sides of an alert's >: categories, or how often the user came. */
char *ui_from(const struct ui *u, const struct finding *f, char *buf);
char *ui_to(const struct ui *u, const struct finding *f, char *buf);
char *ui_item(const struct ui *u, uint32_t item, char *buf);
char *ui_brief(char *name, unsigned columns);     /* cuts it in place */
const char *ui_priority(unsigned severity, enum ink *ret_ink);          /* "!!", " !", " ." */

/* "Phones > Gift cards" in one line: each name gets half, and what the other leaves over. */
void ui_put_pair(struct ui *u, const struct finding *f, struct box b, enum ink ink);

#endif
