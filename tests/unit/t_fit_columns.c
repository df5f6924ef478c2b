/* Which columns are kept: of rows that are made, and by a forecaster that is fitted with them. */
#include "learn/fit_columns.h"

#include <cblas.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
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
#include "learn/dataset.h"
#include "learn/fit_forecast.h"
#include "model/forecast_model.h"
#include "series/history.h"

#define COLUMNS 12u
#define DAY 86400000LL

/* y rests on columns 2 and 9; column 5 goes with column 2; column 11 is constant. */
static void make_rows(struct dataset *d, uint32_t n)
{
	struct chance c = { 4 };
	assert_int_equal(dataset_init(d, n, COLUMNS, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		float *x = dataset_row(d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)chance_normal(chance_next(&c));
		x[5] += 2 * x[2];
		x[11] = 4.5f;
		d->y[i] = 2 * x[2] - x[9] + (float)chance_normal(chance_next(&c));
		d->time_ms[i] = d->known_ms[i] = i;
	}
}

static unsigned kept(const struct dataset *d, enum columns_by by)
{
	struct kept_columns c;
	unsigned mask = 0;
	assert_int_equal(fit_columns_choose(&(struct fit_columns){ .by = by, .threads = 1,
		.seed = 1 }, d, &c, NULL), 0);
	for (uint32_t i = 0; i < c.n; i++) {
		assert_true(i == 0 || c.at[i] > c.at[i - 1]);
		mask |= 1u << c.at[i];
	}
	return mask;
}

static void each_filter_keeps_what_it_says(void **state)
{
	struct dataset d;
	const unsigned makes = 1u << 2 | 1u << 9, constant = 1u << 11;
	(void)state;
	make_rows(&d, 1500);
	assert_int_equal(kept(&d, COLUMNS_ALL), 0);
	assert_int_equal(kept(&d, COLUMNS_VARIANCE), constant - 1);
	assert_int_equal(kept(&d, COLUMNS_F), makes | 1u << 5);
	unsigned lasso = kept(&d, COLUMNS_LASSO), tree = kept(&d, COLUMNS_IMPORTANCE);
	assert_true((lasso & makes) == makes && !(lasso & constant));
	assert_true((tree & makes) == makes && !(tree & constant));
	assert_true(tree != constant - 1);
	dataset_done(&d);
}

static void rows_get_narrow(void **state)
{
	float x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const float narrow[] = { 2, 4, 6, 8 };
	(void)state;
	fit_columns_narrow(&(struct kept_columns){ .at = { 1, 3 }, .n = 2, .n_all = 4 }, x, 2);
	assert_memory_equal(x, narrow, sizeof narrow);
}

#define CARTS_LATE 55u          /* of 60 days */

/* Views with a memory of half a day, and carts from a day on: before it their columns are constant.
 */
static struct history *history_of(struct ids *ids, uint32_t carts_from)
{
	struct err e = {0};
	struct history *h = history_new(ids, 0, &e);
	struct batch *b = batch_new(1024, false, false, false, &e);
	assert_true(h && b);
	for (uint32_t user = 0; user < 40; user++) {
		char id[16];
		double x = 0;
		int len = snprintf(id, sizeof id, "u%u", user);
		for (uint32_t day = 0; day < 60; day++) {
			x = .5 * x + 3 * chance_normal(chance_pair(user, day));
			for (int v = 0; v < 15 + x; v++)
				assert_true(batch_add(b, &(struct event){ .time_ms = day * DAY +
					v * 600000, .behaviour = day >= carts_from && v < 3 ?
						BEHAVIOUR_CART : BEHAVIOUR_VIEW,
					.user = dict_id(ids->user, id, (size_t)len) }, 0));
		}
	}
	assert_int_equal(history_take(h, b, &e), 0);
	assert_int_equal(history_seal(h, 1, &e), 0);
	return h;
}

static void fit_with(struct forecast_model *m, struct forecast_report *r, uint32_t carts_from,
	struct forecast_fit_options o)
{
	struct err e = {0};
	struct ids ids;
	assert_int_equal(ids_init(&ids, &e), 0);
	struct history *h = history_of(&ids, carts_from);
	o.step = &volume_day;
	o.until_ms = INT64_MAX;
	o.threads = 1;
	o.insists = true;
	o.seed = 1;
	int code = fit_forecast(m, h, &ids, &o, r, &e);
	if (code < 0)
		print_message("# %s\n", e.text);
	assert_int_equal(code, 0);
	history_free(h);
	ids_done(&ids);
}

static void fit(struct forecast_model *m, struct forecast_report *r, enum columns_by by, int kind)
{
	fit_with(m, r, UINT32_MAX, (struct forecast_fit_options){ .select = by,
		.precision = PRECISION_FLOAT16, .kinds = FORECAST_KIND(kind) });
}

static bool keeps(const struct forecast_model *m, const char *name)
{
	char buf[FEATURE_NAME_MAX];
	for (uint32_t i = 0; i < m->f.features.n; i++)
		if (strcmp(feature_name(&m->f.features, i, buf), name) == 0)
			return true;
	return false;
}

static void a_forecaster_is_fitted_to_fewer(void **state)
{
	struct forecast_model all, few;
	struct forecast_report r;
	(void)state;
	for (int kind = FORECASTER_LINEAR; kind <= FORECASTER_FOREST; kind++) {
		fit(&all, &r, COLUMNS_ALL, kind);
		double mse = all.figure[kind].mse;
		uint32_t n = all.f.features.n;
		assert_true(keeps(&all, "carts7") && keeps(&all, "lag1"));
		assert_true(r.n_columns == 0);
		fit(&few, &r, COLUMNS_F, kind);
		assert_true((int)few.f.kind == kind && few.f.features.n < n);
		assert_true(!keeps(&few, "carts7") && keeps(&few, "lag1"));
		assert_true(r.n_columns == n && r.n_names == few.f.features.n);
		assert_string_equal(r.name[0], "lag1");
		assert_true(few.figure[kind].mse != mse && few.figure[kind].mse < 1.1 * mse);
		assert_true(isfinite(few.pledge.threshold));
		/* Rounding is measured on the rows as they are fitted to. */
		const struct forecast_rounding *c = &r.rounding[kind];
		assert_true(kind != FORECASTER_FOREST || fabs(c->error2[ROUND_BEFORE] /
			(double)c->n_rows - few.figure[kind].mse) < 1e-9);
		forecast_model_done(&all);
		forecast_model_done(&few);
	}
}

/* Ends learning in the second test: what the first was made with is kept. */
static void end_in_second(void *ctx, const struct forecast_at *at)
{
	if (at->test == 2)
		atomic_store((atomic_bool *)ctx, true);
}

/* Carts come later than what the first test learns from, so it cannot know their columns. */
static void a_test_does_not_know_what_comes(void **state)
{
	struct forecast_model m;
	struct forecast_report r;
	atomic_bool enough = false;
	struct forecast_fit_options o = { .select = COLUMNS_VARIANCE,
		.kinds = FORECAST_KIND(FORECASTER_FOREST) };
	(void)state;
	fit_with(&m, &r, CARTS_LATE, o);
	assert_true(r.kept_test == 0 && keeps(&m, "carts7") && keeps(&m, "lag1"));
	forecast_model_done(&m);
	o.enough = &enough;
	o.tell = end_in_second;
	o.ctx = &enough;
	fit_with(&m, &r, CARTS_LATE, o);
	assert_true(r.kept_test == 1 && !keeps(&m, "carts7") && keeps(&m, "lag1"));
	forecast_model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_filter_keeps_what_it_says),
		cmocka_unit_test(rows_get_narrow),
		cmocka_unit_test(a_forecaster_is_fitted_to_fewer),
		cmocka_unit_test(a_test_does_not_know_what_comes),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
