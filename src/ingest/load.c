/* Blocks are read and cut under one lock and parsed outside of it; batches wait in a ring of
 * slots, by
 * number, until the sink's turn comes, so that they leave in the order of the files.
 */
#include "ingest/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/csv.h"
#include "ingest/format.h"
#include "ingest/split.h"

#define BLOCK ((size_t)2 << 20)
#define WINDOW 3u               /* batches under way, a thread */
#define THREADS_MAX 256u

struct slot {
	struct batch *batch;
	bool ready;
};

struct loader {
	struct ids *ids;
	const struct load_options *o;
	struct load_progress *p;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct slot *slot;
	uint64_t taken, given;          /* numbers of the next block to read, of the next batch to
		 * sink */
	uint32_t window;
	bool ended, failed;
	struct err err;
	/* the file under way */
	uint32_t file;
	int fd;
	struct format *format;          /* [n_paths] */
	struct split split;
	char *carry;                    /* what is left of the last block */
	size_t n_carry, cap_carry;
	uint64_t offset, line;
	bool rest, unfit;               /* unfit: no format fits, the file is passed over */
};

struct worker {
	struct loader *l;
	pthread_t thread;
	struct csv_reader *reader;
	uint32_t reader_file;
	char *buf;
	size_t cap;
};

static int fail(struct loader *l, const char *what)
{
	return err_set(&l->err, -errno, "could not %s \"%s\": %s", what, l->o->path[l->file],
		strerror(errno));
}

