/* live_gauge: the stages of a live run count every row that passes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"
#include "engine/generate.h"
#include "engine/live.h"

#define EVENTS 6000u
#define USERS 60u

struct world {
	char folder[64], log[96], db[96];
	struct zone zone;
};

/* A generated log in order, and two lines that are no rows. */
static void write_log(const struct world *w)
{
	struct generate_options o = { .n_events = EVENTS, .n_users = USERS, .seed = 3 };
	struct err e = {0};
	struct generate *g = generate_new(&o, &e);
	const struct generated *ev;
	char row[GENERATE_ROW_MAX];
	FILE *f = fopen(w->log, "w");
	int64_t n;
	assert_non_null(g);
	assert_non_null(f);
	fputs(generate_header, f);
	while ((n = generate_next(g, &ev, &e)) > 0)
		for (int64_t i = 0; i < n; i++)
			fwrite(row, 1, generate_row(g, &ev[i], row), f);
	fputs("garbage\ngarbage,x\n", f);
	fclose(f);
	generate_free(g);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = {0};
	strcpy(w->folder, "/tmp/t_gauge.XXXXXX");
	if (!mkdtemp(w->folder) || zone_init(&w->zone, "UTC", &e) < 0)
		return -1;
	snprintf(w->log, sizeof w->log, "%s/log.csv", w->folder);
	snprintf(w->db, sizeof w->db, "%s/veer.db", w->folder);
	write_log(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", w->folder);
	int code = system(command);
	zone_done(&w->zone);
	free(w);
	return code;
}

static int count_bad(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len)
{
	assert_non_null(strstr(source, "log.csv"));
	assert_in_range(line, EVENTS + 2, EVENTS + 3);
	assert_true(strlen(why) > 0 && len >= 7);
	assert_memory_equal(text, "garbage", 7);
	++*(uint32_t *)ctx;
	return 0;
}

static void each_stage_counts_what_passes(void **state)
{
	struct world *w = *state;
	const char *path[] = { w->log };
	struct live_options o = {
		.follow = { .path = path, .n_paths = 1, .zone = &w->zone, .keep_rejects = 20,
			.once = true },
		.backend = "cpu", .db = w->db, .retain_ms = INT64_C(400) * 86400000, .threads = 1,
		.step = { .span_ms = 86400000, .zone = &w->zone } };
	struct err e = {0};
	uint32_t n_bad = 0;
	struct feed *f = live_open(&o, &e);
	assert_non_null(f);
	assert_int_equal(live_wait(f, NULL, &e), 0);
	const struct snapshot *s = feed_look(f, NULL);
	const struct stage *g = s->stage;
	assert_int_equal(g[FEED_READ].in, EVENTS + 2);
	assert_int_equal(g[FEED_READ].out, EVENTS);
	assert_int_equal(g[FEED_READ].dropped, 2);
	assert_int_equal(g[FEED_READ].waiting, 0);
	assert_int_equal(g[FEED_HOLD].in, EVENTS);
	assert_int_equal(g[FEED_HOLD].out + g[FEED_HOLD].dropped, EVENTS);
	assert_int_equal(g[FEED_HOLD].dropped, s->late);
	assert_int_equal(g[FEED_HOLD].waiting, 0);
	assert_int_equal(g[FEED_DETECT].in, s->events);
	assert_in_range(g[FEED_DETECT].out, s->n_alerts, 2 * s->n_alerts);      /* or cleared */
	assert_int_equal(g[FEED_STORE].out, s->events);
	assert_true(g[FEED_READ].p50_ms >= 0 && g[FEED_READ].p50_ms <= g[FEED_READ].p99_ms);
	assert_true(g[FEED_DETECT].p50_ms >= 0 && g[FEED_STORE].p99_ms > 0);
	assert_int_equal(feed_rejects(f, count_bad, &n_bad, &e), 0);
	assert_int_equal(n_bad, 2);
	feed_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_stage_counts_what_passes, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
