/* The model of channel forecast: what is planted is found, and the promise is kept on others. */
#include "learn/fit_forecast.h"

#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "detect/forecast.h"
#include "detect/volume.h"
#include "ingest/event.h"
#include "series/history.h"
#include "tsan.h"

#define DAY 86400000LL
#define MONDAY 1483315200000LL          /* 2017-01-02T00:00Z */
#define DAYS_MAX 400u

/* Views a day: around a mean of the user's own, with a memory of phi a day. */
struct plan {
	uint32_t first, users, days;
	double phi, sigma;
	bool backwards;         /* users are handed over last first */
	uint32_t stray_days;    /* one view so long before the rest; 0: none */
};

static uint32_t views_of(const struct plan *p, uint32_t user, uint8_t views[DAYS_MAX])
{
	double mean = 15 + 10 * chance_unit(chance_pair(1, user)), x = 0;
	for (uint32_t day = 0; day < p->days; day++) {
		x = p->phi * x + p->sigma * chance_normal(chance_pair(user + 2, day));
		/* A walk turns round before it leaves what a day can hold. */
		x = fabs(x) > 14 ? x / 2 : x;
		views[day] = (uint8_t)lround(fmax(mean + x, 0));
	}
	return p->days;
}

static struct history *history_of(const struct plan *p, struct ids *ids)
{
	struct err e = {0};
	struct history *h = history_new(ids, 0, &e);
	struct batch *b = batch_new(1024, false, false, false, &e);
	assert_true(h && b);
	for (uint32_t k = 0; k < p->users; k++) {
		uint8_t views[DAYS_MAX];
		char id[16];
		uint32_t user = p->first + (p->backwards ? p->users - 1 - k : k);
		int len = snprintf(id, sizeof id, "u%u", user);
		uint32_t days = views_of(p, user, views);
		for (uint32_t i = 0; i < days; i++)
			for (uint32_t v = 0; v < views[i]; v++)
				assert_true(batch_add(b, &(struct event){ .time_ms = MONDAY +
					i * DAY + v * 600000, .behaviour = BEHAVIOUR_VIEW,
					.user = dict_id(ids->user, id, (size_t)len),
					.item = dict_id(ids->item, "i", 1),
					.category = dict_id(ids->category, "c", 1) }, 0));
	}
	if (p->stray_days > 0)
		assert_true(batch_add(b, &(struct event){ .time_ms = MONDAY - p->stray_days * DAY,
			.behaviour = BEHAVIOUR_VIEW }, 0));
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 1, &e), 0);
	return h;
}

static int fit(struct forecast_model *m, const struct plan *p,
	const struct forecast_fit_options *with, struct forecast_report *ret)
{
	struct err e = {0};
	struct ids ids;
	struct forecast_fit_options o = *with;
	assert_int_equal(ids_init(&ids, &e), 0);
	struct history *h = history_of(p, &ids);
	o.step = &volume_day;
	o.until_ms = INT64_MAX;
	o.threads = o.threads ? o.threads : 2;
	o.n_rows = o.n_rows ? o.n_rows : 20000;
	int r = fit_forecast(m, h, &ids, &o, ret, &e);
	history_free(h);
	ids_done(&ids);
	return r;
}

/* One that remembers half of yesterday: nothing can do better than sigma squared and the rounding,
 * and a user's own mean must be found from some weeks.
 */
static void a_planted_memory_is_found(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan p = { 0, 200, 300, .5, 3, false, 0 };
	const double best = 9 + 1 / 12.;
	(void)state;
	SKIP_UNDER_TSAN();
	assert_int_equal(fit(&m, &p, &(struct forecast_fit_options){
		.kinds = FORECAST_KIND(FORECASTER_LINEAR) }, &r), 0);
	const struct forecast_figure *g = &m.figure[FORECASTER_LINEAR];
	assert_true(r.better && r.best == FORECASTER_LINEAR && m.f.kind == FORECASTER_LINEAR);
	assert_true(g->mse > .95 * best && g->mse < 1.12 * best);
	assert_true(fabs(m.naive.mse - 2 * 9 / 1.5) < 1);
	assert_true(g->skill > .25 - .08 && g->skill < .25);
	assert_true(fabs((double)m.scale - 3 * .7979) < .2);
	assert_true(strstr(r.warning, "carts7"));
	assert_true(isnan(m.figure[FORECASTER_FOREST].mse));
	forecast_model_done(&m);
}

