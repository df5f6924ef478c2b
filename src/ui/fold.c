#include "ui/fold.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/ui.h"

#define AT_ONCE 16384           /* alerts between two looks at the time */
#define SLICE_MS 20
#define REST 20                 /* times what finding crowds took, until it is done again */

void fold_done(struct fold *f)
{
	crowds_done(&f->crowds);
	mem_free(f->row);
	mem_free(f->top);
	mem_free(f->member);
	*f = (struct fold){ .is_off = f->is_off };
}

void fold_forget(struct fold *f)
{
	crowds_done(&f->crowds);
	f->n = 0;
	f->is_stale = true;
}

static bool reserve(uint32_t **p, uint32_t *cap, uint32_t n)
{
	uint32_t more = n + n / 2 + 64, *bigger;

	if (n <= *cap)
		return true;
	bigger = mem_resize(*p, more, sizeof **p);
	if (!bigger)
		return false;
	*p = bigger;
	*cap = more;
	return true;
}

bool fold_is_on(const struct ui *u)
{
	return u->fold.crowds.n && !u->fold.is_off;
}

/* Names are those of the feed whose alerts they are. */
static bool add(struct ui *u, struct crowds *c, uint32_t n)
{
	c->names = u->feed->ids->category;
	while (c->n_alerts < n)
		if (crowds_add(c, &feed_alert(u->feed, c->n_alerts)->f) < 0)
			return false;
	return crowds_make(c) == 0;
}

bool fold_sync(struct ui *u, struct crowds *c, uint32_t n)
{
	if (c->n_alerts > n)
		crowds_done(c);
	return c->n_alerts == n || add(u, c, n);
}

/* As far as time goes. */
static bool take(struct ui *u, uint32_t n)
{
	struct fold *f = &u->fold;
	struct crowds *c = &f->crowds;
	int64_t begun_ms = clock_tick_ms(u->clock);
	bool ok = true;

	while (ok && c->n_alerts < n && clock_tick_ms(u->clock) - begun_ms < SLICE_MS)
		ok = add(u, c, n - c->n_alerts > AT_ONCE ? c->n_alerts + AT_ONCE : n);
	u->is_dirty |= c->n_alerts < n;
	f->made_ms = clock_tick_ms(u->clock);
	f->cost_ms = f->made_ms - begun_ms;
	return ok;
}

/* Rows of a held list stay; live, late alerts may mean that all is looked at again. */
bool fold_look(struct ui *u)
{
	struct fold *f = &u->fold;
	struct crowds *c = &f->crowds;
	uint32_t n = u->live.list.n;

	if (c->n_alerts > n || !c->n_alerts)
		fold_forget(f);
	else if (c->n_alerts == n || u->live.list.is_held
			|| ui_is_early(u, f->made_ms + REST * f->cost_ms))
		return true;
	f->is_stale = true;
	if (take(u, n))
		return true;
	fold_forget(f);
	return false;
}

bool fold_make(struct ui *u)
{
	struct fold *f = &u->fold;
	uint32_t n = list_all_n(u), i, crowd;

	if (!fold_is_on(u))
		return true;
	if (!f->is_stale && f->changes == u->order.changes && f->n_list == n)
		return true;
	if (!reserve(&f->row, &f->cap, n) || !reserve(&f->top, &f->cap_top, f->crowds.n)) {
		fold_forget(f);
		return false;
	}
	memset(f->top, 0xff, f->crowds.n * sizeof *f->top);
	for (i = 0, f->n = 0; i < n; i++) {
		uint32_t alert = list_all_at(u, i);

		crowd = alert < f->crowds.n_alerts ? f->crowds.of[alert] : CROWD_NONE;
		if (crowd != CROWD_NONE && f->top[crowd] != ROLL_NONE)
			continue;
		if (crowd != CROWD_NONE)
			f->top[crowd] = alert;
		f->row[f->n++] = alert;
	}
	for (i = 0; i < f->n / 2; i++) {
		uint32_t other = f->row[i];

		f->row[i] = f->row[f->n - 1 - i];
		f->row[f->n - 1 - i] = other;
	}
	f->is_stale = false;
	f->changes = u->order.changes;
	f->n_list = n;
	return true;
}

/* Of an alert that is folded, its crowd's number; else CROWD_NONE. */
static uint32_t crowd_of(const struct ui *u, uint32_t alert)
{
	const struct fold *f = &u->fold;
	uint32_t crowd = fold_is_on(u) && alert < f->crowds.n_alerts ? f->crowds.of[alert]
		: CROWD_NONE;

	return crowd < f->cap_top && f->top[crowd] != ROLL_NONE ? crowd : CROWD_NONE;
}

const struct crowd *fold_crowd(const struct ui *u, uint32_t alert)
{
	uint32_t crowd = crowd_of(u, alert);

	return crowd != CROWD_NONE && u->fold.top[crowd] == alert ? &u->fold.crowds.crowd[crowd]
		: NULL;
}

uint32_t fold_top(const struct ui *u, uint32_t alert)
{
	uint32_t crowd = crowd_of(u, alert);

	return crowd == CROWD_NONE ? alert : u->fold.top[crowd];
}

const uint32_t *fold_members(struct ui *u, const struct crowds *c, const struct crowd *crowd)
{
	if (!reserve(&u->fold.member, &u->fold.cap_member, crowd->alerts))
		return NULL;
	crowds_members(c, crowd, u->fold.member);
	return u->fold.member;
}

bool fold_has(struct ui *u, struct needle *e, uint32_t alert)
{
	const struct crowd *crowd = fold_crowd(u, alert);
	const uint32_t *member = crowd ? fold_members(u, &u->fold.crowds, crowd) : NULL;
	uint32_t i;

	if (needle_is_in(e, u, alert))
		return true;
	for (i = 0; member && i < crowd->alerts; i++)
		if (needle_is_in(e, u, member[i]))
			return true;
	return false;
}

uint32_t fold_running(const struct ui *u)
{
	const struct crowds *c = &u->fold.crowds;
	uint32_t i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->crowd[i].until_ms >= u->snap->data_ms;
	return n;
}

void fold_toggle(struct ui *u, int unused)
{
	(void)unused;
	if (!u->fold.crowds.n) {
		ui_say(u, false, "there is no crowd among these alerts");
		return;
	}
	u->fold.is_off = !u->fold.is_off;
	u->fold.is_stale = true;
	view_table[u->view]->follow(u, false);
	ui_say(u, false, u->fold.is_off ? "a row for each alert of a crowd"
		: "a row for each crowd");
}
