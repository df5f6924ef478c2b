/* bench_fewshot.c - what a new user gets from the forecasters of all users, by how many events that
 * user has had: MSE of the next day's interest, beside the user's own days and the mean of others.
 *
 * Forecasters learn from one half of the users up to the middle of the log (halves.h); asked about
 * are users of the other half who come after that; of a generated log, where all come at once, those
 * of whom no more is known than what they do after it. Logs: generated, and the real ones.
 */
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "detect/forecast.h"
#include "detect/volume.h"
#include "halves.h"
#include "harness.h"
#include "learn/fit_forecast.h"
#include "series/history.h"

#define BINS 9                  /* 1, 2, to 4, to 8 ... events, and more */
#define LEAST 50u               /* forecasts that a line is worth */
#define NEAR 3                  /* errors to expect */

enum { AR, FOREST, LSTM, OWN, LAST_DAY, OTHERS, GUESSES };
static const char *const guess_name[GUESSES] = { "ar", "forest", "lstm", "own history",
	"last day", "mean of others" };

struct bin {
	uint64_t n, near;       /* near: within what ar expects of itself */
	double error2[GUESSES];
};

/* One walk over users: the guesses of a day wait until it has closed. */
struct asking {
	struct forecast_model m[LSTM + 1];
	struct bin bin[BINS];
	double days, interest;  /* of those learnt from */
	uint32_t n_users, n_events;
	int64_t day_ms;         /* that guess is of; INT64_MIN: none */
	double guess[GUESSES], expected;
	uint32_t bin_at;
};

static uint32_t bin_of(uint32_t n_events)
{
	uint32_t k = 0;

	for (uint32_t most = 1; most < n_events && k + 1 < BINS; most *= 2)
		k++;
	return k;
}

static double ask(const struct forecast_model *m, const struct forecast *f,
	const struct forecast_rule *r)
{
	struct observation o[FORECAST_STEPS];
	float x[FORECASTER_COLUMNS_MAX], y;
	uint32_t n = forecaster_window(&m->f);

	forecast_window(f, r, n, o);
	forecaster_row(&m->f, o + n - 1, f->open_ms, x);
	forecaster_predict(&m->f, x, 1, &y);
	return (double)y;
}

static void judge(struct asking *a, const struct observation *closed)
{
	struct bin *b = &a->bin[a->bin_at];
	double y = (double)closed->at[OBSERVED_VALUE];

	if (closed->start_ms != a->day_ms)
		return;
	b->n++;
	b->near += fabs(y - a->guess[AR]) <= NEAR * a->expected;
	for (int i = 0; i < GUESSES; i++)
		b->error2[i] += (a->guess[i] - y) * (a->guess[i] - y);
}

/* A day has closed; ar is what the user's own error is of. */
static float on_day(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	struct asking *a = ctx;
	struct observation closed;

	forecast_window(f, r, 1, &closed);
	judge(a, &closed);
	for (int k = AR; k <= LSTM; k++)
		a->guess[k] = ask(&a->m[k], f, r);
	a->guess[OWN] = (double)forecast_level(f);
	a->guess[LAST_DAY] = (double)closed.at[OBSERVED_VALUE];
	a->guess[OTHERS] = a->interest / a->days;
	a->expected = (double)forecast_error(f, r);
	a->day_ms = f->open_ms;
	a->bin_at = bin_of(a->n_events);
	return (float)a->guess[AR];
}

/* The days that are learnt from, without what a user's first day is. */
static float count_day(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	struct asking *a = ctx;
	struct observation closed;

	forecast_window(f, r, 1, &closed);
	if (closed.start_ms == a->day_ms) {
		a->interest += (double)closed.at[OBSERVED_VALUE];
		a->days++;
	}
	a->day_ms = f->open_ms;
	return 0;
}

