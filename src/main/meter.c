#include "main/meter.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "main/learning_curve.h"

#define REDRAW_MS 200
#define BAR 30

static const char *const stage_name[] = {
	[RUN_LOAD] = "reading", [RUN_SORT] = "sorting", [RUN_FIT] = "fitting",
	[RUN_DETECT] = "detecting", [RUN_STORE] = "storing", [RUN_DONE] = "done",
};

void meter_tell_fit(void *ctx, const struct forecast_at *at)
{
	struct meter *m = ctx;
	struct meter_fit *f = &m->fit;
	if (at->epoch && at->n_epochs <= FORECAST_EPOCHS_MAX) {
		f->train[at->n_epochs - 1] = (float)at->epoch->train_mse;
		f->valid[at->n_epochs - 1] = (float)at->epoch->valid_mse;
	}
	f->max_epochs = at->max_epochs;
	f->n_epochs = at->n_epochs;
	f->kind = at->kind;
	f->test = at->test;
	if (!at->epoch)
		m->progress.percent = 0;
	/* All of a search is one piece of work. */
	if (!at->epoch && (at->n_trials == 0 || (at->trial == 0 && at->test == 1)))
		f->number++;
	f->n_folds = at->n_folds;
	f->trial = at->trial;
	f->n_trials = at->n_trials;
}

/* Of a search, whose first trial are the standard values. */
static double part_searched(const struct meter_fit *f, double of_fit)
{
	double n = f->n_folds;
	return (f->trial * n + f->test - 1 + of_fit) / ((f->n_trials + 1) * n);
}

/* How much of the stage is done, 0..1; negative when nobody knows (a pipe). */
static double part_done(const struct meter *m, int stage)
{
	const struct load_progress *l = &m->progress.load;
	uint64_t total = atomic_load(&l->bytes_total);
	double of_fit = atomic_load(&m->progress.percent) / 100.0;
	if (stage == RUN_FIT && m->fit.n_trials)
		return part_searched(&m->fit, of_fit);
	if (stage != RUN_LOAD)
		return of_fit;
	return total ? (double)atomic_load(&l->bytes) / (double)total : -1;
}

static void draw_bar(double part, char bar[BAR + 1])
{
	int full = part < 0 ? 0 : (int)(part * BAR + .5);
	for (int i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : '.';
	bar[BAR] = '\0';
}

/* "lstm, test 2/3, epoch 7/15", or "lstm, search 3/20" with so many finished: with bar and
 * time left it fits 80 columns.
 */
static void name_fit(const struct meter_fit *f, char *buf, size_t n)
{
	uint32_t test = f->test, epochs = f->n_epochs;
	int at = snprintf(buf, n, "%s, ", forecaster_name[f->kind]);
	if (f->n_trials)
		at += snprintf(buf + at, n - (size_t)at, "search %u/%u", f->trial, f->n_trials);
	else if (test > FORECAST_TESTS)
		at += snprintf(buf + at, n - (size_t)at, "for others");
	else if (test)
		at += snprintf(buf + at, n - (size_t)at, "test %u/%u", test, FORECAST_TESTS);
	else
		at += snprintf(buf + at, n - (size_t)at, "on all days");
	if (f->max_epochs && !f->n_trials)
		snprintf(buf + at, n - (size_t)at, ", epoch %u/%u",
			epochs < f->max_epochs ? epochs + 1 : epochs, f->max_epochs);
}

void meter_line(const struct meter *m, int64_t now_ms, char *buf, size_t n)
{
	int stage = atomic_load(&m->progress.stage);
	bool fits = stage == RUN_FIT && m->fit.number;
	double part = part_done(m, stage), seconds = (double)(now_ms - m->stage_ms) / 1000;
	char bar[BAR + 1], left[32] = "", rate[64] = "", done[8] = " ...";
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
	if (fits) {
		strcpy(rate, "  ");
		name_fit(&m->fit, rate + 2, sizeof rate - 2);
	}
	if (fits)
		snprintf(buf, n, "[%s] %s%s%s", bar, done, left, rate);
	else
		snprintf(buf, n, "%-9s [%s] %s%s%s", stage_name[stage], bar, done, rate, left);
}

/* Whether the terminal has room for a curve. */
static bool has_room(void)
{
	struct winsize w;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > LEARNING_CURVE_LINES + 2 &&
		w.ws_col > LEARNING_CURVE_COLUMNS;
}

static int print_curve(const struct meter *m, FILE *to)
{
	struct fit_lstm_epoch e[FORECAST_EPOCHS_MAX] = {0};
	uint32_t n = m->fit.n_epochs;
	n = n < FORECAST_EPOCHS_MAX ? n : FORECAST_EPOCHS_MAX;
	if (n < 2 || !has_room())
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		e[i].train_mse = (double)m->fit.train[i];
		e[i].valid_mse = (double)m->fit.valid[i];
	}
	learning_curve_print(&(struct learning_curve){ .epoch = e, .n = n,
		.span = m->fit.max_epochs, .dots = learning_curve_has_dots() }, "\033[K\n", to);
	return LEARNING_CURVE_LINES;
}

/* Back to the first line that was drawn. */
static void go_up(struct meter *m, FILE *to)
{
	fputc('\r', to);
	if (m->n_above)
		fprintf(to, "\033[%dA", m->n_above);
	m->n_above = 0;
}

static void tick(struct meter *m)
{
	char line[200], text[8192];
	int64_t now_ms = clock_tick_ms(m->clock);
	int stage = atomic_load(&m->progress.stage);
	uint32_t number = m->fit.number;
	FILE *to = fmemopen(text, sizeof text, "w");
	if (!to)
		return;
	if (stage != m->stage || number != m->number) {
		m->stage = stage;
		m->number = number;
		m->stage_ms = now_ms;
	}
	meter_line(m, now_ms, line, sizeof line);
	go_up(m, to);
	if (stage == RUN_FIT)
		m->n_above = print_curve(m, to);
	fprintf(to, "%s\033[J", line);
	if (fclose(to) == 0)
		fputs(text, stderr);
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
	if (m->draws) {
		go_up(m, stderr);
		fprintf(stderr, "\033[J");
	}
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
