/* Thresholds against a count of first crossings done the slow way. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/calibrate.h"
#include "learn/levels.h"
#include "model/model.h"

#define DAY_MS 86400000LL

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static double uniform(uint64_t *seed)
{
	return (next(seed) + .5) / 2147483648.0;
}

/* Users whose score wanders up: records at random counts, heavier for longer histories. */
static void make_sweep(struct sweep *s, uint32_t users, uint64_t seed)
{
	*s = (struct sweep){ .record = mem_get((size_t)users * 400, sizeof *s->record),
		.exposure = mem_get(users, sizeof *s->exposure) };
	for (uint32_t u = 0; u < users; u++) {
		uint32_t n_end = 11 + next(&seed) % (u % 3 ? 60 : 300);
		float high = -3;
		for (uint32_t n = 11; n <= n_end; n++) {
			if (uniform(&seed) > .15)
				continue;
			high += (float)(-log(uniform(&seed)) * .5);
			s->record[s->n_records++] = (struct record){ .time_ms =
				(int64_t)n * DAY_MS / 8,
				.user = u, .score = high };
		}
		s->exposure[s->n_exposures++] = (struct exposure){ .user = u,
			.from_ms = 10 * DAY_MS / 8, .to_ms = (int64_t)n_end * DAY_MS / 8 };
	}
}

/* Alarms and days at risk with a threshold, user by user. */
static double slow_far(const struct sweep *s, float threshold,
	uint32_t *ret_alarms)
{
	int64_t ms = 0;
	*ret_alarms = 0;
	for (uint32_t i = 0; i < s->n_exposures; i++) {
		const struct exposure *x = &s->exposure[i];
		int64_t end = x->to_ms;
		for (uint32_t j = 0; j < s->n_records; j++) {
			const struct record *r = &s->record[j];
			if (r->user != x->user || r->score < threshold)
				continue;
			end = r->time_ms;
			++*ret_alarms;
			break;
		}
		ms += end - x->from_ms;
	}
	return 1000.0 * *ret_alarms / ((double)ms / DAY_MS);
}

static void a_model(struct model *m)
{
	model_default(m);
	m->from_ms = 0;
	m->to_ms = 40 * DAY_MS;
}

static void the_threshold_is_the_lowest_within_the_budget(void **state)
{
	static const double kud[] = { 3, 10, 40, 100 };
	struct sweep s;
	(void)state;
	make_sweep(&s, 600, 5);
	for (int i = 0; i < 4; i++) {
		struct model m;
		struct budget b = { .amount = kud[i] };
		struct err e = {0};
		uint32_t alarms, more;
		a_model(&m);
		assert_int_equal(calibrate(&m, &s, &b, &e), 0);
		assert_false(m.unverified);
		assert_true(slow_far(&s, m.threshold[CHANNEL_MIXTURE], &alarms) <= kud[i]);
		assert_int_equal(alarms, m.n_alarms);
		float lower = m.threshold[CHANNEL_MIXTURE];
		do
			lower -= 1e-4f;
		while (slow_far(&s, lower, &more), more == alarms);
		assert_true(slow_far(&s, lower, &more) > kud[i]);
		model_done(&m);
	}
	sweep_done(&s);
}

static void the_curve_is_the_rate_of_first_crossings(void **state)
{
	struct sweep s;
	struct model m;
	struct err e = {0};
	uint32_t alarms;
	(void)state;
	make_sweep(&s, 600, 9);
	a_model(&m);
	assert_int_equal(calibrate(&m, &s, &(struct budget){0}, &e), 0);
	assert_true(m.far.n > 20);
	for (uint32_t i = 0; i < m.far.n; i += 7) {
		const struct far_point *p = &m.far.point[i];
		assert_float_equal(slow_far(&s, p->score, &alarms), p->far, 1e-9);
		assert_true(alarms >= LEVELS_ALARMS_MIN);
		assert_true(i == 0 || (m.far.point[i].score > m.far.point[i - 7].score &&
			m.far.point[i].far < m.far.point[i - 7].far));
	}
	assert_float_equal(m.budget_kud, fmax(.5, m.smallest_kud), 1e-12);
	model_done(&m);
	sweep_done(&s);
}

