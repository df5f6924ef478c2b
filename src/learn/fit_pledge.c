#include "learn/fit_pledge.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/calibrate.h"
#include "learn/levels.h"
#include "model/pledge.h"
#include "series/crew.h"

#define USERS_AT_ONCE 128u      /* taken by a thread in one go */
#define PART_STEP .9
#define PART_STEPS 24           /* to an eleventh */

/* Users are shared out among threads, each with levels of its own. */
struct work {
	const struct pledge_source *s;
	struct exposure *exposure;      /* [n_users]: of nobody where the user is never at risk */
	_Atomic uint32_t next;
	_Atomic uint32_t n_users, part;
	_Atomic uint64_t alarms;
	_Atomic int64_t exposure_ms;
	atomic_bool no_memory;
	struct levels own[CREW_MAX];
};

static bool is_stopped(const struct pledge_source *s)
{
	return s->stop && atomic_load(s->stop);
}

/* The next users to look at: first to *ret_end - 1; false when there are none left. */
static bool take_users(struct work *w, uint32_t *ret_first, uint32_t *ret_end)
{
	uint32_t n = w->s->n_users;
	if (is_stopped(w->s) || atomic_load(&w->no_memory))
		return false;
	*ret_first = atomic_fetch_add(&w->next, USERS_AT_ONCE);
	if (*ret_first >= n)
		return false;
	*ret_end = n - *ret_first < USERS_AT_ONCE ? n : *ret_first + USERS_AT_ONCE;
	return true;
}

void highs_add(struct highs *h, int64_t time_ms, float score)
{
	struct high high = { time_ms, score };
	if (score < h->least)
		return;
	if (h->n >= 2 && score < h->high[h->n - 2].score + h->apart) {
		h->high[h->n - 1] = high;
		return;
	}
	if (h->n == h->cap) {
		uint32_t cap = h->cap ? 2 * h->cap : 64;
		struct high *grown = mem_resize(h->high, cap, sizeof *grown);
		if (!grown) {
			h->no_memory = true;
			return;
		}
		h->high = grown;
		h->cap = cap;
	}
	h->high[h->n++] = high;
}

/* What comes after the user's time at risk takes nothing off it. */
static int64_t within(const struct highs *h, int64_t time_ms)
{
	return time_ms < h->to_ms ? time_ms : h->to_ms;
}

static bool add_levels(struct levels *to, uint32_t *cap, const struct highs *h)
{
	if (to->n + h->n > *cap) {
		uint32_t bigger = 2 * *cap + h->n + 256;
		struct level *grown = mem_resize(to->level, bigger, sizeof *grown);
		if (!grown)
			return false;
		to->level = grown;
		*cap = bigger;
	}
	for (uint32_t i = 0; i < h->n; i++) {
		bool last = i + 1 == h->n;
		int64_t end_ms = last ? h->to_ms : within(h, h->high[i + 1].time_ms);
		to->level[to->n++] = (struct level){ h->high[i].score,
			end_ms - within(h, h->high[i].time_ms), last };
	}
	to->exposure_ms += h->to_ms - h->from_ms;
	return true;
}

static void collect_some(void *ctx)
{
	struct work *w = ctx;
	struct levels *own = &w->own[atomic_fetch_add(&w->part, 1)];
	struct highs h = { .least = w->s->least, .apart = w->s->apart };
	uint32_t first, end, cap = 0;
	while (take_users(w, &first, &end))
		for (uint32_t user = first; user < end; user++) {
			h.n = 0;
			h.from_ms = INT64_MAX;
			w->s->highs(w->s->ctx, user, &h);
			bool was_at_risk = h.from_ms != INT64_MAX;
			if (h.no_memory || (was_at_risk && !add_levels(own, &cap, &h)))
				atomic_store(&w->no_memory, true);
			if (was_at_risk)
				w->exposure[user] = (struct exposure){ user, h.from_ms, h.to_ms };
			atomic_fetch_add(&w->n_users, was_at_risk);
		}
	mem_free(h.high);
}

/* Takes the parts' levels together, and frees them. */
static bool join(struct work *w, struct levels *ret)
{
	size_t n = 0;
	for (uint32_t i = 0; i < CREW_MAX; i++)
		n += w->own[i].n;
	*ret = (struct levels){ .level = mem_get(n + 1, sizeof *ret->level) };
	for (uint32_t i = 0; i < CREW_MAX; i++) {
		struct levels *own = &w->own[i];
		if (ret->level && own->n > 0)
			memcpy(ret->level + ret->n, own->level, own->n * sizeof *own->level);
		ret->n += own->n;
		ret->exposure_ms += own->exposure_ms;
		mem_free(own->level);
	}
	return ret->level && !w->no_memory;
}

