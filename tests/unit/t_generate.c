/* The figures below were measured on nine days of a large shop, sessions parted by 30 minutes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "engine/generate.h"
#include "engine/plant.h"
#include "ingest/event.h"

#define N 300000
#define HASH_WANTED UINT64_C(0xfcafc6e743f5eee)
#define assert_near(what, wanted, tolerance) \
	assert_true((what) > (wanted) - (tolerance) && (what) < (wanted) + (tolerance))

static struct generate *make(uint64_t events, uint64_t users, uint64_t seed)
{
	struct generate_options o = { events, users, seed, false };
	struct err e = { 0 };
	struct generate *g = generate_new(&o, &e);

	assert_non_null(g);
	return g;
}

/* The whole log in one array, by the caller to be freed. */
static struct generated *collect(struct generate *g, uint32_t n)
{
	struct generated *all = malloc(n * sizeof(*all));
	const struct generated *ev;
	struct err e = { 0 };
	uint32_t done = 0;
	int64_t k;

	assert_non_null(all);
	while ((k = generate_next(g, &ev, &e)) > 0) {
		assert_true(done + k <= n);
		memcpy(all + done, ev, (size_t)k * sizeof(*ev));
		done += (uint32_t)k;
	}
	assert_int_equal(k, 0);
	assert_int_equal(done, n);
	return all;
}

static int by_user(const void *a, const void *b)
{
	const struct generated *x = a, *y = b;

	return x->user != y->user ? (x->user < y->user ? -1 : 1) :
		(x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static int by_value(const void *a, const void *b)
{
	return (*(const uint32_t *)a > *(const uint32_t *)b) -
		(*(const uint32_t *)a < *(const uint32_t *)b);
}

static uint32_t quantile(uint32_t *v, uint32_t n, double p)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[(uint32_t)(p * n)];
}

static void test_order_and_size(void **state)
{
	struct generate *g = make(N, 0, 7);
	struct generated *all = collect(g, N);

	(void)state;
	assert_int_equal(generate_n_users(g), 2896);
	for (uint32_t i = 1; i < N; i++)
		assert_true(all[i].time_s >= all[i - 1].time_s);
	assert_near(all[N - 1].time_s / 86400., 9, .5);
	free(all);
	generate_free(g);
}

/* A fingerprint of rows, equal on every machine. */
static void test_same_everywhere(void **state)
{
	struct generate *g = make(20000, 300, 42);
	const struct generated *ev;
	uint64_t hash = 14695981039346656037u;
	char row[GENERATE_ROW_MAX];
	struct err e;
	int64_t n;

	(void)state;
	while ((n = generate_next(g, &ev, &e)) > 0)
		for (int64_t i = 0; i < n; i++)
			for (size_t k = 0, len = generate_row(g, &ev[i], row); k < len; k++)
				hash = (hash ^ (uint8_t)row[k]) * 1099511628211u;
	assert_int_equal(hash, HASH_WANTED);
	generate_free(g);
}

static void test_seeds_differ(void **state)
{
	struct generate *a = make(1000, 0, 1), *b = make(1000, 0, 2);
	struct generated *x = collect(a, 1000), *y = collect(b, 1000);

	(void)state;
	assert_memory_not_equal(x, y, 1000 * sizeof(*x));
	free(x);
	free(y);
	generate_free(a);
	generate_free(b);
}

struct figures {
	uint32_t *events, *categories;          /* of each user */
	uint32_t *length, *gap_s, *pause_s;
	uint32_t n_users, n_sessions, n_gaps, n_pauses;
	uint32_t same_inside, same_across, n_single;
};

static void count_pair(struct figures *f, const struct generated *a, const struct generated *b)
{
	uint32_t gap = b->time_s - a->time_s;

	if (gap > 1800) {
		f->pause_s[f->n_pauses++] = gap;
		f->same_across += a->category == b->category;
		f->length[++f->n_sessions - 1] = 1;
	} else {
		f->gap_s[f->n_gaps++] = gap;
		f->same_inside += a->category == b->category;
		f->length[f->n_sessions - 1]++;
	}
}

static void count_user(struct figures *f, const struct generated *ev, uint32_t n)
{
	static const uint32_t categories = 9439;
	uint8_t *seen = calloc(categories, 1);
	uint32_t distinct = 0;

	assert_non_null(seen);
	f->length[f->n_sessions++] = 1;
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			count_pair(f, &ev[i - 1], &ev[i]);
		distinct += !seen[ev[i].category]++;
	}
	f->events[f->n_users] = n;
	f->categories[f->n_users++] = distinct;
	free(seen);
}

