/* Gradients against differences of a loop in doubles; what learning promises. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/adam.h"
#include "learn/dataset.h"
#include "learn/fit_lstm.h"
#include "learn/lstm_tape.h"
#include "slow_lstm.h"
#include "tsan.h"

#define DIFFERENCE 1e-5         /* of a weight, in doubles */
#define LAG 3u

static double drawn(struct chance *c)
{
	return 2 * chance_unit(chance_next(c)) - 1;
}

static void fill(float *v, uint64_t n, uint64_t seed, double within)
{
	struct chance c = { seed };
	for (uint64_t i = 0; i < n; i++)
		v[i] = (float)(drawn(&c) * within);
}

/* The summed squared error. */
static double slow_loss(const struct lstm *m, const double *w, struct tape_rows rows)
{
	double sum = 0;
	for (uint32_t r = 0; r < rows.n; r++) {
		double y = ((double)rows.of->y[rows.row[r]] - (double)m->y_mean) /
			(double)m->y_scale;
		double d = slow_value(m, w, dataset_row(rows.of, rows.row[r])) - y;
		sum += d * d;
	}
	return sum;
}

/* Every weight there is, of every gate, of inputs, h and bias, and of the head. */
static void check_gradient(const struct lstm_shape *s, struct tape_rows rows)
{
	struct err e = {0};
	struct lstm *m = lstm_new(s, &e);
	uint64_t n = lstm_n_weights(s);
	float *gradient = mem_get(n, sizeof *gradient);
	double *w = mem_get(n, sizeof *w), largest = 0;
	struct lstm_tape t;
	fill(m->weight, n, 8, .7);
	fill(m->mean, s->inputs, 9, .5);
	m->y_mean = .3f;
	m->y_scale = 1.7f;
	for (uint64_t i = 0; i < n; i++)
		w[i] = (double)m->weight[i];
	assert_int_equal(lstm_tape_init(&t, s, 9, &e), 0);
	for (int again = 0; again < 2; again++) {
		struct tape_rows few = rows;
		few.n = again ? rows.n : 2;
		double loss = lstm_tape_forward(&t, m, few);
		assert_true(fabs(loss - slow_loss(m, w, few)) < 1e-5);
		lstm_tape_backward(&t, m, few.n, .5f, gradient);
	}
	for (uint64_t i = 0; i < n; i++) {
		double at = w[i];
		w[i] = at + DIFFERENCE;
		double up = slow_loss(m, w, rows);
		w[i] = at - DIFFERENCE;
		double slope = .5 * (up - slow_loss(m, w, rows)) / (2 * DIFFERENCE);
		w[i] = at;
		assert_true(fabs((double)gradient[i] - slope) < 2e-6 + 2e-5 * fabs(slope));
		assert_true(slope != 0 || s->steps == 1);
		largest = fmax(largest, fabs(slope));
	}
	assert_true(largest > .1);
	lstm_tape_done(&t);
	mem_free(w);
	mem_free(gradient);
	lstm_free(m);
}

static void gradients_are_the_slopes_of_the_loss(void **state)
{
	(void)state;
	SKIP_UNDER_TSAN();
	const struct lstm_shape shape[] = { { 1, 5, 3, 4 }, { 2, 5, 3, 4 }, { 2, 9, 12, 1 } };
	const uint32_t row[] = { 3, 0, 5, 3, 6, 2, 1 };
	struct err e = {0};
	struct dataset d;
	assert_int_equal(dataset_init(&d, 7, 12, &e), 0);
	fill(d.x, 7 * 12, 1, 2);
	fill(d.y, 7, 2, 2);
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
		check_gradient(&shape[i], (struct tape_rows){ &d, row, 7 });
	dataset_done(&d);
}

static void gradients_are_clipped_by_their_length(void **state)
{
	(void)state;
	float g[] = { 3, -4, 12 }, same[] = { 3, -4, 12 };
	assert_true(adam_clip(g, 3, 0) == 13 && memcmp(g, same, sizeof g) == 0);
	assert_true(adam_clip(g, 3, 14) == 13 && memcmp(g, same, sizeof g) == 0);
	assert_true(adam_clip(g, 3, 6.5f) == 13);
	assert_true(g[0] == 1.5f && g[1] == -2 && g[2] == 6);
	g[1] = NAN;
	assert_true(isnan(adam_clip(g, 3, 1)));
}

