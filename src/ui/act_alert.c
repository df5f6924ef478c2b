#include "ui/act_alert.h"

#include <string.h>

#include "alert/desk.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/measure.h"
#include "base/mem.h"
#include "ui/export.h"
#include "ui/list.h"
#include "ui/ui.h"

#define WRITING "being written to the store"    /* until there are news of it */

/* Which alerts */

static bool take_id(struct ui *u, uint64_t id)
{
	struct act_state *s = &u->act;
	uint64_t *more = mem_resize(s->id, s->n + 1ul, sizeof *more);

	if (!more) {
		ui_say(u, true, "out of memory: nothing was done");
		return false;
	}
	s->id = more;
	s->id[s->n++] = id;
	return true;
}

/* The alert that the view is about, or ROLL_NONE. */
static uint32_t under_cursor(const struct ui *u)
{
	if (u->view == VIEW_USER)
		return pane_alert(&u->user.pane, u, &u->user.place);
	if (u->view == VIEW_USERS)
		return u->users.n ? u->users.alert[u->users.cursor] : ROLL_NONE;
	return list_n(u) ? u->live.list.cursor : ROLL_NONE;
}

static bool take_marked(struct ui *u)
{
	uint32_t i;

	for (i = 0; i < u->board.n; i++)
		if (u->board.entry[i].is_marked && u->board.entry[i].alert < u->snap->n_alerts
				&& !take_id(u, u->board.entry[i].id))
			return false;
	return true;
}

/* Those of the list that its row stands for. */
static bool take_crowd(struct ui *u, uint32_t top)
{
	uint32_t i, n = list_all_n(u);

	u->act.is_crowd = true;
	for (i = 0; i < n; i++) {
		uint32_t alert = list_all_at(u, i);

		if (fold_top(u, alert) == top && !take_id(u, feed_alert(u->feed, alert)->id))
			return false;
	}
	return true;
}

/* Fills act.id; false when there is none, which was said. */
static bool choose(struct ui *u)
{
	uint32_t alert = under_cursor(u);

	u->act.n = 0;
	u->act.is_crowd = false;
	view_table[u->view]->follow(u, false);
	if (u->view != VIEW_USER && u->board.counts.marked)
		return take_marked(u);
	if (u->view == VIEW_LIVE && alert != ROLL_NONE && fold_crowd(u, alert))
		return take_crowd(u, alert);
	if (alert == ROLL_NONE)
		ui_say(u, true, "there is no alert here");
	return alert != ROLL_NONE && take_id(u, feed_alert(u->feed, alert)->id);
}

static void unmark(struct ui *u)
{
	uint32_t i;

	for (i = 0; i < u->board.n; i++)
		u->board.entry[i].is_marked = false;
}

static void order(struct ui *u, struct triage_act act)
{
	struct err e = { 0 };

	act.time_ms = clock_utc_ms(u->clock);
	if (act.field == TRIAGE_STATE && act.value == TRIAGE_SHELVED)
		act.until_ms += act.time_ms;
	if (u->snap->what_if.is_on)
		ui_say(u, true, "alerts of another budget are not in the store: \":budget reset\" "
			"goes back");
	else if (!u->board.desk)
		ui_say(u, true, "the store could not be opened");
	else if (desk_order(u->board.desk, &act, u->act.id, u->act.n, &e) < 0)
		ui_say(u, true, "%s", e.text);
	else
		unmark(u);
	if (!u->message[0])
		ui_say(u, false, WRITING);
}

/* Acts */

static void sure_told(struct ui *u, const char *text)
{
	if (strcmp(text, "y") == 0 || strcmp(text, "yes") == 0)
		order(u, (struct triage_act){ .field = u->act.field, .value = u->act.value });
	else
		ui_say(u, false, "nothing was done");
}

/* "acknowledge all 118 alerts shown? " */
static void ask(struct ui *u, const char *what, const char *which)
{
	struct act_state *s = &u->act;

	snprintf(s->question, sizeof s->question, "%s %s%u alert%s %s? ", what,
		s->n == 1 ? "the " : "all ", s->n, s->n == 1 ? "" : "s", which);
	s->confirm = (struct prompt_ops){ .label = s->question, .hint = "y and Enter",
		.done = sure_told };
	prompt_open(&u->prompt, &s->confirm);
}

static void act_on(struct ui *u, unsigned field, unsigned value, const char *what)
{
	if (!choose(u))
		return;
	u->act.field = field;
	u->act.value = value;
	if (u->act.is_crowd)
		ask(u, what, "of the crowd");
	else
		order(u, (struct triage_act){ .field = field, .value = value });
}

