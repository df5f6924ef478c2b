/* Training on a log: what it learns from, and that the result hangs on content and seed alone. */
#include <errno.h>
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
#include "detect/priors.h"
#include "learn/fit.h"
#include "learn/train_cases.h"
#include "series/history.h"
#include "tsan.h"

#define USERS 110u
#define CATEGORIES 24u
#define HOUR_MS 3600000LL

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static uint32_t number(struct dict *d, const char *prefix, uint32_t i)
{
	char id[32];
	int len = snprintf(id, sizeof id, "%s%u", prefix, i);
	return dict_id(d, id, (size_t)len);
}

/* Sessions of one to four events in few categories of the user's own. */
static void add_user(struct batch *b, const struct ids *ids, uint32_t user)
{
	uint64_t seed = user + 1;
	int64_t at_ms = (int64_t)(next(&seed) % 48) * HOUR_MS + user;
	for (uint32_t s = 0, sessions = 14 + next(&seed) % 12; s < sessions; s++) {
		at_ms += (2 + next(&seed) % 20) * HOUR_MS;
		for (uint32_t i = 0, n = 1 + next(&seed) % 4; i < n; i++) {
			uint32_t own = next(&seed) % 4 ? user * 7 % CATEGORIES : next(&seed);
			uint32_t c = (own + next(&seed) % 3) % CATEGORIES;
			struct event ev = { .time_ms = at_ms += next(&seed) % 3 * 60000,
				.user = number(ids->user, "u", user),
				.category = number(ids->category, "c", c),
				.item = number(ids->item, "i", c * 10 + next(&seed) % 7) };
			assert_true(batch_add(b, &ev, 0));
		}
	}
}

struct log {
	struct ids ids;
	struct history *h;
};

static void make_log(struct log *l, bool backwards)
{
	struct err e = {0};
	assert_int_equal(ids_init(&l->ids, &e), 0);
	l->h = history_new(&l->ids, 0, &e);
	struct batch *b = batch_new(64, false, false, false, &e);
	for (uint32_t u = 0; u < USERS; u++)
		add_user(b, &l->ids, backwards ? USERS - 1 - u : u);
	assert_int_equal(history_take(l->h, b, &e), 0);
	assert_int_equal(history_seal(l->h, 2, &e), 0);
}

static void log_done(struct log *l)
{
	history_free(l->h);
	ids_done(&l->ids);
}

static int fit(const struct log *l, const struct train_options *o, unsigned threads,
	struct model *m, struct train_report *r)
{
	struct fit_options fo = { .until_ms = INT64_MAX, .threads = threads, .gap_ms = HOUR_MS,
		.budget = { .amount = 100 }, .train = o, .ret_train = r };
	struct err e = {0};
	return fit_model(m, l->h, &l->ids, &fo, &e);
}

static void the_result_hangs_on_content_and_seed(void **state)
{
	struct log there, back;
	struct train_options o = { .choice = TRAIN_TRAINED, .seed = 1 };
	struct train_report r;
	struct model m[4];
	(void)state;
	make_log(&there, false);
	make_log(&back, true);
	assert_int_equal(fit(&there, &o, 1, &m[0], &r), 0);
	assert_true(r.kept && r.judged && r.why == TRAIN_ASKED && m[0].learned.trained);
	assert_true(r.n_users > USERS - 10 && r.n_changed > 5 * USERS);
	assert_int_equal(fit(&there, &o, 3, &m[1], &r), 0);
	assert_true(m[0].hash == m[1].hash);
	if (!TSAN) {
		assert_int_equal(fit(&back, &o, 1, &m[2], &r), 0);
		o.seed = 2;
		assert_int_equal(fit(&there, &o, 1, &m[3], &r), 0);
		assert_true(m[0].hash == m[2].hash && m[0].hash != m[3].hash);
	}
	for (int i = 0; i < (TSAN ? 2 : 4); i++)
		model_done(&m[i]);
	log_done(&there);
	log_done(&back);
}

/* Each failing request for memory is reported, and nothing stays behind. */
static void faults_of_memory_are_reported(void **state)
{
	struct log l;
	struct train_options o = { .choice = TRAIN_AUTO };
	struct train_report r;
	struct model m;
	(void)state;
	SKIP_UNDER_TSAN();
	make_log(&l, false);
	uint64_t calls = mem_calls();
	size_t used = mem_used();
	assert_int_equal(fit(&l, &o, 1, &m, &r), 0);
	calls = mem_calls() - calls;
	model_done(&m);
	for (uint64_t n = 1; n < calls; n += n < 40 ? 1 : calls / 25) {
		mem_fail_after(n);
		int code = fit(&l, &o, 1, &m, &r);
		mem_fail_after(0);
		assert_int_equal(code, -ENOMEM);
		assert_int_equal(mem_used(), used);
	}
	log_done(&l);
}

/* A fitted log and its cases. */
struct made {
	struct log l;
	struct model m;
	struct priors p;
	struct train_scope s;
	struct train_cases c;
};

static void make(struct made *d, const struct train_options *o)
{
	struct err e = {0};
	make_log(&d->l, false);
	struct fit_options fo = { .until_ms = INT64_MAX, .threads = 2, .gap_ms = HOUR_MS,
		.budget = { .amount = 100 } };
	assert_int_equal(fit_model(&d->m, d->l.h, &d->l.ids, &fo, &e), 0);
	assert_int_equal(priors_init(&d->p, &d->m, &d->l.ids, &e), 0);
	d->s = (struct train_scope){ .h = d->l.h, .ids = &d->l.ids, .priors = &d->p,
		.until_ms = INT64_MAX, .threads = 2 };
	assert_int_equal(train_cases_make(&d->c, &d->s, o, &e), 0);
}

