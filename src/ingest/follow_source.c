/* One source: its bytes to rows, its rows to batches. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/follow_parts.h"

/* a transaction of the store, in the end: what a crash makes read again */
#define BLOCK (64u << 10)
#define GUESS_BYTES (64u << 10)         /* a format that does not fit so many bytes fits none */
/* how long a file that lost its path may still get a late line */
#define REPLACED_MS 2000

int source_open(const char *path, struct stat *st, struct err *e)
{
	int code, fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "could not open \"%s\": %s", path, strerror(errno));
	if (fstat(fd, st) < 0)
		code = errno;
	else if (S_ISDIR(st->st_mode))
		code = EISDIR;
	else
		return fd;
	close(fd);
	return err_set(e, -code, "could not read \"%s\": %s", path, strerror(code));
}

static struct source *free_number(struct follow *f)
{
	struct source **bigger, *s;
	for (uint32_t i = 0; i < f->n_sources; i++)
		if (f->source[i]->state == SOURCE_FREE)
			return f->source[i];
	bigger = mem_resize(f->source, (size_t)f->n_sources + 1, sizeof *bigger);
	if (!bigger)
		return NULL;
	f->source = bigger;
	s = mem_get(1, sizeof *s);
	if (s) {
		s->number = f->n_sources;
		s->fd = -1;
		f->source[f->n_sources++] = s;
	}
	return s;
}

/* What a shell or a parent made has one writer, whatever it is called. */
static bool has_name(const char *path)
{
	return strcmp(path, "-") != 0 && strncmp(path, "/dev/fd/", 8) != 0 &&
		strncmp(path, "/proc/", 6) != 0 && strcmp(path, "/dev/stdin") != 0;
}

struct source *source_start(struct follow *f, uint32_t path, int fd, const struct stat *st,
	struct err *e)
{
	struct source *s = free_number(f);
	if (!s) {
		close(fd);
		err_set(e, -ENOMEM, "could not follow \"%s\": out of memory", f->o.path[path]);
		return NULL;
	}
	*s = (struct source){ .state = SOURCE_MORE, .number = s->number, .path = path, .fd = fd,
		.pipe = !S_ISREG(st->st_mode) || strcmp(f->o.path[path], "-") == 0,
		.fifo = S_ISFIFO(st->st_mode) && has_name(f->o.path[path]),
		.device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size,
		.changed = st->st_mtim, .newest_ms = INT64_MIN };
	split_init(&s->split, ',');
	f->trouble[path][0] = '\0';
	return s;
}

/* Keeps the number and what was counted. */
void source_end(struct source *s)
{
	csv_reader_free(s->reader);
	s->reader = NULL;
	mem_free(s->buf);
	s->offset = source_at(s);
	s->buf = NULL;
	s->len = s->cap = s->taken = s->scanned = 0;
	if (s->fd > STDIN_FILENO)
		close(s->fd);
	s->fd = -1;
	s->state = SOURCE_ENDED;
}

void source_free(struct source *s)
{
	if (s->state != SOURCE_FREE)
		source_end(s);
	mem_free(s);
}

uint64_t source_at(const struct source *s)
{
	return s->offset + s->taken;
}

/* Drops what the last batch took. */
static void compact(struct source *s)
{
	if (s->taken == 0)
		return;
	s->line += split_count_lines(s->buf, s->taken);
	s->offset += s->taken;
	s->len -= s->taken;
	s->scanned -= s->taken < s->scanned ? s->taken : s->scanned;
	memmove(s->buf, s->buf + s->taken, s->len);
	s->taken = 0;
}

static int make_room(struct source *s)
{
	if (s->cap - s->len >= BLOCK)
		return 0;
	size_t cap = s->len + 2 * (size_t)BLOCK;
	char *buf = mem_resize(s->buf, cap, 1);
	if (!buf)
		return -ENOMEM;
	s->buf = buf;
	s->cap = cap;
	return 0;
}

/* Rows that were taken before stay in blocks of their own. */
static size_t wanted(const struct source *s)
{
	uint64_t at = s->offset + s->len;
	return at < s->again && s->again - at < BLOCK ? (size_t)(s->again - at) : BLOCK;
}

