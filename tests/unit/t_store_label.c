#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
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
#include "base/dict.h"
#include "base/err.h"
#include "model/channel.h"

struct world {
	char dir[256], path[300];
	struct ids ids;
	struct store *s;
	struct err e;
	uint64_t late, early;           /* alerts, of times 2000 and 1000 */
	char got[512];
};

static void begin(struct world *w)
{
	assert_int_equal(store_begin(w->s, &w->e), 0);
}

static void commit(struct world *w)
{
	if (store_commit(w->s, &w->e) < 0)
		fail_msg("%s", w->e.text);
}

static struct alert an_alert(struct world *w, const char *user, int64_t time_ms)
{
	struct finding f = {
		.time_ms = time_ms, .onset_ms = time_ms - 10, .kind = KIND_VOLUME,
		.user = dict_id(w->ids.user, user, strlen(user)),
		.from = DICT_NONE, .to = dict_id(w->ids.category, "shoes", 5), .severity = 60,
	};

	return alert_make(&f, &w->ids, 7);
}

static uint64_t put(struct world *w, const char *user, int64_t time_ms, int64_t cleared_ms)
{
	struct alert a = an_alert(w, user, time_ms);

	a.cleared_ms = cleared_ms;
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	return a.id;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");

	snprintf(w->dir, sizeof w->dir, "%s/t_store_label.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || ids_init(&w->ids, &w->e) < 0)
		return -1;
	snprintf(w->path, sizeof w->path, "%s/veer.db", w->dir);
	w->s = store_open(w->path, &w->e);
	if (!w->s)
		return -1;
	begin(w);
	w->late = put(w, "u", 2000, INT64_MIN);
	w->early = put(w, "v\xff", 1000, INT64_MIN);
	commit(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };
	struct world *w = *state;
	char path[320];

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

static int64_t peek(struct world *w, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	int64_t v;

	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return v;
}

static int say(struct world *w, uint64_t alert_id, enum label label, const char *note)
{
	return store_set_label(w->s, &(struct store_label){ .alert_id = alert_id, .label = label,
		.set_ms = 77, .note = note, .note_len = strlen(note) }, &w->e);
}

static int see(void *ctx, const struct store_label *l)
{
	struct world *w = ctx;
	size_t n = strlen(w->got);

	assert_int_equal(l->set_ms, 77);
	assert_int_equal(l->onset_ms, l->time_ms - 10);
	snprintf(w->got + n, sizeof w->got - n, "%s:%d:%.*s %s %s [%.*s];",
		l->alert_id == w->late ? "late" : l->alert_id == w->early ? "early" : "?",
		(int)l->time_ms, (int)l->user_len, l->user, kind_name[l->kind],
		label_name[l->label], (int)l->note_len, l->note);
	return 0;
}

static void assert_labels(struct world *w, const char *want)
{
	w->got[0] = '\0';
	assert_int_equal(store_each_label(w->s, see, w, &w->e), 0);
	assert_string_equal(w->got, want);
}

static void labels_come_in_order_of_their_alerts(void **state)
{
	struct world *w = *state;

	assert_labels(w, "");
	begin(w);
	assert_int_equal(say(w, w->late, LABEL_FALSE, ""), 0);
	assert_int_equal(say(w, w->early, LABEL_TRUE, "a gift\xff"), 0);
	commit(w);
	assert_labels(w, "early:1000:v\xff volume true [a gift\xff];late:2000:u volume false [];");
	assert_int_equal(peek(w, "SELECT count(*) FROM label WHERE note IS NULL"), 1);
	w->got[0] = '\0';
	assert_int_equal(store_one_label(w->s, w->late, see, w, &w->e), 0);
	assert_string_equal(w->got, "late:2000:u volume false [];");
}

static void the_last_word_stands(void **state)
{
	struct world *w = *state;

	begin(w);
	say(w, w->late, LABEL_FALSE, "noise");
	assert_int_equal(say(w, w->late, LABEL_TRUE, ""), 0);
	commit(w);
	assert_labels(w, "late:2000:u volume true [];");
	begin(w);
	put(w, "u", 2000, INT64_MIN);           /* found again, by a run over the same log */
	commit(w);
	assert_labels(w, "late:2000:u volume true [];");
	begin(w);
	assert_int_equal(say(w, w->late, LABEL_NONE, ""), 0);
	assert_int_equal(say(w, w->late, LABEL_NONE, ""), 0);
	commit(w);
	assert_labels(w, "");
}

static void what_cannot_be_labelled_is_named(void **state)
{
	struct world *w = *state;
	static char note[STORE_NOTE_MAX + 2];

	begin(w);
	for (enum label label = LABEL_NONE; label < LABEL_N; label++) {
		assert_int_equal(say(w, 0xabc, label, ""), -ENOENT);
		assert_non_null(strstr(w->e.text, "0000000000000abc"));
		assert_non_null(strstr(w->e.text, w->path));
	}
	memset(note, 'x', STORE_NOTE_MAX);
	assert_int_equal(say(w, w->late, LABEL_TRUE, note), 0);
	note[STORE_NOTE_MAX] = 'x';
	assert_int_equal(say(w, w->early, LABEL_TRUE, note), -EFBIG);
	store_rollback(w->s);
	assert_labels(w, "");
}

static void labels_need_a_writer(void **state)
{
	struct world *w = *state;
	char none[320];

	snprintf(none, sizeof none, "%s.none", w->path);
	assert_null(store_open_existing(none, &w->e));
	assert_int_equal(w->e.code, -ENOENT);
	assert_int_equal(access(none, F_OK), -1);
	store_close(w->s);
	w->s = store_open_read(w->path, &w->e);
	assert_int_equal(say(w, w->late, LABEL_TRUE, ""), -EROFS);
	store_close(w->s);
	w->s = store_open_existing(w->path, &w->e);
	assert_non_null(w->s);
	begin(w);
	assert_int_equal(say(w, w->late, LABEL_TRUE, ""), 0);
	commit(w);
}

static int note_state(void *ctx, const struct alert *a, const char *state)
{
	struct world *w = ctx;
	size_t n = strlen(w->got);

	assert_string_equal(state, alert_state(a));
	snprintf(w->got + n, sizeof w->got - n, "%d %s %d;", (int)a->f.time_ms, state,
		a->cleared_ms == INT64_MIN ? -1 : (int)a->cleared_ms);
	return 0;
}

static void assert_query(struct world *w, const struct query_alerts *q, const char *want)
{
	w->got[0] = '\0';
	assert_int_equal(query_each_alert(w->s, q, &w->ids, note_state, w, &w->e), 0);
	assert_string_equal(w->got, want);
}

#define OPEN .from_ms = INT64_MIN, .to_ms = INT64_MAX

static void the_earliest_clearing_stays(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_int_equal(store_set_cleared(w->s, w->late, 2500, &w->e), 0);
	assert_int_equal(store_set_cleared(w->s, w->late, 2500, &w->e), 0);
	assert_int_equal(store_set_cleared(w->s, w->late, 2600, &w->e), 0);
	assert_int_equal(store_set_cleared(w->s, 0xabc, 1, &w->e), -ENOENT);
	assert_non_null(strstr(w->e.text, "0000000000000abc"));
	commit(w);
	assert_query(w, &(struct query_alerts){ OPEN }, "1000 new -1;2000 cleared 2500;");
	begin(w);
	assert_int_equal(store_set_cleared(w->s, w->late, 2400, &w->e), 0);
	commit(w);
	assert_query(w, &(struct query_alerts){ OPEN, .state = "cleared" }, "2000 cleared 2400;");
	assert_query(w, &(struct query_alerts){ OPEN, .state = "new" }, "1000 new -1;");
	assert_query(w, &(struct query_alerts){ OPEN, .state = "new' OR 1 --" }, "");
}

/* A run with a larger horizon finds the alerts of the smaller, and that some were cleared. */
static void an_alert_found_again_may_be_cleared(void **state)
{
	struct world *w = *state;

	begin(w);
	put(w, "u", 2000, 2500);
	put(w, "u", 2000, INT64_MIN);
	put(w, "u", 2000, 2600);
	put(w, "x", 3000, 3500);
	commit(w);
	assert_query(w, &(struct query_alerts){ OPEN },
		"1000 new -1;2000 cleared 2500;3000 cleared 3500;");
	begin(w);
	put(w, "x", 3000, 3400);
	commit(w);
	assert_int_equal(peek(w, "SELECT cleared_ms FROM alert WHERE time_ms = 3000"), 3400);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert"), 3);
}

static void queries_narrow_to_what_is_labelled(void **state)
{
	struct world *w = *state;

	begin(w);
	say(w, w->late, LABEL_FALSE, "");
	put(w, "x", 3000, INT64_MIN);
	commit(w);
	assert_query(w, &(struct query_alerts){ OPEN, .labelled = true }, "2000 new -1;");
	assert_query(w, &(struct query_alerts){ OPEN, .labelled = true, .limit = 5 },
		"2000 new -1;");
	assert_query(w, &(struct query_alerts){ OPEN, .labelled = true, .user = "x" }, "");
}

static int take_whole(void *ctx, const struct alert *a, const char *state)
{
	(void)state;
	*(struct alert *)ctx = *a;
	return 0;
}

static void channels_and_onset_interval_come_back(void **state)
{
	struct world *w = *state;
	struct query_alerts q = { .from_ms = 5000, .to_ms = 5000 };
	struct alert a = an_alert(w, "u", 5000), got;

	a.f.onset_from_ms = -3;
	a.f.onset_to_ms = 4995;
	a.f.channels = CHANNEL_BIT(CHANNEL_LEARNED) | CHANNEL_BIT(CHANNEL_MIXTURE);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	commit(w);
	assert_int_equal(query_each_alert(w->s, &q, &w->ids, take_whole, &got, &w->e), 0);
	assert_int_equal(got.f.onset_from_ms, -3);
	assert_int_equal(got.f.onset_to_ms, 4995);
	assert_int_equal(got.cleared_ms, INT64_MIN);
	assert_int_equal(got.f.channels, a.f.channels);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert WHERE channels IS NULL AND"
		" onset_from_ms IS NULL AND onset_to_ms IS NULL AND cleared_ms IS NULL"), 2);
}

