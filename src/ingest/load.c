/* Workers take turns at cutting pieces off the files, parse them side by side, and leave them in a
 * ring of slots by number, from which the calling thread takes them in order. What goes wrong takes
 * a slot like a batch, so that everything before it is handed on whatever the threads do.
 */
#include "ingest/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/csv.h"
#include "ingest/cutter.h"
#include "ingest/unzip.h"

#define WINDOW 3u               /* slots a thread */
#define THREADS_MAX 256u

struct slot {
	bool ready;
	struct batch *batch;            /* NULL: the piece had no bytes */
	uint64_t lines, bytes;
	uint32_t file;
	bool first, last, is_cut;
	char said[SAID_MAX], unfit[SAID_MAX];
	struct err err;                 /* the load ends here */
};

/* The sums over one file, in the order of its pieces. */
struct tally {
	uint64_t rows, rejected[REJECT_N], line;
};

struct loader {
	struct ids *ids;
	const struct load_options *o;
	struct load_progress *p;
	load_sink *sink;
	void *sink_ctx;
	struct tally tally;             /* the calling thread's */
	pthread_mutex_t turn;           /* held while cutting; taken before lock */
	struct cutter cutter;
	pthread_mutex_t lock;           /* of what follows */
	pthread_cond_t moved;
	struct slot *slot;
	uint32_t window;
	uint64_t taken, given;          /* numbers of the next slot to fill, to hand on */
	bool ended;                     /* no slot will be taken any more */
};

struct worker {
	struct loader *l;
	pthread_t thread;
	struct csv_reader *reader;
	uint32_t reader_file;
	struct piece piece;
};

/* Waits for room and takes the next number; false: nothing is to be read any more. */
static bool take_number(struct loader *l, uint64_t *ret)
{
	pthread_mutex_lock(&l->lock);
	while (!l->ended && l->taken - l->given == l->window)
		pthread_cond_wait(&l->moved, &l->lock);
	bool ended = l->ended;
	*ret = ended ? 0 : l->taken++;
	pthread_mutex_unlock(&l->lock);
	return !ended;
}

