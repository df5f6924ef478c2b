/* The module as a forecaster: models that are copied to the device once, rows that travel there and
 * forecasts that come back, in pieces; networks by cuBLAS. One stream; every call ends with a wait.
 */
#include <stdlib.h>

#include "learn/accel_module.h"
#include "model/forecaster.h"

#include "blas.h"
#include "forecast_kernels.h"
#include "host.h"
#include "network.h"
#include "pupil.h"

#define PIECE_FLOATS (1u << 22) /* of rows that travel together */
#define PIECE_ROWS (1u << 20)
#define PASS_ROWS 16384u        /* the same, to a network */

struct device {
	cudaStream_t stream;
	struct blas blas;
};

/* A forecaster on the device, and room for a piece of rows. */
struct held {
	struct device *device;
	enum forecaster_kind kind;
	uint32_t n_columns, n_trees, cap;
	float *weight;                  /* linear */
	struct forest_node *node;       /* forest */
	uint32_t *root;
	struct network net;
	struct pass pass;
	float *x, *y;
};

static void accel_cuda_close(void *device)
{
	struct device *d = (struct device *)device;
	if (!d)
		return;
	blas_close(&d->blas);
	if (d->stream)
		cudaStreamDestroy(d->stream);
	free(d);
}

static int accel_cuda_open(void **ret, struct err *e)
{
	char name[256];
	int code = host_find_device(name, sizeof name, e);
	if (code < 0)
		return code;
	struct device *d = (struct device *)calloc(1, sizeof *d);
	if (!d)
		return fail(e, -ENOMEM, "could not use the device: out of memory");
	cudaError_t r = cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking);
	if (r == cudaSuccess) {
		*ret = d;
		return 0;
	}
	d->stream = NULL;
	accel_cuda_close(d);
	return fail_call(e, r, "forecast on the device");
}

static bool accel_cuda_networks(char *ret, size_t cap)
{
	struct blas_calls unused;
	return blas_find(&unused, ret, cap);
}

/* Models */

static cudaError_t copy_new(void *ret, const void *from, size_t bytes, cudaStream_t s)
{
	void **to = (void **)ret;
	cudaError_t r = cudaMalloc(to, bytes);
	if (r != cudaSuccess) {
		*to = NULL;
		return r;
	}
	return cudaMemcpyAsync(*to, from, bytes, cudaMemcpyHostToDevice, s);
}

static cudaError_t hold_linear(struct held *h, const struct forecaster *f)
{
	return copy_new(&h->weight, f->linear.weight, (f->linear.n_columns + 1) * sizeof(float),
		h->device->stream);
}

static cudaError_t hold_forest(struct held *h, const struct forecaster *f)
{
	const struct forest *t = &f->forest;
	h->n_trees = t->n_trees;
	cudaError_t r = copy_new(&h->node, t->node, t->n_nodes * sizeof *t->node,
		h->device->stream);
	return r == cudaSuccess ? copy_new(&h->root, t->root, (t->n_trees + 1) * sizeof *t->root,
		h->device->stream) : r;
}

static cudaError_t hold_network(struct held *h, const struct forecaster *f)
{
	cudaError_t r = network_make(&h->net, f->lstm, &h->device->blas, h->device->stream);
	return r == cudaSuccess ? pass_make(&h->pass, &h->net, h->cap) : r;
}

static cudaError_t predict_linear(const struct held *h, uint32_t n)
{
	struct linear_args a = { h->weight, h->x, h->n_columns, n, h->y };
	return forecast_linear(a, h->device->stream);
}

static cudaError_t predict_forest(const struct held *h, uint32_t n)
{
	struct forest_args a = { h->node, h->root, h->x, h->n_trees, h->n_columns, n, h->y };
	return forecast_forest(a, h->device->stream);
}

static cudaError_t predict_network(const struct held *h, uint32_t n)
{
	return network_pass(&h->net, &h->pass, h->x, n, NULL, h->y);
}

/* In the order of enum forecaster_kind. */
static const struct {
	cudaError_t (*hold)(struct held *h, const struct forecaster *f);
	cudaError_t (*predict)(const struct held *h, uint32_t n);
} kinds[FORECASTER_N] = {
	{ NULL, NULL },
	{ hold_linear, predict_linear },
	{ hold_forest, predict_forest },
	{ hold_network, predict_network },
};

