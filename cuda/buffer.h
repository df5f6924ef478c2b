/* buffer.h - memory of the device, or of the host where the device may copy from and to; it grows
 * and forgets what it held. Nothing may be under way that uses it when it grows.
 */
#ifndef CUDA_BUFFER_H
#define CUDA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"

struct buffer {
	void *p;
	size_t bytes;
	bool here;              /* pinned memory of the host */
};

static inline void buffer_done(struct buffer *b)
{
	if (b->here)
		cudaFreeHost(b->p);
	else
		cudaFree(b->p);
	b->p = NULL;
	b->bytes = 0;
}

static inline cudaError_t buffer_need(struct buffer *b, size_t bytes, bool here)
{
	if (bytes <= b->bytes)
		return cudaSuccess;
	if (b->p)
		buffer_done(b);
	b->here = here;
	bytes += bytes / 2;
	cudaError_t r = here ? cudaMallocHost(&b->p, bytes) : cudaMalloc(&b->p, bytes);
	if (r == cudaSuccess)
		b->bytes = bytes;
	else
		b->p = NULL;
	return r;
}

#endif
