/* Tables of shifts against counts made the slow way: every row looks at every alert again. */
#include "engine/population.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "engine/feed.h"

#define HOUR_MS INT64_C(3600000)
#define START_MS INT64_C(1511539200000)         /* 2017-11-24 16:00 UTC: midnight in China */
#define N_ALERTS 700u
#define N_USERS 60u
#define N_CATEGORIES 9u

struct scene {
	struct feed feed;               /* first */
	struct ids ids;
	struct zone zone;
	struct alert alert[N_ALERTS];
};

static const struct alert *alert(struct feed *f, uint32_t i)
{
	return &((struct scene *)f)->alert[i];
}

static const struct feed_ops ops = { .alert = alert };

static uint64_t below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

static uint32_t category_or_none(struct chance *c)
{
	uint32_t n = (uint32_t)below(c, N_CATEGORIES + 1);

	return n == N_CATEGORIES ? DICT_NONE : n;
}

/* Not in order of time; some of volume, some to or from none, some cleared. */
static void make_alerts(struct scene *s)
{
	struct chance c = { .at = 6 };
	uint32_t i;

	for (i = 0; i < N_ALERTS; i++) {
		struct alert *a = &s->alert[i];

		*a = (struct alert){ .cleared_ms = INT64_MIN };
		a->f.time_ms = START_MS + (int64_t)below(&c, 200 * (uint64_t)HOUR_MS);
		a->f.user = (uint32_t)below(&c, N_USERS);
		a->f.kind = below(&c, 20) ? KIND_INTEREST : KIND_VOLUME;
		a->f.from = category_or_none(&c);
		a->f.to = category_or_none(&c);
		a->f.score = (float)below(&c, 1000) / 100;
		if (!below(&c, 4))
			a->cleared_ms = a->f.time_ms + (int64_t)below(&c, 40 * HOUR_MS);
	}
}

static int set_scene(void **state)
{
	static struct scene s;
	struct err e = { 0 };
	unsigned i;
	char name[8];

	*state = &s;
	if (ids_init(&s.ids, &e) < 0 || zone_init(&s.zone, "+08:00", &e) < 0)
		return -1;
	for (i = 0; i < N_CATEGORIES; i++)      /* numbers are not in the order of bytes */
		dict_id(s.ids.category, name,
			(size_t)snprintf(name, sizeof name, "c%u", i * 5 % N_CATEGORIES));
	s.feed = (struct feed){ .ops = &ops, .ids = &s.ids, .zone = &s.zone };
	make_alerts(&s);
	return 0;
}

static int clear_scene(void **state)
{
	struct scene *s = *state;

	zone_done(&s->zone);
	ids_done(&s->ids);
	return 0;
}

static bool is_in(const struct population_options *o, const struct alert *a)
{
	return a->f.kind == KIND_INTEREST && a->f.time_ms >= o->span.from_ms
		&& a->f.time_ms < o->span.from_ms + o->span.cell_ms * o->span.n_cells;
}

struct wanted {
	bool to, from;                  /* which sides must match */
	uint32_t to_category, from_category;
	int64_t from_ms, to_ms;
	int hour;                       /* -1: any */
};

static bool is_wanted(const struct scene *s, const struct population_options *o,
	const struct wanted *w, uint32_t i)
{
	const struct alert *a = &s->alert[i];
	int hour = (int)((a->f.time_ms + 8 * HOUR_MS) / HOUR_MS % 24);

	return is_in(o, a) && (!w->to || a->f.to == w->to_category)
		&& (!w->from || a->f.from == w->from_category) && a->f.time_ms >= w->from_ms
		&& a->f.time_ms < w->to_ms && (w->hour < 0 || hour == w->hour);
}

