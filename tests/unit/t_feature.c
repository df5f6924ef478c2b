/* Features against slow ones, which take their numbers from a copy of the series in doubles. */
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

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/zone.h"
#include "model/feature.h"

#define STEPS 300u
#define HOUR_MS 3600000LL
#define FIRST_MS 1511654400000LL        /* 2017-11-26T00:00Z, a Sunday */
#define ALL "lag1-9,diff1,diff5,mean3,mean24,ewma5,deviation6,hour_sin,hour_cos,hour_sin3," \
	"day_sin,day_cos2,week_sin,week_cos,views4,carts6,favourites9,buys12,ctr8,conversion5," \
	"quiet7,price1,price4,price_diff2,season1,season12,season31,swing1,swing10"

static void make_series(struct observation *o, uint32_t n, uint64_t seed)
{
	struct chance c = { seed };
	for (uint32_t i = 0; i < n; i++) {
		bool none = chance_is(&c, .4);
		o[i] = (struct observation){ .start_ms = FIRST_MS + i * HOUR_MS, .price = NAN };
		for (int k = OBSERVED_VIEWS; k < OBSERVED_N && !none; k++)
			o[i].at[k] = (float)chance_below(&c, 9u - 2 * (unsigned)k);
		o[i].at[OBSERVED_VALUE] = o[i].at[1] + 3 * o[i].at[2] + 2 * o[i].at[3] +
			5 * o[i].at[4];
		if (!none && chance_is(&c, .5))
			o[i].price = (float)(1 + 9 * chance_unit(chance_next(&c)));
	}
}

static void must_init(struct feature_set *s, const char *list, uint32_t horizon)
{
	struct err e = {0};
	int r = feature_init(s, list, horizon, &e);
	assert_string_equal(e.text, "");
	assert_int_equal(r, 0);
}

static double slow_sum(const struct observation *now, int what, int k)
{
	double sum = 0;
	for (int i = 0; i < k; i++)
		sum += (double)now[-i].at[what];
	return sum;
}

static double slow_price(const struct feature_set *s, const struct observation *now, int age)
{
	int before = age, after = age;
	if (!isnan(now[-age].price))
		return (double)now[-age].price;
	if (s->fill == FILL_MEAN)
		return (double)s->price_mean;
	if (s->fill == FILL_MEDIAN)
		return (double)s->price_median;
	while (before < (int)s->n_steps && isnan(now[-before].price))
		before++;
	while (after >= 0 && isnan(now[-after].price))
		after--;
	if (before == (int)s->n_steps)
		return after < 0 ? (double)s->price_median : (double)now[-after].price;
	if (after < 0)
		return (double)now[-before].price;
	return ((double)now[-before].price * (age - after) +
		(double)now[-after].price * (before - age)) / (before - after);
}

static double slow_wave(double turns, bool is_cosine)
{
	return is_cosine ? cos(2 * acos(-1) * turns) : sin(2 * acos(-1) * turns);
}

/* The years of this log are of 365 days; days are counted from 2017-01-01, a Sunday. */
static double slow_time(const char *name, int k, int64_t local_ms)
{
	double days = (double)(local_ms - 1483228800000LL) / 86400000;
	bool cosine = strstr(name, "cos");
	if (!strncmp(name, "hour", 4))
		return slow_wave(k * days, cosine);
	if (!strncmp(name, "day", 3))
		return slow_wave(k * (days - 1) / 7, cosine);
	return slow_wave(k * days / 365, cosine);
}

static double slow_ewma(const struct observation *now, int k)
{
	double sum = 0, weights = 0;
	for (int i = 0; i < 3 * k; i++) {
		double w = pow(1 - 2. / (k + 1), i);
		sum += w * (double)now[-i].at[0];
		weights += w;
	}
	return sum / weights;
}

static double slow_deviation(const struct observation *now, int k)
{
	double sum = 0;
	for (int i = 0; i < k; i++)
		sum += pow((double)now[-i].at[0], 2);
	return sqrt(sum / k - pow(slow_sum(now, 0, k) / k, 2));
}

static double slow_rate(double of, double to)
{
	return to > 0 ? of / to : 0;
}

