/* Rules of where a replay pauses: what they accept, and that the clock stands there. */
#include "engine/stop_on.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "detect/finding.h"
#include "ingest/names.h"
#include "model/model.h"
#include "turned_show.h"

#define HOUR_MS INT64_C(3600000)

static void test_rules_are_read(void **state)
{
	static const struct { const char *text; unsigned n; const char *last; } good[] = {
		{ "!!", 1, "!!" }, { ".", 1, "." }, { "none", 0, "" }, { " ! , !! ", 2, "!!" },
		{ "user 7", 1, "user 7" }, { "score>9.5", 1, "score>9.5" },
		{ "score > 9", 1, "score > 9" },
		{ "category Gift cards", 1, "category Gift cards" },
		{ "!!,user \"a, b\"", 2, "user a, b" }, { "user  x", 1, "user x" },
	};
	struct stop_on s;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (stop_on_parse(&s, good[i].text, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(s.n, good[i].n);
		if (s.n)
			assert_string_equal(s.rule[s.n - 1].text, good[i].last);
	}
}

static void test_no_rules(void **state)
{
	static const char *const bad[] = { "", "!!!", "user", "user ", "category", "score",
		"score>",
		"score>x", "score>inf", "score<3", "!!,", "!!,,!", "none,!!", "user \"a",
		"!,!,!,!,!,!,!,!,!" };
	struct stop_on s = { .n = 7 };
	char longer[2 * STOP_ON_TEXT] = "user ";
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){0};
		assert_int_equal(stop_on_parse(&s, bad[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, "could not stop on"));
		assert_int_equal(s.n, 7);
	}
	memset(longer + 5, 'x', sizeof longer - 6);
	assert_int_equal(stop_on_parse(&s, longer, &e), -EINVAL);
}

static struct stop_on rules(const struct show *s, const char *text)
{
	struct stop_on r;
	struct err e = {0};