static int open_file(struct loader *l)
{
	const char *path = l->o->path[l->file];
	struct stat st;
	l->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0)
		return fail(l, "open");
	if (fstat(l->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail(l, "read");
	}
	posix_fadvise(l->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	l->offset = 0;
	l->line = 1;
	l->n_carry = 0;
	l->rest = l->unfit = false;
	return 0;
}

static void close_file(struct loader *l)
{
	if (l->fd > STDIN_FILENO)
		close(l->fd);
	l->fd = -1;
	l->file++;
}

static bool grow(char **buf, size_t *cap, size_t need)
{
	if (need <= *cap)
		return true;
	char *bigger = mem_resize(*buf, need, 1);
	if (!bigger)
		return false;
	*buf = bigger;
	*cap = need;
	return true;
}

#define LOOK_MS 100             /* how often a silent pipe is left to look whether to stop */

/* A pipe may say nothing for long: waits for it in short turns. False: the load is to stop. */
static bool wait_readable(const struct loader *l)
{
	struct pollfd fd = { .fd = l->fd, .events = POLLIN };
	while (!atomic_load(&l->p->stop))
		if (poll(&fd, 1, LOOK_MS) > 0)
			return true;
	return false;
}

/* Reads until `want` more bytes are there or the file ends; the bytes read, or negative. */
static ssize_t read_more(struct loader *l, char *to, size_t want)
{
	size_t got = 0;
	while (got < want) {
		if (!wait_readable(l))
			return err_set(&l->err, -ECANCELED, "reading was stopped");
		ssize_t n = read(l->fd, to + got, want - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(l, "read");
		if (n == 0)
			break;
		got += (size_t)n;
	}
	atomic_fetch_add(&l->p->bytes, got);
	return (ssize_t)got;
}

/* The format of the file, from its first block. -ENOMSG: none fits, the file is unusable. */
static int choose(struct loader *l, const char *head, size_t len)
{
	char said[256] = "", line[512];
	struct format *f = &l->format[l->file];
	const char *path = l->o->path[l->file];
	if (len > 1 && (unsigned char)head[0] == 0x1f && (unsigned char)head[1] == 0x8b)
		return err_set(&l->err, -EINVAL,
			"\"%s\" is gzip-compressed: pipe it, zcat FILE | veer ... -", path);
	int r = format_choose(f, l->o->format, l->o->columns, head, len, said, sizeof said,
		&l->err);
	if (r == 0 && said[0] && l->o->said) {
		snprintf(line, sizeof line, "%s: %s", path, said);
		l->o->said(l->o->said_ctx, line);
	}
	if (r == 0)
		split_init(&l->split, f->delim);
	return r == 0 ? 0 : err_wrap(&l->err, "\"%s\"", path);
}

/* Fills the worker's buffer with the next block of whole rows. 1: a block, 0: no more. Locked. */
static int next_block(struct worker *w, struct csv_block *ret)
{
	struct loader *l = w->l;
	size_t len, end = 0, scanned = l->n_carry;
	bool last = false;
	if (!grow(&w->buf, &w->cap, l->n_carry + BLOCK))
		return err_set(&l->err, -ENOMEM, "could not read \"%s\": out of memory",
			l->o->path[l->file]);
	memcpy(w->buf, l->carry, l->n_carry);
	len = l->n_carry;
	l->split.bad = false;
	while (end == 0 && !last) {
		if (!grow(&w->buf, &w->cap, len + BLOCK))
			return err_set(&l->err, -ENOMEM, "could not read \"%s\": out of memory",
				l->o->path[l->file]);
		ssize_t n = read_more(l, w->buf + len, BLOCK);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
		last = (size_t)n < BLOCK;
		int r = l->offset == 0 && scanned == 0 && len > 0 ? choose(l, w->buf, len) : 0;
		if (r < 0)
			return r;
		end = len > 0 ? split_scan(&l->split, w->buf, scanned, len) : 0;
		scanned = len;
	}
	end = last ? len : end;
	if (!grow(&l->carry, &l->cap_carry, len - end + 1))
		return err_set(&l->err, -ENOMEM, "could not read \"%s\": out of memory",
			l->o->path[l->file]);
	memcpy(l->carry, w->buf + end, len - end);
	l->n_carry = len - end;
	*ret = (struct csv_block){ .data = w->buf, .len = end, .first_line = l->line, .offset =
		l->offset,
		.source = l->file, .skip_header = l->offset == 0 && l->format[l->file].header,
		.rest = l->rest, .clean = !last && !l->split.bad };
	l->rest = l->split.state == SPLIT_REST;
	l->line += split_count_lines(w->buf, end);
	l->offset += end;
	if (last)
		close_file(l);
	return end > 0;
}

/* The next block of any file. 1: a block; 0: all is read; negative: failed. Locked. */
static int take_block(struct worker *w, struct csv_block *ret, uint64_t *ret_number)
{
	struct loader *l = w->l;
	while (!l->failed && !l->ended && l->taken >= l->given + l->window)
		pthread_cond_wait(&l->moved, &l->lock);
	while (!l->failed && !l->ended) {
		if (atomic_load(&l->p->stop))
			return err_set(&l->err, -ECANCELED, "reading was stopped");
		if (l->file == l->o->n_paths) {
			l->ended = true;
			break;
		}
		int r = l->fd < 0 ? open_file(l) : 0;
		r = r < 0 ? r : next_block(w, ret);
		if (r == -ENOMSG)
			close_file(l);          /* counted as unusable, since no batch of it comes
				 * */
		else if (r != 0) {
			*ret_number = l->taken++;
			return r;
		}
	}
	return 0;
}

static struct batch *parse(struct worker *w, const struct csv_block *b, struct err *e)
{
	struct loader *l = w->l;
	if (!w->reader || w->reader_file != b->source) {
		csv_reader_free(w->reader);
		w->reader_file = b->source;
		w->reader = csv_reader_new(l->ids, &l->format[b->source], l->o->zone, false,
			l->o->keep_rejects, e);
	}
	return w->reader ? csv_read(w->reader, b, e) : NULL;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct loader *l = w->l;
	struct err e = {0};
	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct csv_block b;
		uint64_t number = 0;
		int r = take_block(w, &b, &number);
		if (r <= 0) {
			l->failed |= r < 0;
			break;
		}
		pthread_mutex_unlock(&l->lock);
		struct batch *batch = parse(w, &b, &e);
		pthread_mutex_lock(&l->lock);
		if (!batch && !l->failed) {
			l->err = e;
			l->failed = true;
		}
		l->slot[number % l->window] = (struct slot){ batch, true };
		pthread_cond_broadcast(&l->moved);
	}
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* Events after the horizon are left out. */
static void cut_batch(struct batch *b, int64_t until_ms)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->time_ms[i] > until_ms)
			continue;
		b->time_ms[kept] = b->time_ms[i];
		b->user[kept] = b->user[i];
		b->item[kept] = b->item[i];
		b->category[kept] = b->category[i];
		b->behaviour[kept] = b->behaviour[i];
		if (b->price)
			b->price[kept] = b->price[i];
		if (b->quantity)
			b->quantity[kept] = b->quantity[i];
		kept++;
	}
	b->n = kept;
}

