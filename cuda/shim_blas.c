/* cuBLAS on the host: OpenBLAS, which takes matrices the same way, when the stream gets there. */
#include "blas.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim_parts.h"

struct sgemm {
	int a_turned, b_turned, m, n, k, lda, ldb, ldc;
	float alpha, beta;
	const float *a, *b;
	float *c;
};

static void run(const void *args)
{
	const struct sgemm *g = args;
	cblas_sgemm(CblasColMajor, g->a_turned ? CblasTrans : CblasNoTrans,
		g->b_turned ? CblasTrans : CblasNoTrans, g->m, g->n, g->k, g->alpha, g->a, g->lda,
		g->b, g->ldb, g->beta, g->c, g->ldc);
}

/* A handle is where its stream is kept. */
static int create(void **ret)
{
	*ret = calloc(1, sizeof(cudaStream_t));
	return *ret ? 0 : 3;
}

static int destroy(void *handle)
{
	free(handle);
	return 0;
}

static int set_stream(void *handle, cudaStream_t s)
{
	*(cudaStream_t *)handle = s;
	return 0;
}

static int sgemm(void *handle, int a_turned, int b_turned, int m, int n, int k, const float *alpha,
	const float *a, int lda, const float *b, int ldb, const float *beta, float *c, int ldc)
{
	struct sgemm g = { a_turned, b_turned, m, n, k, lda, ldb, ldc, *alpha, *beta, a, b, c };
	return shim_call(run, &g, sizeof g, *(cudaStream_t *)handle) == cudaSuccess ? 0 : 13;
}

bool blas_find(struct blas_calls *ret, char *text, size_t cap)
{
	*ret = (struct blas_calls){ create, destroy, set_stream, sgemm };
	snprintf(text, cap, shim_plan()->no_blas ? "the shim has none" : "the shim");
	return !shim_plan()->no_blas;
}
