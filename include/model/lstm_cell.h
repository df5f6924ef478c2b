/* lstm_cell.h - one cell of an LSTM layer, forward and backward, the same bits on every processor.
 */
#ifndef MODEL_LSTM_CELL_H
#define MODEL_LSTM_CELL_H

#include "base/cpu.h"
#include "base/hd.h"

/* Minimax on [-8, 8] of x P(x^2) / Q(x^2), by weighted least squares; beyond it is 1 - 6e-8. */
PART_OF_MANY HD float lstm_tanh(float x)
{
	x = x > 8.0f ? 8.0f : x;
	x = x < -8.0f ? -8.0f : x;
	float t = x * x;
	float p = 1.523035387e-8f, q = 8.522420671e-7f;
	p = p * t + 2.189461702e-5f;
	q = q * t + 3.411287616e-4f;
	p = p * t + 3.571595298e-3f;
	q = q * t + 2.616443299e-2f;
	p = p * t + 1.344449520e-1f;
	q = q * t + 4.677782357e-1f;
	p = p * t + 1.0f;
	q = q * t + 1.0f;
	return x * p / q;
}

PART_OF_MANY HD float lstm_logistic(float x)
{
	return .5f + .5f * lstm_tanh(.5f * x);
}

/* Gates i, f, g, o as sums, as activations, or as derivatives by the sums; and c. */
struct lstm_cell {
	float i, f, g, o, c;
};

/* Sums become activations, and c is set; returns h. */
PART_OF_MANY HD float lstm_cell_forward(struct lstm_cell *k, float before)
{
	k->i = lstm_logistic(k->i);
	k->f = lstm_logistic(k->f);
	k->g = lstm_tanh(k->g);
	k->o = lstm_logistic(k->o);
	k->c = k->f * before + k->i * k->g;
	return k->o * lstm_tanh(k->c);
}

/* Activations become derivatives; d_cell is that by c of the next step times its f; returns the
 * same of this step.
 */
PART_OF_MANY HD float lstm_cell_backward(struct lstm_cell *k, float before, float by_h,
	float d_cell)
{
	float in = k->i, keep = k->f, show = k->o, t = lstm_tanh(k->c);
	float by_c = d_cell + by_h * show * (1.0f - t * t);
	k->i = by_c * k->g * in * (1.0f - in);
	k->f = by_c * before * keep * (1.0f - keep);
	k->g = by_c * in * (1.0f - k->g * k->g);
	k->o = by_h * t * show * (1.0f - show);
	return by_c * keep;
}

PART_OF_MANY HD float lstm_standard(float x, float mean, float inverse)
{
	return (x - mean) * inverse;
}

#endif