struct tally {                          /* of one file */
	uint64_t rows, events, rejected[REJECT_N];
};

static int keep_rejects(struct load_result *r, const struct batch *b, uint32_t max, struct err *e)
{
	uint32_t n = b->n_reject < max - r->n_reject ? b->n_reject : max - r->n_reject;
	if (n == 0)
		return 0;
	struct reject_row *more = mem_resize(r->reject, (size_t)r->n_reject + n, sizeof *more);
	if (!more)
		return err_set(e, -ENOMEM, "could not keep rejected rows: out of memory");
	memcpy(more + r->n_reject, b->reject, n * sizeof *more);
	r->reject = more;
	r->n_reject += n;
	return 0;
}

static int count(struct loader *l, const struct batch *b, struct tally *t, struct load_result *r,
	struct err *e)
{
	struct tally *file = &t[b->source];
	uint64_t rejected = 0;
	file->rows += b->n_rows;
	file->events += b->n;
	for (int i = 0; i < REJECT_N; i++) {
		file->rejected[i] += b->rejected[i];
		r->rejected[i] += b->rejected[i];
		rejected += b->rejected[i];
	}
	r->rows += b->n_rows;
	r->events += b->n;
	atomic_fetch_add(&l->p->rows, b->n_rows);
	atomic_fetch_add(&l->p->events, b->n);
	atomic_fetch_add(&l->p->rejected, rejected);
	return keep_rejects(r, b, l->o->keep_rejects, e);
}

/* The next batch in order, or NULL when there is none left or the load failed. */
static struct batch *next_batch(struct loader *l)
{
	struct batch *b = NULL;
	pthread_mutex_lock(&l->lock);
	struct slot *s = &l->slot[l->given % l->window];
	while (!l->failed && !s->ready && !(l->ended && l->given == l->taken))
		pthread_cond_wait(&l->moved, &l->lock);
	if (!l->failed && s->ready) {
		b = s->batch;
		*s = (struct slot){0};
		l->given++;
		pthread_cond_broadcast(&l->moved);
	}
	pthread_mutex_unlock(&l->lock);
	return b;
}

