/* What is fitted comes back, whatever the order: the gap that made the sessions, shares, a
 * strength.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/calibrate.h"
#include "learn/fit.h"
#include "learn/fit_forecast.h"
#include "model/model.h"
#include "series/history.h"

#define MINUTE_MS 60000LL
#define SESSIONS 12u
#define LOOKS 6u                /* a session, nearly all in one category */

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static uint32_t number(struct dict *d, const char *prefix, uint32_t i)
{
	char id[32];
	int len = snprintf(id, sizeof id, "%s%u", prefix, i);
	return dict_id(d, id, (size_t)len);
}

/* A log: looks of a session are `within` minutes apart, sessions `between`. */
struct plan {
	uint32_t users;
	int64_t within, between;
	bool backwards;         /* users are handed over last first */
};

static void add_user(struct batch *b, const struct ids *ids, const struct plan *p, uint32_t user)
{
	uint64_t seed = user + 1;
	int64_t at = 0;
	for (uint32_t s = 0; s < SESSIONS; s++, at += p->between)
		for (uint32_t i = 0, c = next(&seed) % 30; i < LOOKS; i++, at += p->within) {
			uint32_t category = next(&seed) % 10 ? c : next(&seed) % 30;
			struct event ev = { .time_ms = at * MINUTE_MS, .user = number(ids->user,
				"u", user),
				.item = number(ids->item, "i", 0),
				.category = number(ids->category, "c", category) };
			assert_true(batch_add(b, &ev, 0));
		}
}

static struct history *make_history(struct ids *ids, const struct plan *p)
{
	struct err e = {0};
	assert_int_equal(ids_init(ids, &e), 0);
	struct history *h = history_new(ids, 0, &e);
	struct batch *b = batch_new(64, false, false, false, &e);
	for (uint32_t u = 0; u < p->users; u++)
		add_user(b, ids, p, p->backwards ? p->users - 1 - u : u);
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 2, &e), 0);
	return h;
}

static int fit(struct model *m, const struct plan *p, const struct fit_options *o)
{
	struct ids ids;
	struct err e = {0};
	struct history *h = make_history(&ids, p);
	int r = fit_model(m, h, &ids, o, &e);
	history_free(h);
	ids_done(&ids);
	return r;
}

static const struct fit_options plain = { .until_ms = INT64_MAX, .threads = 2 };

static void the_gap_that_made_the_sessions(void **state)
{
	struct model m;
	(void)state;
	assert_int_equal(fit(&m, &(struct plan){ 200, 1, 13, false }, &plain), 0);
	assert_int_equal(m.gap_ms, 10 * MINUTE_MS);
	model_done(&m);
	assert_int_equal(fit(&m, &(struct plan){ 200, 50, 300, false }, &plain), 0);
	assert_in_range(m.gap_ms, 60 * MINUTE_MS, 120 * MINUTE_MS);
	model_done(&m);
}

static void thirty_minutes_when_nothing_speaks_for_another(void **state)
{
	struct model m;
	struct fit_options given = plain;
	(void)state;
	assert_int_equal(fit(&m, &(struct plan){ 200, 1, 600, false }, &plain), 0);
	assert_int_equal(m.gap_ms, 30 * MINUTE_MS);     /* all gaps predict alike */
	model_done(&m);
	/* Too few users; and no session of theirs is over, so nobody was judged. */
	assert_int_equal(fit(&m, &(struct plan){ 60, 1, 13, false }, &plain), -ENODATA);
	assert_int_equal(m.gap_ms, 30 * MINUTE_MS);
	model_done(&m);
	given.gap_ms = 7 * MINUTE_MS;
	assert_int_equal(fit(&m, &(struct plan){ 200, 1, 600, false }, &given), 0);
	assert_int_equal(m.gap_ms, 7 * MINUTE_MS);
	model_done(&m);
}

static void the_report_counts_what_was_read(void **state)
{
	struct model m;
	(void)state;
	assert_int_equal(fit(&m, &(struct plan){ 150, 1, 600, false }, &plain), 0);
	assert_int_equal(m.n_users, 150);
	assert_int_equal(m.n_events, 150 * SESSIONS * LOOKS);
	assert_int_equal(m.n_share, 30);
	assert_true(m.log_loss > 0 && m.strength >= 5 && m.strength <= 50);
	uint64_t sum = 0;
	for (uint32_t i = 0; i < m.n_share; i++)
		sum += m.share[i].count;
	assert_true(sum == m.count_sum && sum < m.n_events);    /* a category once a session */
	assert_true(m.user_days > 0 && !m.provisional);
	model_done(&m);
}

