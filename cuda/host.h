/* host.h - what all of the module's host code needs: messages, and a device. */
#ifndef CUDA_HOST_H
#define CUDA_HOST_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

#include "device.h"

__attribute__((format(printf, 3, 4)))
static inline int fail(struct err *e, int code, const char *format, ...)
{
	va_list ap;
	if (!e)
		return code;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
	return e->code = code;
}

static inline int fail_call(struct err *e, cudaError_t r, const char *what)
{
	int code = r == cudaErrorMemoryAllocation ? -ENOMEM : -EIO;
	return fail(e, code, "could not %s: %s", what, cudaGetErrorString(r));
}

/* The first device is the thread's own from here on; its name goes to ret. */
static inline int host_find_device(char *ret, size_t cap, struct err *e)
{
	struct cudaDeviceProp p;
	int n = 0, driver = 0;
	cudaError_t r = cudaGetDeviceCount(&n);
	cudaDriverGetVersion(&driver);
	if (driver == 0)
		return fail(e, -ENODEV, "no device for backend \"cuda\": no driver is installed");
	if (r == cudaSuccess && n == 0)
		r = cudaErrorNoDevice;
	if (r == cudaSuccess)
		r = cudaSetDevice(0);
	if (r == cudaSuccess)
		r = cudaGetDeviceProperties(&p, 0);
	if (r != cudaSuccess)
		return fail(e, -ENODEV, "no device for backend \"cuda\": %s",
			cudaGetErrorString(r));
	snprintf(ret, cap, "%s", p.name);
	return 0;
}

#endif
