/* LIVE's list: whatever is filtered, sorted and done, its rows are those of a plain filter, and a
 * pattern is tried on an alert once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/triage.h"
#include "many_alerts.h"
#include "ui/budget.h"

#define ALERTS 300
#define STEPS 400

static void look(struct many *m)
{
	view_table[VIEW_LIVE]->look(m->u);
}

static struct many *open_shown(uint32_t n, uint32_t shown)
{
	struct many *m = many_open(n, 97);

	clock_freeze(&m->clock, 1000000);
	many_show(m, shown);
	return m;
}

static int by_plain(const void *a, const void *b, void *ctx)
{
	struct many *m = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct finding *x = &m->alert[i].f, *y = &m->alert[k].f;
	int c = 0;

	if (m->u->order.sort == LIST_SCORE)
		c = (x->score < y->score) - (x->score > y->score);
	if (m->u->order.sort == LIST_USER)
		c = dict_cmp(m->ids.user, x->user, y->user);
	return c ? c : (i < k) - (i > k);
}

static void assert_rows_are_plain(struct many *m, const struct pattern *p)
{
	const struct list_order *o = &m->u->order;
	uint32_t i, n = 0, row[ALERTS];

	for (i = 0; i < m->u->live.list.n; i++)
		if (!p->code || o->is_off || many_passes(m, p, i) != o->is_inverted)
			row[n++] = i;
	qsort_r(row, n, sizeof *row, by_plain, m);
	assert_int_equal(list_n(m->u), n);
	for (i = 0; i < n; i++)
		assert_int_equal(list_at(m->u, i), row[i]);
}

static void set_filter(struct many *m, struct pattern *p)
{
	static const char *const text[] = { "", "gift", "^!", "new", "A|ck", "[13]7.*Shoes-1",
		"cleared .*> \\*", "shift", "u-[0-9]", "(?-i)S" };
	const char *chosen = text[many_random(m, sizeof text / sizeof *text)];
	struct err e = { 0 };

	many_filter(m, chosen);
	pattern_done(p);
	if (*chosen)
		assert_int_equal(pattern_make(p, chosen, &e), 0);
}

/* Alerts clear, are acknowledged, and are new again. */
static void change_state(struct many *m)
{
	struct alert *a = &m->alert[many_random(m, m->n)];

	if (many_random(m, 2))
		a->cleared_ms = a->cleared_ms == INT64_MIN ? 0 : INT64_MIN;
	else
		board_touch(&m->u->board, a->id)->state = (uint8_t)(many_random(m, 2)
			? TRIAGE_ACKNOWLEDGED : TRIAGE_NEW);
	m->u->board.version++;
}

static void do_something(struct many *m, struct pattern *p)
{
	switch (many_random(m, 8)) {
	case 0:
		set_filter(m, p);
		break;
	case 1:
		list_invert(m->u, 0);
		break;
	case 2:
		list_toggle(m->u, 0);
		break;
	case 3:
		list_sort(m->u, 0);
		break;
	case 4:
		m->u->is_masked = !m->u->is_masked;
		break;
	case 5:         /* a replay went back */
		many_show(m, many_random(m, m->n + 1));
		break;
	case 6:
		change_state(m);
		break;
	default:
		many_show(m, (m->u->live.list.n + m->n + 1) / 2);
	}
}

static void rows_are_those_of_a_plain_filter(void **state)
{
	struct many *m = open_shown(ALERTS, 0);
	struct pattern p = { 0 };
	int i;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		do_something(m, &p);
		look(m);
		assert_rows_are_plain(m, &p);
	}
	pattern_done(&p);
	many_close(m);
}

