/* What the paths lead to: files that come, grow, shrink, are renamed or replaced; and where to go
 * on after a restart.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ingest/follow_parts.h"

int watch_start(struct follow *f, uint32_t path, struct err *e)
{
	const char *name = f->o.path[path];
	struct stat st;
	struct err why = {0};
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : source_open(name, &st, &why);
	if (fd == STDIN_FILENO && fstat(fd, &st) < 0)
		return err_set(e, -errno, "could not read standard input: %s", strerror(errno));
	if (fd < 0 && (f->o.once || fd != -ENOENT))
		return err_set(e, fd, "%s", why.text);
	if (fd < 0) {
		f->waits[path] = true;
		follow_trouble_at(f, path, NOTICE_WARNING, "%s: not there yet, waiting for it",
			name);
		return 0;
	}
	return source_start(f, path, fd, &st, e) ? 0 : -ENOMEM;
}

/* The file that the path leads to now, as far as it is read: the one not replaced. */
static struct source *current(const struct follow *f, uint32_t path)
{
	for (uint32_t i = 0; i < f->n_sources; i++) {
		struct source *s = f->source[i];
		if (s->path == path && !s->replaced && s->state != SOURCE_FREE && !s->pipe &&
		    s->state != SOURCE_ENDED)
			return s;
	}
	return NULL;
}

static bool is_same(const struct source *s, const struct stat *st)
{
	return s->device == st->st_dev && s->inode == st->st_ino;
}

/* Another file stands at the path: a source of its own. What cannot be opened is tried again. */
static int arrive(struct follow *f, uint32_t path, struct source *old, struct err *e)
{
	const char *name = f->o.path[path];
	struct err why = {0};
	struct stat st;
	int fd = source_open(name, &st, &why);
	if (fd == -ENOENT || (fd < 0 && f->waits[path]))
		return 0;
	if (fd < 0) {
		f->waits[path] = true;
		follow_trouble_at(f, path, NOTICE_WARNING, "%s", why.text);
		return 0;
	}
	if (old && is_same(old, &st)) {
		close(fd);
		return 0;
	}
	f->waits[path] = false;
	follow_say(f, NOTICE_INFO, old ? "%s: rotated; the old file is finished first"
		: "%s: here now", name);
	if (old) {
		old->replaced = true;
		old->quiet_since_ms = 0;
		if (old->unusable)
			source_end(old);
		else if (old->state == SOURCE_DRY)
			old->state = SOURCE_MORE;
	}
	return source_start(f, path, fd, &st, e) ? 0 : -ENOMEM;
}

/* The bytes that were at the head are there no more: the file was written anew. */
static bool head_differs(const struct source *s)
{
	char now[FOLLOW_HEAD];
	ssize_t n = s->n_head ? pread(s->fd, now, s->n_head, 0) : 0;
	return n >= 0 && ((size_t)n < s->n_head || memcmp(now, s->head, s->n_head) != 0);
}

/* The same file with other content: a new source on it, from its start. */
static int begin_again(struct follow *f, struct source *s, const struct stat *st, const char *what,
	struct err *e)
{
	int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	uint32_t path = s->path;
	size_t half = s->reader ? s->len - s->taken : 0;
	if (fd < 0)
		return err_set(e, -errno, "could not read \"%s\" again: %s", f->o.path[path],
			strerror(errno));
	if (half > 0)
		follow_say(f, NOTICE_WARNING, "%s: %s; half a line of %zu bytes is lost",
			f->o.path[path], what, half);
	else
		follow_say(f, NOTICE_INFO, "%s: %s; read from its start", f->o.path[path], what);
	s->replaced = s->lost = true;
	source_end(s);
	return source_start(f, path, fd, st, e) ? 0 : -ENOMEM;
}

/* A file at its end: has it changed since? */
static int look_at(struct follow *f, struct source *s, struct err *e)
{
	struct stat st;
	if (fstat(s->fd, &st) < 0)
		return err_set(e, -errno, "could not look at \"%s\": %s", f->o.path[s->path],
			strerror(errno));
	bool touched = memcmp(&st.st_mtim, &s->changed, sizeof s->changed) != 0;
	if ((uint64_t)st.st_size < (s->unusable ? s->size : s->offset + s->len))
		return begin_again(f, s, &st, "truncated", e);
	if (touched && head_differs(s))
		return begin_again(f, s, &st, "replaced in its place", e);
	s->changed = st.st_mtim;
	s->size = (uint64_t)st.st_size;
	if (!s->unusable && (s->size > s->offset + s->len || s->replaced))
		s->state = SOURCE_MORE;
	else if (!s->quiet_since_ms)
		s->quiet_since_ms = follow_tick_ms();
	return 0;
}

