#include "main/forecast_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/fit_forecast.h"
#include "learn/fit_params.h"
#include "main/learning_curve.h"
#include "model/forecast_model.h"

#define TOP_COLUMNS 10u
#define LINE 79

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

static void print_search(enum forecaster_kind kind, const struct forecast_search *s)
{
	char best[120];
	fit_params_text(kind, s->value, best, sizeof best);
	printf("\nsearch             %s: %.0f combinations, on days before those above\n",
		forecaster_name[kind], s->n_tried);
	if (!(s->inner[SEARCH_BEST] < s->inner[SEARCH_STANDARD])) {
		printf("none is better     MSE there %.4f with the defaults\n",
			s->inner[SEARCH_STANDARD]);
		return;
	}
	printf("best               %s\n", best);
	printf("MSE there          %.4f, with the defaults %.4f\n", s->inner[SEARCH_BEST],
		s->inner[SEARCH_STANDARD]);
	printf("gain               %.2f %% of the MSE (standard error %.2f %%), on parts of those "
		"days that\n%19sdid not choose\n", 100 * s->gain, 100 * s->gain_error, "");
	if (!isnan(s->outer[SEARCH_BEST]))
		printf("MSE above          %.4f, with the defaults %.4f\n",
			s->outer[SEARCH_BEST], s->outer[SEARCH_STANDARD]);
	printf("in use             %s twice its standard error\n", s->is_used > 0 ?
		"the best: the gain is beyond" :
		"the defaults: the gain is not beyond");
}

void forecast_print_figures(const struct forecast_model *m)
{
	if (m->n_test_rows == 0)
		return;
	printf("\ninterest of the next day, on %" PRIu64 " later days of users\n", m->n_test_rows);
	printf("%-10s %10s %10s %8s %8s %8s\n", "FORECAST", "MSE", "MAE", "R2", "SKILL",
		"WEEKLY");
	print_figure("naive", &m->naive, "  the last day");
	print_figure("weekly", &m->seasonal, "  the day a week before");
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (!isnan(m->figure[k].mse))
			print_figure(forecaster_name[k], &m->figure[k],
				(int)m->f.kind == k ? "  <- kept" : "");
	printf("skill: 1 - MSE / MSE of the naive forecast; a naive one is judged on days that "
		"have it\n");
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (m->search[k].n_tried > 0)
			print_search((enum forecaster_kind)k, &m->search[k]);
}