static double slow_quiet(const struct observation *now, int k)
{
	for (int i = 0; i < k; i++)
		if (slow_sum(now - i, OBSERVED_VIEWS, 1) + slow_sum(now - i, OBSERVED_CARTS, 1) +
		    slow_sum(now - i, OBSERVED_FAVOURITES, 1) +
		    slow_sum(now - i, OBSERVED_BUYS, 1) > 0)
			return i;
	return k;
}

/* The newest value known whole seasons before the step forecast, and those before it. */
static double slow_season(const struct feature_set *s, const struct observation *now, int k,
	int more)
{
	int back = k;
	while (back < (int)s->horizon)
		back += k;
	return (double)now[(int)s->horizon - back - more * k].at[0];
}

static double slow_swing(const struct feature_set *s, const struct observation *now, int k)
{
	int n = (k + 6) / 7;
	double same = slow_season(s, now, k, 0) + slow_season(s, now, k, 1) +
		slow_season(s, now, k, 2), then = slow_sum(now - k, 0, n) +
		slow_sum(now - 2 * k, 0, n) + slow_sum(now - 3 * k, 0, n);
	return then > 0 ? same * slow_sum(now, 0, n) / then : same / 3;
}

static double slow_feature(const struct feature_set *s, const char *name,
	const struct observation *now, int64_t local_ms)
{
	static const char *const sums[] = { "", "views", "carts", "favourites", "buys" };
	int len = (int)strcspn(name, "0123456789"), k = atoi(name + len);
	char word[FEATURE_NAME_MAX];
	snprintf(word, sizeof word, "%.*s", len, name);
	for (int i = 1; i < OBSERVED_N; i++)
		if (!strcmp(word, sums[i]))
			return slow_sum(now, i, k);
	if (strstr(word, "_sin") || strstr(word, "_cos"))
		return slow_time(word, k, local_ms);
	if (!strcmp(word, "lag"))
		return (double)now[1 - k].at[0];
	if (!strcmp(word, "diff"))
		return (double)now[1 - k].at[0] - (double)now[-k].at[0];
	if (!strcmp(word, "mean"))
		return slow_sum(now, 0, k) / k;
	if (!strcmp(word, "ewma"))
		return slow_ewma(now, k);
	if (!strcmp(word, "deviation"))
		return slow_deviation(now, k);
	if (!strcmp(word, "ctr"))
		return slow_rate(slow_sum(now, 2, k) + slow_sum(now, 3, k), slow_sum(now, 1, k));
	if (!strcmp(word, "conversion"))
		return slow_rate(slow_sum(now, 4, k), slow_sum(now, 1, k));
	if (!strcmp(word, "quiet"))
		return slow_quiet(now, k);
	if (!strcmp(word, "season"))
		return slow_season(s, now, k, 0);
	if (!strcmp(word, "swing"))
		return slow_swing(s, now, k);
	if (!strcmp(word, "price"))
		return slow_price(s, now, k - 1);
	assert_string_equal(word, "price_diff");
	return slow_price(s, now, k - 1) - slow_price(s, now, k);
}

static struct feature_rows get_rows(const struct feature_set *s, uint32_t n_steps)
{
	uint32_t n = feature_n_rows(s, n_steps);
	return (struct feature_rows){ mem_get(n, s->n * sizeof(float)),
		mem_get(n, sizeof(float)), mem_get(n, sizeof(int64_t)),
		mem_get(n, sizeof(int64_t)) };
}

static void free_rows(struct feature_rows *r)
{
	mem_free(r->x);
	mem_free(r->y);
	mem_free(r->time_ms);
	mem_free(r->known_ms);
}

