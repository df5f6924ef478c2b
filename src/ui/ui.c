#include "ui/ui.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alert/ask.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ingest/names.h"
#include "ui/budget.h"
#include "ui/compare.h"
#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/mask.h"
#include "ui/session.h"
#include "ui/strip.h"
#include "ui/twin.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* How times are shown, by the span of the log: no date within a day, no seconds over a year. */
static const struct {
	int64_t most_ms;
	const char *format;
	int width;
} time_forms[] = {
	{ DAY_MS, "%H:%M:%S", 8 }, { 330 * DAY_MS, "%m-%d %H:%M:%S", 14 },
	{ INT64_MAX, "%Y-%m-%d %H:%M", 16 },
};

int ui_init(struct ui *u, struct feed *f, const struct console_options *o, struct err *e)
{
	struct term_options t = { .glyphs = o->glyphs, .theme = o->theme, .scripted = o->keys,
		.lines = o->lines ? o->lines : 24, .columns = o->columns ? o->columns : 80 };

	*u = (struct ui){ .feed = f, .options = o, .clock = o->clock };
	u->user.wanted_ms = INT64_MIN;
	mask_init(u);
	if (term_open(&u->term, &t, e) < 0)
		return e->code;
	ui_look(u);
	u->n_notices_seen = u->snap->n_notices;
	u->is_dirty = true;
	return 0;
}

void ui_done(struct ui *u)
{
	int i;

	for (i = 0; i < VIEW_N; i++)
		if (view_table[i]->done)
			view_table[i]->done(u);
	roll_done(&u->roll);
	board_done(&u->board);
	list_done(&u->order);
	fold_done(&u->fold);
	mem_free(u->act.id);
	term_close(&u->term);
}

/* What the status line has to say comes back by itself: nobody may be there to press a key. */
static void look_message(struct ui *u)
{
	if (!u->message[0] || u->prompt.ops || ui_waits(u, u->message_tick + UI_MESSAGE_MS))
		return;
	u->message[0] = 0;
	u->is_dirty = true;
}

void ui_look(struct ui *u)
{
	bool is_fresh = false;
	int i;

	u->snap = feed_look(u->feed, &is_fresh);
	u->is_dirty |= is_fresh;
	if (u->rows_seen != u->snap->rows || !u->rows_tick)
		u->rows_tick = clock_tick_ms(u->clock);
	u->rows_seen = u->snap->rows;
	budget_look(u);
	if (u->due_ms && clock_tick_ms(u->clock) >= u->due_ms) {
		u->due_ms = 0;
		u->is_dirty = true;
	}
	look_message(u);
	if (roll_sync(&u->roll, u->feed, u->snap->n_alerts) < 0)
		ui_say(u, true, "out of memory: not all alerts are counted by user");
	board_look(u);
	mask_look(u);
	for (i = 0; i < VIEW_N; i++)
		if (view_table[i]->look)
			view_table[i]->look(u);
	session_look(u);
}

void ui_key(struct ui *u, int key)
{
	const struct keymap *own = u->options->keymap;
	const struct action *a;

	u->is_dirty = true;
	if (key == TERM_RESIZED)
		return;
	u->message[0] = 0;
	u->n_notices_seen = u->snap->n_notices;
	a = keys_find(own, key, ui_place(u), ui_state(u));
	if (a)
		a->run(u, a->argument);
	else if (!u->prompt.ops && keys_find(own, key, ui_place(u), ui_state(u) | WHEN_STORE))
		ui_say(u, true, "there is no store to keep that in: start with --db FILE");
	else if (u->prompt.ops)
		prompt_type(&u->prompt, u, key);
	else if (view_table[u->view]->type)
		view_table[u->view]->type(u, key);
}

/* In one line, or in two where that is too small as well. */
static void draw_too_small(struct term *t)
{
	char needs[40], have[40];
	int x;

	snprintf(needs, sizeof needs, "needs %dx%d,", TERM_COLUMNS_MIN, TERM_LINES_MIN);
	snprintf(have, sizeof have, "have %dx%d", t->columns, t->lines);
	x = (int)strlen(needs) + 1;
	term_put(t, 0, 0, t->columns, INK_TEXT, needs);
	if (x + (int)strlen(have) <= t->columns)
		term_put(t, 0, x, t->columns - x, INK_TEXT, have);
	else
		term_put(t, 1, 0, t->columns, INK_TEXT, have);
}