/* Ends the reading; back gives a number taken for nothing back. */
static void end_reading(struct loader *l, bool back)
{
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	l->taken -= back;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

/* Cuts the next piece. 1, with its number; 0: no more; negative, with a number: failed. */
static int take_piece(struct worker *w, uint64_t *ret_number, struct err *e)
{
	struct loader *l = w->l;
	int code = 0;

	pthread_mutex_lock(&l->turn);
	if (take_number(l, ret_number)) {
		code = cutter_next(&l->cutter, &w->piece, e);
		if (code <= 0)
			end_reading(l, code == 0);
	}
	pthread_mutex_unlock(&l->turn);
	return code;
}

static struct batch *parse(struct worker *w, struct err *e)
{
	struct loader *l = w->l;
	const struct csv_block *b = &w->piece.block;

	if (!w->reader || w->reader_file != b->source) {
		csv_reader_free(w->reader);
		w->reader_file = b->source;
		w->reader = csv_reader_new(l->ids, &l->cutter.format[b->source], l->o->zone, false,
			l->o->keep_rejects, e);
	}
	return w->reader ? csv_read(w->reader, b, e) : NULL;
}

static void leave(struct loader *l, uint64_t number, const struct slot *s)
{
	pthread_mutex_lock(&l->lock);
	l->slot[number % l->window] = *s;
	l->slot[number % l->window].ready = true;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct piece *p = &w->piece;
	uint64_t number;
	int code = 1;

	while (code > 0) {
		struct slot s = {0};
		code = take_piece(w, &number, &s.err);
		if (code == 0)
			break;
		if (code > 0) {
			s.file = p->block.source;
			s.first = p->first;
			s.last = p->last;
			s.is_cut = p->is_cut;
			memcpy(s.said, p->said, sizeof(s.said));
			memcpy(s.unfit, p->unfit, sizeof(s.unfit));
			s.bytes = p->block.len;
			s.lines = split_count_lines(p->block.data, p->block.len);
			if (p->block.len && !(s.batch = parse(w, &s.err)))
				end_reading(w->l, false);
		}
		leave(w->l, number, &s);
	}
	return NULL;
}

/* Takes the next slot in order; false: there is none any more. */
static bool next_slot(struct loader *l, struct slot *ret)
{
	struct slot *s = &l->slot[l->given % l->window];

	pthread_mutex_lock(&l->lock);
	while (!s->ready && !(l->ended && l->given == l->taken))
		pthread_cond_wait(&l->moved, &l->lock);
	bool ready = s->ready;
	if (ready) {
		*ret = *s;
		*s = (struct slot){0};
		l->given++;
		pthread_cond_broadcast(&l->moved);
	}
	pthread_mutex_unlock(&l->lock);
	return ready;
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

static int keep_rejects(struct load_result *r, const struct batch *b, uint32_t max, uint64_t line,
	struct err *e)
{
	uint32_t n = b->n_reject < max - r->n_reject ? b->n_reject : max - r->n_reject;

	if (!n)
		return 0;
	struct reject_row *more = mem_resize(r->reject, (size_t)r->n_reject + n, sizeof(*more));
	if (!more)
		return err_set(e, -ENOMEM, "could not keep rejected rows: out of memory");
	r->reject = more;
	for (uint32_t i = 0; i < n; i++) {
		more[r->n_reject] = b->reject[i];
		more[r->n_reject++].line += line;
	}
	return 0;
}

static uint64_t sum(const uint64_t rejected[REJECT_N])
{
	uint64_t n = 0;

	for (int i = 0; i < REJECT_N; i++)
		n += rejected[i];
	return n;
}

static int count(struct loader *l, const struct batch *b, struct tally *t, struct load_result *r,
	struct err *e)
{
	t->rows += b->n_rows;
	r->rows += b->n_rows;
	r->events += b->n;
	for (int i = 0; i < REJECT_N; i++) {
		t->rejected[i] += b->rejected[i];
		r->rejected[i] += b->rejected[i];
	}
	atomic_store(&l->p->rows, r->rows);
	atomic_store(&l->p->events, r->events);
	atomic_store(&l->p->rejected, sum(r->rejected));
	return keep_rejects(r, b, l->o->keep_rejects, t->line, e);
}

static int by_count_down(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (x[0] < y[0]) - (x[0] > y[0]);
}

void load_reasons(const uint64_t rejected[REJECT_N], uint64_t rows, char *buf, size_t n)
{
	uint64_t why[REJECT_N][2];
	int at = snprintf(buf, n, "%" PRIu64 " of %" PRIu64 " rows unusable", sum(rejected), rows);

	for (uint64_t i = 0; i < REJECT_N; i++) {
		why[i][0] = rejected[i];
		why[i][1] = i;
	}
	qsort(why, REJECT_N, sizeof(*why), by_count_down);
	for (int i = 0; i < REJECT_N && why[i][0] && at > 0 && (size_t)at < n; i++)
		at += snprintf(buf + at, n - (size_t)at, "%s%s %" PRIu64, i ? ", " : ": ",
			reject_name[why[i][1]], why[i][0]);
}

/* At the end of a file: has it been of use? */
static void judge(const struct loader *l, const struct slot *s, const struct tally *t,
	struct load_result *r)
{
	const char *path = l->o->path[s->file];
	bool header = l->cutter.format[s->file].header;
	char reasons[256];

	if (t->rows > sum(t->rejected) || r->unusable++)
		return;
	load_reasons(t->rejected, t->rows, reasons, sizeof(reasons));
	if (s->unfit[0])
		snprintf(r->why, sizeof(r->why), "%s", s->unfit);
	else if (t->rows)
		snprintf(r->why, sizeof(r->why), "\"%.200s\": %s", path, reasons);
	else
		snprintf(r->why, sizeof(r->why), "\"%.200s\" %s", path,
			header ? "has no rows below its header" : "is empty");
}

/* What a slot holds, its batch last; the slot is empty then. */
static int hand_on(struct loader *l, struct slot *s, struct load_result *r, struct err *e)
{
	struct tally *t = &l->tally;
	struct batch *b = s->batch;
	int code = s->err.code;

	s->batch = NULL;
	if (code < 0)
		return err_set(e, code, "%s", s->err.text);
	if (s->first)
		*t = (struct tally){0};
	if (s->is_cut)
		snprintf(r->cut, sizeof(r->cut), "%s", s->said);
	if (s->said[0] && l->o->said)
		l->o->said(l->o->said_ctx, s->said);
	if (b && l->o->until_ms != INT64_MAX)
		cut_batch(b, l->o->until_ms);
	if (b && (code = count(l, b, t, r, e)) < 0)
		batch_free(b);
	else if (b)
		code = l->sink(l->sink_ctx, b, e);
	atomic_fetch_add(&l->p->bytes, s->bytes);
	t->line += s->lines;
	if (s->last)
		judge(l, s, t, r);
	return code;
}

static bool is_compressed(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && unzip_is(fd);

	if (fd >= 0)
		close(fd);
	return is;
}

/* Nobody knows how much text a compressed file holds before it is read. */
static void measure(const struct load_options *o, struct load_progress *p)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < o->n_paths; i++) {
		struct stat st;
		if (!strcmp(o->path[i], "-") || stat(o->path[i], &st) < 0
				|| !S_ISREG(st.st_mode) || is_compressed(o->path[i]))
			return;
		total += (uint64_t)st.st_size;
	}
	atomic_store(&p->bytes_total, total);
}