static uint32_t *room(void)
{
	uint32_t *v = malloc(N * sizeof(*v));

	assert_non_null(v);
	return v;
}

static void test_people(void **state)
{
	struct generate *g = make(N, 0, 3);
	struct generated *all = collect(g, N);
	struct figures f = { room(), room(), room(), room(), room(), 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	qsort(all, N, sizeof(*all), by_user);
	for (uint32_t i = 0, j; i < N; i = j) {
		for (j = i + 1; j < N && all[j].user == all[i].user; j++)
			;
		count_user(&f, all + i, j - i);
	}
	assert_near((double)N / f.n_users, 103.6, 1);
	assert_near(quantile(f.events, f.n_users, .1), 19, 6);
	assert_near(quantile(f.events, f.n_users, .5), 78, 8);
	assert_near(quantile(f.events, f.n_users, .9), 226, 25);
	assert_near(quantile(f.categories, f.n_users, .5), 21, 3);
	assert_near(quantile(f.categories, f.n_users, .9), 44, 7);
	assert_near((double)f.n_sessions / f.n_users, 17.3, 1.5);
	assert_int_equal(quantile(f.length, f.n_sessions, .5), 3);
	assert_near(quantile(f.length, f.n_sessions, .9), 15, 3);
	assert_near(quantile(f.gap_s, f.n_gaps, .5), 54, 6);
	assert_near(quantile(f.gap_s, f.n_gaps, .9), 337, 30);
	assert_near(quantile(f.pause_s, f.n_pauses, .5) / 3600., 5.9, 1);
	assert_near(quantile(f.pause_s, f.n_pauses, .9) / 3600., 25, 3);
	assert_near((double)f.same_inside / f.n_gaps, .466, .03);
	assert_near((double)f.same_across / f.n_pauses, .130, .03);
	free(f.events);
	free(f.categories);
	free(f.length);
	free(f.gap_s);
	free(f.pause_s);
	free(all);
	generate_free(g);
}

static void test_shop(void **state)
{
	static const double hour_percent[24] = { 3.5, 1.6, .8, .4, .5, .8, 1.6, 2.6, 3.3, 4, 4.5,
		4.6, 4.1, 5.1, 5, 5.5, 5.4, 4.6, 4.9, 6.5, 7.8, 8.8, 7.9, 6.1 };
	static const double behaviour_percent[] = { 89.8, 5.3, 2.8, 2.07 };
	struct generate *g = make(N, 0, 3);
	struct generated *all = collect(g, N);
	uint32_t hour[24] = { 0 }, behaviour[4] = { 0 }, rank[100] = { 0 }, ten = 0, hundred = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		hour[all[i].time_s / 3600 % 24]++;
		behaviour[all[i].behaviour]++;
		if (all[i].category < 100)
			rank[all[i].category]++;
	}
	for (int h = 0; h < 24; h++)
		assert_near(hour[h] * 100. / N, hour_percent[h], 1.2);
	for (int b = BEHAVIOUR_VIEW; b <= BEHAVIOUR_BUY; b++)
		assert_near(behaviour[b] * 100. / N, behaviour_percent[b], .4);
	for (int i = 0; i < 100; hundred += rank[i++])
		ten += i < 10 ? rank[i] : 0;
	assert_near((double)rank[0] / N, .049, .01);
	assert_near((double)ten / N, .265, .03);
	assert_near((double)hundred / N, .62, .04);
	free(all);
	generate_free(g);
}

static void test_plans(void **state)
{
	struct generate *g = make(N, 0, 3);
	uint32_t n = generate_n_users(g), of_shape[PLANT_N] = { 0 }, planned;
	struct plant p;

	(void)state;
	for (uint32_t u = 0; u < n; u++)
		if (generate_plan(g, u, &p)) {
			of_shape[p.shape]++;
			assert_true(p.donor < n && p.donor != u);
			assert_near(p.at_hour / 216, .5, .21);
			assert_true(plant_share(&p, p.at_hour - 1) == 0);
			assert_true(plant_share(&p, p.at_hour + p.over_hours + 1) >= .5);
		}
	planned = of_shape[0] + of_shape[1] + of_shape[2];
	assert_near((double)planned / n, .1, .02);
	for (int i = 0; i < PLANT_N; i++)
		assert_near((double)of_shape[i] / planned, 1 / 3., .1);
	generate_free(g);
}

