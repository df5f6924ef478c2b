#include "main/meter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define REDRAW_MS 200
#define BAR 30

static const char *const stage_name[] = {
	[RUN_LOAD] = "reading", [RUN_SORT] = "sorting", [RUN_FIT] = "fitting",
	[RUN_DETECT] = "detecting", [RUN_STORE] = "storing", [RUN_DONE] = "done",
};

/* How much of the stage is done, 0..1; negative when nobody knows (a pipe). */
static double part_done(const struct meter *m, int stage)
{
	const struct load_progress *l = &m->progress.load;
	uint64_t total = atomic_load(&l->bytes_total);
	if (stage != RUN_LOAD)
		return atomic_load(&m->progress.percent) / 100.0;
	return total ? (double)atomic_load(&l->bytes) / (double)total : -1;
}

static void draw_bar(double part, char bar[BAR + 1])
{
	int full = part < 0 ? 0 : (int)(part * BAR + .5);
	for (int i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : '.';
	bar[BAR] = '\0';
}

void meter_line(const struct meter *m, int64_t now_ms, char *buf, size_t n)
{
	int stage = atomic_load(&m->progress.stage);
	double part = part_done(m, stage), seconds = (double)(now_ms - m->stage_ms) / 1000;
	char bar[BAR + 1], left[32] = "", rate[48] = "", done[8] = " ...";
	draw_bar(part, bar);
	if (part >= 0)
		snprintf(done, sizeof done, "%3.0f%%", 100 * part);
	if (part > .02 && part < 1 && seconds > 0) {
		int s = (int)(seconds * (1 - part) / part + .999);
		snprintf(left, sizeof left, "  %d:%02d left", s / 60, s % 60);
	}
	if (stage == RUN_LOAD && seconds > .2)
		snprintf(rate, sizeof rate, "  %.2f M rows/s",
			(double)atomic_load(&m->progress.load.rows) / seconds / 1e6);
	snprintf(buf, n, "%-9s [%s] %s%s%s", stage_name[stage], bar, done, rate, left);
}

static void tick(struct meter *m)
{
	char line[160];
	int64_t now_ms = clock_tick_ms(m->clock);
	int stage = atomic_load(&m->progress.stage);
	if (stage != m->stage) {
		m->stage = stage;
		m->stage_ms = now_ms;
	}
	meter_line(m, now_ms, line, sizeof line);
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
}

static void *watch(void *arg)
{
	struct meter *m = arg;
	for (int waited_ms = 0; !atomic_load(&m->over); waited_ms += 20) {
		struct timespec pause = { .tv_nsec = 20000000 };
		if (*m->stop)
			atomic_store(&m->progress.load.stop, true);
		if (m->draws && waited_ms >= REDRAW_MS) {
			tick(m);
			waited_ms = 0;
		}
		nanosleep(&pause, NULL);
	}
	if (m->draws)
		fprintf(stderr, "\r\033[K");
	return NULL;
}

void meter_start(struct meter *m, const struct clock *clock, const volatile sig_atomic_t *stop,
	bool quiet)
{
	m->clock = clock;
	m->stop = stop;
	m->draws = !quiet && isatty(STDERR_FILENO);
	m->start_ms = m->stage_ms = clock_tick_ms(clock);
	m->started = pthread_create(&m->thread, NULL, watch, m) == 0;
}

void meter_stop(struct meter *m)
{
	if (!m->started)
		return;
	atomic_store(&m->over, true);
	pthread_join(m->thread, NULL);
	m->started = false;
}
