/* The kernels of forecasting: a thread a value, but for sums. */
#include "forecast_kernels.h"

#include <math.h>

#include "model/linear.h"
#include "model/lstm_cell.h"

#define THREADS 128u            /* of a block */
#define GRID_MAX (1u << 16)

static __device__ uint64_t thread_number(void)
{
	return (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ uint64_t n_threads(void)
{
	return (uint64_t)gridDim.x * blockDim.x;
}

static __device__ float *spaced_at(const struct spaced *s, uint64_t row, uint32_t column)
{
	return s->at + row * s->stride + column;
}

KERNEL(linear_kernel, struct linear_args)
{
	for (uint64_t i = thread_number(); i < a.n_rows; i += n_threads())
		a.y[i] = linear_row(a.weight, a.x + i * a.n_columns, a.n_columns);
}

/* Neighbours walk the same tree at the same time, so that its upper nodes are in the cache. */
KERNEL(forest_kernel, struct forest_args)
{
	for (uint64_t i = thread_number(); i < a.n_rows; i += n_threads()) {
		const float *x = a.x + i * a.n_columns;
		double sum = 0;
		for (uint32_t t = 0; t < a.n_trees; t++) {
			const struct forest_node *at = a.node + a.root[t];
			for (uint32_t way; (way = forest_step(*at, x)) > 0; )
				at += way;
			sum += (double)at->at;
		}
		a.y[i] = (float)(sum / a.n_trees);
	}
}

KERNEL(zero_kernel, struct zero_args)
{
	for (uint64_t i = thread_number(); i < a.n; i += n_threads())
		a.v[i] = 0;
}

KERNEL(begin_kernel, struct begin_args)
{
	uint64_t columns = a.hidden + 1, all = (uint64_t)a.n_steps * a.n * columns;
	for (uint64_t i = thread_number(); i < all; i += n_threads()) {
		uint64_t row = i / columns, j = i % columns;
		if (j == a.hidden || row < a.n)
			a.z[(row + 1) * a.width - columns + j] = j == a.hidden;
	}
}

KERNEL(take_kernel, struct take_args)
{
	uint64_t all = (uint64_t)a.n_steps * a.n * a.inputs;
	for (uint64_t i = thread_number(); i < all; i += n_threads()) {
		uint32_t j = (uint32_t)(i % a.inputs), r = (uint32_t)(i / a.inputs % a.n);
		uint64_t k = i / a.inputs / a.n, row = a.row ? a.row[r] : r;
		float x = a.x[(row * a.steps + a.first + k) * a.inputs + j];
		*spaced_at(&a.z, k * a.n + r, j) = lstm_standard(x, a.mean[j], a.inverse[j]);
	}
}

/* The four sums of a cell lie hidden apart. */
static __device__ float *gate_of(float *gate, uint32_t hidden, uint64_t i)
{
	return gate + i / hidden * 4 * hidden + i % hidden;
}

static __device__ struct lstm_cell cell_at(const float *g, uint32_t hidden, float c)
{
	struct lstm_cell k = { g[0], g[hidden], g[2 * hidden], g[3 * hidden], c };
	return k;
}

static __device__ void cell_put(const struct lstm_cell *k, float *g, uint32_t hidden)
{
	g[0] = k->i;
	g[hidden] = k->f;
	g[2 * hidden] = k->g;
	g[3 * hidden] = k->o;
}

KERNEL(gates_kernel, struct gates_args)
{
	uint64_t all = (uint64_t)a.n * a.hidden;
	for (uint64_t i = thread_number(); i < all; i += n_threads()) {
		uint32_t j = (uint32_t)(i % a.hidden);
		float *g = gate_of(a.gate, a.hidden, i);
		struct lstm_cell k = cell_at(g, a.hidden, 0);
		float h = lstm_cell_forward(&k, a.before ? a.before[i] : 0.0f);
		cell_put(&k, g, a.hidden);
		a.cell[i] = k.c;
		*spaced_at(&a.h, i / a.hidden, j) = h;
		if (a.above.at)
			*spaced_at(&a.above, i / a.hidden, j) = h;
	}
}

/* Of all lanes, in lane 0. */
static __device__ float sum_of_warp(float v)
{
	for (uint32_t by = LANES / 2; by > 0; by /= 2)
		v += __shfl_down_sync(ALL_LANES, v, by);
	return v;
}

static __device__ float head_value(const struct head_args *a, uint32_t i, float sum)
{
	if (a->what == HEAD_VALUE)
		return sum * a->y_scale + a->y_mean;
	float y = a->y[a->row ? a->row[i] : i];
	if (a->what == HEAD_ERROR)
		return sum * a->y_scale + a->y_mean - y;
	return sum - (y - a->y_mean) / a->y_scale;
}

/* A warp a row. */
KERNEL(head_kernel, struct head_args)
{
	uint32_t lane = threadIdx.x % LANES, step = (uint32_t)(n_threads() / LANES);
	for (uint32_t i = (uint32_t)(thread_number() / LANES); i < a.n; i += step) {
		const float *h = spaced_at(&a.h, i, 0);
		float sum = lane == 0 ? a.head[a.hidden] : 0.0f;
		for (uint32_t j = lane; j < a.hidden; j += LANES)
			sum += h[j] * a.head[j];
		sum = sum_of_warp(sum);
		if (lane == 0)
			a.out[i] = head_value(&a, i, sum);
	}
}

KERNEL(back_kernel, struct back_args)
{
	uint64_t all = (uint64_t)a.n * a.hidden;
	for (uint64_t i = thread_number(); i < all; i += n_threads()) {
		uint32_t j = (uint32_t)(i % a.hidden);
		float *g = gate_of(a.gate, a.hidden, i), by_h = 0.0f;
		struct lstm_cell k = cell_at(g, a.hidden, a.cell[i]);
		if (a.above.at)
			by_h = *spaced_at(&a.above, i / a.hidden, j);
		if (a.later.at)
			by_h += *spaced_at(&a.later, i / a.hidden, j);
		a.d_cell[i] = lstm_cell_backward(&k, a.before ? a.before[i] : 0.0f, by_h,
			a.is_last ? 0.0f : a.d_cell[i]);
		cell_put(&k, g, a.hidden);
	}
}

KERNEL(top_kernel, struct top_args)
{
	uint64_t all = (uint64_t)a.n * a.hidden;
	for (uint64_t i = thread_number(); i < all; i += n_threads())
		a.d_top[i] = a.by * a.error[i / a.hidden] * a.head[i % a.hidden];
}

/* A tree over the threads of a block. */
KERNEL(squares_kernel, struct squares_args)
{
	__shared__ double of_thread[THREADS];
	uint32_t me = threadIdx.x;
	double sum = 0;
	for (uint64_t i = thread_number(); i < a.n; i += n_threads())
		sum += (double)a.v[i] * (double)a.v[i];
	of_thread[me] = sum;
	__syncthreads();
	for (uint32_t half = THREADS / 2; half > 0; half /= 2) {
		if (me < half)
			of_thread[me] += of_thread[me + half];
		__syncthreads();
	}
	if (me == 0)
		a.part[blockIdx.x] = of_thread[0];
}

/* Every thread adds the parts up for itself. A gradient beyond numbers moves nothing. */
KERNEL(adam_kernel, struct adam_args)
{
	double sum = 0;
	for (uint32_t i = 0; i < SQUARES; i++)
		sum += a.part[i];
	double length = sqrt(sum);
	float by = a.clip > 0 && length > (double)a.clip ? (float)((double)a.clip / length) : 1.0f;
	if (thread_number() == 0) {
		a.ret->sum = *a.error;
		a.ret->length = length;
	}
	if (!(length < (double)INFINITY))
		return;
	for (uint64_t i = thread_number(); i < a.n; i += n_threads())
		a.weight[i] -= adam_move(&a.mean[i], &a.square[i], a.gradient[i] * by, a.pace);
}

static unsigned blocks_for(uint64_t n)
{
	uint64_t blocks = n / THREADS + (n % THREADS != 0);
	return (unsigned)(blocks < GRID_MAX ? blocks : GRID_MAX);
}

cudaError_t forecast_linear(struct linear_args a, cudaStream_t s)
{
	return LAUNCH(linear_kernel, blocks_for(a.n_rows), THREADS, s, a);
}

cudaError_t forecast_forest(struct forest_args a, cudaStream_t s)
{
	return LAUNCH(forest_kernel, blocks_for(a.n_rows), THREADS, s, a);
}

cudaError_t lstm_zero(float *v, uint64_t n, cudaStream_t s)
{
	struct zero_args a = { v, n };
	return LAUNCH(zero_kernel, blocks_for(n), THREADS, s, a);
}

cudaError_t lstm_begin(struct begin_args a, cudaStream_t s)
{
	return LAUNCH(begin_kernel, blocks_for((uint64_t)a.n_steps * a.n * (a.hidden + 1)), THREADS,
		s, a);
}

cudaError_t lstm_take(struct take_args a, cudaStream_t s)
{
	return LAUNCH(take_kernel, blocks_for((uint64_t)a.n_steps * a.n * a.inputs), THREADS, s, a);
}

cudaError_t lstm_gates(struct gates_args a, cudaStream_t s)
{
	return LAUNCH(gates_kernel, blocks_for((uint64_t)a.n * a.hidden), THREADS, s, a);
}

cudaError_t lstm_head(struct head_args a, cudaStream_t s)
{
	return LAUNCH(head_kernel, blocks_for((uint64_t)a.n * LANES), THREADS, s, a);
}

cudaError_t lstm_back(struct back_args a, cudaStream_t s)
{
	return LAUNCH(back_kernel, blocks_for((uint64_t)a.n * a.hidden), THREADS, s, a);
}

cudaError_t lstm_top(struct top_args a, cudaStream_t s)
{
	return LAUNCH(top_kernel, blocks_for((uint64_t)a.n * a.hidden), THREADS, s, a);
}

cudaError_t lstm_squares(struct squares_args a, uint32_t n_parts, cudaStream_t s)
{
	return LAUNCH(squares_kernel, n_parts, THREADS, s, a);
}

cudaError_t lstm_adam(struct adam_args a, cudaStream_t s)
{
	return LAUNCH(adam_kernel, blocks_for(a.n), THREADS, s, a);
}