/* Of nine days, and one event of long ago: days of the week, and averages of four weeks, would be
 * learnt from what the log does not have, and prolonged.
 */
static void a_short_log_is_not_prolonged(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan p = { .users = 120, .days = 9, .phi = .3, .sigma = 8, .stray_days = 80 };
	(void)state;
	SKIP_UNDER_TSAN();
	fit(&m, &p, &(struct forecast_fit_options){ .kinds = FORECAST_KIND(FORECASTER_LINEAR),
		.insists = true }, &r);
	const struct forecast_figure *g = &m.figure[FORECASTER_LINEAR];
	print_message("# R2 %.3f, skill %.3f\n", g->r2, g->skill);
	assert_true(g->r2 > -.1 && g->skill > .2);
	forecast_model_done(&m);
}

static void no_praise_for_what_is_no_better(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan walk = { 0, 60, 200, 1, 1, false, 0 };
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(FORECASTER_FOREST), .seed = 1,
		.n_rows = 4000 };
	(void)state;
	SKIP_UNDER_TSAN();
	assert_int_equal(fit(&m, &walk, &o, &r), 0);
	assert_true(m.figure[FORECASTER_FOREST].skill < 0);
	assert_true(!r.better && r.best == FORECASTER_FOREST && m.f.kind == FORECASTER_NONE);
	forecast_model_done(&m);
	o.insists = true;
	assert_int_equal(fit(&m, &walk, &o, &r), 0);
	assert_true(!r.better && m.f.kind == FORECASTER_FOREST && isfinite(m.pledge.threshold));
	double most = 0;
	for (uint32_t i = 0; i < r.n_names; i++)
		most = fmax(most, r.importance[i]);
	assert_true(r.n_names > 10 && most > 0);
	forecast_model_done(&m);
}

/* Alarms as in use, with restarts, also after the last event; days at risk. */
struct count {
	uint32_t alarms;
	double days;
};

static void detect_user(struct count *c, const struct forecast_rule *r, const uint8_t *views,
	uint32_t n)
{
	struct forecast f;
	struct forecast_alarm a;
	int64_t last_ms = MONDAY + (n - 1) * DAY;
	forecast_reset(&f, r);
	for (uint32_t day = 0; day <= n; day++) {
		uint8_t count[FORECAST_COUNTS] = { day < n ? views[day] : 0 };
		while (forecast_advance(&f, r, MONDAY + day * DAY, &a)) {
			c->alarms++;
			c->days += (double)((a.time_ms < last_ms ? a.time_ms : last_ms) -
				a.risk_ms) / DAY;
		}
		if (count[0] > 0)
			forecast_see(&f, r, MONDAY + day * DAY, count);
	}
	if (f.risk_ms != INT64_MAX)
		c->days += (double)(last_ms - f.risk_ms) / DAY;
}

static struct count detect(const struct forecast_model *m, const struct plan *p)
{
	struct forecast_rule r;
	struct count c = {0};
	forecast_rule_init(&r, m, &volume_day);
	for (uint32_t u = 0; u < p->users; u++) {
		uint8_t views[DAYS_MAX];
		detect_user(&c, &r, views, views_of(p, p->first + u, views));
	}
	return c;
}

/* kud: by the number of users that there are to calibrate on. */
static void keeps_promise(enum forecaster_kind kind, uint32_t users, uint32_t days, double kud)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan p = { 0, users, days, .6, 3, false, 0 };
	const struct plan others = { 5000, 1200, 300, .6, 3, false, 0 };
	assert_int_equal(fit(&m, &p, &(struct forecast_fit_options){ .kinds = FORECAST_KIND(kind),
		.insists = true, .seed = 1, .budget = { .amount = kud } }, &r), 0);
	assert_false(m.pledge.unverified);
	assert_int_equal(m.pledge.n_users, p.users);
	struct count c = detect(&m, &others);
	double ratio = c.alarms / (c.days / 1000 * kud);
	print_message("# %s: %u alarms, realised/promised %.2f\n", forecaster_name[kind],
		c.alarms, ratio);
	assert_true(c.alarms >= 100);
	assert_true(ratio > .5 && ratio < 2);
	forecast_model_done(&m);
}

