#include "learn/baseline.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/model.h"
#include "series/crew.h"
#include "series/history.h"
#include "series/profile.h"

#define FAST .15                /* weights of a count in the averages */
#define SLOW .01
#define SLACK .25               /* standard deviations of surprise that are put up with */
#define SURPRISE_SKIP 8u        /* counts before surprise is judged */
#define USERS_AT_ONCE 64u

const char *const baseline_name[BASELINE_N] = { "ewma", "cusum", "always", "never" };

/* Averages of one of the user's categories, beside what both still hold of the shares. */
struct average {
	uint32_t category;
	double fast, slow;
};

/* One thread's work, and the state of the user it is at. */
struct walk {
	const struct baseline_run *r;
	enum baseline which;
	const float *share;             /* pi(c), by category number */
	struct score_highs out;
	struct profile profile;
	struct sight *seen;             /* in one instant, and the counts they become */
	struct row *row;
	uint32_t cap;
	struct average *average;
	uint32_t n_averages, cap_averages;
	double fast_rest, slow_rest;    /* weight of the shares in the averages */
	double mean, variance, sum;     /* of surprise */
	double score, best;
	uint32_t n;                     /* counts */
};

static double share_of(const struct walk *w, uint32_t category)
{
	return (double)w->share[category];
}

static struct average *average_of(struct walk *w, uint32_t category)
{
	uint32_t i = w->n_averages;
	while (i-- > 0)
		if (w->average[i].category == category)
			return &w->average[i];
	if (w->n_averages == w->cap_averages) {
		uint32_t cap = w->cap_averages ? 2 * w->cap_averages : 64;
		struct average *more = mem_resize(w->average, cap, sizeof *more);
		if (!more)
			return NULL;
		w->average = more;
		w->cap_averages = cap;
	}
	w->average[w->n_averages] = (struct average){ category, 0, 0 };
	return &w->average[w->n_averages++];
}

/* Both averages are weight x shares + own part; only the user's categories have an own part. */
static double distance(const struct walk *w)
{
	double sum = 0, shares = 1, rest = w->fast_rest - w->slow_rest;
	for (uint32_t i = 0; i < w->n_averages; i++) {
		double share = share_of(w, w->average[i].category);
		sum += fabs(w->average[i].fast - w->average[i].slow + rest * share);
		shares -= share;
	}
	return .5 * (sum + fmax(shares, 0) * fabs(rest));
}

static bool count_ewma(struct walk *w, const struct row *c)
{
	struct average *a = average_of(w, c->category);
	double slow = fmax(SLOW, 1.0 / (w->n + 2));
	if (!a)
		return false;
	for (uint32_t i = 0; i < w->n_averages; i++)
		w->average[i].fast *= 1 - FAST;
	w->fast_rest *= 1 - FAST;
	a->fast += FAST;
	w->score = distance(w);
	for (uint32_t i = 0; i < w->n_averages; i++)
		w->average[i].slow *= 1 - slow;
	w->slow_rest *= 1 - slow;
	a->slow += slow;
	return true;
}

static bool count_cusum(struct walk *w, const struct row *c)
{
	double strength = (double)w->r->m->strength;
	double prior = strength * (double)w->share[c->category];
	double loss = -log((c->before + prior) / (w->n + strength)), off = loss - w->mean;
	if (w->n >= SURPRISE_SKIP)
		w->sum = fmax(0, w->sum + off / sqrt(w->variance + .25) - SLACK);
	w->score = w->sum;
	double step = 1.0 / (w->n + 1);
	w->mean += step * off;
	w->variance += step * (off * off - w->variance);
	return true;
}

static bool count_always(struct walk *w, const struct row *c)
{
	(void)c;
	w->score = SCORE_SURE;
	return true;
}

static bool (*const count_one[BASELINE_N])(struct walk *w, const struct row *c) = {
	[BASELINE_EWMA] = count_ewma, [BASELINE_CUSUM] = count_cusum,
	[BASELINE_ALWAYS] = count_always,
};

static bool fit(struct walk *w, uint32_t n)
{
	if (n <= w->cap)
		return true;
	struct sight *seen = mem_resize(w->seen, 2ul * n, sizeof *seen);
	w->seen = seen ? seen : w->seen;
	struct row *row = mem_resize(w->row, 2ul * n, sizeof *row);
	w->row = row ? row : w->row;
	if (seen && row)
		w->cap = 2 * n;
	return seen && row;
}

/* The categories of the instant at event i, returns left out; the event after it. */
static uint32_t gather(struct walk *w, const struct user_events *u, uint32_t i, uint32_t *ret_n)
{
	int64_t at_ms = u->time_ms[i];
	for (*ret_n = 0; i < u->n && u->time_ms[i] == at_ms; i++)
		if (u->behaviour[i] != BEHAVIOUR_RETURN)
			w->seen[(*ret_n)++] = (struct sight){ .category = u->category[i] };
	return i;
}

