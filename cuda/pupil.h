/* pupil.h - an LSTM that learns on the device: mini-batches through time and back, then Adam.
 *
 * The rows lie on the device, with everything a mini-batch needs: as in learn/lstm_tape.h, but that
 * a mini-batch is one piece. Owner: the thread of the stream.
 */
#ifndef CUDA_PUPIL_H
#define CUDA_PUPIL_H

#include "learn/accel_module.h"

#include "network.h"

struct pupil;

#ifdef __cplusplus
extern "C" {
#endif
int pupil_make(struct pupil **ret, const struct accel_lesson *l, const struct blas *b,
	cudaStream_t s, struct err *e);
void pupil_free(void *pupil);
int pupil_batch(void *pupil, struct accel_batch *b, struct err *e);
int pupil_judge(void *pupil, double *ret, struct err *e);
int pupil_weights(void *pupil, float *ret, struct err *e);
int pupil_gradient(void *pupil, float *ret, struct err *e);
#ifdef __cplusplus
}
#endif

#endif
