/* The baselines against tools/bench_splice.py's way: dense averages over all categories. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/baseline.h"
#include "learn/fit.h"
#include "model/model.h"
#include "series/history.h"

#define USERS 80u
#define CATEGORIES 30u
#define MINUTE_MS 60000LL

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static uint32_t number(struct dict *d, const char *prefix, uint32_t i)
{
	char id[32];
	int len = snprintf(id, sizeof id, "%s%02u", prefix, i);
	return dict_id(d, id, (size_t)len);
}

struct bench {
	struct ids ids;
	struct history *h;
	struct model m;
};

static void make_bench(struct bench *b)
{
	struct err e = {0};
	struct fit_options fo = { .until_ms = INT64_MAX, .threads = 2, .gap_ms = 30 * MINUTE_MS };
	uint64_t seed = 9;
	assert_int_equal(ids_init(&b->ids, &e), 0);
	b->h = history_new(&b->ids, 0, &e);
	struct batch *to = batch_new(64, false, false, false, &e);
	for (uint32_t u = 0; u < USERS; u++) {
		int64_t at = 0;
		for (uint32_t i = 0, n = 5 + next(&seed) % 120; i < n; i++) {
			uint32_t c = next(&seed) % (i < n / 2 ? 8 : CATEGORIES);
			at += next(&seed) % 4 ? 3 : 500;
			struct event ev = { .time_ms = at * MINUTE_MS,
				.user = number(b->ids.user, "u", u),
				.item = number(b->ids.item, "i", 0),
				.category = number(b->ids.category, "c", c),
				.behaviour = next(&seed) % 15 ? BEHAVIOUR_VIEW : BEHAVIOUR_RETURN };
			assert_true(batch_add(to, &ev, 0));
		}
	}
	assert_int_equal(history_take(b->h, to, &e), 0);
	assert_int_equal(history_seal(b->h, 2, &e), 0);
	assert_int_equal(fit_model(&b->m, b->h, &b->ids, &fo, &e), 0);
}

/* What a slow detector keeps of a user. */
struct slow {
	double fast[CATEGORIES], slow[CATEGORIES], pi[CATEGORIES];
	double count[CATEGORIES], n;
	double mean, variance, sum;
};

static void slow_init(struct slow *s, const struct bench *b)
{
	*s = (struct slow){ .variance = 1 };
	for (uint32_t c = 0; c < dict_size(b->ids.category); c++) {
		size_t len;
		const char *text = dict_text(b->ids.category, c, &len);
		s->fast[c] = s->slow[c] = s->pi[c] =
			(double)model_pi(&b->m, model_find_share(&b->m, text, len), 0);
	}
}

/* The part of the shares that no category of the log has is never seen, and so in both averages. */
static double slow_ewma(struct slow *s, uint32_t c)
{
	double left = 1, d = 0, fast = pow(1 - .15, s->n + 1), slow = 1;
	double g = fmax(.01, 1 / (s->n + 2));
	for (double i = 0; i < s->n; i++)
		slow *= 1 - fmax(.01, 1 / (i + 2));
	for (uint32_t k = 0; k < CATEGORIES; k++) {
		s->fast[k] = s->fast[k] * (1 - .15) + (k == c ? .15 : 0);
		d += fabs(s->fast[k] - s->slow[k]);
		left -= s->pi[k];
	}
	for (uint32_t k = 0; k < CATEGORIES; k++)
		s->slow[k] = s->slow[k] * (1 - g) + (k == c ? g : 0);
	return .5 * (d + left * fabs(fast - slow));
}

static double slow_cusum(struct slow *s, uint32_t c, double strength)
{
	double loss = -log((s->count[c] + strength * s->pi[c]) / (s->n + strength));
	double off = loss - s->mean;
	if (s->n >= 8)
		s->sum = fmax(0, s->sum + off / sqrt(s->variance + .25) - .25);
	s->mean += off / (s->n + 1);
	s->variance += (off * off - s->variance) / (s->n + 1);
	return s->sum;
}

/* Compares the highs of one user, which start at h; returns how many there are. */
static uint32_t check_user(const struct bench *b, enum baseline which, uint32_t user,
	const struct score_high *h)
{
	struct slow s;
	struct user_events u;
	bool seen[CATEGORIES] = {0};
	int64_t last_ms = INT64_MIN / 2;
	double best = -INFINITY, score = 0;
	uint32_t n = 0;
	slow_init(&s, b);
	history_user(b->h, user, &u);
	for (uint32_t i = 0; i < u.n; i++) {
		uint32_t c = u.category[i];
		if (u.behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		if (u.time_ms[i] - last_ms > b->m.gap_ms)
			memset(seen, 0, sizeof seen);
		last_ms = u.time_ms[i];
		if (seen[c])
			continue;
		seen[c] = true;
		score = which == BASELINE_EWMA ? slow_ewma(&s, c) :
			slow_cusum(&s, c, (double)b->m.strength);
		s.count[c]++;
		s.n++;
		if (s.n <= 10 || score <= best + 1e-9)
			continue;
		best = score;
		assert_int_equal(h[n].user, user);
		assert_int_equal(h[n].time_ms, u.time_ms[i]);
		assert_true(fabs(h[n].score - score) < 1e-6);
		n++;
	}
	return n;
}

static int by_user(const void *a, const void *b)
{
	const struct score_high *x = a, *y = b;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static void as_the_slow_way(void **state)
{
	struct bench *b = *state;
	for (int which = BASELINE_EWMA; which <= BASELINE_CUSUM; which++) {
		struct score_highs of = {0};
		struct err e = {0};
		struct baseline_run r = { b->h, &b->ids, &b->m, INT64_MAX, 3, NULL };
		uint32_t n = 0;
		assert_int_equal(baseline_highs(&of, (enum baseline)which, &r, &e), 0);
		qsort(of.high, of.n, sizeof *of.high, by_user);
		for (uint32_t u = 0; u < USERS; u++)
			n += check_user(b, (enum baseline)which, u, of.high + n);
		assert_int_equal(n, of.n);
		assert_true(n > USERS);
		score_highs_done(&of);
	}
}

static void always_and_never(void **state)
{
	struct bench *b = *state;
	struct score_highs of = {0};
	struct err e = {0};
	struct baseline_run r = { b->h, &b->ids, &b->m, INT64_MAX, 3, NULL };
	uint8_t hit[USERS] = {0};
	assert_int_equal(baseline_highs(&of, BASELINE_NEVER, &r, &e), 0);
	assert_int_equal(of.n, 0);
	assert_int_equal(baseline_highs(&of, BASELINE_ALWAYS, &r, &e), 0);
	for (uint32_t i = 0; i < of.n; i++)
		assert_false(hit[of.high[i].user]++);
	assert_in_range(of.n, USERS / 2, USERS);
	score_highs_done(&of);
}

static int set_up(void **state)
{
	struct bench *b = mem_get(1, sizeof *b);
	make_bench(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	model_done(&b->m);
	history_free(b->h);
	ids_done(&b->ids);
	mem_free(b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_slow_way),
		cmocka_unit_test(always_and_never),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
