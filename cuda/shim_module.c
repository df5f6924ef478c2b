/* The shim as a module that the program loads: what a test wants is in the environment. */
#include <stdlib.h>

#include "shim.h"

#include "shim_test.h"

static uint32_t number(const char *name, uint32_t otherwise)
{
	const char *s = getenv(name);
	return s ? (uint32_t)strtoul(s, NULL, 10) : otherwise;
}

static __attribute__((constructor)) void plan_from_environment(void)
{
	struct shim_plan p;
	shim_plan_init(&p);
	p.fail_call = number("SHIM_FAIL_CALL", SHIM_NONE);
	p.fail_code = cudaErrorUnknown;
	p.order = number("SHIM_ORDER", 0);
	p.no_device = number("SHIM_NO_DEVICE", 0);
	p.no_blas = number("SHIM_NO_BLAS", 0);
	shim_set(&p);
}
