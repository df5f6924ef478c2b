#include "ui/sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alert/ask.h"
#include "base/clock.h"
#include "base/dict.h"
#include "ui/compare.h"
#include "ui/ui.h"
#include "ui/words.h"

#define REFRESH_MS 200          /* of the time shown while a query runs */
#define INDENT "    "
#define HISTORY "sql_history"

static void tell(struct ui *u, const struct err *e)
{
	ui_say(u, true, "%s", e->text);
}

void sql_open(struct ui *u)
{
	struct sql_state *s = &u->sql;
	struct err e = { 0 };

	if (s->ask || !u->feed->db)
		return;
	s->ask = ask_open(u->feed->db, u->clock, &e);
	if (!s->ask) {
		snprintf(s->trouble, sizeof s->trouble, "%s", e.text);
		return;
	}
	if (recall_open(&s->recall, u->options->state, HISTORY, &e) < 0)
		tell(u, &e);
	s->recalled = s->recall.n;
	s->is_learning = ask_run(s->ask, "", 0, &e) == 0;
}

void sql_done(struct ui *u)
{
	ask_close(u->sql.ask);
	recall_close(&u->sql.recall);
	u->sql.ask = NULL;
}

const struct ask_answer *sql_answer(const struct ui *u)
{
	const struct ask *a = u->sql.ask;

	return a && a->answer && a->answer->n_columns ? a->answer : NULL;
}

bool sql_is_asking(const struct ui *u)
{
	return u->sql.ask && u->sql.ask->is_busy && !u->sql.is_learning;
}

int sql_fault(const struct ui *u)
{
	const struct ask_answer *a = u->sql.ask ? u->sql.ask->answer : NULL;

	if (!a || !a->err.code || a->fault_at < 0 || strcmp(a->sql, u->sql.editor.text) != 0)
		return -1;
	return a->fault_at;
}

/* Running */

static void run(struct ui *u)
{
	struct sql_state *s = &u->sql;
	struct err e = { 0 };

	if (!s->ask || !*s->editor.text)
		return;
	if (s->is_learning) {
		s->wants_run = true;
		return;
	}
	if (ask_run(s->ask, s->editor.text, u->snap->data_ms, &e) < 0) {
		tell(u, &e);
		return;
	}
	s->begun_ms = clock_tick_ms(u->clock);
	if (recall_add(&s->recall, s->editor.text, &e) < 0)
		tell(u, &e);
	s->recalled = s->recall.n;
}

static void take_answer(struct ui *u)
{
	struct sql_state *s = &u->sql;
	const struct ask_answer *a = s->ask->answer;

	if (a->n_columns)
		sheet_take(&s->sheet, u, a);
	s->is_rows = a->n_rows > 0;
	if (sql_fault(u) >= 0 && (size_t)sql_fault(u) <= s->editor.len)
		s->editor.caret = (size_t)sql_fault(u);
}

static void take_export(struct ui *u)
{
	const struct ask *a = u->sql.ask;
	char n[WORDS_MAX];

	if (a->exported.code)
		tell(u, &a->exported);
	else
		ui_say(u, false, "%s row%s written", words_count(a->answer->n_rows, n),
			a->answer->n_rows == 1 ? "" : "s");
}

void sql_look(struct ui *u)
{
	struct sql_state *s = &u->sql;
	int64_t due = clock_tick_ms(u->clock) + REFRESH_MS;
	enum ask_news news;

	if (!s->ask)
		return;
	news = ask_look(s->ask);
	if (news != ASK_NOTHING)
		u->is_dirty = true;
	if (news == ASK_EXPORTED)
		take_export(u);
	else if (news == ASK_ANSWERED && !s->is_learning)
		take_answer(u);
	if (news == ASK_ANSWERED && s->is_learning) {
		s->is_learning = false;
		if (s->wants_run)
			run(u);
		s->wants_run = false;
	}
	if (s->ask->is_busy && (!u->due_ms || due < u->due_ms))
		u->due_ms = due;
}

/* The editor */

static bool is_blank(const char *s, size_t n)
{
	return strspn(s, " \t\n") >= n;
}

/* Behind the last character that is no blank. */
static size_t end_of_text(const struct editor *d)
{
	size_t len = d->len;

	while (len > 0 && is_blank(d->text + len - 1, 1))
		len--;
	return len;
}

/* A statement is whole at its ";", or when Enter is pressed on an empty line below it. */
void sql_enter(struct ui *u, int unused)
{
	struct editor *d = &u->sql.editor;
	size_t end = end_of_text(d), start = editor_line_start(d, d->caret);
	bool is_empty = start > 0 && is_blank(d->text + start, d->len - start);

	(void)unused;
	u->sql.n_turns = 0;
	if (end && (d->text[end - 1] == ';' || is_empty)) {
		d->text[end] = 0;
		d->len = d->caret = end;
		run(u);
		return;
	}
	if (!end)
		return;
	editor_type(d, '\n');
	if (editor_n_lines(d) == 2)
		ui_say(u, false,
			"; and Enter run the statement, and so does Enter on an empty line");
}

