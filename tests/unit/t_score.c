/* A hand-made truth with known answers, and a scorer that tries every threshold the slow way. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/interval.h"
#include "learn/score.h"
#include "series/history.h"

#define DAY_MS 86400000LL

static void assert_near(double got, double wanted)
{
	assert_true(fabs(got - wanted) < 1e-9 * (1 + fabs(wanted)));
}

/* A log of users with an event a day from day 0 on, and what is known of them. */
struct bench {
	struct ids ids;
	struct history *h;
	struct answers a;
	struct score_highs of;
};

static void bench_done(struct bench *b)
{
	score_highs_done(&b->of);
	answers_done(&b->a);
	history_free(b->h);
	ids_done(&b->ids);
}

/* change_day: 0: none. */
static void add_user(struct bench *b, struct batch *to, enum answer_kind kind, uint32_t n_days,
	int64_t change_day, enum answer_split split)
{
	char id[32];
	struct err e = {0};
	int len = snprintf(id, sizeof id, "user %02u", b->a.n);
	struct answer a = { .user = dict_id(b->ids.user, id, (size_t)len), .kind = kind,
		.split = split, .donor = DICT_NONE, .js = b->a.n / 100.,
		.change_ms = change_day * DAY_MS - DAY_MS / 2 };
	for (uint32_t d = 0; d < n_days; d++) {
		struct event ev = { .time_ms = d * DAY_MS, .user = a.user,
			.item = dict_id(b->ids.item, "i", 1),
			.category = dict_id(b->ids.category, "c", 1) };
		assert_true(batch_add(to, &ev, 0));
	}
	assert_int_equal(answers_add(&b->a, &a, &e), 0);
}

static void alarm_on(struct bench *b, uint32_t user, int64_t day, double score)
{
	struct err e = {0};
	struct score_high h = { day * DAY_MS, score, user };
	assert_int_equal(score_highs_add(&b->of, &h, &e), 0);
}

static struct batch *begin(struct bench *b)
{
	struct err e = {0};
	*b = (struct bench){0};
	assert_int_equal(ids_init(&b->ids, &e), 0);
	b->h = history_new(&b->ids, 0, &e);
	return batch_new(64, false, false, false, &e);
}

static void end(struct bench *b, struct batch *batch)
{
	struct err e = {0};
	assert_int_equal(history_take(b->h, batch, &e), 0);
	assert_int_equal(history_seal(b->h, 1, &e), 0);
}

static struct score *take(struct bench *b)
{
	struct err e = {0};
	struct score *s = score_new(&b->a, b->h, &b->ids, &e);
	assert_non_null(s);
	assert_int_equal(score_take(s, &b->of, &e), 0);
	return s;
}

/* At risk from day 9 on. Dev: user 0 and 1, 41 days each, at risk for 31. Test: the rest. */
static void make_known(struct bench *b)
{
	struct batch *to = begin(b);
	add_user(b, to, ANSWER_NULL, 41, 0, ANSWER_DEV);
	add_user(b, to, ANSWER_SPLICE, 41, 20, ANSWER_DEV);
	add_user(b, to, ANSWER_NULL, 41, 0, ANSWER_TEST);       /* 2: never above 5 */
	add_user(b, to, ANSWER_SHAM, 41, 20, ANSWER_TEST);      /* 3: hit on day 29 */
	add_user(b, to, ANSWER_SPLICE, 41, 20, ANSWER_TEST);    /* 4: found on day 22 */
	add_user(b, to, ANSWER_SPLICE, 41, 20, ANSWER_TEST);    /* 5: silenced on day 14 */
	add_user(b, to, ANSWER_SPLICE, 41, 20, ANSWER_TEST);    /* 6: missed */
	add_user(b, to, ANSWER_SPLICE, 10, 5, ANSWER_TEST);     /* 7: too short, not counted */
	end(b, to);
	alarm_on(b, 0, 12, 3);
	alarm_on(b, 0, 20, 5);
	alarm_on(b, 1, 15, 4);
	alarm_on(b, 1, 30, 9);          /* after its change: a level, no false alarm */
	alarm_on(b, 2, 5, 99);          /* in the warm-up */
	alarm_on(b, 2, 9, 99);          /* at its very end */
	alarm_on(b, 2, 30, 4.5);
	alarm_on(b, 3, 29, 8);
	alarm_on(b, 4, 22, 7);
	alarm_on(b, 5, 14, 6);
	alarm_on(b, 5, 25, 10);
	alarm_on(b, 6, 19, 2);
	alarm_on(b, 7, 9, 10);
}

