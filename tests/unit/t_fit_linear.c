/* Linear fits against elimination in long doubles on the rows themselves, and against the
 * conditions that any minimum fulfils.
 */
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "learn/dataset.h"
#include "learn/fit_linear.h"
#include "learn/lasso.h"

#define COLUMNS 7u
#define WIDTH (COLUMNS + 1)
#define SERIES 9u

/* The worked example of share/doc/forecast.md. */
static const double table[6][5] = {
	{ .2, .3, .4, .6, .5 }, { .3, .4, .5, .7, .6 }, { .4, .5, .7, .8, .4 },
	{ .5, .6, .8, .9, .2 }, { .6, .7, .9, 1.0, .3 }, { .7, .8, 1.0, 1.1, .1 },
};
static const double answer[5] = { .7836029, .0209147, .0992750, -1.0909091, .3343558 };
static const char *const names[4] = { "x1", "x2", "x3", "x4" };

static void the_worked_example_comes_out(void **state)
{
	struct normal s;
	struct normal_report report;
	struct err e = {0};
	double theta[5], fitted;
	(void)state;
	assert_int_equal(normal_init(&s, 4, &e), 0);
	assert_int_equal(normal_take_doubles(&s, &table[0][0], 6, &e), 0);
	s.name = names;
	assert_int_equal(normal_solve(&s, 0, theta, &report, &e), 0);
	assert_int_equal(report.rank, 3);
	for (int i = 0; i < 5; i++)
		assert_true(fabs(theta[i] - answer[i]) < .5e-7);
	assert_true(fabs(6 * normal_error(&s, theta) - .0327273) < .5e-7);
	fitted = theta[0];
	for (int i = 0; i < 4; i++)
		fitted += theta[1 + i] * table[4][i];
	assert_true(fabs(fitted - .2181818) < .5e-7);
	/* The published solution of the same table, which is none. */
	static const double published[5] = { .14, .05, .03, -.01, 0 };
	assert_true(fabs(6 * normal_error(&s, published) - .387) < .0005);
	assert_string_equal(report.warning,
		"these columns follow from others: x2 from x1; x4 from x1");
	normal_done(&s);
}

/* The same through floats, whose rounding moves the sixth digit. */
static void the_worked_example_in_floats(void **state)
{
	struct dataset d;
	struct linear l;
	struct linear_report report;
	struct linear_options o = { .threads = 2 };
	float y[6];
	(void)state;
	assert_int_equal(dataset_init(&d, 6, 4, NULL), 0);
	for (uint32_t i = 0; i < 6; i++) {
		for (uint32_t k = 0; k < 4; k++)
			dataset_row(&d, i)[k] = (float)table[i][k];
		d.y[i] = (float)table[i][4];
	}
	assert_int_equal(fit_linear(&l, &d, &o, &report, NULL), 0);
	assert_int_equal(report.rank.rank, 3);
	assert_string_equal(report.rank.warning, "these columns follow from others: "
		"column 2 from column 1; column 4 from column 1");
	for (int i = 0; i < 5; i++)
		assert_true(fabs((double)l.weight[i] - answer[i]) < 4e-6);
	linear_predict(&l, d.x, 6, y);
	assert_true(fabs((double)y[4] - .2181818) < 1e-6);
	linear_done(&l);
	dataset_done(&d);
}

