/* follow_rig.h - files that are followed, their rows as a line of items, and what was said. */
#ifndef TESTS_FOLLOW_RIG_H
#define TESTS_FOLLOW_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/zone.h"
#include "ingest/follow.h"

#define HEADER "timestamp,user,item,category,behaviour\n"
/* of 20 ms: enough for the slowest machine, and never all waited for */
#define ROUNDS 400

struct rig {
	char folder[32], path[2][96], notices[4096], got[4096];
	const char *paths[2];
	struct zone zone;
	struct ids ids;
	struct follow *f;
	struct follow_options o;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	struct err e = {0};
	strcpy(r->folder, "/tmp/t_follow.XXXXXX");
	if (!mkdtemp(r->folder) || zone_init(&r->zone, "UTC", &e) < 0 || ids_init(&r->ids, &e) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		strcpy(stpcpy(r->path[i], r->folder), i == 0 ? "/a.csv" : "/b.csv");
		r->paths[i] = r->path[i];
	}
	r->o = (struct follow_options){ .path = r->paths, .n_paths = 1, .zone = &r->zone,
		.keep_rejects = 10 };
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	char command[128];
	follow_close(r->f);
	ids_done(&r->ids);
	zone_done(&r->zone);
	snprintf(command, sizeof command, "rm -rf %s", r->folder);
	int code = system(command);
	free(r);
	return code;
}

static void note(void *ctx, enum notice_level level, const char *line)
{
	struct rig *r = ctx;
	size_t n = strlen(r->notices);
	snprintf(r->notices + n, sizeof r->notices - n, "%d %s\n", level, line);
}

static void write_to(const char *path, const char *mode, const char *text)
{
	FILE *f = fopen(path, mode);
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* A row of item I at second T. */
static const char *row(char *buf, int t, const char *item)
{
	sprintf(buf, "%d,u1,%s,shoes,view\n", 1500000000 + t, item);
	return buf;
}

static void add(const char *path, int t, const char *item)
{
	char buf[100];
	write_to(path, "a", row(buf, t, item));
}

static void start(struct rig *r)
{
	struct err e = {0};
	r->f = follow_open(&r->ids, &r->o, note, r, &e);
	assert_string_equal(e.text, "");
	assert_non_null(r->f);
}

static void take(struct rig *r, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		size_t n = strlen(r->got);
		snprintf(r->got + n, sizeof r->got - n, "%s%s%s", n ? " " : "",
			dict_text(r->ids.item, b->item[i], NULL), follow_is_again(r->f) ? "!" : "");
	}
}

/* Reads until the items are what is wanted, or for so long that they never will be. */
static void expect(struct rig *r, const char *wanted)
{
	struct err e = {0};
	for (int i = 0; i < ROUNDS && strlen(r->got) < strlen(wanted); i++) {
		struct batch *b;
		int code = follow_next(r->f, 20, &b, &e);
		assert_true(code >= 0 || code == -ENODATA);
		if (b)
			take(r, b);
		batch_free(b);
		if (code == -ENODATA)
			break;
	}
	assert_string_equal(r->got, wanted);
}

static void expect_end(struct rig *r)
{
	struct err e = {0};
	struct batch *b;
	int code = 0;
	for (int i = 0; i < ROUNDS && code >= 0; i++) {
		code = follow_next(r->f, 20, &b, &e);
		if (b)
			assert_int_equal(b->n, 0);
		batch_free(b);
	}
	assert_int_equal(code, -ENODATA);
}

static void assert_notice(struct rig *r, enum notice_level level, const char *words)
{
	const char *s = strstr(r->notices, words);
	assert_non_null(s);
	while (s > r->notices && s[-1] != '\n')
		s--;
	assert_int_equal(*s - '0', level);
}

static void expect_notice(struct rig *r, const char *words)
{
	struct err e = {0};
	for (int i = 0; i < ROUNDS && !strstr(r->notices, words); i++) {
		struct batch *b;
		assert_true(follow_next(r->f, 20, &b, &e) >= 0);
		assert_true(!b || b->n == 0);
		batch_free(b);
	}
	assert_non_null(strstr(r->notices, words));
}

/* A few looks at the files. */
static void expect_nothing(struct rig *r)
{
	struct err e = {0};
	struct batch *b;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(follow_next(r->f, 20, &b, &e), 0);
		assert_null(b);
	}
}

/* A file's time stamp is coarse: what a test changes twice in one tick looks unchanged. */
static void age(const char *path)
{
	struct timespec t[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

#endif