static void print_importance(const struct forecast_report *r)
{
	bool shown[FEATURE_MAX] = {0};
	double most = 0;
	for (uint32_t i = 0; i < r->n_names; i++)
		most = fmax(most, r->importance[i]);
	if (most <= 0)
		return;                 /* learning was ended before they were weighed */
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

static void print_curve(const struct forecast_report *r)
{
	printf("\nlearning           epoch %u of %u was the best\n", r->best_epoch, r->n_epochs);
	learning_curve_print(&(struct learning_curve){ .epoch = r->curve, .n = r->n_epochs,
		.best = r->best_epoch, .dots = learning_curve_has_dots() }, "\n", stdout);
}

/* What was left out when learning was ended early, a line each. */
static void print_ended(const struct forecast_model *m, const struct forecast_report *r)
{
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (r->trial[k] == TRIAL_NONE || r->trial[k] == TRIAL_CUT)
			printf("ended early        %s was not %s\n", forecaster_name[k],
				r->trial[k] == TRIAL_CUT ? "tested to the end" : "tried");
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (r->searched & FORECAST_KIND(k))
			printf("ended early        the search for %s was not over: its defaults "
				"are in use\n", forecaster_name[k]);
	if (m->f.kind != FORECASTER_NONE && r->kept_test)
		printf("ended early        %s is as it was %s test %u of %u, on earlier days\n",
			forecaster_name[m->f.kind], r->kept_cut ? "by then in" : "fitted for",
			r->kept_test, FORECAST_TESTS);
}

static const char *why_kept(const struct forecast_model *m, const struct forecast_report *r)
{
	if (r->better)
		return "the least error on later days, and less than either naive forecast";
	if (m->f.kind == FORECASTER_NONE)
		return "no forecaster is better than a naive forecast, so there is none";
	return r->trial[r->best] == TRIAL_CUT ? "kept as asked for, not judged" :
		"kept as asked for, though a naive forecast is as good";
}

static void print_transfer(const struct forecast_transfer *t, bool is_network)
{
	static const char *const name[STARTS] = { "MSE from scratch", "MSE gone on",
		"MSE as it is" };
	printf("\nusers learnt from  %10u %10u\n", t->n_users[LEARN_FEW], t->n_users[LEARN_ALL]);
	for (int start = 0; start < STARTS; start++) {
		printf("%-18s", name[start]);
		for (int learn = 0; learn < LEARNS; learn++)
			print_number(10, t->mse[start][learn]);
		printf("%s\n", start == (int)t->best ? "  <- kept" : "");
	}
	if (!is_network || isnan(t->mse[START_FRESH][LEARN_ALL]))
		return;
	printf("epochs             %u from scratch to the best; gone on, ",
		t->epochs[START_FRESH]);
	if (t->epochs[START_FROM] == UINT32_MAX)
		printf("none is as good\n");
	else
		printf("%u to be as good\n", t->epochs[START_FROM]);
}

static double r2_of(const struct forecast_rounding *r, int when)
{
	double n = (double)r->n_rows, spread = r->y2 - r->y * r->y / n;
	return spread > 0 ? 1 - r->error2[when] / spread : NAN;
}

static void print_rounding(const struct forecast_rounding *r)
{
	double n = (double)r->n_rows;
	if (r->why[0])
		printf("rounding           none: %s\n", r->why);
	else if (r->n_rows && r->n_bytes[ROUND_BEFORE])
		printf("rounding           MSE %.4f to %.4f, R2 %.4f to %.4f on the days of the "
			"tests\n%19sa forecast moves by %.2g at most; %zu bytes instead of %zu\n",
			r->error2[ROUND_BEFORE] / n, r->error2[ROUND_AFTER] / n,
			r2_of(r, ROUND_BEFORE), r2_of(r, ROUND_AFTER), "", r->most,
			r->n_bytes[ROUND_AFTER], r->n_bytes[ROUND_BEFORE]);
}

/* In lines of names. */
static void print_kept(const struct forecast_model *m, const struct forecast_report *r)
{
	char name[FEATURE_NAME_MAX];
	int at = printf("columns kept       %u of %u:", m->f.features.n, r->n_columns);
	for (uint32_t i = 0; i < m->f.features.n; i++) {
		feature_name(&m->f.features, i, name);
		if (at + 1 + (int)strlen(name) > LINE)
			at = printf("\n%18s", "") - 1;
		at += printf(" %s", name);
	}
	printf("\n");
}

void forecast_print_report(const struct forecast_model *m, const struct forecast_report *r)
{
	if (r->ended)
		print_ended(m, r);
	if (r->best == FORECASTER_NONE) {
		printf("forecaster         none: %s\n", r->ended ? "there was none to keep yet" :
			"there is too little to learn from");
		return;
	}
	if (r->transfer.n_users[LEARN_ALL])
		print_transfer(&r->transfer, r->best == FORECASTER_LSTM);
	if (r->warning[0])
		printf("columns            %s\n", r->warning);
	if (r->n_columns && m->f.kind != FORECASTER_NONE)
		print_kept(m, r);
	if (m->f.kind == FORECASTER_FOREST)
		print_importance(r);
	if (r->n_epochs > 0)
		print_curve(r);
	print_rounding(&r->rounding[m->f.kind]);
	printf("forecaster         %s: %s\n", forecaster_name[m->f.kind], why_kept(m, r));
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
	printf("at risk            %.6g user-days, %.4g users a day of %" PRIu64 "; alarms among "
		"them %" PRIu64 "\n", p->user_days, p->at_risk_per_day, p->n_users,
		p->n_alarms);
	printf("forecaster         %s of %u columns over %u days, learnt from %" PRIu64 " days\n",
		forecaster_name[m->f.kind], forecaster_columns(&m->f), forecaster_window(&m->f),
		m->n_rows);
	printf("error              %.4g a day on the mean, worth %g days of a user's own\n",
		(double)m->scale, (double)m->prior_steps);
	forecast_print_figures(m);
}
