/* The detector's arithmetic: the logarithm, ratios far out of a float's range, and the score
 * against a naive sum in double precision.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/mixture.h"
#include "model/model.h"

#define LONGEST 3000

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void the_logarithm_is_good_to_two_ulp(void **state)
{
	uint64_t seed = 1;
	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint32_t bits = 0x00800000u + next(&seed) % (0x7f000000u - 0x00800000u);
		float x;
		memcpy(&x, &bits, sizeof x);
		double want = log((double)x), got = formula_log(x);
		assert_true(fabs(got - want) <= 2 * fabs(want) * 0x1p-23 + 0x1p-24);
	}
	assert_true(formula_log(1.0f) == 0.0f);
}

static struct mixture_rule a_rule(float strength)
{
	struct mixture_rule r;
	struct model m;
	model_default(&m);
	m.strength = strength;
	mixture_rule_init(&r, &m);
	model_done(&m);
	return r;
}

/* One user's counts, and ln M after each of them by the definition. */
struct naive {
	uint32_t n, category[LONGEST];
	double prior[LONGEST];          /* s pi of the category */
};

static uint32_t occurrences(const struct naive *v, uint32_t category, uint32_t from, uint32_t to)
{
	uint32_t k = 0;
	for (uint32_t i = from; i < to; i++)
		k += v->category[i] == category;
	return k;
}

static double naive_lambda(const struct naive *v, uint32_t tau, double s)
{
	double sum = 0;
	for (uint32_t i = tau; i < v->n; i++) {
		uint32_t c = v->category[i];
		double q = (occurrences(v, c, 0, i) + v->prior[i]) / (i + s);
		double p = (occurrences(v, c, tau, i) + v->prior[i]) / (i - tau + s);
		sum += log(p / q);
	}
	return sum;
}

static double naive_log_m(const struct naive *v, double s, uint32_t *ret_age)
{
	double sum = 0, best = -INFINITY;
	uint32_t from = v->n > MIXTURE_WINDOW ? v->n - MIXTURE_WINDOW : 0;
	*ret_age = 0;
	for (uint32_t tau = from < MIXTURE_BEFORE ? MIXTURE_BEFORE : from; tau + MIXTURE_AFTER <=
		v->n; tau++) {
		double l = naive_lambda(v, tau, s);
		sum += exp(l);
		if (l > best) {
			best = l;
			*ret_age = v->n - tau;
		}
	}
	return log(sum);
}

/* A user with a few categories, who may turn to others. */
static void one_history(uint64_t seed, uint32_t length, float s, double pi)
{
	struct mixture_rule r = a_rule(s);
	struct naive *v = calloc(1, sizeof *v);
	struct mixture x;
	mixture_reset(&x);
	for (uint32_t i = 0; i < length; i++) {
		uint32_t turn = seed % 3 == 0 ? 0 : i / (length / 2 + 1);
		uint32_t c = turn * 3 + next(&seed) % 4, age;
		struct row count = { .category = c, .before = occurrences(v, c, 0, i),
			.pi = (float)pi, .flags = ROW_COUNT | ROW_LAST,
			.time_ms = (int64_t)i * 86400000000 - 2134949234000 };
		v->category[i] = c;
		v->prior[i] = (double)(s * count.pi);
		mixture_push(&x, &r, &count);
		v->n++;
		if (i % 7 != 0 && i + 1 < length)
			continue;
		double want = naive_log_m(v, s, &age);
		float got = mixture_read(&x);
		if (isinf(want))
			assert_true(isinf(got));
		else
			assert_true(fabs((double)got - want) < 1e-3 + 1e-4 * fabs(want));
		if (age > 0)
			assert_true(fabs(naive_lambda(v, v->n - mixture_age(&x), s) -
				naive_lambda(v, v->n - age, s)) < 1e-2);
		assert_int_equal(mixture_category(&x, 1), c);
		assert_true(mixture_time_ms(&x, 1) == count.time_ms);
		if (age > 0)
			assert_true(fabs((double)mixture_log_ratio(&x, age) -
				naive_lambda(v, v->n - age, s)) < 1e-2);
	}
	free(v);
}

static void scores_agree_with_the_definition(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 12; i++)
		one_history(i * 977, 40 + (uint32_t)i * 15, i % 2 ? 20 : 5, i % 3 ? 1e-3 : .05);
}

static void ratios_leave_the_range_of_a_float_and_come_back(void **state)
{
	(void)state;
	one_history(3, 200, 20, 1e-8);  /* seeds that turn */
	one_history(7, 400, 2, 1e-9);
	one_history(5, 200, 200, .2);
}

static void state_fits_the_budget(void **state)
{
	(void)state;
	assert_true(sizeof(struct mixture) <= 960);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_logarithm_is_good_to_two_ulp),
		cmocka_unit_test(scores_agree_with_the_definition),
		cmocka_unit_test(ratios_leave_the_range_of_a_float_and_come_back),
		cmocka_unit_test(state_fits_the_budget),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
