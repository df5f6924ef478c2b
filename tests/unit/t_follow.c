/* follow: real files that grow, shrink, are renamed and replaced while they are read. */
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

/* A file's time stamp is coarse: what a test changes twice in one tick looks unchanged. */
static void age(const char *path)
{
	struct timespec t[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void half_a_line_waits(void **state)
{
	struct rig *r = *state;
	char buf[100];
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	start(r);
	expect(r, "i1");
	row(buf, 2, "i2");
	char rest[100];
	strcpy(rest, buf + 14);
	buf[14] = '\0';
	write_to(r->path[0], "a", buf);
	struct err e = {0};
	struct batch *b;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(follow_next(r->f, 20, &b, &e), 0);
		assert_null(b);
	}
	write_to(r->path[0], "a", rest);
	expect(r, "i1 i2");
	add(r->path[0], 3, "i3");
	expect(r, "i1 i2 i3");
}

static void rotation_finishes_the_old_file(void **state)
{
	struct rig *r = *state;
	char old[128];
	snprintf(old, sizeof old, "%s.1", r->path[0]);
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	start(r);
	expect(r, "i1");
	add(r->path[0], 2, "i2");
	assert_int_equal(rename(r->path[0], old), 0);
	add(old, 3, "i3");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 4, "i4");
	expect(r, "i1 i2 i3 i4");
	add(old, 3, "late");
	expect(r, "i1 i2 i3 i4 late");
	add(r->path[0], 5, "i5");
	expect(r, "i1 i2 i3 i4 late i5");
	assert_notice(r, NOTICE_INFO, "rotated");
	struct follow_place p[4];
	assert_int_equal(follow_places(r->f, p, 4), 2);
	assert_true(p[0].old && !p[1].old);
}

static void truncation_starts_again(void **state)
{
	struct rig *r = *state;
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	add(r->path[0], 2, "i2");
	start(r);
	expect(r, "i1 i2");
	write_to(r->path[0], "w", HEADER);
	expect_notice(r, "truncated");
	add(r->path[0], 3, "i3");
	expect(r, "i1 i2 i3");
}

static void the_same_size_with_other_content_is_a_new_file(void **state)
{
	struct rig *r = *state;
	char buf[100];
	write_to(r->path[0], "w", row(buf, 1, "i1"));
	age(r->path[0]);
	r->o.columns = "time=1,user=2,item=3,category=4,behaviour=5";
	start(r);
	expect(r, "i1");
	write_to(r->path[0], "r+", row(buf, 2, "i2"));
	expect(r, "i1 i2");
	assert_non_null(strstr(r->notices, "replaced in its place"));
}

/* Truncated and grown past the old size between two looks. */
static void a_copytruncate_that_outgrows_is_seen(void **state)
{
	struct rig *r = *state;
	char buf[100], text[300];
	write_to(r->path[0], "w", row(buf, 1, "i1"));
	age(r->path[0]);
	r->o.columns = "time=1,user=2,item=3,category=4,behaviour=5";
	start(r);
	expect(r, "i1");
	strcpy(text, row(buf, 2, "i2"));
	strcat(text, row(buf, 3, "i3"));
	write_to(r->path[0], "w", text);
	expect(r, "i1 i2 i3");
}

static void a_new_file_of_any_size_replaces(void **state)
{
	struct rig *r = *state;
	char buf[100];
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	start(r);
	expect(r, "i1");
	write_to(r->path[1], "w", HEADER);
	write_to(r->path[1], "a", row(buf, 2, "i2"));
	assert_int_equal(rename(r->path[1], r->path[0]), 0);
	expect(r, "i1 i2");
}

static void a_file_that_is_not_there_is_waited_for(void **state)
{
	struct rig *r = *state;
	start(r);
	assert_notice(r, NOTICE_WARNING, "not there yet");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	expect(r, "i1");
	assert_int_equal(unlink(r->path[0]), 0);
	expect_notice(r, "gone");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 2, "i2");
	expect(r, "i1 i2");
}

static void a_pipe_ends_with_its_writer(void **state)
{
	struct rig *r = *state;
	char buf[100];
	assert_int_equal(mkfifo(r->path[0], 0600), 0);
	start(r);
	FILE *w = fopen(r->path[0], "w");
	assert_non_null(w);
	fputs(HEADER, w);
	fputs(row(buf, 1, "i1"), w);
	fflush(w);
	expect(r, "i1");
	fputs("1500000002,u1,i2,shoes,view", w);        /* never a newline */
	fclose(w);
	expect(r, "i1 i2");
	expect_end(r);
}

static void files_merge_by_event_time(void **state)
{
	struct rig *r = *state;
	char item[16], first[16384] = HEADER, second[16384] = HEADER, buf[100];
	r->o.n_paths = 2;
	r->o.once = true;
	for (int i = 0; i < 3; i++) {
		sprintf(item, "a%d", i);
		strcat(first, row(buf, i, item));
		sprintf(item, "b%d", i);
		strcat(second, row(buf, i - 10, item));
	}
	write_to(r->path[0], "w", first);
	write_to(r->path[1], "w", second);
	start(r);
	expect(r, "a0 a1 a2 b0 b1 b2");
	expect_end(r);
	char why[100];
	assert_int_equal(follow_unusable(r->f, why, sizeof why), 0);
}

