/* Validation against figures added up row by row, and with leaks planted in it. */
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/fit_forest.h"
#include "learn/fit_linear.h"
#include "learn/fit_lstm.h"
#include "learn/forecaster.h"
#include "learn/leak.h"
#include "learn/rows.h"
#include "learn/sorted.h"
#include "learn/validate.h"

#define SERIES 5u
#define STEPS 200u
#define FOLDS 4u
#define DAY 86400000LL
#define LIST "lag1-3,lag7,mean14,day_sin,day_cos,views1"

/* Values with a week in them and some memory; rows of every series, forecast `horizon` ahead. */
static void make_rows(struct rows *r, uint32_t horizon, double noise, uint64_t seed)
{
	static struct observation o[SERIES][STEPS];
	struct rows_series s[SERIES];
	struct feature_set set;
	struct chance c = { seed };
	assert_int_equal(feature_init(&set, LIST, horizon, NULL), 0);
	for (uint32_t i = 0; i < SERIES; i++) {
		double v = 0;
		for (uint32_t t = 0; t < STEPS - 10 * i; t++) {
			v = .5 * v + noise * chance_normal(chance_next(&c));
			o[i][t] = (struct observation){ .start_ms = t * DAY, .price = NAN,
				.at = { (float)(10 * i + 2 * (t % 7 < 2) + v),
				(float)chance_below(&c, 4) } };
		}
		s[i] = (struct rows_series){ o[i], STEPS - 10 * i, 7 * i };
	}
	struct rows_source from = { &set, NULL, s, SERIES, 2 };
	assert_int_equal(rows_init(r, &from, NULL, NULL), 0);
}

static const struct folds_plan plan = { .n = FOLDS, .first = .5 };

static void folds_roll_and_keep_the_horizon(void **state)
{
	(void)state;
	for (uint32_t horizon = 1; horizon < 12; horizon += 5) {
		struct rows r;
		struct fold f[FOLDS];
		make_rows(&r, horizon, 1, 1);
		uint8_t tested[SERIES * STEPS] = {0};
		assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
		for (uint32_t i = 0; i < FOLDS; i++) {
			int64_t last = INT64_MIN, first = INT64_MAX;
			for (uint32_t k = 0; k < f[i].n_train; k++)
				if (r.d.time_ms[f[i].train[k]] > last)
					last = r.d.time_ms[f[i].train[k]];
			for (uint32_t k = 0; k < f[i].n_test; k++) {
				assert_false(tested[f[i].test[k]]++);
				if (r.d.time_ms[f[i].test[k]] < first)
					first = r.d.time_ms[f[i].test[k]];
			}
			assert_int_equal(first - last, horizon * DAY);
			assert_true(i == 0 || f[i].n_train > f[i - 1].n_train);
		}
		/* What is not tested is from the first half of time. */
		int64_t from = r.d.time_ms[f[0].test[0]];
		for (uint32_t i = 0; i < r.d.n_rows; i++)
			assert_int_equal(tested[i], r.d.time_ms[i] >= from);
		folds_done(f, FOLDS);

		struct folds_plan slide = plan;
		slide.train_ms = 20 * DAY;
		slide.gap_ms = 3 * DAY;
		assert_int_equal(folds_init(f, &r.d, &slide, NULL), 0);
		assert_int_equal(f[1].n_train, 20 * SERIES);
		assert_int_equal(r.d.time_ms[f[0].test[0]] -
			r.d.time_ms[f[0].train[f[0].n_train - 1]], (horizon + 3) * DAY);
		folds_done(f, FOLDS);
		rows_done(&r);
	}
}

/* Forecasts the mean of what it was trained on, plus half the first column's, if ctx says so. */
struct plain {
	double mean, half;
};

static int fit_plain(void *ctx, const struct dataset *train, void **ret, struct err *e)
{
	struct plain *p = mem_get(1, sizeof *p);
	if (!(*ret = p))
		return err_set(e, -ENOMEM, "no memory");
	p->half = *(double *)ctx;
	for (uint32_t i = 0; i < train->n_rows; i++)
		p->mean += (double)train->y[i] / train->n_rows;
	return 0;
}

static void predict_plain(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	const struct plain *p = model;
	for (uint32_t i = 0; i < n_rows; i++)
		ret[i] = (float)((1 - p->half) * p->mean + p->half * (double)x[i * 8]);
}

static const struct forecaster_ops plain_ops = { "plain", fit_plain, predict_plain, mem_free,
	NULL };