	if (stop_on_parse(&r, text, &e) < 0 || stop_on_bind(&r, s->f->ids, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

/* Numbers of the alerts at which a replay of the whole log stops, in order. */
static uint32_t stops(struct show *s, const char *text, uint32_t *ret)
{
	struct stop_on r = rules(s, text);
	struct err e = {0};
	uint32_t n = 0;

	order(s, COMMAND_PAUSE, 0, NULL);
	assert_int_equal(seek(s, look(s)->first_ms, &e), 0);
	assert_int_equal(feed_command(s->f, &(struct command){ .kind = COMMAND_STOP_ON,
		.stop_on = &r }, &e), 0);
	while (look(s)->phase != FEED_ENDED) {
		order(s, COMMAND_PLAY, 0, NULL);
		for (int i = 0; i < 200 && look(s)->phase == FEED_RUNNING; i++)
			clock_advance(&s->clock, HOUR_MS);
		if (look(s)->stopped_by)
			ret[n++] = look(s)->stopped_by - 1;
	}
	return n;
}

/* The first of each instant: the others are on the screen with it. */
static uint32_t expected(const struct show *s, const struct stop_on *r, uint32_t *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->run.n_alerts; i++) {
		const struct finding *f = &s->run.alert[i].f;

		if (stop_on_match(r, f) && (!n || s->run.alert[ret[n - 1]].f.time_ms < f->time_ms))
			ret[n++] = i;
	}
	return n;
}

static void test_the_clock_stands_at_each(void **state)
{
	static const char *const text[] = { ".", "user user03", "category nursery", "category tv",
		"score>1e9", "user user03, user user07", "none" };
	struct show s;

	open_show(&s, *state, 1, true);
	assert_true(s.run.n_alerts >= N_TURNED);
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct stop_on r = rules(&s, text[i]);
		uint32_t *got = mem_get(s.run.n_alerts + 1ul, sizeof *got), n_got;
		uint32_t *want = mem_get(s.run.n_alerts + 1ul, sizeof *want), n_want;

		n_want = expected(&s, &r, want);
		n_got = stops(&s, text[i], got);
		assert_int_equal(n_got, n_want);
		assert_memory_equal(got, want, n_got * sizeof *got);
		assert_true(!!n_got == (i < 3 || i == 5));
		mem_free(got);
		mem_free(want);
	}
	close_show(&s);
}

/* However far the clock has gone meanwhile, and whatever is asked before anybody looks. */
static void test_no_stop_is_missed(void **state)
{
	struct show s;
	struct stop_on r;
	struct err e = {0};
	int64_t t;

	open_show(&s, *state, 3600, false);
	r = rules(&s, "category nursery");
	t = s.run.alert[0].f.time_ms;
	assert_int_equal(feed_command(s.f, &(struct command){ .kind = COMMAND_STOP_ON,
		.stop_on = &r }, &e), 0);
	clock_advance(&s.clock, INT64_C(1) << 40);
	order(&s, COMMAND_SPEED, 60, NULL);
	assert_int_equal(look(&s)->phase, FEED_PAUSED);
	assert_int_equal(look(&s)->data_ms, t);
	assert_int_equal(look(&s)->stopped_by, 1);
	assert_string_equal(look(&s)->stop_rule, "category nursery");
	assert_true(look(&s)->speed == 60);
	order(&s, COMMAND_PLAY, 0, NULL);
	assert_int_equal(look(&s)->stopped_by, 0);
	clock_advance(&s.clock, 1);
	assert_int_equal(look(&s)->phase, FEED_RUNNING);
	order(&s, COMMAND_END, 0, NULL);
	assert_int_equal(look(&s)->phase, FEED_ENDED);
	close_show(&s);
}

static void test_priority_and_score(void **state)
{
	static const struct {
		const char *text;
		unsigned severity;
		float score;
		bool meets;
	} row[] = {
		{ "!!", 79, 9, false }, { "!!", 80, 9, true }, { "!", 49, 9, false },
		{ "!", 50, 9, true }, { "!", 90, 9, true }, { ".", 0, 9, true },
		{ "score>9", 0, 9, false }, { "score>9", 0, 9.1f, true },
		{ "!!, score>9", 0, 9.1f, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct finding f = { .severity = (uint8_t)row[i].severity, .score = row[i].score };
		struct stop_on r;
		struct err e = {0};

		assert_int_equal(stop_on_parse(&r, row[i].text, &e), 0);
		assert_int_equal(!!stop_on_match(&r, &f), row[i].meets);
	}
}

static void test_names_of_the_log(void **state)
{
	const struct place *p = *state;
	char path[160];
	struct show s;
	struct stop_on r;
	struct err e = {0};
	struct names *names;
	FILE *f;

	snprintf(path, sizeof path, "%s/names.csv", p->folder);
	f = fopen(path, "w");
	fputs("id,name\nnursery,Baby things\n", f);
	fclose(f);
	names = names_open(path, &e);
	open_show(&s, p, 1, true);
	assert_int_equal(stop_on_parse(&r, "category Baby things", &e), 0);
	assert_int_equal(stop_on_bind(&r, s.f->ids, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "category Baby things"));
	assert_int_equal(stop_on_bind(&r, s.f->ids, names, &e), 0);
	assert_int_equal(r.rule[0].id, dict_find(s.f->ids->category, "nursery", 7));
	assert_int_equal(feed_command(s.f, &(struct command){ .kind = COMMAND_STOP_ON,
		.stop_on = &r }, &e), -EINVAL);
	names_close(names);
	close_show(&s);
}

/* Given before the log is known. */
static void test_as_an_option(void **state)
{
	struct show s;
	struct err e = {0};
	struct feed *f;

	open_show(&s, *state, 0, false);
	assert_int_equal(stop_on_parse(&s.o.stop_on, "category nursery", &e), 0);
	f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(f, &e), 0);
	clock_advance(&s.clock, 30000);
	assert_int_equal(feed_look(f, NULL)->data_ms, s.run.alert[0].f.time_ms);
	assert_int_equal(feed_look(f, NULL)->phase, FEED_PAUSED);
	feed_close(f);
	assert_int_equal(stop_on_parse(&s.o.stop_on, "user nobody", &e), 0);
	f = replay_open(&s.o, &e);
	assert_int_equal(replay_wait(f, &e), 0);
	assert_non_null(strstr(feed_look(f, NULL)->notice, "user nobody"));
	feed_close(f);
	close_show(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_are_read),
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_the_clock_stands_at_each),
		cmocka_unit_test(test_no_stop_is_missed),
		cmocka_unit_test(test_priority_and_score),
		cmocka_unit_test(test_names_of_the_log),
		cmocka_unit_test(test_as_an_option),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
