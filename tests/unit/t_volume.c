/* Channel volume against the definition: every step, every tau, in doubles, no hull. */
#include "detect/volume.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/zone.h"
#include "detect/formula.h"
#include "series/step.h"
#include "visits.h"

#define STEPS_MAX 1200

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static double uniform(uint64_t *seed)
{
	return (next(seed) + .5) / 2147483648.0;
}

static struct zone utc, berlin;
static struct step day, hour, berlin_day, berlin_hour;

static int make_steps(void **state)
{
	struct err e;
	(void)state;
	return zone_init(&utc, "UTC", &e) < 0 || zone_init(&berlin, "Europe/Berlin", &e) < 0 ||
		step_init(&day, "day", &utc, &e) < 0 || step_init(&hour, "hour", &utc, &e) < 0 ||
		step_init(&berlin_day, "day", &berlin, &e) < 0 ||
		step_init(&berlin_hour, "hour", &berlin, &e) < 0;
}

static int drop_steps(void **state)
{
	(void)state;
	zone_done(&utc);
	zone_done(&berlin);
	return 0;
}

/* A week with quiet nights and a busy Saturday. */
static struct volume_model a_model(float threshold)
{
	struct volume_model m;
	double sum = 0;
	volume_model_default(&m);
	m.pledge.threshold = threshold;
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++) {
		double weight = (h % 24 < 6 ? .25 : 1) * (h / 24 == 5 ? 2 : 1);
		m.hour_of_week[h] = (float)weight;
		sum += weight / VOLUME_WEEK_HOURS;
	}
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		m.hour_of_week[h] = (float)(m.hour_of_week[h] / sum);
	return m;
}

/* The rate as it is told in volume.h: discounted by sessions, behind by one block to two. */
struct slow_pace {
	double sessions, days, block[2][2];
};

static void slow_learn(struct slow_pace *p, const struct volume_model *m, bool at_risk, double x,
	double days)
{
	if (at_risk && m->lag_sessions > 0) {
		p->block[1][0] += x;
		p->block[1][1] += days;
		if (p->block[1][0] < fmin(m->lag_sessions, p->sessions / 2))
			return;
		x = p->block[0][0];
		days = p->block[0][1];
		memcpy(p->block[0], p->block[1], sizeof p->block[0]);
		p->block[1][0] = p->block[1][1] = 0;
	}
	p->sessions = p->sessions * pow((double)m->discount, x) + x;
	p->days = p->days * pow((double)m->discount, x) + days;
}

static double slow_days(const struct volume_model *m, int64_t from_ms, int64_t to_ms)
{
	double sum = 0;
	for (int64_t t = from_ms; t < to_ms; t += HOUR_MS)
		sum += round((double)m->hour_of_week[(t - MONDAY) / HOUR_MS % VOLUME_WEEK_HOURS] *
			4096) / 4096 / 24;
	return sum;
}

/* What the definition says at the close of each step, in UTC, without starting anew. */
struct slow {
	uint32_t n_steps;
	double count[STEPS_MAX], mean[STEPS_MAX];
	double up[STEPS_MAX], down[STEPS_MAX];          /* at the close of the step */
	bool at_risk[STEPS_MAX];                        /* during the step */
};

static double ratio(double s, double e)
{
	return s > 0 ? s * log(s / e) - (s - e) : e;
}

static void slow_scores(struct slow *w, uint32_t first, uint32_t t)
{
	double s = 0, e = 0;
	for (uint32_t tau = t + 1; tau-- > first; ) {
		s += w->count[tau];
		e += w->mean[tau];
		double score = ratio(s, e);
		if (s > e)
			w->up[t] = fmax(w->up[t], score);
		else
			w->down[t] = fmax(w->down[t], score);
	}
}

