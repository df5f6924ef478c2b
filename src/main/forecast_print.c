#include "main/forecast_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/fit_forecast.h"
#include "model/forecast_model.h"

#define PLOT_LINES 8
#define TOP_COLUMNS 10u

static void print_number(int width, double x)
{
	if (isnan(x))
		printf(" %*s", width, "-");
	else
		printf(" %*.4f", width, x);
}

static void print_figure(const char *name, const struct forecast_figure *g, const char *note)
{
	printf("%-10s", name);
	print_number(10, g->mse);
	print_number(10, g->mae);
	print_number(8, g->r2);
	print_number(8, g->skill);
	print_number(8, g->seasonal_skill);
	printf("%s\n", note);
}

void forecast_print_figures(const struct forecast_model *m)
{
	struct forecast_figure naive = { m->naive_mse, NAN, NAN, 0, NAN };
	struct forecast_figure seasonal = { m->seasonal_mse, NAN, NAN, NAN, 0 };
	if (m->n_test_rows == 0)
		return;
	printf("\ninterest of the next day, on %" PRIu64 " later days of users\n", m->n_test_rows);
	printf("%-10s %10s %10s %8s %8s %8s\n", "FORECAST", "MSE", "MAE", "R2", "SKILL",
		"WEEKLY");
	print_figure("naive", &naive, "  the last day");
	print_figure("weekly", &seasonal, "  the day a week before");
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (!isnan(m->figure[k].mse))
			print_figure(forecaster_name[k], &m->figure[k],
				(int)m->f.kind == k ? "  <- kept" : "");
	printf("skill: 1 - MSE / MSE of the naive forecast, on days that have one\n");
}

static void print_importance(const struct forecast_report *r)
{
	bool shown[FEATURE_MAX] = {0};
	printf("\nimportance         rise of a tree's MSE when a column is shuffled\n");
	for (uint32_t n = 0; n < TOP_COLUMNS && n < r->n_names; n++) {
		uint32_t best = FEATURE_MAX;
		for (uint32_t i = 0; i < r->n_names; i++)
			if (!shown[i] && (best == FEATURE_MAX ||
			    r->importance[i] > r->importance[best]))
				best = i;
		shown[best] = true;
		printf("%18s %.4g\n", r->name[best], r->importance[best]);
	}
}

struct range {
	double low, high;
};

static void widen(struct range *r, double x)
{
	if (isfinite(x)) {
		r->low = fmin(r->low, x);
		r->high = fmax(r->high, x);
	}
}

static int line_of(const struct range *r, double x)
{
	double span = r->high - r->low;
	return span > 0 ? (int)lround((x - r->low) / span * PLOT_LINES) : 0;
}

/* One column an epoch: t the error while training, v on later rows, + both. */
static void print_curve(const struct forecast_report *r)
{
	struct range y = { INFINITY, -INFINITY };
	for (uint32_t i = 0; i < r->n_epochs; i++) {
		widen(&y, r->curve[i].train_mse);
		widen(&y, r->curve[i].valid_mse);
	}
	printf("\nlearning           MSE by epoch: t while training, v on later days; best %u\n",
		r->best_epoch);
	for (int line = PLOT_LINES; line >= 0; line--) {
		char cell[2 * FORECAST_EPOCHS_MAX + 1];
		memset(cell, ' ', sizeof cell);
		for (uint32_t i = 0; i < r->n_epochs; i++) {
			bool t = line_of(&y, r->curve[i].train_mse) == line;
			bool v = isfinite(r->curve[i].valid_mse) &&
				line_of(&y, r->curve[i].valid_mse) == line;
			cell[2 * i] = t && v ? '+' : t ? 't' : v ? 'v' : ' ';
		}
		int n = (int)(2 * r->n_epochs);
		while (n > 0 && cell[n - 1] == ' ')
			n--;
		printf("%10.4g |%.*s\n", y.low + (y.high - y.low) * line / PLOT_LINES, n, cell);
	}
}

void forecast_print_report(const struct forecast_model *m, const struct forecast_report *r)
{
	if (r->best == FORECASTER_NONE) {
		printf("forecaster         none: there is too little to learn from\n");
		return;
	}
	if (r->warning[0])
		printf("columns            %s\n", r->warning);
	if (m->f.kind == FORECASTER_FOREST)
		print_importance(r);
	if (r->n_epochs > 0)
		print_curve(r);
	if (r->rounded.max > 0)
		printf("rounding           moves a forecast by %.3g at most, %.3g on the whole\n",
			r->rounded.max, r->rounded.rms);
	printf("forecaster         %s: %s\n", forecaster_name[m->f.kind], r->better ?
		"the least error on later days, and less than either naive forecast" :
		m->f.kind == FORECASTER_NONE ?
		"no forecaster is better than a naive forecast, so there is none" :
		"kept as asked for, though a naive forecast is as good");
}

void forecast_print_model(const struct forecast_model *m)
{
	const struct pledge *p = &m->pledge;
	if (m->f.kind == FORECASTER_NONE) {
		printf("\nchannel forecast has no forecaster and raises nothing\n");
		return;
	}
	printf("\nalarm when score >= %.6g (channel forecast)\n", (double)p->threshold);
	printf("budget             %.4g/kud of its own%s, the smallest to verify is %.4g\n",
		p->budget_kud, p->unverified ? " (unverified)" : "", p->smallest_kud);
	printf("at risk            %.6g user-days, %" PRIu64 " users; alarms among them %" PRIu64
		"\n", p->user_days, p->n_users, p->n_alarms);
	printf("forecaster         %s of %u columns over %u days, learnt from %" PRIu64 " days\n",
		forecaster_name[m->f.kind], forecaster_columns(&m->f), forecaster_window(&m->f),
		m->n_rows);
	printf("error              %.4g a day on the mean, worth %g days of a user's own\n",
		(double)m->scale, (double)m->prior_steps);
	forecast_print_figures(m);
}
