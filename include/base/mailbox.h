/* mailbox.h - the newest of something, from one thread to another, neither ever waiting.
 *
 * A triple buffer: the writer fills its draft and posts it; the reader always sees the newest whole
 * one. One writer, one reader. Slots are owned by the mailbox; each is size bytes, zeroed at start,
 * on cache lines of its own.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

struct mailbox {
	void *block;            /* owned: holds the slots */
	char *slots;            /* three, size bytes each */
	size_t size;            /* rounded up to whole cache lines */
	atomic_uint middle;
	unsigned back, front;
};

int mailbox_init(struct mailbox *m, size_t size, struct err *e);
void mailbox_done(struct mailbox *m);
void *mailbox_draft(struct mailbox *m);                     /* writer: stale, to be overwritten */
void mailbox_post(struct mailbox *m);                       /* writer */
const void *mailbox_look(struct mailbox *m, bool *fresh);   /* reader: valid until the next look */

#endif