/* y of a series is a line of its own about a common one; columns of very different sizes. */
static void make_rows(struct dataset *d, uint32_t n, uint32_t n_series, uint64_t seed)
{
	struct chance c = { seed };
	assert_int_equal(dataset_init(d, n, COLUMNS, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		double common = chance_normal(chance_next(&c)), sum = 0;
		d->series[i] = i % n_series;
		d->time_ms[i] = i / n_series * 1000;
		d->known_ms[i] = d->time_ms[i];
		for (uint32_t k = 0; k < COLUMNS; k++) {
			double v = .5 * common + chance_normal(chance_next(&c)) + k;
			dataset_row(d, i)[k] = (float)(v * pow(10, (double)k - 3));
			sum += k == 2 || k == 5 ? v * (k == 2 ? .8 : -.5) : 0;
		}
		sum += .3 * (double)d->series[i] * chance_unit(chance_mix(d->series[i]));
		d->y[i] = (float)(sum + chance_normal(chance_next(&c)));
	}
}

/* Solves a[n][n] x = b with pivots; b becomes x. */
static void eliminate(long double *a, long double *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t top = i;
		for (uint32_t k = i; k < n; k++)
			if (fabsl(a[k * n + i]) > fabsl(a[top * n + i]))
				top = k;
		for (uint32_t k = 0; k <= n; k++) {
			long double *p = k < n ? &a[i * n + k] : &b[i];
			long double *q = k < n ? &a[top * n + k] : &b[top], t = *p;
			*p = *q;
			*q = t;
		}
		for (uint32_t r = 0; r < n; r++) {
			long double f = r == i ? 0 : a[r * n + i] / a[i * n + i];
			for (uint32_t k = 0; k < n; k++)
				a[r * n + k] -= f * a[i * n + k];
			b[r] -= f * b[i];
		}
	}
	for (uint32_t i = 0; i < n; i++)
		b[i] /= a[i * n + i];
}

struct moments {
	double mean[COLUMNS], deviation[COLUMNS];
};

static void get_moments(const struct dataset *d, struct moments *m)
{
	for (uint32_t k = 0; k < COLUMNS; k++) {
		long double sum = 0, squares = 0;
		for (uint32_t i = 0; i < d->n_rows; i++)
			sum += (long double)dataset_row(d, i)[k];
		sum /= d->n_rows;
		for (uint32_t i = 0; i < d->n_rows; i++)
			squares += powl((long double)dataset_row(d, i)[k] - sum, 2);
		m->mean[k] = (double)sum;
		m->deviation[k] = (double)sqrtl(squares / d->n_rows);
	}
}

static double standard(const struct dataset *d, const struct moments *m, uint32_t row, uint32_t k)
{
	return k == 0 ? 1 : ((double)dataset_row(d, row)[k - 1] - m->mean[k - 1]) /
		m->deviation[k - 1];
}

/* Weights of standardised columns (the intercept's first) that minimise the squares about
 * off[row] plus penalty[k] x their squares, over the rows of a series (SERIES: of all).
 */
static void slow_fit(const struct dataset *d, const double *off, uint32_t series,
	const double *penalty, long double *ret)
{
	long double a[WIDTH * WIDTH] = {0};
	struct moments m;
	get_moments(d, &m);
	memset(ret, 0, WIDTH * sizeof *ret);
	for (uint32_t i = 0; i < d->n_rows; i++) {
		if (series != SERIES && d->series[i] != series)
			continue;
		for (uint32_t k = 0; k < WIDTH; k++) {
			double v = standard(d, &m, i, k);
			for (uint32_t j = 0; j < WIDTH; j++)
				a[k * WIDTH + j] += (long double)v * standard(d, &m, i, j);
			ret[k] += (long double)v * off[i];
		}
	}
	for (uint32_t k = 0; k < WIDTH; k++)
		a[k * WIDTH + k] += penalty[k];
	eliminate(a, ret, WIDTH);
}

static void check_set(const struct dataset *d, const float *weight, const long double *want,
	double tolerance)
{
	struct moments m;
	get_moments(d, &m);
	double intercept = (double)weight[0];
	for (uint32_t k = 0; k < COLUMNS; k++) {
		double w = (double)weight[1 + k];
		intercept += w * m.mean[k];
		assert_true(fabs(w * m.deviation[k] - (double)want[1 + k]) < tolerance);
	}
	assert_true(fabs(intercept - (double)want[0]) < 10 * tolerance);
}

static double *all_y(const struct dataset *d)
{
	double *y = mem_get(d->n_rows, sizeof *y);
	for (uint32_t i = 0; i < d->n_rows; i++)
		y[i] = (double)d->y[i];
	return y;
}

