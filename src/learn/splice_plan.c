#include "learn/splice.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define TIME_TRIES 50u          /* events of a basket share one time: until time moves */
#define DONOR_TRIES 400u
#define DAY_MS 86400000.0

uint64_t splice_hash(const struct ids *ids, uint32_t user)
{
	size_t len;
	const char *text = dict_text(ids->user, user, &len);
	return XXH64(text, len, 0);
}

struct hashed {
	uint64_t hash;
	uint32_t user;
};

static int by_hash(const void *a, const void *b, void *dict)
{
	const struct hashed *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return dict_cmp(dict, x->user, y->user);
}

int splice_order(uint32_t *user, uint32_t n, const struct ids *ids, struct err *e)
{
	struct hashed *h = mem_get(n + 1ul, sizeof *h);
	if (!h)
		return err_set(e, -ENOMEM, "could not put %u users in order: out of memory", n);
	for (uint32_t i = 0; i < n; i++)
		h[i] = (struct hashed){ splice_hash(ids, user[i]), user[i] };
	qsort_r(h, n, sizeof *h, by_hash, ids->user);
	for (uint32_t i = 0; i < n; i++)
		user[i] = h[i].user;
	mem_free(h);
	return 0;
}

static uint32_t at_least(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

bool splice_time(const struct splice_plan *p, const struct splice_source *s, uint32_t user,
	struct chance *c, struct splice *ret)
{
	struct user_events u;
	history_user(s->h, user, &u);
	uint32_t low = at_least(p->min_pre, (uint32_t)(p->lo * u.n));
	uint32_t high = (uint32_t)(p->hi * u.n);
	for (unsigned k = 0; high > low && k < TIME_TRIES; k++) {
		uint32_t i = low + chance_below(c, high - low);
		if (i == 0 || u.time_ms[i] <= u.time_ms[i - 1])
			continue;
		double part = chance_unit(chance_next(c));
		double span_ms = (double)(u.time_ms[i] - u.time_ms[i - 1]);
		*ret = (struct splice){ .kind = p->kind, .user = user, .donor = DICT_NONE,
			.n_pre = i, .at_ms = u.time_ms[i - 1] + 1 + (int64_t)(part * span_ms),
			.seed = chance_next(c) };
		return true;
	}
	return false;
}

/* What a partial splice keeps: events in all, and of the donor. */
static uint32_t count_kept(const struct splice *x, const struct user_events *u, bool of_donor)
{
	uint32_t first = splice_first_from(u, x->at_ms), session = 0, n = 0;
	for (uint32_t i = first; i < u->n; i++) {
		session += i > first && u->time_ms[i] - u->time_ms[i - 1] > SPLICE_GAP_MS;
		n += splice_keeps(x, of_donor, session);
	}
	return n;
}

/* Enough must come after t*, and of a mixture half of that must be new. */
static bool is_enough(const struct splice_plan *p, const struct splice *x,
	const struct user_events *own, const struct user_events *donor)
{
	if (donor->n - x->donor_from < p->min_post)
		return false;
	if (x->kind != SPLICE_PARTIAL)
		return true;
	uint32_t n_new = count_kept(x, donor, true);
	return 2 * n_new >= p->min_post && n_new + count_kept(x, own, false) >= p->min_post;
}

static double per_day(uint32_t n, int64_t span_ms)
{
	return n / fmax(1e-9, (double)span_ms / DAY_MS);
}

bool splice_take_donor(const struct splice_plan *p, const struct splice_source *s, uint32_t donor,
	struct splice *ret)
{
	struct user_events own, other;
	if ((donor == ret->user) != (ret->kind == SPLICE_RELABEL))
		return false;
	history_user(s->h, ret->user, &own);
	history_user(s->h, donor, &other);
	ret->donor = donor;
	ret->donor_from = splice_first_from(&other, ret->at_ms);
	if (!is_enough(p, ret, &own, &other))
		return false;
	ret->rate_ratio = per_day(other.n - ret->donor_from, s->last_ms - ret->at_ms) /
		per_day(ret->n_pre, ret->at_ms - own.time_ms[0]);
	return p->rate_tolerance <= 0 || (ret->rate_ratio <= p->rate_tolerance &&
		ret->rate_ratio >= 1 / p->rate_tolerance);
}

bool splice_choose(const struct splice_plan *p, const struct splice_source *s, uint32_t i,
	uint32_t k, struct splice *ret)
{
	uint32_t user = p->user[i];
	struct chance c = { chance_pair(chance_pair(p->seed, splice_hash(s->ids, user)), k) };
	if (!splice_time(p, s, user, &c, ret))
		return false;
	if (p->kind == SPLICE_RELABEL)
		return splice_take_donor(p, s, user, ret);
	for (unsigned tries = 0; tries < DONOR_TRIES; tries++)
		if (splice_take_donor(p, s, p->user[chance_below(&c, p->n_users)], ret))
			return true;
	return false;
}

int splice_choose_all(const struct splice_plan *p, const struct splice_source *s,
	struct splice **ret, uint32_t *ret_n, struct err *e)
{
	struct splice *x = mem_get((size_t)p->n_users * p->n_each + 1, sizeof *x);
	*ret = x;
	*ret_n = 0;
	if (!x)
		return err_set(e, -ENOMEM, "could not choose splices of %u users: out of memory",
			p->n_users);
	for (uint32_t i = 0; i < p->n_users; i++)
		for (uint32_t k = 0; k < p->n_each; k++)
			*ret_n += splice_choose(p, s, i, k, &x[*ret_n]);
	return 0;
}
