/* A search of parameters for channel forecast: what it gains, and that it knows nothing of the days
 * that it is judged on.
 */
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
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "detect/volume.h"
#include "ingest/event.h"
#include "learn/fit_params.h"
#include "model/forecast_model.h"
#include "series/history.h"
#include "tsan.h"

#define DAY 86400000LL
#define USERS 30u
#define DAYS 40u

/* Views a day with a memory of phi; from a day on, in a turned order: the same counts, and none of
 * the memory.
 */
struct plan {
	double phi;
	uint32_t turned_from;   /* DAYS: never */
};

static void views_of(const struct plan *p, uint32_t user, double ret[DAYS])
{
	double day[DAYS], x = 0;
	for (uint32_t i = 0; i < DAYS; i++) {
		x = p->phi * x + 3 * chance_normal(chance_pair(user + 2, i));
		ret[i] = day[i] = fmax(round(15 + x), 1);
	}
	uint32_t n = DAYS - p->turned_from;
	for (uint32_t i = 0; i < n; i++)
		ret[p->turned_from + i] = day[p->turned_from + (i * 7 + user) % n];
}

static struct history *history_of(const struct plan *p, struct ids *ids)
{
	struct err e = {0};
	struct history *h = history_new(ids, 0, &e);
	struct batch *b = batch_new(1024, false, false, false, &e);
	assert_true(h && b);
	for (uint32_t user = 0; user < USERS; user++) {
		char id[16];
		double views[DAYS];
		int len = snprintf(id, sizeof id, "u%u", user);
		views_of(p, user, views);
		for (uint32_t day = 0; day < DAYS; day++)
			for (int v = 0; v < views[day]; v++)
				assert_true(batch_add(b, &(struct event){ .time_ms = day * DAY +
					v * 600000, .user = dict_id(ids->user, id, (size_t)len) },
					0));
	}
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 1, &e), 0);
	return h;
}

static void fit(struct forecast_model *m, const struct plan *p, struct forecast_fit_options o,
	struct forecast_report *ret)
{
	struct err e = {0};
	struct ids ids;
	assert_int_equal(ids_init(&ids, &e), 0);
	struct history *h = history_of(p, &ids);
	o.step = &volume_day;
	o.until_ms = INT64_MAX;
	o.insists = true;
	o.seed = o.seed ? o.seed : 1;
	o.threads = o.threads ? o.threads : 1;
	assert_int_equal(fit_forecast(m, h, &ids, &o, ret, &e), 0);
	history_free(h);
	ids_done(&ids);
}

/* The days of the tests begin in the middle. What comes later on has the same counts, so the same
 * caps; without memory, what was best before is no good there.
 */
static void later_days_are_not_seen(void **state)
{
	const struct plan plain = { .phi = .9, .turned_from = DAYS };
	const struct plan turned = { .phi = .9, .turned_from = DAYS / 2 + 2 };
	(void)state;
	SKIP_UNDER_TSAN();
	for (int k = FORECASTER_LINEAR; k <= FORECASTER_FOREST; k++) {
		struct forecast_model a, b;
		struct forecast_report r;
		const struct forecast_fit_options o = { .kinds = FORECAST_KIND(k),
			.n_search = k == FORECASTER_LINEAR ? 10 : 2 };
		fit(&a, &plain, o, &r);
		fit(&b, &turned, o, &r);
		const struct forecast_search *s = &a.search[k], *t = &b.search[k];
		assert_true(s->n_tried == o.n_search && t->n_tried == o.n_search);
		assert_memory_equal(s->value, t->value, sizeof s->value);
		assert_memory_equal(s->inner, t->inner, sizeof s->inner);
		assert_true(s->gain == t->gain && s->is_used == t->is_used);
		/* The figure is that of the tests, not that of the days searched. */
		assert_true(t->outer[SEARCH_STANDARD] > 1.5 * t->inner[SEARCH_STANDARD]);
		assert_true(b.figure[k].mse > 1.5 * t->inner[SEARCH_BEST]);
		assert_true(b.figure[k].mse ==
			t->outer[t->is_used > 0 ? SEARCH_BEST : SEARCH_STANDARD]);
		forecast_model_done(&a);
		forecast_model_done(&b);
	}
}

