/* The line that tells how far fitting is. */
#include "main/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *line(struct meter *m, const struct forecast_at *at, int64_t ms)
{
	static char buf[200];
	m->progress.stage = RUN_FIT;
	meter_tell_fit(m, at);
	meter_line(m, ms, buf, sizeof buf);
	assert_true(strlen(buf) < 80);
	return buf;
}

/* A search is one bar, with the time that is left of all of it. */
static void a_search_is_one_piece(void **state)
{
	struct meter m = {0};
	struct forecast_at at = { .kind = FORECASTER_LSTM, .test = 2 };
	(void)state;
	assert_string_equal(line(&m, &at, 1000),
		"[..............................]   0%  lstm, test 2/3");
	assert_int_equal(m.fit.number, 1);
	at = (struct forecast_at){ .kind = FORECASTER_LSTM, .test = 1, .n_trials = 19,
		.n_folds = 4 };
	assert_string_equal(line(&m, &at, 1000),
		"[..............................]   0%  lstm, search 0/19");
	assert_int_equal(m.fit.number, 2);
	at.trial = 9;
	at.test = 3;
	assert_string_equal(line(&m, &at, 38000),
		"[==============................]  48%  0:42 left  lstm, search 9/19");
	struct fit_lstm_epoch epoch = {0};
	at.n_epochs = 3;
	at.max_epochs = 15;
	at.epoch = &epoch;
	m.progress.percent = 100;
	assert_string_equal(line(&m, &at, 39000),
		"[===============...............]  49%  0:41 left  lstm, search 9/19");
	assert_int_equal(m.fit.number, 2);
	/* What comes after it is another one. */
	assert_string_equal(line(&m, &(struct forecast_at){ .kind = FORECASTER_LSTM }, 39000),
		"[..............................]   0%  lstm, on all days");
	assert_int_equal(m.fit.number, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_search_is_one_piece),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
