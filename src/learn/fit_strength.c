#include "learn/fit_parts.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/sample.h"
#include "model/model.h"
#include "series/crew.h"
#include "series/history.h"
#include "series/profile.h"

#define SKIP 5u                 /* counts of a user before predictions are judged */

/* DETECTION.md, channel 1: larger ones predict a little better and detect worse. */
static const float strength[] = { 5, 7, 10, 14, 20, 28, 40, 50 };
#define STRENGTHS (sizeof strength / sizeof strength[0])

struct judge {
	const float *share;
	int64_t loglik[STRENGTHS], loglik_population;
	uint64_t n;
};

static void judge_count(struct judge *j, const struct count *c, uint32_t n)
{
	double pi = j->share[c->category];
	for (size_t k = 0; k < STRENGTHS; k++)
		j->loglik[k] += fit_nats(log((c->before + strength[k] * pi) / (n + strength[k])));
	j->loglik_population += fit_nats(log(pi));
	j->n++;
}

/* Walks the counts of a user as detection would see them. */
static int each_count(struct profile *p, const struct user_events *u, int64_t gap_ms,
	int64_t until_ms,
	void (*each)(void *ctx, const struct count *c, uint32_t n), void *ctx)
{
	for (uint32_t i = 0; i < u->n && u->time_ms[i] <= until_ms; i++) {
		struct count c;
		uint32_t n = p->n;
		if (u->behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		int r = profile_push(p, u->time_ms[i], &u->category[i], 1, gap_ms, &c);
		if (r < 0)
			return r;
		if (r > 0)
			each(ctx, &c, n);
	}
	return 0;
}

static void judge_each(void *ctx, const struct count *c, uint32_t n)
{
	if (n >= SKIP)
		judge_count(ctx, c, n);
}

int fit_strength(struct model *m, const struct fit_scope *f, const struct sample *s,
	const float *share, struct err *e)
{
	struct judge j = { .share = share };
	struct profile p;
	int r = 0;
	profile_init(&p);
	for (uint32_t i = 0; i < s->n && r == 0; i++) {
		struct user_events u;
		history_user(f->h, s->user[i], &u);
		profile_reset(&p);
		r = each_count(&p, &u, m->gap_ms, f->until_ms, judge_each, &j);
	}
	profile_done(&p);
	if (r < 0)
		return err_set(e, r, "could not fit the prior strength: out of memory");
	size_t best = 0;
	for (size_t k = 1; k < STRENGTHS; k++)
		if (j.loglik[k] > j.loglik[best])
			best = k;
	if (j.n == 0)
		return 0;
	m->strength = strength[best];
	m->log_loss = -(double)j.loglik[best] / 1048576.0 / (double)j.n;
	m->log_loss_population = -(double)j.loglik_population / 1048576.0 / (double)j.n;
	return 0;
}

#define USERS_AT_ONCE 512u

/* Users are shared out among threads, each with counts of its own. */
struct share_work {
	const struct fit_scope *f;
	int64_t gap_ms;
	uint32_t n_categories;
	_Atomic uint32_t next;
	atomic_bool no_memory;
	_Atomic uint64_t *count;
};

static void add_count(void *ctx, const struct count *c, uint32_t n)
{
	uint64_t *count = ctx;
	(void)n;
	count[c->category]++;
}

static void count_shares(void *ctx)
{
	struct share_work *w = ctx;
	struct profile p;
	uint32_t first, n_users = history_n_users(w->f->h);
	uint64_t *own = mem_get(w->n_categories + 1ul, sizeof *own);
	int r = own ? 0 : -ENOMEM;
	profile_init(&p);
	while (r == 0 && (first = atomic_fetch_add(&w->next, USERS_AT_ONCE)) < n_users)
		for (uint32_t i = first; r == 0 && i < n_users && i - first < USERS_AT_ONCE; i++) {
			struct user_events u;
			history_user(w->f->h, i, &u);
			profile_reset(&p);
			r = each_count(&p, &u, w->gap_ms, w->f->until_ms, add_count, own);
		}
	for (uint32_t c = 0; r == 0 && c < w->n_categories; c++)
		atomic_fetch_add(&w->count[c], own[c]);
	if (r < 0)
		atomic_store(&w->no_memory, true);
	profile_done(&p);
	mem_free(own);
}

int fit_shares(uint64_t *count, uint32_t n_categories, const struct fit_scope *f, int64_t gap_ms,
	struct err *e)
{
	struct share_work w = { .f = f, .gap_ms = gap_ms, .n_categories = n_categories,
		.count = mem_get(n_categories + 1ul, sizeof *w.count) };
	if (w.count)
		crew_run(f->threads, count_shares, &w);
	for (uint32_t c = 0; w.count && c < n_categories; c++)
		count[c] += w.count[c];
	bool ok = w.count && !w.no_memory;
	mem_free(w.count);
	return ok ? 0 : err_set(e, -ENOMEM, "could not count the categories: out of memory");
}
