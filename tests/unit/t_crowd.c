/* Crowds against the definition read slowly: each look counts all alerts again, in plain loops. */
#include "alert/crowd.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/mem.h"
#include "detect/finding.h"
#include "slow_crowds.h"

#define MINUTE_MS INT64_C(60000)
#define N_MAX 400u

/* Category i of a scene goes by the number `as[i]`: names are the same, numbers are not. */
static struct dict *names(const uint32_t *as)
{
	struct dict *d = dict_new(NULL);
	char name[N_CATEGORIES][8];
	uint32_t i;

	for (i = 0; i < N_CATEGORIES; i++)
		snprintf(name[as[i]], sizeof name[0], "c%u", i);
	for (i = 0; i < N_CATEGORIES; i++)
		assert_int_equal(dict_id(d, name[i], strlen(name[i])), i);
	return d;
}

static const uint32_t plain[N_CATEGORIES] = { 0, 1, 2, 3, 4, 5 };

static uint32_t category_or_none(struct chance *c)
{
	uint32_t i = chance_below(c, N_CATEGORIES + 1);

	return i == N_CATEGORIES ? DICT_NONE : i;
}

/* Three weeks of a few alerts a day, and two or three floods; minutes are shared by some. */
static uint32_t make_scene(uint64_t seed, struct finding *f)
{
	struct chance c = { chance_mix(seed) };
	uint32_t n = 0, floods = 2 + chance_below(&c, 2), i;

	for (; n < 150; n++)
		f[n] = (struct finding){ .kind = KIND_INTEREST,
			.time_ms = MINUTE_MS * chance_below(&c, 21 * 24 * 60) - 3 * DAY_MS,
			.user = chance_below(&c, 40), .to = category_or_none(&c),
			.from = category_or_none(&c) };
	for (; floods; floods--) {
		uint32_t to = chance_below(&c, N_CATEGORIES), size = 5 + chance_below(&c, 25);
		int64_t at = (int64_t)(7 + chance_below(&c, 10)) * DAY_MS;
		bool is_left = chance_below(&c, 3) == 0;
		uint32_t span = chance_below(&c, 2) ? 50 : 60 * 30;

		for (i = 0; i < size; i++, n++)
			f[n] = (struct finding){ .kind = KIND_INTEREST,
				.time_ms = at + MINUTE_MS * chance_below(&c, span),
				.user = 100 + chance_below(&c, 20),
				.to = is_left ? category_or_none(&c) : to,
				.from = is_left ? to : category_or_none(&c) };
	}
	for (i = 0; i < n; i += 9)
		f[i].kind = KIND_VOLUME;
	return n;
}

/* Comparison */

static int crowd_cmp(const void *a, const void *b, void *d)
{
	return crowds_cmp(d, a, b);
}

static void assert_near(double a, double b, double within)
{
	if (!(fabs(a - b) <= within * fabs(b)))
		fail_msg("%g is not %g", a, b);
}

/* as: numbers of the categories of `got`. */
static void check_crowd(const struct crowd *got, const struct crowd *want, const uint32_t *as)
{
	assert_int_equal(got->category, as[want->category]);
	assert_int_equal(got->side, want->side);
	assert_int_equal(got->window_ms, want->window_ms);
	assert_int_equal(got->since_ms, want->since_ms);
	assert_int_equal(got->open_ms, want->open_ms);
	assert_int_equal(got->last_ms, want->last_ms);
	assert_int_equal(got->until_ms, want->until_ms);
	assert_int_equal(got->users, want->users);
	assert_int_equal(got->alerts, want->alerts);
	assert_int_equal(got->peak, want->peak);
	assert_near(got->expected, want->expected, 1e-9);
	assert_near(got->p, want->p, 1e-7);
	assert_near(got->a_month, want->a_month, 1e-7);
	assert_int_equal(got->n_other, want->n_other);
	assert_int_equal(got->other, want->other == DICT_NONE ? DICT_NONE : as[want->other]);
}

static void check(struct crowds *c, struct slow *want, const uint32_t *as)
{
	struct dict *d = names(plain);
	uint32_t i;

	assert_int_equal(c->n, want->n);
	if (c->n)
		qsort_r(c->crowd, c->n, sizeof *c->crowd, crowd_cmp, (void *)(uintptr_t)c->names);
	qsort_r(want->crowd, want->n, sizeof *want->crowd, crowd_cmp, d);
	for (i = 0; i < c->n; i++)
		check_crowd(&c->crowd[i], &want->crowd[i], as);
	dict_free(d);
}

static void add_all(struct crowds *c, const struct finding *f, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(crowds_add(c, &f[i]), 0);
	assert_int_equal(crowds_make(c), 0);
}

