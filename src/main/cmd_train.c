/* veer train: everything that is fitted on logs, as a model in a file, and what that is worth. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/run.h"
#include "learn/fit_forecast.h"
#include "learn/train_learned.h"
#include "main/log_run.h"
#include "main/meter.h"
#include "main/option.h"
#include "main/train_print.h"

struct labels {
	const struct ids *ids;
	struct train_label *at;
	uint32_t n, cap;
	uint32_t n_unknown;             /* of users that the log does not have */
};

static int take_label(void *ctx, const struct store_label *l)
{
	struct labels *all = ctx;
	uint32_t user = dict_find(all->ids->user, l->user, l->user_len);
	if (user == DICT_NONE || l->kind != KIND_INTEREST) {
		all->n_unknown++;
		return 0;
	}
	if (all->n == all->cap) {
		uint32_t cap = all->cap ? 2 * all->cap : 64;
		struct train_label *more = mem_resize(all->at, cap, sizeof *more);
		if (!more)
			return -ENOMEM;
		all->at = more;
		all->cap = cap;
	}
	all->at[all->n++] = (struct train_label){ .user = user, .onset_ms = l->onset_ms,
		.time_ms = l->time_ms, .is_true = l->label == LABEL_TRUE };
	return 0;
}

static int read_labels(struct labels *all, const char *path, struct err *e)
{
	struct store *s = store_open_read(path, e);
	if (!s)
		return e->code;
	int code = store_each_label(s, take_label, all, e);
	store_close(s);
	return code == -ENOMEM ? err_set(e, code, "could not read labels: out of memory") : code;
}

/* What the command works with, and what comes of it. */
struct training {
	struct run run;
	struct model from;              /* whose forecaster is gone on from */
	struct labels labels;
	struct train_report report;
	bool untrained;                 /* fixed weights were asked for */
	struct forecast_report forecast;
	bool forecasts;                 /* channel forecast is to speak */
};

/* What --forecaster and --channel say of the forecaster; false: they contradict each other. */
static bool choose_forecaster(const struct options *o, struct run_options *ro,
	struct forecast_fit_options *ret)
{
	const char *name = o->forecaster;
	bool asked = ro->channels & CHANNEL_BIT(CHANNEL_FORECAST);
	*ret = (struct forecast_fit_options){ .kinds = FORECAST_KINDS_ALL,
		.seed = o->seed ? o->seed : 1, .epsilon = o->epsilon,
		.n_search = (uint32_t)(o->search < UINT32_MAX ? o->search : UINT32_MAX) };
	for (int p = 0; o->precision && p < PRECISION_N; p++)
		if (strcmp(o->precision, precision_name[p]) == 0)
			ret->precision = (enum precision)p;
	for (int by = 0; o->select && by < COLUMNS_BY_N; by++)
		if (strcmp(o->select, columns_by_name[by]) == 0)
			ret->select = (enum columns_by)by;
	if (!name)
		return true;
	if (strcmp(name, forecaster_name[FORECASTER_NONE]) == 0) {
		ret->kinds = 0;
		return !asked;
	}
	for (int k = FORECASTER_LINEAR; k < FORECASTER_N; k++)
		if (strcmp(name, forecaster_name[k]) == 0) {
			ret->kinds = FORECAST_KIND(k);
			ret->insists = true;
		}
	ro->channels = (ro->channels ? ro->channels : FIT_CHANNELS) |
		CHANNEL_BIT(CHANNEL_FORECAST);
	return true;
}

