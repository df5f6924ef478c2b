/* load: whole files through one to four threads, in order, with what is said of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ingest/load.h"

#define FILES_MAX 4
#define BIG_ROWS 120000u        /* several pieces */
#define BAD_EVERY 10007u

struct bench {
	char folder[32];
	char path[FILES_MAX][64];
	const char *paths[FILES_MAX];
	uint32_t n_paths;
	struct ids ids;
	struct zone zone;
	struct load_options o;
	struct load_progress p;
	struct load_result r;
	struct err e;
	/* what the sink saw */
	uint32_t n;
	uint64_t sum;                   /* over content and order */
	uint32_t last_source;
	uint32_t fail_at, stop_at;      /* the event at which the sink fails or asks to stop */
	char said[512];
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	strcpy(b->folder, "/tmp/t_load.XXXXXX");
	if (!mkdtemp(b->folder) || ids_init(&b->ids, NULL) || zone_init(&b->zone, NULL, NULL))
		return -1;
	b->o = (struct load_options){.path = b->paths, .zone = &b->zone, .threads = 2,
		.keep_rejects = 20, .until_ms = INT64_MAX};
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < FILES_MAX; i++)
		if (b->path[i][0])
			unlink(b->path[i]);
	rmdir(b->folder);
	load_result_done(&b->r);
	ids_done(&b->ids);
	zone_done(&b->zone);
	free(b);
	return 0;
}

static FILE *new_file(struct bench *b)
{
	uint32_t i = b->n_paths++;

	char folder[sizeof(b->folder)];

	strcpy(folder, b->folder);
	snprintf(b->path[i], sizeof(b->path[i]), "%s/%c.csv", folder, 'a' + (int)i);
	b->paths[i] = b->path[i];
	return fopen(b->path[i], "w");
}

static void add_file(struct bench *b, const char *text)
{
	FILE *f = new_file(b);

	fputs(text, f);
	fclose(f);
}

static int sink(void *ctx, struct batch *batch, struct err *e)
{
	struct bench *b = ctx;
	int code = 0;

	for (uint32_t i = 0; i < batch->n; i++, b->n++) {
		struct event ev = batch_get(batch, i);
		size_t len;
		const char *user = dict_text(b->ids.user, ev.user, &len);
		for (size_t k = 0; k < len; k++)
			b->sum = b->sum * 31 + (unsigned char)user[k];
		b->sum = b->sum * 31 + (uint64_t)ev.time_ms + ev.behaviour;
		if (b->fail_at && b->n == b->fail_at)
			code = err_set(e, -ENOSPC, "the sink is full");
		if (b->stop_at && b->n == b->stop_at)
			atomic_store(&b->p.stop, true);
	}
	b->last_source = batch->source;
	batch_free(batch);
	return code;
}

static void hear(void *ctx, const char *line)
{
	struct bench *b = ctx;

	snprintf(b->said + strlen(b->said), sizeof(b->said) - strlen(b->said), "%s\n", line);
}

static int load(struct bench *b)
{
	load_result_done(&b->r);
	b->o.n_paths = b->n_paths;
	b->o.said = hear;
	b->o.said_ctx = b;
	b->n = b->last_source = 0;
	b->sum = 0;
	b->said[0] = '\0';
	b->e = (struct err){0};
	memset(&b->p, 0, sizeof(b->p));
	return load_files(&b->ids, &b->o, &b->p, sink, b, &b->r, &b->e);
}

/* Rows with newlines in quotes; every BAD_EVERY-th has no time. */
static void write_big(FILE *f)
{
	fputs("timestamp,user,item,category,behaviour\n", f);
	for (uint32_t i = 1; i <= BIG_ROWS; i++)
		if (i % BAD_EVERY)
			fprintf(f, "%u,\"user\n%u\",i%u,\"c\"\"%u\",%s\n", i, i % 1000, i, i % 77,
				i % 5 ? "pv" : "buy");
		else
			fprintf(f, ",bad %u,i,c,pv\n", i);
	fclose(f);
}

