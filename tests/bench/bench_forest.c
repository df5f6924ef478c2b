/* bench_forest.c - growing a forest of 100 trees on 50,000 rows of 30 columns (Friedman 1991, eq. 61,
 * with 25 columns of noise), and its error on 50,000 others, beside those of scikit-learn and
 * LightGBM (peers.sh). BENCH_SCALE, BENCH_THREADS (1), BENCH_LEAF (20), BENCH_TRIED (10),
 * BENCH_PERMUTE (set: permutation importance, too).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/chance.h"
#include "base/err.h"
#include "harness.h"
#include "learn/dataset.h"
#include "learn/fit_forest.h"
#include "model/forest_small.h"

#define COLUMNS 30u
#define ROWS 50000u
#define TEST_ROWS 50000u
#define TREES 100u
#define PEERS 2
#define PI 3.14159265358979323846

static uint32_t setting(const char *name, uint32_t otherwise)
{
	const char *given = getenv(name);
	return given ? (uint32_t)atoi(given) : otherwise;
}

static void make_rows(struct dataset *d, uint32_t n, uint64_t seed)
{
	struct chance c = { seed };
	struct err e = {0};
	if (dataset_init(d, n, COLUMNS, &e) < 0)
		harness_die(e.text);
	for (uint32_t i = 0; i < n; i++) {
		float *x = dataset_row(d, i);
		for (uint32_t k = 0; k < COLUMNS; k++)
			x[k] = (float)chance_unit(chance_next(&c));
		d->y[i] = (float)(10 * sin(PI * (double)x[0] * (double)x[1]) +
			20 * ((double)x[2] - .5) * ((double)x[2] - .5) + 10 * (double)x[3] +
			5 * (double)x[4] + chance_normal(chance_next(&c)));
	}
}

/* u32 rows, u32 columns, x, y, of either set. */
static void write_rows(FILE *f, const struct dataset *d)
{
	uint32_t head[2] = { d->n_rows, d->n_columns };
	if (fwrite(head, sizeof head, 1, f) != 1 ||
		fwrite(d->x, sizeof *d->x * d->n_columns, d->n_rows, f) != d->n_rows ||
		fwrite(d->y, sizeof *d->y, d->n_rows, f) != d->n_rows)
		harness_die("could not write the rows");
}

static double mse_of(const struct dataset *d, const float *y)
{
	double sum = 0;
	for (uint32_t i = 0; i < d->n_rows; i++)
		sum += ((double)d->y[i] - (double)y[i]) * ((double)d->y[i] - (double)y[i]);
	return sum / d->n_rows;
}

/* The error. */
static double show_predict(const struct forest *f, const struct dataset *test)
{
	struct forest_small s;
	struct err e = {0};
	float *y = malloc(test->n_rows * sizeof *y);
	double start = harness_now_s();
	if (!y)
		harness_die("rows");
	forest_predict(f, test->x, test->n_rows, y);
	start = harness_now_s() - start;
	double error = mse_of(test, y);
	printf("predict %.2f us a row, test MSE %.4f\n", start / test->n_rows * 1e6, error);
	if (forest_small_init(&s, f, &e) < 0) {
		printf("small: %s\n", e.text);
	} else {
		start = harness_now_s();
		forest_small_predict(&s, test->x, test->n_rows, y);
		start = harness_now_s() - start;
		struct forest_loss loss = forest_small_loss(&s, f, test->x, test->n_rows);
		printf("small: %.2f us a row, test MSE %.4f, off by at most %.2g, RMS %.2g\n",
			start / test->n_rows * 1e6, mse_of(test, y), loss.max, loss.rms);
		forest_small_done(&s);
	}
	free(y);
	return error;
}

static int run_peers(const struct dataset *train, const struct dataset *test,
	const struct fit_forest_options *o, struct harness_peer ret[PEERS])
{
	char path[512], arguments[64];
	FILE *f = harness_file(path, sizeof path);
	write_rows(f, train);
	write_rows(f, test);
	if (fclose(f) != 0)
		harness_die(path);
	snprintf(arguments, sizeof arguments, "%u %u %u %u", o->threads, o->min_leaf, o->n_tried,
		o->n_trees);
	return harness_peers("forest", arguments, path, ret, PEERS);
}

int main(void)
{
	struct dataset train, test;
	struct err e = {0};
	struct fit_forest of;
	struct fit_forest_options o = { .n_trees = TREES, .seed = 1,
		.threads = setting("BENCH_THREADS", 1), .min_leaf = setting("BENCH_LEAF", 20),
		.n_tried = setting("BENCH_TRIED", COLUMNS / 3),
		.permute = getenv("BENCH_PERMUTE") };
	struct harness_peer peer[PEERS];

	make_rows(&train, (uint32_t)(ROWS * harness_scale()), 1);
	make_rows(&test, TEST_ROWS, 2);
	double start = harness_now_s(), cpu = (double)clock();
	if (fit_forest(&of, &train, &o, &e) < 0)
		harness_die(e.text);
	cpu = ((double)clock() - cpu) / CLOCKS_PER_SEC;
	printf("forest %.2f s (%.2f s of processors), %u nodes, out of bag MSE %.4f R2 %.4f\n",
		harness_now_s() - start, cpu, of.forest.n_nodes, of.oob_mse, of.oob_r2);
	double error = show_predict(&of.forest, &test);
	int n = run_peers(&train, &test, &o, peer);
	for (int i = 0; i < n; i++)
		harness_compare("forest", cpu, error, &peer[i]);
	fit_forest_done(&of);
	dataset_done(&train);
	dataset_done(&test);
	return 0;
}