static void walk(struct asking *a, const struct user_events *u, const int64_t span_ms[2],
	float (*on)(void *ctx, const struct forecast *f, const struct forecast_rule *r))
{
	struct forecast_rule r;
	struct forecast f;
	struct forecast_alarm alarm;

	forecast_rule_init(&r, &a->m[AR], &volume_day);
	r.threshold = INFINITY;
	r.predict = on;
	r.ctx = a;
	forecast_reset(&f, &r);
	a->day_ms = INT64_MIN;
	a->n_events = 0;
	for (uint32_t i = 0; i < u->n && u->time_ms[i] < span_ms[1]; i++) {
		uint8_t count[FORECAST_COUNTS] = { 0 };

		if (u->time_ms[i] < span_ms[0] || u->behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		forecast_advance(&f, &r, u->time_ms[i], &alarm);
		forecast_count(count, u->behaviour[i]);
		forecast_see(&f, &r, u->time_ms[i], count);
		a->n_events++;
	}
	forecast_advance(&f, &r, span_ms[1], &alarm);
}

/* False: the log is too short. */
static bool fit(struct asking *a, const struct halves *h)
{
	static struct forecast_report report;
	struct history *half = halves_teachers(h);
	struct err e = { 0 };

	for (int k = AR; k <= LSTM; k++) {
		const struct forecast_fit_options o = { .step = &volume_day,
			.until_ms = h->cut_ms - 1, .insists = true, .seed = 1, .threads = 2,
			.kinds = FORECAST_KIND(FORECASTER_LINEAR + k) };
		int r = fit_forecast(&a->m[k], half, &h->run.ids, &o, &report, &e);

		if (r < 0 && r != -ENODATA)
			harness_die(e.text);
		/* Without anybody at risk there is no threshold, but there is a forecaster. */
		if (a->m[k].f.kind == FORECASTER_NONE) {
			printf("\n%s   skipped: %s\n", h->name, e.text);
			history_free(half);
			return false;
		}
	}
	history_free(half);
	return true;
}

static double error2(const struct asking *a, int guess)
{
	double sum = 0;

	for (int k = 0; k < BINS; k++)
		sum += a->bin[k].error2[guess];
	return sum;
}

static void show(const struct asking *a, const struct halves *h)
{
	printf("\n%s: %u new users\n%12s %9s", h->name, a->n_users, "EVENTS", "FORECASTS");
	for (int i = 0; i < GUESSES; i++)
		printf(" %14s", guess_name[i]);
	printf(" %7s\n", "WITHIN");
	for (int k = 0; k < BINS; k++) {
		const struct bin *b = &a->bin[k];
		unsigned least = k ? (1u << (k - 1)) + 1 : 1;
		char events[24];

		if (b->n < LEAST)
			continue;
		if (k < 2)
			snprintf(events, sizeof(events), "%u", least);
		else if (k + 1 < BINS)
			snprintf(events, sizeof(events), "%u to %u", least, 1u << k);
		else
			snprintf(events, sizeof(events), "%u or more", least);
		printf("%12s %9llu", events, (unsigned long long)b->n);
		for (int i = 0; i < GUESSES; i++)
			printf(" %14.4g", b->error2[i] / (double)b->n);
		printf(" %7.3f\n", (double)b->near / (double)b->n);
	}
	for (int i = AR; i <= LSTM; i++)
		printf("new users of %s, %s   to their own history, MSE ratio %.3f\n", h->name,
			guess_name[i], error2(a, i) / error2(a, OWN));
	fflush(stdout);
}

static void one(const struct halves *h)
{
	const int64_t span_ms[] = { INT64_MIN, h->cut_ms, h->end_ms };
	struct asking *a = calloc(1, sizeof(*a));

	if (!a)
		harness_die("forecasters");
	bool fits = fit(a, h);
	for (int pupils = 0; fits && pupils < 2; pupils++)
		for (uint32_t user = 0; user < history_n_users(h->run.history); user++) {
			struct user_events u;

			history_user(h->run.history, user, &u);
			if (u.n == 0 || halves_teaches(h, user) == pupils ||
			    (pupils && u.time_ms[0] < h->cut_ms && !h->is_generated))
				continue;
			a->n_users += pupils;
			walk(a, &u, span_ms + pupils, pupils ? on_day : count_day);
		}
	if (fits)
		show(a, h);
	for (int k = AR; k <= LSTM; k++)
		forecast_model_done(&a->m[k]);
	free(a);
}

int main(void)
{
	openblas_set_num_threads(1);
	halves_each(one);
	return 0;
}
