/* Forests against slow ways in doubles: every split, the errors out of bag, the importances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/fit_forest.h"
#include "learn/fit_forest_parts.h"

#define COLUMNS 6u
#define MANY 1500u

/* y leans on columns 1 and 4; 5 is 1 over again; 2 has few values, some missing. */
static void make_rows(struct dataset *d, uint32_t n, uint64_t seed)
{
	struct chance c = { seed };
	struct err e = {0};
	assert_int_equal(dataset_init(d, n, COLUMNS, &e), 0);
	for (uint32_t i = 0; i < n; i++) {
		float *x = dataset_row(d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)chance_unit(chance_next(&c));
		x[2] = chance_is(&c, .1) ? NAN : (float)chance_below(&c, 4);
		x[5] = x[1];
		d->y[i] = 5 + 4 * sinf(6 * x[1]) + 3 * x[4] * x[4] +
			.2f * (float)chance_normal(chance_next(&c));
	}
}

/* Sum of squares less the part that a mean explains. */
struct mean {
	double n, sum, sum2;
};

static void add(struct mean *m, double y, double n)
{
	m->n += n;
	m->sum += n * y;
	m->sum2 += n * y * y;
}

static double error_of(struct mean m)
{
	return m.n > 0 ? m.sum2 - m.sum * m.sum / m.n : 0;
}

/* The rows of one node, and how often each was drawn. */
struct node_rows {
	const struct dataset *d;
	uint32_t row[MANY], n;
	const uint32_t *times;
};

/* The decrease of a split, or -1 when a side has fewer than min_leaf draws. */
static double decrease(const struct node_rows *r, uint32_t column, float at, double min_leaf)
{
	struct mean all = {0}, side[2] = {{0}};
	for (uint32_t i = 0; i < r->n; i++) {
		double y = (double)r->d->y[r->row[i]], n = r->times[r->row[i]];
		add(&all, y, n);
		add(&side[dataset_row(r->d, r->row[i])[column] > at], y, n);
	}
	if (side[0].n < min_leaf || side[1].n < min_leaf)
		return -1;
	return error_of(all) - error_of(side[0]) - error_of(side[1]);
}

/* The best over all bins of the columns; the lowest column of those as good. */
static double brute(const struct node_rows *r, const struct bins *b, double min_leaf,
	uint32_t only, uint32_t *ret_column)
{
	double best = 0;
	for (uint32_t c = 0; c < COLUMNS; c++)
		for (uint32_t k = 0; (only == COLUMNS || only == c) && k < b->n_cuts[c]; k++) {
			double now = decrease(r, c, bins_cuts(b, c)[k], min_leaf);
			if (now > best + 1e-5) {
				best = now;
				*ret_column = c;
			}
		}
	return best;
}

struct check {
	const struct forest *f;
	struct bins bins;
	uint32_t min_leaf, n_inner;
	bool tried_all;
	double impurity[COLUMNS], n_draws;
};

static double mean_of(const struct node_rows *r)
{
	struct mean m = {0};
	for (uint32_t i = 0; i < r->n; i++)
		add(&m, (double)r->d->y[r->row[i]], r->times[r->row[i]]);
	return m.sum / m.n;
}

/* Each split is as good as the best; each leaf has no split left and is its rows' mean. */
static void check_node(struct check *k, uint32_t i, const struct node_rows *r)
{
	struct forest_node n = k->f->node[i];
	uint32_t column = COLUMNS, own = forest_column(n);
	struct node_rows *side = mem_get(2, sizeof *side);
	uint32_t only = k->tried_all || !n.link ? COLUMNS : own;
	double best = brute(r, &k->bins, k->min_leaf, only, &column);
	if (n.link == 0) {
		assert_true(fabs((double)n.at - mean_of(r)) < 1e-5);
		assert_true(!k->tried_all || best < 1e-4);
		mem_free(side);
		return;
	}
	double here = decrease(r, own, n.at, k->min_leaf);
	assert_true(fabs(here - best) < 1e-4 && here > 0);
	assert_true(own != 5 || !k->tried_all);
	assert_true(own == column || k->tried_all);
	k->impurity[own] += here / k->n_draws;
	k->n_inner++;
	side[0] = side[1] = (struct node_rows){ .d = r->d, .times = r->times };
	for (uint32_t j = 0; j < r->n; j++) {
		struct node_rows *to = &side[dataset_row(r->d, r->row[j])[own] > n.at];
		to->row[to->n++] = r->row[j];
	}
	check_node(k, i + forest_left(n), &side[0]);
	check_node(k, i + forest_left(n) + 1, &side[1]);
	mem_free(side);
}

