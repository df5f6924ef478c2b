#include "base/blocks.h"

#include <assert.h>
#include <sys/mman.h>

#include "base/mem.h"

#define LINE ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)

void blocks_init(struct blocks *b, size_t size)
{
	assert(size % LINE == 0);
	*b = (struct blocks){ .size = size };
}

void blocks_done(struct blocks *b)
{
	for (uint32_t k = 0; k < b->n_blocks; k++)
		mem_free(b->raw[k]);
	blocks_init(b, b->size);
}

static bool add_block(struct blocks *b)
{
	uint32_t k = b->n_blocks;
	size_t bytes = b->size << (k + BLOCKS_FIRST), align = bytes < 2 * HUGE_PAGE ? LINE :
		HUGE_PAGE;
	void *raw = mem_get(1, bytes + align);
	if (!raw)
		return false;
	b->raw[k] = raw;
	b->at[k] = (char *)(((uintptr_t)raw + align - 1) & ~(uintptr_t)(align - 1));
	if (align == HUGE_PAGE)
		madvise(b->at[k], bytes & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
	b->n_blocks++;
	return true;
}

bool blocks_reserve(struct blocks *b, uint32_t n)
{
	while (n > (((uint64_t)1 << b->n_blocks) - 1) << BLOCKS_FIRST)
		if (!add_block(b))
			return false;
	return true;
}