static void a_budget_below_ten_alarms_is_unverified_and_extrapolated(void **state)
{
	struct sweep s;
	struct model verified, m;
	struct err e = {0};
	(void)state;
	make_sweep(&s, 300, 2);
	a_model(&verified);
	a_model(&m);
	assert_int_equal(calibrate(&verified, &s, &(struct budget){0}, &e), 0);
	assert_int_equal(calibrate(&m, &s, &(struct budget){ .amount =
		verified.smallest_kud / 20 }, &e), 0);
	assert_true(m.unverified);
	assert_true(m.threshold[CHANNEL_MIXTURE] > verified.threshold[CHANNEL_MIXTURE]);
	assert_float_equal(model_far(&m, CHANNEL_MIXTURE, m.threshold[CHANNEL_MIXTURE]),
		verified.smallest_kud / 20,
		verified.smallest_kud / 1000);
	model_done(&verified);
	model_done(&m);
	sweep_done(&s);
}

/* Of eighths of a day, those in which somebody is at risk. */
static double slow_days(const struct sweep *s)
{
	uint32_t eighths = 0;
	for (int64_t k = 0; k < 8 * 3000; k++) {
		bool is_any = false;
		for (uint32_t i = 0; i < s->n_exposures && !is_any; i++)
			is_any = s->exposure[i].from_ms <= k * DAY_MS / 8 &&
				s->exposure[i].to_ms > k * DAY_MS / 8;
		eighths += is_any;
	}
	return eighths / 8.;
}

/* However far its first and last rows are apart. */
static void a_budget_a_day_is_turned_by_the_users_at_risk(void **state)
{
	struct sweep s;
	struct model a, b;
	struct err e = {0};
	(void)state;
	make_sweep(&s, 400, 3);
	s.exposure[7].from_ms += 2000 * DAY_MS;
	s.exposure[7].to_ms += 2000 * DAY_MS;
	a_model(&a);
	a_model(&b);
	a.from_ms = -1000 * DAY_MS;
	assert_int_equal(calibrate(&a, &s, &(struct budget){ .amount = 2, .per_day = true }, &e),
		0);
	double users_a_day = a.user_days / slow_days(&s);
	assert_float_equal(a.at_risk_per_day, users_a_day, 1e-6);
	assert_float_equal(a.budget_kud, 2 * 1000 / users_a_day, 1e-6);
	assert_int_equal(calibrate(&b, &s, &(struct budget){ .amount = a.budget_kud }, &e), 0);
	assert_true(a.threshold[CHANNEL_MIXTURE] == b.threshold[CHANNEL_MIXTURE]);
	model_done(&a);
	model_done(&b);
	sweep_done(&s);
}

static double far_of(const struct model *m)
{
	return model_far(m, CHANNEL_MIXTURE, m->threshold[CHANNEL_MIXTURE]);
}

/* Another budget leaves the same room for second alarms as the fit did. */
static void another_budget_allows_for_restarts_too(void **state)
{
	struct overrule o = { .budget = { .amount = 40 } };
	struct sweep s;
	struct model m;
	struct budget b = { .amount = 20 };
	struct err e = {0};
	(void)state;
	make_sweep(&s, 600, 5);
	a_model(&m);
	assert_int_equal(calibrate(&m, &s, &b, &e), 0);
	model_set_level(&m, far_curve_score(&m.far, .75 * 20));
	assert_int_equal(calibrate_overrule(&m, &o, &e), 0);
	assert_float_equal(m.budget_kud, 40, 0);
	assert_float_equal(far_of(&m), .75 * 40, .01);
	o.budget.amount = 20;
	assert_int_equal(calibrate_overrule(&m, &o, &e), 0);
	assert_float_equal(far_of(&m), .75 * 20, .01);
	model_done(&m);
	sweep_done(&s);
}