static void say_choices(struct ui *u)
{
	const struct completion *c = &u->sql.choice;
	char text[sizeof u->message] = "";
	unsigned i;

	for (i = 0; i < c->n && strlen(text) + COMPLETE_TEXT_MAX < sizeof text; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "  " : "",
			c->choice[i]);
	ui_say(u, false, "%s", text);
}

/* One choice: with a blank behind it where the text ends, unless it opens a bracket. */
static void take_choice(struct editor *d, size_t from, const char *choice, bool is_last)
{
	char text[COMPLETE_TEXT_MAX + 1];
	size_t len = strlen(choice);

	snprintf(text, sizeof text, "%s%s", choice,
		is_last && d->caret == d->len && choice[len - 1] != '(' ? " " : "");
	editor_replace(d, from, text);
}

/* Where a line begins with a Tab, as pasted text does, it is a Tab. */
static bool is_indent(const struct editor *d)
{
	size_t start = editor_line_start(d, d->caret);

	return start > 0 && is_blank(d->text + start, d->caret - start);
}

/* The first Tab adds what all choices share; when that is nothing, each next Tab takes the next. */
void sql_complete(struct ui *u, int unused)
{
	struct sql_state *s = &u->sql;
	struct editor *d = &s->editor;
	struct completion *c = &s->choice;

	(void)unused;
	if (!s->ask)
		return;
	if (is_indent(d)) {
		editor_replace(d, d->caret, INDENT);
		return;
	}
	if (s->n_turns) {
		editor_replace(d, c->from, c->choice[(s->n_turns++ - 1) % c->n]);
		say_choices(u);
		return;
	}
	complete_find(&s->ask->words, d->text, d->caret, c);
	if (!c->n) {
		ui_say(u, false, "nothing begins with this");
	} else if (c->n == 1) {
		take_choice(d, c->from, c->choice[0], true);
	} else {
		char shared[COMPLETE_TEXT_MAX];

		snprintf(shared, sizeof shared, "%.*s", (int)c->common, c->choice[0]);
		if (c->common > d->caret - c->from)
			editor_replace(d, c->from, shared);
		s->n_turns = 1;
		say_choices(u);
	}
}

/* -1: older; 1: newer, down to the draft. */
static void recall(struct ui *u, int direction)
{
	struct sql_state *s = &u->sql;
	struct recall *r = &s->recall;

	if (direction < 0 ? s->recalled == 0 : s->recalled >= r->n)
		return;
	if (s->recalled >= r->n)
		strcpy(s->draft, s->editor.text);
	s->recalled += (unsigned)direction;
	editor_set(&s->editor, s->recalled < r->n ? r->entry[s->recalled] : s->draft);
}

void sql_caret(struct ui *u, int how)
{
	u->sql.n_turns = 0;
	if (editor_move(&u->sql.editor, (enum editor_move)how))
		return;
	if (how == EDITOR_UP)
		recall(u, -1);
	else if (how == EDITOR_DOWN)
		recall(u, 1);
}

void sql_erase(struct ui *u, int what)
{
	u->sql.n_turns = 0;
	editor_erase(&u->sql.editor, (enum editor_erase)what);
}

void sql_new(struct ui *u, int unused)
{
	struct sql_state *s = &u->sql;
	struct err e = { 0 };

	(void)unused;
	s->n_turns = 0;
	if (end_of_text(&s->editor) && recall_add(&s->recall, s->editor.text, &e) < 0)
		tell(u, &e);
	s->recalled = s->recall.n;
	editor_set(&s->editor, "");
}

/* ^R: the newest that holds what is typed, shown in the editor; again: the one before. */

static void show_found(struct ui *u, const char *text, unsigned from)
{
	struct sql_state *s = &u->sql;
	int at = recall_find(&s->recall, text, from);

	if (at < 0)
		return;
	s->recalled = (unsigned)at;
	editor_set(&s->editor, s->recall.entry[at]);
}

static void search_changed(struct ui *u, const char *text)
{
	show_found(u, text, u->sql.recall.n);
}

static void search_turn(struct ui *u, const char *text, enum prompt_turn how)
{
	unsigned at = u->sql.recalled, n = u->sql.recall.n;

	if (how != PROMPT_NEWER) {
		show_found(u, text, at);
		return;
	}
	for (at++; at < n; at++)
		if (recall_find(&u->sql.recall, text, at + 1) == (int)at) {
			show_found(u, text, at + 1);
			return;
		}
}

static void search_done(struct ui *u, const char *text)
{
	if (recall_find(&u->sql.recall, text, u->sql.recall.n) < 0)
		ui_say(u, true, "no earlier statement has \"%s\"", text);
}

static void search_cancelled(struct ui *u)
{
	editor_set(&u->sql.editor, u->sql.draft);
	u->sql.recalled = u->sql.recall.n;
}