/* Shifts wanted, the different users in them, and those that went back. */
static uint32_t count(const struct scene *s, const struct population_options *o,
	const struct wanted *w, uint32_t *ret_users, uint32_t *ret_back)
{
	uint32_t i, k, n = 0;

	*ret_users = *ret_back = 0;
	for (i = 0; i < o->n_alerts; i++) {
		const struct alert *a = &s->alert[i];
		bool is_known = false;

		if (!is_wanted(s, o, w, i))
			continue;
		n++;
		*ret_back += a->cleared_ms != INT64_MIN && a->cleared_ms <= o->now_ms;
		for (k = 0; k < i && !is_known; k++)
			is_known = is_wanted(s, o, w, k) && s->alert[k].f.user == a->f.user;
		*ret_users += !is_known;
	}
	return n;
}

static const struct wanted all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX, .hour = -1 };

static void check_row(const struct scene *s, const struct population_options *o,
	const struct population_row *r)
{
	struct wanted to = all, from = all;
	uint32_t users, back, i;

	to.to = from.from = true;
	to.to_category = from.from_category = r->category;
	count(s, o, &to, &users, &back);
	assert_int_equal(r->gained, users);
	assert_int_equal(r->back, back);
	count(s, o, &from, &users, &back);
	assert_int_equal(r->lost, users);
	for (i = 0; i < POPULATION_HOURS; i++) {
		to.hour = (int)i;
		assert_int_equal(r->hour[i], count(s, o, &to, &users, &back));
	}
	to.hour = -1;
	for (i = 0; i < o->span.n_cells; i++) {
		to.from_ms = from.from_ms = o->span.from_ms + i * o->span.cell_ms;
		to.to_ms = from.to_ms = to.from_ms + o->span.cell_ms;
		assert_int_equal(r->gain[i], count(s, o, &to, &users, &back));
		assert_int_equal(r->loss[i], count(s, o, &from, &users, &back));
	}
}

static void check_flow(const struct scene *s, const struct population_options *o,
	const struct population_flow *f)
{
	struct wanted w = all;
	uint32_t users, back;

	w.to = w.from = true;
	w.to_category = f->to;
	w.from_category = f->from;
	assert_int_equal(f->shifts, count(s, o, &w, &users, &back));
	assert_int_equal(f->users, users);
	assert_int_equal(f->back, back);
}

static struct population_options options(int64_t window_ms, uint32_t n_alerts)
{
	struct population_options o = { .n_alerts = n_alerts, .now_ms = START_MS + 190 * HOUR_MS };

	o.span = population_span(window_ms, 16, START_MS, o.now_ms);
	return o;
}

static void tables_are_the_slow_counts(void **state)
{
	static const int64_t windows[] = { HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS, 0 };
	struct scene *s = *state;
	struct err e = { 0 };
	uint32_t i, k, users, back;

	for (k = 0; k < 8; k++) {
		struct population_options o = options(windows[k / 2], k % 2 ? N_ALERTS : 100);
		struct population p;

		assert_int_equal(population_make(&p, &s->feed, &o, &e), 0);
		assert_int_equal(p.shifts, count(s, &o, &all, &users, &back));
		assert_int_equal(p.users, users);
		assert_int_equal(p.back, back);
		for (i = 0; i < p.n_rows; i++)
			check_row(s, &o, &p.row[i]);
		for (i = 0; i < p.n_flows; i++)
			check_flow(s, &o, &p.flow[i]);
		if (k == 7) {
			assert_int_equal(p.n_rows, N_CATEGORIES);
			assert_true(p.n_flows > 80);
		}
		population_done(&p);
	}
}

static void rows_are_sorted_as_asked(void **state)
{
	struct scene *s = *state;
	struct population_options o = options(0, N_ALERTS);
	struct err e = { 0 };
	uint32_t i;

	for (o.sort = 0; o.sort < SORT_N; o.sort++) {
		struct population p;

		assert_int_equal(population_make(&p, &s->feed, &o, &e), 0);
		for (i = 1; i < p.n_rows; i++) {
			const struct population_row *a = &p.row[i - 1], *b = &p.row[i];
			const int64_t key_a[] = { a->gained, a->lost,
				(int64_t)a->gained - a->lost };
			const int64_t key_b[] = { b->gained, b->lost,
				(int64_t)b->gained - b->lost };

			if (o.sort == SORT_NAME)
				assert_true(dict_cmp(s->ids.category, a->category, b->category)
					< 0);
			else
				assert_true(key_a[o.sort] >= key_b[o.sort]);
		}
		for (i = 1; i < p.n_flows; i++)
			assert_true(p.flow[i - 1].users >= p.flow[i].users);
		population_done(&p);
	}
}