/* Algorithm 1 of Kingma and Ba in doubles. */
static void adam_is_the_papers(void **state)
{
	(void)state;
	struct err e = {0};
	struct adam a;
	float w[3] = { 1, -2, .5f }, g[3];
	double x[3] = { 1, -2, .5 }, m[3] = {0}, v[3] = {0};
	assert_int_equal(adam_init(&a, 3, &e), 0);
	for (int t = 1; t <= 200; t++) {
		fill(g, 3, (uint64_t)t, 3);
		adam_step(&a, w, g, .01f);
		for (int i = 0; i < 3; i++) {
			m[i] = .9 * m[i] + .1 * (double)g[i];
			v[i] = .999 * v[i] + .001 * (double)g[i] * (double)g[i];
			x[i] -= .01 * (m[i] / (1 - pow(.9, t))) /
				(sqrt(v[i] / (1 - pow(.999, t))) + 1e-8);
			assert_true(fabs((double)w[i] - x[i]) < 2e-5);
		}
	}
	adam_done(&a);
}

/* Windows of one noisy sine after the other; y is what comes next. */
static void make_sines(struct dataset *d, uint32_t rows, uint32_t steps, uint64_t seed)
{
	struct err e = {0};
	struct chance c = { seed };
	assert_int_equal(dataset_init(d, rows, steps, &e), 0);
	for (uint32_t r = 0; r < rows; r++) {
		double phase = 7 * drawn(&c), pace = .5 + .3 * drawn(&c), size = 2 + drawn(&c);
		for (uint32_t t = 0; t < steps; t++)
			dataset_row(d, r)[t] = (float)(50 + size * sin(phase + pace * t) +
				.02 * drawn(&c));
		d->y[r] = (float)(50 + size * sin(phase + pace * steps));
	}
}

/* Two inputs a step, noise both; y is the first of them LAG steps before the end. */
static void make_lags(struct dataset *d, uint32_t rows, uint32_t steps, uint64_t seed)
{
	struct err e = {0};
	assert_int_equal(dataset_init(d, rows, 2 * steps, &e), 0);
	fill(d->x, (uint64_t)rows * 2 * steps, seed, 5);
	for (uint32_t r = 0; r < rows; r++)
		d->y[r] = dataset_row(d, r)[2 * (steps - LAG)];
}

static double mse_of(const struct lstm *m, const struct dataset *d)
{
	float *y = mem_get(d->n_rows, sizeof *y);
	double sum = 0;
	lstm_predict(m, d->x, d->n_rows, y);
	for (uint32_t r = 0; r < d->n_rows; r++)
		sum += ((double)y[r] - (double)d->y[r]) * ((double)y[r] - (double)d->y[r]);
	mem_free(y);
	return sum / d->n_rows;
}

/* The last value again, and the mean. */
static double naive_mse(const struct dataset *d, bool last)
{
	double mean = 0, sum = 0;
	for (uint32_t r = 0; r < d->n_rows; r++)
		mean += (double)d->y[r] / d->n_rows;
	for (uint32_t r = 0; r < d->n_rows; r++) {
		double to = last ? (double)dataset_row(d, r)[d->n_columns - 1] : mean;
		sum += ((double)d->y[r] - to) * ((double)d->y[r] - to);
	}
	return sum / d->n_rows;
}

static struct fit_lstm small_fit(uint32_t inputs, uint32_t layers, const struct dataset *valid)
{
	struct fit_lstm f = fit_lstm_default(inputs);
	f.layers = layers;
	f.hidden = 16;
	f.batch = 64;
	f.epochs = 25;
	f.rate = .01f;
	f.last_rate = .0005f;
	f.seed = 5;
	f.threads = 2;
	f.valid = valid;
	return f;
}

static void learns_a_sine_and_a_copy_from_the_past(void **state)
{
	(void)state;
	SKIP_UNDER_TSAN();
	for (uint32_t layers = 1; layers <= 2; layers++)
		for (int lag = 0; lag < 2; lag++) {
			struct err e = {0};
			struct dataset d, later;
			struct lstm *m;
			(lag ? make_lags : make_sines)(&d, 2000, 12, 1);
			(lag ? make_lags : make_sines)(&later, 500, 12, 2);
			struct fit_lstm f = small_fit(lag ? 2 : 1, layers, &later);
			assert_int_equal(fit_lstm(&f, &d, &m, &e), 0);
			double naive = naive_mse(&later, !lag), mse = mse_of(m, &later);
			assert_true(mse < naive * .05);
			assert_true(fabs(mse - f.curve[f.best - 1].valid_mse) < 1e-6 * naive);
			assert_true(f.curve[f.n_epochs - 1].train_mse < f.curve[0].train_mse);
			assert_true(f.start_mse > naive_mse(&later, false) * .5);
			lstm_free(m);
			fit_lstm_done(&f);
			dataset_done(&later);
			dataset_done(&d);
		}
}

