#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The one mutable state at file scope: the memory of a process is one thing, and a count that each
 * caller must be handed would be a parameter of every function in the program. Relaxed order is
 * enough, since nothing else is published through these numbers.
 */
static struct {
	atomic_size_t used, peak, limit;
	_Atomic uint64_t calls, fail_in;
} mem;

/* True once, for the request that brings the countdown to zero. */
static bool fail_point(void)
{
	uint64_t left = atomic_load_explicit(&mem.fail_in, memory_order_relaxed);

	while (left && !atomic_compare_exchange_weak_explicit(&mem.fail_in, &left, left - 1,
			memory_order_relaxed, memory_order_relaxed))
		;
	return left == 1;
}

static void raise_peak(size_t used)
{
	size_t peak = atomic_load_explicit(&mem.peak, memory_order_relaxed);

	while (peak < used && !atomic_compare_exchange_weak_explicit(&mem.peak, &peak, used,
			memory_order_relaxed, memory_order_relaxed))
		;
}

static void give_back(size_t bytes)
{
	atomic_fetch_sub_explicit(&mem.used, bytes, memory_order_relaxed);
}

/* Counts bytes before they are taken, so that two threads cannot pass the limit together. */
static bool reserve(size_t bytes)
{
	size_t limit = atomic_load_explicit(&mem.limit, memory_order_relaxed);
	size_t before = atomic_fetch_add_explicit(&mem.used, bytes, memory_order_relaxed);

	if (before > SIZE_MAX - bytes || (limit && before + bytes > limit)) {
		give_back(bytes);
		return false;
	}
	return true;
}

/* Puts the usable size of a block in the place of what was counted for it. */
static void settle(void *p, size_t counted)
{
	size_t delta = malloc_usable_size(p) - counted;  /* modulo 2^64: may be negative */

	raise_peak(atomic_fetch_add_explicit(&mem.used, delta, memory_order_relaxed) + delta);
}

/* Bytes of a request; false when it overflows or the fail point has come. */
static bool measure(size_t n, size_t size, size_t *ret_bytes)
{
	atomic_fetch_add_explicit(&mem.calls, 1, memory_order_relaxed);
	if (fail_point() || __builtin_mul_overflow(n, size, ret_bytes))
		return false;
	if (!*ret_bytes)
		*ret_bytes = 1;
	return true;
}

void *mem_get(size_t n, size_t size)
{
	size_t bytes;

	if (!measure(n, size, &bytes) || !reserve(bytes))
		return NULL;
	void *p = calloc(1, bytes);
	if (p)
		settle(p, bytes);
	else
		give_back(bytes);
	return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t bytes, old = p ? malloc_usable_size(p) : 0;

	if (!measure(n, size, &bytes))
		return NULL;
	size_t more = bytes > old ? bytes - old : 0;
	if (!reserve(more))
		return NULL;
	void *grown = realloc(p, bytes);
	if (grown)
		settle(grown, old + more);
	else
		give_back(more);
	return grown;
}

char *mem_text(const char *s, size_t len)
{
	char *copy = len < SIZE_MAX ? mem_get(len + 1, 1) : NULL;

	if (copy && len)
		memcpy(copy, s, len);
	return copy;
}

void mem_free(void *p)
{
	if (!p)
		return;
	give_back(malloc_usable_size(p));
	free(p);
}

size_t mem_used(void)
{
	return atomic_load_explicit(&mem.used, memory_order_relaxed);
}

size_t mem_peak(void)
{
	return atomic_load_explicit(&mem.peak, memory_order_relaxed);
}

uint64_t mem_calls(void)
{
	return atomic_load_explicit(&mem.calls, memory_order_relaxed);
}

void mem_limit(size_t bytes)
{
	atomic_store_explicit(&mem.limit, bytes, memory_order_relaxed);
}

size_t mem_limit_bytes(void)
{
	return atomic_load_explicit(&mem.limit, memory_order_relaxed);
}

void mem_fail_after(uint64_t n_calls)
{
	atomic_store_explicit(&mem.fail_in, n_calls, memory_order_relaxed);
}
