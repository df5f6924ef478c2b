/* cuBLAS, of the version of the toolkit, by the linker's paths, else where the toolkit was. */
#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>

#define MAJOR (CUDART_VERSION / 1000)

static void *load(char *text, size_t cap)
{
	snprintf(text, cap, "libcublas.so.%d", MAJOR);
	void *module = dlopen(text, RTLD_NOW | RTLD_LOCAL);
	if (module)
		return module;
	snprintf(text, cap, "%s/libcublas.so.%d", CUDA_LIB_DIR, MAJOR);
	if ((module = dlopen(text, RTLD_NOW | RTLD_LOCAL)))
		return module;
	snprintf(text, cap, "libcublas.so.%d is not installed", MAJOR);
	return NULL;
}

bool blas_find(struct blas_calls *ret, char *text, size_t cap)
{
	void *module = load(text, cap);
	if (!module)
		return false;
	*(void **)&ret->create = dlsym(module, "cublasCreate_v2");
	*(void **)&ret->destroy = dlsym(module, "cublasDestroy_v2");
	*(void **)&ret->set_stream = dlsym(module, "cublasSetStream_v2");
	*(void **)&ret->sgemm = dlsym(module, "cublasSgemm_v2");
	if (ret->create && ret->destroy && ret->set_stream && ret->sgemm)
		return true;
	snprintf(text, cap, "libcublas.so.%d is not one that is known", MAJOR);
	return false;
}
