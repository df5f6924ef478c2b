/* What is expected of a user, and how far off that is: from the user's days, in doubles. */
#include "detect/outlook.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "detect/volume.h"
#include "diary.h"
#include "ingest/event.h"
#include "model/model.h"

#define USERS 24u
#define SLEEP 32                /* days without events */

static struct event event[CLICKS_MAX];
static struct clicks clicks;
static struct diary diary;

static void make_model(struct model *m)
{
	model_default(m);
	forecast_model_done(&m->forecast);
	known_model(&m->forecast, 1.2f);
	m->channels = CHANNEL_BIT(CHANNEL_FORECAST);
	model_seal(m);
}

static void make_user(uint64_t seed)
{
	make_clicks(&clicks, seed, DIARY_DAYS);
	diary_write(&diary, &clicks);
	for (uint32_t i = 0; i < clicks.n; i++)
		event[i] = (struct event){ .time_ms = clicks.at[i].ms,
			.behaviour = clicks.at[i].behaviour };
}

static struct outlook look(const struct model *m, int64_t now_ms)
{
	struct outlook o;
	struct err e = {0};
	assert_int_equal(outlook_make(&o, m, event, clicks.n, now_ms, &e), 0);
	return o;
}

/* The day since which the user has been awake at the end of `day`; -1: asleep. */
static int64_t awake_since(int64_t day)
{
	int64_t since = -1, quiet = 0;
	for (int64_t k = 0; k <= day; k++) {
		quiet = diary.seen[k] ? 0 : quiet + 1;
		if (diary.seen[k] && since < 0)
			since = k;
		if (quiet >= SLEEP)
			since = -1;
	}
	return since;
}

/* Days after `day`, told one from the other. */
static void foretell(int64_t day, double told[OUTLOOK_AHEAD])
{
	struct diary d = diary;
	for (uint32_t h = 0; h < OUTLOOK_AHEAD; h++) {
		told[h] = diary_foretell(&d, day + h);
		if (day + h + 1 < (int64_t)DIARY_DAYS)
			d.value[day + h + 1] = fmin(told[h], (double)KNOWN_CAP);
	}
}

static double error_of(const struct forecast_model *m, int64_t since, int64_t day, uint32_t h)
{
	double told[OUTLOOK_AHEAD], sum = (double)(m->prior_steps * m->scale);
	double n = (double)m->prior_steps;
	for (int64_t at = day - SLEEP; at + h + 1 <= day; at++) {
		if (at < since)
			continue;
		foretell(at, told);
		sum += fabs(diary.value[at + h + 1] - told[h]);
		n++;
	}
	return sum / n;
}

static void assert_close(double a, double b)
{
	assert_true(fabs(a - b) <= 1e-4 * (1 + fabs(b)));
}

static void assert_as_diary(const struct model *m, int64_t day)
{
	struct outlook o = look(m, MONDAY + (day + 1) * DAY + DAY / 3);
	int64_t since = awake_since(day);
	double told[OUTLOOK_AHEAD];
	assert_int_equal(o.n_ahead, since < 0 ? 0 : OUTLOOK_AHEAD);
	assert_int_equal(o.n_past, since < 0 ? 0 : fmin((double)(day - since + 1), SLEEP));
	if (since < 0)
		return;
	assert_int_equal(o.open_ms, MONDAY + (day + 1) * DAY);
	assert_int_equal(o.span_ms, DAY);
	for (uint32_t i = 0; i < o.n_past; i++)
		assert_true((double)o.past[i] == diary.value[day - o.n_past + 1 + i]);
	foretell(day, told);
	for (uint32_t h = 0; h < OUTLOOK_AHEAD; h++) {
		assert_close((double)o.ahead[h], told[h]);
		assert_close((double)o.off[h], error_of(&m->forecast, since, day, h));
	}
}

static void what_is_expected_follows_from_the_days(void **state)
{
	struct model m;
	(void)state;
	make_model(&m);
	for (uint64_t seed = 0; seed < USERS; seed++) {
		make_user(seed);
		for (int64_t day = 3 + (int64_t)seed; day + OUTLOOK_AHEAD < DIARY_DAYS; day += 43)
			assert_as_diary(&m, day);
	}
	model_done(&m);
}

/* The channel's own state, to the bit. */
static void the_next_step_is_the_channels(void **state)
{
	struct model m;
	struct forecast_rule r;
	struct forecast f;
	struct forecast_alarm a;
	int64_t now = MONDAY + 300 * DAY;
	(void)state;
	make_model(&m);
	make_user(2);
	forecast_rule_init(&r, &m.forecast, &volume_day);
	forecast_reset(&f, &r);
	for (uint32_t i = 0; i < clicks.n && clicks.at[i].ms <= now; i++) {
		uint8_t count[FORECAST_COUNTS] = {0};
		while (forecast_advance(&f, &r, clicks.at[i].ms, &a))
			;
		forecast_count(count, clicks.at[i].behaviour);
		forecast_see(&f, &r, clicks.at[i].ms, count);
	}
	while (forecast_advance(&f, &r, now, &a))
		;
	struct outlook o = look(&m, now);
	assert_true(o.ahead[0] == f.predicted && o.level == forecast_level(&f));
	assert_int_equal(o.open_ms, f.open_ms);
	model_done(&m);
}

static void nobody_is_forecast_without_the_channel(void **state)
{
	struct model m;
	(void)state;
	make_model(&m);
	make_user(2);
	assert_int_equal(look(&m, MONDAY + 300 * DAY).n_ahead, OUTLOOK_AHEAD);
	assert_int_equal(look(&m, MONDAY - 1).n_ahead, 0);
	assert_int_equal(look(&m, MONDAY + (DIARY_DAYS + SLEEP + 1) * DAY).n_ahead, 0);
	m.channels = CHANNEL_BIT(CHANNEL_MIXTURE);
	assert_int_equal(look(&m, MONDAY + 300 * DAY).n_ahead, 0);
	model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_expected_follows_from_the_days),
		cmocka_unit_test(the_next_step_is_the_channels),
		cmocka_unit_test(nobody_is_forecast_without_the_channel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
