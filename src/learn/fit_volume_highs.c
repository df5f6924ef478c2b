#include "learn/fit_volume_parts.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/volume.h"
#include "series/crew.h"

#define LEVEL_LEAST 1.0f        /* lower records tell nothing of any budget */
#define LEVEL_APART .05f        /* records of a user in between are left out, but for the highest */

/* Users are shared out among threads, each with levels of its own. */
struct work {
	const struct volume_fit *fit;
	struct volume_rule rule;
	_Atomic uint32_t next;
	atomic_bool no_memory;
	_Atomic uint32_t n_users, part;
	struct levels own[CREW_MAX];
};

struct high {
	int64_t time_ms;
	float score;
};

/* The record highs of one user, and when the user was at risk. */
struct highs {
	struct high *high;
	uint32_t n, cap;
	int64_t from_ms, to_ms;         /* INT64_MAX: never at risk */
};

static bool add_high(struct highs *h, const struct volume_alarm *a)
{
	struct high high = { a->time_ms, a->score };
	if (a->score < LEVEL_LEAST)
		return true;
	if (h->n >= 2 && a->score < h->high[h->n - 2].score + LEVEL_APART) {
		h->high[h->n - 1] = high;
		return true;
	}
	if (h->n == h->cap) {
		uint32_t cap = h->cap ? 2 * h->cap : 64;
		struct high *grown = mem_resize(h->high, cap, sizeof *grown);
		if (!grown)
			return false;
		h->high = grown;
		h->cap = cap;
	}
	h->high[h->n++] = high;
	return true;
}

static bool sweep_user(struct highs *h, const struct volume_rule *r, struct volume_walk *w)
{
	struct volume v;
	struct volume_alarm a;
	int64_t ms;
	bool ok = true;
	h->n = 0;
	h->from_ms = INT64_MAX;
	volume_reset(&v, r);
	while (ok && volume_walk_next(w, &ms)) {
		while (ok && volume_advance(&v, r, ms, &a))
			ok = add_high(h, &a);
		bool learns = v.quiet > 0;
		if (volume_session(&v, r, ms, &a))
			ok = ok && add_high(h, &a);
		if (learns && v.quiet == 0)
			h->from_ms = ms;
	}
	h->to_ms = w->last_ms;
	return ok;
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
		int64_t end_ms = last ? h->to_ms : h->high[i + 1].time_ms;
		to->level[to->n++] = (struct level){ h->high[i].score,
			end_ms - h->high[i].time_ms, last };
	}
	to->exposure_ms += h->to_ms - h->from_ms;
	return true;
}

static void sweep_some(struct work *w, struct levels *own, struct highs *h, uint32_t *cap,
	uint32_t first)
{
	uint32_t n_users = history_n_users(w->fit->h);
	for (uint32_t i = first; i < n_users && i - first < VOLUME_USERS_AT_ONCE; i++) {
		struct volume_walk walk;
		volume_walk_init(&walk, w->fit, i);
		bool ok = sweep_user(h, &w->rule, &walk);
		bool was_at_risk = h->from_ms != INT64_MAX;
		if (!ok || (was_at_risk && !add_levels(own, cap, h)))
			atomic_store(&w->no_memory, true);
		atomic_fetch_add(&w->n_users, was_at_risk);
	}
}

static void sweep_users(void *ctx)
{
	struct work *w = ctx;
	struct levels *own = &w->own[atomic_fetch_add(&w->part, 1)];
	struct highs h = {0};
	uint32_t first, cap = 0, n_users = history_n_users(w->fit->h);
	while (!atomic_load(&w->no_memory) && !volume_fit_is_stopped(w->fit) &&
	       (first = atomic_fetch_add(&w->next, VOLUME_USERS_AT_ONCE)) < n_users)
		sweep_some(w, own, &h, &cap, first);
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

int volume_highs(const struct volume_fit *f, struct levels *ret, struct err *e)
{
	struct work *w = mem_get(1, sizeof *w);
	bool ok = false;
	*ret = (struct levels){0};
	if (w) {
		w->fit = f;
		volume_rule_init(&w->rule, f->m, f->o->step);
		w->rule.records = true;
		crew_run(f->o->threads, sweep_users, w);
		ok = join(w, ret);
		f->m->n_users = w->n_users;
	}
	mem_free(w);
	return ok ? 0 : err_set(e, -ENOMEM, "could not calibrate the volume: out of memory");
}