/* The value of a series' step, by looking at every row. */
static bool slow_value(const struct dataset *d, uint32_t series, int64_t time_ms, double *ret)
{
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->series[i] == series && d->time_ms[i] == time_ms) {
			*ret = (double)d->y[i];
			return true;
		}
	return false;
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-5 * (1 + fabs(b));
}

static void check_verdict(const struct dataset *d, const struct fold *f, double half,
	uint32_t season, const struct verdict *got)
{
	double square = 0, absolute = 0, relative = 0, mean = 0, spread = 0, train = 0, v;
	double naive = 0, beside_naive = 0, before = 0, beside_before = 0, n = f->n_test;
	double naive_off = 0, before_off = 0, naive_both = 0, before_both = 0, last = 0;
	uint32_t n_naive = 0, n_before = 0;
	for (uint32_t i = 0; i < f->n_train; i++)
		train += (double)d->y[f->train[i]] / f->n_train;
	for (uint32_t i = 0; i < f->n_test; i++)
		mean += (double)d->y[f->test[i]] / n;
	for (uint32_t i = 0; i < f->n_test; i++) {
		uint32_t row = f->test[i];
		double y = (double)d->y[row];
		double off = (1 - half) * train + half * (double)dataset_row(d, row)[0] - y;
		square += off * off;
		absolute += fabs(off);
		relative += 2 * fabs(off) / (fabs(off + y) + fabs(y));
		spread += (y - mean) * (y - mean);
		bool has_last = slow_value(d, d->series[row], d->known_ms[row] - DAY, &last);
		if (has_last) {
			n_naive++;
			naive += (last - y) * (last - y);
			naive_off += fabs(last - y);
			beside_naive += off * off;
		}
		if (slow_value(d, d->series[row], d->time_ms[row] - season * DAY, &v)) {
			n_before++;
			before += (v - y) * (v - y);
			before_off += fabs(v - y);
			before_both += has_last ? (v - y) * (v - y) : 0;
			naive_both += has_last ? (last - y) * (last - y) : 0;
			beside_before += off * off;
		}
	}
	assert_int_equal(got->n_rows, f->n_test);
	assert_true(near(got->mse, square / n) && near(got->mae, absolute / n));
	assert_true(near(got->smape, relative / n) && near(got->r2, 1 - square / spread));
	assert_int_equal(got->n_naive, n_naive);
	assert_int_equal(got->n_seasonal, n_before);
	assert_true(near(got->naive_mse, naive / n_naive));
	assert_true(near(got->naive_mae, naive_off / n_naive));
	assert_true(near(got->seasonal_mae, before_off / n_before));
	assert_true(near(got->naive_share, naive_both / before_both));
	assert_true(n_naive < f->n_test || near(got->naive_r2, 1 - naive / spread));
	assert_true(n_before < f->n_test || near(got->seasonal_r2, 1 - before / spread));
	assert_true(near(got->skill, 1 - beside_naive / naive));
	assert_true(near(got->seasonal_mse, before / n_before));
	assert_true(near(got->seasonal_skill, 1 - beside_before / before));
}

static void figures_as_added_up_row_by_row(void **state)
{
	(void)state;
	for (uint32_t horizon = 1; horizon < 8; horizon += 3) {
		struct rows r;
		struct fold f[FOLDS];
		struct verdict all, one[FOLDS];
		double half = .3, sum = 0;
		make_rows(&r, horizon, 1, 2);
		assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
		struct validation v = { &r.d, &plain_ops, &half, f, FOLDS, DAY, 7, false };
		assert_int_equal(validate(&v, &all, one, NULL), 0);
		for (uint32_t i = 0; i < FOLDS; i++) {
			check_verdict(&r.d, &f[i], half, 7, &one[i]);
			sum += one[i].mse * f[i].n_test;
		}
		assert_true(near(all.mse, sum / (double)all.n_rows));
		folds_done(f, FOLDS);
		rows_done(&r);
	}
}

/* A season shorter than the horizon is not known; nor is one that starts before the series. */
static void a_season_is_one_that_was_known(void **state)
{
	struct rows r;
	struct fold f[FOLDS];
	struct verdict all;
	double half = 0;
	(void)state;
	make_rows(&r, 9, 1, 3);
	assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
	struct validation v = { &r.d, &plain_ops, &half, f, FOLDS, DAY, 7, false };
	assert_int_equal(validate(&v, &all, NULL, NULL), 0);
	assert_int_equal(all.n_seasonal, 0);
	assert_true(isnan(all.seasonal_skill) && all.n_naive == all.n_rows);
	v.season = 0;
	assert_int_equal(validate(&v, &all, NULL, NULL), 0);
	assert_int_equal(all.n_seasonal, 0);
	folds_done(f, FOLDS);
	rows_done(&r);
}

