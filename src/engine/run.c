#include "engine/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/sweep.h"
#include "engine/evidence.h"
#include "engine/run_series.h"
#include "learn/calibrate.h"
#include "series/history.h"
#include "series/step.h"

#define ROWS_A_COMMIT 4000u

static void enter(struct run_progress *p, enum run_stage stage)
{
	p->percent = 0;
	p->stage = (int)stage;
}

int run_load(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	struct load_options lo = o->load;

	lo.until_ms = o->until_ms;
	if (!r->ids.user && ids_init(&r->ids, e) < 0)
		return e->code;
	r->history = history_new(&r->ids, o->memory_bytes, e);
	if (!r->history)
		return e->code;
	enter(p, RUN_LOAD);
	if (load_files(&r->ids, &lo, &p->load, history_take, r->history, &r->load, e) < 0)
		return e->code;
	enter(p, RUN_SORT);
	return history_seal(r->history, o->load.threads, e);
}

/* A given model with the options that overrule it: its hash is then another one. */
static int open_model(struct run *r, const struct run_options *o, struct err *e)
{
	if (model_open(&r->model, o->model, e) < 0)
		return e->code;
	return calibrate_overrule(&r->model, &(struct overrule){ .budget = o->budget,
		.volume_budget = o->volume_budget, .forecast_budget = o->forecast_budget,
		.epsilon = o->epsilon, .gap_ms = o->gap_ms, .name = o->model }, e);
}

static int fit(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	struct fit_options fo = {
		.budget = o->budget,
		.volume_budget = o->volume_budget,
		.forecast_budget = o->forecast_budget,
		.backend = o->backend,
		.gap_ms = o->gap_ms,
		.channels = o->channels,
		.until_ms = o->until_ms,
		.threads = o->load.threads,
		.ret_percent = &p->percent,
		.stop = &p->load.stop,
		.keeps = o->keeps,
		.ret_highs = &r->highs,
		.train = o->train,
		.ret_train = o->ret_train,
		.forecast = o->forecast,
		.ret_forecast = o->ret_forecast,
	};
	struct err failed = {0};
	int code = fit_model(&r->model, r->history, &r->ids, &fo, &failed);

	if (code == -ENODATA) {
		snprintf(r->note, sizeof(r->note), "%.200s; the thresholds are the shipped ones",
			failed.text);
		return 0;
	}
	return code < 0 ? err_set(e, code, "%s", failed.text) : 0;
}

/* A budget that the users cannot verify is said to be one: of interest first. */
static void note_unverified(struct run *r)
{
	const struct model *m = &r->model;
	const struct {
		unsigned mask;
		const char *name;
		bool unverified;
		double kud, smallest_kud;
	} row[] = {
		{ CHANNELS_INTEREST, "budget", m->unverified, m->budget_kud, m->smallest_kud },
		{ CHANNEL_BIT(CHANNEL_VOLUME), "volume budget", m->volume.pledge.unverified,
			m->volume.pledge.budget_kud, m->volume.pledge.smallest_kud },
		{ CHANNEL_BIT(CHANNEL_FORECAST), "forecast budget",
			m->forecast.f.kind != FORECASTER_NONE && m->forecast.pledge.unverified,
			m->forecast.pledge.budget_kud, m->forecast.pledge.smallest_kud },
	};

	for (size_t i = 0; i < sizeof row / sizeof *row && !*r->note; i++)
		if (m->channels & row[i].mask && row[i].unverified)
			snprintf(r->note, sizeof r->note, "%s %.3g/kud is unverified: the smallest "
				"that these users can verify is %.3g/kud", row[i].name, row[i].kud,
				row[i].smallest_kud);
}

int run_fit(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	int code = 0;

	if (run_is_series(o)) {
		model_default(&r->model);
		return 0;
	}
	enter(p, RUN_FIT);
	if (o->model)
		code = open_model(r, o, e);
	else if (history_n_events(r->history))
		code = fit(r, o, p, e);
	else
		model_default(&r->model);
	if (code == 0 && history_n_events(r->history) && !*r->note)
		note_unverified(r);
	return code;
}

