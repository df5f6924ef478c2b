#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/query.h"
#include "alert/store.h"
#include "alert/triage.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/sql.h"

struct world {
	char dir[256], path[300];
	struct ids ids;
	struct store *s;
	struct err e;
	uint64_t id;
	struct triage_act back;
	char got[2048];
};

static uint64_t put(struct world *w, const char *user, int64_t time_ms)
{
	struct finding f = { .time_ms = time_ms, .onset_ms = time_ms - 10, .kind = KIND_VOLUME,
		.user = dict_id(w->ids.user, user, strlen(user)), .from = DICT_NONE,
		.to = DICT_NONE };
	struct alert a = alert_make(&f, &w->ids, 7);

	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	return a.id;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_triage.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	if (!(w->s = store_open(w->path, &w->e)))
		return -1;
	w->id = put(w, "u", 2000);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	char path[320];

	triage_done(&w->back);
	store_close(w->s);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", w->path, suffix[i]);
		unlink(path);
	}
	ids_done(&w->ids);
	rmdir(w->dir);
	free(w);
	return 0;
}

static int act(struct world *w, struct triage_act a)
{
	struct triage_act back;
	int code;

	if (!a.author)
		a.author = "op1";
	if (!a.alert_id)
		a.alert_id = w->id;
	a.len = a.text && !a.len ? strlen(a.text) : a.len;
	code = triage_do(w->s, &a, &back, &w->e);
	triage_done(&w->back);
	w->back = back;
	return code;
}

static int undo(struct world *w, const char *author, int64_t time_ms)
{
	struct triage_act a = w->back, back;
	int code;

	a.author = author;
	a.time_ms = time_ms;
	code = triage_do(w->s, &a, &back, &w->e);
	triage_done(&back);
	return code;
}

static int add_change(void *ctx, const struct triage_change *c)
{
	static const char *const field[] = { "?", "state", "label", "note" };
	struct world *w = ctx;
	size_t at = strlen(w->got);

	snprintf(w->got + at, sizeof w->got - at, "%d %.*s %s %u %d %.*s;", (int)c->time_ms,
		(int)c->author_len, c->author, field[c->field], c->value,
		(int)(c->field == TRIAGE_NOTE ? c->note : c->until_ms), (int)c->len, c->text);
	return 0;
}

static void assert_changes(struct world *w, int64_t after, const char *want)
{
	w->got[0] = '\0';
	assert_int_equal(triage_each(w->s, after, add_change, w, &w->e), 0);
	assert_string_equal(w->got, want);
}

static int add_state(void *ctx, const struct alert *a, const char *state)
{
	struct world *w = ctx;

	(void)a;
	strcat(strcat(w->got, state), ";");
	return 0;
}

static void assert_state(struct world *w, int64_t now_ms, const char *want)
{
	struct query_alerts q = { .from_ms = INT64_MIN, .to_ms = INT64_MAX, .now_ms = now_ms };

	w->got[0] = '\0';
	assert_int_equal(query_each_alert(w->s, &q, &w->ids, add_state, w, &w->e), 0);
	assert_string_equal(w->got, want);
	w->got[strlen(w->got) - 1] = '\0';
	q.state = want = strdup(w->got);
	w->got[0] = '\0';
	assert_int_equal(query_each_alert(w->s, &q, &w->ids, add_state, w, &w->e), 0);
	assert_memory_equal(w->got, want, strlen(want));
	free((void *)(uintptr_t)want);
}

static void acknowledged_and_undone_are_both_recorded(void **state)
{
	struct world *w = *state;

	assert_state(w, 0, "new;");
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE, .time_ms = 5,
		.value = TRIAGE_ACKNOWLEDGED }), 0);
	assert_state(w, 9, "acknowledged;");
	assert_int_equal(undo(w, "op1", 6), 0);
	assert_state(w, 9, "new;");
	assert_changes(w, 0, "5 op1 state 1 0 ;6 op1 state 0 0 ;");
	assert_changes(w, 1, "6 op1 state 0 0 ;");
}

static void what_is_so_already_is_not_recorded(void **state)
{
	struct world *w = *state;
	struct triage_act ack = { .field = TRIAGE_STATE, .value = TRIAGE_ACKNOWLEDGED };

	assert_int_equal(act(w, ack), 0);
	assert_int_equal(w->back.field, TRIAGE_STATE);
	assert_int_equal(act(w, ack), 0);
	assert_int_equal(w->back.field, TRIAGE_NOTHING);
	assert_changes(w, 1, "");
}