static void a_linear_forecaster_beats_the_naive_ones(void **state)
{
	struct rows r;
	struct fold f[FOLDS];
	struct verdict all;
	struct linear_options o = { .each = true, .prior_rows = LINEAR_CHOOSE, .threads = 2 };
	(void)state;
	make_rows(&r, 1, 1, 4);
	assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
	struct validation v = { &r.d, &forecaster_linear, &o, f, FOLDS, DAY, 7, false };
	assert_int_equal(validate(&v, &all, NULL, NULL), 0);
	assert_true(all.skill > .1 && all.skill < .6);
	assert_true(all.seasonal_skill > .3 && all.seasonal_skill < .7);
	assert_true(all.r2 > .95);      /* levels of the series lie far apart */
	folds_done(f, FOLDS);
	rows_done(&r);
}

/* One call for any of them: each learns the week, and the options stay as they were. */
static void every_forecaster_is_judged_alike(void **state)
{
	static const char *const name[] = { "linear", "forest", "lstm" };
	struct linear_options linear = { .threads = 2 };
	struct fit_forest_options forest = { .n_trees = 30, .threads = 2, .seed = 1 };
	struct fit_lstm lstm = fit_lstm_default(8), before;
	void *ctx[] = { &linear, &forest, &lstm };
	struct rows r;
	struct fold f[FOLDS];
	struct verdict all, again;
	(void)state;
	lstm.epochs = 40;
	lstm.hidden = 8;
	lstm.rate = .01f;
	lstm.batch = 32;
	before = lstm;
	make_rows(&r, 1, 1, 11);
	assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
	for (int i = 0; i < 3; i++) {
		struct validation v = { &r.d, forecaster_of(name[i]), ctx[i], f, FOLDS, DAY, 7,
			false };
		assert_non_null(v.ops);
		assert_int_equal(validate(&v, &all, NULL, NULL), 0);
		assert_true(all.r2 > .9);
		assert_true(all.skill > .3 && all.seasonal_skill > .3);
		assert_int_equal(validate(&v, &again, NULL, NULL), 0);
		assert_true(all.mse == again.mse);
	}
	assert_memory_equal(&lstm, &before, sizeof lstm);
	assert_null(forecaster_of("oracle"));
	folds_done(f, FOLDS);
	rows_done(&r);
}

/* What a leak is worth if nobody looks, and what is said when somebody does. */
static void a_column_of_the_future_is_caught(void **state)
{
	struct rows r;
	struct fold f[FOLDS];
	struct verdict all;
	struct sorted order;
	struct err e = {0};
	struct linear_options o = { .threads = 2 };
	struct chance c = { 77 };
	(void)state;
	make_rows(&r, 1, 1, 5);
	assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
	assert_int_equal(sorted_init(&order, &r.d, NULL), 0);
	struct validation v = { &r.d, &forecaster_linear, &o, f, FOLDS, DAY, 7, false };
	assert_int_equal(validate(&v, &all, NULL, &e), 0);
	assert_true(all.skill < .5);
	for (uint32_t ahead = 0; ahead < 4; ahead++) {
		struct leak l[8];
		/* Another scale and sign, and some noise; the end of a series has no future. */
		for (uint32_t i = 0; i < r.d.n_rows; i++) {
			uint32_t to = order.row[i], from = i + ahead < order.n ?
				order.row[i + ahead] : to;
			from = r.d.series[from] == r.d.series[to] ? from : to;
			dataset_row(&r.d, to)[4] = 50 - 3 * r.d.y[from] +
				.1f * (float)chance_normal(chance_next(&c));
		}
		assert_int_equal(leak_find(&r.d, l, NULL), 1);
		assert_int_equal(l[0].column, 4);
		assert_int_equal(l[0].ahead, ahead);
		assert_true(l[0].future > .95 && l[0].past < .8);
		e = (struct err){0};
		assert_int_equal(validate(&v, &all, NULL, &e), -EINVAL);
		assert_non_null(strstr(e.text, "column mean14 follows the value"));
		if (ahead > 0)
			continue;
		v.trusts_columns = true;
		assert_int_equal(validate(&v, &all, NULL, &e), 0);
		assert_true(all.skill > .95);
		v.trusts_columns = false;
	}
	sorted_done(&order);
	folds_done(f, FOLDS);
	rows_done(&r);
}

