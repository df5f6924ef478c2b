#include "series/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "series/crew.h"

#define ROOM 1024u              /* events a partition holds back before it writes: 32 KiB */
#define PAGE 4096u

struct part {
	int fd;
	uint32_t held;          /* events in room[] */
	uint64_t n;             /* events in the file and in room[] */
	uint64_t base;          /* the first row of the partition in the columns */
	struct event *room;
};

struct spill {
	struct part part[SPILL_PARTS];
	int fd;                 /* of the columns */
	void *map;
	size_t map_len;
	uint64_t at[COLUMN_N];  /* where each column begins in the file */
	_Atomic size_t touched;
};

static const char *folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

static int disk_failed(struct err *e, int code)
{
	return err_set(e, code, "could not spill events to \"%s\": %s", folder(), strerror(-code));
}

int spill_file(struct err *e)
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/veer-XXXXXX", folder()) >= sizeof(path))
		return disk_failed(e, -ENAMETOOLONG);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return disk_failed(e, -errno);
	unlink(path);
	return fd;
}

int spill_write(int fd, const void *data, size_t len, uint64_t at, struct err *e)
{
	for (const char *p = data; len; ) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return disk_failed(e, n < 0 ? -errno : -ENOSPC);
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int spill_read(int fd, void *data, size_t len, uint64_t at, struct err *e)
{
	for (char *p = data; len; ) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return disk_failed(e, n < 0 ? -errno : -EIO);
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

struct spill *spill_open(struct err *e)
{
	struct spill *s = mem_get(1, sizeof(*s));

	if (!s) {
		err_set(e, -ENOMEM, "could not spill events: out of memory");
		return NULL;
	}
	s->fd = -1;
	for (unsigned i = 0; i < SPILL_PARTS; i++)
		s->part[i].fd = -1;
	for (unsigned i = 0; i < SPILL_PARTS; i++) {
		s->part[i].room = mem_get(ROOM, sizeof(struct event));
		if (!s->part[i].room) {
			err_set(e, -ENOMEM, "could not spill events: out of memory");
			goto fail;
		}
		s->part[i].fd = spill_file(e);
		if (s->part[i].fd < 0)
			goto fail;
	}
	return s;
fail:
	spill_close(s);
	return NULL;
}

static void part_done(struct part *p)
{
	mem_free(p->room);
	p->room = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void spill_close(struct spill *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SPILL_PARTS; i++)
		part_done(&s->part[i]);
	if (s->map)
		munmap(s->map, s->map_len);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s);
}

static int part_flush(struct part *p, struct err *e)
{
	uint64_t written = (p->n - p->held) * sizeof(struct event);
	size_t len = p->held * sizeof(struct event);

	p->held = 0;
	return spill_write(p->fd, p->room, len, written, e);
}

int spill_add(struct spill *s, const struct batch *b, struct err *e)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct part *p = &s->part[b->user[i] % SPILL_PARTS];

		p->room[p->held++] = batch_get(b, i);
		p->n++;
		if (p->held == ROOM && part_flush(p, e) < 0)
			return e->code;
	}
	return 0;
}

/* Sealing: threads take partitions in turn. */
struct seal {
	struct spill *spill;
	const struct spill_plan *plan;
	uint64_t *start;
	atomic_uint next, n_failed;
	struct err *err;        /* filled by the first that fails */
};

struct shelf {                  /* one partition while it is sorted */
	struct event *raw, *sorted;
	char *column;           /* one column at a time */
	uint32_t n, n_users, first;     /* first: index of its first user in start[] */
};

static int shelf_init(struct shelf *sh, const struct part *p, struct err *e)
{
	sh->n = (uint32_t)p->n;
	sh->raw = mem_get(sh->n + 1u, sizeof(struct event));
	sh->sorted = mem_get(sh->n + 1u, sizeof(struct event));
	if (!sh->raw || !sh->sorted)
		return err_set(e, -ENOMEM, "could not sort spilled events: out of memory");
	return 0;
}

static void shelf_done(struct shelf *sh)
{
	mem_free(sh->raw);
	mem_free(sh->sorted);
}

/* Counting sort by user; start[] of this partition's users is made on the way. */
static void shelf_group(struct shelf *sh, uint64_t base, uint64_t *start)
{
	uint64_t *at = start + sh->first;
	uint64_t sum = base;

	memset(at, 0, sh->n_users * sizeof(*at));
	for (uint32_t i = 0; i < sh->n; i++)
		at[sh->raw[i].user / SPILL_PARTS]++;
	for (uint32_t u = 0; u < sh->n_users; u++) {
		uint64_t count = at[u];

		at[u] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < sh->n; i++)
		sh->sorted[at[sh->raw[i].user / SPILL_PARTS]++ - base] = sh->raw[i];
	for (uint32_t u = sh->n_users; u-- > 1; )       /* each is at its end: the next's start */
		at[u] = at[u - 1];
	if (sh->n_users)
		at[0] = base;
}

