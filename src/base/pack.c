#include "base/pack.h"

#include <errno.h>
#include <string.h>

void pack(struct packer *p, const void *from, size_t len)
{
	if (p->len + len <= p->cap)
		memcpy(p->at + p->len, from, len);
	p->len += len;
}

void pack_u32(struct packer *p, uint32_t v)
{
	pack(p, &v, sizeof v);
}

const void *unpack(struct unpacker *u, size_t len)
{
	if ((size_t)(u->end - u->at) < len)
		return NULL;
	const char *at = u->at;
	u->at += len;
	return at;
}

int unpack_to(struct unpacker *u, void *to, size_t len)
{
	const void *from = unpack(u, len);
	if (!from)
		return -EBADMSG;
	memcpy(to, from, len);
	return 0;
}

int unpack_u32(struct unpacker *u, uint32_t *ret)
{
	return unpack_to(u, ret, sizeof *ret);
}
