/* Curves and thresholds against a count of first crossings done the slow way. */
#include "learn/levels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS 86400000LL
#define USERS 400u
#define HIGHS 12u

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Highs that rise by the day, in quarters, so that users share levels. */
struct user {
	uint32_t n;
	float score[HIGHS];
	int64_t at_ms[HIGHS], end_ms;
};

struct log {
	struct user user[USERS];
	struct level level[USERS * HIGHS];
	struct levels l;
};

static void make_log(struct log *g, uint64_t seed)
{
	g->l = (struct levels){ .level = g->level };
	for (uint32_t i = 0; i < USERS; i++) {
		struct user *u = &g->user[i];
		float score = 0;
		u->n = 1 + next(&seed) % HIGHS;
		u->end_ms = 60 * DAY_MS;
		for (uint32_t k = 0; k < u->n; k++) {
			score += (float)(1 + next(&seed) % 6) / 4;
			u->score[k] = score;
			u->at_ms[k] = (1 + 4 * (int64_t)k + next(&seed) % 3) * DAY_MS;
		}
		for (uint32_t k = 0; k < u->n; k++) {
			int64_t end_ms = k + 1 < u->n ? u->at_ms[k + 1] : u->end_ms;
			g->level[g->l.n++] = (struct level){ u->score[k], end_ms - u->at_ms[k],
				k + 1 == u->n };
		}
		g->l.exposure_ms += u->end_ms;
	}
	assert_true(levels_sort(&g->l));
}

static double slow_far(const struct log *g, float threshold, uint32_t *ret_alarms)
{
	int64_t ms = 0;
	*ret_alarms = 0;
	for (uint32_t i = 0; i < USERS; i++) {
		const struct user *u = &g->user[i];
		uint32_t k = 0;
		while (k < u->n && u->score[k] < threshold)
			k++;
		*ret_alarms += k < u->n;
		ms += k < u->n ? u->at_ms[k] : u->end_ms;
	}
	return 1000.0 * *ret_alarms / ((double)ms / DAY_MS);
}

static void the_curve_is_the_rate_of_first_crossings(void **state)
{
	static struct log g;
	struct far_curve c;
	(void)state;
	make_log(&g, 4);
	levels_curve(&g.l, &c);
	assert_true(c.n > 10 && c.tail > 0);
	for (uint32_t i = 0; i < c.n; i++) {
		uint32_t alarms;
		double want = slow_far(&g, c.point[i].score, &alarms);
		assert_true(fabs(c.point[i].far - want) < 1e-9 * want);
		assert_true(fabs(far_curve_at(&c, c.point[i].score) - want) < 1e-9 * want);
		assert_true(alarms >= LEVELS_ALARMS_MIN || c.n == 1);
		assert_true(i == 0 || c.point[i].score > c.point[i - 1].score);
	}
	float last = c.point[c.n - 1].score;
	double e_fold = far_curve_at(&c, last) / far_curve_at(&c, last + (float)(1 / c.tail));
	assert_true(fabs(e_fold - exp(1)) < 1e-4);
	float beyond = far_curve_score(&c, c.point[c.n - 1].far / exp(2));
	assert_true(fabs((double)beyond - ((double)last + 2 / c.tail)) < 1e-4);
}

static void the_threshold_is_the_smallest_within_the_budget(void **state)
{
	static struct log g;
	(void)state;
	for (uint64_t seed = 1; seed < 40; seed++) {
		uint64_t got;
		uint32_t alarms;
		double kud = .5 * (double)seed;
		make_log(&g, seed);
		float threshold = levels_threshold(&g.l, kud, &got);
		if (isinf(threshold)) {
			assert_true(slow_far(&g, g.l.level[0].score, &alarms) > kud);
			continue;
		}
		assert_true(slow_far(&g, threshold, &alarms) <= kud);
		assert_int_equal(alarms, got);
		float lower = -1;
		for (uint32_t i = 0; i < g.l.n && lower < 0; i++)
			if (g.level[i].score < threshold)
				lower = g.level[i].score;
		if (lower > 0)
			assert_true(slow_far(&g, lower, &alarms) > kud);
	}
}

static void no_levels_no_curve(void **state)
{
	struct levels l = {0};
	struct far_curve c;
	uint64_t alarms;
	(void)state;
	assert_true(levels_sort(&l));
	levels_curve(&l, &c);
	assert_int_equal(c.n, 0);
	assert_true(isnan(far_curve_at(&c, 3)) && isinf(far_curve_score(&c, 1)));
	assert_true(isinf(levels_threshold(&l, 1, &alarms)) && alarms == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_curve_is_the_rate_of_first_crossings),
		cmocka_unit_test(the_threshold_is_the_smallest_within_the_budget),
		cmocka_unit_test(no_levels_no_curve),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