static void check_rows(const struct feature_set *s, const struct observation *o)
{
	struct zone z;
	struct feature_rows r = get_rows(s, STEPS);
	uint32_t n = feature_n_rows(s, STEPS), at = s->n_steps - 1;
	char name[FEATURE_NAME_MAX];
	assert_int_equal(zone_init(&z, "+08:00", NULL), 0);
	assert_int_equal(feature_rows(s, &z, o, STEPS, &r, NULL), n);
	assert_int_equal(n, STEPS - s->n_steps - s->horizon + 1);
	for (uint32_t i = 0; i < n; i++, at++) {
		assert_true(r.y[i] == o[at + s->horizon].at[0]);
		assert_int_equal(r.time_ms[i], o[at + s->horizon].start_ms);
		assert_int_equal(r.known_ms[i], o[at].start_ms + HOUR_MS);
		for (uint32_t k = 0; k < s->n; k++) {
			double want = slow_feature(s, feature_name(s, k, name), &o[at],
				r.time_ms[i] + 8 * HOUR_MS);
			if (!(fabs(want - (double)r.x[i * s->n + k]) <= 2e-6 * (1 + fabs(want))))
				fail_msg("row %u, %s: %.9g, not %.9g", i, name,
					(double)r.x[i * s->n + k], want);
		}
	}
	free_rows(&r);
	zone_done(&z);
}

static void as_the_slow_way(void **state)
{
	struct feature_set s;
	struct observation o[STEPS];
	(void)state;
	make_series(o, STEPS, 1);
	for (uint32_t horizon = 1; horizon < 30; horizon += 14)
		for (int fill = 0; fill < FILL_N; fill++) {
			must_init(&s, ALL, horizon);
			s.fill = (enum feature_fill)fill;
			assert_int_equal(feature_fit_caps(&s, CAP_NONE, 0, o, STEPS, NULL), 0);
			check_rows(&s, o);
		}
}

/* A live run has a window and no more: the same bits. */
static void a_window_gives_the_floats_of_the_whole(void **state)
{
	struct feature_set s;
	struct observation o[STEPS], window[64];
	float x[FEATURE_MAX];
	(void)state;
	make_series(o, STEPS, 2);
	must_init(&s, ALL, 2);
	s.fill = FILL_LINE;
	assert_true(s.n_steps < 64);
	struct feature_rows r = get_rows(&s, STEPS);
	uint32_t n = feature_rows(&s, NULL, o, STEPS, &r, NULL);
	feature_fit_scale(&s, SCALE_STANDARD, r.x, n / 2);
	feature_scale(&s, r.x, n);
	for (uint32_t i = 0; i < n; i++) {
		memcpy(window, o + i, s.n_steps * sizeof *o);
		feature_row(&s, NULL, &window[s.n_steps - 1], r.time_ms[i], x);
		assert_memory_equal(x, r.x + i * s.n, s.n * sizeof *x);
	}
	free_rows(&r);
}