static void pooled_as_by_elimination(void **state)
{
	static const double ridges[] = { 0, .01, 2 };
	struct dataset d;
	(void)state;
	for (int i = 0; i < 3; i++)
		for (uint32_t n = 30; n <= 30000; n += 29970) {
			struct linear_options o = { i ? LINEAR_RIDGE : LINEAR_PLAIN, ridges[i],
				false, 0, 3, false };
			struct linear_report report;
			struct linear l;
			double penalty[WIDTH] = {0}, *y;
			long double want[WIDTH];
			make_rows(&d, n, SERIES, 5);
			y = all_y(&d);
			for (uint32_t k = 1; k < WIDTH; k++)
				penalty[k] = ridges[i] * n;
			slow_fit(&d, y, SERIES, penalty, want);
			assert_int_equal(fit_linear(&l, &d, &o, &report, NULL), 0);
			assert_string_equal(report.rank.warning, "");
			assert_int_equal(report.rank.rank, WIDTH);
			check_set(&d, l.weight, want, 1e-6);
			linear_done(&l);
			mem_free(y);
			dataset_done(&d);
		}
}

/* Constant, equal and summed columns: the least of all minima, and their names. */
static void short_of_rank(void **state)
{
	static const char *const name[COLUMNS] = { "a", "b", "c", "d", "e", "f", "g" };
	struct dataset d;
	struct normal s;
	struct normal_report report;
	double theta[WIDTH], less[WIDTH];
	(void)state;
	make_rows(&d, 500, 1, 8);
	d.name = name;
	for (uint32_t i = 0; i < 500; i++) {
		float *x = dataset_row(&d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)(int)(x[k] * powf(10, 3 - (float)k) * 64) / 64;
		x[1] = 3;
		x[4] = x[0];
		x[6] = x[2] - 2 * x[3] + 1;
	}
	assert_int_equal(normal_init(&s, COLUMNS, NULL), 0);
	assert_int_equal(normal_take(&s, &d, NULL, 500, 1, NULL), 0);
	assert_int_equal(normal_solve(&s, 0, theta, &report, NULL), 0);
	assert_int_equal(report.rank, 5);
	assert_string_equal(report.warning, "these columns follow from others: b is constant; "
		"e from a; g from c, d");
	/* No step within the minima (a direction of the null space) makes it shorter. */
	static const double null[3][WIDTH] = { { 3, 0, -1 }, { 0, 1, 0, 0, 0, -1 },
		{ 1, 0, 0, 1, -2, 0, 0, -1 } };
	for (int i = 0; i < 3; i++) {
		double dot = 0;
		for (uint32_t k = 0; k < WIDTH; k++)
			dot += theta[k] * null[i][k];
		assert_true(fabs(dot) < 1e-9);
	}
	/* And it is a minimum: moving any weight does not help. */
	double least = normal_error(&s, theta);
	for (uint32_t k = 0; k < WIDTH; k++)
		for (int sign = -1; sign < 2; sign += 2) {
			memcpy(less, theta, sizeof less);
			less[k] += sign * 1e-3;
			assert_true(normal_error(&s, less) > least);
		}
	/* With ridge there is nothing to warn of. */
	assert_int_equal(normal_solve(&s, .1, theta, &report, NULL), 0);
	assert_string_equal(report.warning, "");
	assert_true(fabs(theta[1] - theta[5]) < 1e-12 && theta[2] == 0);
	normal_done(&s);
	dataset_done(&d);
}

/* Karush, Kuhn, Tucker: |x . residual| / n is lambda where a weight is, and no more elsewhere. */
static void check_conditions(const struct dataset *d, const double *theta, double lambda)
{
	struct moments m;
	get_moments(d, &m);
	for (uint32_t k = 0; k < WIDTH; k++) {
		long double dot = 0;
		for (uint32_t i = 0; i < d->n_rows; i++) {
			double off = (double)d->y[i] - theta[0];
			for (uint32_t j = 0; j < COLUMNS; j++)
				off -= theta[1 + j] * (double)dataset_row(d, i)[j];
			dot += standard(d, &m, i, k) * off;
		}
		double slope = (double)(dot / d->n_rows);
		if (k == 0)
			assert_true(fabs(slope) < 1e-8);
		else if (theta[k] != 0)
			assert_true(fabs(slope - copysign(lambda, theta[k])) < 1e-8);
		else
			assert_true(fabs(slope) < lambda + 1e-8);
	}
}

