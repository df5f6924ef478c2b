#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "model/far_curve.h"

static const struct far_curve a_curve = {
	{ { -1.5f, 100 }, { 2, 10 }, { 4.1f, .7 } }, 3, 1.1
};

static void far_falls_log_linearly(void **state)
{
	struct far_curve c = a_curve;

	(void)state;
	assert_true(far_curve_at(&c, -INFINITY) == 100);
	assert_true(far_curve_at(&c, -1.5f) == 100);
	assert_true(fabs(far_curve_at(&c, .25f) - sqrt(1000)) < 1e-9);
	assert_true(far_curve_at(&c, 2) == 10);
	assert_true(far_curve_at(&c, 4.1f) == .7);
	assert_true(fabs(far_curve_at(&c, 5.1f) - .7 * exp(-1.1)) < 1e-6);
	c.n = 0;
	assert_true(isnan(far_curve_at(&c, 1)));
}

static void threshold_keeps_within_budget(void **state)
{
	struct far_curve c = a_curve;

	(void)state;
	assert_true(far_curve_score(&c, 1000) == -1.5f);
	assert_true(fabs(far_curve_at(&c, far_curve_score(&c, 99)) / 99 - 1) < 1e-5);
	assert_true(far_curve_score(&c, 10) == 2);
	assert_true(far_curve_score(&c, .7) == 4.1f);
	assert_true(fabs(far_curve_at(&c, far_curve_score(&c, 9.99)) / 9.99 - 1) < 1e-5);
	assert_true(fabs(far_curve_at(&c, far_curve_score(&c, .01)) / .01 - 1) < 1e-5);
	assert_true(isinf(far_curve_score(&c, 0)));
	c.tail = 0;
	assert_true(isinf(far_curve_score(&c, .01)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(far_falls_log_linearly),
		cmocka_unit_test(threshold_keeps_within_budget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
