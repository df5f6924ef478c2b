#include "learn/fit_parts.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/sample.h"
#include "series/crew.h"
#include "series/history.h"

#define MINUTE_MS 60000
#define STRENGTH 20.0           /* of the user's past while the gap is being fitted */
#define SKIP 5u                 /* events of a user before predictions are judged */
#define USUAL_MIN 30             /* among gaps that predict as well, the nearest to it */
#define WEIGHTS 3               /* how much the session so far is trusted, tried together */

static const int gap_min[] = { 10, 15, 20, 30, 45, 60, 90, 120 };
#define GAPS (sizeof gap_min / sizeof gap_min[0])

static const double weight[WEIGHTS] = { .2, .4, .6 };

/* Counts of the user being read, by category number; zero again after each user. */
struct tally {
	const uint64_t *count;          /* of the population */
	double sum, n_categories;
	uint32_t *past, *session;
};

static double population_share(const struct tally *t, uint32_t category)
{
	return ((double)t->count[category] + .5) / (t->sum + .5 * (t->n_categories + 1));
}

static void clear_session(struct tally *t, const struct user_events *u, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		t->session[u->category[i]] = 0;
}

/* Adds the user's log likelihood under each weight. */
static void judge_user(struct tally *t, const struct user_events *u, uint32_t n, int64_t gap_ms,
	int64_t *loglik)
{
	uint32_t start = 0;     /* of the session */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = u->category[i];
		if (i > 0 && u->time_ms[i] - u->time_ms[i - 1] > gap_ms) {
			clear_session(t, u, start, i);
			start = i;
		}
		double pi = population_share(t, c), so_far = i - start;
		double past = (t->past[c] + STRENGTH * pi) / (i + STRENGTH);
		double here = (t->session[c] + pi) / (so_far + 1);
		for (int w = 0; w < WEIGHTS && i >= SKIP; w++)
			loglik[w] += fit_nats(log(so_far > 0 ?
				weight[w] * here + (1 - weight[w]) * past : past));
		t->past[c]++;
		t->session[c]++;
	}
	clear_session(t, u, start, n);
	for (uint32_t i = 0; i < n; i++)
		t->past[u->category[i]] = 0;
}

static uint32_t events_until(const struct user_events *u, int64_t until_ms)
{
	uint32_t n = u->n;
	while (n > 0 && u->time_ms[n - 1] > until_ms)
		n--;
	return n;
}

/* Each user's log likelihood under one gap and the weight that is best for it, in own[]; the sum.
 * */
static int64_t best_of(struct tally *t, const struct fit_scope *f, const struct sample *s,
	int64_t gap_ms, int64_t *own)
{
	int64_t sum[WEIGHTS] = {0}, (*all)[WEIGHTS] = mem_get(s->n + 1, sizeof *all);
	int best = 0;
	if (!all)
		return INT64_MIN;
	for (uint32_t i = 0; i < s->n; i++) {
		struct user_events u;
		history_user(f->h, s->user[i], &u);
		judge_user(t, &u, events_until(&u, f->until_ms), gap_ms, all[i]);
		for (int w = 0; w < WEIGHTS; w++)
			sum[w] += all[i][w];
	}
	for (int w = 1; w < WEIGHTS; w++)
		best = sum[w] > sum[best] ? w : best;
	for (uint32_t i = 0; i < s->n; i++)
		own[i] = all[i][best];
	mem_free(all);
	return sum[best];
}

/* Whether b predicts as well as a but for one standard error of the users' differences. */
static bool is_as_good(const int64_t *a, const int64_t *b, uint32_t n)
{
	int64_t sum = 0, squares = 0;
	for (uint32_t i = 0; i < n; i++) {
		int64_t d = (a[i] - b[i]) >> 10;        /* milli-nats, about: squares stay in range
			 * */
		sum += d;
		squares += d * d;
	}
	double mean = (double)sum / n, variance = (double)squares / n - mean * mean;
	return mean <= sqrt(fmax(variance, 0) / n);
}

/* The one-standard-error rule (Breiman et al. 1984, 3.4.3), with the usual gap for the simplest. */
static int64_t choose_gap_ms(const int64_t *own, const int64_t *sum, uint32_t n)
{
	size_t best = 0, chosen;
	for (size_t g = 1; g < GAPS; g++)
		best = sum[g] > sum[best] ? g : best;
	chosen = best;
	for (size_t g = 0; g < GAPS; g++)
		if (is_as_good(own + best * n, own + g * n, n) &&
		    abs(gap_min[g] - USUAL_MIN) < abs(gap_min[chosen] - USUAL_MIN))
			chosen = g;
	return (int64_t)gap_min[chosen] * MINUTE_MS;
}

/* Gaps are shared out among threads, each with a tally of its own. */
struct gap_work {
	const struct fit_scope *f;
	const struct sample *s;
	const uint64_t *count;
	uint32_t n_categories;
	double count_sum;
	_Atomic size_t next;
	atomic_bool no_memory;
	int64_t sum[GAPS], *own;
};

static void try_gaps(void *ctx)
{
	struct gap_work *w = ctx;
	struct tally t = { .count = w->count, .sum = w->count_sum, .n_categories = w->n_categories,
		.past = mem_get(w->n_categories + 1, sizeof(uint32_t)),
		.session = mem_get(w->n_categories + 1, sizeof(uint32_t)) };
	bool ok = t.past && t.session;
	for (size_t g; ok && (g = atomic_fetch_add(&w->next, 1)) < GAPS; ) {
		w->sum[g] = best_of(&t, w->f, w->s, (int64_t)gap_min[g] * MINUTE_MS,
			w->own + g * w->s->n);
		ok = w->sum[g] != INT64_MIN;
	}
	if (!ok)
		atomic_store(&w->no_memory, true);
	mem_free(t.past);
	mem_free(t.session);
}

int fit_gap(int64_t *ret_ms, const struct fit_scope *f, const struct sample *s,
	const uint64_t *count, uint32_t n_categories, struct err *e)
{
	struct gap_work w = { .f = f, .s = s, .count = count, .n_categories = n_categories,
		.own = mem_get(GAPS * (s->n + 1ul), sizeof *w.own) };
	for (uint32_t c = 0; c < n_categories; c++)
		w.count_sum += (double)count[c];
	if (w.own)
		crew_run(f->threads, try_gaps, &w);
	bool ok = w.own && !w.no_memory;
	if (ok && s->n > 0)
		*ret_ms = choose_gap_ms(w.own, w.sum, s->n);
	mem_free(w.own);
	return ok ? 0 : err_set(e, -ENOMEM, "could not fit the session gap: out of memory");
}
