/* The network against a loop in doubles, and its bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "model/lstm.h"
#include "model/lstm_gates.h"
#include "slow_lstm.h"

#define ROWS 301u
#define DAMAGES 4000u

static const struct lstm_shape shape[] = {
	{ 1, 1, 1, 1 }, { 1, 5, 3, 7 }, { 2, 5, 3, 7 }, { 1, 32, 8, 24 }, { 2, 33, 1, 40 },
	{ 2, 256, 256, 3 },
};
#define N_SHAPE (sizeof shape / sizeof *shape)

static float drawn(struct chance *c, double within)
{
	return (float)((2 * chance_unit(chance_next(c)) - 1) * within);
}

static struct lstm *make(const struct lstm_shape *s, uint64_t seed)
{
	struct chance c = { seed };
	struct err e = {0};
	struct lstm *m = lstm_new(s, &e);
	assert_non_null(m);
	for (uint64_t i = 0; i < lstm_n_weights(s); i++)
		m->weight[i] = drawn(&c, 2 / sqrt(s->hidden));
	for (uint32_t i = 0; i < s->inputs; i++) {
		m->mean[i] = drawn(&c, 3);
		m->inverse[i] = 1 + drawn(&c, .5);
	}
	m->y_mean = 7;
	m->y_scale = 2.5f;
	return m;
}

static float *make_rows(const struct lstm_shape *s, uint32_t n)
{
	struct chance c = { 77 };
	float *x = mem_get((size_t)n * s->steps, s->inputs * sizeof *x);
	for (uint64_t i = 0; i < (uint64_t)n * s->steps * s->inputs; i++)
		x[i] = drawn(&c, 4);
	return x;
}

static double *doubles(const struct lstm *m)
{
	uint64_t n = lstm_n_weights(&m->shape);
	double *w = mem_get(n, sizeof *w);
	for (uint64_t i = 0; i < n; i++)
		w[i] = (double)m->weight[i];
	return w;
}

static void activations_are_as_exact_as_said(void **state)
{
	(void)state;
	for (double x = -40; x <= 40; x += 1e-3) {
		float gate[4] = { (float)x, (float)x, (float)x, 100 }, before = 0, cell, h;
		struct lstm_step s = { 1, 1, gate, &before, &cell };
		double v = (double)(float)x, tanh_v = tanh(v);
		lstm_gates_forward(&s, (struct lstm_rows){ &h, 1 });
		assert_true(fabs((double)gate[0] - slow_logistic(v)) < 3e-7);
		assert_true(fabs((double)gate[2] - tanh_v) <= 4e-7 * fabs(tanh_v));
		assert_true(gate[0] < 1 && gate[0] > 0 && gate[2] < 1 && gate[2] > -1);
	}
}

static void predicts_as_a_loop_in_doubles(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_SHAPE; k++) {
		const struct lstm_shape *s = &shape[k];
		uint32_t n = s->hidden > 100 ? 20 : ROWS;
		struct lstm *m = make(s, k);
		float *x = make_rows(s, n), y[ROWS];
		double *w = doubles(m), spread = 0;
		lstm_predict(m, x, n, y);
		for (uint32_t r = 0; r < n; r++) {
			double v = slow_value(m, w, x + (size_t)r * s->steps * s->inputs);
			assert_true(fabs((double)y[r] - (7 + 2.5 * v)) < 2e-5);
			spread += fabs(v);
		}
		assert_true(spread / n > .05);
		mem_free(x);
		mem_free(w);
		lstm_free(m);
	}
}

static void rows_do_not_depend_on_their_neighbours(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_SHAPE; k++) {
		const struct lstm_shape *s = &shape[k];
		struct lstm *m = make(s, k);
		float *x = make_rows(s, ROWS), together[ROWS], apart;
		uint64_t calls = mem_calls();
		lstm_predict(m, x, ROWS, together);
		assert_int_equal(mem_calls(), calls);
		for (uint32_t r = 0; r < ROWS; r += 7) {
			lstm_predict(m, x + (size_t)r * s->steps * s->inputs, 1, &apart);
			assert_true(fabsf(apart - together[r]) < 1e-5f * m->y_scale);
		}
		mem_free(x);
		lstm_free(m);
	}
}

/* The caller frees p.at. */
static struct packer packed(const struct lstm *m)
{
	struct packer size = {0};
	lstm_pack(m, &size);
	struct packer p = { mem_get(1, size.len), 0, size.len };
	lstm_pack(m, &p);
	assert_int_equal(p.len, p.cap);
	return p;
}

static void bytes_come_back_in_every_precision(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_SHAPE; k++)
		for (int as = 0; as < PRECISION_N; as++) {
			struct err e = {0};
			struct lstm *m = make(&shape[k], k);
			struct lstm *r = lstm_round(m, (enum precision)as, &e);
			struct packer p = packed(r);
			struct unpacker u = { p.at, p.at + p.len };
			struct lstm *back = lstm_unpack(&u, &e);
			assert_non_null(back);
			assert_true(u.at == u.end);
			assert_int_equal(back->precision, as);
			assert_memory_equal(back->weight, r->weight,
				lstm_n_weights(&m->shape) * sizeof *m->weight);
			assert_memory_equal(back->mean, m->mean, m->shape.inputs * sizeof *m->mean);
			assert_true(back->y_mean == 7 && back->y_scale == 2.5f);
			struct packer again = packed(back);
			assert_int_equal(again.len, p.len);
			assert_memory_equal(again.at, p.at, p.len);
			mem_free(again.at);
			mem_free(p.at);
			lstm_free(back);
			lstm_free(r);
			lstm_free(m);
		}
}

