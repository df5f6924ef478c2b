/* mem.h - memory that is counted, limited, and can be made to fail.
 *
 * Every allocation of veer goes through here (libraries keep their own). The count is exact in
 * usable bytes and shared by all threads; a limit makes a request beyond it fail like a full
 * machine, which is how --memory refuses rather than evicts. Any thread may call any function.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* NULL when the limit, the machine or the fail point says no. mem_get() zeroes. */
void *mem_get(size_t n, size_t size);
/* The same contract as realloc(): on NULL the old block stands. New bytes are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size);
char *mem_text(const char *s, size_t len);      /* a copy with a NUL behind it */
void mem_free(void *p);

size_t mem_used(void);
size_t mem_peak(void);
uint64_t mem_calls(void);                       /* allocations so far; a steady state adds none */
void mem_limit(size_t bytes);                   /* 0: none */
size_t mem_limit_bytes(void);
void mem_fail_after(uint64_t n_calls);          /* the n-th next request fails, once; 0: never */

#endif
