/* Channel forecast against its definition: every step anew, in doubles, from the user's events. */
#include "detect/forecast.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clicks.h"
#include "detect/volume.h"
#include "diary.h"

#define DAYS DIARY_DAYS
#define USERS 40u
#define ALARMS_MAX 512
#define SLEEP 32                /* days without events */

struct alarms {
	uint32_t n;
	struct forecast_alarm a[ALARMS_MAX];
};

/* A weighted mean of the last n numbers, the newest last, and the sum of its weights. */
static double smooth(const double *x, uint32_t n, double keep, double *ret_weight)
{
	double sum = 0, weight = 0;
	for (uint32_t i = 0; i < n; i++) {
		sum += x[i] * pow(keep, n - 1 - i);
		weight += pow(keep, n - 1 - i);
	}
	*ret_weight = weight;
	return weight > 0 ? sum / weight : 0;
}

/* A user as of some day, with all that has been since the last restart. */
struct naive {
	double level[DAYS], error[DAYS];
	uint32_t n_levels, n_errors, steps_with_events;
	bool at_risk;
	int64_t side_since;
	int side;
	double best;
};

static double score_of(const struct naive *u, const struct forecast_model *m, double predicted,
	double *ret_level)
{
	double weight, error;
	*ret_level = smooth(u->level, u->n_levels, 1 - 2. / (m->level_steps + 1), &weight);
	error = smooth(u->error, u->n_errors, 1 - 2. / (m->error_steps + 1), &weight);
	error = (error * weight + (double)(m->scale * m->prior_steps)) /
		(weight + (double)m->prior_steps);
	return (predicted - *ret_level) / error;
}

static void restart(struct naive *u, const struct diary *d, int64_t day)
{
	int64_t from = u->side_since > day - 31 ? u->side_since : day - 31;
	u->n_levels = 0;
	for (int64_t k = from; k <= day; k++)
		u->level[u->n_levels++] = diary_value(d, k);
	u->steps_with_events = 0;
	u->at_risk = false;
	u->side = 0;
}

static void close_day(struct naive *u, const struct diary *d, int64_t day,
	const struct forecast_rule *r, struct alarms *to)
{
	double level, predicted = diary_foretell(d, day);
	double score = score_of(u, r->m, predicted, &level);
	int side = score > 0 ? 1 : score < 0 ? -1 : 0;
	bool at_risk = u->at_risk;
	u->steps_with_events += d->seen[day];
	u->at_risk = u->steps_with_events >= r->m->warm_up_steps;
	if (side != u->side)
		u->side_since = day;
	u->side = side;
	bool news = r->records ? fabs(score) > u->best + 1e-6 :
		fabs(score) >= (double)r->threshold;
	if (!at_risk || side == 0 || !news)
		return;
	to->a[to->n++] = (struct forecast_alarm){ .time_ms = MONDAY + (day + 1) * DAY,
		.onset_ms = MONDAY + u->side_since * DAY,
		.direction = side > 0 ? DIRECTION_UP : DIRECTION_DOWN, .score = (float)fabs(score),
		.level = (float)level, .predicted = (float)predicted };
	u->best = fabs(score);
	if (!r->records)
		restart(u, d, day);
}

static void naive_alarms(const struct diary *d, const struct forecast_rule *r, struct alarms *to)
{
	struct naive *u = calloc(1, sizeof *u);
	double predicted = -1;
	int quiet = SLEEP;
	*to = (struct alarms){0};
	for (int64_t day = 0; day < DAYS; day++) {
		quiet = d->seen[day] ? 0 : quiet + 1;
		if (quiet > SLEEP)
			continue;       /* asleep */
		if (predicted >= 0)
			u->error[u->n_errors++] = fabs(predicted - d->value[day]);
		u->level[u->n_levels++] = d->value[day];
		predicted = quiet < SLEEP ? diary_foretell(d, day) : -1;
		if (quiet < SLEEP)
			close_day(u, d, day, r, to);
		else
			u->side = 0;
	}
	free(u);
}