/* Never a crash, never a value that is not finite, never more memory than the limits allow. */
static void damaged_bytes_are_refused_or_harmless(void **state)
{
	(void)state;
	struct chance c = { 5 };
	for (int as = 0; as < PRECISION_N; as++) {
		struct err e = {0};
		struct lstm *m = make(&shape[2], 1);
		struct lstm *r = lstm_round(m, (enum precision)as, &e);
		struct packer p = packed(r);
		char *copy = mem_get(1, p.len);
		float *x = make_rows(&shape[2], 1), y;
		uint32_t refused = 0;
		for (size_t len = 0; len < p.len; len++)
			assert_null(lstm_unpack(&(struct unpacker){ p.at, p.at + len }, &e));
		for (uint32_t i = 0; i < DAMAGES; i++) {
			memcpy(copy, p.at, p.len);
			uint32_t at = i < 24 * 8 ? i / 8 : chance_below(&c, (uint32_t)p.len);
			copy[at] = (char)(copy[at] ^ 1 << i % 8);
			e = (struct err){0};
			struct lstm *d = lstm_unpack(&(struct unpacker){ copy, copy + p.len }, &e);
			refused += !d;
			assert_int_equal(e.code, d ? 0 : -74);
			if (d && memcmp(&d->shape, &m->shape, sizeof m->shape) == 0) {
				lstm_predict(d, x, 1, &y);
				assert_false(isnan(y));
			}
			lstm_free(d);
		}
		assert_in_range(refused, 24, DAMAGES - 100);
		mem_free(x);
		mem_free(copy);
		mem_free(p.at);
		lstm_free(r);
		lstm_free(m);
	}
}

static void limits_are_kept(void **state)
{
	(void)state;
	const struct lstm_shape bad[] = { { 0, 1, 1, 1 }, { 3, 1, 1, 1 }, { 1, 0, 1, 1 },
		{ 1, 257, 1, 1 }, { 1, 1, 0, 1 }, { 1, 1, 257, 1 }, { 1, 1, 1, 0 },
		{ 1, 1, 1, 1025 } };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		assert_null(lstm_new(&bad[i], &e));
		assert_int_equal(e.code, -22);
	}
}

/* Half of a unit in the last place: 2^-12 of a half, 1/254 of the largest weight of its row. */
static void rounding_is_within_its_bounds(void **state)
{
	(void)state;
	struct err e = {0};
	struct lstm *m = make(&shape[3], 3);
	const struct lstm_shape *s = &m->shape;
	m->weight[0] = 1e6f;
	m->weight[1] = -3e-6f;
	m->weight[2] = 1e-9f;
	struct lstm *half = lstm_round(m, PRECISION_FLOAT16, &e);
	struct lstm *byte = lstm_round(m, PRECISION_INT8, &e);
	assert_true(half->weight[0] == 65504);
	for (uint64_t i = 1; i < lstm_n_weights(s); i++) {
		double off = fabs((double)half->weight[i] - (double)m->weight[i]);
		assert_true(off <= fmax(fabs((double)m->weight[i]) * 0x1p-11, 0x1p-25));
	}
	uint32_t width = lstm_width(s, 0);
	for (uint32_t row = 1; row < 4 * s->hidden; row++) {
		const float *a = m->weight + row * width, *b = byte->weight + row * width;
		float largest = 0;
		for (uint32_t i = 0; i + 1 < width; i++)
			largest = fmaxf(largest, fabsf(a[i]));
		for (uint32_t i = 0; i + 1 < width; i++)
			assert_true(fabsf(a[i] - b[i]) <= largest / 253);
		assert_true(a[width - 1] == b[width - 1]);
	}
	lstm_free(byte);
	lstm_free(half);
	lstm_free(m);
}

static void accuracy_lost_is_told(void **state)
{
	(void)state;
	struct err e = {0};
	struct lstm *m = make(&shape[3], 3);
	float *x = make_rows(&m->shape, ROWS), a[ROWS], b[ROWS];
	double max[PRECISION_N];
	lstm_predict(m, x, ROWS, a);
	for (int as = 0; as < PRECISION_N; as++) {
		struct lstm *r = lstm_round(m, (enum precision)as, &e);
		struct lstm_gap gap = lstm_compare(m, r, x, ROWS);
		double sum = 0;
		max[as] = 0;
		lstm_predict(r, x, ROWS, b);
		for (uint32_t i = 0; i < ROWS; i++) {
			double d = fabs((double)a[i] - (double)b[i]);
			max[as] = fmax(max[as], d);
			sum += d * d;
		}
		assert_true(fabs(gap.max - max[as]) < 1e-4);
		assert_true(fabs(gap.rms - sqrt(sum / ROWS)) < 1e-5);
		assert_true(gap.rms <= gap.max);
		lstm_free(r);
	}
	assert_true(max[PRECISION_FLOAT32] == 0);
	assert_true(max[PRECISION_FLOAT16] > 0 && max[PRECISION_FLOAT16] < .01);
	assert_true(max[PRECISION_INT8] > 2 * max[PRECISION_FLOAT16] && max[PRECISION_INT8] < .3);
	mem_free(x);
	lstm_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(activations_are_as_exact_as_said),
		cmocka_unit_test(predicts_as_a_loop_in_doubles),
		cmocka_unit_test(rows_do_not_depend_on_their_neighbours),
		cmocka_unit_test(bytes_come_back_in_every_precision),
		cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(rounding_is_within_its_bounds),
		cmocka_unit_test(accuracy_lost_is_told),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