/* The past, the calendar and what runs ahead of y are no leaks, even where they foretell it. */
static void the_past_is_no_leak(void **state)
{
	static const double noise[] = { 0, .05, .3, 1, 5 };
	struct leak l[8];
	struct rows r;
	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint32_t horizon = 1; horizon < 16; horizon += 7) {
			make_rows(&r, horizon, noise[i], 6);
			assert_int_equal(leak_find(&r.d, l, NULL), 0);
			rows_done(&r);
		}
	/* y follows last step's views with r2 .8. */
	make_rows(&r, 1, 1, 7);
	struct chance c = { 78 };
	for (uint32_t i = 0; i < r.d.n_rows; i++) {
		float *x = dataset_row(&r.d, i);
		x[7] = (float)chance_normal(chance_next(&c));
		r.d.y[i] = 2 * x[7] + (float)chance_normal(chance_next(&c));
	}
	assert_int_equal(leak_find(&r.d, l, NULL), 0);
	rows_done(&r);
}

static void rows_and_folds_that_leak_are_refused(void **state)
{
	struct rows r;
	struct fold f[FOLDS];
	struct verdict all;
	struct err e = {0};
	double half = 0;
	(void)state;
	make_rows(&r, 3, 1, 8);
	assert_int_equal(folds_init(f, &r.d, &plan, NULL), 0);
	struct validation v = { &r.d, &plain_ops, &half, f, FOLDS, DAY, 7, false };
	/* The day after the last training target, when the first tests were forecast. */
	uint32_t last = f[1].train[f[1].n_train - 1];
	for (uint32_t i = 0; i < r.d.n_rows; i++)
		if (r.d.series[i] == r.d.series[last] &&
		    r.d.time_ms[i] == r.d.time_ms[last] + DAY)
			f[1].train[f[1].n_train++] = i;
	assert_int_equal(validate(&v, &all, NULL, &e), -EINVAL);
	assert_string_equal(e.text, "a fold trains on the step of 1970-05-10T00:00:00.000Z and "
		"tests forecasts made at 1970-05-10T00:00:00.000Z: a leak");
	f[1].n_train--;
	assert_int_equal(validate(&v, &all, NULL, &e), 0);

	r.d.known_ms[31] = r.d.time_ms[31];
	assert_int_equal(validate(&v, &all, NULL, &e), 0);
	r.d.known_ms[31]++;
	assert_int_equal(validate(&v, &all, NULL, &e), -EINVAL);
	assert_string_equal(e.text, "row 32 forecasts the step of 1970-02-17T00:00:00.000Z from "
		"features known at 1970-02-17T00:00:00.001Z: a leak");
	r.d.known_ms[31] = INT64_MAX;
	assert_int_equal(validate(&v, &all, NULL, &e), -EINVAL);
	assert_string_equal(e.text, "row 32 does not say when its features were known");
	folds_done(f, FOLDS);
	rows_done(&r);
}

static void memory_may_end_anywhere(void **state)
{
	struct rows r;
	size_t used = mem_used();
	struct linear_options o = { .threads = 1 };
	uint64_t failures = 0;
	(void)state;
	make_rows(&r, 1, 1, 10);
	size_t with_rows = mem_used();
	for (int code = -ENOMEM; code < 0; failures++) {
		struct fold f[FOLDS];
		struct verdict all;
		mem_fail_after(failures + 1);
		code = folds_init(f, &r.d, &plan, NULL);
		struct validation v = { &r.d, &forecaster_linear, &o, f, FOLDS, DAY, 7, false };
		code = code < 0 ? code : validate(&v, &all, NULL, NULL);
		assert_true(code == 0 || code == -ENOMEM);
		folds_done(f, FOLDS);
		assert_int_equal(mem_used(), with_rows);
	}
	mem_fail_after(0);
	assert_in_range(failures, 50, 500);
	rows_done(&r);
	assert_int_equal(mem_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds_roll_and_keep_the_horizon),
		cmocka_unit_test(figures_as_added_up_row_by_row),
		cmocka_unit_test(a_season_is_one_that_was_known),
		cmocka_unit_test(a_linear_forecaster_beats_the_naive_ones),
		cmocka_unit_test(every_forecaster_is_judged_alike),
		cmocka_unit_test(a_column_of_the_future_is_caught),
		cmocka_unit_test(the_past_is_no_leak),
		cmocka_unit_test(rows_and_folds_that_leak_are_refused),
		cmocka_unit_test(memory_may_end_anywhere),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
