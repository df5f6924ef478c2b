/* The module as it is, compiled for the host: see shim.h. */
#include "kernels.cu"
#include "backend_cuda.cu"
#include "shim_test.h"

const uint32_t shim_n_sites = __COUNTER__;
