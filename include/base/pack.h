/* pack.h - values put behind one another as bytes, and taken back without running past the end.
 *
 * Bytes are the machine's own; what is kept for longer starts with a magic number. A packer fills
 * its buffer as far as that goes and counts on, so that a first run with no buffer tells the size.
 * Any thread, each struct in one.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stddef.h>
#include <stdint.h>

struct packer {
	char *at;               /* borrowed; NULL with cap 0: only counts */
	size_t len, cap;        /* all was kept when len <= cap */
};

void pack(struct packer *p, const void *from, size_t len);
void pack_u32(struct packer *p, uint32_t v);

struct unpacker {
	const char *at, *end;   /* borrowed */
};

/* The next len bytes, as they lie (not aligned); NULL: there are not so many left. */
const void *unpack(struct unpacker *u, size_t len);
/* Copies them; -EBADMSG: there are not so many left. */
int unpack_to(struct unpacker *u, void *to, size_t len);
int unpack_u32(struct unpacker *u, uint32_t *ret);

#endif
