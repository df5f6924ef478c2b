/* LIVE's list with crowds folded: whatever is filtered and sorted, its rows are those of the list
 * without the alerts whose crowd has a row already.
 */
#include "ui/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/triage.h"
#include "many_alerts.h"
#include "ui/needle.h"

#define ALERTS 300u
#define STEPS 400
#define HOUR_MS INT64_C(3600000)

/* Alerts 120 to 149 and 220 to 259 are floods of a minute an alert; the others are an hour apart.
 */
static bool is_flood(uint32_t i)
{
	return (i >= 120 && i < 150) || (i >= 220 && i < 260);
}

static struct many *open_flooded(uint32_t shown)
{
	struct many *m = many_open(ALERTS, 97);
	int64_t ms = 0;
	uint32_t i;

	for (i = 0; i < ALERTS; i++) {
		struct finding *f = &m->alert[i].f;

		ms += is_flood(i) ? HOUR_MS / 60 : HOUR_MS;
		f->time_ms = ms;
		if (!is_flood(i))
			continue;
		f->to = i < 200 ? 7 : 9;
		f->user = i % 97;
		f->kind = KIND_INTEREST;
	}
	m->snap.data_ms = ms;
	clock_freeze(&m->clock, 1000000);
	many_show(m, shown);
	return m;
}

static void look(struct many *m)
{
	view_table[VIEW_LIVE]->look(m->u);
}

static uint32_t crowd_of(struct many *m, uint32_t alert)
{
	return m->u->fold.is_off ? CROWD_NONE : m->u->fold.crowds.of[alert];
}

static void assert_rows_are_folded(struct many *m)
{
	uint32_t i, k, n = 0, row[ALERTS], all = list_all_n(m->u);

	for (i = 0; i < all; i++) {
		uint32_t alert = list_all_at(m->u, i), crowd = crowd_of(m, alert);

		for (k = 0; k < n && (crowd == CROWD_NONE || crowd_of(m, row[k]) != crowd); k++)
			;
		if (k == n)
			row[n++] = alert;
		assert_int_equal(list_row(m->u, alert), k);
		assert_int_equal(fold_top(m->u, alert), row[k]);
	}
	assert_int_equal(list_n(m->u), n);
	for (i = 0; i < n; i++) {
		assert_int_equal(list_at(m->u, i), row[i]);
		assert_true((crowd_of(m, row[i]) != CROWD_NONE) == !!fold_crowd(m->u, row[i]));
	}
}

static void do_something(struct many *m)
{
	static const char *const text[] = { "", "gift", "^!", "new", "Shoes-7$", "[13]7" };
	uint32_t i;

	switch (many_random(m, 7)) {
	case 0:
		many_filter(m, text[many_random(m, sizeof text / sizeof *text)]);
		break;
	case 1:
		list_invert(m->u, 0);
		break;
	case 2:
		list_sort(m->u, 0);
		break;
	case 3:
		fold_toggle(m->u, 0);
		break;
	case 4:         /* a replay went back */
		m->u->live.list.is_held = false;
		many_show(m, 1 + many_random(m, m->n));
		break;
	case 5:
		i = many_random(m, m->n);
		board_touch(&m->u->board, m->alert[i].id)->state = (uint8_t)(many_random(m, 2)
			? TRIAGE_ACKNOWLEDGED : TRIAGE_NEW);
		m->u->board.version++;
		break;
	default:
		m->u->live.list.is_held = false;
		many_show(m, (m->u->live.list.n + m->n + 1) / 2);
	}
}

static void rows_are_those_of_a_plain_fold(void **state)
{
	struct many *m = open_flooded(ALERTS);
	unsigned i, folded = 0;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		look(m);
		assert_rows_are_folded(m);
		folded += list_n(m->u) < list_all_n(m->u);
		do_something(m);
	}
	assert_true(folded > STEPS / 10);
	many_close(m);
}