/* Alerts are in order of time. */
static void clear(struct run *r, const struct clearing *c)
{
	uint32_t from = 0;

	for (uint32_t to = r->n_alerts; from < to; ) {
		uint32_t mid = from + (to - from) / 2;

		if (r->alert[mid].f.time_ms < c->time_ms)
			from = mid + 1;
		else
			to = mid;
	}
	for (; from < r->n_alerts && r->alert[from].f.time_ms == c->time_ms; from++) {
		struct alert *a = &r->alert[from];

		if (a->f.user == c->user && a->f.kind == c->kind)
			a->cleared_ms = c->cleared_ms;
	}
}

/* Who can cross a threshold, as highest scores tell; NULL: everybody may. */
static int choose_users(const struct run *r, uint8_t **ret, struct err *e)
{
	*ret = NULL;
	if (!r->highs || r->model.channels & ~CHANNELS_INTEREST)
		return 0;
	*ret = calibrate_crossed(&r->model, r->highs, history_n_users(r->history));
	return *ret ? 0 : err_set(e, -ENOMEM, "could not mark users: out of memory");
}

int run_detect(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	uint8_t *crossed;
	struct sweep_options so = {
		.backend = o->backend ? o->backend : "auto",
		.threads = o->load.threads,
		.until_ms = o->until_ms,
		.ret_percent = &p->percent,
		.stop = &p->load.stop,
	};
	struct sweep s = {0};
	int code;

	enter(p, RUN_DETECT);
	code = choose_users(r, &crossed, e);
	if (code < 0)
		return code;
	so.only = crossed;
	code = sweep_run(&s, r->history, &r->ids, &r->model, &so, e);
	if (code < 0)
		goto done;
	r->alert = mem_get(s.n_findings + 1ul, sizeof(*r->alert));
	if (!r->alert) {
		code = err_set(e, -ENOMEM, "could not keep %u alerts: out of memory", s.n_findings);
		goto done;
	}
	for (uint32_t i = 0; i < s.n_findings; i++)
		r->alert[i] = alert_make(&s.finding[i], &r->ids, r->model.hash);
	r->n_alerts = s.n_findings;
	memcpy(r->backend, s.backend, sizeof(r->backend));
	memcpy(r->notice, s.notice, sizeof(r->notice));
	alert_sort(r->alert, r->n_alerts, &r->ids);
	for (uint32_t i = 0; i < s.n_clearings; i++)
		clear(r, &s.clearing[i]);
done:
	mem_free(crossed);
	sweep_done(&s);
	return code;
}

int run_files(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	int code = run_load(r, o, p, e);

	if (code == 0)
		code = run_fit(r, o, p, e);
	if (code == 0 && !o->skip_detect && history_n_events(r->history))
		code = run_is_series(o) ? run_series(r, o, p, e) : run_detect(r, o, p, e);
	if (code == 0)
		enter(p, RUN_DONE);
	return code;
}

void run_done(struct run *r)
{
	mem_free(r->alert);
	model_done(&r->model);
	mem_free(r->highs);
	history_free(r->history);
	load_result_done(&r->load);
	ids_done(&r->ids);
	*r = (struct run){0};
}

int run_user(const struct run *r, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	struct user_events ue;

	history_user(r->history, user, &ue);
	*ret_n = 0;
	*ret = mem_get(ue.n + 1ul, sizeof(**ret));
	if (!*ret)
		return err_set(e, -ENOMEM, "could not copy a user's %u events: out of memory",
			ue.n);
	for (uint32_t i = 0; i < ue.n && ue.time_ms[i] <= upto_ms; i++)
		(*ret)[(*ret_n)++] = (struct event){
			.time_ms = ue.time_ms[i],
			.user = user,
			.item = ue.item[i],
			.category = ue.category[i],
			.price = ue.price ? ue.price[i] : NAN,
			.quantity = ue.quantity ? ue.quantity[i] : NAN,
			.behaviour = ue.behaviour[i],
		};
	return 0;
}