void ui_draw(struct ui *u)
{
	struct term *t = &u->term;
	struct box all = { 0, 0, t->lines, t->columns };
	int64_t begun_us = clock_tick_us(u->clock);
	int n_said = 0;

	term_begin(t);
	if (t->lines < TERM_LINES_MIN || t->columns < TERM_COLUMNS_MIN) {
		draw_too_small(t);
	} else {
		view_table[u->view]->draw(u, view_table[u->view]->is_framed ? frame_draw(u) : all);
		n_said = frame_message(u, all);
	}
	if (u->prompt.ops && u->prompt.ops->above)
		u->prompt.ops->above(u, t->lines - 3 - n_said);
	u->painted_bytes = term_end(t);
	system_painted(u, clock_tick_us(u->clock) - begun_us);
	u->is_dirty = false;
}

void ui_show(struct ui *u, enum view_id view)
{
	unsigned i, n = 0;

	if (view == u->view)
		return;
	for (i = 0; i < u->depth; i++)
		if (u->below[i] != view)
			u->below[n++] = u->below[i];
	u->depth = n;
	if (u->depth < UI_DEPTH)
		u->below[u->depth++] = u->view;
	if (u->view != VIEW_HELP)
		u->previous = u->view;
	u->view = view;
	if (view == VIEW_LIVE)
		u->depth = 0;
	if (view_table[view]->open)
		view_table[view]->open(u);
}

void ui_go(struct ui *u, enum view_id view)
{
	unsigned i;

	if (u->view == view)
		return;
	for (i = 0; i < u->depth && u->below[i] != view; i++)
		;
	if (i == u->depth) {
		ui_show(u, view);
		return;
	}
	if (u->view != VIEW_HELP)
		u->previous = u->view;
	u->depth = i;
	u->view = view;
}

void ui_show_alert(struct ui *u, uint32_t alert)
{
	const struct finding *found = &feed_alert(u->feed, alert)->f;

	compare_end(u);
	u->user.user = found->user;
	u->user.is_held = true;
	u->user.wanted_ms = found->time_ms;
	u->user.place.alert = alert + 1;
	u->user.window = (struct pane_window){ 0 };
	ui_go(u, VIEW_USER);
}

void ui_up(struct ui *u)
{
	if (u->depth && u->view != VIEW_HELP)
		u->previous = u->view;
	if (u->depth)
		u->view = u->below[--u->depth];
	else
		u->is_done = true;
}

void ui_say(struct ui *u, bool is_error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(u->message, sizeof u->message, format, ap);
	va_end(ap);
	u->is_error = is_error;
	u->message_tick = clock_tick_ms(u->clock);
	u->is_dirty = true;
}

bool ui_command(struct ui *u, const struct command *c)
{
	struct err e = { 0 };
	int code = feed_command(u->feed, c, &e);

	if (code < 0)
		ui_say(u, true, "%s", e.text);
	ui_look(u);
	return code >= 0;
}

bool ui_is_loaded(const struct ui *u)
{
	return u->snap->phase != FEED_LOADING
		&& (u->snap->phase != FEED_FAILED || u->snap->n_alerts);
}

bool ui_is_stopped(const struct ui *u)
{
	return u->options->stop && *u->options->stop;
}

unsigned ui_place(const struct ui *u)
{
	return u->prompt.ops ? IN_PROMPT : ui_view_place(u);
}

unsigned ui_view_place(const struct ui *u)
{
	const struct view *v = view_table[u->view];

	return v->place ? v->place(u) : v->bit;
}

static bool is_finding(const struct ui *u)
{
	return u->view == VIEW_POPULATION ? u->population.needle[0]
		: u->view == VIEW_LIVE && u->live.list.needle[0];
}

unsigned ui_state(const struct ui *u)
{
	unsigned state = u->snap->live ? WHEN_LIVE : WHEN_REPLAY;

	if (ui_is_loaded(u))
		state |= WHEN_LOADED;
	state |= u->snap->twin.is_on ? WHEN_TWIN : WHEN_NO_TWIN;
	if (u->live.list.n)
		state |= WHEN_ALERTS;
	state |= is_finding(u) ? WHEN_FOUND : WHEN_NOT_FOUND;
	if ((view_table[u->view]->is_held && view_table[u->view]->is_held(u)) || twin_is_at_end(u))
		state |= WHEN_HELD;
	if (u->snap->what_if.is_busy)
		state |= WHEN_TRYING;
	if (u->view == VIEW_POPULATION || (u->view == VIEW_LIVE && strip_is_shown(u)))
		state |= WHEN_PANES;
	if (u->prompt.ops && u->prompt.ops->turn)
		state |= WHEN_TURNS;
	if (u->feed->db)
		state |= WHEN_STORE;
	state |= sql_is_asking(u) ? WHEN_ASKING : WHEN_IDLE;
	return state | (sql_answer(u) && sql_answer(u)->n_rows ? WHEN_ROWS : WHEN_NO_ROWS);
}

bool ui_waits(struct ui *u, int64_t due_ms)
{
	if (clock_tick_ms(u->clock) >= due_ms)
		return false;
	if (!u->due_ms || due_ms < u->due_ms)
		u->due_ms = due_ms;
	return true;
}

