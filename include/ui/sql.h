/* sql.h - what the SQL view keeps, and what its commands do.
 *
 * Keys go to the editor or to the rows of the answer. A query runs on the thread of alert/ask.h;
 * the console looks for its answer and never waits. Owner: the ui thread.
 */
#ifndef UI_SQL_H
#define UI_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/complete.h"
#include "base/err.h"
#include "ui/editor.h"
#include "ui/recall.h"
#include "ui/sheet.h"

struct ask;
struct ask_answer;
struct ui;

struct sql_state {
	struct ask *ask;                /* NULL: not yet, or there is no store */
	char trouble[ERR_TEXT_MAX];     /* why not */
	struct editor editor;
	unsigned first_line;            /* of the editor, shown */
	bool is_rows;                   /* keys go to the rows */
	bool is_learning, wants_run;    /* the first job learns the words; run when that is done */
	int64_t begun_ms;               /* tick at which the job was sent */
	struct sheet sheet;
	struct recall recall;
	unsigned recalled;              /* entry in the editor; recall.n: the draft */
	char draft[EDITOR_MAX];
	struct completion choice;
	unsigned n_turns;               /* Tabs on the same choices */
};

/* Everything but sql_open() may be called without a store. */
void sql_open(struct ui *u);
void sql_done(struct ui *u);
void sql_look(struct ui *u);
/* The newest answer that is one, whole or stopped; NULL: none. */
const struct ask_answer *sql_answer(const struct ui *u);
bool sql_is_asking(const struct ui *u);
/* Where in the editor the newest answer finds fault; -1: nowhere. */
int sql_fault(const struct ui *u);

/* Commands */
void sql_enter(struct ui *u, int unused);       /* runs what ends in ";", else begins a line */
void sql_complete(struct ui *u, int unused);
void sql_caret(struct ui *u, int how);          /* enum editor_move; up and down recall too */
void sql_erase(struct ui *u, int what);         /* enum editor_erase */
void sql_new(struct ui *u, int unused);
void sql_search(struct ui *u, int unused);
void sql_stop(struct ui *u, int unused);
void sql_focus(struct ui *u, int on_rows);
void sql_rerun(struct ui *u, int unused);
void sql_drill(struct ui *u, int unused);
void sql_export(struct ui *u, int unused);
void sql_bar(struct ui *u, int unused);
void sql_raw(struct ui *u, int unused);
void sql_record(struct ui *u, int unused);
void sql_columns(struct ui *u, int by);

#endif