static void shelf_sort(struct shelf *sh, const struct ids *ids)
{
	for (uint32_t i = 0, end; i < sh->n; i = end) {
		end = i + 1;
		while (end < sh->n && sh->sorted[end].user == sh->sorted[i].user)
			end++;
		event_sort(sh->sorted + i, end - i, ids);
	}
}

/* The columns of the sorted events are built in raw, which is free by then. */
static int shelf_write(struct shelf *sh, const struct spill *s, uint64_t base, struct err *e)
{
	for (int which = 0; which < COLUMN_N; which++) {
		const size_t size = column_table[which].size;
		static const size_t from[COLUMN_N] = {
			offsetof(struct event, time_ms), offsetof(struct event, item),
			offsetof(struct event, category), offsetof(struct event, behaviour),
			offsetof(struct event, price), offsetof(struct event, quantity),
		};
		char *to = (char *)sh->raw;

		if (s->at[which] == UINT64_MAX)
			continue;
		for (uint32_t i = 0; i < sh->n; i++)
			memcpy(to + i * size, (const char *)&sh->sorted[i] + from[which], size);
		if (spill_write(s->fd, to, sh->n * size, s->at[which] + base * size, e) < 0)
			return e->code;
	}
	return 0;
}

static int part_seal(struct seal *job, unsigned which, struct err *e)
{
	struct part *p = &job->spill->part[which];
	struct shelf sh = {0};

	if (part_flush(p, e) < 0 || shelf_init(&sh, p, e) < 0)
		goto done;
	for (unsigned i = 0; i < which; i++)
		sh.first += (job->plan->n_users + SPILL_PARTS - 1 - i) / SPILL_PARTS;
	sh.n_users = (job->plan->n_users + SPILL_PARTS - 1 - which) / SPILL_PARTS;
	if (spill_read(p->fd, sh.raw, p->n * sizeof(struct event), 0, e) < 0)
		goto done;
	part_done(p);
	shelf_group(&sh, p->base, job->start);
	shelf_sort(&sh, job->plan->ids);
	shelf_write(&sh, job->spill, p->base, e);
done:
	shelf_done(&sh);
	return e->code;
}

static void seal_work(void *ctx)
{
	struct seal *job = ctx;
	unsigned which;

	while (!job->n_failed && (which = job->next++) < SPILL_PARTS) {
		struct err e = {0};

		if (part_seal(job, which, &e) < 0 && job->n_failed++ == 0)
			*job->err = e;
	}
}

static uint64_t lay_out(struct spill *s, const struct spill_plan *p)
{
	uint64_t n = 0, end = 0;

	for (unsigned i = 0; i < SPILL_PARTS; i++) {
		s->part[i].base = n;
		n += s->part[i].n;
	}
	for (int which = 0; which < COLUMN_N; which++) {
		bool wanted = (which != COLUMN_PRICE || p->price) &&
			(which != COLUMN_QUANTITY || p->quantity);

		s->at[which] = wanted ? end : UINT64_MAX;
		if (wanted)
			end += (n * column_table[which].size + PAGE - 1) / PAGE * PAGE;
	}
	s->map_len = end;
	return n;
}

static unsigned threads_for(const struct spill *s, const struct spill_plan *p)
{
	uint64_t most = 1, fit;

	for (unsigned i = 0; i < SPILL_PARTS; i++)
		if (s->part[i].n > most)
			most = s->part[i].n;
	fit = p->memory_bytes / (2 * most * sizeof(struct event));
	return fit < 1 ? 1 : fit < p->threads ? (unsigned)fit : p->threads;
}

static int map_columns(struct spill *s, struct columns *ret, struct err *e)
{
	if (!s->map_len)
		return 0;
	if (ftruncate(s->fd, (off_t)s->map_len) < 0)
		return disk_failed(e, -errno);
	s->map = mmap(NULL, s->map_len, PROT_READ, MAP_SHARED, s->fd, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return disk_failed(e, -errno);
	}
	for (int which = 0; which < COLUMN_N; which++)
		if (s->at[which] != UINT64_MAX)
			*columns_at(ret, which) = (char *)s->map + s->at[which];
	return 0;
}

int spill_seal(struct spill *s, const struct spill_plan *p, uint64_t *start, struct columns *ret,
	struct err *e)
{
	struct seal job = { .spill = s, .plan = p, .start = start, .err = e };

	s->fd = spill_file(e);
	if (s->fd < 0)
		return e->code;
	start[p->n_users] = lay_out(s, p);
	crew_run(threads_for(s, p), seal_work, &job);
	if (job.n_failed)
		return e->code;
	return map_columns(s, ret, e);
}

void spill_touched(struct spill *s, size_t bytes, size_t limit)
{
	size_t before = atomic_fetch_add_explicit(&s->touched, bytes, memory_order_relaxed);

	if (before / limit == (before + bytes) / limit)
		return;
	/* Clean pages of a file: they come back on use. */
	madvise(s->map, s->map_len, MADV_DONTNEED);
}