/* Through the module itself; time passes in portions of random length where asked for. */
static void run(const struct clicks *c, const struct forecast_rule *r, uint64_t portions,
	struct alarms *to)
{
	struct forecast f;
	struct forecast_alarm a;
	struct chance p = { portions };
	int64_t now = MONDAY;
	forecast_reset(&f, r);
	*to = (struct alarms){0};
	for (uint32_t i = 0; i <= c->n; i++) {
		int64_t at = i < c->n ? c->at[i].ms : MONDAY + DAYS * DAY;
		while (portions && (now += chance_below(&p, 400000) * 1000LL) < at)
			while (forecast_advance(&f, r, now, &a))
				to->a[to->n++] = a;
		while (forecast_advance(&f, r, at, &a))
			to->a[to->n++] = a;
		now = at;
		if (i == c->n)
			break;
		uint8_t count[FORECAST_COUNTS] = {0};
		forecast_count(count, c->at[i].behaviour);
		forecast_see(&f, r, at, count);
	}
}

static void assert_near(float a, float b)
{
	assert_true(fabs((double)a - (double)b) <= 2e-4 * (1 + fabs((double)b)));
}

static void assert_same(const struct alarms *a, const struct alarms *b)
{
	assert_int_equal(a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		assert_int_equal(a->a[i].time_ms, b->a[i].time_ms);
		assert_int_equal(a->a[i].onset_ms, b->a[i].onset_ms);
		assert_int_equal(a->a[i].direction, b->a[i].direction);
		assert_near(a->a[i].score, b->a[i].score);
		assert_near(a->a[i].level, b->a[i].level);
		assert_near(a->a[i].predicted, b->a[i].predicted);
	}
}

struct counts {
	uint32_t up, down, second;
};

static void compare_users(float threshold, bool records, struct counts *n)
{
	static struct clicks c;
	static struct alarms want, got;
	struct forecast_model m;
	struct forecast_rule r;
	struct diary d;
	known_model(&m, threshold);
	forecast_rule_init(&r, &m, &volume_day);
	r.records = records;
	for (uint64_t user = 0; user < USERS; user++) {
		make_clicks(&c, user, DAYS);
		diary_write(&d, &c);
		naive_alarms(&d, &r, &want);
		run(&c, &r, 0, &got);
		assert_same(&got, &want);
		for (uint32_t i = 0; i < got.n; i++) {
			n->up += got.a[i].direction == DIRECTION_UP;
			n->down += got.a[i].direction == DIRECTION_DOWN;
			n->second += i > 0;
		}
	}
	forecast_model_done(&m);
}

static void alarms_are_those_of_the_definition(void **state)
{
	struct counts n = {0};
	(void)state;
	compare_users(.8f, false, &n);
	assert_true(n.up > 20 && n.down > 20 && n.second > 20);
}

static void records_are_those_of_the_definition(void **state)
{
	struct counts n = {0};
	(void)state;
	compare_users(INFINITY, true, &n);
	assert_true(n.second > 100);
}

static void time_may_pass_in_any_portions(void **state)
{
	static struct clicks c;
	static struct alarms once, often;
	struct forecast_model m;
	struct forecast_rule r;
	(void)state;
	known_model(&m, 1.2f);
	forecast_rule_init(&r, &m, &volume_day);
	for (uint64_t user = 0; user < USERS; user++) {
		make_clicks(&c, user, DAYS);
		run(&c, &r, 0, &once);
		run(&c, &r, user + 1, &often);
		assert_int_equal(once.n, often.n);
		assert_memory_equal(once.a, often.a, once.n * sizeof *once.a);
	}
	forecast_model_done(&m);
}

