/* follow: real files that grow, shrink, are renamed and replaced while they are read. */
#include "follow_rig.h"

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
	expect_nothing(r);
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

/* The writer goes on behind a truncation and writes no second header. */
static void a_truncated_file_keeps_its_layout(void **state)
{
	struct rig *r = *state;
	write_to(r->path[0], "w", "time;user;category;item\n1500000001;u1;shoes;i1\n");
	start(r);
	expect(r, "i1");
	for (int i = 2; i < 5; i++) {
		char text[100], wanted[40] = "i1";
		sprintf(text, "%d;u1;shoes;i%d\n", 1500000000 + i, i);
		write_to(r->path[0], "w", "");
		r->notices[0] = '\0';
		expect_notice(r, "truncated; read from its start");
		write_to(r->path[0], "a", text);
		for (int j = 2; j <= i; j++)
			sprintf(wanted + strlen(wanted), " i%d", j);
		expect(r, wanted);
	}
	write_to(r->path[0], "w", "");
	r->notices[0] = '\0';
	expect_notice(r, "truncated");
	write_to(r->path[0], "a", "0005;u1;shoes;half\n1500000006;u1;shoes;i6\n");
	struct err e = {0};
	struct batch *b = NULL;
	for (int i = 0; i < ROUNDS && !b; i++)
		assert_true(follow_next(r->f, 20, &b, &e) >= 0);
	assert_non_null(b);
	assert_int_equal(b->n_rows, 2);
	batch_free(b);
	write_to(r->path[0], "w", "");
	expect_notice(r, "truncated");
	write_to(r->path[0], "a", HEADER);
	add(r->path[0], 7, "i7");
	r->got[0] = '\0';
	expect(r, "i7");
}

/* A file that no format fits is not read, but what takes its place is. */
static void unfit(struct rig *r, size_t bytes)
{
	FILE *f = fopen(r->path[0], "w");
	assert_non_null(f);
	for (size_t i = 0; i < bytes; i += 8)
		fputs("no log.\n", f);
	assert_int_equal(fclose(f), 0);
	age(r->path[0]);
}

static void an_unfit_file_written_anew_is_read(void **state)
{
	struct rig *r = *state;
	unfit(r, 80000);
	start(r);
	expect_notice(r, "not read: no known format");
	write_to(r->path[0], "a", "and more of it\n");
	expect_nothing(r);
	assert_null(strstr(r->notices, "truncated"));
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	expect(r, "i1");
	assert_non_null(strstr(r->notices, "truncated; read from its start"));
}

static void a_file_in_place_of_an_unfit_one_is_read(void **state)
{
	struct rig *r = *state;
	unfit(r, 80000);
	start(r);
	expect_notice(r, "not read: no known format");
	assert_int_equal(unlink(r->path[0]), 0);
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	expect(r, "i1");
}

static void a_short_unfit_file_is_told_of(void **state)
{
	struct rig *r = *state;
	unfit(r, 8);
	start(r);
	expect_notice(r, "not read: no known format");
	write_to(r->path[0], "w", "");
	expect_notice(r, "truncated; read from its start");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	expect(r, "i1");
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

static FILE *writer(struct rig *r, int t, const char *item)
{
	char buf[100];
	FILE *w = fopen(r->path[0], "w");
	assert_non_null(w);
	fputs(HEADER, w);
	fputs(row(buf, t, item), w);
	fflush(w);
	return w;
}

static void a_pipe_ends_with_its_writer(void **state)
{
	struct rig *r = *state;
	assert_int_equal(mkfifo(r->path[0], 0600), 0);
	r->o.once = true;
	start(r);
	FILE *w = writer(r, 1, "i1");
	expect(r, "i1");
	fputs("1500000002,u1,i2,shoes,view", w);        /* never a newline */
	fclose(w);
	expect(r, "i1 i2");
	expect_end(r);
}

static void a_pipe_with_a_name_waits_for_the_next_writer(void **state)
{
	struct rig *r = *state;
	char buf[100];
	assert_int_equal(mkfifo(r->path[0], 0600), 0);
	start(r);
	FILE *w = writer(r, 1, "i1");
	fputs("1500000002,u1,i2,shoes,view", w);
	fclose(w);
	expect(r, "i1 i2");
	expect_nothing(r);
	fclose(writer(r, 3, "i3"));
	expect(r, "i1 i2 i3");
	expect_nothing(r);
	write_to(r->path[0], "w", row(buf, 4, "i4"));
	expect(r, "i1 i2 i3 i4");
	expect_nothing(r);
	struct follow_place p[8];
	for (uint32_t n = follow_places(r->f, p, 8); n > 0; n--)
		if (p[n - 1].ended)
			follow_forget(r->f, p[n - 1].source);
	assert_int_equal(follow_places(r->f, p, 8), 1);
}

static void assert_trouble(const struct rig *r, const char *words)
{
	char text[200];
	assert_int_equal(follow_trouble(r->f, text, sizeof text), words != NULL);
	assert_non_null(strstr(text, words ? words : ""));
	assert_true(words || !text[0]);
}

/* Until what it tells of is over. */
static void a_trouble_lasts(void **state)
{
	struct rig *r = *state;
	r->o.n_paths = 2;
	start(r);
	assert_trouble(r, "a.csv: not there yet, waiting for it (and 1 more)");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 1, "i1");
	expect(r, "i1");
	assert_trouble(r, "b.csv: not there yet, waiting for it");
	write_to(r->path[1], "w", "no log\n");
	expect_notice(r, "not read");
	assert_trouble(r, "b.csv: not read: no known format");
	write_to(r->path[1], "w", HEADER);
	add(r->path[1], 2, "i2");
	expect(r, "i1 i2");
	assert_trouble(r, NULL);
	assert_int_equal(unlink(r->path[0]), 0);
	expect_notice(r, "gone");
	assert_trouble(r,
		"a.csv: gone, waiting for it to come back; last row at 2017-07-14 02:40:01");
	write_to(r->path[0], "w", HEADER);
	add(r->path[0], 3, "i3");
	expect(r, "i1 i2 i3");
	assert_trouble(r, NULL);
}

static void a_pipe_that_is_not_read_gets_another_writer(void **state)
{
	struct rig *r = *state;
	assert_int_equal(mkfifo(r->path[0], 0600), 0);
	start(r);
	write_to(r->path[0], "w", "no log\n");
	expect_notice(r, "not read: no known format");
	fclose(writer(r, 1, "i1"));
	expect(r, "i1");
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
		CASE(a_truncated_file_keeps_its_layout),
		CASE(an_unfit_file_written_anew_is_read),
		CASE(a_file_in_place_of_an_unfit_one_is_read),
		CASE(a_short_unfit_file_is_told_of),
		CASE(the_same_size_with_other_content_is_a_new_file),
		CASE(a_copytruncate_that_outgrows_is_seen),
		CASE(a_new_file_of_any_size_replaces),
		CASE(a_file_that_is_not_there_is_waited_for),
		CASE(a_pipe_ends_with_its_writer),
		CASE(a_pipe_with_a_name_waits_for_the_next_writer),
		CASE(a_pipe_that_is_not_read_gets_another_writer),
		CASE(a_trouble_lasts),
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