static void the_end_of_once_takes_the_last_line(void **state)
{
	struct rig *r = *state;
	char why[300];
	write_to(r->path[0], "w",
		HEADER "1500000001,u1,i1,shoes,view\n1500000002,u1,i2,shoes,view");
	write_to(r->path[1], "w", "nothing\nof the kind\n");
	r->o.once = true;
	r->o.n_paths = 2;
	start(r);
	expect(r, "i1 i2");
	expect_end(r);
	assert_int_equal(follow_unusable(r->f, why, sizeof why), 1);
	assert_non_null(strstr(why, "b.csv"));
}

static void a_missing_file_fails_once(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	r->o.once = true;
	assert_null(follow_open(&r->ids, &r->o, note, r, &e));
	assert_int_equal(e.code, -ENOENT);
	assert_non_null(strstr(e.text, r->path[0]));
}

static void a_raw_row_is_found_by_its_offset(void **state)
{
	struct rig *r = *state;
	struct reject_row found;
	struct batch *b;
	struct err e = {0};
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	add(r->path[0], 2, "i2");
	start(r);
	assert_int_equal(follow_next(r->f, 1000, &b, &e), 1);
	assert_int_equal(b->n, 2);
	follow_row(r->f, b->offset[1], &found);
	assert_int_equal(found.line, 3);
	found.text[found.len] = '\0';
	assert_string_equal(found.text, "1500000002,u1,i2,shoes,view");
	batch_free(b);
}

/* Reads a file whole, closes, and returns the place of its source. */
static struct follow_place read_and_stop(struct rig *r, const char *wanted)
{
	struct follow_place p;
	start(r);
	expect(r, wanted);
	assert_int_equal(follow_places(r->f, &p, 1), 1);
	follow_close(r->f);
	r->f = NULL;
	r->got[0] = '\0';
	return p;
}

static void rows_taken_before_are_marked(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	add(r->path[0], 2, "i2");
	struct follow_place p = read_and_stop(r, "i1 i2");
	p.read = p.offset;
	p.offset = strlen(HEADER);
	add(r->path[0], 3, "i3");
	start(r);
	assert_int_equal(follow_resume(r->f, &p, 1, &e), 0);
	expect(r, "i1! i2! i3");
	struct follow_place now;
	follow_places(r->f, &now, 1);
	assert_int_equal(now.offset, p.read + strlen("1500000003,u1,i3,shoes,view\n"));
}

static void lines_are_numbered_after_a_restart(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	struct batch *b;
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	add(r->path[0], 2, "i2");
	struct follow_place p = read_and_stop(r, "i1 i2");
	write_to(r->path[0], "a", "yesterday,u1,i3,shoes,view\n");
	start(r);
	assert_int_equal(follow_resume(r->f, &p, 1, &e), 0);
	assert_int_equal(follow_next(r->f, 1000, &b, &e), 1);
	assert_int_equal(b->n_reject, 1);
	assert_int_equal(b->reject[0].line, 4);
	batch_free(b);
}

static void a_file_rotated_while_away_is_finished(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	char old[128];
	snprintf(old, sizeof old, "%s.1", r->path[0]);
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	struct follow_place p = read_and_stop(r, "i1");
	add(r->path[0], 2, "i2");
	assert_int_equal(rename(r->path[0], old), 0);
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 3, "i3");
	start(r);
	assert_int_equal(follow_resume(r->f, &p, 1, &e), 0);
	expect(r, "i2 i3");
	follow_close(r->f);
	r->f = NULL;
	r->got[0] = '\0';
	assert_int_equal(unlink(old), 0);
	start(r);
	assert_int_equal(follow_resume(r->f, &p, 1, &e), 0);
	expect(r, "i3");
	assert_notice(r, NOTICE_WARNING, "the old file is gone");
}

static void a_wrong_format_is_told_at_once(void **state)
{
	struct rig *r = *state;
	struct err e = {0};
	r->o.format = "klingon";
	assert_null(follow_open(&r->ids, &r->o, note, r, &e));
	assert_int_equal(e.code, -EINVAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(half_a_line_waits),
		CASE(rotation_finishes_the_old_file),
		CASE(truncation_starts_again),
		CASE(the_same_size_with_other_content_is_a_new_file),
		CASE(a_copytruncate_that_outgrows_is_seen),
		CASE(a_new_file_of_any_size_replaces),
		CASE(a_file_that_is_not_there_is_waited_for),
		CASE(a_pipe_ends_with_its_writer),
		CASE(files_merge_by_event_time),
		CASE(the_end_of_once_takes_the_last_line),
		CASE(a_missing_file_fails_once),
		CASE(a_raw_row_is_found_by_its_offset),
		CASE(rows_taken_before_are_marked),
		CASE(lines_are_numbered_after_a_restart),
		CASE(a_file_rotated_while_away_is_finished),
		CASE(a_wrong_format_is_told_at_once),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
