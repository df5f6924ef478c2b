#include "learn/fit_parts.h"

#include <errno.h>
#include <math.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"
#include "ingest/event.h"
#include "learn/sample.h"
#include "series/history.h"

#define SKIP 5u                 /* counts of a user before predictions are judged */

/* DETECTION.md, channel 1: larger ones predict a little better and detect worse. */
static const double strength[] = { 5, 7, 10, 14, 20, 28, 40, 50 };
static const double item_strength[] = { .5, 1, 2, 5, 10, 20, 50, 100 };
#define STRENGTHS (sizeof strength / sizeof *strength)
#define ITEM_STRENGTHS (sizeof item_strength / sizeof *item_strength)

/* Of an item, beside that of its category: s_g = 2 s_i. */
#define ITEM_ALONE 2.0f

struct judge {
	int64_t loglik[STRENGTHS], loglik_item[ITEM_STRENGTHS], loglik_population;
	uint64_t n;
	uint32_t *taken;        /* rows of each item in the user's past; NULL: not looked at */
	bool forgets;           /* the walk takes back what it has counted */
};

static void judge_item(struct judge *j, const struct row *r, uint32_t n)
{
	uint32_t *taken = &j->taken[r->item];
	if (j->forgets) {
		*taken = 0;
		return;
	}
	for (size_t k = 0; k < ITEM_STRENGTHS && n >= SKIP; k++)
		j->loglik_item[k] += fit_nats(log((*taken + item_strength[k] * (double)r->pi_item) /
			(r->rows + item_strength[k])));
	++*taken;
}

static void judge_row(void *ctx, const struct row *r, uint32_t n)
{
	struct judge *j = ctx;
	if (j->taken)
		judge_item(j, r, n);
	if (j->forgets || !(r->flags & ROW_COUNT) || n < SKIP)
		return;
	for (size_t k = 0; k < STRENGTHS; k++)
		j->loglik[k] += fit_nats(log((r->before + strength[k] * (double)r->pi) /
			(n + strength[k])));
	j->loglik_population += fit_nats(log((double)r->pi));
	j->n++;
}

static size_t best_of(const int64_t *loglik, size_t n)
{
	size_t best = 0;
	for (size_t k = 1; k < n; k++)
		if (loglik[k] > loglik[best])
			best = k;
	return best;
}

static int judge_users(struct judge *j, struct fit_walk *w, const struct sample *s)
{
	struct profile p;
	int r = 0;
	profile_init(&p);
	w->each = judge_row;
	w->ctx = j;
	for (uint32_t i = 0; i < s->n && r == 0; i++) {
		j->forgets = false;
		r = fit_each_row(w, &p, s->user[i]);
		j->forgets = true;
		if (r == 0 && j->taken)
			r = fit_each_row(w, &p, s->user[i]);
	}
	profile_done(&p);
	return r;
}

static void choose(struct model *m, const struct judge *j)
{
	size_t best = best_of(j->loglik, STRENGTHS);
	m->strength = (float)strength[best];
	m->log_loss = -(double)j->loglik[best] / 1048576.0 / (double)j->n;
	m->log_loss_population = -(double)j->loglik_population / 1048576.0 / (double)j->n;
	float within = (float)item_strength[best_of(j->loglik_item, ITEM_STRENGTHS)];
	m->learned.strength[EVIDENCE_CATEGORY] = m->strength;
	m->learned.strength[EVIDENCE_ITEM_WITHIN] = within;
	m->learned.strength[EVIDENCE_ITEM] = ITEM_ALONE * within;
}

int fit_strength(struct model *m, const struct fit_scope *f, const struct sample *s,
	const struct priors *p, struct err *e)
{
	struct judge j = {0};
	struct fit_walk w = { .f = f, .priors = p, .gap_ms = m->gap_ms };
	int r = 0;
	if (p->item && !(j.taken = mem_get(dict_size(f->ids->item) + 1ul,
		sizeof *j.taken)))
		r = -ENOMEM;
	if (r == 0)
		r = judge_users(&j, &w, s);
	mem_free(j.taken);
	if (r < 0)
		return err_set(e, r, "could not fit the prior strengths: out of memory");
	if (j.n > 0)
		choose(m, &j);
	return 0;
}
