/* The level channel against every change point looked at one by one, in plain doubles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "detect/level.h"

#define N_MAX 1500u
#define CHANGES_MAX 64u

struct changes {
	uint32_t n;
	struct level_change c[CHANGES_MAX];
};

static int keep(void *ctx, const struct level_change *c)
{
	struct changes *to = ctx;
	assert_true(to->n < CHANGES_MAX);
	to->c[to->n++] = *c;
	return 0;
}

static double mean_of(const float *x, uint32_t n)
{
	double sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += (double)x[i];
	return n ? sum / n : 0;
}

static double squares_of(const float *x, uint32_t n)
{
	double mean = mean_of(x, n), sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += ((double)x[i] - mean) * ((double)x[i] - mean);
	return sum;
}

static double x_log_x(const float *x, uint32_t n)
{
	double sum = mean_of(x, n) * n;
	return sum > 0 ? sum * log(sum / n) : 0;
}

static double ratio(enum level_law law, const float *x, uint32_t tau, uint32_t n)
{
	if (law == LEVEL_POISSON)
		return x_log_x(x, tau) + x_log_x(x + tau, n - tau) - x_log_x(x, n);
	double apart = squares_of(x, tau) + squares_of(x + tau, n - tau);
	return n / 2. * log(squares_of(x, n) / apart);
}

static double brute(enum level_law law, const float *x, uint32_t n, uint32_t *ret_tau)
{
	double best = 0;
	for (uint32_t tau = LEVEL_BEFORE; tau < n; tau++) {
		double score = ratio(law, x, tau, n);
		if (score > best) {
			best = score;
			*ret_tau = tau;
		}
	}
	return best;
}

static uint32_t poisson(struct chance *c, double mean)
{
	double limit = exp(-mean), product = 1;
	uint32_t k = 0;
	while ((product *= chance_unit(chance_next(c))) > limit)
		k++;
	return k;
}

/* Levels change every now and then, the value at a time being drawn around them. */
static void draw(float *x, uint32_t n, enum level_law law, struct chance *c, double stay)
{
	double level = 5;
	for (uint32_t i = 0; i < n; i++) {
		if (!chance_is(c, stay))
			level = 1 + 12 * chance_unit(chance_next(c));
		x[i] = law == LEVEL_POISSON ? (float)poisson(c, level) :
			(float)(1000 + level + 2 * chance_normal(chance_next(c)));
	}
}

/* A threshold just below and just above the highest score so far tells the score. */
static void scores_are_the_maximum_over_all_changes(void **state)
{
	struct chance c = { 3 };
	float x[N_MAX];
	(void)state;
	for (uint32_t round = 0; round < 120; round++) {
		enum level_law law = round % 2 ? LEVEL_POISSON : LEVEL_GAUSSIAN;
		uint32_t n = 40 + chance_below(&c, 80), tau = 0;
		double high = 0;
		draw(x, n, law, &c, .97);
		for (uint32_t k = 1; k <= n; k++) {
			double score = brute(law, x, k, &tau);
			if (score <= high + 1e-3 || k - tau < LEVEL_AFTER)
				continue;
			struct changes found = {0};
			struct level_rule rule = { law, (float)score - 1e-3f };
			level_scan(&rule, x, k, keep, &found);
			assert_int_equal(found.n, 1);
			assert_int_equal(found.c[0].at, k - 1);
			assert_int_equal(found.c[0].onset, tau);
			assert_float_equal(found.c[0].score, score, 2e-4 * (1 + score));
			assert_float_equal(found.c[0].before, mean_of(x, tau), 1e-3);
			assert_float_equal(found.c[0].after, mean_of(x + tau, k - tau), 1e-3);
			rule.threshold = (float)score + 2e-3f;
			found.n = 0;
			level_scan(&rule, x, k, keep, &found);
			assert_int_equal(found.n, 0);
			high = score;
		}
	}
}

static void a_scan_begins_anew_at_the_onset(void **state)
{
	struct changes found = {0};
	struct level_rule rule = { LEVEL_GAUSSIAN, LEVEL_THRESHOLD };
	struct chance c = { 8 };
	float x[600];
	(void)state;
	for (uint32_t i = 0; i < 600; i++)
		x[i] = (float)((i < 200 ? 0 : i < 400 ? 4 : -1) + chance_normal(chance_next(&c)));
	level_scan(&rule, x, 600, keep, &found);
	assert_int_equal(found.n, 2);
	assert_in_range(found.c[0].onset, 198, 202);
	assert_in_range(found.c[1].onset, 398, 402);
	assert_int_equal(found.c[1].n_before, found.c[1].onset - found.c[0].onset);
	assert_true(found.c[0].after > found.c[0].before && found.c[1].after < found.c[1].before);
}