static void stop(struct loader *l, const struct err *e)
{
	pthread_mutex_lock(&l->lock);
	if (!l->failed)
		l->err = *e;
	l->failed = true;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

static void sink_all(struct loader *l, load_sink *sink, void *ctx, struct tally *t,
	struct load_result *r)
{
	struct err e = {0};
	for (struct batch *b; (b = next_batch(l)); ) {
		if (l->o->until_ms != INT64_MAX)
			cut_batch(b, l->o->until_ms);
		int code = count(l, b, t, r, &e);
		if (code < 0)
			batch_free(b);
		else
			code = sink(ctx, b, &e);
		if (code < 0)
			stop(l, &e);
	}
}

static void find_unusable(const struct loader *l, const struct tally *t, struct load_result *r)
{
	for (uint32_t i = 0; i < l->o->n_paths; i++) {
		char reasons[256];
		bool sane = t[i].events > 0;
		if (sane || r->unusable++ > 0)
			continue;
		load_reasons(t[i].rejected, t[i].rows, reasons, sizeof reasons);
		if (t[i].rows == 0 && l->err.code == -ENOMSG)
			snprintf(r->why, sizeof r->why, "%s", l->err.text);
		else
			snprintf(r->why, sizeof r->why, "no usable row in \"%s\": %s",
				l->o->path[i],
				t[i].rows ? reasons : "it holds no rows");
	}
}

static int by_count_down(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (x[0] < y[0]) - (x[0] > y[0]);
}

void load_reasons(const uint64_t rejected[REJECT_N], uint64_t rows, char *buf, size_t n)
{
	uint64_t why[REJECT_N][2], sum = 0;
	for (int i = 0; i < REJECT_N; i++) {
		why[i][0] = rejected[i];
		why[i][1] = (uint64_t)i;
		sum += rejected[i];
	}
	qsort(why, REJECT_N, sizeof *why, by_count_down);
	int at = snprintf(buf, n, "%llu of %llu rows unusable", (unsigned long long)sum,
		(unsigned long long)rows);
	for (int i = 0; i < 3 && why[i][0] > 0 && at > 0 && (size_t)at < n; i++)
		at += snprintf(buf + at, n - (size_t)at, "%s%s %llu", i ? ", " : ": ",
			reject_name[why[i][1]], (unsigned long long)why[i][0]);
}

static void measure(const struct load_options *o, struct load_progress *p)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < o->n_paths; i++) {
		struct stat st;
		if (strcmp(o->path[i], "-") == 0 || stat(o->path[i], &st) < 0 ||
			!S_ISREG(st.st_mode))
			return;
		total += (uint64_t)st.st_size;
	}
	atomic_store(&p->bytes_total, total);
}

static void run_workers(struct loader *l, struct worker *w, unsigned n, load_sink *sink, void *ctx,
	struct tally *t, struct load_result *r)
{
	unsigned started = 0;
	for (; started < n; started++) {
		w[started].l = l;
		int code = pthread_create(&w[started].thread, NULL, work, &w[started]);
		if (code == 0)
			continue;
		struct err e;
		err_set(&e, -code, "could not start a reader: %s", strerror(code));
		if (started == 0)
			stop(l, &e);
		break;
	}
	sink_all(l, sink, ctx, t, r);
	for (unsigned i = 0; i < started; i++) {
		pthread_join(w[i].thread, NULL);
		csv_reader_free(w[i].reader);
		mem_free(w[i].buf);
	}
}

static void loader_done(struct loader *l)
{
	for (uint32_t i = 0; l->slot && i < l->window; i++)
		batch_free(l->slot[i].batch);
	if (l->fd > STDIN_FILENO)
		close(l->fd);
	mem_free(l->slot);
	mem_free(l->format);
	mem_free(l->carry);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->moved);
}

int load_files(struct ids *ids, const struct load_options *o, struct load_progress *p,
	load_sink *sink, void *ctx, struct load_result *ret, struct err *e)
{
	unsigned n = o->threads < 1 ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
	struct loader l = { .ids = ids, .o = o, .p = p, .fd = -1, .window = WINDOW * n,
		.slot = mem_get(WINDOW * n, sizeof(struct slot)),
		.format = mem_get(o->n_paths + 1, sizeof(struct format)) };
	struct worker *w = mem_get(n, sizeof *w);
	struct tally *t = mem_get(o->n_paths + 1, sizeof *t);
	*ret = (struct load_result){0};
	pthread_mutex_init(&l.lock, NULL);
	pthread_cond_init(&l.moved, NULL);
	measure(o, p);
	if (w && t && l.slot && l.format && grow(&l.carry, &l.cap_carry, 1))
		run_workers(&l, w, n, sink, ctx, t, ret);
	else
		l.failed = err_set(&l.err, -ENOMEM, "could not read files: out of memory") < 0;
	if (!l.failed)
		find_unusable(&l, t, ret);
	int code = l.failed ? err_set(e, l.err.code, "%s", l.err.text) : 0;
	loader_done(&l);
	mem_free(w);
	mem_free(t);
	if (code < 0)
		load_result_done(ret);
	return code;
}

void load_result_done(struct load_result *r)
{
	mem_free(r->reject);
	r->reject = NULL;
	r->n_reject = 0;
}
