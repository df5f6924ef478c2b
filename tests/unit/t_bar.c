#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/feed.h"
#include "fake_feed.h"
#include "ui/bar.h"
#include "ui/roll.h"
#include "ui/view.h"

static struct feed *open_feed(struct clock *c)
{
	struct fake_options o = { .clock = c, .paused = true };

	clock_init(c);
	clock_freeze(c, 0);
	return fake_open(&o);
}

static void cells_cover_the_span(void **state)
{
	struct bar b = { .first_ms = 1000, .last_ms = 2000, .width = 10 };
	int64_t ms;
	int last = 0;

	(void)state;
	assert_int_equal(bar_cell(&b, 0), 0);
	assert_int_equal(bar_cell(&b, 1000), 0);
	assert_int_equal(bar_cell(&b, 1099), 0);
	assert_int_equal(bar_cell(&b, 1100), 1);
	assert_int_equal(bar_cell(&b, 1999), 9);
	assert_int_equal(bar_cell(&b, 2000), 9);
	assert_int_equal(bar_cell(&b, INT64_MAX), 9);
	for (ms = 1000; ms <= 2000; ms++) {
		assert_in_range(bar_cell(&b, ms), last, last + 1);
		last = bar_cell(&b, ms);
	}
	b.last_ms = b.first_ms;
	assert_int_equal(bar_cell(&b, 1000), 0);
}

static void every_alert_has_its_tick(void **state)
{
	struct clock c;
	struct feed *f = open_feed(&c);
	const struct snapshot *s = feed_look(f, NULL);
	struct bar b = { .first_ms = s->first_ms, .last_ms = s->last_ms, .width = 40 };
	uint32_t i;
	int x, ticked = 0;

	(void)state;
	bar_look(&b, f, s->n_alerts_total);
	for (i = 0; i < s->n_alerts_total; i++) {
		const struct finding *found = &feed_alert(f, i)->f;

		assert_in_range(b.tick[bar_cell(&b, found->time_ms)], bar_tick(found->severity),
			TICK_SEVERE);
	}
	for (x = 0; x < b.width; x++)
		ticked += b.tick[x] != TICK_NONE;
	assert_in_range(ticked, 2, (int)s->n_alerts_total);
	b.first_ms = feed_alert(f, 5)->f.time_ms + 1;
	b.last_ms = feed_alert(f, 6)->f.time_ms - 1;
	bar_look(&b, f, s->n_alerts_total);
	for (x = 0; x < b.width; x++)
		assert_int_equal(b.tick[x], TICK_NONE);
	feed_close(f);
}

static void roll_knows_each_users_alerts(void **state)
{
	struct clock c;
	struct feed *f = open_feed(&c);
	struct roll r = { 0 };
	uint32_t n = feed_look(f, NULL)->n_alerts_total, i, user;

	(void)state;
	assert_int_equal(roll_sync(&r, f, 1), 0);
	assert_int_equal(roll_sync(&r, f, n), 0);
	for (i = 0; i < n; i++) {
		uint32_t before = r.alert[i].before;

		user = feed_alert(f, i)->f.user;
		assert_int_equal(r.alert[i].nth, before == ROLL_NONE ? 1 : r.alert[before].nth + 1);
		if (before != ROLL_NONE)
			assert_int_equal(feed_alert(f, before)->f.user, user);
		assert_int_equal(roll_newest(&r, user, i + 1), i);
		assert_int_equal(roll_newest(&r, user, i), before);
	}
	assert_int_equal(roll_newest(&r, 1000000, n), ROLL_NONE);
	roll_done(&r);
	feed_close(f);
}

static void a_list_scrolls_as_little_as_it_can(void **state)
{
	(void)state;
	assert_int_equal(view_scroll(0, 5, 10, 100), 0);
	assert_int_equal(view_scroll(0, 10, 10, 100), 1);
	assert_int_equal(view_scroll(50, 49, 10, 100), 49);
	assert_int_equal(view_scroll(95, 99, 10, 100), 90);
	assert_int_equal(view_scroll(3, 2, 10, 5), 0);
	assert_int_equal(view_scroll(3, 2, 0, 5), 0);
	assert_int_equal(view_step(MOVE_DOWN, 99, 10, 100), 99);
	assert_int_equal(view_step(MOVE_UP, 0, 10, 100), 0);
	assert_int_equal(view_step(MOVE_PAGE_DOWN, 0, 10, 100), 9);
	assert_int_equal(view_step(MOVE_PAGE_UP, 20, 10, 100), 11);
	assert_int_equal(view_step(MOVE_LAST, 3, 10, 100), 99);
	assert_int_equal(view_step(MOVE_LAST, 0, 10, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_cover_the_span),
		cmocka_unit_test(every_alert_has_its_tick),
		cmocka_unit_test(roll_knows_each_users_alerts),
		cmocka_unit_test(a_list_scrolls_as_little_as_it_can),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