static void slow_run(struct slow *w, const struct volume_model *m, const struct visits *v,
	int64_t span_ms, uint32_t n_steps)
{
	struct slow_pace p = { .sessions = -1 };
	uint32_t i = 0, seen = 0, first = STEPS_MAX;
	int64_t from_ms = 0;
	memset(w, 0, sizeof *w);
	w->n_steps = n_steps;
	for (uint32_t t = 0; t < n_steps; t++) {
		int64_t start_ms = MONDAY + t * span_ms;
		for (; i < v->n && v->ms[i] < start_ms + span_ms; i++)
			w->count[t]++;
		if (seen == 0 && w->count[t] > 0)
			from_ms = start_ms;
		w->at_risk[t] = t >= first;
		if (w->at_risk[t]) {
			double k = (double)m->prior_sessions;
			double rate = (fmax(p.sessions, 0) + k) /
				(p.days + k / (double)m->prior_rate);
			w->mean[t] = rate * slow_days(m, start_ms, start_ms + span_ms);
			slow_scores(w, first, t);
		}
		seen += (uint32_t)w->count[t];
		if (w->count[t] == 0)
			continue;
		slow_learn(&p, m, w->at_risk[t], w->count[t],
			slow_days(m, from_ms, start_ms + span_ms));
		from_ms = start_ms + span_ms;
		if (seen >= m->warm_up_sessions && first == STEPS_MAX)
			first = t + 1;
	}
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Sessions at a rate a day that changes at `turn`; clumped: several at once now and then. */
static void come(struct visits *v, uint64_t *seed, double before, double after, int64_t turn_ms,
	int64_t end_ms, bool clumped)
{
	double t = (double)MONDAY;
	v->n = 0;
	for (;;) {
		double rate = t < (double)turn_ms ? before : after;
		double wait = -log(uniform(seed)) / (rate > 0 ? rate : 1e-9) * (double)DAY;
		if (t < (double)turn_ms && t + wait >= (double)turn_ms && before != after) {
			t = (double)turn_ms;    /* what is to come forgets what was */
			continue;
		}
		t += wait;
		if (t >= (double)end_ms || v->n + 4 >= SESSIONS_MAX)
			break;
		for (uint32_t k = clumped ? 1 + next(seed) % 4 : 1; k > 0; k--)
			v->ms[v->n++] = (int64_t)t + (int64_t)k * HOUR_MS;
	}
	qsort(v->ms, v->n, sizeof *v->ms, by_time);
}

static bool is_close(double got, double want)
{
	return fabs(got - want) < 2e-3 + 1e-4 * want;
}

/* The scores read after each step are the definition's. Returns 1 when a hull was full. */
static int compare(const struct volume_model *m, const struct visits *v, const struct step *step,
	struct slow *w)
{
	struct volume_rule r;
	struct volume x;
	struct volume_alarm a;
	uint32_t i = 0, full = 0;
	volume_rule_init(&r, m, step);
	volume_reset(&x, &r);
	for (uint32_t t = 0; t < w->n_steps; t++) {
		int64_t end_ms = MONDAY + (t + 1) * step->span_ms;
		for (; i < v->n && v->ms[i] < end_ms; i++) {
			assert_false(volume_advance(&x, &r, v->ms[i], &a));
			assert_false(volume_session(&x, &r, v->ms[i], &a));
		}
		full |= x.up.n >= VOLUME_POINTS || x.down.n >= VOLUME_POINTS;
		float up = volume_score(&x, &r, end_ms - 1);
		if (w->at_risk[t] && w->count[t] > 0 && !full)
			assert_true(is_close((double)up, w->up[t]));
		assert_false(volume_advance(&x, &r, end_ms, &a));
		double want = fmax(w->up[t], w->down[t]);
		double got = (double)volume_score(&x, &r, end_ms);
		if (w->at_risk[t] && !full)
			assert_true(is_close(got, want));
		if (w->at_risk[t] && full)
			assert_true(got < want + 2e-3 + 1e-4 * want && got > want * .98 - 2e-3);
	}
	return full != 0;
}

static void scores_are_the_maximum_over_all_changes(void **state)
{
	static const double after[] = { 1, 3, .3, 0, 8, .05 };
	struct visits *v = malloc(sizeof *v);
	struct slow *w = malloc(sizeof *w);
	uint64_t seed = 11;
	int full = 0;
	(void)state;
	for (uint32_t k = 0; k < 3000; k++) {
		struct volume_model m = a_model(INFINITY);
		uint32_t steps = 60 + next(&seed) % 240;
		bool hours = k % 5 == 0;
		int64_t span_ms = hours ? HOUR_MS : DAY;
		double rate = exp(uniform(&seed) * 4 - 2.5) * (hours ? 8 : 1);
		m.lag_sessions = k % 3 * 8;
		come(v, &seed, rate, rate * after[k % 6], MONDAY + (int64_t)(steps / 2) * span_ms,
			MONDAY + steps * span_ms, k % 2 == 1);
		slow_run(w, &m, v, span_ms, steps);
		full += compare(&m, v, hours ? &hour : &day, w);
	}
	assert_true(full < 150);        /* no alarm ends a change here */
	free(v);
	free(w);
}

static void assert_same(const struct alarms *a, const struct alarms *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		const struct volume_alarm *x = &a->a[i], *y = &b->a[i];
		assert_true(x->time_ms == y->time_ms && x->onset_ms == y->onset_ms);
		assert_true(x->direction == y->direction && x->sessions == y->sessions);
		assert_memory_equal(&x->score, &y->score, sizeof x->score);
		assert_memory_equal(&x->expected, &y->expected, sizeof x->expected);
	}
}

