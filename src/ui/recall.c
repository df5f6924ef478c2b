#include "ui/recall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#define FILE_MAX (8u << 20)

static int fault(const struct recall *r, const char *verb, struct err *e)
{
	int code = -errno;

	return err_set(e, code, "could not %s \"%s\": %s", verb, r->path, strerror(-code));
}

static void forget(struct recall *r, unsigned i)
{
	mem_free(r->entry[i]);
	memmove(&r->entry[i], &r->entry[i + 1], (r->n - i - 1) * sizeof *r->entry);
	r->n--;
}

/* Takes text over; NULL is taken as memory being out. */
static bool keep(struct recall *r, char *text)
{
	unsigned i;

	if (!text)
		return false;
	for (i = 0; i < r->n; i++)
		if (strcmp(r->entry[i], text) == 0) {
			forget(r, i);
			break;
		}
	if (r->n == RECALL_MAX)
		forget(r, 0);
	r->entry[r->n++] = text;
	return true;
}

static char *unescaped(const char *line, size_t len)
{
	char *text = mem_text(line, len), *to = text;
	size_t i;

	for (i = 0; text && i < len; i++) {
		bool is_escape = line[i] == '\\' && i + 1 < len;

		i += is_escape;
		*to++ = is_escape && line[i] == 'n' ? '\n' : line[i];
	}
	if (text)
		*to = 0;
	return text;
}

static bool add_escaped(struct text *t, const char *s)
{
	bool ok = true;

	for (; ok && *s; s++)
		ok = *s == '\n' ? text_add(t, "\\n", 2) : *s == '\\' ? text_add(t, "\\\\", 2)
			: text_add(t, s, 1);
	return ok && text_add(t, "\n", 1);
}

static int write_all(int fd, const struct text *t)
{
	ssize_t n = write(fd, t->s, t->len);

	return n == (ssize_t)t->len ? 0 : n < 0 ? -errno : -ENOSPC;
}

/* All that is kept into a new file, which then takes the place of the old one. */
static int replace(struct recall *r, struct err *e)
{
	struct text t, name;
	int fd = -1, code = -ENOMEM;
	unsigned i;

	text_init(&t, FILE_MAX);
	text_init(&name, 4096);
	if (!text_addf(&name, "%s.new", r->path))
		goto out;
	for (i = 0; i < r->n; i++)
		if (!add_escaped(&t, r->entry[i]))
			goto out;
	fd = open(name.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	code = fd < 0 ? -errno : write_all(fd, &t);
	if (!code && rename(name.s, r->path) < 0)
		code = -errno;
	if (fd >= 0)
		close(fd);
out:
	text_done(&t);
	text_done(&name);
	errno = -code;
	return code ? fault(r, "write", e) : 0;
}

static int append(struct recall *r, const char *text, struct err *e)
{
	int fd = open(r->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), code;
	struct text t;

	if (fd < 0)
		return fault(r, "write", e);
	text_init(&t, FILE_MAX);
	code = add_escaped(&t, text) ? write_all(fd, &t) : -ENOMEM;
	text_done(&t);
	close(fd);
	errno = -code;
	return code ? fault(r, "write", e) : 0;
}

static int read_file(struct recall *r, struct err *e)
{
	FILE *f = fopen(r->path, "re");
	char *line = NULL;
	size_t cap = 0, n_lines = 0;
	ssize_t len;

	if (!f)
		return errno == ENOENT ? 0 : fault(r, "read", e);
	for (; (len = getline(&line, &cap, f)) > 0; n_lines++) {
		len -= line[len - 1] == '\n';
		if (len > 0)
			keep(r, unescaped(line, (size_t)len));
	}
	free(line);
	fclose(f);
	return n_lines > 2 * RECALL_MAX ? replace(r, e) : 0;
}

int recall_folder(const char *folder, struct err *e)
{
	char path[4096];
	char *s;

	if (snprintf(path, sizeof path, "%s/", folder) >= (int)sizeof path)
		return err_set(e, -ENAMETOOLONG, "the folder \"%s\" has too long a name", folder);
	for (s = path + 1; (s = strchr(s, '/')); s++) {
		*s = 0;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_set(e, -errno, "could not make \"%s\": %s", path,
				strerror(errno));
		*s = '/';
	}
	return 0;
}

int recall_open(struct recall *r, const char *folder, const char *name, struct err *e)
{
	struct text path;

	*r = (struct recall){ 0 };
	if (!folder)
		return 0;
	if (recall_folder(folder, e) < 0)
		return e->code;
	text_init(&path, 4096);
	if (text_addf(&path, "%s/%s", folder, name))
		r->path = mem_text(path.s, path.len);
	text_done(&path);
	return r->path ? read_file(r, e) : err_set(e, -ENOMEM, "could not recall: out of memory");
}

void recall_close(struct recall *r)
{
	while (r->n)
		mem_free(r->entry[--r->n]);
	mem_free(r->path);
	*r = (struct recall){ 0 };
}

int recall_add(struct recall *r, const char *text, struct err *e)
{
	bool is_newest = r->n && strcmp(r->entry[r->n - 1], text) == 0;

	if (!*text || is_newest)
		return 0;
	if (!keep(r, mem_text(text, strlen(text))))
		return err_set(e, -ENOMEM, "could not remember the statement: out of memory");
	return r->path ? append(r, text, e) : 0;
}

int recall_find(const struct recall *r, const char *text, unsigned from)
{
	unsigned i = from < r->n ? from : r->n;

	while (i > 0)
		if (strcasestr(r->entry[--i], text))
			return (int)i;
	return -1;
}
