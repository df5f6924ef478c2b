#include "ui/hunt.h"

#include <stdio.h>

#include "base/clock.h"
#include "ui/ui.h"
#include "ui/words.h"

#define SLICE_US 10000
#define ROWS_BETWEEN 64         /* looks at the time */
#define PERCENT_COLUMNS 13

static unsigned percent(const struct hunt *f)
{
	return f->n ? (unsigned)(f->seen * UINT64_C(100) / f->n) : 100;
}

void hunt_stop(struct ui *u)
{
	struct hunt *f = &u->live.hunt;

	needle_done(&f->needle);
	f->is_busy = false;
}

static void end(struct ui *u)
{
	hunt_stop(u);
	if (!u->live.hunt.is_told)
		return;
	ui_say(u, true, "no alert here has \"%s\" in user or category", u->live.list.needle);
}

/* Rows from f->row on, as far as time goes. */
static void go_on(struct ui *u)
{
	struct hunt *f = &u->live.hunt;
	int64_t until_us = clock_tick_us(u->clock) + SLICE_US;
	uint32_t alert;

	for (; f->seen < f->n; f->row = (f->row + (f->direction > 0 ? 1 : f->n - 1)) % f->n) {
		alert = list_at(u, f->row);
		f->seen++;
		if (fold_has(u, &f->needle, alert)) {
			u->live.list.cursor = alert;
			hunt_stop(u);
			return;
		}
		if (f->seen % ROWS_BETWEEN == 0 && clock_tick_us(u->clock) >= until_us)
			return;
	}
	end(u);
}

/* From the cursor's row, or the one beside it. */
static void start(struct ui *u, int direction, bool is_told, bool skips_cursor)
{
	struct hunt *f = &u->live.hunt;
	uint32_t n = list_n(u);

	hunt_stop(u);
	if (!n)
		return;
	*f = (struct hunt){ .row = list_row(u, u->live.list.cursor), .n = n, .is_busy = true,
		.direction = direction, .is_told = is_told };
	if (skips_cursor)
		f->row = (f->row + (direction > 0 ? 1 : n - 1)) % n;
	needle_init(&f->needle, u, u->live.list.needle);
	go_on(u);
}

/* A list that got other rows meanwhile is searched anew. */
void hunt_look(struct ui *u)
{
	struct hunt *f = &u->live.hunt;

	if (!f->is_busy || u->order.is_partial)
		return;
	u->is_dirty = true;
	if (f->n == list_n(u))
		go_on(u);
	else
		start(u, f->direction, f->is_told, false);
}

static void changed(struct ui *u, const char *text)
{
	struct live_list *l = &u->live.list;

	hunt_stop(u);
	*l = u->live.before_find;
	l->is_held = true;
	snprintf(l->needle, sizeof l->needle, "%s", text);
	if (*text)
		start(u, 1, false, false);
}

static void told(struct ui *u, const char *text)
{
	struct hunt *f = &u->live.hunt;

	f->is_told = true;
	if (*text && !f->is_busy)
		start(u, 1, true, false);
}

static void cancelled(struct ui *u)
{
	hunt_stop(u);
	u->live.list = u->live.before_find;
	view_live.look(u);
}

static void above(struct ui *u, int line)
{
	const struct hunt *f = &u->live.hunt;

	if (f->is_busy)
		term_putf(&u->term, line, 0, PERCENT_COLUMNS, INK_KEY, "finding %u%%", percent(f));
}

void hunt_open(struct ui *u)
{
	static const struct prompt_ops ops = { .label = "find: ",
		.hint = "part of a user or category", .changed = changed, .done = told,
		.cancelled = cancelled, .above = above };

	hunt_stop(u);
	u->live.before_find = u->live.list;
	u->live.list.is_held = true;
	u->live.before_find.needle[0] = 0;
	prompt_open(&u->prompt, &ops);
}

void hunt_again(struct ui *u, int direction)
{
	struct live_list *l = &u->live.list;

	if (!direction) {
		hunt_stop(u);
		l->needle[0] = 0;
		return;
	}
	l->is_held |= list_n(u) > 0;
	start(u, direction, true, true);
}

void hunt_status(const struct ui *u, struct parts *p)
{
	const struct hunt *f = &u->live.hunt;

	if (f->is_busy)
		parts_add(p, 0, INK_KEY, "finding \"%s\" %u%%, Esc ends", u->live.list.needle,
			percent(f));
	else if (u->live.list.needle[0])
		parts_add(p, 2, INK_TEXT, "find \"%s\"", u->live.list.needle);
}