/* Ids with one beginning, one that is the beginning of another, and bytes that are no text. */
static void users_are_in_order_of_their_bytes(void **state)
{
	static const struct dict_key id[] = { { "customer-00000010", 17 }, { "customer-0", 10 },
		{ "customer-0\0", 11 }, { "customer-\xff", 10 }, { "customer-00000009", 17 },
		{ "customer-0000000", 16 } };
	struct many *m = open_shown(ALERTS, ALERTS);
	struct pattern none = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < ALERTS; i++) {
		const struct dict_key *k = &id[i % 6];

		m->alert[i].f.user = dict_id(m->ids.user, k->s, k->len);
		m->alert[i].f.score = i % 3 ? (float)(i % 5) - 2 : -0.f;
	}
	for (i = 0; i < LIST_SORTS; i++) {
		list_sort(m->u, 0);
		assert_rows_are_plain(m, &none);
	}
	many_close(m);
}

static void a_pattern_is_tried_once_an_alert_and_state(void **state)
{
	struct many *m = open_shown(ALERTS, 200);
	const uint64_t *n_tried = &m->u->order.sieve.n_tried;
	int i;

	(void)state;
	many_filter(m, "gift");
	assert_int_equal(*n_tried, 200);
	for (i = 0; i < 6; i++) {
		list_invert(m->u, 0);
		list_toggle(m->u, 0);
		list_sort(m->u, 0);
		list_toggle(m->u, 0);
	}
	assert_int_equal(*n_tried, 200);
	many_show(m, 210);
	look(m);
	assert_int_equal(*n_tried, 210);
	for (i = 0; i < 4; i++) {
		board_touch(&m->u->board, m->alert[7].id)->state = (uint8_t)(i % 2
			? TRIAGE_NEW : TRIAGE_ACKNOWLEDGED);
		m->u->board.version++;
		look(m);
		assert_int_equal(*n_tried, 211);
	}
	many_close(m);
}

/* Other alerts have the numbers now. */
static void an_epoch_starts_anew(void **state)
{
	struct many *m = open_shown(ALERTS, ALERTS);
	struct pattern p = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(pattern_make(&p, "gift", &e), 0);
	m->u->epoch = m->snap.epoch = 1;
	many_filter(m, "gift");
	many_fill(m);
	m->snap.epoch = 2;
	budget_look(m->u);
	look(m);
	assert_rows_are_plain(m, &p);
	assert_int_equal(list_n(m->u) > 0, 1);
	pattern_done(&p);
	many_close(m);
}

/* A look at an alert takes the whole slice: there are rows once all was seen, and not before. */
static void a_slow_filter_goes_on_in_slices(void **state)
{
	struct many *m = open_shown(ALERTS, ALERTS);
	struct pattern p = { 0 };
	struct err e = { 0 };
	uint32_t cursor = ALERTS / 2;
	int looks = 1;

	(void)state;
	assert_int_equal(pattern_make(&p, ".", &e), 0);
	m->u->live.list.is_held = true;
	m->u->live.list.cursor = cursor;
	m->alert_ms = 10;
	many_filter(m, ".");
	for (; m->u->order.is_partial; looks++) {
		assert_int_equal(list_n(m->u), 0);
		assert_int_equal(list_percent(m->u), looks * 6400 / ALERTS);
		m->u->is_dirty = false;
		look(m);
		assert_int_equal(m->u->is_dirty, true);
	}
	assert_int_equal(looks, ALERTS / 64 + 1);
	assert_int_equal(m->u->live.list.cursor, cursor);
	assert_int_equal(list_percent(m->u), 100);
	m->alert_ms = 0;
	assert_rows_are_plain(m, &p);
	list_invert(m->u, 0);
	assert_int_equal(m->u->order.is_partial, false);
	pattern_done(&p);
	many_close(m);
}

static bool has_plainly(const struct many *m, uint32_t alert, const char *text)
{
	const struct finding *f = &m->alert[alert].f;
	char buf[UI_NAME_MAX];

	return (!m->u->is_masked && strcasestr(dict_text(m->ids.user, f->user, NULL), text))
		|| strcasestr(ui_user(m->u, f->user, buf), text)
		|| strcasestr(ui_from(m->u, f, buf), text)
		|| strcasestr(ui_to(m->u, f, buf), text);
}

