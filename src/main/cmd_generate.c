#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "engine/generate.h"
#include "engine/plant.h"
#include "main/option.h"

#define BLOCK (1 << 16)

static int write_rows(const struct generate *g, const struct generated *ev, uint32_t n, FILE *to)
{
	char block[BLOCK];
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		len += generate_row(g, &ev[i], block + len);
		if (len > BLOCK - GENERATE_ROW_MAX) {
			fwrite(block, 1, len, to);
			len = 0;
		}
	}
	fwrite(block, 1, len, to);
	return ferror(to) ? -errno : 0;
}

static int write_log(struct generate *g, struct truth *t, const struct options *o, FILE *to,
	struct err *e)
{
	const struct generated *ev;
	int64_t n;

	fputs(generate_header, to);
	while ((n = generate_next(g, &ev, e)) > 0) {
		if (write_rows(g, ev, (uint32_t)n, to) < 0)
			break;
		if (t && truth_take(t, ev, (uint32_t)n, e) < 0)
			return e->code;
		if (o->stop && *o->stop)
			return err_set(e, -EINTR, "interrupted: the log is not whole");
	}
	if (n >= 0 && (fflush(to) != 0 || ferror(to)))
		return err_set(e, -EIO, "could not write log \"%s\": %s",
			o->out ? o->out : "-", strerror(errno));
	return (int)n;
}

static FILE *open_out(const char *path, struct err *e)
{
	FILE *f = !path || !strcmp(path, "-") ? stdout : fopen(path, "we");

	if (!f)
		err_set(e, -errno, "could not write \"%s\": %s", path, strerror(errno));
	return f;
}

static int close_out(FILE *f, const char *path, int code, struct err *e)
{
	int bad = f == stdout ? fflush(f) : fclose(f);

	if (bad && code == 0)
		return err_set(e, -EIO, "could not write \"%s\": %s", path ? path : "-",
			strerror(errno));
	return code;
}

static int write_truth(struct truth *t, const char *path, struct err *e)
{
	FILE *f = open_out(path, e);

	return f ? close_out(f, path, truth_write(t, f, e), e) : e->code;
}

static int write_both(struct generate *g, struct truth *t, const struct options *o, struct err *e)
{
	FILE *f = open_out(o->out, e);
	int r = f ? close_out(f, o->out, write_log(g, t, o, f, e), e) : e->code;

	return r == 0 && t ? write_truth(t, o->truth, e) : r;
}

int cmd_generate(struct options *o)
{
	struct generate_options how = { o->events, o->users, o->seed, o->calm };
	struct err e = { 0 };
	struct generate *g = generate_new(&how, &e);
	struct truth *t = g && o->truth ? truth_new(g, &e) : NULL;
	bool made = g && (t || !o->truth) && write_both(g, t, o, &e) == 0;

	if (!made && *o->stop != SIGPIPE)
		fprintf(stderr, "veer generate: %s\n", e.text);
	truth_free(t);
	generate_free(g);
	return made ? EXIT_OK : EXIT_FAILED;
}
