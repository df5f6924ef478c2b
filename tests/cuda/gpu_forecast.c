/* gpu_forecast.c - forecasts and learning on a device: linear and a forest's to the bit, a network's
 * beside doubles; and how fast.
 *
 * gpu_forecast ROWS [FILE]: FILE gets the rows that a network learns from, for peer_lstm.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/chance.h"
#include "base/err.h"
#include "learn/accel_module.h"
#include "learn/dataset.h"
#include "model/forecaster.h"

#include "../unit/slow_lstm.h"

#define COLUMNS 27u
#define TREES 60u
#define DEPTH 10u
#define NET_ROWS 2000u          /* beside doubles, which are slow */
#define STEPS 24u               /* this and what follows as in bench_lstm.c */
#define INPUTS 8u
#define HIDDEN 32u
#define LEARN_ROWS 20000u
#define BATCH 256u
#define EPOCHS 10u

extern const struct accel_ops accel_module;

static struct err why;

static void must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "gpu_forecast: %s\n", why.text);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *get(size_t n, size_t size)
{
	void *p = calloc(n, size);
	if (!p)
		must(err_set(&why, -1, "out of memory"));
	return p;
}

static float *floats(uint64_t n, uint64_t seed, double within)
{
	float *v = get(n, sizeof *v);
	struct chance c = { seed };
	for (uint64_t i = 0; i < n; i++)
		v[i] = (float)((2 * chance_unit(chance_next(&c)) - 1) * within);
	return v;
}

static int report(const char *what, uint64_t bad, uint32_t n, double s)
{
	printf("%-44s %s, %u rows, %llu differ, %.1f M/s with the way there and back\n", what,
		bad ? "FAILED" : "ok", n, (unsigned long long)bad, n / s / 1e6);
	return bad != 0;
}

/* The second time of two. */
static double predict(void *device, const struct forecaster *f, const float *x, uint32_t n,
	float *ret)
{
	void *held;
	double start = 0;
	must(accel_module.hold(device, f, &held, &why));
	for (int again = 0; again < 2; again++) {
		start = now_s();
		must(accel_module.predict(held, x, n, ret, &why));
	}
	double s = now_s() - start;
	accel_module.drop(held);
	return s;
}

static uint64_t n_different(const float *a, const float *b, uint32_t n)
{
	uint64_t bad = 0;
	for (uint32_t i = 0; i < n; i++)
		bad += memcmp(&a[i], &b[i], sizeof *a) != 0;
	return bad;
}

static int check_linear(void *device, const float *x, uint32_t n)
{
	struct forecaster f = { .kind = FORECASTER_LINEAR, .steps = 1 };
	float *mine = get(n, sizeof *mine), *there = get(n, sizeof *there);
	f.features.n = f.linear.n_columns = COLUMNS;
	f.linear.weight = floats(COLUMNS + 1, 3, 1);
	for (uint32_t i = 0; i < n; i++)
		mine[i] = linear_row(f.linear.weight, x + (uint64_t)i * COLUMNS, COLUMNS);
	double s = predict(device, &f, x, n, there);
	int bad = report("bits of linear forecasts", n_different(mine, there, n), n, s);
	free(f.linear.weight);
	free(mine);
	free(there);
	return bad;
}

static float walk(const struct forest *f, const float *x)
{
	double sum = 0;
	for (uint32_t t = 0; t < f->n_trees; t++) {
		const struct forest_node *at = f->node + f->root[t];
		for (uint32_t way; (way = forest_step(*at, x)) > 0;)
			at += way;
		sum += (double)at->at;
	}
	return (float)(sum / f->n_trees);
}

static void grow(struct forest *f)
{
	uint32_t inner = (1u << DEPTH) - 1;
	struct chance c = { 4 };
	f->n_columns = COLUMNS;
	f->n_trees = TREES;
	f->n_nodes = TREES * (2 * inner + 1);
	f->node = get(f->n_nodes, sizeof *f->node);
	f->root = get(TREES + 1, sizeof *f->root);
	for (uint32_t i = 0; i < f->n_nodes; i++) {
		uint32_t k = i % (2 * inner + 1);
		f->root[i / (2 * inner + 1) + 1] = i + 1;
		f->node[i].at = (float)(2 * chance_unit(chance_next(&c)) - 1);
		f->node[i].link = k < inner ? (k + 1) << FOREST_COLUMN_BITS |
			chance_below(&c, COLUMNS) : 0;
	}
}

static int check_forest(void *device, const float *x, uint32_t n)
{
	struct forecaster f = { .kind = FORECASTER_FOREST, .steps = 1 };
	float *mine = get(n, sizeof *mine), *there = get(n, sizeof *there);
	f.features.n = COLUMNS;
	grow(&f.forest);
	for (uint32_t i = 0; i < n; i++)
		mine[i] = walk(&f.forest, x + (uint64_t)i * COLUMNS);
	double s = predict(device, &f, x, n, there);
	int bad = report("bits of forecasts of 60 trees of 1024 leaves", n_different(mine, there, n),
		n, s);
	free(f.forest.node);
	free(f.forest.root);
	free(mine);
	free(there);
	return bad;
}

static struct lstm network(void)
{
	struct lstm m = { .shape = { 1, HIDDEN, INPUTS, STEPS }, .y_scale = 1 };
	m.weight = floats(lstm_n_weights(&m.shape), 8, .25);
	m.mean = get(INPUTS, sizeof *m.mean);
	m.inverse = get(INPUTS, sizeof *m.inverse);
	for (uint32_t i = 0; i < INPUTS; i++)
		m.inverse[i] = 1;
	return m;
}