static void thresholds_by_hand(void **state)
{
	struct bench b;
	(void)state;
	make_known(&b);
	struct score *s = take(&b);
	/* at 9: no alarm; at 5: 1 in 11 + 10.5 days; at 4: 2 in 11 + 6; at 3: 2 in 3 + 6 */
	assert_near(score_days(s, ANSWER_DEV), 31 + 10.5);
	assert_near(score_threshold(s, .001), 9);
	assert_near(score_threshold(s, 1000 / 21.5 - .001), 9);
	assert_near(score_threshold(s, 1000 / 21.5 + .001), 5);
	assert_near(score_threshold(s, 2000 / 17. + .001), 4);
	assert_near(score_threshold(s, 2000 / 9. + .001), 3);
	score_free(s);
	b.of.n = 0;
	alarm_on(&b, 0, 20, 5);
	s = take(&b);
	assert_true(isinf(score_threshold(s, 1)));
	score_free(s);
	bench_done(&b);
}

static void results_by_hand(void **state)
{
	struct bench b;
	struct score_result r;
	(void)state;
	make_known(&b);
	b.a.row[4].change_ms = 20 * DAY_MS;     /* at an event, which is the first new one */
	struct score *s = take(&b);
	score_at(s, ANSWER_TEST, 5, &r);
	assert_int_equal(r.n_users, 5);
	assert_int_equal(r.n_changed, 3);
	assert_int_equal(r.n_null, 2);
	assert_int_equal(r.n_sham, 1);
	assert_int_equal(r.n_detected, 1);
	assert_int_equal(r.n_false, 2);
	assert_int_equal(r.n_null_hit, 1);
	assert_int_equal(r.n_sham_hit, 1);
	assert_near(r.user_days, 31 + 20 + 11 + 5 + 10.5);
	assert_int_equal(r.events, 31 + 20 + 11 + 5 + 10);
	assert_near(score_recall(&r), 1 / 3.);
	assert_near(score_far(&r), 2000 / 77.5);
	assert_near(r.delay_events, 3);         /* days 20, 21, 22 */
	assert_near(r.delay_days, 2);
	assert_near(r.alarms_per_day, 3 / 40.);
	assert_int_equal(r.tercile[0].n_detected, 1);
	assert_int_equal(r.tercile[1].n_detected + r.tercile[2].n_detected, 0);
	assert_near(r.tercile[1].from, .05);
	score_at(s, ANSWER_TEST, INFINITY, &r);
	assert_int_equal(r.n_detected + r.n_false, 0);
	assert_near(r.user_days, score_days(s, ANSWER_TEST));
	assert_true(isnan(r.delay_days));
	score_free(s);
	bench_done(&b);
}

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Scores that wander, not only highs, with ties among users. */
static void make_random(struct bench *b, uint32_t users, uint64_t seed)
{
	struct batch *to = begin(b);
	for (uint32_t i = 0; i < users; i++) {
		uint32_t n = 8 + next(&seed) % 50, kind = next(&seed) % 4;
		add_user(b, to, kind == 3 ? ANSWER_NULL : (enum answer_kind)kind, n,
			(int64_t)(n / 4 + next(&seed) % (n / 2)),
			(enum answer_split)(next(&seed) % 2));
	}
	end(b, to);
	for (uint32_t i = 0; i < users * 12; i++) {
		uint32_t user = i % users;
		struct user_events u;
		history_user(b->h, user, &u);
		alarm_on(b, user, next(&seed) % u.n, next(&seed) % 97 / 8.);
	}
}

