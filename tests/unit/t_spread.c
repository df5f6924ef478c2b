#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/spread.h"

#define N 5000

static int cmp(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Against the sorted values: never too low, and at most an eighth (and a microsecond) too high. */
static void quantiles_are_those_of_the_values(void **state)
{
	static const double q[] = { .01, .5, .9, .99, 1 };
	static double us[N];
	struct spread s = { .now = 0 };
	struct chance c = { 5 };

	(void)state;
	for (int i = 0; i < N; i++) {
		us[i] = floor(exp(chance_unit(chance_next(&c)) * 16));
		spread_add(&s, (int64_t)us[i], 1000);
	}
	qsort(us, N, sizeof *us, cmp);
	for (size_t i = 0; i < sizeof q / sizeof *q; i++) {
		double want = us[(int)ceil(q[i] * N) - 1];
		double got = (double)spread_quantile(&s, q[i]) * 1000;

		assert_true(got >= want * .999999);
		assert_true(got <= want * 1.125 + 1);
	}
}

static void small_and_huge_have_a_bucket(void **state)
{
	struct spread s = { .now = 0 };

	(void)state;
	assert_true(isnan(spread_quantile(&s, .5)));
	spread_add(&s, -5, 0);
	assert_true(spread_quantile(&s, .5) <= 0);
	spread_add(&s, INT64_MAX, 0);
	assert_true(spread_quantile(&s, 1) > 1e6f);
}

static void what_is_old_is_forgotten(void **state)
{
	struct spread s = { .now = 0 };

	(void)state;
	spread_add(&s, 1000000, 10);
	spread_add(&s, 100, SPREAD_TURN_MS + 10);
	assert_true(spread_quantile(&s, 1) > 900);
	spread_add(&s, 100, 2 * SPREAD_TURN_MS + 10);
	assert_true(spread_quantile(&s, 1) < 1);
	spread_turn(&s, 100 * SPREAD_TURN_MS);
	assert_true(isnan(spread_quantile(&s, .5)));
	spread_add(&s, 100, 100 * SPREAD_TURN_MS + 5);
	spread_turn(&s, 100 * SPREAD_TURN_MS + 100);
	assert_false(isnan(spread_quantile(&s, .5)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_those_of_the_values),
		cmocka_unit_test(small_and_huge_have_a_bucket),
		cmocka_unit_test(what_is_old_is_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