/* Opens the model to go on from; its forecaster is then the one that is fitted. */
static int open_from(struct training *t, const struct options *o, struct run_options *ro,
	struct forecast_fit_options *fo, struct err *e)
{
	const struct forecaster *f = &t->from.forecast.f;
	if (model_open(&t->from, o->from, e) < 0)
		return e->code;
	if (f->kind == FORECASTER_NONE)
		return err_set(e, -EINVAL, "could not go on from model \"%s\": it has no "
			"forecaster", o->from);
	if (o->forecaster && !(fo->kinds & FORECAST_KIND(f->kind)))
		return err_set(e, -EINVAL, "could not go on from model \"%s\": its forecaster is "
			"%s, and %s is asked for", o->from, forecaster_name[f->kind],
			o->forecaster);
	if (fo->select != COLUMNS_ALL)
		return err_set(e, -EINVAL, "could not go on from model \"%s\": its columns are "
			"chosen, and --select %s chooses others", o->from, o->select);
	if (fo->n_search)
		return err_set(e, -EINVAL, "could not go on from model \"%s\": its "
			"parameters are chosen, and --search tries others", o->from);
	fo->from = &t->from.forecast;
	fo->insists |= !o->forecaster;
	ro->channels = (ro->channels ? ro->channels : FIT_CHANNELS) |
		CHANNEL_BIT(CHANNEL_FORECAST);
	return 0;
}

static int train(struct training *t, const struct options *o, struct meter *m, struct err *e)
{
	struct run_progress *p = &m->progress;
	struct train_options to = {
		.choice = train_choice_of(o->weights, TRAIN_AUTO), .seed = o->seed };
	struct run_options ro;
	struct forecast_fit_options fo;
	log_run_options(o, o->operand, o->n_operands, &ro);
	if (!choose_forecaster(o, &ro, &fo))
		return err_set(e, -EINVAL, "channel forecast needs a forecaster");
	if (o->from && open_from(t, o, &ro, &fo, e) < 0)
		return e->code;
	t->forecasts = ro.channels & CHANNEL_BIT(CHANNEL_FORECAST);
	if (o->search && !t->forecasts)
		return err_set(e, -EINVAL, "--search tries forecasters: give --forecaster, or "
			"--channel forecast");
	fo.tell = meter_tell_fit;
	fo.ctx = m;
	ro.keeps = true;
	ro.forecast = &fo;
	ro.ret_forecast = &t->forecast;
	int code = run_load(&t->run, &ro, p, e);
	t->labels.ids = &t->run.ids;
	if (code == 0 && o->db)
		code = read_labels(&t->labels, o->db, e);
	to.label = t->labels.at;
	to.n_labels = t->labels.n;
	t->untrained = to.choice == TRAIN_FIXED;
	if (!t->untrained) {
		ro.train = &to;
		ro.ret_train = &t->report;
	}
	if (code == 0)
		code = run_fit(&t->run, &ro, p, e);
	return code == 0 && t->run.load.events ? model_save(&t->run.model, o->out, e) : code;
}

/* Whether an interrupt has left something out of the model. */
static bool is_cut(const struct training *t)
{
	return t->report.why == TRAIN_STOPPED || t->forecast.ended;
}

int cmd_train(struct options *o)
{
	struct training t = {0};
	struct meter m = {0};
	struct err e = {0};
	if (!o->out) {
		fprintf(stderr, "veer train: give --out FILE for the model\n");
		return EXIT_USAGE;
	}
	meter_start(&m, &o->clock, o->stop, o->quiet);
	int code = train(&t, o, &m, &e);
	meter_stop(&m);
	if (code < 0)
		fprintf(stderr, "veer train: %s\n", e.text);
	else if (t.run.load.events)
		train_print(&t.run.model, t.untrained ? NULL : &t.report,
			t.forecasts ? &t.forecast : NULL);
	if (*t.forecast.notice)
		fprintf(stderr, "veer train: %s\n", t.forecast.notice);
	if (t.labels.n_unknown && !o->quiet)
		fprintf(stderr, "veer train: %u labels left out: their users are not in the log, "
			"or their alerts are not of interest\n", t.labels.n_unknown);
	code = code < 0 ? EXIT_FAILED : log_run_report(&t.run, o);
	if (code == EXIT_OK && is_cut(&t)) {
		fprintf(stderr, "veer train: interrupted: the model in \"%s\" holds what was "
			"learnt by then\n", o->out);
		code = EXIT_FAILED;
	}
	mem_free(t.labels.at);
	run_done(&t.run);
	model_done(&t.from);
	return code;
}
