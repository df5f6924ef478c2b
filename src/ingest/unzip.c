#include "ingest/unzip.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"

#define IN_BYTES ((size_t)64 << 10)
#define GZIP_ONLY (16 + MAX_WBITS)

struct unzip {
	z_stream z;
	int fd;
	bool at_end, is_cut;
	bool between;           /* a stream is done, and the next one is not begun */
	unsigned char in[IN_BYTES];
};

bool unzip_is(int fd)
{
	char head[2];

	return pread(fd, head, sizeof head, 0) == sizeof head && memcmp(head, "\x1f\x8b", 2) == 0;
}

struct unzip *unzip_open(int fd, struct err *e)
{
	struct unzip *u = mem_get(1, sizeof *u);

	if (u && inflateInit2(&u->z, GZIP_ONLY) == Z_OK) {
		u->fd = fd;
		return u;
	}
	mem_free(u);
	err_set(e, -ENOMEM, "could not read a compressed file: out of memory");
	return NULL;
}

void unzip_close(struct unzip *u)
{
	if (u)
		inflateEnd(&u->z);
	mem_free(u);
}

/* More of the file; 0 at its end. */
static ssize_t refill(struct unzip *u)
{
	ssize_t n;

	do
		n = read(u->fd, u->in, sizeof u->in);
	while (n < 0 && errno == EINTR);
	u->z.next_in = u->in;
	u->z.avail_in = n > 0 ? (unsigned)n : 0;
	return n < 0 ? -errno : n;
}

static void end(struct unzip *u, bool is_cut)
{
	u->at_end = true;
	u->is_cut = is_cut;
}

/* Whatever stands behind a whole stream and is none itself is no matter, as for gzip. */
static void step(struct unzip *u)
{
	int code = u->between ? inflateReset(&u->z) : Z_OK;

	if (code == Z_OK)
		code = inflate(&u->z, Z_NO_FLUSH);
	if (code == Z_STREAM_END)
		u->between = true;
	else if (code != Z_OK && code != Z_BUF_ERROR)
		end(u, !u->between || u->z.total_out > 0);
	else
		u->between = false;
}

int unzip_read(struct unzip *u, char *to, size_t want, size_t *ret_len)
{
	ssize_t n;

	u->z.next_out = (unsigned char *)to;
	u->z.avail_out = (unsigned)want;
	while (u->z.avail_out > 0 && !u->at_end) {
		n = u->z.avail_in ? 1 : refill(u);
		if (n < 0)
			return (int)n;
		if (n == 0)
			end(u, !u->between);
		else
			step(u);
	}
	*ret_len = want - u->z.avail_out;
	return 0;
}

bool unzip_is_cut(const struct unzip *u)
{
	return u->is_cut;
}
