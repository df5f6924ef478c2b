/* lstm_gates.h - the pointwise part of one step of an LSTM layer, forward and backward.
 *
 * i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g); c = f c' + i g; h = o tanh(c) (Hochreiter,
 * Schmidhuber 1997; the forget gate: Gers, Schmidhuber, Cummins 2000). s and tanh are one rational
 * function of floats with errors below 4e-7 (tanh, relative) and 3e-7 (s, absolute), the same bits
 * on every processor. No memory, no state; any thread.
 */
#ifndef MODEL_LSTM_GATES_H
#define MODEL_LSTM_GATES_H

#include <stdint.h>

/* Rows that are not next to each other: row r starts at at + r * stride. */
struct lstm_rows {
	float *at;
	uint32_t stride;
};

struct lstm_step {
	uint32_t rows, hidden;
	float *gate;            /* [rows][4 hidden] in the order i, f, g, o */
	const float *before;    /* [rows][hidden]: c of the step before */
	float *cell;            /* [rows][hidden]: c; never the same memory as before */
};

/* gate: sums in, activations out; cell and out (h) are written. */
void lstm_gates_forward(const struct lstm_step *s, struct lstm_rows out);

/* gate: activations in, derivatives of the loss by the sums out. By h it is above + later; d_cell
 * [rows][hidden] is that by c of the next step times its f, and becomes the same of this step.
 */
void lstm_gates_backward(const struct lstm_step *s, struct lstm_rows above, struct lstm_rows later,
	float *d_cell);

/* out[j] = (x[j] - mean[j]) * inverse[j] */
void lstm_standardise(float *out, const float *x, const float *mean, const float *inverse,
	uint32_t n);

#endif
