/* bench_lstm.c - an LSTM learns 20,000 windows of 24 steps of 8 inputs; time an epoch and the error
 * on windows not seen, beside PyTorch (peers.sh, where VEER_PEERS names a folder).
 *
 * bench_lstm [THREADS [SEED]]: the seed is of the weights and the order.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/chance.h"
#include "base/err.h"
#include "harness.h"
#include "learn/dataset.h"
#include "learn/fit_lstm.h"
#include "model/lstm.h"

#define ROWS 20000
#define TEST_ROWS 4000
#define STEPS 24u
#define INPUTS 8u
#define HIDDEN 32u
#define BATCH 256u
#define EPOCHS 10u
#define NOISE .1

/* Inputs 0 and 1 swing, 2 is a rare pulse that lasts, the rest are noise; y wants them all. */
static void make_row(struct dataset *d, uint32_t row, struct chance *c)
{
	float *x = dataset_row(d, row);
	double phase = 6.3 * chance_unit(chance_next(c));
	double pace = .2 + .6 * chance_unit(chance_next(c)), trace = 0;

	for (uint32_t t = 0; t < STEPS; t++, x += INPUTS) {
		for (uint32_t k = 3; k < INPUTS; k++)
			x[k] = (float)chance_normal(chance_next(c));
		x[0] = (float)(sin(phase + pace * t) + NOISE * chance_normal(chance_next(c)));
		x[1] = (float)(cos(phase + .5 * pace * t) + NOISE * chance_normal(chance_next(c)));
		x[2] = (float)chance_is(c, .1);
		trace = .9 * trace + (double)(x[2] * x[3]);
	}
	d->y[row] = (float)(sin(phase + pace * STEPS) * cos(phase + .5 * pace * STEPS) +
		.5 * trace + NOISE * chance_normal(chance_next(c)));
}

static void make_rows(struct dataset *d, uint32_t n, uint64_t seed)
{
	struct err e = { 0 };
	struct chance c = { seed };

	if (dataset_init(d, n, STEPS * INPUTS, &e) < 0)
		harness_die(e.text);
	for (uint32_t i = 0; i < n; i++)
		make_row(d, i, &c);
}

static void write_rows(const char *path, const struct dataset d[2])
{
	FILE *f = fopen(path, "w");

	if (!f)
		harness_die(path);
	for (int i = 0; i < 2; i++) {
		uint32_t n = d[i].n_rows * d[i].n_columns;

		if (fwrite(d[i].x, sizeof(*d[i].x), n, f) != n ||
		    fwrite(d[i].y, sizeof(*d[i].y), d[i].n_rows, f) != d[i].n_rows)
			harness_die(path);
	}
	if (fclose(f))
		harness_die(path);
}

static double mse_of(const struct lstm *m, const struct dataset *d)
{
	float *y = malloc(d->n_rows * sizeof(*y));
	double sum = 0;

	if (!y)
		harness_die("rows");
	lstm_predict(m, d->x, d->n_rows, y);
	for (uint32_t i = 0; i < d->n_rows; i++)
		sum += ((double)y[i] - (double)d->y[i]) * ((double)y[i] - (double)d->y[i]);
	free(y);
	return sum / d->n_rows;
}

/* Nothing is read from a copy that was rounded: what rounding costs, in units of y. */
static void show_rounding(const struct lstm *m, const struct dataset *test)
{
	struct err e = { 0 };

	for (int as = PRECISION_FLOAT16; as < PRECISION_N; as++) {
		struct lstm *r = lstm_round(m, (enum precision)as, &e);
		struct lstm_gap gap;

		if (!r)
			harness_die(e.text);
		gap = lstm_compare(m, r, test->x, test->n_rows);
		printf("%s   max %.2g, RMS %.2g from float32, MSE %.5f\n", precision_name[as],
			gap.max, gap.rms, mse_of(r, test));
		lstm_free(r);
	}
}

static void run_peer(const struct dataset d[2], double cpu_s, double mse, const struct fit_lstm *f)
{
	struct harness_peer peer;
	char path[512], threads[16];

	fclose(harness_file(path, sizeof(path)));
	write_rows(path, d);
	snprintf(threads, sizeof(threads), "%u", f->threads);
	if (harness_peers("lstm", threads, path, &peer, 1) == 1)
		harness_compare("lstm, an epoch", cpu_s, mse, &peer);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct dataset d[2];
	struct fit_lstm f = fit_lstm_default(INPUTS);
	struct lstm *m;
	double start, epoch_s, cpu_s, predict_s, mse;

	make_rows(&d[0], (uint32_t)(ROWS * harness_scale()), 1);
	make_rows(&d[1], TEST_ROWS, 2);
	openblas_set_num_threads(1);
	f.threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	f.seed = argc > 2 ? (uint64_t)atoi(argv[2]) : 1;
	f.hidden = HIDDEN;
	f.batch = BATCH;
	f.epochs = EPOCHS;
	f.last_rate = f.forget_bias = 0;
	f.as_they_are = true;
	start = harness_now_s();
	cpu_s = (double)clock() / CLOCKS_PER_SEC;
	if (fit_lstm(&f, &d[0], &m, &e) < 0)
		harness_die(e.text);
	epoch_s = (harness_now_s() - start) / EPOCHS;
	cpu_s = ((double)clock() / CLOCKS_PER_SEC - cpu_s) / EPOCHS;
	start = harness_now_s();
	mse = mse_of(m, &d[1]);
	predict_s = harness_now_s() - start;
	printf("lstm, %u threads: %.3f s an epoch (%.3f of processor), test MSE %.5f, "
		"%.2f us a window predicted by one\n", f.threads, epoch_s, cpu_s, mse,
		predict_s / TEST_ROWS * 1e6);
	show_rounding(m, &d[1]);
	run_peer(d, cpu_s, mse, &f);
	lstm_free(m);
	fit_lstm_done(&f);
	dataset_done(&d[0]);
	dataset_done(&d[1]);
	return 0;
}