static void count_at_risk(struct pledge *p, const struct levels *l, struct exposure *x, uint32_t n)
{
	double days = fmax((double)calibrate_time_at_risk(x, n) / DAY_MS, 1);
	p->user_days = (double)l->exposure_ms / DAY_MS;
	p->at_risk_per_day = p->user_days / days;
}

static bool collect(const struct pledge_source *s, struct levels *ret)
{
	struct work *w = mem_get(1, sizeof *w);
	*ret = (struct levels){0};
	if (!w)
		return false;
	w->s = s;
	w->exposure = mem_get(s->n_users + 1ul, sizeof *w->exposure);
	s->begin(s->ctx, true);
	if (w->exposure)
		crew_run(s->threads, collect_some, w);
	s->pledge->n_users = w->n_users;
	bool ok = join(w, ret) && w->exposure;
	if (ok)
		count_at_risk(s->pledge, ret, w->exposure, s->n_users);
	mem_free(w->exposure);
	mem_free(w);
	return ok;
}

static void use_some(void *ctx)
{
	struct work *w = ctx;
	struct in_use sum = {0};
	uint32_t first, end;
	while (take_users(w, &first, &end))
		for (uint32_t user = first; user < end; user++)
			w->s->use(w->s->ctx, user, &sum);
	atomic_fetch_add(&w->alarms, sum.alarms);
	atomic_fetch_add(&w->exposure_ms, sum.exposure_ms);
}

/* Alarms per 1000 user-days with the threshold as it is, users starting anew after each. */
static int rate_in_use(const struct pledge_source *s, double *ret_kud, struct err *e)
{
	struct work *w = mem_get(1, sizeof *w);
	if (!w)
		return err_set(e, -ENOMEM, "could not calibrate channel %s: out of memory",
			s->channel);
	w->s = s;
	s->begin(s->ctx, false);
	crew_run(s->threads, use_some, w);
	s->pledge->n_alarms = w->alarms;
	*ret_kud = w->exposure_ms > 0 ?
		1000.0 * (double)w->alarms * DAY_MS / (double)w->exposure_ms : 0;
	mem_free(w);
	return 0;
}

/* The largest part of the budget whose alarms, as in use, stay within it: DETECTION, "Combining".
 */
static int fit_first_part(const struct pledge_source *s, double kud, struct err *e)
{
	double part = 1, rate = INFINITY;
	int r = 0;
	for (int i = 0; i < PART_STEPS && r == 0 && rate > kud; i++, part *= PART_STEP) {
		s->pledge->first_part = part;
		pledge_set(s->pledge, kud);
		r = rate_in_use(s, &rate, e);
	}
	return r;
}

static int set_threshold(const struct pledge_source *s, struct levels *l, struct err *e)
{
	const struct budget *b = &s->budget;
	struct pledge *p = s->pledge;
	if (l->n == 0 || l->exposure_ms <= 0)
		return err_set(e, -ENODATA,
			"channel %s: no user has been at risk: %s are needed to start",
			s->channel, s->needed);
	if (!levels_sort(l))
		return err_set(e, -ENOMEM, "could not calibrate channel %s: out of memory",
			s->channel);
	levels_curve(l, &p->far);
	p->smallest_kud = p->far.point[p->far.n - 1].far;
	double kud = b->amount > 0 ? b->amount : fmax(.5, p->smallest_kud);
	if (b->amount > 0 && b->per_day)
		kud = 1000 * b->amount / p->at_risk_per_day;
	return fit_first_part(s, kud, e);
}

int fit_pledge(const struct pledge_source *s, struct err *e)
{
	struct levels l;
	int r = collect(s, &l) ? 0 : err_set(e, -ENOMEM,
		"could not calibrate channel %s: out of memory", s->channel);
	if (r == 0 && is_stopped(s))
		r = err_set(e, -ECANCELED, "stopped");
	if (r == 0)
		r = set_threshold(s, &l, e);
	mem_free(l.level);
	return r == 0 && is_stopped(s) ? err_set(e, -ECANCELED, "stopped") : r;
}