/* Where nothing is to be learnt, small leaves learn noise. */
static void a_gain_is_found_and_used(void **state)
{
	const struct plan noise = { .phi = 0, .turned_from = DAYS };
	struct forecast_model plain, a;
	struct forecast_report r;
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(FORECASTER_FOREST) };
	(void)state;
	SKIP_UNDER_TSAN();
	fit(&plain, &noise, o, &r);
	assert_true(plain.search[FORECASTER_FOREST].n_tried == 0);
	o.n_search = 4;
	fit(&a, &noise, o, &r);
	const struct forecast_search *s = &a.search[FORECASTER_FOREST];
	assert_true(s->n_tried == o.n_search && s->is_used > 0 && s->gain > 2 * s->gain_error);
	assert_true(s->inner[SEARCH_BEST] < s->inner[SEARCH_STANDARD]);
	assert_true(s->outer[SEARCH_BEST] < s->outer[SEARCH_STANDARD]);
	assert_true(s->outer[SEARCH_STANDARD] == plain.figure[FORECASTER_FOREST].mse);
	assert_true(a.figure[FORECASTER_FOREST].mse == s->outer[SEARCH_BEST]);
	assert_true(a.f.forest.n_trees == s->value[FOREST_TREES]);
	assert_true(a.n_bytes != plain.n_bytes && isfinite(a.pledge.threshold));
	assert_true(!r.ended);
	forecast_model_done(&plain);
	forecast_model_done(&a);
}

static void threads_do_not_show(void **state)
{
	const struct plan noise = { .phi = 0, .turned_from = DAYS };
	struct forecast_model a, b;
	struct forecast_report r;
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(FORECASTER_FOREST),
		.n_search = 2, .n_rows = 300 };
	(void)state;
	fit(&a, &noise, o, &r);
	o.threads = 3;
	fit(&b, &noise, o, &r);
	assert_int_equal(a.n_bytes, b.n_bytes);
	assert_memory_equal(a.bytes, b.bytes, a.n_bytes);
	assert_memory_equal(a.search, b.search, sizeof a.search);
	forecast_model_done(&a);
	forecast_model_done(&b);
}

static void a_seed_draws_combinations(void **state)
{
	const struct plan noise = { .phi = 0, .turned_from = DAYS };
	struct forecast_model a, b;
	struct forecast_report r;
	struct forecast_fit_options o = { .kinds = FORECAST_KIND(FORECASTER_LINEAR),
		.n_search = 3 };
	(void)state;
	fit(&a, &noise, o, &r);
	o.seed = 2;
	fit(&b, &noise, o, &r);
	assert_memory_not_equal(a.search, b.search, sizeof a.search);
	forecast_model_done(&b);
	/* There are no more than these. */
	o.n_search = 1000;
	fit(&b, &noise, o, &r);
	assert_true(b.search[FORECASTER_LINEAR].n_tried == 20);
	forecast_model_done(&a);
	forecast_model_done(&b);
}

static void networks_are_searched_too(void **state)
{
	const struct plan p = { .phi = .7, .turned_from = DAYS };
	struct forecast_model m;
	struct forecast_report r;
	(void)state;
	SKIP_UNDER_TSAN();
	fit(&m, &p, (struct forecast_fit_options){ .kinds = FORECAST_KIND(FORECASTER_LSTM),
		.n_search = 1, .n_rows = 250 }, &r);
	const struct forecast_search *s = &m.search[FORECASTER_LSTM];
	assert_true(s->n_tried == 1 && s->inner[SEARCH_BEST] <= s->inner[SEARCH_STANDARD]);
	assert_true(m.f.lstm && m.f.lstm->shape.hidden == (s->is_used > 0 ?
		s->value[NETWORK_HIDDEN] : 16));
	forecast_model_done(&m);
}

