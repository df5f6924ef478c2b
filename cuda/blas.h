/* blas.h - products of matrices by cuBLAS, which is looked for when a network needs it: the module
 * loads without, and all but networks works. Owner: the thread of the stream.
 */
#ifndef CUDA_BLAS_H
#define CUDA_BLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

struct err;

/* By cuBLAS's names less "cublas", as in its headers of versions 12 and 13; 0 is success. */
struct blas_calls {
	int (*create)(void **ret_handle);
	int (*destroy)(void *handle);
	int (*set_stream)(void *handle, cudaStream_t s);
	int (*sgemm)(void *handle, int a_turned, int b_turned, int m, int n, int k,
		const float *alpha, const float *a, int lda, const float *b, int ldb,
		const float *beta, float *c, int ldc);
};

struct blas {
	struct blas_calls calls;
	void *handle;
};

/* C [m][n] = by A [m][k] B [k][n]; one that is turned lies the other way round. Rows of a matrix
 * are so far apart as its step says.
 */
struct product {
	const float *a, *b;
	float *c;
	uint32_t m, n, k;
	uint32_t a_step, b_step, c_step;
	bool a_turned, b_turned;
	float by;
};

#ifdef __cplusplus
extern "C" {
#endif
/* The library, which stays loaded: its name in text, or why there is none. */
bool blas_find(struct blas_calls *ret, char *text, size_t cap);
/* -ENOTSUP: there is no cuBLAS. */
int blas_open(struct blas *b, cudaStream_t s, struct err *e);
void blas_close(struct blas *b);
cudaError_t blas_multiply(const struct blas *b, const struct product *p);
#ifdef __cplusplus
}
#endif

#endif