/* A store that is written to a few thousand rows a transaction. */
struct writer {
	struct store *store;
	struct run_progress *p;
	uint32_t n_rows;
};

static int row_written(struct writer *w, struct err *e)
{
	if (++w->n_rows % ROWS_A_COMMIT)
		return 0;
	if (w->p->load.stop)
		return err_set(e, -ECANCELED, "storing was stopped");
	return store_commit(w->store, e) < 0 ? e->code : store_begin(w->store, e);
}

struct evidence_ctx {
	struct writer *writer;
	const struct run *run;
	uint64_t alert_id;
};

static int put_evidence(void *ctx, int64_t step_ms, uint32_t category, double interest,
	struct err *e)
{
	struct evidence_ctx *c = ctx;
	const char *text = dict_text(c->run->ids.category, category, NULL);

	if (store_put_evidence(c->writer->store, c->alert_id, step_ms, text, interest, e) < 0)
		return e->code;
	return row_written(c->writer, e);
}

static int put_alert(struct writer *w, const struct run *r, uint32_t i, const struct step *step,
	struct err *e)
{
	struct evidence_ctx ctx = { w, r, r->alert[i].id };
	struct user_events ue;

	if (store_put_alert(w->store, &r->alert[i], &r->ids, e) < 0 || row_written(w, e) < 0)
		return e->code;
	if (r->alert[i].f.kind == KIND_SERIES)
		return 0;
	history_user(r->history, r->alert[i].f.user, &ue);
	w->p->percent = (uint32_t)(100ull * i / r->n_alerts);
	return evidence_each(&ue, &r->alert[i].f, &r->ids, step, put_evidence, &ctx, e);
}

static int put_rejects(struct writer *w, const struct run *r, const struct run_options *o,
	struct err *e)
{
	for (uint32_t i = 0; i < r->load.n_reject; i++) {
		const struct reject_row *row = &r->load.reject[i];

		if (store_put_reject(w->store, o->load.path[row->source], row, e) < 0 ||
			row_written(w, e) < 0)
			return e->code;
	}
	return 0;
}

static int put_all(struct writer *w, const struct run *r, const struct run_options *o,
	struct err *e)
{
	struct step day;
	int64_t first_ms, last_ms;

	history_range(r->history, &first_ms, &last_ms);
	if (!run_is_series(o) &&
	    store_put_model(w->store, &r->model, first_ms <= last_ms ? first_ms : 0, e) < 0)
		return e->code;
	if (!o->step && step_init(&day, "day", o->load.zone, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < r->n_alerts; i++)
		if (put_alert(w, r, i, o->step ? o->step : &day, e) < 0)
			return e->code;
	return put_rejects(w, r, o, e);
}

/* Alerts of another model, or of another part of a log, would stand among those of the live run as
 * if it had raised them.
 */
struct store *run_open_store(const char *path, struct err *e)
{
	struct store *s = store_open(path, e);

	if (!s || !store_is_live(s))
		return s;
	err_set(e, -EEXIST, "could not add to alert store \"%s\": it is that of a live run "
		"(veer watch), and holds its alerts alone: name another store with --db", path);
	store_close(s);
	return NULL;
}

int run_store(const struct run *r, struct store *s, const struct run_options *o,
	struct run_progress *p, struct err *e)
{
	struct writer w = { .store = s, .p = p };
	int code;

	enter(p, RUN_STORE);
	code = store_begin(s, e);
	if (code == 0)
		code = put_all(&w, r, o, e);
	if (code == 0)
		code = store_commit(s, e);
	if (code < 0)
		store_rollback(s);
	else
		enter(p, RUN_DONE);
	return code;
}
