#include "ingest/cutter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/unzip.h"

#define BLOCK ((size_t)1 << 20)
#define LOOK_MS 100             /* how often a reader that waits looks whether to stop */
#define HEAD_MAX ((size_t)64 << 10)

int cutter_init(struct cutter *c, const struct load_options *o, const atomic_bool *stop,
	struct err *e)
{
	*c = (struct cutter){.o = o, .stop = stop, .fd = -1};
	c->format = mem_get((size_t)o->n_paths + 1, sizeof(*c->format));
	return c->format ? 0 : err_set(e, -ENOMEM, "could not read files: out of memory");
}

static void close_file(struct cutter *c)
{
	unzip_close(c->unzip);
	c->unzip = NULL;
	if (c->fd > STDIN_FILENO)
		close(c->fd);
	c->fd = -1;
}

void cutter_done(struct cutter *c)
{
	close_file(c);
	mem_free(c->format);
	mem_free(c->carry);
}

void piece_done(struct piece *p)
{
	mem_free(p->buf);
}

static int failed(const struct cutter *c, const char *what, int code, struct err *e)
{
	return err_set(e, -code, "could not %s \"%s\": %s", what, c->o->path[c->file],
		strerror(code));
}

static int open_file(struct cutter *c, struct err *e)
{
	const char *path = c->o->path[c->file];
	struct stat st;

	c->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (c->fd < 0)
		return failed(c, "open", errno, e);
	if (fstat(c->fd, &st) < 0)
		return failed(c, "read", errno, e);
	if (S_ISDIR(st.st_mode))
		return failed(c, "read", EISDIR, e);
	posix_fadvise(c->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	c->waits = !S_ISREG(st.st_mode);
	if (!c->waits && unzip_is(c->fd) && !(c->unzip = unzip_open(c->fd, e)))
		return e->code;
	c->rest = false;
	c->offset = 0;
	c->n_carry = 0;
	return 0;
}

static int reserve(const struct cutter *c, char **buf, size_t *cap, size_t need, struct err *e)
{
	if (need <= *cap)
		return 0;
	char *bigger = mem_resize(*buf, need, 1);
	if (!bigger)
		return failed(c, "read", ENOMEM, e);
	*buf = bigger;
	*cap = need;
	return 0;
}

/* Until there is something to read or the end. */
static int wait_for_input(const struct cutter *c, struct err *e)
{
	struct pollfd in = {.fd = c->fd, .events = POLLIN};

	while (!atomic_load(c->stop)) {
		int n = poll(&in, 1, c->waits ? LOOK_MS : 0);
		if (n > 0 || !c->waits)
			return 0;
		if (n < 0 && errno != EINTR)
			return failed(c, "read", errno, e);
	}
	return err_set(e, -ECANCELED, "reading \"%s\" was stopped", c->o->path[c->file]);
}

/* Fills to[0..want) unless the file ends before. */
static int fill(const struct cutter *c, char *to, size_t want, size_t *ret_len, struct err *e)
{
	int unzipped = c->unzip ? unzip_read(c->unzip, to, want, ret_len) : 0;

	if (c->unzip)
		return unzipped < 0 ? failed(c, "read", -unzipped, e) : 0;
	for (*ret_len = 0; *ret_len < want; ) {
		int code = wait_for_input(c, e);
		if (code < 0)
			return code;
		ssize_t n = read(c->fd, to + *ret_len, want - *ret_len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return failed(c, "read", errno, e);
		if (n == 0)
			break;
		*ret_len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Of a compressed file that ends early: before what was guessed. */
static void say_cut(const struct cutter *c, struct piece *p)
{
	char guessed[SAID_MAX];

	memcpy(guessed, p->said, sizeof(guessed));
	snprintf(p->said, sizeof(p->said), "\"%.160s\" ends early, or is damaged: read up to byte "
		"%llu of its text%s%.240s", c->o->path[c->file], (unsigned long long)c->offset,
		guessed[0] ? "; " : "", guessed);
}

/* The format, from the head of the file. */
static int begin(struct cutter *c, struct piece *p, size_t len, struct err *e)
{
	struct format *f = &c->format[c->file];
	const char *path = c->o->path[c->file];
	char said[SAID_MAX / 2] = "";
	struct err why = {0};

	const char *packed = format_packed(p->buf, len);
	if (packed)
		return err_set(e, -ENOTSUP,
			"\"%s\" is %s-compressed; pipe it: %s -dc FILE | veer ... -", path, packed,
			packed);
	int code = len ? format_choose(f, c->o->format, c->o->columns, p->buf,
		len < HEAD_MAX ? len : HEAD_MAX, said, sizeof(said), &why) : 0;
	if (code == -ENOMSG)
		snprintf(p->unfit, sizeof(p->unfit), "\"%.100s\": %.390s", path,
			why.text);
	else if (code < 0)
		return err_set(e, code, "%s", why.text);
	if (said[0])
		snprintf(p->said, sizeof(p->said), "%.200s: %s", path, said);
	split_init(&c->split, f->delim);
	return 0;
}

/* Reads on to a row end or the end of the file: *ret_len bytes, *ret_end of them in whole rows. */
static int read_rows(struct cutter *c, struct piece *p, size_t *ret_len, size_t *ret_end,
	struct err *e)
{
	size_t len = c->n_carry, got;
	int code = reserve(c, &p->buf, &p->cap, len + BLOCK, e);

	if (code == 0 && len)
		memcpy(p->buf, c->carry, len);
	c->split.bad = false;
	for (*ret_end = 0; code == 0 && !*ret_end && !p->last && !p->unfit[0]; len += got) {
		if ((code = reserve(c, &p->buf, &p->cap, len + BLOCK, e)) < 0
				|| (code = fill(c, p->buf + len, BLOCK, &got, e)) < 0)
			break;
		p->last = got < BLOCK;
		if (p->first && !len && (code = begin(c, p, got, e)) < 0)
			break;
		*ret_end = p->unfit[0] ? 0 : split_scan(&c->split, p->buf, len, len + got);
	}
	*ret_len = len;
	return code;
}

static int cut(struct cutter *c, struct piece *p, struct err *e)
{
	size_t len, end;
	bool rest = c->rest;
	int code = read_rows(c, p, &len, &end, e);

	if (code < 0 || p->unfit[0]) {
		p->last = true;
		return code;
	}
	end = p->last ? len : end;
	code = reserve(c, &c->carry, &c->cap_carry, len - end, e);
	if (code < 0)
		return code;
	if (len > end)
		memcpy(c->carry, p->buf + end, len - end);
	c->n_carry = len - end;
	p->block = (struct csv_block){
		.data = p->buf, .len = end, .first_line = 1, .offset = c->offset, .rest = rest,
		.skip_header = p->first && c->format[c->file].header,
		.clean = !p->last && !c->split.bad,
	};
	c->offset += end;
	c->rest = c->split.state == SPLIT_REST;
	return 0;
}

int cutter_next(struct cutter *c, struct piece *p, struct err *e)
{
	if (c->file == c->o->n_paths)
		return 0;
	p->first = c->fd < 0;
	p->last = false;
	p->is_cut = false;
	p->said[0] = p->unfit[0] = '\0';
	p->block = (struct csv_block){0};
	int code = p->first ? open_file(c, e) : 0;
	if (code == 0)
		code = cut(c, p, e);
	if (code < 0)
		return code;
	p->block.source = c->file;
	p->is_cut = p->last && c->unzip && unzip_is_cut(c->unzip);
	if (p->is_cut)
		say_cut(c, p);
	if (p->last) {
		close_file(c);
		c->file++;
	}
	return 1;
}