/* The cuts again, by themselves. */
static void make_bins(struct bins *b, const struct dataset *d, uint32_t n_bins)
{
	struct err e = {0};
	struct fit_job j = { .d = d, .o = { .n_bins = n_bins, .threads = 1 } };
	assert_int_equal(fit_bin_columns(&j, &e), 0);
	*b = j.bins;
	mem_free(j.bin);
	mem_free(j.usable);
}

static void check_trees(uint32_t n_tried, uint32_t n_bins)
{
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 3, .n_tried = n_tried, .n_bins = n_bins,
		.seed = 8, .min_leaf = 4, .share = .8 };
	uint32_t times[MANY];
	make_rows(&d, MANY, 1);
	assert_int_equal(fit_forest(&of, &d, &o, &e), 0);
	struct check k = { .f = &of.forest, .min_leaf = 4, .tried_all = n_tried == COLUMNS,
		.n_draws = .8 * MANY };
	make_bins(&k.bins, &d, n_bins);
	for (uint32_t t = 0; t < 3; t++) {
		struct node_rows r = { .d = &d, .times = times };
		fit_draw(o.seed, t, (uint32_t)(.8 * MANY), MANY, times);
		for (uint32_t i = 0; i < MANY; i++)
			if (times[i] > 0)
				r.row[r.n++] = i;
		check_node(&k, of.forest.root[t], &r);
	}
	assert_true(k.n_inner > 100);
	for (uint32_t c = 0; c < COLUMNS; c++)
		assert_true(fabs(k.impurity[c] / 3 - of.impurity[c]) < 1e-4);
	bins_done(&k.bins);
	fit_forest_done(&of);
	dataset_done(&d);
}

static void every_split_is_the_best(void **state)
{
	(void)state;
	check_trees(COLUMNS, 40);
	check_trees(2, 40);
	check_trees(4, 256);
}

static void cuts_part_the_values(void **state)
{
	(void)state;
	struct dataset d;
	struct bins b;
	make_rows(&d, MANY, 1);
	make_bins(&b, &d, 256);
	assert_int_equal(b.n_cuts[2], 4);               /* NaN, 0, 1, 2, 3 */
	assert_true(isinf(bins_cuts(&b, 2)[0]) && bins_cuts(&b, 2)[2] == .5f + 1);
	for (uint32_t c = 0; c < COLUMNS; c++) {
		uint32_t in[BINS_MAX] = {0};
		for (uint32_t i = 0; i < MANY; i++) {
			float x = dataset_row(&d, i)[c];
			uint32_t n = 0;
			for (uint32_t k = 0; k < b.n_cuts[c]; k++)
				n += x > bins_cuts(&b, c)[k];
			assert_int_equal(bins_find(bins_cuts(&b, c), x), n);
			in[n]++;
		}
		for (uint32_t k = 0; k <= b.n_cuts[c]; k++)
			assert_in_range(in[k], c == 2 ? 100 : 4, c == 2 ? 400 : 8);
	}
	bins_done(&b);
	dataset_done(&d);
}

static void oob_is_as_computed_directly(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 7, .seed = 5, .threads = 2 };
	struct mean off = {0}, ys = {0};
	static uint32_t times[7][2 * MANY + 300];
	uint32_t n = 2 * MANY + 300;
	make_rows(&d, n, 2);
	assert_int_equal(fit_forest(&of, &d, &o, &e), 0);
	for (uint32_t t = 0; t < 7; t++)
		fit_draw(o.seed, t, n, n, times[t]);
	for (uint32_t i = 0; i < n; i++) {
		const float *x = dataset_row(&d, i);
		double sum = 0, trees = 0;
		for (uint32_t t = 0; t < 7; t++) {
			float leaf;
			if (times[t][i] > 0)
				continue;
			forest_walk(&of.forest, t, &x, 1, &leaf);
			sum += (double)leaf;
			trees++;
		}
		if (trees > 0) {
			add(&off, (double)d.y[i] - sum / trees, 1);
			add(&ys, (double)d.y[i], 1);
		}
	}
	assert_true(of.n_oob == off.n && off.n > .9 * n && off.n < n);
	assert_true(fabs(of.oob_mse - off.sum2 / off.n) < 1e-9);
	assert_true(fabs(of.oob_r2 - (1 - off.sum2 / error_of(ys))) < 1e-9);
	fit_forest_done(&of);
	dataset_done(&d);
}

