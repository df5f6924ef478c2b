/* lstm.h - a long short-term memory network that tells the next value of a series from a window.
 *
 * One or two layers and a linear head on the last h. A row of x is steps x inputs floats, oldest
 * step first, all finite. With z = [x_t, h_(t-1), 1] the sums of a step are W z, the gates in the
 * order i, f, g, o (Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000; lstm_gates.h).
 * That is PyTorch's LSTM: a row of W is the row of weight_ih, that of weight_hh, and the sum of
 * bias_ih and bias_hh. Inputs are standardised on the way in, the value turned back on the way out.
 * Owner: whoever holds it; read-only while it predicts, in any thread.
 */
#ifndef MODEL_LSTM_H
#define MODEL_LSTM_H

#include <stdint.h>

#include "model/precision.h"

struct err;
struct packer;
struct unpacker;

#define LSTM_LAYERS_MAX 2u
#define LSTM_HIDDEN_MAX 256u
#define LSTM_INPUTS_MAX 256u
#define LSTM_STEPS_MAX 1024u

struct lstm_shape {
	uint32_t layers, hidden, inputs, steps;
};

struct lstm {
	struct lstm_shape shape;
	enum precision precision;  /* what the weights were rounded to */
	float *weight;          /* for each layer W [4 hidden][width]; then the head [hidden + 1] */
	float *mean, *inverse;  /* [inputs]: x is taken as (x - mean) * inverse */
	float y_mean, y_scale;  /* the head's value times y_scale, plus y_mean */
};

/* Columns of a layer's W: its inputs, hidden, and the bias. */
static inline uint32_t lstm_width(const struct lstm_shape *s, uint32_t layer)
{
	return (layer ? s->hidden : s->inputs) + s->hidden + 1;
}

/* Where a layer's W starts in weight; layer = layers: where the head does. */
static inline uint64_t lstm_offset(const struct lstm_shape *s, uint32_t layer)
{
	uint64_t at = 0;
	for (uint32_t l = 0; l < layer; l++)
		at += (uint64_t)4 * s->hidden * lstm_width(s, l);
	return at;
}

static inline uint64_t lstm_n_weights(const struct lstm_shape *s)
{
	return lstm_offset(s, s->layers) + s->hidden + 1;
}

/* All weights 0, nothing scaled. NULL: -EINVAL (beyond the limits above) or -ENOMEM is in e. */
struct lstm *lstm_new(const struct lstm_shape *s, struct err *e);
struct lstm *lstm_copy(const struct lstm *from, struct err *e);
void lstm_free(struct lstm *m);

/* ret_y[r] of row r of x. Takes no memory but 128 KiB of stack. A row's value depends on the rows
 * beside it by no more than 1e-5 y_scale: the matrix products may add in another order.
 */
void lstm_predict(const struct lstm *m, const float *x, uint32_t n_rows, float *ret_y);

/* In the precision of m. Packed, unpacked and packed again gives the same bytes. */
void lstm_pack(const struct lstm *m, struct packer *p);
/* NULL: -EBADMSG (cut, out of limits, not finite) or -ENOMEM is in e. */
struct lstm *lstm_unpack(struct unpacker *u, struct err *e);

/* A copy with its weights rounded. NULL: -ENOMEM. */
struct lstm *lstm_round(const struct lstm *m, enum precision to, struct err *e);

/* How far two models of one shape are apart on given rows, in units of y. */
struct lstm_gap {
	double max, rms;
};
struct lstm_gap lstm_compare(const struct lstm *a, const struct lstm *b, const float *x,
	uint32_t n_rows);

#endif