static void lasso_fulfils_its_conditions(void **state)
{
	struct dataset d;
	struct normal s;
	struct lasso_path path;
	double theta[WIDTH];
	(void)state;
	make_rows(&d, 400, 1, 12);
	assert_int_equal(normal_init(&s, COLUMNS, NULL), 0);
	assert_int_equal(normal_take(&s, &d, NULL, 400, 1, NULL), 0);
	double top = lasso_top(&s);
	for (double part = 1; part > 1e-4; part *= .6) {
		assert_int_equal(lasso_solve(&s, part * top, theta, NULL), 0);
		check_conditions(&d, theta, part * top);
	}
	assert_int_equal(lasso_walk(&s, NULL, &path, NULL), 0);
	assert_int_equal(path.n, LASSO_STEPS);
	assert_int_equal(path.n_used[0], 0);
	assert_int_equal(path.n_used[10], 2);           /* the two that y is made of */
	assert_int_equal(path.n_used[LASSO_STEPS - 1], COLUMNS);
	for (uint32_t i = 1; i < LASSO_STEPS; i++)
		assert_true(path.lambda[i] < path.lambda[i - 1] &&
			path.error[i] < path.error[i - 1]);
	normal_done(&s);
	dataset_done(&d);
}

/* A column that is the sum of three others, as a count over steps is of their lags: the path ends
 * with an error no worse than that of the least squares it comes close to.
 */
static void lasso_bears_dependent_columns(void **state)
{
	struct dataset d;
	struct normal s;
	struct lasso_path path;
	struct normal_report report;
	struct err e = {0};
	double theta[WIDTH];
	(void)state;
	make_rows(&d, 400, 1, 13);
	for (uint32_t i = 0; i < d.n_rows; i++) {
		float *x = dataset_row(&d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)(int)(x[k] * powf(10, 3 - (float)k) * 8);
		x[6] = x[0] + x[2] + x[5];
		x[4] = x[1];
	}
	assert_int_equal(normal_init(&s, COLUMNS, NULL), 0);
	assert_int_equal(normal_take(&s, &d, NULL, d.n_rows, 1, NULL), 0);
	assert_int_equal(lasso_walk(&s, NULL, &path, &e), 0);
	assert_int_equal(normal_solve(&s, 0, theta, &report, NULL), 0);
	assert_int_equal(report.rank, 6);
	assert_true(path.error[LASSO_STEPS - 1] < normal_error(&s, theta) * 1.0001);
	assert_int_equal(lasso_solve(&s, path.lambda[30], theta, NULL), 0);
	check_conditions(&d, theta, path.lambda[30]);
	normal_done(&s);
	dataset_done(&d);
}

/* 25 rows, five columns of noise: the later rows tell the penalty that the early ones need. */
static void what_is_chosen_helps_on_later_rows(void **state)
{
	double plain = 0, chosen[2] = {0};
	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct dataset d, later;
		make_rows(&d, 25, 1, 100 + seed);
		make_rows(&later, 500, 1, 200 + seed);
		for (int i = 0; i < 3; i++) {
			struct linear_options o = { (enum linear_penalty)i, LINEAR_CHOOSE, false,
				0, 1, false };
			struct linear l;
			struct linear_report report;
			double sum = 0;
			float y[500];
			assert_int_equal(fit_linear(&l, &d, &o, &report, NULL), 0);
			linear_predict(&l, later.x, 500, y);
			for (int k = 0; k < 500; k++)
				sum += pow((double)(y[k] - later.y[k]), 2) / 500;
			*(i ? &chosen[i - 1] : &plain) += sum;
			linear_done(&l);
		}
		dataset_done(&d);
		dataset_done(&later);
	}
	assert_true(chosen[0] < plain && chosen[1] < plain);
}