static void the_promise_is_kept(void **state)
{
	(void)state;
	SKIP_UNDER_TSAN();
	keeps_promise(FORECASTER_LINEAR, 600, 300, 1);
}

/* Trees know whom they were grown on. */
static void a_forest_keeps_it_too(void **state)
{
	(void)state;
	SKIP_UNDER_TSAN();
	keeps_promise(FORECASTER_FOREST, 40, 60, 20);
}

static void threads_and_order_do_not_show(void **state)
{
	struct plan p = { 0, 30, 60, .7, 3, false, 0 }, q = p;
	(void)state;
	q.backwards = true;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++) {
		struct forecast_model a, b;
		struct forecast_report r;
		struct forecast_fit_options o = { .kinds = FORECAST_KIND(k), .insists = true,
			.seed = 3, .n_rows = 900, .threads = 1 };
		assert_int_equal(fit(&a, &p, &o, &r), 0);
		o.threads = 3;
		assert_int_equal(fit(&b, &q, &o, &r), 0);
		assert_int_equal(a.n_bytes, b.n_bytes);
		assert_memory_equal(a.bytes, b.bytes, a.n_bytes);
		assert_true(a.scale == b.scale && a.pledge.threshold == b.pledge.threshold);
		assert_true(a.pledge.n_alarms == b.pledge.n_alarms);
		assert_true(a.pledge.user_days == b.pledge.user_days);
		assert_true((r.n_epochs > 0) == (k == FORECASTER_LSTM));
		forecast_model_done(&a);
		forecast_model_done(&b);
	}
}

/* Says enough at a point of the way. */
struct listener {
	atomic_bool enough;
	struct forecast_at at;          /* epoch is not looked at */
};

static void listen(void *ctx, const struct forecast_at *at)
{
	struct listener *l = ctx;
	if (at->kind == l->at.kind && at->test == l->at.test && at->n_epochs == l->at.n_epochs)
		atomic_store(&l->enough, true);
}

static int fit_until(struct forecast_model *m, struct forecast_at at, unsigned kinds,
	struct forecast_report *r)
{
	const struct plan p = { 0, 30, 60, .7, 3, false, 0 };
	struct listener l = { .at = at };
	return fit(m, &p, &(struct forecast_fit_options){ .kinds = kinds, .insists = true,
		.seed = 3, .n_rows = 900, .enough = &l.enough, .tell = listen, .ctx = &l }, r);
}

static void the_best_so_far_is_kept(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	(void)state;
	assert_int_equal(fit_until(&m, (struct forecast_at){ .kind = FORECASTER_FOREST, .test = 2 },
		FORECAST_KINDS_ALL, &r), 0);
	assert_true(r.ended && m.f.kind == FORECASTER_LINEAR && r.kept_test == 0);
	assert_true(r.trial[FORECASTER_LINEAR] == TRIAL_JUDGED);
	assert_true(r.trial[FORECASTER_FOREST] == TRIAL_CUT);
	assert_true(r.trial[FORECASTER_LSTM] == TRIAL_NONE);
	assert_true(isfinite(m.pledge.threshold) && isnan(m.figure[FORECASTER_FOREST].mse));
	forecast_model_done(&m);
}

static void what_a_test_was_made_with_is_kept(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	(void)state;
	for (int k = FORECASTER_FOREST; k <= FORECASTER_LSTM; k++) {
		/* In the fit to all rows, and in the second test: a finished one is at hand. */
		assert_int_equal(fit_until(&m, (struct forecast_at){ .kind = k },
			FORECAST_KIND(k), &r), 0);
		assert_true(r.ended && (int)m.f.kind == k && r.trial[k] == TRIAL_JUDGED);
		assert_true(r.kept_test == FORECAST_TESTS && !r.kept_cut);
		assert_true(isfinite(m.figure[k].mse) && isfinite(m.pledge.threshold));
		forecast_model_done(&m);
		assert_int_equal(fit_until(&m, (struct forecast_at){ .kind = k, .test = 2 },
			FORECAST_KIND(k), &r), 0);
		assert_true(r.ended && (int)m.f.kind == k && r.trial[k] == TRIAL_CUT);
		assert_true(r.kept_test == 1 && !r.kept_cut && !r.better);
		forecast_model_done(&m);
	}
}

