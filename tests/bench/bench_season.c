/* bench_season.c - forecasts of hourly series with a season of days and weeks, by what `veer train`
 * fits to a channel's steps, beside seasonal naive ones, an hour ahead and a day: three tests that
 * roll forward over the later half. Ratios are of MSE, to the better of the last day and the last
 * week. Of made series there is also the best forecast that can be. Logs: $SHARED/data, or
 * $VEER_DATA.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "harness.h"
#include "learn/fit_forecast_parts.h"
#include "learn/fit_params.h"
#include "season_data.h"

#define HOUR_MS INT64_C(3600000)
#define SERIES 20u
#define WEEKS 12u
#define TESTS 3u
#define NETWORK_STEPS 12u
#define MOST 6u                 /* forecasts of a contest */

#define WAVES "hour_sin1-3,hour_cos1-3,day_sin1-3,day_cos1-3"

/* Columns by how much of the season a log can show: of weeks, or only of days. */
static const struct columns {
	const char *all, *network;
	uint32_t first;         /* hours that no row looks further back than */
} columns_of[] = {
	{ "lag1-2,season24,hour_sin,hour_cos", "lag1,season24,hour_sin,hour_cos",
		SEASON_DAY + NETWORK_STEPS },
	{ "lag1-3,season168-169,season336,season504,mean168,swing24,swing168," WAVES,
		"lag1,mean24,season168,swing168,hour_sin,hour_cos,day_sin,day_cos",
		4 * SEASON_WEEK + NETWORK_STEPS },
};

static const struct log {
	const char *name, *file;
	uint32_t n_series;
	bool has_weeks;
} logs[] = {
	{ "taobao", "taobao_815users_dev.csv", 0, false },
	{ "taobao, 10 categories", "taobao_815users_dev.csv", 10, false },
	{ "completejourney", "completejourney_dev.csv", 0, true },
	{ "onlineretail", "onlineretail_dev.csv", 0, true },
};

/* What is judged: of kind NONE, the first column is the forecast. */
struct entrant {
	const char *name;
	const char *list;
	enum forecaster_kind kind;
	bool is_season;
};

struct contest {
	const struct season_data *data;
	const char *name;
	uint32_t ahead, first;  /* hours */
	struct fold fold[TESTS];
	double naive_mse;       /* of the better season; 0: not known yet */
};

struct course {
	const struct contest *c;
	const struct entrant *t;
};

static void shape(const struct course *of, struct forecaster *ret)
{
	struct err e = { 0 };

	*ret = (struct forecaster){ .kind = of->t->kind,
		.steps = of->t->kind == FORECASTER_LSTM ? NETWORK_STEPS : 1 };
	if (feature_init(&ret->features, of->t->list, of->c->ahead, &e) < 0)
		harness_die(e.text);
	if (forecaster_window(ret) > of->c->first)
		harness_die("a row looks too far back");
}

static int fit(void *ctx, const struct dataset *d, void **ret, struct err *e)
{
	struct forecaster *f = malloc(sizeof(*f));
	static struct forecast_report report;
	const struct forecast_fit_options o = { .seed = 1, .threads = 2 };
	struct forecast_fit all = { .o = &o, .report = &report };
	struct forecast_maker k = { .f = &all, .test = FORECAST_APART, .measures = true };

	if (!f)
		harness_die("a forecaster");
	shape(ctx, f);
	k.kind = f->kind;
	*ret = f;
	if (f->kind == FORECASTER_NONE)
		return 0;
	fit_params_standard(f->kind, all.value[f->kind]);
	return forecast_make(&k, d, f, e);
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	const struct forecaster *f = model;

	if (f->kind != FORECASTER_NONE)
		forecaster_predict(f, x, n_rows, ret);
	else
		memcpy(ret, x, n_rows * sizeof(*x));
}

static void drop(void *model)
{
	forecaster_done(model);
	free(model);
}

static uint32_t rows_each(const struct contest *c)
{
	return c->data->n_hours - c->first - c->ahead + 1;
}

static void make_rows(const struct contest *c, const struct forecaster *f, struct dataset *ret)
{
	uint32_t n = 0;
	struct err e = { 0 };

	if (dataset_init(ret, rows_each(c) * c->data->n_series, forecaster_columns(f), &e) < 0)
		harness_die(e.text);
	for (uint32_t s = 0; s < c->data->n_series; s++)
		for (uint32_t i = 0; i < rows_each(c); i++, n++) {
			const struct observation *newest = season_of(c->data, s) + c->first - 1 + i;

			ret->series[n] = s;
			ret->time_ms[n] = newest[c->ahead].start_ms;
			ret->known_ms[n] = newest->start_ms + HOUR_MS;
			ret->y[n] = newest[c->ahead].at[OBSERVED_VALUE];
			forecaster_row(f, newest, ret->time_ms[n], dataset_row(ret, n));
		}
}

