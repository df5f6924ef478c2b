/* Columns by F against printed tables of F, by L1 and by permutation against what is known of the
 * rows, which are made.
 */
#include <cblas.h>
#include <errno.h>
#include <math.h>
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
#include "learn/fit_linear.h"
#include "learn/select.h"

#define COLUMNS 20u

/* y rests on columns 3 and 11; column 7 goes with column 3; column 19 is constant. */
static void make_rows(struct dataset *d, uint32_t n, uint64_t seed)
{
	struct chance c = { seed };
	assert_int_equal(dataset_init(d, n, COLUMNS, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		float *x = dataset_row(d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)(k + (k + 1) * chance_normal(chance_next(&c)));
		x[7] += 2 * x[3];
		x[19] = 4.5f;
		d->y[i] = x[3] - x[11] / 4 + (float)chance_normal(chance_next(&c));
		d->time_ms[i] = d->known_ms[i] = i;
	}
}

/* Two groups at -a and a, each of values -1 and 1 about it: F = a^2 x (n - 2). */
static struct column_test test_of(double f, uint32_t n)
{
	struct dataset d;
	struct column_test t;
	assert_int_equal(dataset_init(&d, n, 1, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		d.x[i] = i < n / 2 ? -3 : 5;
		d.y[i] = (float)((i < n / 2 ? -1 : 1) * sqrt(f / (n - 2)) + (i % 2 ? 1 : -1));
	}
	assert_int_equal(select_test(&d, 1, &t, NULL), 0);
	dataset_done(&d);
	return t;
}

static void f_as_printed(void **state)
{
	static const struct { double f; uint32_t freedom; double p; } table[] = {
		{ 18.5128, 2, .05 }, { 3.2850, 10, .10 }, { 4.9646, 10, .05 }, { 10.0443, 10, .01 },
		{ 2.8807, 30, .10 }, { 4.1709, 30, .05 }, { 7.5625, 30, .01 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct column_test t = test_of(table[i].f, table[i].freedom + 2);
		assert_true(fabs(t.f - table[i].f) < 1e-5 * table[i].f);
		assert_true(fabs(t.p - table[i].p) < 1e-4 * table[i].p + 1e-6);
		assert_true(fabs(t.variance - 16) < 1e-9);
	}
	/* F(1, 2) has a closed form: the tail of F is 1 - sqrt(F / (F + 2)). */
	struct column_test t = test_of(.7, 4);
	assert_true(fabs(t.p - (1 - sqrt(.7 / 2.7))) < 1e-6);
}

static void the_filter_keeps_what_goes_with_y(void **state)
{
	struct dataset d;
	struct column_test t[COLUMNS];
	uint32_t kept[COLUMNS];
	(void)state;
	make_rows(&d, 3000, 4);
	assert_int_equal(select_test(&d, 2, t, NULL), 0);
	assert_int_equal(select_filter(t, COLUMNS, 0, 1e-4, kept), 3);
	assert_int_equal(kept[0], 3);
	assert_int_equal(kept[1], 7);
	assert_int_equal(kept[2], 11);
	assert_true(t[19].f == 0 && t[19].p == 1 && t[19].variance == 0);
	assert_int_equal(select_filter(t, COLUMNS, 200, 1, kept), 5);   /* deviations 15 to 19 */
	assert_int_equal(kept[0], 14);
	dataset_done(&d);
	assert_int_equal(dataset_init(&d, 2, 1, NULL), 0);
	struct err e = {0};
	assert_int_equal(select_test(&d, 1, t, &e), -EINVAL);
	assert_string_equal(e.text, "2 rows are too few to test columns by");
	dataset_done(&d);
}

/* It sees through column 7, which the filter cannot; a few of noise may come along. */
static void the_lasso_keeps_what_y_is_made_of(void **state)
{
	struct dataset d, fewer;
	uint32_t kept[COLUMNS], n;
	bool is[COLUMNS] = {0};
	(void)state;
	make_rows(&d, 3000, 5);
	assert_int_equal(select_lasso(&d, 2, kept, &n, NULL), 0);
	assert_in_range(n, 2, 10);
	for (uint32_t i = 0; i < n; i++)
		is[kept[i]] = true;
	assert_true(is[3] && is[11] && !is[19]);
	assert_int_equal(select_columns(&fewer, &d, kept, n, NULL), 0);
	assert_int_equal(fewer.n_columns, n);
	for (uint32_t i = 0; i < n; i++)
		assert_true(dataset_row(&fewer, 77)[i] == dataset_row(&d, 77)[kept[i]]);
	assert_true(fewer.y[77] == d.y[77] && fewer.known_ms[77] == 77);
	dataset_done(&fewer);
	dataset_done(&d);
}

/* Over all orders the growth is w^2 E (x' - x)^2 + 2 w E off (x' - x), x' from another row or the
 * same: computed here pair by pair.
 */
static double slow_growth(const struct dataset *d, const struct linear *l, uint32_t column)
{
	double sum = 0, w = (double)l->weight[1 + column], n = d->n_rows;
	for (uint32_t i = 0; i < d->n_rows; i++) {
		float y;
		linear_predict(l, dataset_row(d, i), 1, &y);
		for (uint32_t k = 0; k < d->n_rows; k++) {
			double by = w * ((double)dataset_row(d, k)[column] -
				(double)dataset_row(d, i)[column]);
			sum += by * by + 2 * by * (double)(y - d->y[i]);
		}
	}
	return sum / n / n;
}

static void permutation_as_over_all_orders(void **state)
{
	struct dataset d;
	struct linear_options o = { .threads = 1 };
	void *model;
	double growth[COLUMNS], again[COLUMNS];
	(void)state;
	make_rows(&d, 700, 6);
	assert_int_equal(forecaster_linear.fit(&o, &d, &model, NULL), 0);
	struct permutation p = { &forecaster_linear, model, &d, 60, 9, 1 };
	assert_int_equal(select_permutation(&p, growth, NULL), 0);
	p.threads = 4;
	assert_int_equal(select_permutation(&p, again, NULL), 0);
	assert_memory_equal(growth, again, sizeof growth);
	for (uint32_t k = 0; k < COLUMNS; k++)
		assert_true(fabs(growth[k] - slow_growth(&d, model, k)) <
			.01 + .02 * fabs(growth[k]));
	assert_true(growth[3] > 20 && growth[11] > 10 && growth[19] == 0);
	p.repeats = 0;
	assert_int_equal(select_permutation(&p, growth, NULL), -EINVAL);
	forecaster_linear.free(model);
	dataset_done(&d);
}

static void memory_may_end_anywhere(void **state)
{
	struct dataset d;
	struct linear_options o = { .threads = 1 };
	void *model;
	double growth[COLUMNS];
	struct column_test t[COLUMNS];
	(void)state;
	make_rows(&d, 60, 7);
	assert_int_equal(forecaster_linear.fit(&o, &d, &model, NULL), 0);
	struct permutation p = { &forecaster_linear, model, &d, 2, 9, 1 };
	size_t used = mem_used();
	uint64_t failures = 0;
	for (int r = -ENOMEM; r < 0; failures++) {
		mem_fail_after(failures + 1);
		r = select_permutation(&p, growth, NULL);
		r = r < 0 ? r : select_test(&d, 1, t, NULL);
		assert_int_equal(mem_used(), used);
		assert_true(r == 0 || r == -ENOMEM);
	}
	mem_fail_after(0);
	assert_in_range(failures, 8, 30);
	forecaster_linear.free(model);
	dataset_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f_as_printed),
		cmocka_unit_test(the_filter_keeps_what_goes_with_y),
		cmocka_unit_test(the_lasso_keeps_what_y_is_made_of),
		cmocka_unit_test(permutation_as_over_all_orders),
		cmocka_unit_test(memory_may_end_anywhere),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