/* A batch of many rows would leave it where it began, and have it tell everybody the same. */
static void a_network_learns_from_few_rows(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan p = { 0, 15, 60, .9, 3, false, 0 };
	(void)state;
	SKIP_UNDER_TSAN();
	assert_int_equal(fit(&m, &p, &(struct forecast_fit_options){ .insists = true, .seed = 1,
		.kinds = FORECAST_KIND(FORECASTER_LSTM) }, &r), 0);
	assert_true(m.figure[FORECASTER_LSTM].r2 > .4);
	forecast_model_done(&m);
}

static void a_network_keeps_its_best_epoch(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	(void)state;
	assert_int_equal(fit_until(&m, (struct forecast_at){ .kind = FORECASTER_LSTM, .test = 1,
		.n_epochs = 2 }, FORECAST_KIND(FORECASTER_LSTM), &r), 0);
	assert_true(r.ended && r.kept_cut && r.kept_test == 1 && m.f.kind == FORECASTER_LSTM);
	assert_true(r.n_epochs == 2 && r.best_epoch > 0);
	assert_true(isfinite(m.pledge.threshold));
	forecast_model_done(&m);
	/* Before an epoch there is nothing to keep. */
	assert_int_equal(fit_until(&m, (struct forecast_at){ .kind = FORECASTER_LSTM, .test = 1 },
		FORECAST_KIND(FORECASTER_LSTM), &r), -ECANCELED);
	assert_true(r.ended && r.best == FORECASTER_NONE && m.f.kind == FORECASTER_NONE);
	forecast_model_done(&m);
}

/* An old forecaster of many users, and a log of few days or of another law to go on with. */
static int go_on(int kind, const struct plan *new, struct forecast_model *m,
	struct forecast_report *r)
{
	struct forecast_model old;
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(kind), .insists = true, .seed = 3,
		.n_rows = 2500 };
	const struct plan p = { 1000, 60, 60, .7, 3, false, 0 };
	assert_int_equal(fit(&old, &p, &o, r), 0);
	assert_true(r->transfer.n_users[LEARN_ALL] == 0);
	o.from = &old;
	int code = fit(m, new, &o, r);
	if (code == 0 && r->transfer.best == START_OLD) {
		assert_int_equal(m->n_bytes, old.n_bytes);
		assert_memory_equal(m->bytes, old.bytes, old.n_bytes);
	}
	forecast_model_done(&old);
	return code;
}

static double mse_of(const struct forecast_report *r, enum forecast_start start, int learn)
{
	return r->transfer.mse[start][learn];
}

static void a_new_log_is_gone_on_with(void **state)
{
	const struct plan alike = { 0, 30, 35, .7, 3, false, 0 };
	(void)state;
	SKIP_UNDER_TSAN();
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++) {
		struct forecast_model m;
		struct forecast_report r;
		assert_int_equal(go_on(k, &alike, &m, &r), 0);
		assert_true(!r.ended && (int)m.f.kind == k);
		/* Three users with what is known of others are worth more than thirty alone. */
		assert_true(mse_of(&r, START_FROM, LEARN_FEW) <
			mse_of(&r, START_FRESH, LEARN_FEW));
		assert_true(mse_of(&r, START_FROM, LEARN_FEW) <
			mse_of(&r, START_FRESH, LEARN_ALL));
		assert_true(r.transfer.best != START_FRESH);
		assert_true(m.figure[k].mse == mse_of(&r, r.transfer.best, LEARN_ALL));
		assert_true(k != FORECASTER_LSTM || r.transfer.epochs[START_FROM] <
			r.transfer.epochs[START_FRESH]);
		forecast_model_done(&m);
	}
}

static void what_no_longer_holds_is_unlearnt(void **state)
{
	const struct plan other = { 0, 30, 60, -.7, 3, false, 0 };
	(void)state;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_LSTM; k++) {
		struct forecast_model m;
		struct forecast_report r;
		assert_int_equal(go_on(k, &other, &m, &r), 0);
		assert_true(mse_of(&r, START_OLD, LEARN_ALL) >
			1.2 * mse_of(&r, START_FROM, LEARN_ALL));
		assert_true(mse_of(&r, START_FROM, LEARN_ALL) <
			1.1 * mse_of(&r, START_FRESH, LEARN_ALL));
		assert_true(r.transfer.best != START_OLD);
		forecast_model_done(&m);
	}
}

