/* bench_linear.c - linear fits beside those of numpy and scikit-learn (peers.sh), on the same rows:
 * pooled, along a path of L1 penalties, and one a series; processor time on one thread, which other
 * work on the machine does not disturb, and error on later rows.
 */
#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/chance.h"
#include "base/err.h"
#include "harness.h"
#include "learn/dataset.h"
#include "learn/fit_linear.h"
#include "learn/lasso.h"

#define ROWS 200000u
#define COLUMNS 40u
#define SERIES 2000u
#define PRIOR_ROWS 30.

struct workload {
	struct dataset train, test;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Series of a common autoregression, each with a level and a slope of its own. */
static void make_rows(struct dataset *d, uint32_t n, uint64_t seed)
{
	struct chance c = { seed };
	struct err e = { 0 };

	if (dataset_init(d, n, COLUMNS, &e) < 0)
		harness_die(e.text);
	for (uint32_t i = 0; i < n; i++) {
		float *x = dataset_row(d, i), before = 0, y = 0;

		d->series[i] = i % SERIES;
		for (uint32_t k = 0; k < COLUMNS; k++) {
			before = .6f * before + (float)chance_normal(chance_next(&c));
			x[k] = 3 * before + (float)k;
			y += k < 12 ? x[k] / (2 + (float)k) : 0;
		}
		y += (float)chance_normal(chance_mix(d->series[i])) * (2 + .1f * x[3]);
		d->y[i] = y + 4 * (float)chance_normal(chance_next(&c));
	}
}

static void put(FILE *f, const void *from, size_t size, size_t n)
{
	if (fwrite(from, size, n, f) != n)
		harness_die("writing rows");
}

static void put_rows(FILE *f, const struct dataset *d)
{
	put(f, d->x, sizeof(*d->x), (size_t)d->n_rows * COLUMNS);
	put(f, d->y, sizeof(*d->y), d->n_rows);
	put(f, d->series, sizeof(*d->series), d->n_rows);
}

static int run_peer(const struct workload *w, struct harness_peer *ret, int cap)
{
	uint32_t head[] = { w->train.n_rows, w->test.n_rows, COLUMNS, SERIES, LASSO_STEPS };
	double prior = PRIOR_ROWS;
	char path[512];
	FILE *f = harness_file(path, sizeof(path));

	put(f, head, sizeof(head), 1);
	put(f, &prior, sizeof(prior), 1);
	put_rows(f, &w->train);
	put_rows(f, &w->test);
	if (fclose(f) != 0)
		harness_die(path);
	return harness_peers("linear", "", path, ret, cap);
}

static void show(const char *what, double ms, double error, const struct harness_peer *p,
	const char *by)
{
	if (!p) {
		printf("%s   %.1f ms, test error %.5f\n", what, ms, error);
		return;
	}
	printf("%s, time   %.1f ms, %s %.1f, ratio %.3f\n", what, ms, by, p->seconds * 1e3,
		ms / p->seconds / 1e3);
	printf("%s, error   %.5f, %s %.5f, ratio %.5f\n", what, error, by, p->error,
		error / p->error);
}

static double error_of(const struct linear *l, const struct dataset *d)
{
	double sum = 0;

	for (uint32_t i = 0; i < d->n_rows; i++) {
		float y;

		linear_predict_each(l, &d->series[i], dataset_row(d, i), 1, &y);
		sum += pow((double)y - (double)d->y[i], 2);
	}
	return sum / d->n_rows;
}

/* Milliseconds of a fit, the middle of three; its error. */
static double time_fit(const struct workload *w, bool each, double *ret_error)
{
	struct linear_options o = { .each = each, .prior_rows = PRIOR_ROWS,
		.threads = 1 };
	double s[HARNESS_RUNS];

	for (int i = 0; i < HARNESS_RUNS; i++) {
		struct linear l;
		struct err e = { 0 };

		s[i] = cpu_s();
		if (fit_linear(&l, &w->train, &o, NULL, &e) < 0)
			harness_die(e.text);
		s[i] = cpu_s() - s[i];
		*ret_error = error_of(&l, &w->test);
		linear_done(&l);
	}
	return harness_median(s) * 1e3;
}

static void take(struct normal *s, const struct dataset *d)
{
	struct err e = { 0 };

	if (normal_init(s, COLUMNS, &e) < 0 || normal_take(s, d, NULL, d->n_rows, 1, &e) < 0)
		harness_die(e.text);
}

static double time_path(const struct workload *w, double *ret_error)
{
	struct normal test, train;
	double s[HARNESS_RUNS];

	take(&test, &w->test);
	for (int i = 0; i < HARNESS_RUNS; i++) {
		struct lasso_path path;
		struct err e = { 0 };

		s[i] = cpu_s();
		take(&train, &w->train);
		if (lasso_walk(&train, &test, &path, &e) < 0)
			harness_die(e.text);
		s[i] = cpu_s() - s[i];
		*ret_error = path.error[path.best];
		normal_done(&train);
	}
	normal_done(&test);
	return harness_median(s) * 1e3;
}

int main(void)
{
	static const char *const by[] = { "numpy", "scikit-learn", "scikit-learn", "numpy" };
	struct workload w;
	struct harness_peer peer[4];
	double ms, error;

	openblas_set_num_threads(1);
	make_rows(&w.train, (uint32_t)(ROWS * harness_scale() * .8), 1);
	make_rows(&w.test, (uint32_t)(ROWS * harness_scale() * .2), 2);
	bool has = run_peer(&w, peer, 4) == 4;
	ms = time_fit(&w, false, &error);
	show("pooled linear", ms, error, has ? &peer[0] : NULL, by[0]);
	if (has)
		show("pooled linear by another", ms, error, &peer[1], by[1]);
	ms = time_path(&w, &error);
	show("path of L1 fits", ms, error, has ? &peer[2] : NULL, by[2]);
	ms = time_fit(&w, true, &error);
	show("linear, one a series", ms, error, has ? &peer[3] : NULL, by[3]);
	dataset_done(&w.train);
	dataset_done(&w.test);
	return 0;
}