/* Bytes read, 0 at the end of what there is (or of all there will be: *ret_ended), or -errno. */
static ssize_t fill(struct source *s, size_t want, bool *ret_ended)
{
	uint64_t at = s->offset + s->len;
	ssize_t n = s->pipe ? read(s->fd, s->buf + s->len, want) :
		pread(s->fd, s->buf + s->len, want, (off_t)at);
	*ret_ended = n == 0 && s->pipe;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (s->n_head < FOLLOW_HEAD && at == s->n_head) {
		size_t more = FOLLOW_HEAD - s->n_head < (size_t)n ? FOLLOW_HEAD - s->n_head :
			(size_t)n;
		memcpy(s->head + s->n_head, s->buf + s->len, more);
		s->n_head += (uint32_t)more;
	}
	s->len += (size_t)n;
	return n;
}

/* No format fits. A file may be written anew and a FIFO get another writer: they are kept. */
static void give_up(const struct follow *f, struct source *s)
{
	s->unusable = true;
	if (f->o.once || (s->pipe && !s->fifo)) {
		source_end(s);
		return;
	}
	s->len = s->scanned = 0;
	if (!s->pipe)
		s->state = SOURCE_DRY;
}

/* A file that goes on where another ended has its layout, whether or not it has the header. */
static int choose_layout(const struct follow *f, struct source *s, const char *head, size_t len,
	char said[200], struct err *e)
{
	const struct format *known = &f->known[s->path];
	const char *packed = format_packed(head, len);
	int r = -ENOMSG;
	if (packed)
		return err_set(e, r, "it is %s-compressed, which %s, but nobody appends to", packed,
			strcmp(packed, "gzip") == 0 ? "detect and replay read" :
			"no command reads");
	if (!known->name || !format_is_row(known, f->o.zone, head, len))
		r = format_choose(&s->format, f->o.format, f->o.columns, head, len, said, 200, e);
	if (r != -ENOMSG || !known->name)
		return r;
	s->format = *known;
	return 0;
}

/* The format from the whole lines at the head; 1: known now, 0: not yet, or never (unusable). */
static int choose(struct follow *f, struct source *s, const char *head, size_t len, bool final,
	struct err *e)
{
	struct err why = {0};
	char said[200] = "";
	final |= len > ROW_MAX || format_packed(head, len);
	while (len > 0 && head[len - 1] != '\n' && head[len - 1] != '\r' && !final)
		len--;
	if (len == 0)
		return 0;
	int r = choose_layout(f, s, head, len, said, &why);
	if (r == -EINVAL)
		return err_set(e, r, "%s", why.text);
	if (r < 0) {
		if (!s->unfit[0])
			follow_trouble_at(f, s->path, NOTICE_ERROR, "%s: not read: %s",
				f->o.path[s->path], why.text);
		snprintf(s->unfit, sizeof s->unfit, "%.190s", why.text);
		if (final || len >= GUESS_BYTES)
			give_up(f, s);
		return 0;
	}
	if (said[0])
		follow_say(f, NOTICE_INFO, "%s: %s", f->o.path[s->path], said);
	f->trouble[s->path][0] = '\0';
	f->known[s->path] = s->format;
	f->known[s->path].header = false;
	split_init(&s->split, s->format.delim);
	s->scanned = 0;
	s->reader = csv_reader_new(f->ids, &s->format, f->o.zone, true, f->o.keep_rejects, e);
	return s->reader ? 1 : -ENOMEM;
}

/* Before the first read. In the middle of a file the format stands at its head, and the lines
 * before must be counted.
 */
static int prime(struct follow *f, struct source *s, struct err *e)
{
	uint64_t at = 0;
	int r = 0;
	s->line = 1;
	if (s->offset == 0)
		return 0;
	char *head = mem_get(GUESS_BYTES, 1);
	if (!head)
		return err_set(e, -ENOMEM, "could not read \"%s\": out of memory",
			f->o.path[s->path]);
	for (ssize_t n = 1; r >= 0 && n > 0 && at < s->offset; at += (uint64_t)n) {
		size_t want = s->offset - at < GUESS_BYTES ? (size_t)(s->offset - at) : GUESS_BYTES;
		n = pread(s->fd, head, want, (off_t)at);
		n -= n > 1 && head[n - 1] == '\r';      /* a newline of two bytes is one */
		s->line += n > 0 ? split_count_lines(head, (size_t)n) : 0;
		if (n < 0)
			r = err_set(e, -errno, "could not read \"%s\": %s", f->o.path[s->path],
				strerror(errno));
	}
	ssize_t n = r < 0 ? 0 : pread(s->fd, head, GUESS_BYTES, 0);
	if (n > 0) {
		s->n_head = n < FOLLOW_HEAD ? (uint32_t)n : FOLLOW_HEAD;
		memcpy(s->head, head, s->n_head);
		r = choose(f, s, head, (size_t)n, true, e);
	}
	mem_free(head);
	return r;
}

