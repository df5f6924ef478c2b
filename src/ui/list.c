#include "ui/list.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "ui/saved.h"
#include "ui/ui.h"
#include "ui/words.h"

#define SLICE_US 10000
#define TRIES_BETWEEN 64        /* looks at the time */

static const char *const sort_name[LIST_SORTS] = { "TIME", "SCORE", "USER" };

void list_done(struct list_order *o)
{
	sieve_done(&o->sieve);
	mem_free(o->alert);
	*o = (struct list_order){ 0 };
}

static bool is_filtered(const struct list_order *o)
{
	return o->sieve.pattern.code && !o->is_off;
}

/* Row r is alert n - 1 - r. */
static bool is_plain(const struct ui *u)
{
	return !is_filtered(&u->order) && u->order.sort == LIST_TIME;
}

/* Rows */

uint32_t list_all_n(const struct ui *u)
{
	return is_plain(u) ? u->live.list.n : u->order.is_partial ? 0 : u->order.n;
}

uint32_t list_all_at(const struct ui *u, uint32_t row)
{
	uint32_t place = list_all_n(u) - 1 - row;

	return is_plain(u) ? place : u->order.alert[place];
}

uint32_t list_n(const struct ui *u)
{
	return fold_is_on(u) && list_all_n(u) ? u->fold.n : list_all_n(u);
}

unsigned list_percent(const struct ui *u)
{
	const struct list_order *o = &u->order;

	return o->is_partial && u->live.list.n
		? (unsigned)(o->seen * UINT64_C(100) / u->live.list.n) : 100;
}

bool list_is_whole(struct ui *u)
{
	if (u->order.is_partial)
		ui_say(u, true, "still filtering, %u%%: nothing was done", list_percent(u));
	return !u->order.is_partial;
}

uint32_t list_at(const struct ui *u, uint32_t row)
{
	return fold_is_on(u) ? u->fold.row[u->fold.n - 1 - row] : list_all_at(u, row);
}

/* How many of a list, which is in order of time, are at most that alert. */
static uint32_t count_up_to(const uint32_t *list, uint32_t n, uint32_t alert)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list[middle] <= alert)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t list_row(const struct ui *u, uint32_t alert)
{
	bool is_folded = fold_is_on(u);
	const uint32_t *list = is_folded ? u->fold.row : u->order.alert;
	uint32_t n = list_n(u), place;

	if (is_plain(u) && !is_folded)
		return u->live.list.n - 1 - alert;
	if (!n)
		return 0;
	alert = fold_top(u, alert);
	if (u->order.sort == LIST_TIME) {
		place = count_up_to(list, n, alert);
		return place ? n - place : n - 1;
	}
	for (place = n - 1; place > 0 && list[place] != alert; place--)
		;
	return list[place] == alert ? n - 1 - place : 0;
}

/* What is listed */

static bool append(struct list_order *o, uint32_t alert)
{
	uint32_t cap = o->cap ? o->cap + o->cap / 2 : 256, *more;

	if (o->n == o->cap) {
		more = mem_resize(o->alert, cap, sizeof *more);
		if (!more)
			return false;
		o->alert = more;
		o->cap = cap;
	}
	o->alert[o->n++] = alert;
	return true;
}

/* States that changed may let other alerts through. A held list moves by what its operator does,
 * not by what clears meanwhile.
 */
static bool is_stale(struct ui *u)
{
	const struct list_order *o = &u->order;

	if (o->seen > u->live.list.n)
		return true;
	if (!is_filtered(o))
		return false;
	return o->version != u->board.version || o->is_masked != u->is_masked
		|| (o->n_cleared != u->snap->n_cleared && !u->live.list.is_held
			&& !ui_is_early(u, o->made_ms));
}

static void forget(struct ui *u)
{
	struct list_order *o = &u->order;

	o->n = o->seen = 0;
	o->changes++;
	o->is_partial = true;
	o->version = u->board.version;
	o->n_cleared = u->snap->n_cleared;
	o->is_masked = u->is_masked;
	o->made_ms = clock_tick_ms(u->clock);
}

/* The first pass over many alerts is made in slices, so that no key waits for it. An answer that is
 * known costs next to nothing, and time is looked at only where the pattern was tried.
 */
static bool is_time_up(const struct ui *u, uint64_t n_tried, int64_t until_us)
{
	return n_tried && n_tried % TRIES_BETWEEN == 0 && clock_tick_us(u->clock) >= until_us;
}