static void importance_finds_the_columns(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 20, .seed = 5, .permute = true };
	make_rows(&d, MANY, 2);
	for (uint32_t i = 0; i < MANY; i++)
		dataset_row(&d, i)[5] = 1;              /* a constant, not a copy of column 1 */
	assert_int_equal(fit_forest(&of, &d, &o, &e), 0);
	for (uint32_t c = 0; c < COLUMNS; c++) {
		bool is_one = c == 1 || c == 4;
		assert_true(is_one == (of.impurity[c] > .4));
		assert_true(is_one == (of.permutation[c] > .4));
		assert_true(fabs(of.permutation[c]) < .1 || is_one);
	}
	assert_true(of.impurity[5] == 0 && of.permutation[5] == 0);
	assert_true(of.permutation[1] > of.permutation[4]);
	fit_forest_done(&of);
	dataset_done(&d);
}

static void the_same_bits_for_any_threads(void **state)
{
	(void)state;
	static const unsigned threads[] = { 1, 2, 5 };
	struct dataset d;
	struct fit_forest of[3];
	struct err e = {0};
	make_rows(&d, MANY, 4);
	for (int i = 0; i < 3; i++) {
		struct fit_forest_options o = { .n_trees = 11, .seed = 77, .permute = true,
			.threads = threads[i] };
		assert_int_equal(fit_forest(&of[i], &d, &o, &e), 0);
		assert_int_equal(of[i].forest.n_nodes, of[0].forest.n_nodes);
		assert_memory_equal(of[i].forest.node, of[0].forest.node,
			of[0].forest.n_nodes * sizeof *of[0].forest.node);
		assert_memory_equal(&of[i].oob_mse, &of[0].oob_mse, sizeof of[0].oob_mse);
		assert_memory_equal(of[i].impurity, of[0].impurity, COLUMNS * sizeof(double));
		assert_memory_equal(of[i].permutation, of[0].permutation, COLUMNS * sizeof(double));
	}
	for (int i = 0; i < 3; i++)
		fit_forest_done(&of[i]);
	dataset_done(&d);
}

static uint32_t depth_of(const struct forest *f, uint32_t i)
{
	if (f->node[i].link == 0)
		return 0;
	uint32_t left = i + forest_left(f->node[i]);
	uint32_t a = depth_of(f, left), b = depth_of(f, left + 1);
	return 1 + (a > b ? a : b);
}

/* A constant has an R2 of 0; the function itself, for the noise on top, of about .995. */
static void a_known_function_is_learnt(void **state)
{
	(void)state;
	struct dataset d, other;
	void *model;
	struct err e = {0};
	struct fit_forest_options o = { .seed = 1, .threads = 2, .max_depth = 9 };
	struct mean off = {0}, ys = {0};
	float y[MANY];
	make_rows(&d, 4 * MANY, 6);
	make_rows(&other, MANY, 7);
	assert_int_equal(fit_forest_new(&o, &d, &model, &e), 0);
	fit_forest_predict(model, other.x, MANY, y);
	for (uint32_t i = 0; i < MANY; i++) {
		add(&off, (double)other.y[i] - (double)y[i], 1);
		add(&ys, (double)other.y[i], 1);
	}
	const struct fit_forest *of = model;
	double r2 = 1 - off.sum2 / error_of(ys);
	assert_true(r2 > .97 && of->oob_r2 > .97);
	assert_true(fabs(of->oob_mse / (off.sum2 / off.n) - 1) < .2);
	assert_int_equal(of->forest.n_trees, 100);
	for (uint32_t t = 0; t < 100; t++)
		assert_in_range(depth_of(&of->forest, of->forest.root[t]), 8, 9);
	fit_forest_free(model);
	dataset_done(&d);
	dataset_done(&other);
}

