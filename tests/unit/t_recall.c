#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "ui/recall.h"

struct world {
	char dir[256], folder[300], file[320];
	struct recall r;
	struct err e;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_recall.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->folder, sizeof w->folder, "%s/a/b", w->dir);
	snprintf(w->file, sizeof w->file, "%s/h", w->folder);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char path[300];

	recall_close(&w->r);
	unlink(w->file);
	rmdir(w->folder);
	snprintf(path, sizeof path, "%s/a", w->dir);
	rmdir(path);
	rmdir(w->dir);
	free(w);
	return 0;
}

static void reopen(struct world *w)
{
	recall_close(&w->r);
	assert_int_equal(recall_open(&w->r, w->folder, "h", &w->e), 0);
}

static void outlives_a_run(void **state)
{
	struct world *w = *state;
	struct stat st;

	reopen(w);
	assert_int_equal(w->r.n, 0);
	assert_int_equal(recall_add(&w->r, "SELECT 1;", &w->e), 0);
	assert_int_equal(recall_add(&w->r, "SELECT 'a\\n'\nFROM \xe5\xa9\xb4;", &w->e), 0);
	reopen(w);
	assert_int_equal(w->r.n, 2);
	assert_string_equal(w->r.entry[0], "SELECT 1;");
	assert_string_equal(w->r.entry[1], "SELECT 'a\\n'\nFROM \xe5\xa9\xb4;");
	assert_int_equal(stat(w->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void one_that_is_there_moves_to_the_end(void **state)
{
	struct world *w = *state;

	reopen(w);
	recall_add(&w->r, "a", &w->e);
	recall_add(&w->r, "b", &w->e);
	recall_add(&w->r, "a", &w->e);
	recall_add(&w->r, "a", &w->e);
	recall_add(&w->r, "", &w->e);
	assert_int_equal(w->r.n, 2);
	assert_string_equal(w->r.entry[1], "a");
	reopen(w);
	assert_int_equal(w->r.n, 2);
	assert_string_equal(w->r.entry[0], "b");
}

static void finds_backward(void **state)
{
	struct world *w = *state;

	assert_int_equal(recall_open(&w->r, NULL, "h", &w->e), 0);
	recall_add(&w->r, "select score", &w->e);
	recall_add(&w->r, "SELECT user", &w->e);
	recall_add(&w->r, "SELECT Score", &w->e);
	assert_int_equal(recall_find(&w->r, "score", w->r.n), 2);
	assert_int_equal(recall_find(&w->r, "score", 2), 0);
	assert_int_equal(recall_find(&w->r, "score", 0), -1);
	assert_int_equal(recall_find(&w->r, "none", 99), -1);
}

/* The file is brought back to what is kept when it has grown to twice that. */
static void neither_memory_nor_file_grows_for_ever(void **state)
{
	struct world *w = *state;
	char text[32], line[64];
	int n_lines = 0, i;
	FILE *f;

	reopen(w);
	for (i = 0; i < 3 * RECALL_MAX; i++) {
		snprintf(text, sizeof text, "SELECT %d", i);
		assert_int_equal(recall_add(&w->r, text, &w->e), 0);
	}
	assert_int_equal(w->r.n, RECALL_MAX);
	reopen(w);
	assert_int_equal(w->r.n, RECALL_MAX);
	assert_string_equal(w->r.entry[RECALL_MAX - 1], text);
	f = fopen(w->file, "r");
	while (fgets(line, sizeof line, f))
		n_lines++;
	fclose(f);
	assert_int_equal(n_lines, RECALL_MAX);
}

static void a_folder_that_cannot_be_is_told(void **state)
{
	struct world *w = *state;

	assert_int_equal(recall_open(&w->r, "/dev/null/x", "h", &w->e), -ENOTDIR);
	assert_int_equal(recall_add(&w->r, "SELECT 1;", &w->e), 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(outlives_a_run),
		IN_FOLDER(one_that_is_there_moves_to_the_end),
		IN_FOLDER(finds_backward),
		IN_FOLDER(neither_memory_nor_file_grows_for_ever),
		IN_FOLDER(a_folder_that_cannot_be_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
