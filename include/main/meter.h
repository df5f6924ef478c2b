/* meter.h - a progress bar on stderr while a run over files works, when stderr is a terminal.
 *
 * A thread of its own reads the run's progress and redraws one line five times a second, with the
 * rate and the time left, above it the curve of a network that learns; meter_stop() wipes them.
 * Owner: the command's thread.
 */
#ifndef MAIN_METER_H
#define MAIN_METER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/run.h"
#include "learn/fit_forecast.h"

/* The forecaster that is being fitted: written by the run, read by the meter. */
struct meter_fit {
	_Atomic uint32_t number;                /* 1 the first; 0: none is */
	_Atomic int kind;
	_Atomic uint32_t test, n_epochs, max_epochs;
	_Atomic uint32_t n_trials, trial, n_folds;      /* as in struct forecast_at */
	_Atomic float train[FORECAST_EPOCHS_MAX], valid[FORECAST_EPOCHS_MAX];
};

struct meter {
	struct run_progress progress;           /* handed to the run */
	const volatile sig_atomic_t *stop;      /* a signal: passed on to the run */
	const struct clock *clock;
	struct meter_fit fit;
	int64_t start_ms, stage_ms;
	int stage;
	uint32_t number;                        /* of the fit that was last drawn */
	int n_above;                            /* lines drawn above the one of the cursor */
	bool draws;
	atomic_bool over;
	bool started;
	pthread_t thread;
};

/* Zero it first. quiet: never draws, but still passes on the stop. */
void meter_start(struct meter *m, const struct clock *clock, const volatile sig_atomic_t *stop,
	bool quiet);
void meter_stop(struct meter *m);
/* As forecast_fit_options.tell, with the meter as ctx. */
void meter_tell_fit(void *ctx, const struct forecast_at *at);
/* The line as drawn at a moment, without its escape: for tests. */
void meter_line(const struct meter *m, int64_t now_ms, char *buf, size_t n);

#endif
