/* bench_mean.c - how many sessions a user will have on a day: what channel `volume` expects of the
 * user's own pace, beside a forecaster of other users' days.
 *
 * Week, pace and forecasters are of the days at risk of one half of the users (halves.h); judged are
 * those of the other half. Both are of all of the log: of days to come forecasters would know less.
 * Nats are of a Poisson count of that mean, and how many more than volume's, as it is and without
 * its lag.
 * Forecasters see the columns of channel `forecast`, sessions in the place of interest; and once
 * more with what volume expects as a column.
 */
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/err.h"
#include "detect/volume.h"
#include "halves.h"
#include "harness.h"
#include "learn/fit_forecast_parts.h"
#include "learn/fit_params.h"
#include "learn/fit_volume.h"
#include "learn/fit_volume_parts.h"
#include "series/step.h"

#define GAP_MS (30 * INT64_C(60000))
#define BEFORE 64u              /* days without events before a user's first */
#define FLOOR .05               /* of the mean of all: what a forecaster says at least */

enum { OWN, OWN_NOW, OWNS };    /* as volume has it; without its lag */

/* Up to the user's last event. */
struct days {
	uint32_t n;
	int64_t first_ms;
	struct observation *at; /* [BEFORE + n]; its value is sessions */
	float *own[OWNS];       /* [n]; NAN: not at risk */
};

/* A day at risk. */
struct place {
	uint32_t user, day;
};

struct places {
	struct place *at;
	uint32_t n;
};

struct study {
	const struct halves *h;
	struct volume_model volume;
	struct days *user;
	struct places taught, asked;
	double mean;            /* sessions of a day that is learnt from */
};

static void *room(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		harness_die("days");
	return p;
}

static void count_event(struct days *d, int64_t ms, unsigned behaviour)
{
	static const enum observed as[] = { [BEHAVIOUR_VIEW] = OBSERVED_VIEWS,
		[BEHAVIOUR_CART] = OBSERVED_CARTS, [BEHAVIOUR_FAVOURITE] = OBSERVED_FAVOURITES,
		[BEHAVIOUR_BUY] = OBSERVED_BUYS };

	if (behaviour <= BEHAVIOUR_BUY)
		d->at[BEFORE + (ms - d->first_ms) / DAY_MS].at[as[behaviour]]++;
}

static void begin(struct days *d, const struct user_events *u)
{
	d->first_ms = step_start_ms(&volume_day, u->time_ms[0]);
	d->n = (uint32_t)((u->time_ms[u->n - 1] - d->first_ms) / DAY_MS) + 1;
	d->at = room(BEFORE + d->n, sizeof(*d->at));
	for (int k = 0; k < OWNS; k++)
		d->own[k] = room(d->n, sizeof(float));
	for (uint32_t i = 0; i < BEFORE + d->n; i++) {
		d->at[i].start_ms = d->first_ms + ((int64_t)i - BEFORE) * DAY_MS;
		d->at[i].price = NAN;
	}
	for (uint32_t i = 0; i < u->n; i++)
		count_event(d, u->time_ms[i], u->behaviour[i]);
}

/* What is expected of each day before it begins. */
static void expect(struct study *s, struct volume_walk walk, struct days *d, int own)
{
	struct volume_rule r;
	struct volume_alarm a;
	struct volume v;
	int64_t ms = 0;
	bool more = volume_walk_next(&walk, &ms);

	volume_rule_init(&r, &s->volume, &volume_day);
	r.threshold = INFINITY;
	r.lag = own == OWN ? r.lag : 0;
	volume_reset(&v, &r);
	for (uint32_t day = 0; day < d->n; day++) {
		int64_t from_ms = d->first_ms + day * DAY_MS, to_ms = from_ms + DAY_MS;

		volume_advance(&v, &r, from_ms, &a);
		d->own[own][day] = v.down.n == 0 ? NAN :
			(float)((double)volume_rate(&v, &r) * volume_days(&r, from_ms, to_ms));
		for (; more && ms < to_ms; more = volume_walk_next(&walk, &ms)) {
			volume_advance(&v, &r, ms, &a);
			volume_session(&v, &r, ms, &a);
			d->at[BEFORE + day].at[OBSERVED_VALUE] += own == OWN;
		}
	}
}

