/* forecast_kernels.h - forecasts on the device, and what learning needs beside matrix products.
 *
 * Rows, weights and trees lie as in model/linear.h, model/forest.h and model/lstm.h, z, gates and
 * cells as in learn/lstm_tape.h; each value is that of the function which the CPU calls. Sums have
 * a fixed shape: the same bits in every run on one device. Pointers are the device's. Launches
 * return at once. Owner: the thread of the stream.
 */
#ifndef CUDA_FORECAST_KERNELS_H
#define CUDA_FORECAST_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/adam.h"
#include "model/forest.h"

#include "device.h"

struct linear_args {
	const float *weight, *x;
	uint32_t n_columns, n_rows;
	float *y;
};

struct forest_args {
	const struct forest_node *node;
	const uint32_t *root;
	const float *x;
	uint32_t n_trees, n_columns, n_rows;
	float *y;
};

/* Rows of floats that are not next to each other. */
struct spaced {
	float *at;              /* NULL: nobody asks, or zeros */
	uint32_t stride;
};

struct zero_args {
	float *v;
	uint64_t n;
};

/* z of n rows for some steps: ones for the bias, zeros for h in the first step. */
struct begin_args {
	float *z;
	uint32_t n, n_steps, width, hidden;
};

/* Steps first .. first + n_steps - 1 of n rows of x, standardised. */
struct take_args {
	const float *x;
	const uint32_t *row;            /* NULL: one after the other */
	uint32_t n, first, n_steps;
	uint32_t steps, inputs;         /* of a row */
	const float *mean, *inverse;
	struct spaced z;
};

struct gates_args {
	uint32_t n, hidden;
	float *gate;
	const float *before;            /* NULL: zeros */
	float *cell;
	struct spaced h, above;         /* above: the layer there reads h too */
};

enum head_of { HEAD_VALUE, HEAD_ERROR, HEAD_ERROR_STANDARD };

struct head_args {
	struct spaced h;
	uint32_t n, hidden;
	const float *head, *y;
	const uint32_t *row;            /* whose y; NULL: one after the other */
	float y_mean, y_scale;
	enum head_of what;
	float *out;
};

/* d_cell is read but in the last step, and written. */
struct back_args {
	uint32_t n, hidden;
	float *gate, *d_cell;
	const float *before, *cell;
	struct spaced above, later;
	uint32_t is_last;
};

/* By the last h of a row: its error times the head, and by. */
struct top_args {
	const float *error, *head;
	float by;
	uint32_t n, hidden;
	float *d_top;
};

#define SQUARES 64u                     /* parts that a long sum has */

struct squares_args {
	const float *v;
	uint64_t n;
	double *part;                   /* one a block */
};

struct learnt {
	double sum, length;
};

struct adam_args {
	float *weight, *mean, *square;
	const float *gradient;
	uint64_t n;
	float clip;
	struct adam_pace pace;
	const double *error;            /* the sum of squared errors */
	const double *part;             /* [SQUARES], of the gradient */
	struct learnt *ret;
};

#ifdef __cplusplus
extern "C" {
#endif
cudaError_t forecast_linear(struct linear_args a, cudaStream_t s);
cudaError_t forecast_forest(struct forest_args a, cudaStream_t s);
cudaError_t lstm_zero(float *v, uint64_t n, cudaStream_t s);
cudaError_t lstm_begin(struct begin_args a, cudaStream_t s);
cudaError_t lstm_take(struct take_args a, cudaStream_t s);
cudaError_t lstm_gates(struct gates_args a, cudaStream_t s);
cudaError_t lstm_head(struct head_args a, cudaStream_t s);
cudaError_t lstm_back(struct back_args a, cudaStream_t s);
cudaError_t lstm_top(struct top_args a, cudaStream_t s);
cudaError_t lstm_squares(struct squares_args a, uint32_t n_parts, cudaStream_t s);
cudaError_t lstm_adam(struct adam_args a, cudaStream_t s);
#ifdef __cplusplus
}
#endif

#endif