static void each_is_drawn_to_the_pool(void **state)
{
	struct dataset d;
	struct linear l;
	struct linear_options o = { .each = true, .threads = 3, .prior_rows = 20 };
	long double pool[WIDTH], want[WIDTH];
	double penalty[WIDTH] = {0}, *y;
	(void)state;
	make_rows(&d, 1100, SERIES, 30);
	/* Of very different lengths; one has none. */
	for (uint32_t i = 0; i < d.n_rows; i++)
		d.series[i] = i < 3 ? 0 : 2 + i * i % 13 % (SERIES - 2);
	y = all_y(&d);
	slow_fit(&d, y, SERIES, penalty, pool);
	assert_int_equal(fit_linear(&l, &d, &o, NULL, NULL), 0);
	assert_int_equal(l.n_series, SERIES - 1);
	check_set(&d, linear_set(&l, 0), pool, 1e-6);
	for (uint32_t k = 0; k < WIDTH; k++)
		penalty[k] = 20;
	struct moments m;
	get_moments(&d, &m);
	for (uint32_t i = 0; i < d.n_rows; i++)
		for (uint32_t k = 0; k < WIDTH; k++)
			y[i] -= (double)pool[k] * standard(&d, &m, i, k);
	for (uint32_t s = 0; s < l.n_series; s++) {
		slow_fit(&d, y, s, penalty, want);
		for (uint32_t k = 0; k < WIDTH; k++)
			want[k] += pool[k];
		check_set(&d, linear_set(&l, 1 + s), want, 2e-6);
	}
	assert_memory_equal(linear_set(&l, 2), linear_set(&l, 0), WIDTH * sizeof(float));
	linear_done(&l);
	/* Chosen: series that differ by their level alone need little of their own. */
	o.prior_rows = LINEAR_CHOOSE;
	struct linear_report report;
	assert_int_equal(fit_linear(&l, &d, &o, &report, NULL), 0);
	assert_true(report.prior_rows >= 30);
	linear_done(&l);
	mem_free(y);
	dataset_done(&d);
}

static void threads_do_not_change_a_bit(void **state)
{
	struct dataset d;
	struct linear l[2];
	(void)state;
	make_rows(&d, 9000, SERIES, 40);
	for (int i = 0; i < 3; i++) {
		struct linear_options o = { (enum linear_penalty)i, LINEAR_CHOOSE, true,
			LINEAR_CHOOSE, 1, false };
		assert_int_equal(fit_linear(&l[0], &d, &o, NULL, NULL), 0);
		o.threads = 5;
		assert_int_equal(fit_linear(&l[1], &d, &o, NULL, NULL), 0);
		assert_memory_equal(l[0].weight, l[1].weight,
			(1 + SERIES) * WIDTH * sizeof(float));
		linear_done(&l[0]);
		linear_done(&l[1]);
	}
	dataset_done(&d);
}

static void a_part_of_the_top_leaves_columns(void **state)
{
	struct dataset d;
	const double part[] = { 1, .5, .01 };
	uint32_t used[3];
	(void)state;
	make_rows(&d, 400, 20, 3);
	for (int i = 0; i < 3; i++) {
		struct linear_options o = { .penalty = LINEAR_LASSO, .lambda = part[i],
			.of_top = true, .threads = 1 };
		struct linear_report report;
		struct linear l;
		assert_int_equal(fit_linear(&l, &d, &o, &report, NULL), 0);
		used[i] = report.n_used;
		linear_done(&l);
	}
	assert_true(used[0] == 0 && used[1] > 0 && used[2] > used[1]);
	dataset_done(&d);
}