static void say_gone(struct follow *f, uint32_t path, const struct source *s)
{
	char time[40] = "", said[64] = "";
	if (s->newest_ms != INT64_MIN)
		snprintf(said, sizeof said, "; last row at %s", time_show(s->newest_ms, f->o.zone,
			"%Y-%m-%d %H:%M:%S", time, sizeof time));
	follow_trouble_at(f, path, NOTICE_WARNING, "%s: gone, waiting for it to come back%s",
		f->o.path[path], said);
}

int watch_next_writer(struct follow *f, struct source *s, struct err *e)
{
	struct err why;
	struct stat st;
	uint32_t path = s->path;
	int fd = source_open(f->o.path[path], &st, &why);       /* before the other is closed: a
		 * writer that is there already is not cut off */
	s->replaced = true;
	source_end(s);
	if (fd >= 0)
		return source_start(f, path, fd, &st, e) ? 0 : -ENOMEM;
	f->waits[path] = true;
	say_gone(f, path, s);
	return 0;
}

static int poll_path(struct follow *f, uint32_t path, struct err *e)
{
	struct source *s = current(f, path);
	struct stat st;
	if (!s)
		return f->waits[path] ? arrive(f, path, NULL, e) : 0;
	if (s->state == SOURCE_MORE)
		return 0;
	if (stat(f->o.path[path], &st) < 0) {
		if (!f->waits[path] && errno == ENOENT)
			say_gone(f, path, s);
		f->waits[path] = true;
		return 0;
	}
	if (!is_same(s, &st))
		return arrive(f, path, s, e);
	if (f->waits[path])
		f->trouble[path][0] = '\0';
	f->waits[path] = false;
	return 0;
}

int watch_poll(struct follow *f, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; i < f->o.n_paths && !f->o.once && r == 0; i++)
		r = poll_path(f, i, e);
	for (uint32_t i = 0; i < f->n_sources && r == 0; i++)
		if (f->source[i]->state == SOURCE_DRY && !f->source[i]->pipe)
			r = look_at(f, f->source[i], e);
	return r;
}

/* Looks beside the path for the file with the inode; an fd or -1, its name in ret. */
static int find_renamed(const char *path, const struct follow_place *p, char *ret, size_t cap,
	struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2, slash ? path :
		"./");
	DIR *d = opendir(folder);
	int fd = -1;
	for (struct dirent *entry; d && fd < 0 && (entry = readdir(d)); ) {
		struct err unused;
		if (entry->d_ino != p->inode)
			continue;
		snprintf(ret, cap, "%s%s", folder, entry->d_name);
		fd = source_open(ret, st, &unused);
		if (fd >= 0 && (st->st_dev != p->device || st->st_ino != p->inode)) {
			close(fd);
			fd = -1;
		}
	}
	if (d)
		closedir(d);
	return fd;
}

static void go_on(struct source *s, const struct follow_place *p)
{
	s->offset = p->offset;
	s->again = p->read;
}

static int resume_renamed(struct follow *f, uint32_t path, const struct follow_place *p,
	struct err *e)
{
	char name[PATH_MAX + 256];
	struct stat st;
	int fd = find_renamed(p->path, p, name, sizeof name, &st);
	if (fd < 0) {
		follow_say(f, NOTICE_WARNING,
			"%s: replaced while away and the old file is gone: "
			"what it held after byte %llu "
			"is not seen", p->path, (unsigned long long)p->offset);
		return 0;
	}
	if ((uint64_t)st.st_size <= p->offset) {
		close(fd);
		return 0;
	}
	struct source *s = source_start(f, path, fd, &st, e);
	if (!s)
		return -ENOMEM;
	follow_say(f, NOTICE_INFO, "%s: rotated while away; \"%s\" is finished first", p->path,
		name);
	s->replaced = true;
	go_on(s, p);
	return 0;
}

static int resume_path(struct follow *f, uint32_t path, const struct follow_place *p, struct err *e)
{
	struct source *s = current(f, path);
	if (!s || s->device != p->device || s->inode != p->inode)
		return resume_renamed(f, path, p, e);
	if (s->size < p->read)
		follow_say(f, NOTICE_WARNING, "%s: truncated while away; read from its start",
			p->path);
	else
		go_on(s, p);
	return 0;
}

int follow_resume(struct follow *f, const struct follow_place *place, uint32_t n, struct err *e)
{
	int r = 0;
	for (uint32_t i = 0; i < n && r == 0; i++)
		for (uint32_t path = 0; path < f->o.n_paths && r == 0; path++)
			if (strcmp(place[i].path, f->o.path[path]) == 0 && strcmp(place[i].path,
				"-") != 0) {
				r = resume_path(f, path, &place[i], e);
				break;
			}
	return r;
}