static void missing_values_are_a_side(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 5, .n_tried = 1, .seed = 1 };
	float x[3] = { NAN, -4, 1e9f }, y[3];
	assert_int_equal(dataset_init(&d, 300, 1, &e), 0);
	for (uint32_t i = 0; i < 300; i++) {
		d.x[i] = i % 3 ? (float)i - 150 : NAN;
		d.y[i] = i % 3 ? 1 : 9;
	}
	assert_int_equal(fit_forest(&of, &d, &o, &e), 0);
	forest_predict(&of.forest, x, 3, y);
	assert_true(y[0] == 9 && y[1] == 1 && y[2] == 1);
	assert_int_equal(of.forest.n_nodes, 15);
	fit_forest_done(&of);
	dataset_done(&d);
}

struct watch {
	atomic_uint percent;
	atomic_bool stop;
};

static void *stop_at_a_fifth(void *ctx)
{
	struct watch *w = ctx;
	while (atomic_load(&w->percent) < 20)
		sched_yield();
	atomic_store(&w->stop, true);
	return NULL;
}

static void a_stop_keeps_the_trees(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	void *model;
	struct err e = {0};
	struct watch w = {0};
	pthread_t watcher;
	struct fit_forest_options o = { .n_trees = 3000, .seed = 1, .threads = 3, .stop = &w.stop,
		.percent = &w.percent, .permute = true };
	make_rows(&d, MANY, 6);
	assert_int_equal(pthread_create(&watcher, NULL, stop_at_a_fifth, &w), 0);
	assert_int_equal(fit_forest(&of, &d, &o, &e), -ECANCELED);
	pthread_join(watcher, NULL);
	assert_in_range(of.forest.n_trees, 1, 3000);
	assert_true(of.oob_r2 > .9 && of.n_oob > 0);
	assert_int_equal(of.forest.root[of.forest.n_trees], of.forest.n_nodes);
	fit_forest_done(&of);
	assert_int_equal(fit_forest_new(&o, &d, &model, &e), -ECANCELED);
	assert_null(model);
	dataset_done(&d);
}

static void bad_rows_are_refused(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 2 };
	make_rows(&d, 50, 6);
	d.y[49] = NAN;
	assert_int_equal(fit_forest(&of, &d, &o, &e), -EINVAL);
	d.y[49] = 1;
	o.n_bins = 257;
	assert_int_equal(fit_forest(&of, &d, &o, &e), -EINVAL);
	o.n_bins = 0;
	d.n_rows = 0;
	assert_int_equal(fit_forest(&of, &d, &o, &e), -EINVAL);
	d.n_rows = 1;                                   /* always drawn: nothing is out of bag */
	assert_int_equal(fit_forest(&of, &d, &o, &e), 0);
	assert_true(of.n_oob == 0 && isnan(of.oob_mse) && isnan(of.oob_r2));
	fit_forest_done(&of);
	dataset_done(&d);
}

static void any_lack_of_memory_is_told(void **state)
{
	(void)state;
	struct dataset d;
	struct fit_forest of;
	struct err e = {0};
	struct fit_forest_options o = { .n_trees = 3, .permute = true };
	uint32_t n = 0;
	make_rows(&d, 200, 6);
	size_t before = mem_used();
	for (int r = -ENOMEM; r < 0; n++) {
		mem_fail_after(n + 1);
		r = fit_forest(&of, &d, &o, &e);
		mem_fail_after(0);
		assert_true(r == 0 || r == -ENOMEM);
		fit_forest_done(&of);
		assert_int_equal(mem_used(), before);
	}
	assert_true(n > 25);
	dataset_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_is_the_best),
		cmocka_unit_test(cuts_part_the_values),
		cmocka_unit_test(oob_is_as_computed_directly),
		cmocka_unit_test(importance_finds_the_columns),
		cmocka_unit_test(the_same_bits_for_any_threads),
		cmocka_unit_test(a_known_function_is_learnt),
		cmocka_unit_test(missing_values_are_a_side),
		cmocka_unit_test(a_stop_keeps_the_trees),
		cmocka_unit_test(bad_rows_are_refused),
		cmocka_unit_test(any_lack_of_memory_is_told),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