static void the_order_of_users_does_not_show(void **state)
{
	struct sweep s, back;
	struct model a, b;
	struct err e = {0};
	(void)state;
	make_sweep(&s, 500, 4);
	make_sweep(&back, 500, 4);
	back.n_records = 0;
	for (uint32_t u = 500; u-- > 0; ) {
		back.exposure[499 - u] = s.exposure[u];
		for (uint32_t i = 0; i < s.n_records; i++)
			if (s.record[i].user == u)
				back.record[back.n_records++] = s.record[i];
	}
	a_model(&a);
	a_model(&b);
	assert_int_equal(calibrate(&a, &s, &(struct budget){0}, &e), 0);
	assert_int_equal(calibrate(&b, &back, &(struct budget){0}, &e), 0);
	model_seal(&a);
	model_seal(&b);
	assert_true(a.hash == b.hash);
	model_done(&a);
	model_done(&b);
	sweep_done(&s);
	sweep_done(&back);
}

/* Two channels that say the same, or nothing of each other: alarms of both stay in the budget. */
static void channels_together_keep_to_the_budget(void **state)
{
	struct sweep s;
	struct err e = {0};
	(void)state;
	for (int alike = 0; alike < 2; alike++) {
		struct model m;
		uint32_t alarms = 0, last = UINT32_MAX;
		make_sweep(&s, 600, 6);
		for (uint32_t i = 0; i < s.n_records; i++)
			s.record[i].channel = (alike ? i : s.record[i].user) % 2 ? CHANNEL_LEARNED :
				CHANNEL_MIXTURE;
		a_model(&m);
		m.channels = CHANNEL_BIT(CHANNEL_MIXTURE) | CHANNEL_BIT(CHANNEL_LEARNED);
		assert_int_equal(calibrate(&m, &s, &(struct budget){ .amount = 20 }, &e), 0);
		for (uint32_t i = 0; i < s.n_records; i++) {
			const struct record *r = &s.record[i];
			bool crosses = r->score >= m.threshold[r->channel];
			alarms += crosses && r->user != last;
			last = crosses ? r->user : last;
		}
		assert_in_range(alarms, m.n_alarms - 1, m.n_alarms + 1);
		assert_true(m.n_alarms >= LEVELS_ALARMS_MIN);
		assert_true(far_curve_at(&m.far, m.far.point[m.far.n / 2].score) ==
			m.far.point[m.far.n / 2].far);
		model_done(&m);
		sweep_done(&s);
	}
}

static void nobody_at_risk_is_said(void **state)
{
	struct sweep s = {0};
	struct model m;
	struct err e = {0};
	(void)state;
	a_model(&m);
	assert_int_equal(calibrate(&m, &s, &(struct budget){0}, &e), -ENODATA);
	assert_non_null(strstr(e.text, "at risk"));
	model_done(&m);
}

static void budgets_are_read(void **state)
{
	static const char *const bad[] = { "", "5", "5x", "/day", "-1/day", "nan/kud", "0/kud",
		"5/day " };
	struct budget b;
	struct err e = {0};
	(void)state;
	assert_int_equal(budget_parse(&b, "0.5/kud", &e), 0);
	assert_true(b.amount == .5 && !b.per_day);
	assert_int_equal(budget_parse(&b, "50/day", &e), 0);
	assert_true(b.amount == 50 && b.per_day);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(budget_parse(&b, bad[i], &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_threshold_is_the_lowest_within_the_budget),
		cmocka_unit_test(the_curve_is_the_rate_of_first_crossings),
		cmocka_unit_test(a_budget_below_ten_alarms_is_unverified_and_extrapolated),
		cmocka_unit_test(a_budget_a_day_is_turned_by_the_users_at_risk),
		cmocka_unit_test(another_budget_allows_for_restarts_too),
		cmocka_unit_test(the_order_of_users_does_not_show),
		cmocka_unit_test(channels_together_keep_to_the_budget),
		cmocka_unit_test(nobody_at_risk_is_said),
		cmocka_unit_test(budgets_are_read),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
