/* bench_paint.c - what a paint of a wide LIVE costs the ui thread, of 100,000 alerts of a million
 * users: ten a second while alerts keep coming, beside one that writes every cell and nothing else.
 */
#include <time.h>

#include "../unit/many_alerts.h"
#include "harness.h"
#include "model/model.h"

#define ALERTS 100000
#define USERS 1000000
#define PAINTS 200
#define PAINT_MS 100

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double blank_ms(struct many *m)
{
	struct term *t = &m->u->term;
	double start = cpu_ms();
	int line;

	term_begin(t);
	for (line = 0; line < t->lines; line++)
		term_putf(t, line, 0, t->columns, INK_TEXT, "%0*d", t->columns, line);
	term_end(t);
	return cpu_ms() - start;
}

/* One more alert, a tenth of a second later. */
static double paint_ms(struct many *m, double *ret_look_ms)
{
	struct tables *t = &m->u->live.strip.tables;
	int64_t made_ms = t->made_ms;
	double start, looked, took;

	clock_advance(&m->clock, PAINT_MS);
	m->snap.data_ms += PAINT_MS;
	m->snap.n_alerts++;
	start = cpu_ms();
	ui_look(m->u);
	looked = cpu_ms();
	*ret_look_ms += looked - start;
	ui_draw(m->u);
	took = cpu_ms() - looked;
	if (t->made_ms != made_ms)      /* which a frozen clock does not see */
		t->took_us = (int64_t)(took * 1000);
	return took;
}

static void measure(struct many *m, const char *what)
{
	double sum = 0, longest = 0, look = 0, blank = 0, ms;
	int i;

	paint_ms(m, &look);
	look = 0;
	for (i = 0; i < PAINTS; i++) {
		ms = paint_ms(m, &look);
		longest = ms > longest ? ms : longest;
		sum += ms;
	}
	for (i = 0; i < PAINTS; i++)
		blank += blank_ms(m);
	printf("paint of %s, %u alerts, %dx%d   %.2f ms (longest %.1f), look %.2f ms, of writing "
		"cells %.2f ms, ratio %.2f\n", what, m->snap.n_alerts, m->u->term.columns,
		m->u->term.lines, sum / PAINTS, longest, look / PAINTS, blank / PAINTS, sum / blank);
}

int main(void)
{
	static struct console_options options;
	struct term_options size = { .scripted = true, .lines = 50, .columns = 160 };
	uint32_t n = (uint32_t)(ALERTS * harness_scale()) + 4 * PAINTS;
	struct many *m = many_open(n, (uint32_t)(USERS * harness_scale()));
	struct model model;
	struct err e = { 0 };

	model_default(&model);
	m->feed.model = &model;
	m->u->options = &options;
	clock_freeze(&m->clock, INT64_C(1512345600000));
	m->snap = (struct snapshot){ .phase = FEED_RUNNING, .live = true, .first_ms = 1000,
		.data_ms = 1000 + n, .last_ms = 1000 + n, .n_alerts = n - 4 * PAINTS };
	if (term_open(&m->u->term, &size, &e) < 0)
		harness_die("terminal");
	measure(m, "a live run");
	m->snap.live = false;
	m->snap.n_alerts_total = n;
	measure(m, "a replay");
	term_resize(&m->u->term, 24, 80);
	measure(m, "a replay");
	ui_done(m->u);
	model_done(&model);
	many_close(m);
	return 0;
}