struct truth_row {
	char kind[8], split[8], shape[8];
	double change_s, rate, js, self;
	unsigned user, index, pre, post, donor;
};

static void check_change(const struct generated *all, const struct truth_row *r)
{
	uint32_t before = 0, after = 0, now = 0;

	for (uint32_t i = 0; i < N; i++) {
		if (all[i].user + 1000000 != r->user)
			continue;
		before += all[i].time_s + (double)GENERATE_START_S < r->change_s;
		after += all[i].time_s + (double)GENERATE_START_S > r->change_s;
		now += all[i].time_s + (double)GENERATE_START_S == r->change_s;
	}
	assert_int_equal(before + after + now, r->pre + r->post);
	assert_in_range(r->pre, before, before + now);
	assert_int_equal(r->index, r->pre);
	assert_true(r->pre >= 10 && r->post >= 10);
	assert_true(r->js > 0 && r->js <= 1 && r->self >= 0 && r->self <= 1 && r->rate > 0);
}

static void test_truth(void **state)
{
	struct generate *g = make(N, 0, 3);
	struct generated *all = collect(g, N);
	struct err e = { 0 };
	struct truth *t = truth_new(g, &e);
	FILE *f = tmpfile();
	char line[256];
	uint32_t changed = 0, null = 0, full = 0;
	double js_full = 0, self_full = 0;

	(void)state;
	assert_true(t && f);
	assert_int_equal(truth_take(t, all, N, &e), 0);
	assert_int_equal(truth_write(t, f, &e), 0);
	rewind(f);
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		struct truth_row r;

		if (sscanf(line, "%u,splice,%7[^,],%lf,%u,%u,%u,%lf,%lf,%lf,%u,%7[^\n]", &r.user,
		    r.split, &r.change_s, &r.index, &r.pre, &r.post, &r.rate, &r.js, &r.self,
		    &r.donor, r.shape) == 11) {
			if (changed++ < 20)
				check_change(all, &r);
			if (!strcmp(r.shape, "full")) {
				full++;
				js_full += r.js;
				self_full += r.self;
			}
		} else {
			assert_int_equal(sscanf(line, "%u,null,%7[^,],,,%u,0,,,,,", &r.user,
				r.split, &r.pre), 3);
			null++;
		}
	}
	assert_near((double)changed / (changed + null), .1, .02);
	assert_true(js_full / full > self_full / full + .15);   /* a change is more than drift */
	fclose(f);
	truth_free(t);
	free(all);
	generate_free(g);
}

static void test_calm_log_plants_nobody(void **state)
{
	struct generate_options o = { 50000, 0, 3, false };
	uint32_t planted[2] = { 0 };

	(void)state;
	for (int calm = 0; calm < 2; calm++) {
		struct err e = { 0 };
		struct plant p;
		struct generate *g;

		o.calm = calm;
		g = generate_new(&o, &e);
		assert_non_null(g);
		for (uint32_t u = 0; u < generate_n_users(g); u++)
			planted[calm] += generate_plan(g, u, &p);
		generate_free(g);
	}
	assert_true(planted[0] > 10);
	assert_int_equal(planted[1], 0);
}

static void test_limits(void **state)
{
	struct generate_options century = { 1000000000, 1, 0, false };
	struct generate_options crowd = { 10, UINT64_C(2000000000), 0, false };
	struct err e = { 0 };
	struct generate *one = make(3, 1, 0);
	struct generated *all = collect(one, 3);

	(void)state;
	assert_null(generate_new(&century, &e));
	assert_string_equal(e.text, "could not make 1000000000 events of 1 users: "
		"they would take more than a century");
	assert_null(generate_new(&crowd, &e));
	assert_int_equal(e.code, -34);
	free(all);
	generate_free(one);
}

static void test_chance(void **state)
{
	double sum = 0, square = 0;

	(void)state;
	assert_near(chance_exp(1), 2.718281828459045, 1e-9);
	assert_near(chance_exp(-20.3) * 1e9, 1.526940159, 1e-8);
	assert_near(chance_log2(10), 3.321928094887362, 1e-9);
	assert_near(chance_log2(.75), -.4150374992788438, 1e-9);
	for (uint64_t i = 0; i < 100000; i++) {
		double z = chance_normal(chance_pair(1, i));

		sum += z;
		square += z * z;
	}
	assert_near(sum / 100000, 0, .015);
	assert_near(square / 100000, 1, .02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_order_and_size),
		cmocka_unit_test(test_same_everywhere),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_shop),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_calm_log_plants_nobody),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
