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

/* An instant of one item a category, of the same number; sessions are closed as they end. */
static int push(struct profile *p, int64_t at, const uint32_t *category, uint32_t n,
	struct row *ret)
{
	struct sight s[8];
	for (uint32_t i = 0; i < n; i++)
		s[i] = (struct sight){ category[i], category[i], (uint16_t)category[i], 0 };
	if (profile_is_over(p, at, GAP))
		profile_close(p);
	return profile_push(p, at, s, n, ret);
}

static void counts_once_a_session(void **state)
{
	struct profile p;
	struct row c[4];
	(void)state;
	profile_init(&p);
	assert_int_equal(push(&p, 0, (uint32_t[]){ 7 }, 1, c), 1);
	assert_int_equal(c[0].before, 0);
	assert_int_equal(c[0].flags, ROW_COUNT | ROW_LAST | ROW_OPENS);
	assert_int_equal(push(&p, GAP, (uint32_t[]){ 7 }, 1, c), 0);
	assert_int_equal(push(&p, 2 * GAP + 1, (uint32_t[]){ 7 }, 1, c), 1);
	assert_int_equal(c[0].before, 1);
	assert_int_equal(profile_count(&p, 7), 2);
	assert_int_equal(profile_count(&p, 8), 0);
	profile_done(&p);
}

static void an_instant_has_a_last(void **state)
{
	struct profile p;
	struct row c[5];
	(void)state;
	profile_init(&p);
	assert_int_equal(push(&p, 5, (uint32_t[]){ 1, 1, 2, 3, 3 }, 5, c), 3);
	assert_int_equal(c[0].flags, ROW_COUNT | ROW_OPENS);
	assert_int_equal(c[1].flags, ROW_COUNT);
	assert_int_equal(c[2].flags, ROW_COUNT | ROW_LAST);
	assert_int_equal(p.n, 3);
	profile_done(&p);
}

/* A row an item a session, and one where the category is new; items are known among 32. */
static void an_item_is_a_row_once_a_session(void **state)
{
	struct profile p;
	struct row r;
	struct sight s = { 1, 10, 10, 0 };
	(void)state;
	profile_init(&p);
	assert_int_equal(profile_push(&p, 0, &s, 1, &r), 1);
	assert_int_equal(profile_push(&p, 1, &s, 1, &r), 0);
	s.item = s.tag = 11;
	assert_int_equal(profile_push(&p, 2, &s, 1, &r), 1);
	assert_int_equal(r.flags, ROW_LAST);
	assert_int_equal(r.before, 1);
	assert_int_equal(r.rows, 1);
	assert_int_equal(r.place, 0);
	for (uint16_t i = 0; i < 600; i++) {
		s.tag = (uint16_t)(100 + i);
		assert_int_equal(profile_push(&p, 3 + i, &s, 1, &r), 1);
		s.tag = (uint16_t)(100 + (i > 31 ? i - 31 : 0));
		assert_int_equal(profile_push(&p, 3 + i, &s, 1, &r), 0);
	}
	s.tag = 10;
	assert_int_equal(profile_push(&p, 700, &s, 1, &r), 1);
	assert_int_equal(p.n, 1);
	profile_done(&p);
}

static void at_risk_from_the_tenth_count(void **state)
{
	struct profile p;
	struct row c;
	(void)state;
	profile_init(&p);
	for (uint32_t i = 0; i < 12; i++) {
		push(&p, i * 10, &i, 1, &c);
		assert_true(i < 9 ? p.risk_ms == INT64_MAX : p.risk_ms == 90);
	}
	profile_done(&p);
}

static void the_session_number_wraps(void **state)
{
	struct profile p;
	struct row c;
	uint32_t cat = 3, other = 4;
	(void)state;
	profile_init(&p);
	push(&p, 0, &other, 1, &c);
	for (int64_t i = 1; i <= 140000; i++)
		assert_int_equal(push(&p, i * (GAP + 1), &cat, 1, &c), 1);
	assert_int_equal(push(&p, 140001LL * (GAP + 1), &other, 1, &c), 1);
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
		struct row c = {0};
		at += 1 + (seed >> 16) % (GAP + GAP / 4);
		push(&p, at, &category, 1, &c);
		assert_int_equal(c.flags & ROW_COUNT ? 1 : 0, naive_push(v, at, category,
			&before));
		if (c.flags & ROW_COUNT)
			assert_int_equal(c.before, before);
		assert_int_equal(p.n, v->n);
	}
	profile_done(&p);
	free(v);
}

static void a_restart_keeps_the_counts_since(void **state)
{
	struct profile p;
	struct row c[8];
	(void)state;
	profile_init(&p);
	for (uint32_t i = 0; i < 20; i++)
		push(&p, i * 2LL * GAP, (uint32_t[]){ i < 15 ? 1 : 2 }, 1, c);
	push(&p, 19 * 2LL * GAP + 1, (uint32_t[]){ 9 }, 1, c);
	for (uint32_t i = 0; i < 3; i++)
		c[i] = (struct row){ .category = 2, .flags = ROW_COUNT };
	profile_restart(&p, c, 3, 10);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.quiet_n, 13);
	assert_true(p.risk_ms == INT64_MAX);
	assert_int_equal(profile_count(&p, 1), 0);
	assert_int_equal(profile_count(&p, 2), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(c[i].before, i);
	/* The session goes on: 9 was counted in it, before the change, and is not counted again. */
	assert_int_equal(push(&p, 19 * 2LL * GAP + 2, (uint32_t[]){ 9 }, 1, c), 0);
	profile_done(&p);
}

static void no_memory_is_reported_and_nothing_leaks(void **state)
{
	struct profile p;
	struct row c;
	uint32_t cat = 1;
	size_t used = mem_used();
	(void)state;
	profile_init(&p);
	mem_fail_after(1);
	assert_true(push(&p, 0, &cat, 1, &c) < 0);
	mem_fail_after(0);
	assert_int_equal(push(&p, 0, &cat, 1, &c), 1);
	profile_done(&p);
	assert_int_equal(mem_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_once_a_session),
		cmocka_unit_test(an_instant_has_a_last),
		cmocka_unit_test(an_item_is_a_row_once_a_session),
		cmocka_unit_test(at_risk_from_the_tenth_count),
		cmocka_unit_test(the_session_number_wraps),
		cmocka_unit_test(agrees_with_the_naive_rules),
		cmocka_unit_test(a_restart_keeps_the_counts_since),
		cmocka_unit_test(no_memory_is_reported_and_nothing_leaks),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