static void lists_are_read(void **state)
{
	static const char *const bad[] = { "", "nothing1", "lag0", "lag9999", "lag99999",
		"lag1,", "lag1,lag1", "lag3-1", "lag1-", "lag1-2-3", "lag-1", "lag1x", ",lag1",
		"hour_sin13", "lag1-129", " lag1", "lag1-70,mean1-70" };
	struct feature_set s;
	struct err e;
	char name[FEATURE_NAME_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){0};
		if (feature_init(&s, bad[i], 1, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	must_init(&s, "lag,mean3-5,ewma10", 4);
	assert_int_equal(s.n, 5);
	assert_int_equal(s.n_steps, 30);
	assert_string_equal(feature_name(&s, 0, name), "lag1");
	assert_string_equal(feature_name(&s, 3, name), "mean5");
	assert_int_equal(feature_init(&s, "lag1", 0, &e), -EINVAL);
	assert_string_equal(e.text, "a horizon is 1 to 1024 steps, not 0");
	must_init(&s, feature_default, 1);
	assert_int_equal(s.n_steps, 28);
	assert_int_equal(feature_n_rows(&s, 28), 0);
	assert_int_equal(feature_n_rows(&s, 29), 1);
}

/* 1 to 9 and one bot; the caps are of what is not zero, and of the training steps alone. */
static void abnormal_counts_are_capped_and_counted(void **state)
{
	struct observation o[200];
	struct feature_set s;
	struct feature_tally t = {0};
	(void)state;
	memset(o, 0, sizeof o);
	for (uint32_t i = 0; i < 200; i++) {
		o[i].start_ms = i * HOUR_MS;
		o[i].at[OBSERVED_VIEWS] = i % 2 ? (float)(1 + i / 2 % 9) : 0;
		o[i].at[OBSERVED_BUYS] = i % 50 == 0;
	}
	o[150].at[OBSERVED_VIEWS] = 4000;
	o[160].at[OBSERVED_VALUE] = NAN;
	must_init(&s, "lag1-3,views2", 1);
	assert_int_equal(feature_fit_caps(&s, CAP_MAD, 4, o, 100, NULL), 0);
	/* 50 numbers: median 5, MAD 2 */
	assert_true(fabs((double)s.cap[OBSERVED_VIEWS] - (5 + 4 * 1.4826 * 2)) < 1e-5);
	assert_true(isinf(s.cap[OBSERVED_BUYS]));       /* all alike: no telling */
	assert_true(isinf(s.cap[OBSERVED_CARTS]));      /* never seen */
	feature_clean(&s, o, 200, &t);
	assert_int_equal(t.n_steps, 200);
	assert_int_equal(t.abnormal[OBSERVED_VIEWS], 1);
	assert_int_equal(t.abnormal[OBSERVED_VALUE], 1);
	assert_int_equal(t.abnormal[OBSERVED_BUYS], 0);
	assert_true(o[150].at[OBSERVED_VIEWS] == s.cap[OBSERVED_VIEWS] && o[150].abnormal);
	assert_true(o[160].at[OBSERVED_VALUE] == 0 && o[160].abnormal && !o[161].abnormal);

	struct feature_rows r = get_rows(&s, 200);
	assert_int_equal(feature_rows(&s, NULL, o, 200, &r, &t), 197);
	assert_int_equal(t.n_rejected, 0);
	s.rejects = true;
	/* Each is in the window of three rows and the target of one. */
	assert_int_equal(feature_rows(&s, NULL, o, 200, &r, &t), 189);
	assert_int_equal(t.n_rejected, 8);
	for (uint32_t i = 0; i < 189; i++)
		assert_true(r.time_ms[i] < 150 * HOUR_MS || r.time_ms[i] > 153 * HOUR_MS);
	free_rows(&r);

	assert_int_equal(feature_fit_caps(&s, CAP_QUANTILE, .5, o, 100, NULL), 0);
	assert_true(s.cap[OBSERVED_VIEWS] == 5);
	assert_int_equal(feature_fit_caps(&s, CAP_QUANTILE, 1.5, o, 100, NULL), -EINVAL);
	assert_int_equal(feature_fit_caps(&s, CAP_MAD, 0, o, 100, NULL), -EINVAL);
}

static void prices_are_filled(void **state)
{
	struct observation o[6];
	struct feature_set s;
	float x[6];
	static const float price[6] = { NAN, 2, NAN, NAN, 8, NAN };
	(void)state;
	memset(o, 0, sizeof o);
	for (int i = 0; i < 6; i++)
		o[i].price = price[i];
	must_init(&s, "price1-6", 1);
	assert_int_equal(feature_fit_caps(&s, CAP_NONE, 0, o, 6, NULL), 0);
	assert_true(s.price_mean == 5 && s.price_median == 5);
	o[4].price = 11;
	s.price_mean = 7;
	static const float line[6] = { 11, 11, 8, 5, 2, 2 };
	for (int fill = 0; fill < FILL_N; fill++) {
		s.fill = (enum feature_fill)fill;
		feature_row(&s, NULL, &o[5], 0, x);
		for (int i = 0; i < 6; i++) {
			float want = !isnan(o[5 - i].price) ? o[5 - i].price :
				fill == FILL_LINE ? line[i] : fill == FILL_MEAN ? 7 : 5;
			assert_true(fabsf(x[i] - want) < 1e-6f);
		}
	}
}

static void scales_are_of_the_training_rows(void **state)
{
	float x[8] = { 1, 7, 3, 7, 5, 7, 100, 9 };
	struct feature_set s;
	(void)state;
	must_init(&s, "lag1-2", 1);
	feature_fit_scale(&s, SCALE_STANDARD, x, 3);
	assert_true(s.shift[0] == 3 && fabs((double)s.scale[0] - sqrt(3. / 8)) < 1e-7);
	assert_true(s.scale[1] == 0);
	feature_fit_scale(&s, SCALE_RANGE, x, 3);
	feature_scale(&s, x, 4);
	assert_true(x[0] == 0 && x[2] == .5f && x[4] == 1 && x[6] == 99 / 4.f && x[7] == 0);
}

static void packs_and_unpacks(void **state)
{
	struct feature_set s, back;
	struct observation o[STEPS];
	struct err e = {0};
	char bytes[8192], broken[8192];
	(void)state;
	make_series(o, STEPS, 3);
	must_init(&s, ALL, 3);
	feature_fit_caps(&s, CAP_QUANTILE, .99, o, STEPS, NULL);
	s.rejects = true;
	struct feature_rows r = get_rows(&s, STEPS);
	feature_fit_scale(&s, SCALE_STANDARD, r.x, feature_rows(&s, NULL, o, STEPS, &r, NULL));
	free_rows(&r);
	struct packer p = { bytes, 0, sizeof bytes };
	feature_pack(&s, &p);
	assert_true(p.len < sizeof bytes);
	struct unpacker u = { bytes, bytes + p.len };
	assert_int_equal(feature_unpack(&back, &u, &e), 0);
	assert_ptr_equal(u.at, u.end);
	assert_memory_equal(&back, &s, sizeof s);
	for (size_t len = 0; len < p.len; len++) {
		u = (struct unpacker){ bytes, bytes + len };
		assert_int_equal(feature_unpack(&back, &u, &e), -EBADMSG);
	}
	/* Any byte may be wrong: taken or refused, never run past. */
	struct chance c = { 5 };
	for (int i = 0; i < 20000; i++) {
		memcpy(broken, bytes, p.len);
		broken[chance_below(&c, (uint32_t)p.len)] ^= (char)(1 + chance_below(&c, 255));
		u = (struct unpacker){ broken, broken + p.len };
		if (feature_unpack(&back, &u, &e) == 0) {
			assert_in_range(back.n, 1, FEATURE_MAX);
			assert_in_range(back.n_steps, 1, FEATURE_STEPS_MAX);
			assert_in_range(back.horizon, 1, FEATURE_STEPS_MAX);
		}
	}
}

static void some_columns_are_kept(void **state)
{
	static const uint32_t column[] = { 5, 1 };
	struct feature_set s;
	char name[FEATURE_NAME_MAX];
	(void)state;
	must_init(&s, "lag1-4,mean20,diff6", 1);
	s.shift[1] = 4;
	s.scale[5] = 7;
	feature_keep(&s, column, 2);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.n_steps, 7);
	assert_string_equal(feature_name(&s, 0, name), "diff6");
	assert_string_equal(feature_name(&s, 1, name), "lag2");
	assert_true(s.scale[0] == 7 && s.shift[1] == 4);
}

static void every_feature_is_explained(void **state)
{
	static char page[20000];
	const char *help, *name, *top = getenv("top_srcdir");
	char path[512], quoted[FEATURE_NAME_MAX + 2];
	uint32_t n = 0;
	(void)state;
	snprintf(path, sizeof path, "%s/share/doc/forecast.md", top ? top : ".");
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	page[fread(page, 1, sizeof page - 1, f)] = 0;
	fclose(f);
	for (; (name = feature_kind(n, &help)); n++) {
		struct feature_set s;
		must_init(&s, name, 1);
		assert_non_null(help);
		snprintf(quoted, sizeof quoted, "`%s`", name);
		if (!strstr(page, quoted))
			fail_msg("share/doc/forecast.md does not tell of %s", quoted);
	}
	assert_int_equal(n, 22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_slow_way),
		cmocka_unit_test(a_window_gives_the_floats_of_the_whole),
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(abnormal_counts_are_capped_and_counted),
		cmocka_unit_test(prices_are_filled),
		cmocka_unit_test(scales_are_of_the_training_rows),
		cmocka_unit_test(packs_and_unpacks),
		cmocka_unit_test(some_columns_are_kept),
		cmocka_unit_test(every_feature_is_explained),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