static void agrees_with_the_definition(void **state)
{
	static struct finding f[N_MAX];
	static struct slow want;
	struct dict *d = names(plain);
	uint32_t seed, found = 0, by_window[2] = { 0 }, left = 0, i;

	(void)state;
	for (seed = 1; seed <= 30; seed++) {
		uint32_t n = make_scene(seed, f);
		struct crowds c;

		crowds_init(&c, d);
		add_all(&c, f, n);
		slow_make(&want, f, n);
		for (i = 0; i < c.n; i++) {
			by_window[c.crowd[i].window_ms == DAY_MS]++;
			left += c.crowd[i].side == CROWD_FROM;
		}
		check(&c, &want, plain);
		found += c.n;
		crowds_done(&c);
	}
	assert_true(found > 30 && by_window[0] > 5 && by_window[1] > 5 && left > 5);
	dict_free(d);
}

/* Other order, other numbers of users and categories; and looked at while it grows. */
static void order_and_numbers_do_not_matter(void **state)
{
	static const uint32_t as[N_CATEGORIES] = { 3, 5, 0, 4, 2, 1 };
	static struct finding f[N_MAX], mixed[N_MAX];
	static struct slow want;
	struct dict *d = names(as);
	uint32_t seed, i, at_once;

	(void)state;
	for (seed = 1; seed <= 10; seed++) {
		uint32_t n = make_scene(seed, f);
		struct chance ch = { seed };
		struct crowds c;

		for (i = 0; i < n; i++) {
			uint32_t k = chance_below(&ch, i + 1);

			mixed[i] = mixed[k];
			mixed[k] = f[i];
			mixed[k].user = 999 - f[i].user;
			mixed[k].to = f[i].to == DICT_NONE ? DICT_NONE : as[f[i].to];
			mixed[k].from = f[i].from == DICT_NONE ? DICT_NONE : as[f[i].from];
		}
		slow_make(&want, f, n);
		crowds_init(&c, d);
		for (i = 0; i < n; i += at_once) {
			at_once = n - i < 20 ? n - i : 20;
			add_all(&c, mixed + i, at_once);
		}
		check(&c, &want, as);
		crowds_done(&c);
	}
	dict_free(d);
}

/* Looked at after each alert: what a moment knows is what its alerts say. */
static void a_moment_knows_what_came(void **state)
{
	static struct finding f[N_MAX];
	static struct slow want;
	struct dict *d = names(plain);
	uint32_t n = make_scene(4, f), i;
	struct crowds c;

	(void)state;
	qsort(f, n, sizeof *f, by_time);
	crowds_init(&c, d);
	for (i = 0; i < n; i++) {
		add_all(&c, f + i, 1);
		if (i % 16)
			continue;
		slow_make(&want, f, i + 1);
		assert_int_equal(c.n, want.n);
	}
	slow_make(&want, f, n);
	check(&c, &want, plain);
	crowds_done(&c);
	dict_free(d);
}

/* Crowds in so many months of independent alerts at a rate a day. */
static uint32_t calm(double a_day, uint32_t n_categories, uint32_t months, uint64_t seed)
{
	struct dict *d = dict_new(NULL);
	struct chance ch = { seed };
	uint32_t found = 0, i;
	char name[12];

	for (i = 0; i < n_categories; i++)
		dict_id(d, name, (size_t)snprintf(name, sizeof name, "%u", i));
	while (months--) {
		struct crowds c;
		double day = 0;

		crowds_init(&c, d);
		while ((day += -log(1 - chance_unit(chance_next(&ch))) / a_day) < 30) {
			double to = chance_unit(chance_next(&ch));
			struct finding f = { .kind = KIND_INTEREST,
				.time_ms = (int64_t)(day * DAY_MS),
				.user = chance_below(&ch, 50000),
				.from = chance_below(&ch, n_categories),
				.to = (uint32_t)(to * to * n_categories) };

			assert_int_equal(crowds_add(&c, &f), 0);
		}
		assert_int_equal(crowds_make(&c), 0);
		found += c.n;
		crowds_done(&c);
	}
	dict_free(d);
	return found;
}

static void a_calm_log_has_none(void **state)
{
	(void)state;
	assert_in_range(calm(1, 8, 200, 1), 0, 10);     /* .05 a month */
	assert_in_range(calm(10, 8, 100, 2), 0, 5);
	assert_in_range(calm(10, 300, 100, 3), 0, 5);
	assert_in_range(calm(200, 40, 10, 4), 0, 1);
}

/* 41 users within the hour, some of them twice, on top of a few alerts a day. */
static uint32_t plant(struct finding *f, uint32_t n_users)
{
	struct chance c = { 5 };
	uint32_t n = 0, i;

	for (; n < 200; n++)
		f[n] = (struct finding){ .kind = KIND_INTEREST,
			.time_ms = n * 3 * HOUR_MS / 2, .user = chance_below(&c, 900),
			.to = chance_below(&c, N_CATEGORIES),
			.from = chance_below(&c, N_CATEGORIES) };
	for (i = 0; i < n_users + n_users / 2; i++, n++)
		f[n] = (struct finding){ .kind = KIND_INTEREST, .user = 1000 + i % n_users,
			.time_ms = 10 * DAY_MS + 7 * MINUTE_MS + MINUTE_MS * (i % 40),
			.to = 2, .from = i % 3 ? 4 : DICT_NONE };
	return n;
}

