#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 64, BEFORE = 5, AFTER = 3, WARM_UP = 10 };

/* A category counted in a session. */
struct entry {
	const char *category;
	int64_t time_ms;
	double pi, q;           /* share of the population; what the null expected */
};

struct oracle {
	const struct oracle_model *m;
	struct entry *count;
	int n, quiet_n;
	const char **session;   /* categories counted in it */
	int n_session;
	int64_t last_ms;
	int any;                /* an event has been */
	struct oracle_result ret;
};

static int same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static double share(const struct oracle_model *m, const char *category)
{
	double all = 0, own = 0;

	for (int i = 0; i < m->n_categories; i++) {
		all += (double)m->count[i];
		if (same(m->category[i], category))
			own = (double)m->count[i];
	}
	return (own + .5) / (all + .5 * (m->n_categories + 1));
}

/* Occurrences among counts from..to-1. */
static int occurrences(const struct oracle *o, const char *category, int from, int to)
{
	int k = 0;

	for (int i = from; i < to; i++)
		k += same(o->count[i].category, category);
	return k;
}

static double smoothed(const struct oracle *o, const char *category, int from, int to)
{
	double s = o->m->strength;

	return (occurrences(o, category, from, to) + s * share(o->m, category)) / (to - from + s);
}

static double log_ratio(const struct oracle *o, int tau)
{
	double sum = log(o->count[tau].pi) - log(o->count[tau].q), s = o->m->strength;

	for (int i = tau + 1; i < o->n; i++) {
		const struct entry *c = &o->count[i];
		double p = (occurrences(o, c->category, tau, i) + s * c->pi) / (i - tau + s);

		sum += log(p) - log(c->q);
	}
	return sum;
}

/* A decision was this far from going the other way; an exact tie is decided by rule, without
 * doubt.
 */
static void doubt(struct oracle *o, double distance)
{
	if (fabs(distance) < o->ret.doubt)
		o->ret.doubt = fabs(distance);
}

/* ln of the sum of the ratios of all candidates, -INFINITY when there is none. */
static double log_sum(struct oracle *o, int *ret_best)
{
	double ratio[WINDOW], top = -INFINITY, sum = 0;
	int n = 0, best = -1;

	for (int tau = o->n > WINDOW ? o->n - WINDOW : 0; tau <= o->n - AFTER; tau++) {
		if (tau < BEFORE)
			continue;
		ratio[n] = log_ratio(o, tau);
		if (ratio[n] > top) {
			top = ratio[n];
			best = tau;
		}
		n++;
	}
	for (int i = 0; i < n; i++)
		sum += exp(ratio[i] - top);
	*ret_best = best;
	return n ? top + log(sum) : -INFINITY;
}

/* How clearly tau is the most likely candidate. */
static void doubt_onset(struct oracle *o, int best)
{
	double top = log_ratio(o, best);

	for (int tau = o->n > WINDOW ? o->n - WINDOW : 0; tau <= o->n - AFTER; tau++)
		if (tau >= BEFORE && tau != best)
			doubt(o, top - log_ratio(o, tau));
}

#define SHARE_CLOSE 5e-7        /* what floats do not tell apart */

struct choice {
	const char *category;
	double gain, second;            /* the largest, and the largest below it */
};

/* Takes the larger gain; of equal ones, the lesser bytes. */
static void choose(struct choice *c, const char *category, double gain)
{
	if (gain > c->gain) {
		c->second = c->gain;
		c->category = category;
		c->gain = gain;
	} else if (c->category && gain == c->gain) {
		c->category = strcmp(category, c->category) < 0 ? category : c->category;
	} else if (gain > c->second) {
		c->second = gain;
	}
}

static void explain(struct oracle *o, int tau, struct oracle_finding *f)
{
	struct choice from = { 0 }, to = { 0 };

	for (int i = 0; i < o->n; i++) {
		const char *c = o->count[i].category;
		double gained;

		if (occurrences(o, c, 0, i))
			continue;
		gained = smoothed(o, c, tau, o->n) - smoothed(o, c, 0, tau);
		if (occurrences(o, c, 0, tau))
			choose(&from, c, -gained);
		if (occurrences(o, c, tau, o->n))
			choose(&to, c, gained);
	}
	f->is_from_close = from.gain - from.second < SHARE_CLOSE;
	f->is_to_close = to.gain - to.second < SHARE_CLOSE;
	f->from = from.category;
	f->to = to.category;
	f->n_before = tau;
	f->n_after = o->n - tau;
	f->from_before = occurrences(o, f->from, 0, tau);
	f->from_after = occurrences(o, f->from, tau, o->n);
	f->to_before = occurrences(o, f->to, 0, tau);
	f->to_after = occurrences(o, f->to, tau, o->n);
}

static void push(struct oracle *o, struct entry c)
{
	c.pi = share(o->m, c.category);
	c.q = smoothed(o, c.category, 0, o->n);
	o->count[o->n++] = c;
	if (o->n > o->ret.longest)
		o->ret.longest = o->n;
}

/* The user begins anew with the counts from tau on. */
static void restart(struct oracle *o, int tau)
{
	int n = o->n;

	o->n = 0;
	for (int i = tau; i < n; i++)
		push(o, o->count[i]);
	o->quiet_n = o->n + WARM_UP;
	o->ret.last_score = -INFINITY;
}

static void read_score(struct oracle *o)
{
	int tau;
	double score = log_sum(o, &tau);
	struct oracle_finding f = { .time_ms = o->last_ms, .score = score };

	if (o->n <= o->quiet_n || tau < 0)
		return;
	o->ret.last_score = score;
	doubt(o, score - o->m->threshold);
	if (score < o->m->threshold)
		return;
	doubt_onset(o, tau);
	f.onset_ms = o->count[tau].time_ms;
	explain(o, tau, &f);
	o->ret.finding = realloc(o->ret.finding, (o->ret.n_findings + 1) * sizeof(f));
	o->ret.finding[o->ret.n_findings++] = f;
	restart(o, tau);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Counts the category unless the session has it. */
static int count(struct oracle *o, const char *category)
{
	for (int i = 0; i < o->n_session; i++)
		if (same(o->session[i], category))
			return 0;
	o->session[o->n_session++] = category;
	push(o, (struct entry){ category, o->last_ms, 0, 0 });
	return 1;
}

static void take_instant(struct oracle *o, int64_t time_ms, const char **category, int n)
{
	int counted = 0;

	if (o->any && time_ms - o->last_ms > o->m->gap_ms)
		o->n_session = 0;
	o->any = 1;
	o->last_ms = time_ms;
	qsort(category, n, sizeof(*category), by_bytes);
	for (int i = 0; i < n; i++)
		counted += count(o, category[i]);
	if (counted)
		read_score(o);
}

struct oracle_result oracle_run(const struct oracle_model *m, const struct oracle_event *ev, int n)
{
	struct oracle o = { .m = m, .quiet_n = WARM_UP };
	const char **instant = malloc((n + 1) * sizeof(*instant));

	o.ret.doubt = INFINITY;
	o.ret.last_score = -INFINITY;
	o.count = malloc((n + 1) * sizeof(*o.count));
	o.session = malloc((n + 1) * sizeof(*o.session));
	for (int i = 0, j, k; i < n; i = j) {
		for (j = i, k = 0; j < n && ev[j].time_ms == ev[i].time_ms; j++)
			if (!ev[j].is_return)
				instant[k++] = ev[j].category;
		if (k)
			take_instant(&o, ev[i].time_ms, instant, k);
	}
	free(instant);
	free(o.session);
	free(o.count);
	return o.ret;
}
