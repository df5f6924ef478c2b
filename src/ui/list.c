#include "ui/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "ui/ui.h"
#include "ui/words.h"

#define LINE_MAX_BYTES (6 * UI_NAME_MAX)

static const char *const sort_name[LIST_SORTS] = { "TIME", "SCORE", "USER" };

void list_done(struct list_order *o)
{
	pattern_done(&o->pattern);
	mem_free(o->alert);
	*o = (struct list_order){ 0 };
}

static bool is_filtered(const struct list_order *o)
{
	return o->pattern.code && !o->is_off;
}

/* Row r is alert n - 1 - r. */
static bool is_plain(const struct ui *u)
{
	return !is_filtered(&u->order) && u->order.sort == LIST_TIME;
}

/* Rows */

uint32_t list_n(const struct ui *u)
{
	return is_plain(u) ? u->live.list.n : u->order.n;
}

uint32_t list_at(const struct ui *u, uint32_t row)
{
	uint32_t place = list_n(u) - 1 - row;

	return is_plain(u) ? place : u->order.alert[place];
}

/* How many of the list, which is in order of time, are at most that alert. */
static uint32_t count_up_to(const struct list_order *o, uint32_t alert)
{
	uint32_t low = 0, high = o->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (o->alert[middle] <= alert)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t list_row(const struct ui *u, uint32_t alert)
{
	const struct list_order *o = &u->order;
	uint32_t place;

	if (is_plain(u))
		return u->live.list.n - 1 - alert;
	if (!o->n)
		return 0;
	if (o->sort == LIST_TIME) {
		place = count_up_to(o, alert);
		return place ? o->n - place : o->n - 1;
	}
	for (place = o->n - 1; place > 0 && o->alert[place] != alert; place--)
		;
	return o->alert[place] == alert ? o->n - 1 - place : 0;
}

/* What is listed */

/* Appends a word that stands for itself only when it is not the word before. */
static void add_other(char *line, const char *word, const char *before)
{
	size_t at = strlen(line);

	if (strcmp(word, before) != 0)
		snprintf(line + at, LINE_MAX_BYTES - at, " %s", word);
}

static bool passes(struct ui *u, uint32_t i)
{
	const struct finding *f = &feed_alert(u->feed, i)->f;
	char line[LINE_MAX_BYTES], id[UI_NAME_MAX], name[UI_NAME_MAX], from[UI_NAME_MAX],
		to[UI_NAME_MAX];
	enum ink ink;
	const char *sign = ui_priority(f->severity, &ink);

	ui_user_id(u, f->user, id);
	snprintf(line, sizeof line, "%s %s %s", sign[0] == ' ' ? sign + 1 : sign,
		board_word(board_state(u, i)), id);
	add_other(line, ui_user(u, f->user, name), id);
	snprintf(line + strlen(line), sizeof line - strlen(line), " %s > %s", ui_from(u, f, from),
		ui_to(u, f, to));
	if (f->kind == KIND_INTEREST) {
		add_other(line, ui_category_id(u, f->from, name), from);
		add_other(line, ui_category_id(u, f->to, name), to);
	}
	return pattern_is_in(&u->order.pattern, line, strlen(line)) != u->order.is_inverted;
}

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

/* Ends on top: the highest score, the first user; of equals the newest. */
static int by_sort(const void *a, const void *b, void *ctx)
{
	const struct ui *u = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct finding *x = &feed_alert(u->feed, i)->f, *y = &feed_alert(u->feed, k)->f;
	int c = 0;

	if (u->order.sort == LIST_SCORE)
		c = (x->score > y->score) - (x->score < y->score);
	else if (u->order.sort == LIST_USER && x->user != y->user)
		c = dict_cmp(u->feed->ids->user, y->user, x->user);
	return c ? c : (i > k) - (i < k);
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
	o->version = u->board.version;
	o->n_cleared = u->snap->n_cleared;
	o->is_masked = u->is_masked;
	o->made_ms = clock_tick_ms(u->clock);
}

bool list_look(struct ui *u)
{
	struct list_order *o = &u->order;
	bool is_new, ok = true;

	if (is_plain(u)) {
		o->n = o->seen = 0;
		return true;
	}
	if (is_stale(u))
		forget(u);
	is_new = o->seen < u->live.list.n;
	for (; ok && o->seen < u->live.list.n; o->seen++)
		if (!is_filtered(o) || passes(u, o->seen))
			ok = append(o, o->seen);
	if (is_new && o->sort != LIST_TIME)
		qsort_r(o->alert, o->n, sizeof *o->alert, by_sort, u);
	return ok;
}

/* All anew, with the cursor where it was, or near there. */
static void renew(struct ui *u)
{
	view_table[u->view]->follow(u, false);
	forget(u);
	view_table[u->view]->look(u);
}

/* What a person says */

void list_status(const struct ui *u, struct parts *p)
{
	const struct list_order *o = &u->order;
	char n[WORDS_MAX], whole[WORDS_MAX];

	if (o->sort != LIST_TIME)
		parts_add(p, 1, INK_TEXT, "sort %s", sort_name[o->sort]);
	if (is_filtered(o))
		parts_add(p, 0, INK_KEY, "%s of %s, filter %s\"%s\"", words_count(o->n, n),
			words_count(u->live.list.n, whole), o->is_inverted ? "not " : "", o->text);
	else if (o->pattern.code)
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
	pattern_done(&o->pattern);
	o->pattern = p;
	o->sort = sort;
	o->is_off = o->is_inverted = false;
	snprintf(o->text, sizeof o->text, "%s", filter);
	forget(u);
	return true;
}

static void filter_told(struct ui *u, const char *text)
{
	if (list_set(u, text, u->order.sort))
		renew(u);
}

void list_filter(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "filter: ",
		.hint = "a regex on priority, state, user, from > to; nothing: no filter",
		.done = filter_told };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

static bool has_filter(struct ui *u)
{
	if (!u->order.pattern.code)
		ui_say(u, true, "there is no filter: \\ sets one");
	return u->order.pattern.code;
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
