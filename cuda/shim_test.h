/* shim_test.h - what a test may ask of the shim. */
#ifndef CUDA_SHIM_TEST_H
#define CUDA_SHIM_TEST_H

#include <stdbool.h>
#include <stdint.h>

#define SHIM_NONE UINT32_MAX
#define SHIM_SITES 64

struct shim_plan {
	uint32_t order;         /* of lanes: 0 forward, 1 backward, else by chance */
	uint32_t wrong_site;    /* there lanes shuffle with, or vote as, the neighbour */
	uint32_t wrong_lane;    /* in each warp, this lane (not 31) takes itself for the next */
	uint32_t no_barrier;    /* site of a barrier that is not there */
	uint32_t fail_call;     /* this call of the runtime, from 1, */
	int fail_code;          /* and all after it, unless memory is out: that is said once */
	uint64_t memory_bytes;  /* of the device; 0: plenty */
	bool no_device, no_blas;
};

void shim_plan_init(struct shim_plan *p);
void shim_set(const struct shim_plan *p);       /* calls are counted anew */
extern const uint32_t shim_n_sites;             /* in what steps, */
extern const uint32_t shim_n_accel_sites;       /* and in what forecasts */
uint32_t shim_calls(void);                      /* of the runtime, since shim_set() */
bool shim_is_instrumented(void);                /* by a sanitizer: lanes are slow then */
enum shim_kind { SHIM_UNSEEN, SHIM_EXCHANGE, SHIM_WARP_BARRIER, SHIM_BLOCK_BARRIER };
enum shim_kind shim_kind(uint32_t site);        /* as far as it was visited since the start */

#endif
