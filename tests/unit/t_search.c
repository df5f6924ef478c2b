/* A search among parameters: the best of a table, and what that is worth where it took no part. */
#include "learn/search.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/forecaster.h"
#include "learn/validate.h"

#define ROWS 400u
#define FOLDS 4u
#define DAY 86400000LL

/* The one column is the row's number; y is noise. */
static void make_rows(struct dataset *d, uint64_t seed)
{
	struct chance c = { seed };
	assert_int_equal(dataset_init(d, ROWS, 1, NULL), 0);
	for (uint32_t i = 0; i < ROWS; i++) {
		d->x[i] = (float)i;
		d->y[i] = (float)chance_normal(chance_next(&c));
		d->time_ms[i] = d->known_ms[i] = i * DAY;
	}
}

/* Forecasts level; where wobble is not 0, noise of that number is added. */
struct guess {
	double level, wobble;
	double scale;           /* of the noise */
	double fails;           /* the level whose fit fails, with code; NAN: none */
	int code;
	unsigned n_fits;
};

static int fit(void *ctx, const struct dataset *train, void **ret_model, struct err *e)
{
	struct guess *g = ctx;
	(void)train;
	*ret_model = g;
	g->n_fits++;
	return g->level == g->fails ? err_set(e, g->code, "it cannot be fitted") : 0;
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	const struct guess *g = model;
	for (uint32_t i = 0; i < n_rows; i++) {
		double noise = chance_normal(chance_pair((uint64_t)g->wobble, (uint64_t)x[i]));
		ret[i] = (float)(g->level + (g->wobble > 0 ? g->scale * noise : 0));
	}
}

static void drop(void *model)
{
	(void)model;
}

static const struct forecaster_ops guess_ops = { "guess", fit, predict, drop, NULL };

static void set(void *ctx, uint32_t param, double value)
{
	struct guess *g = ctx;
	*(param ? &g->wobble : &g->level) = value;
}

/* Folds over the first half of the rows; the other half is what comes later. */
static int look(const struct search *s, struct guess *g, uint64_t seed, struct search_best *ret,
	double *ret_later)
{
	struct dataset d, early;
	struct fold f[FOLDS] = {0};
	uint32_t row[ROWS / 2];
	double later = 0;
	for (uint32_t i = 0; i < ROWS / 2; i++)
		row[i] = i;
	make_rows(&d, seed);
	assert_int_equal(dataset_pick(&early, &d, row, ROWS / 2, NULL), 0);
	int r = folds_init(f, &early, &(struct folds_plan){ .n = FOLDS, .first = .5 }, NULL);
	if (r == 0)
		r = search(s, &(struct validation){ .d = &early, .ops = &guess_ops, .ctx = g,
			.folds = f, .n_folds = FOLDS, .step_ms = DAY, .trusts_columns = true },
			ret, NULL);
	struct guess best = { .level = ret->value[0], .wobble = ret->value[1],
		.scale = g->scale };
	for (uint32_t i = ROWS / 2; i < ROWS; i++) {
		float y;
		predict(&best, d.x + i, 1, &y);
		later += pow((double)(y - d.y[i]), 2) / (ROWS / 2.);
	}
	*ret_later = later;
	folds_done(f, FOLDS);
	dataset_done(&early);
	dataset_done(&d);
	return r;
}

static const double levels[] = { 3, -2, 1, .5, 0, -4, 2 }, still[] = { 0 };

static void the_best_of_a_table_is_found(void **state)
{
	static const struct search_param param[] = { { "level", 2, levels, 7 },
		{ "wobble", 0, still, 1 } };
	struct search s = { param, 2, 0, 1, set };
	struct guess g = { .fails = NAN };
	struct search_best best, drawn;
	double later, alone;
	(void)state;
	assert_int_equal(look(&s, &g, 1, &best, &later), 0);
	assert_true(best.is_better && best.n_trials == 7 && g.n_fits == 8 * FOLDS);
	assert_true(best.value[0] == 0 && g.level == 0);
	assert_true(best.mse > .6 && best.mse < 1.4 && best.standard_mse > 4);
	assert_true(best.gain > .7 && best.gain < .9 && best.gain_error < .1);
	/* All but one are drawn, none twice: the standard value alone is above the rest. */
	s.n_random = 6;
	assert_int_equal(search_n_trials(&s), 6);
	assert_int_equal(look(&s, &g, 1, &drawn, &later), 0);
	assert_true(drawn.n_trials == 6 && fabs(drawn.value[0]) <= .5);
	/* A search of the standard value says so. */
	s.n_params = 0;
	s.n_random = 0;
	g.level = g.wobble = 0;
	assert_int_equal(look(&s, &g, 1, &drawn, &alone), 0);
	assert_true(drawn.n_trials == 1 && !drawn.is_better && drawn.gain == 0);
	assert_true(drawn.mse == best.mse && drawn.mse == drawn.standard_mse);
	s.n_params = SEARCH_PARAMS_MAX + 1;
	assert_int_equal(look(&s, &g, 1, &drawn, &alone), -EINVAL);
}

