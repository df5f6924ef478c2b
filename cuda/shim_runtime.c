/* The runtime: memory that is the host's, and streams that do nothing before they must. */
#include "shim.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim_parts.h"

#define HEAD 256                /* before a device's memory: its size; keeps the alignment */
#define PLENTY ((size_t)4 << 30)

enum kind { OP_COPY, OP_KERNEL, OP_CALL, OP_WAIT };

struct op {
	enum kind kind;
	void *to;
	const void *from;
	size_t n;
	void (*kernel)(const void *);
	unsigned blocks, threads;
	char args[512];
	struct shim_stream *other;      /* goes on when that one */
	uint64_t turn;                  /* has done so many */
};

struct shim_stream {
	struct op *op;
	uint64_t n, done, cap;
};

struct shim_event {
	struct shim_stream *stream;
	uint64_t turn;
};

struct shim {
	struct shim_plan plan;
	_Atomic uint32_t calls;
	_Atomic enum shim_kind kind[SHIM_SITES];
	_Atomic uint64_t taken_bytes;
};

static struct shim the_shim = { .plan = { .wrong_site = SHIM_NONE, .wrong_lane = SHIM_NONE,
	.no_barrier = SHIM_NONE, .fail_call = SHIM_NONE } };

void shim_die(const char *format, ...)
{
	va_list ap;
	fputs("shim: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void shim_plan_init(struct shim_plan *p)
{
	*p = (struct shim_plan){ .wrong_site = SHIM_NONE, .wrong_lane = SHIM_NONE,
		.no_barrier = SHIM_NONE, .fail_call = SHIM_NONE };
}

void shim_set(const struct shim_plan *p)
{
	the_shim.plan = *p;
	the_shim.calls = 0;
}

const struct shim_plan *shim_plan(void)
{
	return &the_shim.plan;
}

uint32_t shim_calls(void)
{
	return the_shim.calls;
}

enum shim_kind shim_kind(uint32_t site)
{
	return the_shim.kind[site];
}

void shim_visit(uint32_t site, enum shim_kind kind)
{
	if (site >= SHIM_SITES)
		shim_die("more than %u places where lanes meet", SHIM_SITES);
	atomic_store_explicit(&the_shim.kind[site], kind, memory_order_relaxed);
}

/* A call of the runtime: what it must return before it does anything. */
static cudaError_t call(void)
{
	const struct shim_plan *p = &the_shim.plan;
	uint32_t number = ++the_shim.calls;
	if (p->no_device)
		return cudaErrorNoDevice;
	bool once = p->fail_code == cudaErrorMemoryAllocation;
	bool fails = once ? number == p->fail_call : number >= p->fail_call;
	return fails ? (cudaError_t)p->fail_code : cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t e)
{
	return e == cudaErrorNoDevice ? "no CUDA-capable device is detected" :
		e == cudaErrorInsufficientDriver ? "the driver is too old" :
		e == cudaErrorMemoryAllocation ? "out of memory" : "unspecified launch failure";
}

cudaError_t cudaGetDeviceCount(int *ret)
{
	*ret = !the_shim.plan.no_device;
	return call();
}

cudaError_t cudaSetDevice(int device)
{
	return device ? cudaErrorInvalidValue : call();
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *ret, int device)
{
	(void)device;
	*ret = (struct cudaDeviceProp){ .name = "shim", .multiProcessorCount = 1 };
	return call();
}

cudaError_t cudaDriverGetVersion(int *ret)
{
	*ret = the_shim.plan.no_device ? 0 : 1000;
	return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *ret)
{
	*ret = 1000;
	return cudaSuccess;
}

static size_t total_bytes(void)
{
	return the_shim.plan.memory_bytes ? the_shim.plan.memory_bytes : PLENTY;
}

cudaError_t cudaMemGetInfo(size_t *ret_free, size_t *ret_total)
{
	*ret_total = total_bytes();
	*ret_free = *ret_total - (size_t)atomic_load(&the_shim.taken_bytes);
	return call();
}

/* What a device's new memory holds is anybody's guess. */
cudaError_t cudaMalloc(void **ret, size_t n)
{
	cudaError_t r = call();
	if (r != cudaSuccess)
		return r;
	if (atomic_fetch_add(&the_shim.taken_bytes, n) + n > total_bytes()) {
		atomic_fetch_sub(&the_shim.taken_bytes, n);
		return cudaErrorMemoryAllocation;
	}
	char *p = aligned_alloc(HEAD, (HEAD + n + HEAD - 1) / HEAD * HEAD);
	if (!p)
		return cudaErrorMemoryAllocation;
	memcpy(p, &n, sizeof n);
	memset(p + HEAD, 0xa5, n < 65536 ? n : 65536);
	*ret = p + HEAD;
	return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
	cudaError_t r = call();
	size_t n = 0;
	if (!p)
		return r;
	memcpy(&n, (char *)p - HEAD, sizeof n);
	atomic_fetch_sub(&the_shim.taken_bytes, n);
	free((char *)p - HEAD);
	return r;
}

cudaError_t cudaMallocHost(void **ret, size_t n)
{
	cudaError_t r = call();
	if (r == cudaSuccess && !(*ret = aligned_alloc(HEAD, (n + HEAD - 1) / HEAD * HEAD)))
		r = cudaErrorMemoryAllocation;
	return r;
}

cudaError_t cudaFreeHost(void *p)
{
	free(p);
	return call();
}

static struct op *add_op(struct shim_stream *s, enum kind kind)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->op = realloc(s->op, s->cap * sizeof *s->op);
		if (!s->op)
			shim_die("no memory for a stream");
	}
	struct op *op = &s->op[s->n++];
	*op = (struct op){ .kind = kind };
	return op;
}

