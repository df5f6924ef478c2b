/* bench_list.c - what each key of LIVE that looks at all alerts costs the ui thread, of 100,000
 * alerts of a million users, until its rows are there and in its longest step, beside one pass that
 * formats and matches each alert.
 */
#include <time.h>

#include "../unit/many_alerts.h"
#include "harness.h"

#define ALERTS 100000
#define USERS 1000000
#define RARE "7777.*gift"

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void filter(struct many *m)
{
	many_filter(m, RARE);
}

static void invert(struct many *m)
{
	list_invert(m->u, 0);
}

static void toggle(struct many *m)
{
	list_toggle(m->u, 0);
}

static void sort(struct many *m)
{
	list_sort(m->u, 0);
}

static void mask(struct many *m)
{
	m->u->is_masked = !m->u->is_masked;
	view_table[m->u->view]->look(m->u);
}

static void find(struct many *m)
{
	view_table[m->u->view]->find(m->u);
	m->u->prompt.ops->changed(m->u, "zz");
}

static const struct { const char *name; void (*press)(struct many *m); } key[] = {
	{ "filter Enter", filter }, { "!", invert }, { "! again", invert }, { "F off", toggle },
	{ "F on", toggle }, { "mask", mask }, { "mask again", mask },
	{ "s by score, filtered", sort }, { "s by user, filtered", sort },
	{ "s by time, filtered", sort }, { "F off again", toggle }, { "find two letters", find },
	{ "s by score", sort }, { "s by user", sort }, { "s by time", sort },
};
#define N_KEYS (sizeof key / sizeof *key)

static double plain_ms(struct many *m)
{
	double start = cpu_ms();
	struct pattern p;
	struct err e = { 0 };
	uint32_t i, n = 0;

	if (pattern_make(&p, RARE, &e) < 0)
		harness_die("pattern");
	for (i = 0; i < m->n; i++)
		n += many_passes(m, &p, i);
	pattern_done(&p);
	if (!n)
		harness_die("no alert passes");
	return cpu_ms() - start;
}

/* A step lasts until the console looks at its keys again. */
static double press_ms(struct many *m, unsigned k, double *longest)
{
	double start = cpu_ms(), begun = start, step;

	key[k].press(m);
	for (;;) {
		view_table[m->u->view]->look(m->u);
		step = cpu_ms() - begun;
		*longest = step > *longest ? step : *longest;
		if (!m->u->order.is_partial && !m->u->live.hunt.is_busy)
			return cpu_ms() - start;
		begun = cpu_ms();
	}
}

int main(void)
{
	double plain[HARNESS_RUNS], took[N_KEYS][HARNESS_RUNS], longest[N_KEYS] = { 0 },
		reference;
	uint32_t n = (uint32_t)(ALERTS * harness_scale());
	struct many *m = many_open(n, (uint32_t)(USERS * harness_scale()));

	many_show(m, n);
	for (int run = 0; run < HARNESS_RUNS; run++) {
		plain[run] = plain_ms(m);
		for (unsigned k = 0; k < N_KEYS; k++)
			took[k][run] = press_ms(m, k, &longest[k]);
	}
	reference = harness_median(plain);
	for (unsigned k = 0; k < N_KEYS; k++) {
		double ms = harness_median(took[k]);

		printf("list of %u: %s   %.1f ms, longest step %.1f ms, of one plain pass %.1f ms, "
			"ratio %.2f\n", n, key[k].name, ms, longest[k], reference, ms / reference);
	}
	many_close(m);
	return 0;
}