static void a_shelf_ends_by_itself(void **state)
{
	struct world *w = *state;

	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE, .time_ms = 5,
		.value = TRIAGE_SHELVED, .until_ms = 100 }), 0);
	assert_state(w, 99, "shelved;");
	assert_state(w, 100, "new;");
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE, .time_ms = 100,
		.value = TRIAGE_ACKNOWLEDGED }), 0);
	assert_int_equal(undo(w, "op1", 101), 0);
	assert_state(w, 50, "new;");
	assert_changes(w, 0, "5 op1 state 2 100 ;100 op1 state 1 0 ;101 op1 state 0 0 ;");
}

/* Taken care of goes before cleared, and nobody's alert that cleared is cleared. */
static void clearing_changes_nothing_of_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE,
		.value = TRIAGE_ACKNOWLEDGED }), 0);
	assert_int_equal(store_set_cleared(w->s, w->id, 2500, &w->e), 0);
	assert_state(w, 0, "acknowledged;");
	assert_int_equal(undo(w, "op1", 6), 0);
	assert_state(w, 0, "cleared;");
}

static void an_undo_respects_what_came_between(void **state)
{
	struct world *w = *state;
	struct triage_act mine;

	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE,
		.value = TRIAGE_ACKNOWLEDGED }), 0);
	mine = w->back;
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_STATE, .author = "op2",
		.value = TRIAGE_SHELVED, .until_ms = 1000 }), 0);
	w->back = mine;
	assert_int_equal(undo(w, "op1", 6), -ESTALE);
	assert_non_null(strstr(w->e.text, "has been changed since"));
	assert_state(w, 9, "shelved;");
}

static void a_label_comes_back_with_its_note(void **state)
{
	struct world *w = *state;

	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_LABEL, .value = LABEL_TRUE,
		.text = "moved" }), 0);
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_LABEL, .time_ms = 1,
		.value = LABEL_FALSE }), 0);
	assert_int_equal(undo(w, "op1", 2), 0);
	assert_changes(w, 0, "0 op1 label 1 0 ;1 op1 label 2 0 ;2 op1 label 1 0 ;");
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_LABEL, .value = LABEL_TRUE,
		.text = "moved" }), 0);
	assert_int_equal(w->back.field, TRIAGE_NOTHING);
}

static void notes_are_kept_and_withdrawn(void **state)
{
	struct world *w = *state;

	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_NOTE, .text = "new phone" }),
		0);
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_NOTE, .author = "op2",
		.text = "x\x1b\xff" }), 0);
	assert_int_equal(undo(w, "op2", 8), 0);
	assert_int_equal(undo(w, "op2", 9), -ESTALE);
	assert_changes(w, 0, "0 op1 note 0 1 new phone;0 op2 note 0 2 x\x1b\xff;8 op2 note 0 2 ;");
}

static void what_cannot_be_done_says_why(void **state)
{
	struct world *w = *state;
	static char large[STORE_NOTE_MAX + 1];

	for (unsigned field = TRIAGE_STATE; field < TRIAGE_FIELDS; field++) {
		assert_int_equal(act(w, (struct triage_act){ .alert_id = 0xabc, .value = 1,
			.field = field, .text = "t" }), -ENOENT);
		assert_non_null(strstr(w->e.text, "alert 0000000000000abc: there is none"));
	}
	memset(large, 'x', sizeof large);
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_NOTE, .text = large,
		.len = sizeof large }), -EFBIG);
	assert_int_equal(act(w, (struct triage_act){ .field = TRIAGE_NOTE, .text = "" }), -EFBIG);
	assert_changes(w, 0, "");
}

/* Killed in the middle of an act nothing of it is there; what was committed is. */
static void a_kill_leaves_whole_acts(void **state)
{
	struct world *w = *state;
	struct triage_act ack = { .field = TRIAGE_STATE, .value = TRIAGE_ACKNOWLEDGED };
	pid_t child;
	int status;

	store_close(w->s);
	w->s = NULL;
	child = fork();
	if (child == 0) {
		w->s = store_open_existing(w->path, &w->e);
		if (!w->s || store_begin(w->s, &w->e) < 0 || act(w, ack) < 0
				|| store_commit(w->s, &w->e) < 0 || store_begin(w->s, &w->e) < 0
				|| act(w, (struct triage_act){ .field = TRIAGE_NOTE,
					.text = "half" }) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	w->s = store_open_existing(w->path, &w->e);
	assert_non_null(w->s);
	assert_state(w, 0, "acknowledged;");
	assert_changes(w, 0, "0 op1 state 1 0 ;");
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(acknowledged_and_undone_are_both_recorded),
		WITH_STORE(what_is_so_already_is_not_recorded),
		WITH_STORE(a_shelf_ends_by_itself),
		WITH_STORE(clearing_changes_nothing_of_it),
		WITH_STORE(an_undo_respects_what_came_between),
		WITH_STORE(a_label_comes_back_with_its_note),
		WITH_STORE(notes_are_kept_and_withdrawn),
		WITH_STORE(what_cannot_be_done_says_why),
		WITH_STORE(a_kill_leaves_whole_acts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
