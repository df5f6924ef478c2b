/* Channel `learned` against its definition, written out in double precision over all rows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/learned.h"

#define LONGEST 60              /* rows: all in the ring */
#define PI .02
#define PI_ITEM .01

static const struct model_learned weights = { { 20, 10, 30 }, { 1, .5f, .3f }, 3, .25f,
	false };

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

struct naive {
	uint32_t n;
	struct row row[LONGEST];
	double new_items, expected_items, new_categories, expected_categories;
	double sum[LONGEST];            /* by the row of the candidate; NAN: none */
};

struct tally {
	double counts, rows, category, category_rows, item;
};

static struct tally tally(const struct naive *v, uint32_t from, const struct row *r)
{
	struct tally t = {0};
	for (uint32_t i = from; i < v->n; i++) {
		bool count = v->row[i].flags & ROW_COUNT, same = v->row[i].place == r->place;
		t.counts += count;
		t.rows++;
		t.category += count && same;
		t.category_rows += same;
		t.item += v->row[i].tag == r->tag;
	}
	return t;
}

static double term(double s, double share, double a, double a_of, double b, double b_of)
{
	return log((a + s * share) / (a_of + s)) - log((b + s * share) / (b_of + s));
}

/* The definition in learned.h. Strength by evidence: categories, items within theirs, items. */
static void naive_push(struct naive *v, const struct row *r)
{
	struct tally all = tally(v, 0, r);
	double open = (v->new_categories + 3) / (v->expected_categories + 3);
	double eager = (v->new_items + 3) / (v->expected_items + 3);
	v->sum[v->n] = r->flags & ROW_OPENS && v->n >= LEARNED_BEFORE ? 0 : (double)NAN;
	for (uint32_t tau = 0; tau <= v->n; tau++) {
		struct tally t = tally(v, tau, r);
		if (r->flags & ROW_COUNT)
			v->sum[tau] += term(20 * open, PI, t.category, t.counts, all.category,
				all.counts);
		v->sum[tau] += .5 * term(10 * eager, PI_ITEM, t.item, t.category_rows, all.item,
			all.category_rows);
		v->sum[tau] += .3 * term(30, PI_ITEM * PI, t.item, t.rows, all.item, all.rows);
	}
	v->expected_items += 20 / (all.category_rows + 20);
	v->new_items += all.item == 0;
	if (r->flags & ROW_COUNT) {
		v->expected_categories += 20 / (all.counts + 20);
		v->new_categories += all.category == 0;
	}
	v->row[v->n++] = *r;
}

static double naive_score(const struct naive *v)
{
	double sum = 0, counts = 0, since = 0;
	for (uint32_t i = v->n; i-- > 0; ) {
		since += v->row[i].flags & ROW_COUNT;
		if (!isnan(v->sum[i]) && since >= LEARNED_AFTER)
			sum += exp(v->sum[i]);
	}
	for (uint32_t i = 0; i < v->n; i++)
		counts += v->row[i].flags & ROW_COUNT;
	return sum > 0 ? fmax(log(sum) + 3, 0) / pow(counts + 10, .25) : (double)-INFINITY;
}

/* Sessions of four rows, in which the first two are counts; the user turns half way. */
static void one_history(uint64_t seed, bool turns)
{
	struct learned_rule rule = { .w = weights };
	struct naive *v = calloc(1, sizeof *v);
	struct learned x;
	double highest = 0;
	assert_non_null(v);
	learned_reset(&x);
	for (uint32_t i = 0; i < LONGEST; i++) {
		uint32_t base = turns && i >= LONGEST / 2 ? 10 : 0, place = base + next(&seed) % 3;
		struct row r = { .time_ms = (int64_t)i * 1000, .place = (uint16_t)place,
			.tag = (uint16_t)(place * 100 + next(&seed) % 4), .pi = (float)PI,
			.pi_item = (float)PI_ITEM,
			.flags = (uint16_t)((i % 4 < 2 ? ROW_COUNT : 0) |
				(i % 4 ? 0 : ROW_OPENS)) };
		struct tally all = tally(v, 0, &r);
		r.before = (uint32_t)all.category;
		r.rows = (uint32_t)all.category_rows;
		naive_push(v, &r);
		learned_push(&x, &rule, &r);
		if (i % 4 != 3)
			continue;
		double want = naive_score(v);
		float got = learned_read(&x, &rule);
		if (isinf(want))
			assert_true(isinf(got));
		else
			assert_true(fabs((double)got - want) < .05);
		highest = want > highest ? want : highest;
	}
	assert_true(turns ? highest > 4 : highest < 4);
	if (turns)
		assert_in_range(learned_time_ms(&x, learned_best(&x)), 24000, 36000);
	free(v);
}

static void scores_agree_with_the_definition(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++)
		one_history(seed * 7919, seed % 2);
}

/* Candidates outlive the ring; there are never more than there is room for. */
static void long_histories_stay_in_bounds(void **state)
{
	struct learned_rule rule = { .w = weights };
	struct learned x;
	uint64_t seed = 3;
	(void)state;
	learned_reset(&x);
	for (uint32_t i = 0; i < 200000; i++) {
		struct row r = { .time_ms = i, .place = (uint16_t)(next(&seed) % 50),
			.tag = (uint16_t)next(&seed), .pi = (float)PI, .pi_item = (float)PI_ITEM,
			.before = i / 60, .rows = i / 50,
			.flags = (uint16_t)(ROW_COUNT | (i % 3 ? 0 : ROW_OPENS)) };
		learned_push(&x, &rule, &r);
		float score = learned_read(&x, &rule);
		assert_true(x.n_taus <= LEARNED_TAUS);
		assert_true(i < 20 || (score >= 0 && score < 200));
	}
	assert_int_equal(x.n, 200000);
	assert_true(x.n_rows[0] > LEARNED_ROWS);
}

static void the_exponential_is_good_to_two_ulp(void **state)
{
	(void)state;
	for (float f = 0; f > -86.5f; f -= .0137f)
		assert_true(fabs((double)formula_exp(f) / exp((double)f) - 1) < 4e-7);
	assert_true(formula_exp(-90) == 0 && formula_exp(0) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_agree_with_the_definition),
		cmocka_unit_test(long_histories_stay_in_bounds),
		cmocka_unit_test(the_exponential_is_good_to_two_ulp),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