static void any_number_of_threads_gives_the_same(void **state)
{
	struct bench *b = *state;
	uint64_t sum = 0;

	write_big(new_file(b));
	write_big(new_file(b));
	for (unsigned threads = 1; threads <= 4; threads++) {
		b->o.threads = threads;
		assert_int_equal(load(b), 0);
		uint32_t bad = BIG_ROWS / BAD_EVERY;
		assert_int_equal(b->n, 2 * (BIG_ROWS - bad));
		assert_int_equal(b->r.events, b->n);
		assert_int_equal(b->r.rows, 2 * BIG_ROWS);
		assert_int_equal(b->r.rejected[REJECT_TIME], 2 * bad);
		assert_int_equal(b->r.unusable, 0);
		assert_int_equal(b->p.bytes, b->p.bytes_total);
		assert_int_equal(b->p.rejected, 2 * bad);
		assert_int_equal(b->r.n_reject, 20);
		for (uint32_t i = 0; i < bad; i++) {
			const struct reject_row *row = &b->r.reject[i];
			uint32_t k = (i + 1) * BAD_EVERY;
			char text[32];
			assert_int_equal(row->source, 0);
			assert_int_equal(row->line, 2 + 2 * (k - 1) - i);
			snprintf(text, sizeof(text), ",bad %u,i,c,pv", k);
			assert_int_equal(row->len, strlen(text));
			assert_memory_equal(row->text, text, row->len);
		}
		assert_int_equal(b->r.reject[bad].source, 1);
		assert_int_equal(b->r.reject[bad].line, b->r.reject[0].line);
		assert_true(!sum || sum == b->sum);
		sum = b->sum;
	}
}

static void each_file_has_its_own_format(void **state)
{
	struct bench *b = *state;
	char want[512];

	add_file(b, "category;user;time\nc;u;5\n");
	add_file(b, "1,2268318,2520377,pv,1511544070\n");
	assert_int_equal(load(b), 0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->last_source, 1);
	snprintf(want, sizeof(want), "%s: format veer guessed: header, time=time,user=user,"
		"category=category, delimiter ;\n%s: format taobao guessed: no header, "
		"user,item,category,behaviour,timestamp\n", b->path[0], b->path[1]);
	assert_string_equal(b->said, want);
}

static void events_after_the_horizon_are_left_out(void **state)
{
	struct bench *b = *state;

	add_file(b, "time,user,category\n1,u,c\n3,u,c\n2,u,c\nx,u,c\n");
	add_file(b, "time,user,category\n9,u,c\n");
	b->o.until_ms = 2000;
	assert_int_equal(load(b), 0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->r.events, 2);
	assert_int_equal(b->r.rows, 5);
	assert_int_equal(b->r.rejected[REJECT_TIME], 1);
	assert_int_equal(b->r.unusable, 0);
}

static void must_be_unusable(const char *text, const char *why)
{
	struct bench *b = NULL;
	void *state;

	assert_int_equal(set_up(&state), 0);
	b = state;
	add_file(b, text);
	add_file(b, "time,user,category\n1,u,c\n");
	add_file(b, text);
	assert_int_equal(load(b), 0);
	assert_int_equal(b->n, 1);
	assert_int_equal(b->r.unusable, 2);
	if (!strstr(b->r.why, why) || !strstr(b->r.why, b->path[0]))
		fail_msg("\"%s\" does not say \"%s\"", b->r.why, why);
	tear_down(&state);
}

static void a_file_without_a_usable_row_is_counted(void **state)
{
	(void)state;
	must_be_unusable("", "a.csv\" is empty");
	must_be_unusable("time,user,category\r\n", "a.csv\" has no rows below its header");
	must_be_unusable("what,is,this\n",
		"a.csv\": no known format fits the first line \"what,is,this\"");
	must_be_unusable("time,user,category\n,u,c\n1,u,\n2,u,\n",
		"3 of 3 rows unusable: missing category 2, no time 1");
}

static void must_fail(struct bench *b, int code, const char *part)
{
	assert_int_equal(load(b), code);
	assert_int_equal(b->e.code, code);
	if (!strstr(b->e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", b->e.text, part);
}

static void what_cannot_be_read_ends_the_load(void **state)
{
	struct bench *b = *state;

	add_file(b, "time,user,category\n1,u,c\n");
	b->paths[b->n_paths++] = "/nowhere/x.csv";
	must_fail(b, -ENOENT, "could not open \"/nowhere/x.csv\": No such file or directory");
	assert_int_equal(b->n, 1);      /* what came before is handed on */
	b->paths[1] = "/tmp";
	must_fail(b, -EISDIR, "could not read \"/tmp\": Is a directory");
	b->n_paths = 1;
	b->o.format = "vier";
	must_fail(b, -EINVAL, "unknown format \"vier\"");
}

static void a_pipe_is_read_to_its_end(void **state)
{
	struct bench *b = *state;
	int saved = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "1,2,3,pv,4\n1,2,3,pv,5", 21), 21);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	b->paths[b->n_paths++] = "-";
	int code = load(b);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(code, 0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->p.bytes, 21);
	assert_int_equal(b->p.bytes_total, 0);
}

