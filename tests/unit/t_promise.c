/* What was promised is arithmetic on the model; what is too many is CONTRACT's bound. */
#include "ui/promise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

#define DAY_MS INT64_C(86400000)

static void promised_by_budget_and_risk(void **state)
{
	struct model m = { .budget_kud = .5, .at_risk_per_day = 4000, .n_users = 8000 };
	struct promise p;

	(void)state;
	assert_true(promise_of(&m, &(struct promise_log){ 3 * DAY_MS, 8000, 12 }, &p));
	assert_float_equal(p.day, 2, 1e-9);
	assert_float_equal(p.so_far, 6, 1e-9);
	assert_false(p.is_broken);
	assert_true(promise_of(&m, &(struct promise_log){ 3 * DAY_MS, 8000, 13 }, &p));
	assert_true(p.is_broken);
}

/* A model of a larger shop, or of a smaller one. */
static void users_at_hand_count(void **state)
{
	struct model m = { .budget_kud = .5, .at_risk_per_day = 4000, .n_users = 8000 };
	struct promise p;

	(void)state;
	assert_true(promise_of(&m, &(struct promise_log){ 3 * DAY_MS, 800, 4 }, &p));
	assert_float_equal(p.day, .2, 1e-9);
	assert_true(promise_of(&m, &(struct promise_log){ 3 * DAY_MS, 80000, 100 }, &p));
	assert_float_equal(p.so_far, 60, 1e-9);
	assert_false(p.is_broken);
}

/* Its users are at risk for half the time: 2 + .25 * 2000 / 1000 a day. */
static void volume_has_its_own_share(void **state)
{
	struct model m = { .budget_kud = .5, .at_risk_per_day = 4000, .n_users = 8000,
		.channels = CHANNEL_BIT(CHANNEL_VOLUME) };
	struct promise p;

	(void)state;
	m.volume.pledge.budget_kud = .25;
	m.volume.pledge.at_risk_per_day = 2000;
	assert_true(promise_of(&m, &(struct promise_log){ 2 * DAY_MS, 8000, 0 }, &p));
	assert_float_equal(p.day, 2.5, 1e-9);
	assert_float_equal(p.so_far, 5, 1e-9);
	/* Alone, too. */
	m.at_risk_per_day = 0;
	assert_true(promise_of(&m, &(struct promise_log){ 2 * DAY_MS, 8000, 0 }, &p));
	assert_float_equal(p.day, .5, 1e-9);
	assert_float_equal(p.kud, .25, 1e-9);
	m.at_risk_per_day = 4000;
	m.channels = 0;
	assert_true(promise_of(&m, &(struct promise_log){ 2 * DAY_MS, 8000, 0 }, &p));
	assert_float_equal(p.day, 2, 1e-9);
}

static void few_are_never_too_many(void **state)
{
	struct model m = { .budget_kud = .5, .at_risk_per_day = 4000, .n_users = 8000 };
	struct promise p;

	(void)state;
	/* 4 promised */
	assert_true(promise_of(&m, &(struct promise_log){ 2 * DAY_MS, 8000, 40 }, &p));
	assert_false(p.is_broken);
}

static void nothing_is_promised_without_a_fit(void **state)
{
	struct model m = { .budget_kud = .5, .n_users = 8000 };
	struct promise p;

	(void)state;
	assert_false(promise_of(&m, &(struct promise_log){ DAY_MS, 8000, 1 }, &p));
	m.at_risk_per_day = 10;
	assert_false(promise_of(&m, &(struct promise_log){ 0, 8000, 1 }, &p));
	assert_false(promise_of(NULL, &(struct promise_log){ DAY_MS, 8000, 1 }, &p));
	m.budget_kud = 0;
	assert_false(promise_of(&m, &(struct promise_log){ DAY_MS, 8000, 1 }, &p));
}

static void a_budget_that_nobody_asked_for_is_coarse(void **state)
{
	struct model m = { .budget_kud = 121, .smallest_kud = 121 };

	(void)state;
	assert_true(model_is_coarse(&m));
	m.budget_kud = 60;                      /* asked for, and unverified */
	m.smallest_kud = 20;
	assert_false(model_is_coarse(&m));
	m.budget_kud = MODEL_USUAL_KUD;
	m.smallest_kud = .1;
	assert_false(model_is_coarse(&m));
	model_default(&m);
	assert_false(model_is_coarse(&m));
	model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promised_by_budget_and_risk),
		cmocka_unit_test(users_at_hand_count),
		cmocka_unit_test(volume_has_its_own_share),
		cmocka_unit_test(few_are_never_too_many),
		cmocka_unit_test(nothing_is_promised_without_a_fit),
		cmocka_unit_test(a_budget_that_nobody_asked_for_is_coarse),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