/* The first alarm, by looking at every score. */
static int64_t slow_alarm(const struct bench *b, uint32_t user, double threshold)
{
	int64_t first = INT64_MAX;
	for (uint32_t i = 0; i < b->of.n; i++) {
		const struct score_high *h = &b->of.high[i];
		if (h->user == user && h->score >= threshold && h->time_ms > 9 * DAY_MS &&
			h->time_ms < first)
			first = h->time_ms;
	}
	return first;
}

static void slow_score(const struct bench *b, enum answer_split split, double threshold,
	struct score_result *r)
{
	*r = (struct score_result){0};
	for (uint32_t i = 0; i < b->a.n; i++) {
		const struct answer *a = &b->a.row[i];
		struct user_events u;
		history_user(b->h, a->user, &u);
		if (u.n <= 10 || a->split != split)
			continue;
		int64_t at_ms = slow_alarm(b, a->user, threshold), start_ms = u.time_ms[9];
		int64_t end_ms = a->kind == ANSWER_SPLICE ? a->change_ms : u.time_ms[u.n - 1];
		bool wrong = at_ms < INT64_MAX &&
			(a->kind != ANSWER_SPLICE || at_ms < a->change_ms);
		end_ms = wrong ? at_ms : end_ms;
		r->n_false += wrong;
		r->n_changed += a->kind == ANSWER_SPLICE;
		r->n_detected += at_ms < INT64_MAX && !wrong;
		r->user_days += end_ms > start_ms ? (double)(end_ms - start_ms) / DAY_MS : 0;
	}
}

static double slow_threshold(const struct bench *b, double kud)
{
	double best = INFINITY;
	for (uint32_t i = 0; i < b->of.n; i++) {
		const struct score_high *h = &b->of.high[i];
		struct user_events u;
		struct score_result r;
		history_user(b->h, h->user, &u);
		if (b->a.row[h->user].split != ANSWER_DEV || u.n <= 10 || h->score >= best)
			continue;
		slow_score(b, ANSWER_DEV, h->score, &r);
		if (score_far(&r) <= kud)
			best = h->score;
	}
	return best;
}

static void the_same_as_the_slow_way(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct bench b;
		make_random(&b, 40, seed);
		struct score *s = take(&b);
		for (double kud = .5; kud < 200; kud *= 1.4) {
			double threshold = score_threshold(s, kud);
			struct score_result fast, slow;
			assert_true(threshold == slow_threshold(&b, kud));
			score_at(s, ANSWER_TEST, threshold, &fast);
			slow_score(&b, ANSWER_TEST, threshold, &slow);
			assert_int_equal(fast.n_false, slow.n_false);
			assert_int_equal(fast.n_detected, slow.n_detected);
			assert_int_equal(fast.n_changed, slow.n_changed);
			assert_near(fast.user_days, slow.user_days);
		}
		score_free(s);
		bench_done(&b);
	}
}

static void another_start_of_risk(void **state)
{
	struct bench b;
	struct err e = {0};
	int64_t start_ms[8];
	struct score_result r;
	(void)state;
	make_known(&b);
	struct score *s = score_new(&b.a, b.h, &b.ids, &e);
	for (int i = 0; i < 8; i++)
		start_ms[i] = i == 3 ? INT64_MAX : 14 * DAY_MS;
	score_start_at(s, start_ms);
	assert_int_equal(score_take(s, &b.of, &e), 0);
	score_at(s, ANSWER_TEST, 5, &r);
	assert_int_equal(r.n_users, 5);
	assert_int_equal(r.n_false, 0);         /* user 5's is too early now, 3's never counts */
	assert_int_equal(r.n_detected, 2);
	assert_near(r.user_days, 26 + 5.5 + 5.5 + 5.5);
	score_free(s);
	bench_done(&b);
}

