#include "base/mailbox.h"

#include <errno.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define LINE ((size_t)64)       /* a cache line: writer and reader share none */
#define FRESH 4u                /* beside the slot's number: posted and not yet seen */

int mailbox_init(struct mailbox *m, size_t size, struct err *e)
{
	*m = (struct mailbox){.back = 0, .front = 2};
	atomic_init(&m->middle, 1);
	if (size > SIZE_MAX / 4 - LINE)
		goto fail;
	m->size = (size + LINE - 1) / LINE * LINE;
	m->block = mem_get(3 * m->size + LINE, 1);
	if (!m->block)
		goto fail;
	m->slots = (char *)m->block + (LINE - (uintptr_t)m->block % LINE) % LINE;
	return 0;
fail:
	return err_set(e, -ENOMEM, "could not make a mailbox of %zu bytes: out of memory", size);
}

void mailbox_done(struct mailbox *m)
{
	mem_free(m->block);
	m->block = NULL;
	m->slots = NULL;
}

void *mailbox_draft(struct mailbox *m)
{
	return m->slots + m->back * m->size;
}

void mailbox_post(struct mailbox *m)
{
	unsigned was = atomic_exchange_explicit(&m->middle, m->back | FRESH, memory_order_acq_rel);

	m->back = was & ~FRESH;
}

const void *mailbox_look(struct mailbox *m, bool *fresh)
{
	*fresh = atomic_load_explicit(&m->middle, memory_order_relaxed) & FRESH;
	if (*fresh) {
		unsigned was = atomic_exchange_explicit(&m->middle, m->front, memory_order_acq_rel);
		m->front = was & ~FRESH;
	}
	return m->slots + m->front * m->size;
}