static void rates_of_volume_come_back(void **state)
{
	struct world *w = *state;
	struct query_alerts q = { .from_ms = 7000, .to_ms = 7000 };
	struct alert a = an_alert(w, "u", 7000), other = an_alert(w, "u", 8000), got;

	a.f.kind = KIND_VOLUME;
	other.f.kind = KIND_INTEREST;
	a.f.direction = DIRECTION_FADE;
	a.f.level_before = 2.5f;
	a.f.level_after = .25f;
	a.f.onset_from_ms = a.f.onset_to_ms = INT64_MIN;
	a.f.channels = CHANNEL_BIT(CHANNEL_VOLUME);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	assert_int_equal(store_put_alert(w->s, &other, &w->ids, &w->e), 0);
	commit(w);
	assert_int_equal(query_each_alert(w->s, &q, &w->ids, take_whole, &got, &w->e), 0);
	assert_true(got.f.level_before == 2.5f && got.f.level_after == .25f);
	assert_int_equal(got.f.channels, a.f.channels);
	assert_int_equal(got.f.onset_from_ms, INT64_MIN);
	assert_int_equal(peek(w, "SELECT count(*) FROM v_alert WHERE level_before = 2.5"
		" AND level_after = .25 AND onset_from IS NULL"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM alert WHERE level_before IS NULL"), 1);
}

static void the_view_says_it_all(void **state)
{
	struct world *w = *state;
	struct alert a = an_alert(w, "u", 5000);

	a.f.onset_from_ms = 1;
	a.f.onset_to_ms = 2;
	a.cleared_ms = 1511618602007;
	a.f.channels = CHANNEL_BIT(CHANNEL_MIXTURE);
	begin(w);
	assert_int_equal(store_put_alert(w->s, &a, &w->ids, &w->e), 0);
	assert_int_equal(say(w, a.id, LABEL_FALSE, "bot"), 0);
	commit(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM v_alert WHERE state = 'cleared'"
		" AND cleared = '2017-11-25T14:03:22.007Z' AND channels = 'mixture'"
		" AND onset_from = '1970-01-01T00:00:00.001Z'"
		" AND onset_to = '1970-01-01T00:00:00.002Z' AND label = 'false' AND note = 'bot'"),
		1);
	assert_int_equal(peek(w, "SELECT count(*) FROM v_alert WHERE label IS NULL"
		" AND cleared IS NULL AND state = 'new'"), 2);
}

/* A run that writes batch after batch, and an operator: neither is told that the store is busy. */
static void an_operator_and_a_run_take_turns(void **state)
{
	struct world *w = *state;
	struct err e = {0};
	int status;
	pid_t child;

	store_close(w->s);
	w->s = NULL;
	child = fork();
	w->s = child ? store_open_existing(w->path, &e) : store_open(w->path, &e);
	for (int i = 0; w->s && i < 100 && !e.code; i++) {
		if (store_begin(w->s, &e) < 0)
			break;
		if (child)
			say(w, i % 2 ? w->late : w->early, LABEL_TRUE, "");
		else
			store_set_number(w->s, "batch", i, &e);
		store_commit(w->s, &e);
	}
	if (!child)
		_exit(e.code != 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(e.text, "");
	assert_int_equal(peek(w, "SELECT value FROM number"), 99);
	assert_int_equal(peek(w, "SELECT count(*) FROM label"), 2);
	assert_int_equal(peek(w, "SELECT count(*) FROM pragma_integrity_check "
		"WHERE integrity_check <> 'ok'"), 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(labels_come_in_order_of_their_alerts),
		WITH_STORE(the_last_word_stands),
		WITH_STORE(what_cannot_be_labelled_is_named),
		WITH_STORE(labels_need_a_writer),
		WITH_STORE(the_earliest_clearing_stays),
		WITH_STORE(an_alert_found_again_may_be_cleared),
		WITH_STORE(queries_narrow_to_what_is_labelled),
		WITH_STORE(channels_and_onset_interval_come_back),
		WITH_STORE(rates_of_volume_come_back),
		WITH_STORE(the_view_says_it_all),
		WITH_STORE(an_operator_and_a_run_take_turns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