static void done(struct made *d)
{
	train_cases_done(&d->c);
	priors_done(&d->p);
	model_done(&d->m);
	log_done(&d->l);
}

static unsigned fold_of(struct made *d, uint32_t user)
{
	struct train_walk w;
	struct user_events u;
	struct err e = {0};
	train_walk_init(&w, &d->p, INT64_MAX);
	history_user(d->l.h, user, &u);
	assert_int_equal(train_walk_user(&w, &u, &e), 0);
	unsigned fold = w.fold;
	train_walk_done(&w);
	return fold;
}

static void check_part(const struct train_case *k, int part)
{
	const struct train_segment *s = &k->part[part];
	for (uint32_t i = 0; i < s->n; i++) {
		assert_true((s->reading[i].time_ms >= k->cut_ms) == (part == 1));
		assert_true(i == 0 || s->reading[i - 1].time_ms < s->reading[i].time_ms);
	}
	assert_true(s->weight > 0 || s->n == 0);
}

static void cases_are_of_one_fold_and_cut_at_the_change(void **state)
{
	static const uint32_t most[SPLICE_N] = { 1, 3, 2, 2, 1 };
	struct train_options o = { .seed = 1 };
	struct made d;
	uint32_t n[SPLICE_N] = {0};
	(void)state;
	SKIP_UNDER_TSAN();
	make(&d, &o);
	for (uint32_t i = 0; i < d.c.n; i++) {
		const struct train_case *k = &d.c.at[i];
		n[k->x.kind]++;
		check_part(k, 0);
		check_part(k, 1);
		assert_int_equal(k->fold, fold_of(&d, k->x.user));
		assert_true(k->part[0].is_user == (k->x.kind == SPLICE_NULL));
		assert_true(!k->part[0].is_changed);
		assert_true(k->part[1].is_changed ==
			(k->x.kind != SPLICE_NULL && k->x.kind != SPLICE_SHAM));
		if (k->x.kind == SPLICE_WHOLE || k->x.kind == SPLICE_PARTIAL)
			assert_int_equal(k->fold, fold_of(&d, k->x.donor));
		if (k->x.kind != SPLICE_NULL)
			assert_true(k->cut_ms == k->x.at_ms);
	}
	for (int kind = 0; kind < SPLICE_N; kind++)
		assert_true(n[kind] <= most[kind] * USERS && n[kind] > most[kind] * USERS / 2);
	done(&d);
}

/* Of a user as it is the highest reading under the start is kept. */
static void the_highest_readings_are_kept(void **state)
{
	struct train_options o = { .seed = 1 };
	struct made d;
	struct train_walk w;
	struct err e = {0};
	double p[TRAIN_PARAMS];
	(void)state;
	SKIP_UNDER_TSAN();
	make(&d, &o);
	train_params(&d.m.learned, p);
	train_walk_init(&w, &d.p, INT64_MAX);
	for (uint32_t i = 0; i < d.c.n; i++) {
		const struct train_case *k = &d.c.at[i];
		struct user_events u;
		double top = -1, kept = -1;
		if (k->x.kind != SPLICE_NULL)
			continue;
		history_user(d.l.h, k->x.user, &u);
		assert_int_equal(train_walk_user(&w, &u, &e), 0);
		for (uint32_t r = 0; r < w.n; r++)
			top = fmax(top, train_score(&w.reading[r], p, NULL));
		for (uint32_t r = 0; r < k->part[0].n; r++)
			kept = fmax(kept, train_score(&k->part[0].reading[r], p, NULL));
		assert_true(kept == top && k->part[0].n <= 24 && k->days == w.days);
	}
	train_walk_done(&w);
	done(&d);
}

/* User 3 was wrongly called changed, user 5 rightly; one label is of nobody. */
static void labels_join_in(void **state)
{
	struct log l;
	(void)state;
	SKIP_UNDER_TSAN();
	make_log(&l, false);
	struct user_events three, five;
	history_user(l.h, 3, &three);
	history_user(l.h, 5, &five);
	struct train_label label[] = {
		{ 3, three.time_ms[10], three.time_ms[three.n / 2], false },
		{ 5, five.time_ms[five.n / 2], five.time_ms[five.n - 1], true },
	};
	struct train_options o = { .seed = 1, .label = label, .n_labels = 2 };
	struct made d;
	make(&d, &o);
	const struct train_case *f = &d.c.at[d.c.n - 2], *t = &d.c.at[d.c.n - 1];
	assert_true(f->x.user == 3 && t->x.user == 5);
	assert_true(f->part[0].weight == 3 && f->part[1].weight == 0 && !f->part[0].is_changed);
	assert_true(f->cut_ms == label[0].time_ms + 1);
	assert_true(t->part[1].weight == 3 && t->part[0].weight == 0 && t->part[1].is_changed);
	assert_true(t->cut_ms == label[1].onset_ms && t->part[1].n > 0);
	for (uint32_t i = 0; i + 2 < d.c.n; i++) {
		const struct train_case *k = &d.c.at[i];
		if (k->x.user != 5)
			continue;
		assert_true(k->x.kind == SPLICE_NULL && !k->part[0].is_user);
		assert_true(k->cut_ms == label[1].onset_ms);
	}
	done(&d);
	log_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_result_hangs_on_content_and_seed),
		cmocka_unit_test(faults_of_memory_are_reported),
		cmocka_unit_test(cases_are_of_one_fold_and_cut_at_the_change),
		cmocka_unit_test(the_highest_readings_are_kept),
		cmocka_unit_test(labels_join_in),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
