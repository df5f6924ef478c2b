/* Sessions, counts and restarts of one user, against a naive copy of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "series/profile.h"

#define GAP 1800000

static void counts_once_a_session(void **state)
{
	struct profile p;
	struct count c[4];
	(void)state;
	profile_init(&p);
	assert_int_equal(profile_push(&p, 0, (uint32_t[]){ 7 }, 1, GAP, c), 1);
	assert_int_equal(c[0].before, 0);
	assert_int_equal(c[0].flags, COUNT_LAST);
	assert_int_equal(profile_push(&p, GAP, (uint32_t[]){ 7 }, 1, GAP, c), 0);
	assert_int_equal(profile_push(&p, 2 * GAP + 1, (uint32_t[]){ 7 }, 1, GAP, c), 1);
	assert_int_equal(c[0].before, 1);
	assert_int_equal(profile_count(&p, 7), 2);
	assert_int_equal(profile_count(&p, 8), 0);
	profile_done(&p);
}

static void an_instant_has_a_last(void **state)
{
	struct profile p;
	struct count c[5];
	(void)state;
	profile_init(&p);
	assert_int_equal(profile_push(&p, 5, (uint32_t[]){ 1, 1, 2, 3, 3 }, 5, GAP, c), 3);
	assert_int_equal(c[0].flags, 0);
	assert_int_equal(c[1].flags, 0);
	assert_int_equal(c[2].flags, COUNT_LAST);
	assert_int_equal(p.n, 3);
	profile_done(&p);
}

static void times_survive_before_1970_and_far_ahead(void **state)
{
	static const int64_t at[] = { -2134949234000, -1, 0, 1511544070123, 4102444800000,
		140000000000000 };
	struct profile p;
	struct count c;
	(void)state;
	profile_init(&p);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(profile_push(&p, at[i], &i, 1, GAP, &c), 1);
		assert_true(profile_time_ms(&p, i) == at[i]);
	}
	profile_done(&p);
}

static void at_risk_from_the_tenth_count(void **state)
{
	struct profile p;
	struct count c;
	(void)state;
	profile_init(&p);
	for (uint32_t i = 0; i < 12; i++) {
		profile_push(&p, i * 10, &i, 1, GAP, &c);
		assert_true(i < 9 ? p.risk_ms == INT64_MAX : p.risk_ms == 90);
	}
	profile_done(&p);
}

static void the_session_number_wraps(void **state)
{
	struct profile p;
	struct count c;
	uint32_t cat = 3, other = 4;
	(void)state;
	profile_init(&p);
	profile_push(&p, 0, &other, 1, GAP, &c);
	for (int64_t i = 1; i <= 140000; i++)
		assert_int_equal(profile_push(&p, i * (GAP + 1), &cat, 1, GAP, &c), 1);
	assert_int_equal(profile_push(&p, 140001LL * (GAP + 1), &other, 1, GAP, &c), 1);
	assert_int_equal(c.before, 1);
	profile_done(&p);
}

/* The rules again, with a list of all counts. */
struct naive {
	uint32_t category[4000], session[4000], n;
	uint32_t session_now;
	int64_t last_ms;
};

static int naive_push(struct naive *v, int64_t at, uint32_t category, uint32_t *ret_before)
{
	if (v->session_now == 0 || at - v->last_ms > GAP)
		v->session_now++;
	v->last_ms = at;
	*ret_before = 0;
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->category[i] != category)
			continue;
		if (v->session[i] == v->session_now)
			return 0;
		++*ret_before;
	}
	v->category[v->n] = category;
	v->session[v->n++] = v->session_now;
	return 1;
}

static void agrees_with_the_naive_rules(void **state)
{
	struct naive *v = calloc(1, sizeof *v);
	struct profile p;
	int64_t at = 0;
	uint32_t seed = 1, before;
	(void)state;
	profile_init(&p);
	for (int i = 0; i < 3999; i++) {
		seed = seed * 1664525u + 1013904223u;
		uint32_t category = (seed >> 8) % 300;
		struct count c = {0};
		at += 1 + (seed >> 16) % (GAP + GAP / 4);
		assert_int_equal(profile_push(&p, at, &category, 1, GAP, &c), naive_push(v, at,
			category, &before));
		assert_int_equal(c.before, c.flags ? before : 0);
		assert_int_equal(p.n, v->n);
	}
	profile_done(&p);
	free(v);
}

static void a_restart_keeps_the_counts_since(void **state)
{
	struct profile p;
	struct count c[PROFILE_RECENT];
	(void)state;
	profile_init(&p);
	for (uint32_t i = 0; i < 20; i++)
		profile_push(&p, i * 2LL * GAP, (uint32_t[]){ i < 15 ? 1 : 2 }, 1, GAP, c);
	profile_push(&p, 19 * 2LL * GAP + 1, (uint32_t[]){ 9 }, 1, GAP, c);
	profile_restart(&p, (uint32_t[]){ 2, 2, 2 }, 3, 10, c);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.quiet_n, 13);
	assert_true(p.risk_ms == INT64_MAX);
	assert_int_equal(profile_count(&p, 1), 0);
	assert_int_equal(profile_count(&p, 2), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(c[i].before, i);
	/* The session goes on: 9 was counted in it, before the change, and is not counted again. */
	assert_int_equal(profile_push(&p, 19 * 2LL * GAP + 2, (uint32_t[]){ 9 }, 1, GAP, c), 0);
	profile_done(&p);
}

static void no_memory_is_reported_and_nothing_leaks(void **state)
{
	struct profile p;
	struct count c;
	uint32_t cat = 1;
	size_t used = mem_used();
	(void)state;
	profile_init(&p);
	mem_fail_after(1);
	assert_true(profile_push(&p, 0, &cat, 1, GAP, &c) < 0);
	mem_fail_after(0);
	assert_int_equal(profile_push(&p, 0, &cat, 1, GAP, &c), 1);
	profile_done(&p);
	assert_int_equal(mem_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_once_a_session),
		cmocka_unit_test(an_instant_has_a_last),
		cmocka_unit_test(times_survive_before_1970_and_far_ahead),
		cmocka_unit_test(at_risk_from_the_tenth_count),
		cmocka_unit_test(the_session_number_wraps),
		cmocka_unit_test(agrees_with_the_naive_rules),
		cmocka_unit_test(a_restart_keeps_the_counts_since),
		cmocka_unit_test(no_memory_is_reported_and_nothing_leaks),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