/* Down the list, row by row, and round its end. */
static void a_find_goes_to_each_row_that_has_it(void **state)
{
	static const char *const text[] = { "gIft", "u-1", "s-99", "*", "shift", "0000", "\\x1b",
		"none" };
	struct many *m = open_shown(ALERTS, ALERTS);
	struct live_list *l = &m->u->live.list;
	uint32_t i, row = 0, k;

	(void)state;
	m->alert[3].f.user = dict_id(m->ids.user, "\x1b", 1);
	for (k = 0; k < sizeof text / sizeof *text; k++) {
		m->u->is_masked = k % 2;
		look(m);
		snprintf(l->needle, sizeof l->needle, "%s", text[k]);
		for (i = 0; i < ALERTS; i++) {
			row = (row + 1) % ALERTS;
			if (!has_plainly(m, list_at(m->u, row), text[k]))
				continue;
			view_table[VIEW_LIVE]->find_again(m->u, 1);
			assert_int_equal(l->cursor, list_at(m->u, row));
		}
		row = list_row(m->u, l->cursor);
	}
	assert_string_equal(m->u->message, "");
	view_table[VIEW_LIVE]->find_again(m->u, 1);
	assert_string_not_equal(m->u->message, "");
	many_close(m);
}

/* A look at an alert takes the whole slice: the cursor waits for what is found. */
static struct many *open_slow(const char *text)
{
	struct many *m = open_shown(ALERTS, ALERTS);

	look(m);
	m->alert_ms = 10;
	view_table[VIEW_LIVE]->find(m->u);
	m->u->prompt.ops->changed(m->u, text);
	assert_int_equal(m->u->live.hunt.is_busy, true);
	return m;
}

static void a_slow_find_goes_on_in_slices(void **state)
{
	struct many *m = open_slow("none");
	const struct live_list *l = &m->u->live.list;
	uint32_t cursor = l->cursor, wanted = ALERTS - 1 - 150, looks = 1;

	(void)state;
	for (m->u->prompt.ops->done(m->u, "none"); m->u->live.hunt.is_busy; looks++) {
		assert_int_equal(m->u->live.hunt.seen, looks * 64);
		assert_string_equal(m->u->message, "");
		m->u->is_dirty = false;
		look(m);
		assert_int_equal(m->u->is_dirty, true);
	}
	assert_int_equal(looks, ALERTS / 64 + 1);
	assert_int_equal(l->cursor, cursor);
	assert_string_not_equal(m->u->message, "");
	assert_string_equal(l->needle, "none");
	m->alert[wanted].f.user = dict_id(m->ids.user, "none", 4);
	m->u->prompt.ops->changed(m->u, "none");
	for (; m->u->live.hunt.is_busy; look(m))
		assert_int_equal(l->cursor, cursor);
	assert_int_equal(l->cursor, wanted);
	many_close(m);
}

static void a_slow_find_ends_when_told(void **state)
{
	struct many *m = open_slow("none");
	const struct view *live = view_table[VIEW_LIVE];
	struct hunt *f = &m->u->live.hunt;

	(void)state;
	m->u->prompt.ops->cancelled(m->u);
	assert_int_equal(f->is_busy, false);
	assert_int_equal(m->u->live.list.is_held, false);
	live->find(m->u);
	m->u->prompt.ops->changed(m->u, "none");
	m->u->prompt.ops->done(m->u, "none");
	live->find_again(m->u, 0);
	assert_int_equal(f->is_busy, false);
	assert_string_equal(m->u->live.list.needle, "");
	live->find(m->u);
	m->u->prompt.ops->changed(m->u, "none");
	live->move(m->u, MOVE_DOWN);
	assert_int_equal(f->is_busy, false);
	assert_string_equal(m->u->message, "");
	many_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_a_plain_filter),
		cmocka_unit_test(users_are_in_order_of_their_bytes),
		cmocka_unit_test(a_pattern_is_tried_once_an_alert_and_state),
		cmocka_unit_test(an_epoch_starts_anew),
		cmocka_unit_test(a_slow_filter_goes_on_in_slices),
		cmocka_unit_test(a_find_goes_to_each_row_that_has_it),
		cmocka_unit_test(a_slow_find_goes_on_in_slices),
		cmocka_unit_test(a_slow_find_ends_when_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