static int hand_on_all(struct loader *l, struct load_result *r, struct err *e)
{
	struct slot s;
	int code = 0;

	while (code == 0 && next_slot(l, &s)) {
		code = hand_on(l, &s, r, e);
		if (code == 0 && atomic_load(&l->p->stop))
			code = err_set(e, -ECANCELED, "reading was stopped");
	}
	if (code < 0)
		end_reading(l, false);
	return code;
}

/* Starts as many workers as the machine gives, at least one; returns how many. */
static unsigned start(struct loader *l, struct worker *w, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		w[i].l = l;
		int code = pthread_create(&w[i].thread, NULL, work, &w[i]);
		if (code == 0)
			continue;
		if (i == 0)
			err_set(e, -code, "could not start a reader: %s", strerror(code));
		return i;
	}
	return n;
}

static int run(struct loader *l, struct worker *w, unsigned n, struct load_result *r, struct err *e)
{
	unsigned started = start(l, w, n, e);
	int code = started ? hand_on_all(l, r, e) : e->code;

	for (unsigned i = 0; i < started; i++) {
		pthread_join(w[i].thread, NULL);
		csv_reader_free(w[i].reader);
		piece_done(&w[i].piece);
	}
	for (uint32_t i = 0; i < l->window; i++)
		batch_free(l->slot[i].batch);
	return code;
}

int load_files(struct ids *ids, const struct load_options *o, struct load_progress *p,
	load_sink *sink, void *ctx, struct load_result *ret, struct err *e)
{
	unsigned n = o->threads < 1 ? 1 : o->threads > THREADS_MAX ? THREADS_MAX : o->threads;
	struct loader l = {.ids = ids, .o = o, .p = p, .sink = sink, .sink_ctx = ctx,
		.window = WINDOW * n};
	struct worker *w = mem_get(n, sizeof(*w));
	struct err own = {0};
	int code;

	e = e ? e : &own;
	*ret = (struct load_result){0};
	pthread_mutex_init(&l.turn, NULL);
	pthread_mutex_init(&l.lock, NULL);
	pthread_cond_init(&l.moved, NULL);
	measure(o, p);
	l.slot = mem_get(l.window, sizeof(*l.slot));
	if (!w || !l.slot)
		code = err_set(e, -ENOMEM, "could not read files: out of memory");
	else if ((code = cutter_init(&l.cutter, o, &p->stop, e)) == 0)
		code = run(&l, w, n, ret, e);
	cutter_done(&l.cutter);
	pthread_cond_destroy(&l.moved);
	pthread_mutex_destroy(&l.lock);
	pthread_mutex_destroy(&l.turn);
	mem_free(l.slot);
	mem_free(w);
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