/* Caps that cut into what a day is like here would hide it. */
static void a_log_of_another_size_is_refused(void **state)
{
	struct forecast_model old, m;
	struct forecast_report r;
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(FORECASTER_LINEAR),
		.insists = true };
	const struct plan p = { 0, 30, 60, .7, 3, false, 0 };
	(void)state;
	assert_int_equal(fit(&old, &p, &o, &r), 0);
	o.from = &old;
	old.f.features.cap[OBSERVED_VALUE] = 22;
	assert_int_equal(fit(&m, &p, &o, &r), -EINVAL);
	forecast_model_done(&m);
	old.f.features.cap[OBSERVED_VALUE] = 44;
	assert_int_equal(fit(&m, &p, &o, &r), 0);
	forecast_model_done(&m);
	forecast_model_done(&old);
}

static void what_rounding_costs_is_told(void **state)
{
	const struct plan p = { 0, 30, 60, .7, 3, false, 0 };
	(void)state;
	SKIP_UNDER_TSAN();
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		for (int to = PRECISION_FLOAT16; to < PRECISION_N; to++) {
			struct forecast_model m;
			struct forecast_report r;
			assert_int_equal(fit(&m, &p, &(struct forecast_fit_options){
				.kinds = FORECAST_KIND(k), .insists = true, .seed = 3,
				.n_rows = 900, .precision = (enum precision)to }, &r), 0);
			const struct forecast_rounding *c = &r.rounding[k];
			bool rounds = k != FORECASTER_LINEAR;
			/* The figures are those of before. */
			assert_true(c->n_rows == (rounds ? m.n_test_rows : 0) && !c->why[0]);
			assert_true(!rounds || fabs(c->error2[ROUND_BEFORE] / (double)c->n_rows -
				m.figure[k].mse) < 1e-9);
			assert_true((c->most > 0) == rounds && c->most < 3);
			assert_true(!rounds || fabs(c->error2[ROUND_AFTER] /
				c->error2[ROUND_BEFORE] - 1) < .02);
			assert_true(c->n_bytes[ROUND_AFTER] == (rounds ? m.n_bytes : 0));
			assert_true(!rounds || 10 * c->n_bytes[ROUND_AFTER] <
				8 * c->n_bytes[ROUND_BEFORE]);
			forecast_model_done(&m);
		}
}

static void epsilon_may_be_given(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan p = { 0, 80, 120, .7, 3, false, 0 };
	(void)state;
	assert_int_equal(fit(&m, &p, &(struct forecast_fit_options){ .insists = true,
		.kinds = FORECAST_KIND(FORECASTER_LINEAR), .epsilon = 1.5f }, &r), 0);
	assert_true(m.pledge.threshold == 1.5f && m.pledge.budget_kud > 0);
	forecast_model_done(&m);
}

static void too_little_is_told(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	const struct plan few = { 0, 4, 10, .5, 3, false, 0 };
	(void)state;
	assert_int_equal(fit(&m, &few, &(struct forecast_fit_options){
		.kinds = FORECAST_KINDS_ALL }, &r), -ENODATA);
	assert_true(r.best == FORECASTER_NONE && m.f.kind == FORECASTER_NONE);
	assert_true(isinf(m.pledge.threshold));
	forecast_model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_memory_is_found),
		cmocka_unit_test(a_short_log_is_not_prolonged),
		cmocka_unit_test(no_praise_for_what_is_no_better),
		cmocka_unit_test(the_promise_is_kept),
		cmocka_unit_test(a_forest_keeps_it_too),
		cmocka_unit_test(threads_and_order_do_not_show),
		cmocka_unit_test(the_best_so_far_is_kept),
		cmocka_unit_test(what_a_test_was_made_with_is_kept),
		cmocka_unit_test(a_network_learns_from_few_rows),
		cmocka_unit_test(a_network_keeps_its_best_epoch),
		cmocka_unit_test(a_new_log_is_gone_on_with),
		cmocka_unit_test(what_no_longer_holds_is_unlearnt),
		cmocka_unit_test(a_log_of_another_size_is_refused),
		cmocka_unit_test(what_rounding_costs_is_told),
		cmocka_unit_test(epsilon_may_be_given),
		cmocka_unit_test(too_little_is_told),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
