/* shim_parts.h - the inside of the shim, for its own rooms. */
#ifndef CUDA_SHIM_PARTS_H
#define CUDA_SHIM_PARTS_H

#include "shim.h"
#include "shim_test.h"

const struct shim_plan *shim_plan(void);
void shim_visit(uint32_t site, enum shim_kind kind);
/* Runs all blocks of a grid, one after the other. */
void shim_run_grid(void (*kernel)(const void *), const void *args, unsigned blocks,
	unsigned threads);
/* Something that a library does on a stream, in one go. */
cudaError_t shim_call(void (*what)(const void *), const void *args, size_t n_args, cudaStream_t s);
void shim_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