static struct verdict judge(struct contest *c, const struct entrant *t)
{
	static const struct forecaster_ops ops = { "any", fit, predict, drop, NULL };
	const struct folds_plan plan = { .n = TESTS, .first = .5 };
	struct course course = { c, t };
	struct forecaster f;
	struct dataset d;
	struct verdict v;
	struct err e = { 0 };

	shape(&course, &f);
	make_rows(c, &f, &d);
	if (!c->fold[0].train && folds_init(c->fold, &d, &plan, &e) < 0)
		harness_die(e.text);
	struct validation how = { .d = &d, .ops = &ops, .ctx = &course, .folds = c->fold,
		.n_folds = TESTS, .step_ms = HOUR_MS, .trusts_columns = true };
	if (validate(&how, &v, NULL, &e) < 0)
		harness_die(e.text);
	dataset_done(&d);
	return v;
}

/* The same figures, of what is known of a made series. */
static struct verdict judge_best(const struct contest *c)
{
	struct verdict v = { 0 };
	double sum = 0, square = 0, off = 0;

	for (uint32_t k = 0; k < TESTS; k++)
		for (uint32_t i = 0; i < c->fold[k].n_test; i++, v.n_rows++) {
			uint32_t row = c->fold[k].test[i], series = row / rows_each(c);
			uint32_t hour = c->first - 1 + row % rows_each(c) + c->ahead;
			double y = (double)season_of(c->data, series)[hour].at[OBSERVED_VALUE];
			double f = season_best(c->data, series, hour, c->ahead);

			off += (f - y) * (f - y);
			v.mae += fabs(f - y);
			v.smape += 2 * fabs(f - y) / (f + y);
			sum += y;
			square += y * y;
		}
	double n = (double)v.n_rows;
	v.r2 = 1 - off / (square - sum * sum / n);
	v.mse = off / n;
	v.mae /= n;
	v.smape /= n;
	return v;
}

static void show(const struct contest *c, const char *who, const struct verdict *v, bool has_ratio)
{
	printf("%s, %u h, %s   R2 %.3f, sMAPE %.3f, MSE %.5g, MAE %.4g", c->name, c->ahead, who,
		v->r2, v->smape, v->mse, v->mae);
	if (has_ratio)
		printf(", ratio %.3f", v->mse / c->naive_mse);
	putchar('\n');
	fflush(stdout);
}

static void contest(const struct season_data *d, const char *name, uint32_t ahead, bool has_weeks)
{
	const struct columns *with = &columns_of[has_weeks];
	const struct entrant all[MOST] = {
		{ "the last hour", ahead == 1 ? "lag1" : NULL, FORECASTER_NONE, false },
		{ "the last day", "season24", FORECASTER_NONE, true },
		{ "the last week", has_weeks ? "season168" : NULL, FORECASTER_NONE, true },
		{ "ar", with->all, FORECASTER_LINEAR, false },
		{ "forest", with->all, FORECASTER_FOREST, false },
		{ "lstm", with->network, FORECASTER_LSTM, false } };
	struct contest c = { .data = d, .name = name, .ahead = ahead, .first = with->first };

	for (uint32_t i = 0; i < MOST; i++) {
		if (!all[i].list)
			continue;
		struct verdict v = judge(&c, &all[i]);
		if (all[i].is_season)
			c.naive_mse = c.naive_mse == 0 ? v.mse : fmin(c.naive_mse, v.mse);
		show(&c, all[i].name, &v, all[i].kind != FORECASTER_NONE);
	}
	if (d->level) {
		struct verdict v = judge_best(&c);
		show(&c, "the best there can be", &v, true);
	}
	folds_done(c.fold, TESTS);
}

static void both(struct season_data *d, const char *name, bool has_weeks)
{
	contest(d, name, 1, has_weeks);
	contest(d, name, SEASON_DAY, has_weeks);
	season_done(d);
}

static void one_log(const struct log *l)
{
	struct season_data d;
	char path[512];

	harness_data(l->file, path, sizeof(path));
	if (access(path, R_OK) != 0) {
		printf("%s   skipped: there is no log %s\n", l->name, path);
		return;
	}
	season_read(&d, path, l->n_series);
	both(&d, l->name, l->has_weeks);
}

int main(void)
{
	struct season_data d;
	uint32_t n = (uint32_t)(SERIES * harness_scale());

	openblas_set_num_threads(1);
	season_make(&d, n > 0 ? n : 1, WEEKS * SEASON_WEEK, 1);
	both(&d, "made", true);
	for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++)
		one_log(&logs[i]);
	return 0;
}