static void same_bits_whatever_the_threads(void **state)
{
	(void)state;
	struct err e = {0};
	struct dataset d, later;
	struct lstm *m[3];
	struct fit_lstm_epoch *curve[3];
	make_sines(&d, 777, 6, 1);
	make_sines(&later, 1300, 6, 2);
	for (unsigned i = 0; i < 3; i++) {
		struct fit_lstm f = small_fit(1, 2, &later);
		f.threads = i + 1;
		f.batch = 300;
		f.epochs = 3;
		assert_int_equal(fit_lstm(&f, &d, &m[i], &e), 0);
		curve[i] = f.curve;
	}
	uint64_t n = lstm_n_weights(&m[0]->shape);
	for (unsigned i = 1; i < 3; i++) {
		assert_memory_equal(m[i]->weight, m[0]->weight, n * sizeof *m[0]->weight);
		assert_memory_equal(curve[i], curve[0], 3 * sizeof *curve[0]);
	}
	struct fit_lstm other = small_fit(1, 2, &later);
	struct lstm *differs;
	other.epochs = 3;
	other.batch = 300;
	other.seed = 6;
	assert_int_equal(fit_lstm(&other, &d, &differs, &e), 0);
	assert_memory_not_equal(differs->weight, m[0]->weight, n * sizeof *m[0]->weight);
	lstm_free(differs);
	fit_lstm_done(&other);
	for (unsigned i = 0; i < 3; i++) {
		lstm_free(m[i]);
		mem_free(curve[i]);
	}
	dataset_done(&later);
	dataset_done(&d);
}

/* Few rows whose y is noise: what is learnt of them soon makes later ones worse. */
static void keeps_the_best_epoch_and_stops(void **state)
{
	(void)state;
	struct err e = {0};
	struct dataset d, later;
	struct lstm *m;
	make_sines(&d, 60, 8, 1);
	make_sines(&later, 200, 8, 2);
	struct chance c = { 4 };
	for (uint32_t r = 0; r < d.n_rows; r++)
		d.y[r] += (float)(4 * drawn(&c));
	struct fit_lstm f = small_fit(1, 1, &later);
	f.epochs = 300;
	f.rate = f.last_rate = .02f;
	f.patience = 7;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), 0);
	assert_true(f.best > 0 && f.n_epochs == f.best + 7);
	for (uint32_t i = 0; i < f.n_epochs; i++)
		assert_true(f.curve[i].valid_mse >= f.curve[f.best - 1].valid_mse);
	double best = f.curve[f.best - 1].valid_mse;
	assert_true(fabs(mse_of(m, &later) - best) < 1e-6 * best);
	assert_true(f.curve[f.n_epochs - 1].valid_mse > best);
	lstm_free(m);
	fit_lstm_done(&f);
	dataset_done(&later);
	dataset_done(&d);
}

struct stopper {
	atomic_bool stop;
	uint32_t at, calls;
};

static void stop_there(void *ctx, uint32_t epoch, const struct fit_lstm_epoch *at)
{
	struct stopper *s = ctx;
	assert_int_equal(epoch, ++s->calls);
	assert_true(at->train_mse > 0 && at->longest > 0 && at->rate > 0);
	if (epoch == s->at)
		atomic_store(&s->stop, true);
}

static void stopped_keeps_the_best_so_far(void **state)
{
	(void)state;
	struct err e = {0};
	struct dataset d, later;
	struct lstm *m, *whole;
	make_sines(&d, 400, 8, 1);
	make_sines(&later, 200, 8, 2);
	struct fit_lstm f = small_fit(1, 1, &later);
	struct stopper s = { .at = 4 };
	f.last_rate = 0;
	f.progress = stop_there;
	f.ctx = &s;
	f.stop = &s.stop;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), -ECANCELED);
	assert_int_equal(f.n_epochs, 4);
	assert_int_equal(s.calls, 4);
	double best = f.curve[f.best - 1].valid_mse;
	assert_true(f.best > 0 && fabs(mse_of(m, &later) - best) < 1e-6 * best);
	struct fit_lstm four = small_fit(1, 1, &later);
	four.last_rate = 0;
	four.epochs = 4;
	assert_int_equal(fit_lstm(&four, &d, &whole, &e), 0);
	assert_memory_equal(m->weight, whole->weight,
		lstm_n_weights(&m->shape) * sizeof *m->weight);
	lstm_free(m);
	/* Before a single epoch: the start. */
	s = (struct stopper){ .stop = true };
	assert_int_equal(fit_lstm(&f, &d, &m, &e), -ECANCELED);
	assert_true(f.n_epochs == 0 && f.best == 0);
	assert_true(fabs(mse_of(m, &later) - f.start_mse) < 1e-6 * f.start_mse);
	lstm_free(m);
	lstm_free(whole);
	fit_lstm_done(&four);
	fit_lstm_done(&f);
	dataset_done(&later);
	dataset_done(&d);
}