/* Counts of an instant together, or one event after the other, and however many. */
static void counts_hold_at_most_255(void **state)
{
	struct forecast_model m;
	struct forecast_rule r;
	struct forecast a, b;
	(void)state;
	known_model(&m, 1);
	forecast_rule_init(&r, &m, &volume_day);
	forecast_reset(&a, &r);
	forecast_reset(&b, &r);
	uint8_t all[FORECAST_COUNTS] = {0};
	for (int i = 0; i < 300; i++) {
		uint8_t one[FORECAST_COUNTS] = {0};
		forecast_count(one, (uint8_t)(i % BEHAVIOUR_N));
		forecast_count(all, (uint8_t)(i % 2 ? BEHAVIOUR_VIEW : i % BEHAVIOUR_N));
		forecast_see(&a, &r, MONDAY, one);
	}
	for (int i = 0; i < 4; i++)
		forecast_see(&b, &r, MONDAY, all);
	assert_int_equal(a.open[0], 50);
	assert_int_equal(b.open[0], 255);
	forecast_model_done(&m);
}

/* A user of one event has what the model knows of all: a forecast, and how far it may be off. Only
 * alarms wait for days of the user's own.
 */
static void the_first_event_is_enough(void **state)
{
	struct forecast_model m;
	struct forecast_rule r;
	struct forecast f;
	struct forecast_alarm a;
	struct diary d = { .value[3] = 5, .seen[3] = true };
	const uint8_t buy[FORECAST_COUNTS] = { [OBSERVED_BUYS - 1] = 1 };
	(void)state;
	known_model(&m, 0);
	forecast_rule_init(&r, &m, &volume_day);
	forecast_reset(&f, &r);
	assert_true(f.predicted < 0 && forecast_error(&f, &r) == m.scale);
	forecast_see(&f, &r, MONDAY + 3 * DAY + 5, buy);
	assert_false(forecast_advance(&f, &r, MONDAY + 4 * DAY - 1, &a));
	assert_true(f.predicted < 0);
	for (int day = 3; day < 6; day++) {
		float off = fabsf(f.predicted), before = forecast_error(&f, &r);
		assert_false(forecast_advance(&f, &r, MONDAY + (day + 1) * DAY, &a));
		assert_near(f.predicted, (float)diary_foretell(&d, day));
		assert_true(f.predicted > 0 && f.risk_ms == INT64_MAX);
		/* An error of the user's own joins it, and decides the less the fewer there are. */
		float error = forecast_error(&f, &r);
		assert_true(day > 3 ? (error > before) == (off > before) : error == m.scale);
		assert_true(fabsf(error - before) <= fabsf(off - before) / m.prior_steps);
	}
	forecast_model_done(&m);
}

/* Who is away for years costs no more than who is away for two months. */
static void a_sleeper_is_skipped(void **state)
{
	struct forecast_model m;
	struct forecast_rule r;
	struct forecast f;
	struct forecast_alarm a;
	const uint8_t one[FORECAST_COUNTS] = { 1 };
	(void)state;
	known_model(&m, 1e6f);
	forecast_rule_init(&r, &m, &volume_day);
	forecast_reset(&f, &r);
	forecast_see(&f, &r, MONDAY, one);
	assert_false(forecast_advance(&f, &r, MONDAY + 33 * DAY, &a));
	struct forecast asleep = f;
	assert_true(asleep.open_ms == INT64_MIN);
	assert_false(forecast_advance(&f, &r, MONDAY + 100000 * DAY, &a));
	assert_memory_equal(&f, &asleep, sizeof f);
	forecast_see(&f, &r, MONDAY + 100000 * DAY + 5, one);
	assert_true(f.open_ms == MONDAY + 100000 * DAY && f.predicted < 0);
	forecast_model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarms_are_those_of_the_definition),
		cmocka_unit_test(records_are_those_of_the_definition),
		cmocka_unit_test(time_may_pass_in_any_portions),
		cmocka_unit_test(counts_hold_at_most_255),
		cmocka_unit_test(the_first_event_is_enough),
		cmocka_unit_test(a_sleeper_is_skipped),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
