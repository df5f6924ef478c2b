/* blocks.h - a growing array of records that never move, each on cache lines of its own.
 *
 * Block k holds 64 << k records, so growth copies nothing and a pointer stays good. Large blocks
 * ask the kernel for huge pages: records are visited at random, and a page table walk costs as much
 * as the record. New records are zero. Owner: one thread, or whoever guards it.
 */
#ifndef BASE_BLOCKS_H
#define BASE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCKS_FIRST 6          /* log2 of the records of the first block */
#define BLOCKS_MAX (32 - BLOCKS_FIRST)

struct blocks {
	size_t size;                    /* of a record: a multiple of 64 */
	void *raw[BLOCKS_MAX];          /* as taken, */
	char *at[BLOCKS_MAX];           /* and aligned */
	uint32_t n_blocks;
};

void blocks_init(struct blocks *b, size_t size);
void blocks_done(struct blocks *b);
/* Room for n records (up to 2^32 - 64); false when memory is out. */
bool blocks_reserve(struct blocks *b, uint32_t n);

/* Record i, below what was reserved. */
static inline void *blocks_at(const struct blocks *b, uint32_t i)
{
	uint32_t j = i + (1u << BLOCKS_FIRST), k = 31 - (uint32_t)__builtin_clz(j) - BLOCKS_FIRST;
	return b->at[k] + (size_t)(j - ((1u << BLOCKS_FIRST) << k)) * b->size;
}

#endif