static void what_cannot_be_fitted_is_refused(void **state)
{
	struct dataset d;
	struct linear l;
	struct err e = {0};
	struct linear_options o = { LINEAR_LASSO, LINEAR_CHOOSE, false, 0, 1, false };
	(void)state;
	assert_int_equal(dataset_init(&d, 0, 3, NULL), 0);
	assert_int_equal(fit_linear(&l, &d, &o, NULL, &e), -EINVAL);
	assert_string_equal(e.text, "there are no rows to learn from");
	dataset_done(&d);
	make_rows(&d, 20, 20, 3);
	assert_int_equal(fit_linear(&l, &d, &o, NULL, &e), -EINVAL);
	assert_string_equal(e.text,
		"all rows are of one time: nothing can be chosen by later ones");
	d.y[7] = NAN;
	assert_int_equal(fit_linear(&l, &d, &o, NULL, &e), -EINVAL);
	assert_string_equal(e.text, "a row to learn from has a value that is no number");
	dataset_done(&d);
}

static void memory_may_end_anywhere(void **state)
{
	struct dataset d;
	struct linear l;
	struct err e;
	(void)state;
	make_rows(&d, 90, SERIES, 50);
	for (int penalty = 0; penalty < 3; penalty++) {
		struct linear_options o = { (enum linear_penalty)penalty, LINEAR_CHOOSE, true,
			LINEAR_CHOOSE, 1, false };
		size_t used = mem_used();
		int r = -ENOMEM;
		for (uint64_t n = 1; r == -ENOMEM; n++) {
			e = (struct err){0};
			mem_fail_after(n);
			r = fit_linear(&l, &d, &o, NULL, &e);
			if (r < 0)
				assert_int_equal(mem_used(), used);
		}
		mem_fail_after(0);
		assert_string_equal(e.text, "");
		assert_int_equal(r, 0);
		linear_done(&l);
	}
	dataset_done(&d);
}

static void packs_and_unpacks(void **state)
{
	struct linear l, back;
	struct err e = {0};
	char bytes[256];
	struct packer p = { bytes, 0, sizeof bytes };
	(void)state;
	assert_int_equal(linear_init(&l, 3, 2, &e), 0);
	for (uint32_t i = 0; i < 12; i++)
		l.weight[i] = (float)i - 5.5f;
	linear_pack(&l, &p);
	assert_in_range(p.len, 1, sizeof bytes);
	struct unpacker u = { bytes, bytes + p.len };
	assert_int_equal(linear_unpack(&back, &u, &e), 0);
	assert_memory_equal(back.weight, l.weight, 12 * sizeof(float));
	float x[3] = { 1, 2, 3 }, y;
	uint32_t series = 1;
	linear_predict_each(&back, &series, x, 1, &y);
	assert_true(y == 2.5f + 3.5f + 2 * 4.5f + 3 * 5.5f);
	series = 7;
	linear_predict_each(&back, &series, x, 1, &y);
	assert_true(y == -5.5f - 4.5f - 2 * 3.5f - 3 * 2.5f);
	linear_done(&back);
	for (size_t len = 0; len < p.len; len++) {
		u = (struct unpacker){ bytes, bytes + len };
		assert_int_equal(linear_unpack(&back, &u, &e), -EBADMSG);
	}
	memset(bytes + 8, 0xff, 4);     /* 4 G series */
	u = (struct unpacker){ bytes, bytes + p.len };
	assert_int_equal(linear_unpack(&back, &u, &e), -EBADMSG);
	linear_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_example_comes_out),
		cmocka_unit_test(the_worked_example_in_floats),
		cmocka_unit_test(pooled_as_by_elimination),
		cmocka_unit_test(short_of_rank),
		cmocka_unit_test(lasso_fulfils_its_conditions),
		cmocka_unit_test(lasso_bears_dependent_columns),
		cmocka_unit_test(what_is_chosen_helps_on_later_rows),
		cmocka_unit_test(each_is_drawn_to_the_pool),
		cmocka_unit_test(threads_do_not_change_a_bit),
		cmocka_unit_test(a_part_of_the_top_leaves_columns),
		cmocka_unit_test(what_cannot_be_fitted_is_refused),
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(packs_and_unpacks),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
