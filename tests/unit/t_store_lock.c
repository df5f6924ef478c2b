#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/store.h"
#include "base/err.h"
#include "engine/run.h"

struct world {
	char dir[256], path[300], lock[310], link[300];
	struct err e;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_store_lock.XXXXXX", tmp ? tmp : "/tmp");
	*state = w;
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	snprintf(w->lock, sizeof w->lock, "%s-lock", w->path);
	snprintf(w->link, sizeof w->link, "%s/other.db", w->dir);
	return symlink("veer.db", w->link);
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-lock" };
	struct world *w = *state;
	char path[320];

	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		unlink(path);
	}
	unlink(w->link);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void assert_refused(struct world *w, const char *path, pid_t by)
{
	char who[32];

	snprintf(who, sizeof who, "process %ld ", (long)by);
	assert_null(store_open(path, &w->e));
	assert_int_equal(w->e.code, -EBUSY);
	if (!strstr(w->e.text, path) || !strstr(w->e.text, who) || !strstr(w->e.text, "--db"))
		fail_msg("%s", w->e.text);
}

static void a_store_has_one_run(void **state)
{
	struct world *w = *state;
	struct store *s = store_open(w->path, &w->e);

	assert_non_null(s);
	assert_refused(w, w->path, getpid());
	assert_refused(w, w->link, getpid());
	store_close(s);
	assert_int_equal(access(w->lock, F_OK), -1);
	s = store_open(w->path, &w->e);
	assert_non_null(s);
	store_close(s);
}

static void whoever_acts_or_reads_beside_it_may(void **state)
{
	struct world *w = *state;
	struct store *s = store_open(w->path, &w->e);
	struct store *act = store_open_existing(w->path, &w->e);
	struct store *r = store_open_read(w->path, &w->e);

	assert_true(s && act && r);
	assert_int_equal(store_begin(act, &w->e), 0);
	assert_int_equal(store_commit(act, &w->e), 0);
	store_close(act);
	store_close(r);
	assert_refused(w, w->path, getpid());
	store_close(s);
}

/* A run that is killed leaves the file, and no lock. */
static void a_killed_run_holds_nobody_up(void **state)
{
	struct world *w = *state;
	int ready[2], status;
	char byte;
	struct store *s;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		byte = store_open(w->path, &w->e) ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_refused(w, w->path, child);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(access(w->lock, F_OK), 0);
	s = store_open(w->path, &w->e);
	assert_non_null(s);
	store_close(s);
	close(ready[0]);
	close(ready[1]);
}

static void a_live_runs_store_takes_no_other(void **state)
{
	struct world *w = *state;
	struct store *s = run_open_store(w->path, &w->e);

	assert_non_null(s);
	assert_int_equal(store_begin(s, &w->e), 0);
	assert_int_equal(store_set_number(s, "rows", 1, &w->e), 0);
	assert_int_equal(store_commit(s, &w->e), 0);
	store_close(s);
	assert_null(run_open_store(w->path, &w->e));
	assert_int_equal(w->e.code, -EEXIST);
	assert_non_null(strstr(w->e.text, w->path));
	assert_int_equal(access(w->lock, F_OK), -1);
}

/* In a process that may not write there, which root always may; exits 1 when it reads wrongly. */
static int read_as_nobody(const struct world *w, const char *want)
{
	struct err e = {0};
	struct store *s;
	int64_t rows;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 2;
	s = store_open_read(w->path, &e);
	if (want)
		return s || !strstr(e.text, want);
	return !s || !store_get_number(s, "rows", &rows) || rows != 7;
}

static int status_as_nobody(const struct world *w, const char *want)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(read_as_nobody(w, want));
	return waitpid(child, &status, 0) == child ? status : -1;
}

static void a_store_is_read_without_a_right_to_write(void **state)
{
	struct world *w = *state;
	struct store *s;
	char wal[310];

	snprintf(w->path, sizeof w->path, "%.250s/100%%?#.db", w->dir);
	snprintf(wal, sizeof wal, "%s-wal", w->path);
	s = store_open(w->path, &w->e);
	assert_non_null(s);
	assert_int_equal(store_begin(s, &w->e), 0);
	assert_int_equal(store_set_number(s, "rows", 7, &w->e), 0);
	assert_int_equal(store_commit(s, &w->e), 0);
	store_close(s);
	chmod(w->path, 0444);
	chmod(w->dir, 0555);
	assert_int_equal(status_as_nobody(w, NULL), 0);
	chmod(w->dir, 0755);
	FILE *f = fopen(wal, "w");
	fputs("the rest", f);
	fclose(f);
	chmod(wal, 0444);
	chmod(w->dir, 0555);
	assert_int_equal(status_as_nobody(w, "#.db-wal"), 0);
	chmod(w->dir, 0755);
}

int main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_WORLD(a_store_has_one_run),
		WITH_WORLD(whoever_acts_or_reads_beside_it_may),
		WITH_WORLD(a_killed_run_holds_nobody_up),
		WITH_WORLD(a_live_runs_store_takes_no_other),
		WITH_WORLD(a_store_is_read_without_a_right_to_write),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
