/* device.h - CUDA as the module uses it, or the shim that takes its place in tests.
 *
 * The sources are in what C and CUDA C++ have in common: nvcc compiles them for devices, and any C
 * compiler, with -DCUDA_SHIM, against shim.h. A kernel takes one struct of arguments by value.
 */
#ifndef CUDA_DEVICE_H
#define CUDA_DEVICE_H

#ifdef CUDA_SHIM

#include "shim.h"

#define KERNEL(name, type) \
	static void name(type a); \
	static void name##_call(const void *a) { name(*(const type *)a); } \
	static void name(type a)
#define LAUNCH(name, blocks, threads, stream, a) \
	shim_launch(name##_call, &(a), sizeof(a), blocks, threads, stream)

#else

#include <cuda_runtime.h>

#define KERNEL(name, type) static __global__ void name(type a)
#define LAUNCH(name, blocks, threads, stream, a) \
	(name<<<blocks, threads, 0, stream>>>(a), cudaGetLastError())

#endif

#define LANES 32u
#define ALL_LANES 0xffffffffu

/* The lanes for which a condition holds, over two slots a lane: slot = lane, slot = lane + 32. */
#define BALLOT_64(low, high) \
	((uint64_t)__ballot_sync(ALL_LANES, low) | \
	 (uint64_t)__ballot_sync(ALL_LANES, high) << 32)

#endif