/* How many bytes of what waits are whole rows, or no part of any. */
static size_t cut(struct source *s, bool final)
{
	size_t rows = split_scan(&s->split, s->buf, s->scanned, s->len);
	s->scanned = s->len;
	if (!final && s->offset + s->len != s->again)
		return rows;
	if (s->split.state != SPLIT_REST)
		split_init(&s->split, s->format.delim);
	return s->len;
}

static void count(struct source *s, const struct batch *b)
{
	s->n_events += b->n;
	s->n_rows += b->n_rows;
	for (int i = 0; i < REJECT_N; i++)
		s->rejected[i] += b->rejected[i];
	if (b->n > 0)
		s->newest_ms = b->time_ms[b->n - 1];
}

static int take(struct follow *f, struct source *s, bool final, struct batch **ret, struct err *e)
{
	if (s->unusable)
		s->len = 0;
	if (s->len == 0)
		return 0;
	if (!s->reader) {
		int r = choose(f, s, s->buf, s->len, final, e);
		if (r <= 0)
			return r;
	}
	s->split.bad = false;
	size_t n = cut(s, final);
	if (n == 0)
		return 0;
	struct csv_block b = { .data = s->buf, .len = n, .first_line = s->line, .offset = s->offset,
		.source = s->number, .skip_header = s->offset == 0 && s->format.header, .rest =
			s->in_rest,
		.clean = !final && !s->split.bad };
	s->in_rest = s->split.state == SPLIT_REST;
	*ret = csv_read(s->reader, &b, e);
	if (!*ret)
		return -ENOMEM;
	s->taken = n;
	count(s, *ret);
	return 0;
}

/* At the end of what there is: will there be more? */
static bool is_final(const struct follow *f, const struct source *s)
{
	if (s->pipe)
		return false;
	return f->o.once || (s->replaced && s->quiet_since_ms &&
		follow_tick_ms() - s->quiet_since_ms >= REPLACED_MS);
}

static int end(struct follow *f, struct source *s, bool pipe_closed, struct err *e)
{
	if (pipe_closed && s->fifo && !f->o.once)
		return watch_next_writer(f, s, e);
	source_end(s);
	return 0;
}

int source_read(struct follow *f, struct source *s, struct batch **ret, struct err *e)
{
	bool ended;
	int r = s->line ? 0 : prime(f, s, e);
	if (r < 0 || s->state == SOURCE_ENDED || (s->unusable && !s->pipe))
		return r;
	compact(s);
	if (make_room(s) < 0)
		return err_set(e, -ENOMEM, "could not read \"%s\": out of memory",
			f->o.path[s->path]);
	size_t want = wanted(s);
	ssize_t n = fill(s, want, &ended);
	if (n < 0)
		return err_set(e, (int)n, "could not read \"%s\": %s", f->o.path[s->path],
			strerror((int)-n));
	if (n > 0) {
		s->quiet_since_ms = 0;
		if ((size_t)n < want && !s->pipe && !f->o.once)
			s->state = SOURCE_DRY;          /* its head is looked at before more is
				 * read */
		return take(f, s, false, ret, e);
	}
	if (!s->quiet_since_ms)
		s->quiet_since_ms = follow_tick_ms();
	s->state = SOURCE_DRY;
	if (!ended && !is_final(f, s))
		return 0;
	r = take(f, s, true, ret, e);
	if (r == 0 && !*ret && s->state != SOURCE_ENDED)
		r = end(f, s, ended, e);
	else if (*ret)
		s->state = SOURCE_MORE;         /* once more, to find the end */
	return r;
}
