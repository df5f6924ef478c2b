/* slow_lstm.h - an LSTM a value at a time, in doubles and the C library's functions. */
#ifndef TESTS_UNIT_SLOW_LSTM_H
#define TESTS_UNIT_SLOW_LSTM_H

#include <math.h>
#include <stdint.h>

#include "model/lstm.h"

static double slow_logistic(double x)
{
	return 1 / (1 + exp(-x));
}

/* One gate's sum: its row of W times inputs, h and 1. */
static double slow_sum(const double *w, const double *in, uint32_t n_in, const double *h,
	uint32_t n_h)
{
	double sum = w[n_in + n_h];
	for (uint32_t k = 0; k < n_in; k++)
		sum += w[k] * in[k];
	for (uint32_t k = 0; k < n_h; k++)
		sum += w[n_in + k] * h[k];
	return sum;
}

/* A step of a layer: h and c are those before, then those after. */
static void slow_cell(const double *w, const double *in, uint32_t n_in, double *h, double *c,
	uint32_t n)
{
	double before[LSTM_HIDDEN_MAX];
	uint32_t width = n_in + n + 1;
	for (uint32_t j = 0; j < n; j++)
		before[j] = h[j];
	for (uint32_t j = 0; j < n; j++) {
		double i = slow_logistic(slow_sum(w + j * width, in, n_in, before, n));
		double f = slow_logistic(slow_sum(w + (n + j) * width, in, n_in, before, n));
		double g = tanh(slow_sum(w + (2 * n + j) * width, in, n_in, before, n));
		double o = slow_logistic(slow_sum(w + (3 * n + j) * width, in, n_in, before, n));
		c[j] = f * c[j] + i * g;
		h[j] = o * tanh(c[j]);
	}
}

/* The standardised value of a row under other weights than the model's own. */
static double slow_value(const struct lstm *m, const double *weight, const float *x)
{
	const struct lstm_shape *s = &m->shape;
	double in[LSTM_INPUTS_MAX], h[2][LSTM_HIDDEN_MAX] = {{0}}, c[2][LSTM_HIDDEN_MAX] = {{0}};
	for (uint32_t t = 0; t < s->steps; t++) {
		const double *w = weight;
		for (uint32_t k = 0; k < s->inputs; k++)
			in[k] = ((double)x[t * s->inputs + k] - (double)m->mean[k]) *
				(double)m->inverse[k];
		for (uint32_t l = 0; l < s->layers; l++) {
			uint32_t n_in = l ? s->hidden : s->inputs;
			slow_cell(w, l ? h[l - 1] : in, n_in, h[l], c[l], s->hidden);
			w += 4 * s->hidden * (n_in + s->hidden + 1);
		}
		if (t + 1 == s->steps)
			return slow_sum(w, h[s->layers - 1], s->hidden, NULL, 0);
	}
	return (double)NAN;
}

#endif
