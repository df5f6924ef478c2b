/* shim.h - CUDA on the host, so that kernels and what drives them are tested without a device.
 *
 * Lanes are fibres that meet at shuffles, ballots and barriers, and run between them one after the
 * other, in an order that the test chooses: what a missing barrier leaves to chance comes out
 * differently in another order. Lanes that meet at different places, and a lane that has left while
 * others wait for it, end the process with a message. A stream does nothing until somebody waits
 * for it, so that a missing wait reads or overwrites too early.
 *
 * A test may spoil one thing: the lane index at one place, one barrier, the n-th call of the
 * runtime, or the memory there is. Owner: any number of threads, each with streams of its own; what
 * a test sets is for all of them and set while no other thread runs.
 */
#ifndef CUDA_SHIM_H
#define CUDA_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* A place in the source where lanes meet. */
struct shim_site {
	unsigned number;        /* in the translation unit */
	const char *file;
	int line;
};
#define SHIM_SITE (&(const struct shim_site){ __COUNTER__, __FILE__, __LINE__ })

struct shim_index {
	unsigned x;
};

struct shim_index shim_thread(void);
struct shim_index shim_block(void);
struct shim_index shim_block_size(void);
struct shim_index shim_grid(void);
uint32_t shim_shuffle(const struct shim_site *at, uint32_t value, uint32_t from);
uint32_t shim_ballot(const struct shim_site *at, int value);
uint32_t shim_lane(void);
void shim_warp_barrier(const struct shim_site *at);
void shim_block_barrier(const struct shim_site *at);

static inline float shim_shuffle_float(const struct shim_site *at, float value, uint32_t from)
{
	union { float f; uint32_t u; } v = { .f = value };
	v.u = shim_shuffle(at, v.u, from);
	return v.f;
}
static inline int32_t shim_shuffle_int(const struct shim_site *at, int32_t value, uint32_t from)
{
	return (int32_t)shim_shuffle(at, (uint32_t)value, from);
}

#define SHIM_SHUFFLE(v, from) _Generic((v), \
	float: shim_shuffle_float, \
	int32_t: shim_shuffle_int, \
	default: shim_shuffle)(SHIM_SITE, v, from)

#define __device__
#define __host__
#define __shared__ static _Thread_local
#define threadIdx shim_thread()
#define blockIdx shim_block()
#define blockDim shim_block_size()
#define gridDim shim_grid()
#define __shfl_sync(mask, v, from) SHIM_SHUFFLE(v, from)
#define __shfl_down_sync(mask, v, by) SHIM_SHUFFLE(v, shim_lane() + (by))
#define __shfl_up_sync(mask, v, by) SHIM_SHUFFLE(v, shim_lane() - (by))
#define __shfl_xor_sync(mask, v, by) SHIM_SHUFFLE(v, shim_lane() ^ (by))
#define __ballot_sync(mask, v) shim_ballot(SHIM_SITE, v)
#define __syncwarp() shim_warp_barrier(SHIM_SITE)
#define __syncthreads() shim_block_barrier(SHIM_SITE)

/* The runtime, as far as it is used */

typedef enum {
	cudaSuccess, cudaErrorInvalidValue, cudaErrorMemoryAllocation,
	cudaErrorInsufficientDriver = 35, cudaErrorNoDevice = 100, cudaErrorUnknown = 999
} cudaError_t;
typedef struct shim_stream *cudaStream_t;
typedef struct shim_event *cudaEvent_t;
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost };
#define cudaStreamNonBlocking 1u
#define cudaEventDisableTiming 2u

struct cudaDeviceProp {
	char name[256];
	int major, minor, multiProcessorCount;
};

const char *cudaGetErrorString(cudaError_t e);
cudaError_t cudaGetDeviceCount(int *ret);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *ret, int device);
cudaError_t cudaDriverGetVersion(int *ret);
cudaError_t cudaRuntimeGetVersion(int *ret);
cudaError_t cudaMemGetInfo(size_t *ret_free, size_t *ret_total);
cudaError_t cudaMalloc(void **ret, size_t n);
cudaError_t cudaMallocHost(void **ret, size_t n);
cudaError_t cudaFree(void *p);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, enum cudaMemcpyKind kind,
	cudaStream_t s);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *ret, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *ret, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s);
cudaError_t shim_launch(void (*kernel)(const void *), const void *args, size_t n_args,
	unsigned blocks, unsigned threads, cudaStream_t s);

#endif
