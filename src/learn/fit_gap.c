#include "learn/fit_parts.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/event.h"
#include "learn/sample.h"
#include "series/history.h"

#define MINUTE_MS 60000
#define LOG_UNIT 4096.0         /* a logarithm as an integer: its sums do not depend on order */
#define VARIANCE_MIN 1e-6       /* of times that are all alike */

static const int gap_min[] = { 10, 15, 20, 30, 45, 60, 90, 120 };
#define GAPS (sizeof gap_min / sizeof gap_min[0])

/* The order in which they are tried: of gaps as good as each other, the one nearest to the usual.
 * */
static const uint8_t preferred[GAPS] = { 3, 2, 4, 1, 5, 0, 6, 7 };

/* Log times to the next event, of those between two gaps that are neighbours. */
struct moments {
	int64_t n, sum, squares;
};

/* of[k]: times up to gap_min[k] and above the gap before it; of[GAPS]: longer ones. */
struct times {
	struct moments of[GAPS + 1];
};

static void add_time(struct times *t, int64_t ms)
{
	int64_t log_ms = (int64_t)(log((double)ms) * LOG_UNIT);
	size_t k = 0;
	while (k < GAPS && ms > (int64_t)gap_min[k] * MINUTE_MS)
		k++;
	t->of[k].n++;
	t->of[k].sum += log_ms;
	t->of[k].squares += log_ms * log_ms;
}

static void add_user(struct times *t, const struct user_events *u, int64_t until_ms)
{
	int64_t last_ms = 0;
	bool seen = false;
	for (uint32_t i = 0; i < u->n && u->time_ms[i] <= until_ms; i++) {
		if (u->behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		if (seen && u->time_ms[i] > last_ms)
			add_time(t, u->time_ms[i] - last_ms);
		last_ms = u->time_ms[i];
		seen = true;
	}
}

static struct moments sum_of(const struct times *t, size_t from, size_t to)
{
	struct moments m = {0};
	for (size_t k = from; k < to; k++) {
		m.n += t->of[k].n;
		m.sum += t->of[k].sum;
		m.squares += t->of[k].squares;
	}
	return m;
}

/* Log likelihood of times under the lognormal law that fits them best, and of being of this kind.
 * */
static double loglik_of(const struct moments *m, int64_t n_all)
{
	if (m->n < 2)
		return 0;
	double n = (double)m->n, mean = (double)m->sum / n / LOG_UNIT;
	double variance = (double)m->squares / n / LOG_UNIT / LOG_UNIT - mean * mean;
	double spread = 2 * acos(-1) * fmax(variance, VARIANCE_MIN);
	return n * log(n / (double)n_all) - n / 2 * (log(spread) + 1);
}

int64_t fit_gap(const struct fit_scope *f, const struct sample *s)
{
	struct times t = {0};
	double best = -INFINITY;
	size_t chosen = preferred[0];
	for (uint32_t i = 0; i < s->n; i++) {
		struct user_events u;
		history_user(f->h, s->user[i], &u);
		add_user(&t, &u, f->until_ms);
	}
	for (size_t i = 0; i < GAPS; i++) {
		size_t k = preferred[i];
		struct moments within = sum_of(&t, 0, k + 1), between = sum_of(&t, k + 1, GAPS + 1);
		int64_t n = within.n + between.n;
		double loglik = loglik_of(&within, n) + loglik_of(&between, n);
		if (loglik > best) {
			best = loglik;
			chosen = k;
		}
	}
	return (int64_t)gap_min[chosen] * MINUTE_MS;
}