void sql_search(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "history: ",
		.hint = "part of an earlier statement; ^R again for an older one",
		.changed = search_changed, .done = search_done, .turn = search_turn,
		.cancelled = search_cancelled };

	(void)unused;
	if (!u->sql.ask)
		return;
	strcpy(u->sql.draft, u->sql.editor.text);
	u->sql.recalled = u->sql.recall.n;
	u->sql.is_rows = false;
	prompt_open(&u->prompt, &ops);
}

/* Rows */

void sql_stop(struct ui *u, int unused)
{
	(void)unused;
	ask_stop(u->sql.ask);
}

void sql_focus(struct ui *u, int on_rows)
{
	u->sql.is_rows = on_rows;
}

void sql_rerun(struct ui *u, int unused)
{
	(void)unused;
	run(u);
}

/* The column of the answer that has one of two names; -1: none. */
static int column_of(const struct ask_answer *a, const char *name, const char *other)
{
	unsigned i;

	for (i = 0; i < a->n_columns; i++)
		if (strcasecmp(ask_name(a, i), name) == 0 || strcasecmp(ask_name(a, i), other) == 0)
			return (int)i;
	return -1;
}

static uint32_t user_of(const struct ui *u, const struct ask_answer *a, const struct ask_cell *c)
{
	char digits[24];

	if (c->type == ASK_TEXT || c->type == ASK_BLOB)
		return dict_find(u->feed->ids->user, ask_bytes(a, c), c->len);
	if (c->type != ASK_INTEGER)
		return DICT_NONE;
	snprintf(digits, sizeof digits, "%lld", (long long)c->integer);
	return dict_find(u->feed->ids->user, digits, strlen(digits));
}

/* A store has the whole log's alerts, a replay shows none that are to come. */
static void go_to(struct ui *u, int64_t ms)
{
	char time[UI_TIME_MAX];

	ui_command(u, &(struct command){ .kind = COMMAND_SEEK, .time_ms = ms });
	if (!u->is_error || !u->message[0])
		ui_say(u, false, "the replay clock went on to %s, the time of the row",
			ui_time(u, ms, time));
}

void sql_drill(struct ui *u, int unused)
{
	const struct ask_answer *a = sql_answer(u);
	uint32_t row = u->sql.sheet.cursor, user;
	int column, time;

	(void)unused;
	if (!a || row >= a->n_rows)
		return;
	column = column_of(a, "user", "user_id");
	if (column < 0) {
		ui_say(u, true, "this row names no user: select the column \"user\" as well");
		return;
	}
	user = user_of(u, a, ask_cell(a, row, (unsigned)column));
	if (user == DICT_NONE) {
		ui_say(u, true, "this user is in the store, but not in what is read now");
		return;
	}
	compare_end(u);
	u->user.user = user;
	u->user.window = (struct pane_window){ 0 };
	u->user.place.alert = 0;
	time = column_of(a, "time_ms", "onset_ms");
	u->user.is_held = time >= 0 && ask_cell(a, row, (unsigned)time)->type == ASK_INTEGER;
	u->user.wanted_ms = u->user.is_held ? ask_cell(a, row, (unsigned)time)->integer : INT64_MIN;
	if (!u->snap->live && u->user.wanted_ms > u->snap->data_ms)
		go_to(u, u->user.wanted_ms);
	ui_show(u, VIEW_USER);
}

static void export_to(struct ui *u, const char *path)
{
	size_t len = strlen(path);
	bool is_json = (len > 5 && strcmp(path + len - 5, ".json") == 0)
		|| (len > 6 && strcmp(path + len - 6, ".jsonl") == 0);
	bool is_csv = len > 4 && strcmp(path + len - 4, ".csv") == 0;
	struct err e = { 0 };

	if (!len)
		return;
	if (!is_json && !is_csv)
		ui_say(u, true, "\"%s\": end the name in .csv or .jsonl, which says the form",
			path);
	else if (ask_export(u->sql.ask, path, is_csv ? ALERT_CSV : ALERT_JSONL, &e) < 0)
		tell(u, &e);
}

void sql_export(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "export to: ",
		.hint = "a new file, .csv or .jsonl", .done = export_to, .is_kept = true };

	(void)unused;
	if (u->is_masked)
		ui_say(u, true, "no export while users are masked: y in LIVE shows them");
	else
		prompt_open(&u->prompt, &ops);
}

void sql_bar(struct ui *u, int unused)
{
	(void)unused;
	sheet_next_bar(&u->sql.sheet, sql_answer(u));
}

void sql_raw(struct ui *u, int unused)
{
	(void)unused;
	sheet_turn_raw(&u->sql.sheet, u, sql_answer(u));
}

void sql_record(struct ui *u, int unused)
{
	(void)unused;
	u->sql.sheet.is_record = !u->sql.sheet.is_record;
}

void sql_columns(struct ui *u, int by)
{
	sheet_shift(&u->sql.sheet, by);
}