/* Nothing is ever written to the pipe, so only the wish to stop can end this. */
static void a_silent_pipe_can_be_stopped(void **state)
{
	struct bench *b = *state;
	int saved = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	add_file(b, "time,user,category\n0,u,c\n1,u,c\n");
	b->paths[b->n_paths++] = "-";
	b->stop_at = 1;
	int code = load(b);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(code, -ECANCELED);
	assert_int_equal(b->n, 2);
}

static void the_sink_can_end_it(void **state)
{
	struct bench *b = *state;

	write_big(new_file(b));
	b->fail_at = 1;
	must_fail(b, -ENOSPC, "the sink is full");
	b->fail_at = 0;
	b->stop_at = 1;
	must_fail(b, -ECANCELED, "stopped");
	assert_true(b->n < BIG_ROWS / 2);
}

static void memory_out_ends_it_cleanly(void **state)
{
	struct bench *b = *state;
	size_t used = 0;
	int failed = 0, code = -ENOMEM;

	add_file(b, "time,user,category\n1,u,c\nbad\n");
	assert_int_equal(load(b), 0);
	load_result_done(&b->r);
	used = mem_used();
	/* What is said of a guess may be lost; nothing else may. */
	for (uint64_t n = 1; n < 60; n++) {
		mem_fail_after(n);
		code = load(b);
		mem_fail_after(0);
		failed += code == -ENOMEM;
		assert_true(code == -ENOMEM || (code == 0 && b->n == 1 && b->r.n_reject == 1));
		load_result_done(&b->r);
		assert_int_equal(mem_used(), used);
	}
	assert_int_equal(code, 0);
	assert_true(failed > 10);
}

static void the_commonest_reason_comes_first(void **state)
{
	uint64_t rejected[REJECT_N] = {[REJECT_TIME] = 2, [REJECT_USER] = 5, [REJECT_LONG] = 1};
	char text[128];

	(void)state;
	load_reasons(rejected, 20, text, sizeof(text));
	assert_string_equal(text,
		"8 of 20 rows unusable: missing user 5, no time 2, line too long 1");
	load_reasons((uint64_t[REJECT_N]){0}, 7, text, sizeof(text));
	assert_string_equal(text, "0 of 7 rows unusable");
	load_reasons(rejected, 20, text, 12);
	assert_string_equal(text, "8 of 20 row");
}

static void real_logs_have_the_published_counts(void **state)
{
	static const struct { const char *name; uint64_t rows; uint32_t users; } logs[] = {
		{"taobao_815users_dev.csv", 38809, 399}, {"onlineretail_dev.csv", 205571, 2158},
		{"completejourney_dev.csv", 37251, 1166}, {"rees46_3h_dev.csv", 8646, 2280},
		{"native/taobao_UserBehavior_dev.csv", 38809, 399},
	};
	struct bench *b = *state;
	const char *top = getenv("top_srcdir"), *data = getenv("VEER_DATA");

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		char path[4096];
		if (data)
			snprintf(path, sizeof(path), "%s/%s", data, logs[i].name);
		else
			snprintf(path, sizeof(path), "%s/../shared/data/%s", top ? top : ".",
				logs[i].name);
		if (access(path, R_OK) < 0) {
			print_message("no real logs: %s\n", path);
			skip();
		}
		b->paths[0] = path;
		b->n_paths = 1;
		ids_done(&b->ids);
		assert_int_equal(ids_init(&b->ids, NULL), 0);
		assert_int_equal(load(b), 0);
		assert_int_equal(b->r.rows, logs[i].rows);
		assert_int_equal(b->r.events, logs[i].rows);
		assert_int_equal(dict_size(b->ids.user), logs[i].users);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(any_number_of_threads_gives_the_same),
		CASE(each_file_has_its_own_format),
		CASE(events_after_the_horizon_are_left_out),
		cmocka_unit_test(a_file_without_a_usable_row_is_counted),
		CASE(what_cannot_be_read_ends_the_load),
		CASE(a_pipe_is_read_to_its_end),
		CASE(a_silent_pipe_can_be_stopped),
		CASE(the_sink_can_end_it),
		CASE(memory_out_ends_it_cleanly),
		cmocka_unit_test(the_commonest_reason_comes_first),
		CASE(real_logs_have_the_published_counts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