/* Until so many operations are done, and those of other streams that they wait for. */
static void run_stream(struct shim_stream *s, uint64_t turn)
{
	while (s->done < turn) {
		struct op *op = &s->op[s->done++];
		if (op->kind == OP_COPY)
			memcpy(op->to, op->from, op->n);
		else if (op->kind == OP_KERNEL)
			shim_run_grid(op->kernel, op->args, op->blocks, op->threads);
		else if (op->kind == OP_CALL)
			op->kernel(op->args);
		else
			run_stream(op->other, op->turn);
	}
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, enum cudaMemcpyKind kind,
	cudaStream_t s)
{
	cudaError_t r = call();
	(void)kind;
	if (r != cudaSuccess)
		return r;
	struct op *op = add_op(s, OP_COPY);
	op->to = to;
	op->from = from;
	op->n = n;
	return r;
}

cudaError_t shim_launch(void (*kernel)(const void *), const void *args, size_t n_args,
	unsigned blocks, unsigned threads, cudaStream_t s)
{
	cudaError_t r = call();
	if (blocks == 0)
		return cudaErrorInvalidValue;
	if (r != cudaSuccess)
		return r;
	struct op *op = add_op(s, OP_KERNEL);
	if (n_args > sizeof op->args)
		shim_die("%zu bytes of arguments", n_args);
	op->kernel = kernel;
	memcpy(op->args, args, n_args);
	op->blocks = blocks;
	op->threads = threads;
	return r;
}

cudaError_t shim_call(void (*what)(const void *), const void *args, size_t n_args, cudaStream_t s)
{
	cudaError_t r = call();
	if (r != cudaSuccess)
		return r;
	struct op *op = add_op(s, OP_CALL);
	if (n_args > sizeof op->args)
		shim_die("%zu bytes of arguments", n_args);
	op->kernel = what;
	memcpy(op->args, args, n_args);
	return r;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *ret, unsigned flags)
{
	cudaError_t r = call();
	(void)flags;
	if (r == cudaSuccess && !(*ret = calloc(1, sizeof **ret)))
		r = cudaErrorMemoryAllocation;
	return r;
}

cudaError_t cudaStreamDestroy(cudaStream_t s)
{
	cudaError_t r = call();
	if (s)
		free(s->op);
	free(s);
	return r;
}

/* A lost device does nothing more. */
cudaError_t cudaStreamSynchronize(cudaStream_t s)
{
	cudaError_t r = call();
	if (r == cudaSuccess)
		run_stream(s, s->n);
	return r;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags)
{
	cudaError_t r = call();
	(void)flags;
	if (r == cudaSuccess && e->stream) {
		struct op *op = add_op(s, OP_WAIT);
		op->other = e->stream;
		op->turn = e->turn;
	}
	return r;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *ret, unsigned flags)
{
	cudaError_t r = call();
	(void)flags;
	if (r == cudaSuccess && !(*ret = calloc(1, sizeof **ret)))
		r = cudaErrorMemoryAllocation;
	return r;
}

cudaError_t cudaEventDestroy(cudaEvent_t e)
{
	free(e);
	return call();
}

cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s)
{
	cudaError_t r = call();
	if (r == cudaSuccess)
		*e = (struct shim_event){ s, s->n };
	return r;
}