/* Says enough when a fit begins: of a trial, or of a test after the search. */
struct listener {
	uint32_t trial, test, n_seen;
	atomic_bool enough;
	bool searched;
};

static void listen(void *ctx, const struct forecast_at *at)
{
	struct listener *l = ctx;
	l->searched |= at->n_trials > 0;
	assert_true(at->n_trials == 0 || at->n_trials == 3);
	assert_true(at->trial <= at->n_trials && at->n_folds == (at->n_trials ? 4 : 0));
	if (l->searched && at->test == l->test && (l->trial ? at->n_trials && at->trial == l->trial
	    : !at->n_trials))
		atomic_store(&l->enough, true);
	l->n_seen++;
}

/* What the defaults have come to is kept, as without a search. */
static void a_search_may_be_ended(void **state)
{
	const struct plan noise = { .phi = 0, .turned_from = DAYS };
	struct forecast_model plain;
	struct forecast_report r;
	struct listener at[] = { { .trial = 2, .test = 3 }, { .trial = 0, .test = 2 } };
	(void)state;
	SKIP_UNDER_TSAN();
	for (int k = FORECASTER_LINEAR; k <= FORECASTER_FOREST; k++) {
		fit(&plain, &noise, (struct forecast_fit_options){ .kinds = FORECAST_KIND(k) }, &r);
		for (size_t i = 0; i < 2; i++) {
			struct listener l = at[i];
			struct forecast_model m;
			/* Linear tests do not look. */
			if (k == FORECASTER_LINEAR && i == 1)
				continue;
			fit(&m, &noise, (struct forecast_fit_options){ .kinds = FORECAST_KIND(k),
				.n_search = 3, .enough = &l.enough, .tell = listen, .ctx = &l },
				&r);
			assert_true(l.enough && r.ended && r.searched == FORECAST_KIND(k));
			assert_true((int)m.f.kind == k && m.search[k].is_used == 0);
			assert_true(m.search[k].n_tried == (i ? 3 : 0));
			assert_true(i == 0 || isnan(m.search[k].outer[SEARCH_BEST]));
			assert_true(m.figure[k].mse == plain.figure[k].mse);
			/* Of a forest, that of the last test: it has no time for another. */
			assert_true(r.kept_test == (k == FORECASTER_FOREST ? FORECAST_TESTS : 0));
			assert_true(k != FORECASTER_FOREST || m.f.forest.n_trees == 60);
			forecast_model_done(&m);
		}
		forecast_model_done(&plain);
	}
}

static void parameters_are_told(void **state)
{
	char text[120];
	double value[FORECAST_PARAMS];
	static const char *const standard[FORECASTER_N] = {
		[FORECASTER_LINEAR] = "least squares",
		[FORECASTER_FOREST] = "60 trees, any depth, 20 rows a leaf, 0.333 of the columns a "
			"split",
		[FORECASTER_LSTM] = "1 layer of 16, 15 epochs, rate 0.003" };
	(void)state;
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++) {
		assert_true(fit_params[k].n <= FORECAST_PARAMS);
		fit_params_standard((enum forecaster_kind)k, value);
		fit_params_text((enum forecaster_kind)k, value, text, sizeof text);
		assert_string_equal(text, standard[k]);
	}
	fit_params_text(FORECASTER_LINEAR, (double[]){ 2, .1 }, text, sizeof text);
	assert_string_equal(text, "lasso of strength 0.1");
	fit_params_text(FORECASTER_LSTM, (double[]){ 2, 8, 5, .01 }, text, sizeof text);
	assert_string_equal(text, "2 layers of 8, 5 epochs, rate 0.01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_days_are_not_seen),
		cmocka_unit_test(a_gain_is_found_and_used),
		cmocka_unit_test(threads_do_not_show),
		cmocka_unit_test(a_seed_draws_combinations),
		cmocka_unit_test(networks_are_searched_too),
		cmocka_unit_test(a_search_may_be_ended),
		cmocka_unit_test(parameters_are_told),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