/* None of fifty that add noise is worth anything. One is lucky on the folds, and so seems to be,
 * but neither on folds that it was not chosen by nor later.
 */
static void luck_is_no_gain(void **state)
{
	static double wobbles[50];
	static const struct search_param param[] = { { "level", 0, still, 1 },
		{ "wobble", 1, wobbles, 50 } };
	struct search s = { param, 2, 0, 1, set };
	double seems = 0, gain = 0, later = 0, flattered = 0;
	unsigned n_better = 0;
	const unsigned logs = 30;
	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		wobbles[i] = i + 1;
	for (unsigned log = 0; log < logs; log++) {
		struct guess g = { .scale = .5, .fails = NAN };
		struct search_best best;
		double one;
		assert_int_equal(look(&s, &g, 100 + log, &best, &one), 0);
		assert_true(g.wobble == (best.is_better ? best.value[1] : 1));
		seems += (1 - best.mse / best.standard_mse) / logs;
		gain += best.gain / logs;
		flattered += best.mse / logs;
		later += one / logs;
		n_better += best.is_better;
	}
	print_message("# seems %.3f, is %.3f; MSE %.3f, later %.3f; kept of %u: %u\n", seems, gain,
		flattered, later, logs, n_better);
	assert_true(seems > .15 && gain < .02);
	assert_true(later > 1.2 && flattered < later - .1);
	assert_true(n_better <= logs / 3);
}

static void what_fails_is_passed_over(void **state)
{
	static const struct search_param param[] = { { "level", 2, levels, 7 },
		{ "wobble", 0, still, 1 } };
	struct search s = { param, 2, 0, 1, set };
	struct guess g = { .fails = 0, .code = -ERANGE };
	struct search_best best;
	double later;
	(void)state;
	assert_int_equal(look(&s, &g, 1, &best, &later), 0);
	assert_true(best.is_better && best.value[0] == .5 && best.n_trials == 7);
	/* Ended: what was finished is told, and nothing is set. */
	g.code = -ECANCELED;
	assert_int_equal(look(&s, &g, 1, &best, &later), -ECANCELED);
	assert_true(!best.is_better && best.n_trials == 4 && g.level == 2);
	assert_true(best.mse < best.standard_mse);
	/* Standard values that cannot be fitted are an error. */
	g.fails = 2;
	g.code = -ERANGE;
	assert_int_equal(look(&s, &g, 1, &best, &later), -ERANGE);
}

static void memory_may_end_anywhere(void **state)
{
	static const struct search_param param[] = { { "level", 2, levels, 2 } };
	struct search s = { param, 1, 0, 1, set };
	struct guess g = { .fails = NAN };
	struct dataset d;
	struct fold f[FOLDS];
	uint64_t failures = 0;
	(void)state;
	make_rows(&d, 1);
	assert_int_equal(folds_init(f, &d, &(struct folds_plan){ .n = FOLDS, .first = .5 }, NULL),
		0);
	size_t used = mem_used();
	for (int code = -ENOMEM; code < 0; failures++) {
		struct search_best best;
		mem_fail_after(failures + 1);
		code = search(&s, &(struct validation){ .d = &d, .ops = &guess_ops, .ctx = &g,
			.folds = f, .n_folds = FOLDS, .step_ms = DAY }, &best, NULL);
		assert_true(code == 0 || code == -ENOMEM);
		assert_int_equal(mem_used(), used);
	}
	mem_fail_after(0);
	assert_in_range(failures, 20, 500);
	folds_done(f, FOLDS);
	dataset_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_of_a_table_is_found),
		cmocka_unit_test(luck_is_no_gain),
		cmocka_unit_test(what_fails_is_passed_over),
		cmocka_unit_test(memory_may_end_anywhere),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