/* Counts one instant, and keeps the score after it when it is a new high of a user at risk. */
static int take_instant(struct walk *w, uint32_t user, int64_t at_ms, uint32_t n, struct err *e)
{
	if (profile_is_over(&w->profile, at_ms, w->r->m->gap_ms))
		profile_close(&w->profile);
	int counts = profile_push(&w->profile, at_ms, w->seen, n, w->row);
	bool ok = counts >= 0;
	/* All items are one to them, so every row is a count. */
	for (int i = 0; i < counts && ok; i++, w->n++)
		ok = count_one[w->which](w, &w->row[i]);
	if (!ok)
		return err_set(e, -ENOMEM, "could not score a user: out of memory");
	if (counts == 0 || w->n <= PROFILE_WARM_UP || w->score <= w->best)
		return 0;
	w->best = w->score;
	return score_highs_add(&w->out, &(struct score_high){ at_ms, w->score, user }, e);
}

static int walk_user(struct walk *w, uint32_t user, struct err *e)
{
	struct user_events u;
	history_user(w->r->h, user, &u);
	if (!fit(w, u.n))
		return err_set(e, -ENOMEM, "could not score a user: out of memory");
	profile_reset(&w->profile);
	w->n = w->n_averages = 0;
	w->fast_rest = w->slow_rest = w->variance = 1;
	w->mean = w->sum = 0;
	w->best = -INFINITY;
	for (uint32_t i = 0, n; i < u.n && u.time_ms[i] <= w->r->until_ms; ) {
		int64_t at_ms = u.time_ms[i];
		i = gather(w, &u, i, &n);
		if (n > 0 && take_instant(w, user, at_ms, n, e) < 0)
			return e->code;
	}
	return 0;
}

/* What the threads share. */
struct work {
	const struct baseline_run *r;
	enum baseline which;
	const float *share;
	_Atomic uint32_t next;
	pthread_mutex_t lock;           /* of what follows */
	struct score_highs *out;
	struct err err;
};

static void hand_over(struct work *k, const struct walk *w, const struct err *e)
{
	pthread_mutex_lock(&k->lock);
	if (e->code < 0 && k->err.code == 0)
		k->err = *e;
	for (uint32_t i = 0; i < w->out.n && k->err.code == 0; i++)
		score_highs_add(k->out, &w->out.high[i], &k->err);
	pthread_mutex_unlock(&k->lock);
}

static bool is_stopped(const struct baseline_run *r)
{
	return r->stop && atomic_load(r->stop);
}

static void walk_users(void *ctx)
{
	struct work *k = ctx;
	struct walk w = { .r = k->r, .which = k->which, .share = k->share };
	struct err e = {0};
	uint32_t first, n_users = history_n_users(k->r->h);
	profile_init(&w.profile);
	while (!is_stopped(k->r) && e.code == 0 &&
		(first = atomic_fetch_add(&k->next, USERS_AT_ONCE)) < n_users)
		for (uint32_t i = first; i < n_users && i - first < USERS_AT_ONCE; i++)
			if (walk_user(&w, i, &e) < 0)
				break;
	hand_over(k, &w, &e);
	score_highs_done(&w.out);
	profile_done(&w.profile);
	mem_free(w.seen);
	mem_free(w.row);
	mem_free(w.average);
}

/* pi(c) by category number. */
static float *shares_of(const struct baseline_run *r)
{
	uint32_t n = dict_size(r->ids->category);
	float *share = mem_get(n ? n : 1, sizeof *share);
	for (uint32_t i = 0; share && i < n; i++) {
		size_t len;
		const char *text = dict_text(r->ids->category, i, &len);
		share[i] = model_pi(r->m, model_find_share(r->m, text, len), 0);
	}
	return share;
}

int baseline_highs(struct score_highs *of, enum baseline which, const struct baseline_run *r,
	struct err *e)
{
	float *share = shares_of(r);
	struct work k = { .r = r, .which = which, .share = share, .out = of };
	if (!share)
		return err_set(e, -ENOMEM, "could not score the users: out of memory");
	pthread_mutex_init(&k.lock, NULL);
	if (count_one[which])
		crew_run(r->threads, walk_users, &k);
	pthread_mutex_destroy(&k.lock);
	mem_free(share);
	if (k.err.code == 0 && is_stopped(r))
		return err_set(e, -ECANCELED, "the evaluation was stopped");
	return k.err.code < 0 ? err_set(e, k.err.code, "%s", k.err.text) : 0;
}
