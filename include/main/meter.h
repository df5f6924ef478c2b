/* meter.h - a progress bar on stderr while a run over files works, when stderr is a terminal.
 *
 * A thread of its own reads the run's progress and redraws one line five times a second, with the
 * rate and the time left; meter_stop() wipes it. Owner: the command's thread.
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

struct meter {
	struct run_progress progress;           /* handed to the run */
	const volatile sig_atomic_t *stop;      /* a signal: passed on to the run */
	const struct clock *clock;
	int64_t start_ms, stage_ms;
	int stage;
	bool draws;
	atomic_bool over;
	bool started;
	pthread_t thread;
};

/* Zero it first. quiet: never draws, but still passes on the stop. */
void meter_start(struct meter *m, const struct clock *clock, const volatile sig_atomic_t *stop,
	bool quiet);
void meter_stop(struct meter *m);
/* The line as drawn at a moment, without its escape: for tests. */
void meter_line(const struct meter *m, int64_t now_ms, char *buf, size_t n);

#endif
