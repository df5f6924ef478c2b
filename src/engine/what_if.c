#include "engine/what_if.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run_series.h"
#include "learn/calibrate.h"
#include "series/history.h"

/* Sessions and shares are the model's, whatever the budget, so scores stay. */
static int find_highs(struct what_if *w, struct err *e)
{
	struct sweep_options so = {
		.backend = w->o->backend ? w->o->backend : "auto",
		.threads = w->o->load.threads,
		.until_ms = w->o->until_ms,
		.records = true,
		.ret_percent = &w->progress.percent,
		.stop = &w->progress.load.stop,
	};
	struct sweep s;

	if (sweep_run(&s, w->run.history, &w->run.ids, &w->run.model, &so, e) < 0)
		return e->code;
	w->highs = w->run.highs = calibrate_highs(&s, history_n_users(w->run.history));
	sweep_done(&s);
	return w->highs ? 0 : err_set(e, -ENOMEM, "could not keep the highest scores: out of "
		"memory");
}

static void *find(void *arg)
{
	struct what_if *w = arg;
	struct err e = {0};
	bool interest_alone = !(w->run.model.channels & ~CHANNELS_INTEREST);

	if ((interest_alone && !w->run.highs && find_highs(w, &e) < 0)
			|| run_detect(&w->run, w->o, &w->progress, &e) < 0)
		w->err = e;
	atomic_store(&w->is_over, true);
	return NULL;
}

static int set_budget(struct what_if *w, const struct run *base, struct err *e)
{
	const struct overrule o = { .budget = w->budget,
		.name = w->o->model ? w->o->model : "fitted on this log" };

	if (run_is_series(w->o))
		return err_set(e, -ENOTSUP, "a log of plain series has no budget");
	if (base->model.provisional)
		return err_set(e, -ENOTSUP, "could not try a budget: the model is the shipped one, "
			"which does not know what a score is worth here");
	if (model_copy(&w->run.model, &base->model, e) < 0)
		return e->code;
	return calibrate_overrule(&w->run.model, &o, e);
}

int what_if_start(struct what_if *w, const struct run *base, const struct run_options *o,
	const struct budget *b, struct err *e)
{
	int code;

	w->o = o;
	w->budget = *b;
	w->run.ids = base->ids;
	w->run.history = base->history;
	w->run.highs = base->highs ? base->highs : w->highs;
	code = set_budget(w, base, e);
	if (code == 0) {
		code = -pthread_create(&w->thread, NULL, find, w);
		if (code < 0)
			err_set(e, code, "could not start a thread to detect: %s", strerror(-code));
	}
	w->is_busy = code == 0;
	if (code < 0)
		what_if_drop(w);
	return code;
}

int what_if_join(struct what_if *w, struct err *e)
{
	if (w->is_busy)
		pthread_join(w->thread, NULL);
	w->is_busy = false;
	return w->err.code ? err_set(e, w->err.code, "%s", w->err.text) : 0;
}

void what_if_drop(struct what_if *w)
{
	struct err e = {0};

	atomic_store(&w->progress.load.stop, true);
	what_if_join(w, &e);
	mem_free(w->run.alert);
	model_done(&w->run.model);
	*w = (struct what_if){ .highs = w->highs };
}

void what_if_done(struct what_if *w)
{
	what_if_drop(w);
	mem_free(w->highs);
	w->highs = NULL;
}