static void the_order_of_arrival_and_the_threads_do_not_show(void **state)
{
	struct model a, b;
	struct fit_options four = plain;
	four.threads = 4;
	(void)state;
	assert_int_equal(fit(&a, &(struct plan){ 200, 2, 45, false }, &plain), 0);
	assert_int_equal(fit(&b, &(struct plan){ 200, 2, 45, true }, &four), 0);
	assert_true(a.hash == b.hash);
	model_done(&a);
	model_done(&b);
}

#define NEW_IDS 200000u

struct reader {
	struct ids *ids;
	atomic_bool stop;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	for (uint32_t i = 0; i < NEW_IDS && !atomic_load(&r->stop); i++) {
		number(r->ids->item, "new", i);
		number(r->ids->category, "new", i);
	}
	return NULL;
}

/* As in a live run, whose ingest goes on while a model is fitted to what there was. */
static void dictionaries_may_grow_meanwhile(void **state)
{
	struct plan p = { 200, 1, 600, false };
	struct model quiet, m;
	struct err e = {0};
	(void)state;
	assert_int_equal(fit(&quiet, &p, &plain), 0);
	for (int round = 0; round < 3; round++) {
		struct ids ids;
		struct history *h = make_history(&ids, &p);
		struct reader r = { .ids = &ids };
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, read_on, &r), 0);
		assert_int_equal(fit_model(&m, h, &ids, &plain, &e), 0);
		atomic_store(&r.stop, true);
		pthread_join(thread, NULL);
		assert_true(m.hash == quiet.hash);
		model_done(&m);
		history_free(h);
		ids_done(&ids);
	}
	model_done(&quiet);
}

static void nobody_at_risk_leaves_the_shipped_thresholds(void **state)
{
	struct model m, shipped;
	struct fit_options early = plain;
	(void)state;
	early.until_ms = 3 * MINUTE_MS;
	model_default(&shipped);
	assert_int_equal(fit(&m, &(struct plan){ 20, 1, 600, false }, &early), -ENODATA);
	assert_true(m.unverified && m.channels == shipped.channels);
	assert_memory_equal(m.threshold, shipped.threshold, sizeof m.threshold);
	model_done(&m);
	model_done(&shipped);
}

static void those_who_crossed_are_marked(void **state)
{
	struct model m;
	float *highs = NULL;
	uint8_t *crossed;
	struct fit_options o = plain;
	(void)state;
	o.budget.amount = 100;
	o.ret_highs = &highs;
	assert_int_equal(fit(&m, &(struct plan){ 300, 1, 600, false }, &o), 0);
	crossed = calibrate_crossed(&m, highs, 300);
	uint64_t n = 0;
	for (uint32_t u = 0; u < 300; u++)
		n += crossed[u];
	assert_int_equal(n, m.n_alarms);
	assert_true(n >= 10 && n < 300);
	mem_free(crossed);
	mem_free(highs);
	model_done(&m);
}

/* As Ctrl-C before the first tree: thresholds of interest stand by then. */
static void stop_as_a_fit_begins(void *ctx, const struct forecast_at *at)
{
	(void)at;
	atomic_store((atomic_bool *)ctx, true);
}

static void a_stopped_forecast_costs_its_channel_alone(void **state)
{
	struct model m;
	atomic_bool stop = false;
	struct forecast_report report;
	const struct forecast_fit_options forest = { .kinds = FORECAST_KIND(FORECASTER_FOREST),
		.tell = stop_as_a_fit_begins, .ctx = &stop };
	const struct plan p = { 60, 1, 1440, false };
	struct fit_options o = plain;
	(void)state;
	o.channels = CHANNEL_BIT(CHANNEL_LEARNED) | CHANNEL_BIT(CHANNEL_FORECAST);
	o.stop = &stop;
	o.forecast = &forest;
	o.ret_forecast = &report;
	o.keeps = true;
	assert_int_equal(fit(&m, &p, &o), 0);
	assert_true(report.ended && m.channels == CHANNEL_BIT(CHANNEL_LEARNED));
	assert_true(m.n_users == 60 && isfinite(m.threshold[CHANNEL_LEARNED]));
	model_done(&m);
	stop = false;
	o.keeps = false;
	assert_int_equal(fit(&m, &p, &o), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gap_that_made_the_sessions),
		cmocka_unit_test(thirty_minutes_when_nothing_speaks_for_another),
		cmocka_unit_test(the_report_counts_what_was_read),
		cmocka_unit_test(the_order_of_arrival_and_the_threads_do_not_show),
		cmocka_unit_test(dictionaries_may_grow_meanwhile),
		cmocka_unit_test(nobody_at_risk_leaves_the_shipped_thresholds),
		cmocka_unit_test(those_who_crossed_are_marked),
		cmocka_unit_test(a_stopped_forecast_costs_its_channel_alone),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
