/* Logs that are compressed: the events of the plain ones, whatever is cut off, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"
#include "ingest/load.h"

#define ROWS 60000      /* more than one piece of text */

struct bench {
	char folder[64], path[80];
	char said[1024];
	struct load_result r;
	uint32_t n;
	uint64_t sum;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	strcpy(b->folder, "/tmp/t_unzip.XXXXXX");
	if (!mkdtemp(b->folder))
		return -1;
	snprintf(b->path, sizeof b->path, "%s/log.csv.gz", b->folder);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	unlink(b->path);
	rmdir(b->folder);
	free(b);
	return 0;
}

/* Rows from one number to another, as a stream of their own behind what the file holds. */
static void compress_rows(struct bench *b, const char *mode, int from, int to)
{
	gzFile f = gzopen(b->path, mode);
	int i;

	assert_non_null(f);
	if (!from)
		gzputs(f, "time,user,item,category,behaviour\n");
	for (i = from; i < to; i++)
		gzprintf(f, "%d,u%d,%d,c%d,view\n", 1500000000 + i, i % 97, i * 79 % 5003, i % 13);
	gzclose(f);
}

static long size_of(const struct bench *b)
{
	FILE *f = fopen(b->path, "r");
	long n;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	fclose(f);
	return n;
}

static int sink(void *ctx, struct batch *batch, struct err *e)
{
	struct bench *b = ctx;
	uint32_t i;

	(void)e;
	for (i = 0; i < batch->n; i++, b->n++)
		b->sum = b->sum * 31 + (uint64_t)batch_get(batch, i).time_ms;
	batch_free(batch);
	return 0;
}

static void said(void *ctx, const char *line)
{
	struct bench *b = ctx;
	size_t n = strlen(b->said);

	snprintf(b->said + n, sizeof b->said - n, "%s\n", line);
}

static int load(struct bench *b, const char *path)
{
	static struct zone utc = { .fixed = true };
	struct load_options o = { .path = &path, .n_paths = 1, .zone = &utc, .threads = 2,
		.until_ms = INT64_MAX, .said = said, .said_ctx = b };
	struct load_progress p = { 0 };
	struct err e = { 0 };
	struct ids ids;
	int code;

	b->n = 0;
	b->sum = 0;
	b->said[0] = 0;
	assert_int_equal(ids_init(&ids, &e), 0);
	code = load_files(&ids, &o, &p, sink, b, &b->r, &e);
	assert_int_equal(p.bytes_total, 0);
	ids_done(&ids);
	load_result_done(&b->r);
	return code;
}

static uint64_t sum_of(int rows)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < rows; i++)
		sum = sum * 31 + (uint64_t)(1500000000 + i) * 1000;
	return sum;
}

static void a_compressed_log_is_the_log(void **state)
{
	struct bench *b = *state;

	compress_rows(b, "w", 0, ROWS);
	assert_int_equal(load(b, b->path), 0);
	assert_int_equal(b->n, ROWS);
	assert_true(b->sum == sum_of(ROWS));
	assert_null(strstr(b->said, "early"));
}

static void streams_behind_each_other_are_one_log(void **state)
{
	struct bench *b = *state;
	FILE *f;

	compress_rows(b, "w", 0, 1000);
	compress_rows(b, "a", 1000, 3000);
	f = fopen(b->path, "a");
	fwrite("\0\0\0\0\0\0\0\0", 1, 8, f);    /* blocks of a tape end so */
	fclose(f);
	assert_int_equal(load(b, b->path), 0);
	assert_int_equal(b->n, 3000);
	assert_true(b->sum == sum_of(3000));
	assert_null(strstr(b->said, "early"));
}

/* Each cut gives a head of the rows, and is told. */
static void a_cut_one_is_read_as_far_as_it_goes(void **state)
{
	struct bench *b = *state;
	uint32_t before = 3001;
	long size;

	compress_rows(b, "w", 0, 3000);
	for (size = size_of(b) - 1; size > 2; size -= size > 200 ? size / 9 : 31) {
		assert_int_equal(truncate(b->path, size), 0);
		assert_int_equal(load(b, b->path), 0);
		assert_true(b->n <= before);
		assert_true(b->sum == sum_of((int)b->n));
		assert_non_null(strstr(b->said, "log.csv.gz\" ends early, or is damaged: "
			"read up to byte "));
		before = b->n;
	}
	assert_int_equal(before, 0);
}

static void a_damaged_one_ends_where_it_is(void **state)
{
	struct bench *b = *state;
	FILE *f;

	compress_rows(b, "w", 0, 3000);
	f = fopen(b->path, "r+");
	fseek(f, -8, SEEK_END);         /* the sum over all of it */
	fwrite("nosum", 1, 5, f);
	fclose(f);
	assert_int_equal(load(b, b->path), 0);
	assert_int_equal(b->n, 3000);
	assert_non_null(strstr(b->said, "is damaged"));
}

static void a_pipe_says_what_to_do(void **state)
{
	struct bench *b = *state;
	int saved = dup(STDIN_FILENO), ends[2], code;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "\x1f\x8b\x08 compressed", 14), 14);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	code = load(b, "-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_true(code < 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_compressed_log_is_the_log),
		CASE(streams_behind_each_other_are_one_log),
		CASE(a_cut_one_is_read_as_far_as_it_goes),
		CASE(a_damaged_one_ends_where_it_is),
		CASE(a_pipe_says_what_to_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
