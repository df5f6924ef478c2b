/* live: what keeps rows from being read or used is told as long as it lasts; another backend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"
#include "engine/generate.h"
#include "engine/live.h"
#include "tsan.h"

#define LOOKS 3000      /* of 10 ms: never all waited for */

struct rig {
	char folder[32], path[2][64], db[64];
	const char *paths[2];
	struct zone zone;
	struct feed *f;
};

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	struct err e = {0};
	*state = r;
	strcpy(r->folder, "/tmp/t_trouble.XXXXXX");
	if (!mkdtemp(r->folder) || zone_init(&r->zone, "UTC", &e) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		snprintf(r->path[i], sizeof r->path[i], "%s/%c.csv", r->folder, 'a' + i);
		r->paths[i] = r->path[i];
	}
	snprintf(r->db, sizeof r->db, "%s/veer.db", r->folder);
	return 0;
}

static void start(struct rig *r, uint32_t n_paths)
{
	struct err e = {0};
	struct live_options o = {
		.follow = { .path = r->paths, .n_paths = n_paths, .zone = &r->zone },
		.backend = "cpu", .db = r->db, .retain_ms = 86400000, .threads = 1,
		.step = { .span_ms = 86400000, .zone = &r->zone } };
	r->f = live_open(&o, &e);
	assert_non_null(r->f);
}

static int tear_down(void **state)
{
	struct rig *r = *state;
	char command[64];
	feed_close(r->f);
	zone_done(&r->zone);
	snprintf(command, sizeof command, "rm -rf %s", r->folder);
	free(r);
	return system(command);
}

static void add_rows(const char *path, const char *mode, int64_t from_s, int n)
{
	FILE *f = fopen(path, mode);
	assert_non_null(f);
	if (mode[0] == 'w')
		fputs(generate_header, f);
	for (int i = 0; i < n; i++)
		fprintf(f, "%lld,u1,i1,shoes,view\n", (long long)from_s + i);
	assert_int_equal(fclose(f), 0);
}

/* Looks until rows are read and the trouble is the one that is wanted, or never will be. */
static void expect(struct rig *r, uint64_t rows, const char *words)
{
	const struct snapshot *s = feed_look(r->f, NULL);
	for (int i = 0; i < LOOKS; i++) {
		bool is = words[0] ? strstr(s->unread, words) != NULL : !s->unread[0];
		if (s->rows == rows && is)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		s = feed_look(r->f, NULL);
	}
	assert_int_equal(s->rows, rows);
	if (words[0])
		assert_non_null(strstr(s->unread, words));
	else
		assert_string_equal(s->unread, "");
}

static void a_file_that_is_not_there(void **state)
{
	struct rig *r = *state;
	add_rows(r->path[0], "w", 1500000000, 3);
	start(r, 2);
	expect(r, 3, "b.csv: not there yet, waiting for it");
	add_rows(r->path[1], "w", 1500000000, 1);
	expect(r, 4, "");
	assert_int_equal(unlink(r->path[1]), 0);
	expect(r, 4, "b.csv: gone, waiting for it to come back; last row at 2017-07-14 02:40:00");
}

/* One row of tomorrow, and none of today is in time any more. */
static void a_clock_gone_ahead(void **state)
{
	struct rig *r = *state;
	add_rows(r->path[0], "w", 1500000000, 3);
	add_rows(r->path[0], "a", 1500086400, 1);
	start(r, 1);
	expect(r, 4, "");
	add_rows(r->path[0], "a", 1500000100, 19);
	expect(r, 23, "");
	add_rows(r->path[0], "a", 1500000200, 6);
	expect(r, 29, "the last 25 rows all came late: a row at 2017-07-15 02:40:00 moved the");
	add_rows(r->path[0], "a", 1500086500, 1);
	expect(r, 30, "");
}

static void turn(struct rig *r, const char *words)
{
	struct err e = {0};
	const struct snapshot *s;
	int i = 0;
	assert_int_equal(feed_command(r->f, &(struct command){ .kind = COMMAND_BACKEND }, &e), 0);
	while (!strstr((s = feed_look(r->f, NULL))->notice, words) && i++ < LOOKS)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_non_null(strstr(s->notice, words));
}

/* The module on the shim, which only some builds have: without it the CPU goes on and says why. */
static void the_other_backend(void **state)
{
	static const char module[] = "tests/cuda/shim/backend_cuda.so";
	struct rig *r = *state;
	add_rows(r->path[0], "w", 1500000000, 3);
	setenv("VEER_MODULE_DIR", "tests/nowhere", 1);
	start(r, 1);
	expect(r, 3, "");
	turn(r, "cpu goes on: ");
	assert_string_equal(feed_look(r->f, NULL)->backend, "cpu");
	if (!TSAN && access(module, R_OK) == 0) {
		setenv("VEER_MODULE_DIR", "tests/cuda/shim", 1);
		turn(r, "detection goes on on cuda");
		assert_string_equal(feed_look(r->f, NULL)->backend, "cuda");
		add_rows(r->path[0], "a", 1500000100, 2);
		expect(r, 5, "");
		turn(r, "detection goes on on cpu");
	}
	unsetenv("VEER_MODULE_DIR");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_that_is_not_there),
		CASE(a_clock_gone_ahead),
		CASE(the_other_backend),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
