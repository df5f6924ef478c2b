/* Every kind of splice is what its name says, and no choice hangs on the order of a log. */
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
#include "learn/benchmark.h"
#include "learn/relabel.h"
#include "learn/splice.h"

#define USERS 120u
#define CATEGORIES 40u
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

/* Sessions of one to five events, some at one instant; popular categories have low numbers. */
static void add_user(struct batch *b, const struct ids *ids, uint32_t user)
{
	uint64_t seed = user + 1;
	int64_t at_ms = (int64_t)(next(&seed) % 48) * HOUR_MS + user;    /* no two users at once */
	for (uint32_t s = 0, sessions = 6 + next(&seed) % 30; s < sessions; s++) {
		at_ms += (2 + next(&seed) % 20) * HOUR_MS;
		for (uint32_t i = 0, n = 1 + next(&seed) % 5; i < n; i++) {
			uint32_t c = next(&seed) % CATEGORIES * (next(&seed) % 8) / 8;
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
	struct relabel *relabel;
	struct splice_source source;
	uint32_t user[USERS];
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
	l->relabel = relabel_new(l->h, &l->ids, &e);
	assert_non_null(l->relabel);
	splice_source_init(&l->source, l->h, &l->ids, l->relabel);
	for (uint32_t u = 0; u < USERS; u++)
		l->user[u] = u;
	assert_int_equal(splice_order(l->user, USERS, &l->ids, &e), 0);
}

static void log_done(struct log *l)
{
	relabel_free(l->relabel);
	history_free(l->h);
	ids_done(&l->ids);
}

static struct splice_plan plan_of(const struct log *l, enum splice_kind kind)
{
	struct splice_plan p = SPLICE_PLAN;
	p.user = l->user;
	p.n_users = USERS;
	p.seed = 7;
	p.kind = kind;
	p.n_each = 3;
	return p;
}

/* A splice being looked at: the user's own events, the donor's, and those made. */
struct seen {
	const struct log *l;
	const struct splice *x;
	struct user_events own, donor, made;
};

/* Makes all splices of a plan one after the other; returns how many. */
static uint32_t each_splice(const struct log *l, const struct splice_plan *p,
	void (*look)(const struct seen *s, void *ctx), void *ctx)
{
	struct splice_room room = {0};
	struct splice *x;
	uint32_t n;
	struct err e = {0};
	assert_int_equal(splice_choose_all(p, &l->source, &x, &n, &e), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct seen s = { .l = l, .x = &x[i] };
		history_user(l->h, x[i].user, &s.own);
		if (x[i].donor != DICT_NONE)
			history_user(l->h, x[i].donor, &s.donor);
		assert_int_equal(splice_events(&x[i], &l->source, &room, &s.made, &e), 0);
		look(&s, ctx);
	}
	splice_room_done(&room);
	mem_free(x);
	return n;
}

static bool same_event(const struct user_events *a, uint32_t i, const struct user_events *b,
	uint32_t k)
{
	return a->time_ms[i] == b->time_ms[k] && a->category[i] == b->category[k] &&
		a->item[i] == b->item[k] && a->behaviour[i] == b->behaviour[k];
}

/* What holds of every kind: t* where time moves, between the quantiles, nothing before changed. */
static void look_at_change(const struct seen *s)
{
	uint32_t n = s->own.n, k = s->x->n_pre;
	assert_true(k >= 10 && k >= (uint32_t)(.3 * n) && k < (uint32_t)(.7 * n));
	assert_true(s->own.time_ms[k - 1] < s->x->at_ms && s->x->at_ms <= s->own.time_ms[k]);
	assert_true(s->made.n > k);
	for (uint32_t i = 0; i < k; i++)
		assert_true(same_event(&s->own, i, &s->made, i));
	for (uint32_t i = k; i < s->made.n; i++)
		assert_true(s->made.time_ms[i] >= s->x->at_ms);
	for (uint32_t i = 1; i < s->made.n; i++) {
		const struct user_events *u = &s->made;
		struct event a = { .time_ms = u->time_ms[i - 1], .category = u->category[i - 1],
			.item = u->item[i - 1], .behaviour = u->behaviour[i - 1],
			.price = NAN, .quantity = NAN };
		struct event b = { .time_ms = u->time_ms[i], .category = u->category[i],
			.item = u->item[i], .behaviour = u->behaviour[i],
			.price = NAN, .quantity = NAN };
		assert_true(event_order(&a, &b, &s->l->ids) <= 0);
	}
}

static void look_at_whole(const struct seen *s, void *ctx)
{
	(void)ctx;
	look_at_change(s);
	assert_int_not_equal(s->x->user, s->x->donor);
	uint32_t from = s->x->donor_from;
	assert_true(from == 0 || s->donor.time_ms[from - 1] < s->x->at_ms);
	assert_int_equal(s->made.n - s->x->n_pre, s->donor.n - from);
	assert_true(s->donor.n - from >= 10);
	for (uint32_t i = from; i < s->donor.n; i++)
		assert_true(same_event(&s->donor, i, &s->made, s->x->n_pre + i - from));
}

static void whole_goes_on_as_the_donor(void **state)
{
	struct log *l = *state;
	struct splice_plan p = plan_of(l, SPLICE_WHOLE);
	assert_true(each_splice(l, &p, look_at_whole, NULL) > USERS);
}

struct halves {
	uint64_t kept[2], all[2];       /* events from t* on, own and donor's */
};

/* Events from t* on of which each session was kept or left out as a whole; returns how many. */
static uint32_t count_kept(const struct user_events *from, const struct user_events *made,
	int64_t at_ms)
{
	uint32_t kept = 0, session_kept = 0;
	for (uint32_t i = splice_first_from(from, at_ms), first = i; i < from->n; i++) {
		bool begins = i == first || from->time_ms[i] - from->time_ms[i - 1] > SPLICE_GAP_MS;
		uint32_t is_in = 0;
		for (uint32_t k = 0; k < made->n; k++)
			is_in |= same_event(from, i, made, k);
		session_kept = begins ? is_in : session_kept;
		assert_int_equal(is_in, session_kept);
		kept += is_in;
	}
	return kept;
}

static void look_at_partial(const struct seen *s, void *ctx)
{
	struct halves *h = ctx;
	uint32_t own = count_kept(&s->own, &s->made, s->x->at_ms);
	uint32_t donor = count_kept(&s->donor, &s->made, s->x->at_ms);
	look_at_change(s);
	assert_int_equal(own + donor, s->made.n - s->x->n_pre);
	assert_true(2 * donor >= 10 && own + donor >= 10);
	h->kept[0] += own;
	h->kept[1] += donor;
	h->all[0] += s->own.n - s->x->n_pre;
	h->all[1] += s->donor.n - s->x->donor_from;
}

static void partial_takes_about_half_of_each(void **state)
{
	struct log *l = *state;
	struct halves h = {0};
	struct splice_plan p = plan_of(l, SPLICE_PARTIAL);
	assert_true(each_splice(l, &p, look_at_partial, &h) > USERS);
	for (int i = 0; i < 2; i++) {
		assert_true(100 * h.kept[i] > 40 * h.all[i]);
		assert_true(100 * h.kept[i] < 65 * h.all[i]);
	}
}

static void look_at_relabelled(const struct seen *s, void *ctx)
{
	const struct relabel *r = s->l->relabel;
	uint32_t blocks[2][CATEGORIES] = {{0}};
	(void)ctx;
	look_at_change(s);
	assert_int_equal(s->x->donor, s->x->user);
	assert_int_equal(s->made.n, s->own.n);
	for (uint32_t i = s->x->n_pre; i < s->own.n; i++) {
		size_t len;
		uint32_t c = s->own.category[i], to = relabel_category(r, s->x->seed, c);
		assert_int_equal(s->own.time_ms[i], s->made.time_ms[i]);
		assert_int_not_equal(to, c);
		blocks[0][relabel_block(r, c)]++;
		blocks[1][relabel_block(r, s->made.category[i])]++;
		/* an item of category c is called i10c to i10c + 6 */
		c = (uint32_t)atoi(dict_text(s->l->ids.category, s->made.category[i], &len) + 1);
		to = (uint32_t)atoi(dict_text(s->l->ids.item, s->made.item[i], &len) + 1);
		assert_int_equal(to / 10, c);
	}
	assert_memory_equal(blocks[0], blocks[1], sizeof blocks[0]);
}

static void relabel_keeps_times_and_popularity(void **state)
{
	struct log *l = *state;
	struct splice_plan p = plan_of(l, SPLICE_RELABEL);
	assert_true(each_splice(l, &p, look_at_relabelled, NULL) > USERS);
}

static void relabel_is_a_permutation_without_fixed_points(void **state)
{
	struct log *l = *state;
	uint32_t n = dict_size(l->ids.category), differ = 0;
	for (uint64_t seed = 0; seed < 50; seed++) {
		uint8_t hit[CATEGORIES] = {0};
		for (uint32_t c = 0; c < n; c++) {
			uint32_t to = relabel_category(l->relabel, seed, c);
			assert_int_not_equal(to, c);
			assert_false(hit[to]++);
			differ += to != relabel_category(l->relabel, seed + 1, c);
		}
	}
	assert_true(differ > 50 * n / 3);
}

static void look_at_sham(const struct seen *s, void *ctx)
{
	uint32_t first = s->own.n - s->x->n_pre < SPLICE_OWN_MIN ? 0 : s->x->n_pre;
	(void)ctx;
	look_at_change(s);
	assert_int_equal(s->made.n - s->x->n_pre, s->donor.n - s->x->donor_from);
	for (uint32_t i = s->x->n_pre; i < s->made.n; i++) {
		bool own = false;
		assert_int_equal(s->made.time_ms[i],
			s->donor.time_ms[s->x->donor_from + i - s->x->n_pre]);
		for (uint32_t k = first; k < s->own.n; k++)
			own |= s->own.category[k] == s->made.category[i] &&
				s->own.item[k] == s->made.item[i];
		assert_true(own);
	}
}

static void sham_has_the_times_of_another_and_own_tastes(void **state)
{
	struct log *l = *state;
	struct splice_plan p = plan_of(l, SPLICE_SHAM);
	assert_true(each_splice(l, &p, look_at_sham, NULL) > USERS);
}

static void look_at_rate(const struct seen *s, void *ctx)
{
	double days = (double)(s->l->source.last_ms - s->x->at_ms);
	double before = (double)(s->x->at_ms - s->own.time_ms[0]);
	double ratio = (s->donor.n - s->x->donor_from) / days / (s->x->n_pre / before);
	(void)ctx;
	assert_true(ratio <= SPLICE_RATE * 1.0001 && ratio >= 1 / SPLICE_RATE / 1.0001);
	assert_true(fabs(ratio - s->x->rate_ratio) < 1e-6);
}

static void matched_donors_are_about_as_busy(void **state)
{
	struct log *l = *state;
	struct splice_plan p = plan_of(l, SPLICE_WHOLE);
	uint32_t any, alike;
	any = each_splice(l, &p, look_at_whole, NULL);
	p.rate_tolerance = SPLICE_RATE;
	alike = each_splice(l, &p, look_at_rate, NULL);
	assert_true(alike > USERS / 2 && alike <= any);
}

static void add_text(const struct seen *s, void *ctx)
{
	uint64_t *sum = ctx;
	char line[128];
	int n = snprintf(line, sizeof line, "%s %s %lld %llu",
		dict_text(s->l->ids.user, s->x->user, NULL),
		dict_text(s->l->ids.user, s->x->donor, NULL), (long long)s->x->at_ms,
		(unsigned long long)s->x->seed);
	for (int i = 0; i < n; i++)
		*sum = *sum * 31 + (uint8_t)line[i];
	for (uint32_t i = 0; i < s->made.n; i++) {
		const char *c = dict_text(s->l->ids.category, s->made.category[i], NULL);
		const char *item = dict_text(s->l->ids.item, s->made.item[i], NULL);
		for (; *c; c++)
			*sum = *sum * 31 + (uint8_t)*c;
		for (; *item; item++)
			*sum = *sum * 31 + (uint8_t)*item;
	}
}

static void the_order_of_a_log_does_not_matter(void **state)
{
	struct log other;
	make_log(&other, true);
	for (int kind = SPLICE_WHOLE; kind < SPLICE_N; kind++) {
		uint64_t sum[3] = {0};
		struct splice_plan p = plan_of(*state, (enum splice_kind)kind);
		struct splice_plan q = plan_of(&other, (enum splice_kind)kind);
		assert_int_equal(each_splice(*state, &p, add_text, &sum[0]),
			each_splice(&other, &q, add_text, &sum[1]));
		assert_int_equal(sum[0], sum[1]);
		q.seed++;
		each_splice(&other, &q, add_text, &sum[2]);
		assert_int_not_equal(sum[0], sum[2]);
	}
	log_done(&other);
}

static void a_benchmark_uses_no_event_twice(void **state)
{
	const struct log *l = *state;
	struct benchmark_options o = BENCHMARK_OPTIONS;
	struct benchmark b;
	struct err e = {0};
	uint32_t n[ANSWER_KINDS] = {0}, split[ANSWER_SPLITS] = {0}, eligible = 0;
	uint8_t stays[USERS] = {0}, given[USERS] = {0};
	o.seed = 3;
	assert_int_equal(benchmark_make(&b, &l->source, &o, &e), 0);
	for (uint32_t i = 0; i < b.answers.n; i++) {
		const struct answer *a = &b.answers.row[i];
		n[a->kind]++;
		split[a->split]++;
		assert_false(stays[a->user]++);
		if (a->kind == ANSWER_SPLICE)
			assert_false(given[a->donor]++);
	}
	for (uint32_t u = 0; u < USERS; u++) {
		struct user_events ev;
		history_user(l->h, u, &ev);
		eligible += ev.n >= 20;
		assert_int_equal(stays[u] + given[u], 1);
	}
	assert_int_equal(n[ANSWER_SPLICE], (uint32_t)(.3 * eligible));
	assert_int_equal(n[ANSWER_SHAM], (uint32_t)(.1 * eligible));
	assert_true(split[ANSWER_DEV] > b.answers.n / 4 && split[ANSWER_TEST] > b.answers.n / 4);
	benchmark_done(&b);
}

static void a_benchmark_is_a_history(void **state)
{
	const struct log *l = *state;
	struct benchmark_options o = BENCHMARK_OPTIONS;
	struct benchmark_room room = { 0, 2 };
	struct splice_room scratch = {0};
	struct benchmark b;
	struct err e = {0};
	o.seed = 4;
	o.kind = SPLICE_PARTIAL;
	assert_int_equal(benchmark_make(&b, &l->source, &o, &e), 0);
	struct history *all = benchmark_history(&b, &l->source, &room, &e);
	struct splice_source s;
	splice_source_init(&s, all, &l->ids, NULL);
	struct history *dev = benchmark_dev(&b.answers, &s, &room, &e);
	for (uint32_t i = 0; i < b.answers.n; i++) {
		const struct answer *a = &b.answers.row[i];
		struct user_events made, u, fit;
		assert_int_equal(splice_events(&b.splice[i], &l->source, &scratch, &made, &e), 0);
		history_user(all, a->user, &u);
		history_user(dev, a->user, &fit);
		assert_int_equal(u.n, made.n);
		assert_int_equal(a->n_pre + a->n_post, u.n);
		for (uint32_t k = 0; k < u.n; k++)
			assert_true(same_event(&u, k, &made, k));
		assert_int_equal(fit.n, a->split == ANSWER_TEST ? 0 :
			a->kind == ANSWER_SPLICE ? a->n_pre : u.n);
	}
	splice_room_done(&scratch);
	history_free(dev);
	history_free(all);
	benchmark_done(&b);
}

static void divergence_in_bits(void **state)
{
	uint32_t a[] = { 1, 2 }, b[] = { 3, 3, 4 }, c[] = { 2, 1, 2, 1 }, d[] = { 1, 1, 1 };
	(void)state;
	assert_true(fabs(benchmark_divergence(a, 2, b, 3) - 1) < 1e-9);
	assert_true(fabs(benchmark_divergence(a, 2, c, 4)) < 1e-9);
	/* p = (1/2, 1/2), q = (1, 0): (log2(2/3) + log2 2) / 4 + log2(4/3) / 2 */
	assert_true(fabs(benchmark_divergence(a, 2, d, 3) - .3112781245) < 1e-9);
	assert_true(isnan(benchmark_divergence(a, 0, d, 3)));
}

static int set_up(void **state)
{
	struct log *l = mem_get(1, sizeof *l);
	make_log(l, false);
	*state = l;
	return 0;
}

static int tear_down(void **state)
{
	log_done(*state);
	mem_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_goes_on_as_the_donor),
		cmocka_unit_test(partial_takes_about_half_of_each),
		cmocka_unit_test(relabel_keeps_times_and_popularity),
		cmocka_unit_test(relabel_is_a_permutation_without_fixed_points),
		cmocka_unit_test(sham_has_the_times_of_another_and_own_tastes),
		cmocka_unit_test(matched_donors_are_about_as_busy),
		cmocka_unit_test(the_order_of_a_log_does_not_matter),
		cmocka_unit_test(a_benchmark_uses_no_event_twice),
		cmocka_unit_test(a_benchmark_is_a_history),
		cmocka_unit_test(divergence_in_bits),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