static void take_days(struct study *s)
{
	const struct volume_fit_options vo = { .step = &volume_day, .gap_ms = GAP_MS,
		.until_ms = INT64_MAX };
	const struct volume_fit f = { .h = s->h->run.history, .o = &vo };

	for (uint32_t user = 0; user < history_n_users(f.h); user++) {
		struct volume_walk walk;

		volume_walk_init(&walk, &f, user);
		if (walk.u.n == 0)
			continue;
		begin(&s->user[user], &walk.u);
		for (int own = 0; own < OWNS; own++)
			expect(s, walk, &s->user[user], own);
	}
}

static const struct observation *observed(const struct study *s, struct place p)
{
	return s->user[p.user].at + BEFORE + p.day;
}

static void add(struct places *to, struct place p)
{
	if ((to->n & (to->n - 1)) == 0)
		to->at = realloc(to->at, (to->n ? 2 * to->n : 1) * sizeof(*to->at));
	if (!to->at)
		harness_die("places");
	to->at[to->n++] = p;
}

static void find_places(struct study *s)
{
	for (uint32_t user = 0; user < history_n_users(s->h->run.history); user++)
		for (uint32_t day = 0; day < s->user[user].n; day++) {
			struct place p = { user, day };
			bool teaches = halves_teaches(s->h, user);

			if (isnan(s->user[user].own[OWN][day]))
				continue;
			add(teaches ? &s->taught : &s->asked, p);
			s->mean += teaches ? (double)observed(s, p)->at[OBSERVED_VALUE] : 0;
		}
	s->mean /= s->taught.n;
}

static void make_rows(const struct study *s, const struct places *p, const struct forecaster *f,
	struct dataset *ret)
{
	struct err e = { 0 };

	if (dataset_init(ret, p->n, forecaster_columns(f), &e) < 0)
		harness_die(e.text);
	for (uint32_t i = 0; i < p->n; i++) {
		const struct observation *o = observed(s, p->at[i]);

		ret->series[i] = p->at[i].user;
		ret->time_ms[i] = ret->known_ms[i] = o->start_ms;
		ret->y[i] = o->at[OBSERVED_VALUE];
		forecaster_row(f, o - 1, o->start_ms, dataset_row(ret, i));
	}
}

/* The columns that the channel has of a log so long; with volume's, the price of a day. */
static void shape(const struct forecast_fit *fit, enum forecaster_kind kind, bool with_own,
	struct forecaster *ret)
{
	struct feature_set own;
	struct err e = { 0 };

	if (forecast_fit_shape(fit, kind, ret, &e) < 0 || feature_init(&own, "price1", 1, &e) < 0)
		harness_die(e.text);
	if (with_own)
		ret->features.feature[ret->features.n++] = own.feature[0];
	for (int i = 0; i < OBSERVED_N; i++)
		ret->features.cap[i] = INFINITY;
}

/* Where a row looks for the price, it finds what volume expects of the day that is forecast. */
static void put_own(struct study *s)
{
	for (uint32_t user = 0; user < history_n_users(s->h->run.history); user++) {
		struct days *d = &s->user[user];

		for (uint32_t day = 0; day < d->n; day++)
			d->at[BEFORE + day - 1].price = d->own[OWN][day];
	}
}

static void forecast(struct study *s, enum forecaster_kind kind, bool with_own, float *ret)
{
	static struct forecast_report report;
	const struct forecast_fit_options o = { .seed = 1, .threads = 2 };
	struct forecast_model m;
	struct forecast_fit fit = { .m = &m, .o = &o, .report = &report,
		.days = (double)(s->h->end_ms - s->h->first_ms) / DAY_MS };
	struct forecast_maker k = { .f = &fit, .kind = kind, .test = FORECAST_APART,
		.measures = true };
	struct forecaster f;
	struct dataset d;
	struct err e = { 0 };

	forecast_model_default(&m);
	fit_params_standard(kind, fit.value[kind]);
	shape(&fit, kind, with_own, &f);
	make_rows(s, &s->taught, &f, &d);
	if (forecast_make(&k, &d, &f, &e) < 0)
		harness_die(e.text);
	dataset_done(&d);
	make_rows(s, &s->asked, &f, &d);
	forecaster_predict(&f, d.x, d.n_rows, ret);
	for (uint32_t i = 0; i < d.n_rows; i++)
		ret[i] = fmaxf(ret[i], (float)(FLOOR * s->mean));
	dataset_done(&d);
	forecaster_done(&f);
}

static double nats(double y, double mean)
{
	return y * log(mean) - mean - lgamma(y + 1);
}

/* How many nats more than volume's, and the standard error of that: days of a user are alike, so it is
 * by users.
 */