static void goes_on_from_a_network_and_never_makes_it_worse(void **state)
{
	(void)state;
	struct err e = {0};
	struct dataset d, later;
	struct lstm *m, *on;
	make_sines(&d, 400, 8, 1);
	make_sines(&later, 200, 8, 2);
	struct fit_lstm f = small_fit(1, 1, &later);
	f.epochs = 5;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), 0);
	double before = mse_of(m, &later);
	f.from = m;
	assert_int_equal(fit_lstm(&f, &d, &on, &e), 0);
	assert_true(f.start_mse == f.start_mse && fabs(f.start_mse - before) < 1e-6 * before);
	assert_true(mse_of(on, &later) < before);
	assert_true(on->mean[0] == m->mean[0] && on->y_scale == m->y_scale);
	lstm_free(on);
	f.rate = f.last_rate = 3;
	assert_int_equal(fit_lstm(&f, &d, &on, &e), 0);
	assert_int_equal(f.best, 0);
	assert_memory_equal(on->weight, m->weight,
		lstm_n_weights(&m->shape) * sizeof *m->weight);
	lstm_free(on);
	f.hidden = 17;
	assert_int_equal(fit_lstm(&f, &d, &on, &e), -EINVAL);
	assert_null(on);
	lstm_free(m);
	fit_lstm_done(&f);
	dataset_done(&later);
	dataset_done(&d);
}

static void starts_as_asked(void **state)
{
	(void)state;
	struct err e = {0};
	struct dataset d;
	struct lstm *m, *plain;
	make_lags(&d, 100, 4, 1);
	for (uint32_t r = 0; r < d.n_rows * 4; r++)
		d.x[r * 2 + 1] = 3;
	struct fit_lstm f = small_fit(2, 2, NULL);
	f.epochs = 0;
	f.forget_bias = 4;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), 0);
	f.as_they_are = true;
	assert_int_equal(fit_lstm(&f, &d, &plain, &e), 0);
	assert_true(plain->mean[0] == 0 && plain->inverse[0] == 1 && plain->y_scale == 1);
	assert_true(m->mean[1] == 3 && m->inverse[1] == 1 && isnan(f.start_mse));
	assert_true(fabs((double)m->inverse[0] - 1 / (5 / sqrt(3))) < .05);
	for (uint32_t l = 0; l < 2; l++)
		for (uint32_t r = 0; r < 4 * 16; r++) {
			uint32_t width = lstm_width(&m->shape, l);
			const float *w = m->weight + lstm_offset(&m->shape, l) + r * width;
			for (uint32_t i = 0; i + 1 < width; i++)
				assert_true(fabsf(w[i]) <= .25f);
			assert_true(fabsf(w[width - 1] - (r / 16 == 1 ? 4 : 0)) <= .5f);
		}
	lstm_free(plain);
	lstm_free(m);
	d.x[5] = NAN;
	f.as_they_are = false;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), -ERANGE);
	f.as_they_are = true;
	f.epochs = 1;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), -ERANGE);
	assert_null(m);
	f.inputs = 3;
	assert_int_equal(fit_lstm(&f, &d, &m, &e), -EINVAL);
	fit_lstm_done(&f);
	dataset_done(&d);
}

static void memory_that_is_refused_is_an_error(void **state)
{
	(void)state;
	struct dataset d;
	size_t used = mem_used();
	int r = -ENOMEM;
	make_lags(&d, 100, 4, 1);
	for (uint64_t n = 1; r == -ENOMEM; n++) {
		struct err e = {0};
		struct lstm *m;
		struct fit_lstm f = small_fit(2, 2, NULL);
		f.epochs = 1;
		mem_fail_after(n);
		r = fit_lstm(&f, &d, &m, &e);
		mem_fail_after(0);
		assert_true(r == 0 || (r == -ENOMEM && !m && e.text[0]));
		lstm_free(m);
		fit_lstm_done(&f);
	}
	assert_int_equal(r, 0);
	dataset_done(&d);
	assert_int_equal(mem_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients_are_the_slopes_of_the_loss),
		cmocka_unit_test(gradients_are_clipped_by_their_length),
		cmocka_unit_test(adam_is_the_papers),
		cmocka_unit_test(learns_a_sine_and_a_copy_from_the_past),
		cmocka_unit_test(same_bits_whatever_the_threads),
		cmocka_unit_test(keeps_the_best_epoch_and_stops),
		cmocka_unit_test(stopped_keeps_the_best_so_far),
		cmocka_unit_test(goes_on_from_a_network_and_never_makes_it_worse),
		cmocka_unit_test(starts_as_asked),
		cmocka_unit_test(memory_that_is_refused_is_an_error),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