static uint64_t looks_for(struct bench *b, uint32_t budgets)
{
	struct score *s = take(b);
	struct score_result r;
	for (uint32_t i = 0; i < budgets; i++)
		score_at(s, ANSWER_TEST, score_threshold(s, .5 * (i + 1)), &r);
	uint64_t looks = score_looks(s);
	score_free(s);
	return looks;
}

/* What grows with the scores is done once. */
static void ten_budgets_do_not_sort_ten_times(void **state)
{
	struct bench b;
	(void)state;
	make_random(&b, 60, 5);
	uint64_t none = looks_for(&b, 0), one = looks_for(&b, 1) - none;
	assert_true(none > 200);
	assert_true(looks_for(&b, 10) <= none + 12 * one);
	assert_true(one <= none / 4);
	score_free(NULL);
	bench_done(&b);
}

static void intervals_of_the_tables(void **state)
{
	struct interval p = interval_poisson(0), q = interval_poisson(10);
	struct interval r = interval_share(8, 10);
	(void)state;
	assert_true(fabs(p.low) < 1e-9 && fabs(p.high - 3.68888) < 1e-4);
	assert_true(fabs(q.low - 4.79539) < 1e-4 && fabs(q.high - 18.39036) < 1e-4);
	p = interval_poisson(5000);
	assert_true(fabs(p.low - 4862.36) < .05 && fabs(p.high - 5140.55) < .05);
	assert_true(fabs(r.low - .49016) < 1e-4 && fabs(r.high - .94332) < 1e-4);
	r = interval_share(0, 0);
	assert_true(r.low <= 0 && r.high >= 1);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void refused(const struct bench *b, const char *text, const char *why)
{
	struct err e = {0};
	struct answers a;
	put("t_score.csv", text);
	assert_true(answers_read(&a, "t_score.csv", &b->ids, &e) < 0);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" is not in \"%s\"", why, e.text);
}

#define HEAD "user,kind,split,t_change\n"

static void answers_come_back(void **state)
{
	struct bench b;
	struct answers a;
	struct err e = {0};
	(void)state;
	make_known(&b);
	b.a.row[4].change_ms = -1500;
	assert_int_equal(answers_write(&b.a, "t_score.csv", &b.ids, &e), 0);
	assert_int_equal(answers_read(&a, "t_score.csv", &b.ids, &e), 0);
	assert_int_equal(a.n, b.a.n);
	for (uint32_t i = 0; i < a.n; i++) {
		assert_int_equal(a.row[i].user, b.a.row[i].user);
		assert_int_equal(a.row[i].kind, b.a.row[i].kind);
		assert_int_equal(a.row[i].split, b.a.row[i].split);
		if (a.row[i].kind != ANSWER_NULL)
			assert_int_equal(a.row[i].change_ms, b.a.row[i].change_ms);
		assert_near(a.row[i].js, b.a.row[i].js);
	}
	answers_done(&a);
	refused(&b, "", "it is empty");
	refused(&b, "user,kind,split\n", "line 1: no column \"t_change\"");
	refused(&b, HEAD "user 01,other,dev,\n",
		"line 2: kind \"other\": not null, splice or sham");
	refused(&b, HEAD "user 01,null,x,\n", "line 2: split \"x\": not dev or test");
	refused(&b, HEAD "user 01,splice,dev,\n", "line 2: a splice without t_change");
	refused(&b, HEAD "user 01,splice,dev,soon\n", "line 2: t_change \"soon\": not a time");
	refused(&b, HEAD "user 01,null,dev,\nuser 01,null,dev,\n",
		"line 3: user \"user 01\" comes");
	refused(&b, HEAD "nobody,null,dev,\n", "has no user of the log");
	unlink("t_score.csv");
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_by_hand),
		cmocka_unit_test(results_by_hand),
		cmocka_unit_test(the_same_as_the_slow_way),
		cmocka_unit_test(another_start_of_risk),
		cmocka_unit_test(ten_budgets_do_not_sort_ten_times),
		cmocka_unit_test(intervals_of_the_tables),
		cmocka_unit_test(answers_come_back),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