static void two_floods_are_two_rows(void **state)
{
	struct many *m = open_flooded(ALERTS);

	(void)state;
	look(m);
	assert_int_equal(m->u->fold.crowds.n, 2);
	assert_in_range(list_n(m->u), ALERTS - 70, ALERTS - 60);
	assert_int_equal(list_at(m->u, list_row(m->u, 130)), 149);
	fold_toggle(m->u, 0);
	assert_int_equal(list_n(m->u), ALERTS);
	assert_int_equal(list_at(m->u, list_row(m->u, 130)), 130);
	many_close(m);
}

/* What comes while the list is held changes no row; then it does. */
static void held_rows_stay(void **state)
{
	struct many *m = open_flooded(122);
	uint32_t row[ALERTS], n, i;

	(void)state;
	look(m);
	view_table[VIEW_LIVE]->move(m->u, MOVE_DOWN);
	n = list_n(m->u);
	assert_int_equal(n, 122);
	for (i = 0; i < n; i++)
		row[i] = list_at(m->u, i);
	m->snap.n_alerts = 140;
	clock_advance(&m->clock, 5000);
	look(m);
	assert_int_equal(list_n(m->u), n);
	for (i = 0; i < n; i++)
		assert_int_equal(list_at(m->u, i), row[i]);
	assert_int_equal(m->u->live.list.cursor, row[1]);
	view_table[VIEW_LIVE]->follow(m->u, true);
	assert_in_range(list_n(m->u), 119, 122);
	assert_non_null(fold_crowd(m->u, list_at(m->u, 0)));
	many_close(m);
}

/* Live, alerts that came late are taken in a second later, not at each look. */
static void late_alerts_wait(void **state)
{
	struct many *m = open_flooded(ALERTS);
	int64_t late_ms = m->alert[225].f.time_ms;

	(void)state;
	m->snap.live = true;
	m->alert[ALERTS - 1].f.time_ms = late_ms;
	m->alert[ALERTS - 1].f.kind = KIND_INTEREST;
	m->alert[ALERTS - 1].f.to = 9;
	many_show(m, ALERTS - 1);
	look(m);
	many_show(m, ALERTS);
	look(m);
	assert_int_equal(m->u->fold.crowds.n_alerts, ALERTS - 1);
	assert_int_equal(list_at(m->u, 0), ALERTS - 1);
	assert_null(fold_crowd(m->u, ALERTS - 1));
	clock_advance(&m->clock, 1000);
	look(m);
	assert_non_null(fold_crowd(m->u, ALERTS - 1));
	assert_rows_are_folded(m);
	many_close(m);
}

static void the_search_sees_all_of_a_crowd(void **state)
{
	struct many *m = open_flooded(ALERTS);
	char id[UI_NAME_MAX];
	struct needle e;

	(void)state;
	look(m);
	needle_init(&e, m->u, ui_user_id(m->u, m->alert[130].f.user, id));
	assert_true(fold_has(m->u, &e, 149));
	assert_false(needle_is_in(&e, m->u, 149));
	needle_done(&e);
	needle_init(&e, m->u, "none of them");
	assert_false(fold_has(m->u, &e, 149));
	needle_done(&e);
	many_close(m);
}

/* Without memory the list is unfolded, and the next look folds it. */
static void memory_may_be_out(void **state)
{
	struct many *m;
	uint64_t k;

	(void)state;
	for (k = 1;; k++) {
		m = open_flooded(ALERTS);
		mem_fail_after(k);
		if (list_look(m->u))
			break;
		mem_fail_after(0);
		assert_int_equal(list_n(m->u), ALERTS);
		assert_int_equal(list_at(m->u, 0), ALERTS - 1);
		assert_true(list_look(m->u));
		assert_rows_are_folded(m);
		many_close(m);
	}
	mem_fail_after(0);
	assert_true(k > 5);
	many_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_a_plain_fold),
		cmocka_unit_test(two_floods_are_two_rows),
		cmocka_unit_test(held_rows_stay),
		cmocka_unit_test(late_alerts_wait),
		cmocka_unit_test(the_search_sees_all_of_a_crowd),
		cmocka_unit_test(memory_may_be_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