bool ui_is_early(struct ui *u, int64_t made_ms)
{
	bool is_moving = u->snap->live || (u->snap->twin.is_on && u->snap->phase == FEED_RUNNING);

	return is_moving && ui_waits(u, made_ms + UI_EARLY_MS);
}

bool ui_is_cleared(const struct ui *u, const struct alert *a)
{
	return a->cleared_ms != INT64_MIN && a->cleared_ms <= u->snap->data_ms;
}

static unsigned time_form(const struct ui *u)
{
	int64_t span = u->snap->last_ms - u->snap->first_ms;
	unsigned i = 0;

	while (span > time_forms[i].most_ms)
		i++;
	return i;
}

const char *ui_time(const struct ui *u, int64_t ms, char *buf)
{
	return time_show(ms, u->feed->zone, time_forms[time_form(u)].format, buf, UI_TIME_MAX);
}

int ui_time_width(const struct ui *u)
{
	return time_forms[time_form(u)].width;
}

/* An id may hold any bytes, a NUL too; a name is text. */
static char *show(const struct ui *u, const struct dict *d, uint32_t id, char *buf)
{
	const char *bytes, *name;
	size_t len;

	if (id == DICT_NONE)
		return strcpy(buf, "*");
	bytes = dict_text(d, id, &len);
	name = names_show(u->feed->names, bytes);
	text_scrub(buf, UI_NAME_MAX, name, name == bytes ? len : strlen(name));
	return buf;
}

char *ui_user(const struct ui *u, uint32_t user, char *buf)
{
	if (u->is_masked)
		return ui_user_id(u, user, buf);
	return show(u, u->feed->ids->user, user, buf);
}

char *ui_user_id(const struct ui *u, uint32_t user, char *buf)
{
	size_t len;
	const char *bytes = dict_text(u->feed->ids->user, user, &len);

	if (u->is_masked)
		return mask_id(u, bytes, len, buf);
	text_scrub(buf, UI_NAME_MAX, bytes, len);
	return buf;
}

char *ui_category_id(const struct ui *u, uint32_t category, char *buf)
{
	size_t len;
	const char *bytes;

	if (category == DICT_NONE)
		return strcpy(buf, "*");
	bytes = dict_text(u->feed->ids->category, category, &len);
	text_scrub(buf, UI_NAME_MAX, bytes, len);
	return buf;
}

char *ui_category(const struct ui *u, uint32_t category, char *buf)
{
	return show(u, u->feed->ids->category, category, buf);
}

char *ui_item(const struct ui *u, uint32_t item, char *buf)
{
	return show(u, u->feed->ids->item, item, buf);
}

char *ui_brief(char *name, unsigned columns)
{
	size_t len = strlen(name), fits;

	if (text_width(name, len) > columns) {
		fits = text_fit(name, len, columns - 1, NULL);
		name[fits] = '~';
		name[fits + 1] = 0;
	}
	return name;
}

const char *ui_priority(unsigned severity, enum ink *ret_ink)
{
	static const struct { const char *sign; enum ink ink; } as[] = {
		[TICK_LOW] = { " .", INK_LOW }, [TICK_HIGH] = { " !", INK_HIGH },
		[TICK_SEVERE] = { "!!", INK_SEVERE },
	};
	enum tick tick = bar_tick(severity);

	*ret_ink = as[tick].ink;
	return as[tick].sign;
}

char *ui_from(const struct ui *u, const struct finding *f, char *name)
{
	char to[ALERT_SIDE_MAX];

	if (f->kind == KIND_INTEREST)
		return ui_category(u, f->from, name);
	alert_levels(f, name, to);
	return name;
}

char *ui_to(const struct ui *u, const struct finding *f, char *name)
{
	char from[ALERT_SIDE_MAX];

	if (f->kind == KIND_INTEREST)
		return ui_category(u, f->to, name);
	alert_levels(f, from, name);
	return name;
}

void ui_put_pair(struct ui *u, const struct finding *f, struct box b, enum ink ink)
{
	struct term *t = &u->term;
	char from[UI_NAME_MAX], to[UI_NAME_MAX];
	int need_from = term_width(t, ui_from(u, f, from));
	int need_to = term_width(t, ui_to(u, f, to));
	int half = (b.columns - 3) / 2, first = need_from, x = b.column;

	if (need_from + 3 + need_to > b.columns)
		first = need_to < half ? b.columns - 3 - need_to : view_clamp(need_from, 0, half);
	term_put(t, b.line, x, first, ink, from);
	term_put(t, b.line, x + first, 3, ink, " > ");
	term_put(t, b.line, x + first + 3, b.columns - first - 3, ink, to);
}