/* Alerts from o->seen on, as far as time goes. */
static bool take(struct ui *u)
{
	struct list_order *o = &u->order;
	int64_t until_us = clock_tick_us(u->clock) + SLICE_US;
	uint64_t before = o->sieve.n_tried;
	bool ok = !is_filtered(o) || sieve_reserve(&o->sieve, u->live.list.n);

	for (; ok && o->seen < u->live.list.n; o->seen++) {
		if (is_time_up(u, o->sieve.n_tried - before, until_us))
			break;
		if (!is_filtered(o) || sieve_is_in(u, &o->sieve, o->seen) != o->is_inverted)
			ok = append(o, o->seen);
	}
	return ok;
}

static bool look(struct ui *u)
{
	struct list_order *o = &u->order;
	uint32_t old;
	bool ok, is_behind;

	if (is_plain(u)) {
		o->n = o->seen = 0;
		o->is_partial = false;
		return true;
	}
	if (is_stale(u))
		forget(u);
	old = o->n;
	ok = take(u);
	if (o->sort != LIST_TIME)
		ok &= rank_merge(u, o->sort, o->alert, old, o->n);
	is_behind = ok && o->seen < u->live.list.n;
	u->is_dirty |= o->is_partial || is_behind;
	o->is_partial &= is_behind;
	return ok;
}

bool list_look(struct ui *u)
{
	bool ok = look(u);

	ok &= fold_look(u);
	ok &= fold_make(u);
	return ok;
}

/* All anew, with the cursor where it was, or near there. */
static void renew(struct ui *u)
{
	forget(u);
	view_table[u->view]->follow(u, false);
}

/* What a person says */

void list_status(const struct ui *u, struct parts *p)
{
	const struct list_order *o = &u->order;
	char n[WORDS_MAX], whole[WORDS_MAX];

	if (o->sort != LIST_TIME)
		parts_add(p, 1, INK_TEXT, "sort %s", sort_name[o->sort]);
	if (o->is_partial)
		parts_add(p, 0, INK_KEY, "filtering %u%%", list_percent(u));
	else if (is_filtered(o))
		parts_add(p, 0, INK_KEY, "%s of %s, %s \"%s\"", words_count(o->n, n),
			words_count(u->live.list.n, whole), o->is_inverted ? "not" : "filter",
			o->text);
	else if (o->sieve.pattern.code)
		parts_add(p, 1, INK_DIM, "filter off");
}

bool list_set(struct ui *u, const char *filter, enum list_sort sort)
{
	struct list_order *o = &u->order;
	struct pattern p = { 0 };
	struct err e = { 0 };

	if (*filter && pattern_make(&p, filter, &e) < 0) {
		ui_say(u, true, "%s", e.text);
		return false;
	}
	sieve_done(&o->sieve);
	o->sieve.pattern = p;
	o->sort = sort;
	o->is_off = o->is_inverted = false;
	snprintf(o->text, sizeof o->text, "%s", filter);
	forget(u);
	return true;
}

static void filter_told(struct ui *u, const char *text)
{
	const char *saved = saved_find(u->options->saved, SAVED_FILTER, text);

	if (list_set(u, saved ? saved : text, u->order.sort))
		renew(u);
}

void list_filter(struct ui *u, int unused)
{
	static const struct prompt_ops plain = { .label = "filter: ",
		.hint = "a regex on priority, state, user, from > to; nothing: no filter",
		.done = filter_told, .is_kept = true },
	named = { .label = "filter: ", .hint = "a regex on the row, or a name; nothing: no filter",
		.done = filter_told, .turn = saved_filter_turned, .above = saved_filter_above,
		.is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, saved_has_filter(u->options->saved) ? &named : &plain);
}

static bool has_filter(struct ui *u)
{
	if (!u->order.sieve.pattern.code)
		ui_say(u, true, "there is no filter: \\ sets one");
	return u->order.sieve.pattern.code;
}

void list_invert(struct ui *u, int unused)
{
	(void)unused;
	if (!has_filter(u))
		return;
	u->order.is_inverted = !u->order.is_inverted;
	u->order.is_off = false;
	renew(u);
}

void list_toggle(struct ui *u, int unused)
{
	(void)unused;
	if (!has_filter(u))
		return;
	u->order.is_off = !u->order.is_off;
	renew(u);
}

void list_sort(struct ui *u, int unused)
{
	(void)unused;
	u->order.sort = (u->order.sort + 1) % LIST_SORTS;
	renew(u);
	ui_say(u, false, "sort %s", sort_name[u->order.sort]);
}