void act_acknowledge(struct ui *u, int unused)
{
	(void)unused;
	act_on(u, TRIAGE_STATE, TRIAGE_ACKNOWLEDGED, "acknowledge");
}

void act_label(struct ui *u, int label)
{
	act_on(u, TRIAGE_LABEL, (unsigned)label,
		label == LABEL_TRUE ? "label true" : "label false");
}

void act_undo(struct ui *u, int unused)
{
	struct err e = { 0 };

	(void)unused;
	if (u->board.desk && desk_undo(u->board.desk, clock_utc_ms(u->clock), &e) < 0)
		ui_say(u, true, "%s", e.text);
	else if (u->board.desk)
		ui_say(u, false, WRITING);
}

/* Those of the list that nobody took care of. */
void act_acknowledge_all(struct ui *u, int unused)
{
	struct act_state *s = &u->act;
	uint32_t i;

	(void)unused;
	s->n = 0;
	view_table[u->view]->follow(u, false);
	if (!list_is_whole(u))
		return;
	for (i = 0; i < list_all_n(u); i++) {
		char state = board_state(u, list_all_at(u, i));

		if ((state == 'N' || state == 'C')
				&& !take_id(u, feed_alert(u->feed, list_all_at(u, i))->id))
			return;
	}
	if (!s->n) {
		ui_say(u, false, "there is nothing here to acknowledge");
		return;
	}
	s->field = TRIAGE_STATE;
	s->value = TRIAGE_ACKNOWLEDGED;
	ask(u, "acknowledge", "shown");
}

/* Of a crowd the prompt says how many alerts get it. */
static void ask_text(struct ui *u, const struct prompt_ops *ops)
{
	struct act_state *s = &u->act;

	if (!choose(u))
		return;
	s->confirm = *ops;
	if (s->is_crowd) {
		snprintf(s->question, sizeof s->question, "all %u alerts, %s", s->n, ops->label);
		s->confirm.label = s->question;
	}
	prompt_open(&u->prompt, &s->confirm);
}

static void note_told(struct ui *u, const char *text)
{
	if (*text)
		order(u, (struct triage_act){ .field = TRIAGE_NOTE, .text = text,
			.len = strlen(text) });
}

void act_note(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "note: ", .hint = "what others should know of this alert",
		.done = note_told, .is_kept = true };

	(void)unused;
	ask_text(u, &ops);
}

#define SPANS "10m, 2h, 1d"

static void shelve_told(struct ui *u, const char *text)
{
	int64_t span_ms;

	if (!*text)
		return;
	if (span_parse(text, &span_ms) && span_ms > 0)
		order(u, (struct triage_act){ .field = TRIAGE_STATE, .value = TRIAGE_SHELVED,
			.until_ms = span_ms });
	else
		ui_say(u, true, "\"%s\" is no span of time: type one such as " SPANS, text);
}

void act_shelve(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "shelve for: ", .hint = SPANS, .done = shelve_told, .is_kept = true };

	(void)unused;
	ask_text(u, &ops);
}

/* All of a crowd become what its row's own alert becomes. */
static void mark_crowd(struct ui *u, uint32_t top, bool is_marked)
{
	uint32_t i;

	u->act.n = 0;
	if (!take_crowd(u, top))
		return;
	for (i = 0; i < u->act.n; i++) {
		struct board_entry *e = board_touch(&u->board, u->act.id[i]);

		if (e)
			e->is_marked = is_marked;
	}
}

void act_mark(struct ui *u, int unused)
{
	uint32_t alert = under_cursor(u);
	struct board_entry *e = alert == ROLL_NONE ? NULL
		: board_touch(&u->board, feed_alert(u->feed, alert)->id);

	(void)unused;
	view_table[u->view]->follow(u, false);
	if (!e)
		return;
	e->is_marked = !e->is_marked;
	if (u->view == VIEW_LIVE && fold_crowd(u, alert))
		mark_crowd(u, alert, e->is_marked);
	board_look(u);
}

static void export_told(struct ui *u, const char *path)
{
	struct err e = { 0 };

	if (!*path || !list_is_whole(u))
		return;
	if (export_alerts(u, path, &e) < 0)
		ui_say(u, true, "%s", e.text);
	else
		ui_say(u, false, "%u row%s in \"%s\"", list_all_n(u),
			list_all_n(u) == 1 ? "" : "s", path);
}

void act_export(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "export the rows to: ", .hint = EXPORT_FORMS,
		.done = export_told, .is_kept = true };

	(void)unused;
	view_table[u->view]->follow(u, false);
	prompt_open(&u->prompt, &ops);
}