static bool is_of(const struct population_pick *k, const struct finding *f)
{
	if (k->is_flow)
		return f->from == k->from && f->to == k->to;
	return f->from == k->to || f->to == k->to;
}

static void check_users(struct scene *s, const struct population_options *o,
	const struct population_pick *pick)
{
	uint32_t *list, n, i, k, users = 0;

	assert_int_equal(population_users(&s->feed, o, pick, &list, &n), 0);
	for (i = 0; i < n; i++) {
		const struct finding *f = &s->alert[list[i]].f;

		assert_true(is_in(o, &s->alert[list[i]]) && is_of(pick, f));
		assert_true(!i || s->alert[list[i - 1]].f.time_ms >= f->time_ms);
		for (k = 0; k < N_ALERTS; k++) {        /* no newer one of that user */
			const struct finding *other = &s->alert[k].f;

			if (is_in(o, &s->alert[k]) && is_of(pick, other) && other->user == f->user)
				assert_true(other->time_ms <= f->time_ms);
		}
	}
	for (i = 0; i < N_USERS; i++) {
		bool is_there = false;

		for (k = 0; k < N_ALERTS; k++)
			is_there |= s->alert[k].f.user == i && is_in(o, &s->alert[k])
				&& is_of(pick, &s->alert[k].f);
		users += is_there;
	}
	assert_int_equal(n, users);
	mem_free(list);
}

static void users_are_those_picked(void **state)
{
	struct population_options o = options(168 * HOUR_MS, N_ALERTS);
	struct population_pick pick = { 0 };

	for (pick.to = 0; pick.to < N_CATEGORIES; pick.to++)
		check_users(*state, &o, &pick);
	pick = (struct population_pick){ .is_flow = true, .from = DICT_NONE };
	for (pick.to = 0; pick.to < N_CATEGORIES; pick.to++)
		check_users(*state, &o, &pick);
}

static void spans_end_with_the_present(void **state)
{
	static const int64_t windows[] = { HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS, 0 };
	int64_t now;
	uint32_t k, n;

	(void)state;
	for (k = 0; k < 4; k++)
		for (n = 1; n < 80; n += 13)
			for (now = START_MS; now < START_MS + 400 * HOUR_MS; now += 7777777) {
				struct population_span s =
					population_span(windows[k], n, START_MS, now);
				int64_t end = s.from_ms + s.cell_ms * s.n_cells;

				assert_in_range(s.n_cells, 1, POPULATION_CELLS_MAX);
				assert_true(end > now && end - s.cell_ms <= now);
				assert_int_equal(end % s.cell_ms, 0);
				if (windows[k])
					assert_true(s.cell_ms * s.n_cells >= windows[k]);
				else if (n > 1)
					assert_true(s.from_ms <= START_MS);
			}
}

static void no_memory_is_an_error(void **state)
{
	struct scene *s = *state;
	struct population_options o = options(0, N_ALERTS);
	struct population_pick pick = { .to = 1 };
	struct population p;
	struct err e = { 0 };
	size_t before = mem_used();
	uint32_t *list, n;
	unsigned i;

	for (i = 1; i <= 7; i++) {
		mem_fail_after(i);
		assert_int_equal(population_make(&p, &s->feed, &o, &e), -ENOMEM);
		assert_int_equal(mem_used(), before);
	}
	for (i = 1; i <= 1; i++) {
		mem_fail_after(i);
		assert_int_equal(population_users(&s->feed, &o, &pick, &list, &n), -ENOMEM);
		assert_int_equal(mem_used(), before);
	}
	mem_fail_after(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_the_slow_counts),
		cmocka_unit_test(rows_are_sorted_as_asked),
		cmocka_unit_test(users_are_those_picked),
		cmocka_unit_test(spans_end_with_the_present),
		cmocka_unit_test(no_memory_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_scene, clear_scene);
}
