/* lstm_tape.h - an LSTM's way forward over some rows, remembered, and the gradient on the way back.
 *
 * Back-propagation through time (Werbos 1990; Graves, Schmidhuber 2005, appendix) of the summed
 * squared error, both in standardised units. A tape keeps z, the gates and c of every step, so that
 * each product is one of large matrices. Owner: one thread at a time. Memory: all of it taken by
 * lstm_tape_init(), none after.
 */
#ifndef LEARN_LSTM_TAPE_H
#define LEARN_LSTM_TAPE_H

#include <stdint.h>

#include "model/lstm.h"

struct dataset;
struct err;

/* Some rows of a dataset, by number. */
struct tape_rows {
	const struct dataset *of;
	const uint32_t *row;
	uint32_t n;
};

struct lstm_tape {
	struct lstm_shape shape;
	uint32_t cap;           /* rows */
	struct tape_layer {
		float *z;       /* [steps + 1][n][width]: the last one for h alone */
		float *gate;    /* [steps][n][4 hidden]; on the way back derivatives by its sums */
		float *cell;    /* [steps + 1][n][hidden], of zeros first */
		float *d_in;    /* [steps][n][below + hidden]: by z without the bias */
	} layer[LSTM_LAYERS_MAX];
	float *d_cell;          /* [n][hidden] */
	float *error;           /* [n]: value less y */
	float *d_top;           /* [n][hidden]: by the last h */
	float *zeros;           /* [hidden] */
};

int lstm_tape_init(struct lstm_tape *t, const struct lstm_shape *s, uint32_t cap, struct err *e);
void lstm_tape_done(struct lstm_tape *t);

/* The sum of squared errors over the rows, at most cap, of the tape's shape. */
double lstm_tape_forward(struct lstm_tape *t, const struct lstm *m, struct tape_rows rows);

/* ret_gradient[i] = weight times the derivative by m->weight[i] of the sum that the call above, of
 * the same m and n rows, returned. The tape must go forward again before it comes back.
 */
void lstm_tape_backward(struct lstm_tape *t, const struct lstm *m, uint32_t n, float weight,
	float *ret_gradient);

#endif
