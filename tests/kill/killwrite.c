/* killwrite.c - a library to preload: kills the process at its Nth write to certain files.
 *
 * Counted are write, pwrite, ftruncate, fsync, fdatasync, rename and unlink on paths that begin
 * with $KILLWRITE_PATH. $KILLWRITE_AT: the number of the call before which SIGKILL comes; with
 * $KILLWRITE_HALF set, half of the bytes of a write are written first. With $KILLWRITE_COUNT, a
 * file, nothing is killed and the number of calls is written there at the end. While the file
 * $KILLWRITE_FULL is there, every write finds the disk full.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls;

static bool is_watched(const char *path)
{
	const char *prefix = getenv("KILLWRITE_PATH");

	return prefix && !strncmp(path, prefix, strlen(prefix));
}

static bool is_watched_fd(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return is_watched(path);
}

/* True when this call is the one. */
static bool is_due(void)
{
	const char *at = getenv("KILLWRITE_AT");

	return atomic_fetch_add(&calls, 1) + 1 == (at ? atol(at) : -1);
}

static bool is_full(void)
{
	const char *path = getenv("KILLWRITE_FULL");

	if (!path || access(path, F_OK) != 0)
		return false;
	errno = ENOSPC;
	return true;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("KILLWRITE_COUNT");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (f) {
		fprintf(f, "%ld\n", atomic_load(&calls));
		fclose(f);
	}
}

/* ISO C has no cast from void * to a function. */
#define NEXT(type, name) \
	union { void *p; type *f; } next = { .p = dlsym(RTLD_NEXT, #name) }

typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef int truncate_fn(int, off_t);
typedef int sync_fn(int);
typedef int rename_fn(const char *, const char *);
typedef int unlink_fn(const char *);

ssize_t write(int fd, const void *p, size_t n)
{
	NEXT(write_fn, write);

	if (is_watched_fd(fd) && is_full())
		return -1;
	if (is_watched_fd(fd) && is_due()) {
		if (getenv("KILLWRITE_HALF"))
			next.f(fd, p, n / 2);
		die();
	}
	return next.f(fd, p, n);
}

static ssize_t write_at(pwrite_fn *next, int fd, const void *p, size_t n, off_t at)
{
	if (is_watched_fd(fd) && is_full())
		return -1;
	if (is_watched_fd(fd) && is_due()) {
		if (getenv("KILLWRITE_HALF"))
			next(fd, p, n / 2, at);
		die();
	}
	return next(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	NEXT(pwrite_fn, pwrite);

	return write_at(next.f, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	NEXT(pwrite_fn, pwrite64);

	return write_at(next.f, fd, p, n, at);
}

static int truncate_fd(truncate_fn *next, int fd, off_t len)
{
	if (is_watched_fd(fd) && is_due())
		die();
	return next(fd, len);
}

int ftruncate(int fd, off_t len)
{
	NEXT(truncate_fn, ftruncate);

	return truncate_fd(next.f, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
	NEXT(truncate_fn, ftruncate64);

	return truncate_fd(next.f, fd, len);
}

int fsync(int fd)
{
	NEXT(sync_fn, fsync);

	if (is_watched_fd(fd) && is_due())
		die();
	return next.f(fd);
}

int fdatasync(int fd)
{
	NEXT(sync_fn, fdatasync);

	if (is_watched_fd(fd) && is_due())
		die();
	return next.f(fd);
}

int rename(const char *from, const char *to)
{
	NEXT(rename_fn, rename);

	if ((is_watched(from) || is_watched(to)) && is_due())
		die();
	return next.f(from, to);
}

int unlink(const char *path)
{
	NEXT(unlink_fn, unlink);

	if (is_watched(path) && is_due())
		die();
	return next.f(path);
}
