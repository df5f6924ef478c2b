#include "alert/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct store_lock {
	int fd;
	char path[PATH_MAX + 8];
};

/* Whoever had it before may have removed the file between our open() and flock(). */
static bool is_still_there(const struct store_lock *l)
{
	struct stat mine, there;

	return fstat(l->fd, &mine) == 0 && stat(l->path, &there) == 0 &&
		mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

static int refuse(const struct store_lock *l, const char *path, struct err *e)
{
	char pid[16] = "";
	ssize_t n = pread(l->fd, pid, sizeof pid - 1, 0);
	long other = n > 0 ? strtol(pid, NULL, 10) : 0;
	char who[32] = "another run";

	if (other > 0)
		snprintf(who, sizeof who, "process %ld", other);
	return err_set(e, -EBUSY, "could not open alert store \"%s\": %s is writing to it: end "
		"that run, or name another store with --db", path, who);
}

static int hold(struct store_lock *l, const char *path, struct err *e)
{
	do {
		if (l->fd >= 0)
			close(l->fd);
		l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (l->fd >= 0 && flock(l->fd, LOCK_EX | LOCK_NB) == 0)
			continue;
		if (l->fd >= 0 && errno == EWOULDBLOCK)
			return refuse(l, path, e);
		return err_set(e, -errno, "could not open alert store \"%s\": could not lock it "
			"with \"%s\": %s", path, l->path, strerror(errno));
	} while (!is_still_there(l));
	return 0;
}

static void free_lock(struct store_lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	mem_free(l);
}

struct store_lock *store_lock_take(const char *path, struct err *e)
{
	struct store_lock *l = mem_get(1, sizeof *l);
	char real[PATH_MAX];

	if (!l) {
		err_set(e, -ENOMEM, "could not open alert store \"%s\": out of memory", path);
		return NULL;
	}
	l->fd = -1;
	if (!realpath(path, real)) {
		err_set(e, -errno, "could not open alert store \"%s\": %s", path, strerror(errno));
		free_lock(l);
		return NULL;
	}
	snprintf(l->path, sizeof l->path, "%s-lock", real);
	if (hold(l, path, e) < 0) {
		free_lock(l);
		return NULL;
	}
	/* Only a message needs the number: a disk that is full is no reason to give up. */
	if (ftruncate(l->fd, 0) < 0 || dprintf(l->fd, "%ld\n", (long)getpid()) < 0)
		errno = 0;
	return l;
}

void store_lock_drop(struct store_lock *l)
{
	if (!l)
		return;
	unlink(l->path);
	free_lock(l);
}