static double gain(const struct study *s, const float *guess, int own, double *ret_error)
{
	double all = 0, spread = 0, sum = 0, days = 0;

	for (int last = 0; last < 2; last++)
		for (uint32_t i = 0; i < s->asked.n; i++) {
			struct place p = s->asked.at[i];
			double y = (double)observed(s, p)->at[OBSERVED_VALUE];
			double more = nats(y, (double)guess[i]) -
				nats(y, (double)s->user[p.user].own[own][p.day]);

			all += last ? 0 : more / s->asked.n;
			sum += more;
			days++;
			if (i + 1 < s->asked.n && s->asked.at[i + 1].user == p.user)
				continue;
			spread += last ? pow(sum - days * all, 2) : 0;
			sum = days = 0;
		}
	*ret_error = sqrt(spread) / s->asked.n;
	return all;
}

/* The mean squared error. */
static double show(const struct study *s, const char *name, const float *guess)
{
	uint32_t n = s->asked.n;
	double sum = 0, error2 = 0, deviance = 0, more[OWNS], error[OWNS];

	for (uint32_t i = 0; i < n; i++) {
		double y = (double)observed(s, s->asked.at[i])->at[OBSERVED_VALUE];
		double mean = (double)guess[i];

		sum += nats(y, mean);
		deviance += 2 * ((y > 0 ? y * log(y / mean) : 0) - (y - mean));
		error2 += (y - mean) * (y - mean);
	}
	for (int own = 0; own < OWNS; own++)
		more[own] = gain(s, guess, own, &error[own]);
	printf("%-23s %8.4f %+8.4f %7.4f %+8.4f %7.4f %8.4f %8.4f\n", name, sum / n, more[OWN],
		error[OWN], more[OWN_NOW], error[OWN_NOW], deviance / n, error2 / n);
	fflush(stdout);
	return error2 / n;
}

static void judge(struct study *s)
{
	float *guess = room(s->asked.n, sizeof(*guess));
	double mse[OWNS], ar_mse = 0;
	static const char *const own_name[OWNS] = { "volume", "volume without its lag" };

	printf("\n%s: learnt from %u days of %.3f sessions, asked about %u\n"
		"%-23s %8s %8s %7s %8s %7s %8s %8s\n", s->h->name, s->taught.n, s->mean, s->asked.n,
		"EXPECTED BY", "NATS", "MORE", "S.E.", "NO LAG", "S.E.", "DEVIANCE", "MSE");
	for (int own = 0; own < OWNS; own++) {
		for (uint32_t i = 0; i < s->asked.n; i++) {
			struct place p = s->asked.at[i];

			guess[i] = s->user[p.user].own[own][p.day];
		}
		mse[own] = show(s, own_name[own], guess);
	}
	for (int with_own = 0; with_own < 2; with_own++)
		for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++) {
			char name[40];

			forecast(s, (enum forecaster_kind)k, with_own, guess);
			snprintf(name, sizeof(name), "%s%s", forecaster_name[k],
				with_own ? ", volume a column" : "");
			double found = show(s, name, guess);
			ar_mse = k == FORECASTER_LINEAR && !with_own ? found : ar_mse;
		}
	printf("sessions of %s, ar   to volume's mean, MSE ratio %.3f\n", s->h->name,
		ar_mse / mse[OWN]);
	free(guess);
}

static void one(const struct halves *h)
{
	const struct volume_fit_options vo = { .step = &volume_day, .gap_ms = GAP_MS,
		.until_ms = INT64_MAX, .threads = 2 };
	uint32_t n = history_n_users(h->run.history);
	struct study s = { .h = h, .user = room(n, sizeof(*s.user)) };
	struct history *half = halves_teachers(h);
	struct err e = { 0 };
	int r = fit_volume(&s.volume, half, &h->run.ids, &vo, &e);

	if (r < 0 && r != -ENODATA)
		harness_die(e.text);
	take_days(&s);
	find_places(&s);
	put_own(&s);
	if (s.taught.n > 0 && s.asked.n > 0)
		judge(&s);
	for (uint32_t user = 0; user < n; user++) {
		free(s.user[user].at);
		free(s.user[user].own[OWN]);
		free(s.user[user].own[OWN_NOW]);
	}
	free(s.user);
	free(s.taught.at);
	free(s.asked.at);
	history_free(half);
}

int main(void)
{
	openblas_set_num_threads(1);
	halves_each(one);
	return 0;
}