static void network_free(struct lstm *m)
{
	free(m->weight);
	free(m->mean);
	free(m->inverse);
}

/* 1e-5: of the gates' function and sums of floats. */
static int check_network(void *device, uint32_t n)
{
	struct lstm m = network();
	struct forecaster f = { .kind = FORECASTER_LSTM, .steps = STEPS, .lstm = &m };
	float *x = floats((uint64_t)n * STEPS * INPUTS, 5, 2), *there = get(n, sizeof *there);
	uint64_t n_weights = lstm_n_weights(&m.shape), bad = 0;
	double *w = get(n_weights, sizeof *w);
	uint32_t apart = n / NET_ROWS + 1;
	f.features.n = INPUTS;
	for (uint64_t i = 0; i < n_weights; i++)
		w[i] = (double)m.weight[i];
	double s = predict(device, &f, x, n, there);
	for (uint32_t i = 0; i < n; i += apart)
		bad += fabs(slow_value(&m, w, x + (uint64_t)i * STEPS * INPUTS) -
			(double)there[i]) > 1e-5;
	int r = report("a network within 1e-5 of doubles", bad, n, s);
	network_free(&m);
	free(x);
	free(w);
	free(there);
	return r;
}

static struct dataset rows(uint32_t n, uint64_t seed)
{
	struct dataset d = { .n_rows = n, .n_columns = STEPS * INPUTS };
	d.x = floats((uint64_t)n * d.n_columns, seed, 1);
	d.y = get(n, sizeof *d.y);
	for (uint32_t i = 0; i < n; i++) {
		const float *x = d.x + (uint64_t)i * d.n_columns;
		for (uint32_t k = 1; k < 6; k++)
			d.y[i] += x[(STEPS - k) * INPUTS] / (float)k;
	}
	return d;
}

/* Weights after some epochs, and the errors on the rows to judge on before and after. */
static double learn(void *device, const struct dataset *d, const struct dataset *test,
	float *ret_weight, double ret_mse[2])
{
	struct lstm m = network();
	const struct accel_lesson l = { &m, d, test, BATCH, 1 };
	uint32_t *order = get(d->n_rows, sizeof *order);
	struct accel_batch b = { .rate = .003f };
	void *pupil;
	double start;
	for (uint32_t i = 0; i < d->n_rows; i++)
		order[i] = i;
	must(accel_module.learn(device, &l, &pupil, &why));
	must(accel_module.judge(pupil, &ret_mse[0], &why));
	start = now_s();
	for (uint32_t k = 0; k < EPOCHS; k++)
		for (uint32_t i = 0; i < d->n_rows; i += b.n) {
			b.row = order + i;
			b.n = d->n_rows - i < BATCH ? d->n_rows - i : BATCH;
			must(accel_module.batch(pupil, &b, &why));
		}
	double s = (now_s() - start) / EPOCHS;
	must(accel_module.judge(pupil, &ret_mse[1], &why));
	must(accel_module.weights(pupil, ret_weight, &why));
	accel_module.leave(pupil);
	network_free(&m);
	free(order);
	return s;
}

static void write_rows(const char *path, const struct dataset *d)
{
	FILE *f = fopen(path, "a");
	if (!f || fwrite(d->x, sizeof *d->x * d->n_columns, d->n_rows, f) != d->n_rows ||
	    fwrite(d->y, sizeof *d->y, d->n_rows, f) != d->n_rows || fclose(f))
		must(err_set(&why, -1, "could not write \"%s\"", path));
}

/* Twice the same bits, and much is learnt. */
static int check_learning(void *device, uint32_t n, const char *path)
{
	struct dataset d = rows(n, 1), test = rows(n / 5, 2);
	const struct lstm_shape s = { 1, HIDDEN, INPUTS, STEPS };
	uint64_t bytes = lstm_n_weights(&s) * sizeof(float);
	float *first = get(1, bytes), *second = get(1, bytes);
	double mse[2];
	learn(device, &d, &test, first, mse);
	double epoch_s = learn(device, &d, &test, second, mse);
	bool good = memcmp(first, second, bytes) == 0 && mse[1] < .7 * mse[0];
	printf("%-44s %s, MSE %.4f from %.4f, %.3f s an epoch\n", "an LSTM learns, twice alike",
		good ? "ok" : "FAILED", mse[1] / test.n_rows, mse[0] / test.n_rows, epoch_s);
	if (path) {
		write_rows(path, &d);
		write_rows(path, &test);
	}
	free(d.x);
	free(d.y);
	free(test.x);
	free(test.y);
	free(first);
	free(second);
	return !good;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	uint32_t n_learn = n < LEARN_ROWS ? n : LEARN_ROWS;
	char text[256];
	void *device;
	if (n < 10) {
		fputs("usage: gpu_forecast ROWS [FILE]\n", stderr);
		return 2;
	}
	must(accel_module.open(&device, &why));
	float *x = floats((uint64_t)n * COLUMNS, 7, 2);
	int bad = check_linear(device, x, n) | check_forest(device, x, n);
	free(x);
	if (accel_module.networks(text, sizeof text))
		bad |= check_network(device, n / 5) |
			check_learning(device, n_learn, argc > 2 ? argv[2] : NULL);
	else
		printf("%-44s skipped: %s\n", "networks", text);
	accel_module.close(device);
	return bad;
}
