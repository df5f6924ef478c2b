/* What forecasts, compiled for the host: see shim.h. Its places where lanes meet have numbers of
 * their own.
 */
#include "forecast_kernels.cu"
#include "blas.cu"
#include "network.cu"
#include "pupil.cu"
#include "accel_cuda.cu"
#include "shim_test.h"

const uint32_t shim_n_accel_sites = __COUNTER__;
