/* network.h - an LSTM on the device, and its way forward.
 *
 * Steps of a layer are enqueued; what they hold is the caller's: one step's z for forecasts, all
 * steps' for learning (pupil.cu). Owner: the thread of the stream.
 */
#ifndef CUDA_NETWORK_H
#define CUDA_NETWORK_H

#include <stdint.h>

#include "model/lstm.h"

#include "blas.h"
#include "forecast_kernels.h"

struct network {
	struct lstm_shape shape;
	const struct blas *blas;        /* borrowed */
	cudaStream_t stream;
	float *weight, *mean, *inverse; /* one piece of the device's memory */
	float y_mean, y_scale;
};

/* A step of a layer over n rows. */
struct forward {
	const float *z;
	float *gate;
	const float *before;            /* NULL: zeros */
	float *cell;
	struct spaced h, above;
};

/* Room for forecasts of cap rows, one step at a time. */
struct pass {
	uint32_t cap;
	float *z[LSTM_LAYERS_MAX];
	float *cell[LSTM_LAYERS_MAX];   /* [2][cap][hidden]: of even steps and of odd ones */
	float *gate;
	void *room;
};

#ifdef __cplusplus
extern "C" {
#endif
cudaError_t network_make(struct network *w, const struct lstm *m, const struct blas *b,
	cudaStream_t s);
void network_done(struct network *w);
/* For the bias in every step, for h in the first one. */
cudaError_t network_begin(const struct network *w, uint32_t layer, float *z, uint32_t n,
	uint32_t n_steps);
cudaError_t network_forward(const struct network *w, uint32_t layer, uint32_t n,
	const struct forward *f);
/* h among the columns of a layer's z. */
struct spaced network_h(const struct network *w, uint32_t layer, float *z);

cudaError_t pass_make(struct pass *p, const struct network *w, uint32_t cap);
void pass_done(struct pass *p);
/* What the head makes of h after the last step of n rows of x, at most cap; y: for errors. */
cudaError_t network_pass(const struct network *w, const struct pass *p, const float *x, uint32_t n,
	const float *y, float *ret);
#ifdef __cplusplus
}
#endif

#endif