static void time_may_pass_in_any_portions(void **state)
{
	static const int64_t portion_ms[] = { 997 * 1000 * 60, HOUR_MS, DAY, 11 * DAY + 1 };
	static const struct step *const steps[] = { &day, &hour, &berlin_day, &berlin_hour };
	struct visits *v = malloc(sizeof *v);
	uint64_t seed = 5;
	uint32_t found = 0;
	(void)state;
	for (uint32_t k = 0; k < 240; k++) {
		struct volume_model m = a_model(4);
		struct volume_rule r;
		struct alarms all, some;
		int64_t end_ms = MONDAY + 500 * DAY;
		double rate = exp(uniform(&seed) * 3 - 2);
		come(v, &seed, rate, k % 3 ? rate * .2 : 0, MONDAY + 200 * DAY, end_ms, k % 2);
		volume_rule_init(&r, &m, steps[k % 4]);
		r.records = k % 5 == 4;
		struct volume a = run_visits(&all, &r, v, 0, end_ms);
		found += all.n;
		for (size_t p = 0; p < sizeof portion_ms / sizeof *portion_ms; p++) {
			struct volume b = run_visits(&some, &r, v, portion_ms[p], end_ms);
			assert_same(&all, &some);
			assert_memory_equal(&a, &b, sizeof a);
		}
	}
	assert_true(found > 240);
	free(v);
}

static float max_of(float a, float b)
{
	return a > b ? a : b;
}

/* The alarm comes at the first close at which the score, read after each step, is high enough. */
static void an_alarm_comes_with_the_first_close(void **state)
{
	struct visits *v = malloc(sizeof *v);
	uint64_t seed = 9;
	uint32_t down = 0;
	(void)state;
	static const double after[] = { 0, .1, .2, .35 };
	for (uint32_t k = 0; k < 600; k++) {
		struct volume_model m = a_model(6), never = a_model(INFINITY);
		struct volume_rule r, quiet;
		struct volume x;
		struct volume_alarm a;
		struct alarms all;
		int64_t t = MONDAY;
		uint32_t i = 0;
		double rate = .3 + k % 7;
		come(v, &seed, rate, rate * after[k % 4], MONDAY + 90 * DAY,
			MONDAY + 200 * DAY, false);
		volume_rule_init(&r, &m, &day);
		volume_rule_init(&quiet, &never, &day);
		run_visits(&all, &r, v, 0, MONDAY + 200 * DAY);
		if (all.n == 0 || all.a[0].direction == DIRECTION_SURGE)
			continue;
		volume_reset(&x, &quiet);
		for (t += DAY; ; t += DAY) {
			for (; i < v->n && v->ms[i] < t; i++) {
				assert_false(volume_advance(&x, &quiet, v->ms[i], &a));
				assert_false(volume_session(&x, &quiet, v->ms[i], &a));
			}
			assert_false(volume_advance(&x, &quiet, t, &a));
			if (volume_score(&x, &quiet, t) >= 6)
				break;
		}
		assert_int_equal(all.a[0].time_ms, t);
		down++;
	}
	assert_true(down > 250);
	free(v);
}