/* What is known of a change does not depend on what comes later. */
static void more_values_only_add(void **state)
{
	struct chance c = { 21 };
	struct level_rule rule = { LEVEL_POISSON, 8 };
	struct changes all = {0};
	/* without the padding behind */
	size_t bytes = offsetof(struct level_change, score) + sizeof all.c->score;
	float x[N_MAX];
	(void)state;
	draw(x, N_MAX, LEVEL_POISSON, &c, .99);
	level_scan(&rule, x, N_MAX, keep, &all);
	assert_true(all.n > 5);
	for (uint32_t n = 1; n < N_MAX; n += 37) {
		struct changes some = {0};
		level_scan(&rule, x, n, keep, &some);
		for (uint32_t i = 0; i < some.n; i++)
			assert_memory_equal(&some.c[i], &all.c[i], bytes);
		assert_true(some.n == all.n || all.c[some.n].at >= n);
	}
}

static void steady_series_are_quiet(void **state)
{
	struct level_rule rule = { LEVEL_GAUSSIAN, LEVEL_THRESHOLD };
	struct changes found = {0};
	struct chance c = { 4 };
	float x[1000];
	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		x[i] = 3.7f;
	level_scan(&rule, x, 1000, keep, &found);
	assert_int_equal(found.n, 0);
	uint32_t alarmed = 0;
	for (uint32_t round = 0; round < 300; round++) {
		for (uint32_t i = 0; i < 1000; i++)
			x[i] = (float)chance_normal(chance_next(&c));
		found.n = 0;
		level_scan(&rule, x, 1000, keep, &found);
		alarmed += found.n > 0;
	}
	assert_true(alarmed <= 6);
}

static void a_step_in_a_constant_is_found(void **state)
{
	struct level_rule rule = { LEVEL_GAUSSIAN, LEVEL_THRESHOLD };
	struct changes found = {0};
	float x[60];
	(void)state;
	for (uint32_t i = 0; i < 60; i++)
		x[i] = i < 30 ? 1e6f : 1e6f + 1;
	level_scan(&rule, x, 60, keep, &found);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.c[0].onset, 30);
	assert_int_equal(found.c[0].at, 32);
}

static void counts_are_told_from_measurements(void **state)
{
	struct chance c = { 2 };
	float x[400];
	(void)state;
	struct level_census counts = LEVEL_CENSUS, wild = LEVEL_CENSUS, none = LEVEL_CENSUS,
		real = LEVEL_CENSUS;
	draw(x, 400, LEVEL_POISSON, &c, 1);
	level_count(&counts, x, 400);
	assert_int_equal(level_law_of(&counts), LEVEL_POISSON);
	for (uint32_t i = 0; i < 400; i++)
		x[i] *= 10;
	level_count(&wild, x, 400);
	assert_int_equal(level_law_of(&wild), LEVEL_GAUSSIAN);
	x[7] += .5f;
	level_count(&real, x, 400);
	assert_int_equal(level_law_of(&real), LEVEL_GAUSSIAN);
	assert_int_equal(level_law_of(&none), LEVEL_GAUSSIAN);
}

static int refuse(void *ctx, const struct level_change *c)
{
	(void)c;
	++*(int *)ctx;
	return -5;
}

static void a_refusal_ends_the_scan(void **state)
{
	struct level_rule rule = { LEVEL_POISSON, 8 };
	struct chance c = { 21 };
	float x[N_MAX];
	int calls = 0;
	(void)state;
	draw(x, N_MAX, LEVEL_POISSON, &c, .99);
	assert_int_equal(level_scan(&rule, x, N_MAX, refuse, &calls), -5);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_are_the_maximum_over_all_changes),
		cmocka_unit_test(a_scan_begins_anew_at_the_onset),
		cmocka_unit_test(more_values_only_add),
		cmocka_unit_test(steady_series_are_quiet),
		cmocka_unit_test(a_step_in_a_constant_is_found),
		cmocka_unit_test(counts_are_told_from_measurements),
		cmocka_unit_test(a_refusal_ends_the_scan),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
