/* shim_parts.h - the inside of the shim, for its own rooms. */
#ifndef CUDA_SHIM_PARTS_H
#define CUDA_SHIM_PARTS_H

#include "shim_test.h"

const struct shim_plan *shim_plan(void);
void shim_visit(uint32_t site, enum shim_kind kind);
/* Runs all blocks of a grid, one after the other. */
void shim_run_grid(void (*kernel)(const void *), const void *args, unsigned blocks,
	unsigned threads);
void shim_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