/* Of all scores that could be read, the highest. */
static float highest_read(const struct volume_rule *rule, const struct visits *v, uint32_t days)
{
	struct volume_rule r = *rule;
	struct volume x;
	struct volume_alarm a;
	float best = 0;
	uint32_t i = 0;
	r.records = false;
	r.threshold = INFINITY;
	volume_reset(&x, &r);
	for (int64_t t = MONDAY + DAY; t <= MONDAY + days * DAY; t += DAY) {
		for (; i < v->n && v->ms[i] < t; i++) {
			assert_false(volume_advance(&x, &r, v->ms[i], &a));
			assert_false(volume_session(&x, &r, v->ms[i], &a));
			best = max_of(best, volume_score(&x, &r, v->ms[i]));
		}
		assert_false(volume_advance(&x, &r, t, &a));
		best = max_of(best, volume_score(&x, &r, t));
	}
	return best;
}

/* Records rise, and the first to reach a level is where an alarm at that level would be. */
static void records_tell_the_first_alarm_of_any_threshold(void **state)
{
	struct visits *v = malloc(sizeof *v);
	uint64_t seed = 77;
	uint32_t alarms = 0;
	(void)state;
	for (uint32_t k = 0; k < 200; k++) {
		struct volume_model m = a_model((float)(2 + k % 7));
		struct volume_rule r, records;
		struct alarms a, high;
		int64_t end_ms = MONDAY + 100 * DAY;
		uint32_t i = 0;
		come(v, &seed, 1, 1, 0, end_ms, true);
		volume_rule_init(&r, &m, &day);
		records = r;
		records.records = true;
		run_visits(&a, &r, v, 0, end_ms);
		run_visits(&high, &records, v, DAY, end_ms);
		for (uint32_t j = 1; j < high.n; j++)
			assert_true(high.a[j].score > high.a[j - 1].score);
		assert_true(high.n < ALARMS_MAX);
		if (high.n > 0)
			assert_true(is_close((double)high.a[high.n - 1].score,
				(double)highest_read(&r, v, 100)));
		while (i < high.n && high.a[i].score < m.pledge.threshold)
			i++;
		assert_int_equal(a.n > 0, i < high.n);
		if (a.n == 0)
			continue;
		alarms++;
		assert_int_equal(a.a[0].time_ms, high.a[i].time_ms);
		assert_memory_equal(&a.a[0].score, &high.a[i].score, sizeof(float));
	}
	assert_true(alarms > 50);
	free(v);
}

/* A parabola has a vertex for every step: the bound bites, and the state stays within it. */
static void a_full_hull_gives_up_little(void **state)
{
	struct visits v = {0};
	struct volume_model m = a_model(INFINITY);
	struct volume_rule r;
	struct alarms a;
	m.prior_sessions = 1e6f;        /* a rate that nothing moves */
	struct slow *w = malloc(sizeof *w);
	(void)state;
	for (uint32_t t = 0; t < 12; t++)
		v.ms[v.n++] = MONDAY + t * DAY;
	for (uint32_t t = 12; t < 60; t++)
		for (uint32_t k = 0; k <= t - 12; k++)
			v.ms[v.n++] = MONDAY + t * DAY + k * 600000;
	volume_rule_init(&r, &m, &day);
	struct volume x = run_visits(&a, &r, &v, 0, MONDAY + 60 * DAY);
	assert_int_equal(x.up.n, VOLUME_POINTS);
	slow_run(w, &m, &v, DAY, 60);
	double got = (double)volume_score(&x, &r, MONDAY + 60 * DAY);
	assert_true(got <= w->up[59] * (1 + 1e-4) && got > w->up[59] * .98);
	free(w);
}

static void state_fits_the_budget(void **state)
{
	(void)state;
	assert_true(sizeof(struct volume) <= 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_are_the_maximum_over_all_changes),
		cmocka_unit_test(time_may_pass_in_any_portions),
		cmocka_unit_test(an_alarm_comes_with_the_first_close),
		cmocka_unit_test(records_tell_the_first_alarm_of_any_threshold),
		cmocka_unit_test(a_full_hull_gives_up_little),
		cmocka_unit_test(state_fits_the_budget),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_steps, drop_steps);
}