static void accel_cuda_drop(void *held)
{
	struct held *h = (struct held *)held;
	void *const part[] = { h->weight, h->node, h->root, h->x, h->y };
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		if (part[i])
			cudaFree(part[i]);
	pass_done(&h->pass);
	network_done(&h->net);
	free(h);
}

static cudaError_t hold_rows(struct held *h)
{
	cudaError_t r = cudaMalloc((void **)&h->x, (size_t)h->cap * h->n_columns * sizeof *h->x);
	if (r != cudaSuccess)
		h->x = NULL;
	else if ((r = cudaMalloc((void **)&h->y, h->cap * sizeof *h->y)) != cudaSuccess)
		h->y = NULL;
	return r;
}

static int accel_cuda_hold(void *device, const struct forecaster *f, void **ret, struct err *e)
{
	struct device *d = (struct device *)device;
	uint32_t columns = forecaster_columns(f);
	uint32_t most = f->kind == FORECASTER_LSTM ? PASS_ROWS : PIECE_ROWS;
	int code = f->kind == FORECASTER_LSTM ? blas_open(&d->blas, d->stream, e) : 0;
	if (code < 0)
		return code;
	struct held *h = (struct held *)calloc(1, sizeof *h);
	if (!h)
		return fail(e, -ENOMEM, "could not forecast on the device: out of memory");
	h->device = d;
	h->kind = f->kind;
	h->n_columns = columns;
	h->cap = PIECE_FLOATS / columns < most ? PIECE_FLOATS / columns : most;
	cudaError_t r = hold_rows(h);
	if (r == cudaSuccess)
		r = kinds[f->kind].hold(h, f);
	cudaError_t wait = cudaStreamSynchronize(d->stream);
	r = r == cudaSuccess ? wait : r;
	if (r == cudaSuccess) {
		*ret = h;
		return 0;
	}
	accel_cuda_drop(h);
	return fail_call(e, r, "bring a forecaster to the device");
}

static cudaError_t predict_piece(struct held *h, const float *x, uint32_t n, float *ret)
{
	cudaStream_t s = h->device->stream;
	cudaError_t r = cudaMemcpyAsync(h->x, x, (size_t)n * h->n_columns * sizeof *x,
		cudaMemcpyHostToDevice, s);
	if (r == cudaSuccess)
		r = kinds[h->kind].predict(h, n);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(ret, h->y, n * sizeof *ret, cudaMemcpyDeviceToHost, s);
	return r == cudaSuccess ? cudaStreamSynchronize(s) : r;
}

static int accel_cuda_predict(void *held, const float *x, uint32_t n_rows, float *ret,
	struct err *e)
{
	struct held *h = (struct held *)held;
	cudaError_t r = cudaSuccess;
	for (uint32_t i = 0, n; i < n_rows && r == cudaSuccess; i += n) {
		n = n_rows - i < h->cap ? n_rows - i : h->cap;
		r = predict_piece(h, x + (uint64_t)i * h->n_columns, n, ret + i);
	}
	return r == cudaSuccess ? 0 : fail_call(e, r, "forecast on the device");
}

static int accel_cuda_learn(void *device, const struct accel_lesson *l, void **ret, struct err *e)
{
	struct device *d = (struct device *)device;
	struct pupil *p = NULL;
	int code = blas_open(&d->blas, d->stream, e);
	if (code == 0)
		code = pupil_make(&p, l, &d->blas, d->stream, e);
	*ret = p;
	return code;
}

#ifdef __cplusplus
extern "C"
#endif
__attribute__((visibility("default")))
extern const struct accel_ops accel_module;
const struct accel_ops accel_module = { ACCEL_ABI, "cuda", accel_cuda_open, accel_cuda_close,
	accel_cuda_networks, accel_cuda_hold, accel_cuda_predict, accel_cuda_drop, accel_cuda_learn,
	pupil_batch, pupil_judge, pupil_weights, pupil_gradient, pupil_free };