static void a_planted_crowd_is_found(void **state)
{
	static struct finding f[N_MAX];
	uint32_t n = plant(f, 41), members[N_MAX], i, folded = 0;
	struct dict *d = names(plain);
	const struct crowd *crowd;
	struct crowds c;
	char rare[64];

	(void)state;
	crowds_init(&c, d);
	add_all(&c, f, n);
	assert_int_equal(c.n, 2);               /* and those that they left */
	crowd = &c.crowd[c.crowd[1].side == CROWD_TO];
	assert_int_equal(crowd->category, 2);
	assert_in_range(crowd->users, 41, 43);
	assert_in_range(crowd->alerts, 61, 63);
	assert_int_equal(crowd->window_ms, HOUR_MS);
	assert_int_equal(crowd->other, 4);
	assert_true(crowd->expected < 1 && crowd->p < 1e-9);
	crowds_rarity(crowd, rare, sizeof rare);
	assert_string_equal(rare, "less than once in 1,000,000 months");
	crowds_members(&c, crowd, members);
	for (i = 0; i < crowd->alerts; i++) {
		assert_int_equal(f[members[i]].to, 2);
		assert_in_range(f[members[i]].time_ms, crowd->since_ms, crowd->last_ms);
		assert_ptr_equal(&c.crowd[c.of[members[i]]], crowd);
	}
	for (i = 200; i < n; i++)
		folded += &c.crowd[c.of[i]] == crowd;
	assert_int_equal(folded, n - 200);
	crowds_done(&c);
	dict_free(d);
}

static void four_users_are_no_crowd(void **state)
{
	static struct finding f[N_MAX];
	struct dict *d = names(plain);
	uint32_t n = plant(f, 4), k;
	struct crowds c;

	(void)state;
	for (k = 200; k < n; k++)
		f[k].from = DICT_NONE;
	crowds_init(&c, d);
	add_all(&c, f, n);
	assert_int_equal(c.n, 0);
	crowds_done(&c);
	dict_free(d);
}

/* Nothing at all; one category, for which all is as always; what has no category. */
static void what_has_no_crowd(void **state)
{
	static struct finding f[N_MAX];
	struct dict *d = names(plain);
	uint32_t n = plant(f, 41), i;
	struct crowds c;

	(void)state;
	crowds_init(&c, d);
	assert_int_equal(crowds_make(&c), 0);
	assert_int_equal(c.n, 0);
	for (i = 0; i < n; i++) {
		f[i].to = 3;
		f[i].from = DICT_NONE;
	}
	add_all(&c, f, n);
	assert_int_equal(c.n, 0);
	crowds_done(&c);
	for (i = 0; i < n; i++)
		f[i].to = DICT_NONE;
	add_all(&c, f, n);
	assert_int_equal(c.n, 0);
	assert_int_equal(c.n_alerts, n);
	crowds_done(&c);
	dict_free(d);
}

static void tails_are_those_of_the_law(void **state)
{
	(void)state;
	assert_near(crowds_tail(10, 1, 1), 0x1p-10, 1e-12);     /* geometric */
	assert_near(crowds_tail(0, 3, 2), 1, 0);
	assert_near(crowds_tail(2, 1, 1e6), 1 - 2 / exp(1), 1e-5);      /* Poisson */
	assert_near(crowds_tail(300, 100, 50), slow_tail(300, 100, 50), 1e-9);
}

/* An alert that could not be taken can be given again, and a look be taken again. */
static void memory_may_be_out(void **state)
{
	static struct finding f[N_MAX];
	struct dict *d = names(plain);
	uint32_t n = plant(f, 41), i;
	struct crowds c;
	uint64_t k;

	(void)state;
	crowds_init(&c, d);
	for (i = 0; i < n; i++)
		for (k = 1; mem_fail_after(k), crowds_add(&c, &f[i]) < 0; k++)
			assert_int_equal(c.n_alerts, i);
	for (k = 1; mem_fail_after(k), crowds_make(&c) < 0; k++)
		assert_int_equal(c.n, 0);
	mem_fail_after(0);
	assert_true(k > 1);
	assert_int_equal(c.n, 2);
	crowds_done(&c);
	dict_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(order_and_numbers_do_not_matter),
		cmocka_unit_test(a_moment_knows_what_came),
		cmocka_unit_test(a_calm_log_has_none),
		cmocka_unit_test(a_planted_crowd_is_found),
		cmocka_unit_test(four_users_are_no_crowd),
		cmocka_unit_test(what_has_no_crowd),
		cmocka_unit_test(tails_are_those_of_the_law),
		cmocka_unit_test(memory_may_be_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
