#include "learn/benchmark.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define DONOR_TRIES 400u

/* The users that can still be spliced or be donors: numbers of the plan's users, in any order. */
struct pool {
	uint32_t *member, *where;       /* where[number]: its index, or DICT_NONE */
	uint32_t n;
};

struct make {
	const struct splice_source *s;
	const struct benchmark_options *o;
	struct splice_plan plan;
	struct benchmark *b;
	uint32_t *user;                 /* the eligible, in splice_order() */
	struct pool pool;
	uint8_t *gone;                  /* by user number: a donor used up */
	struct splice *made;            /* by user number; kind SPLICE_NULL: none */
	struct splice_room room;
	uint32_t *before, *after;       /* categories, scratch of cap */
	uint32_t cap;
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static uint32_t run_length(const uint32_t *c, uint32_t n, uint32_t what)
{
	uint32_t k = 0;
	while (k < n && c[k] == what)
		k++;
	return k;
}

/* In 2^-40 bits: sums of integers do not depend on the numbers of the categories. */
static int64_t term(double p, double mean)
{
	return p > 0 ? (int64_t)(.5 * p * chance_log2(p / mean) * 0x1p40) : 0;
}

double benchmark_divergence(uint32_t *a, uint32_t na, uint32_t *b, uint32_t nb)
{
	int64_t sum = 0;
	if (na == 0 || nb == 0)
		return NAN;
	qsort(a, na, sizeof *a, by_number);
	qsort(b, nb, sizeof *b, by_number);
	for (uint32_t i = 0, j = 0; i < na || j < nb; ) {
		uint32_t c = j == nb || (i < na && a[i] < b[j]) ? a[i] : b[j];
		uint32_t in_a = run_length(a + i, na - i, c), in_b = run_length(b + j, nb - j, c);
		double p = (double)in_a / na, q = (double)in_b / nb;
		sum += term(p, (p + q) / 2) + term(q, (p + q) / 2);
		i += in_a;
		j += in_b;
	}
	return (double)sum * 0x1p-40;
}

static void swap_members(struct pool *p, uint32_t i, uint32_t k)
{
	uint32_t a = p->member[i], b = p->member[k];
	p->member[i] = b;
	p->member[k] = a;
	p->where[b] = i;
	p->where[a] = k;
}

static void leave(struct pool *p, uint32_t number)
{
	swap_members(p, p->where[number], --p->n);
	p->where[number] = DICT_NONE;
}

/* Looks at members in a random order; false: none fits. */
static bool find_donor(struct make *m, struct chance *c, struct splice *x, uint32_t *ret_number)
{
	for (uint32_t i = 0; i < m->pool.n && i < DONOR_TRIES; i++) {
		swap_members(&m->pool, i, i + chance_below(c, m->pool.n - i));
		*ret_number = m->pool.member[i];
		if (splice_take_donor(&m->plan, m->s, m->user[*ret_number], x))
			return true;
	}
	return false;
}

/* One user of the plan becomes what plan.kind says, if that can be. */
static bool splice_one(struct make *m, uint32_t number, struct chance *c)
{
	uint32_t user = m->user[number], donor;
	struct splice x;
	if (!splice_time(&m->plan, m->s, user, c, &x))
		return false;
	if (m->plan.kind == SPLICE_RELABEL) {
		if (!splice_take_donor(&m->plan, m->s, user, &x))
			return false;
	} else if (!find_donor(m, c, &x, &donor)) {
		return false;
	} else if (m->plan.kind != SPLICE_SHAM) {
		leave(&m->pool, donor);
		m->gone[m->user[donor]] = 1;
	}
	leave(&m->pool, number);
	m->made[user] = x;
	return true;
}

static void shuffle(uint32_t *v, uint32_t n, struct chance *c)
{
	for (uint32_t i = n; i-- > 1; ) {
		uint32_t k = chance_below(c, i + 1), swap = v[i];
		v[i] = v[k];
		v[k] = swap;
	}
}

/* Splices come first, then shams, down one list of users in random order. */
static uint32_t splice_some(struct make *m, uint32_t *order)
{
	uint32_t n = m->plan.n_users, i = 0, n_made = 0, n_shams = 0;
	struct chance c = { chance_pair(m->o->seed, 0) };
	shuffle(order, n, &c);
	m->plan.kind = m->o->kind;
	for (; i < n && n_made < (uint32_t)(m->o->changed * n); i++)
		n_made += m->pool.where[order[i]] != DICT_NONE && splice_one(m, order[i], &c);
	m->plan.kind = SPLICE_SHAM;
	for (; i < n && n_shams < (uint32_t)(m->o->sham * n); i++)
		n_shams += m->pool.where[order[i]] != DICT_NONE && splice_one(m, order[i], &c);
	return n_made;
}

static bool fit(struct make *m, uint32_t n)
{
	if (n <= m->cap)
		return true;
	for (int i = 0; i < 2; i++) {
		uint32_t **v = i ? &m->after : &m->before, *more;
		if (!(more = mem_resize(*v, 2ul * n, sizeof *more)))
			return false;
		*v = more;
	}
	m->cap = 2 * n;
	return true;
}

/* As a reader of the file would have it. */
static double four_decimals(double x)
{
	return round(x * 1e4) / 1e4;
}

static double divergence(struct make *m, const struct user_events *a, uint32_t na,
	const struct user_events *b, uint32_t from)
{
	if (na)
		memcpy(m->before, a->category, na * sizeof *m->before);
	if (b->n > from)
		memcpy(m->after, b->category + from, (b->n - from) * sizeof *m->after);
	return four_decimals(benchmark_divergence(m->before, na, m->after, b->n - from));
}

static void describe_change(struct make *m, const struct splice *x, struct answer *ret,
	const struct user_events *own, const struct user_events *made)
{
	ret->kind = x->kind == SPLICE_SHAM ? ANSWER_SHAM : ANSWER_SPLICE;
	ret->donor = x->kind == SPLICE_RELABEL ? DICT_NONE : x->donor;
	ret->change_ms = x->at_ms;
	ret->first_new = ret->n_pre = x->n_pre;
	ret->n_post = made->n - x->n_pre;
	ret->rate_ratio = four_decimals(x->rate_ratio);
	ret->js = divergence(m, own, x->n_pre, made, x->n_pre);
	ret->js_self = divergence(m, own, x->n_pre, own, x->n_pre);
}

static enum answer_split split_of(const struct make *m, uint32_t user)
{
	uint64_t hash = splice_hash(m->s->ids, user);
	return chance_pair(chance_pair(m->o->seed, 1), hash) >> 63 ? ANSWER_TEST : ANSWER_DEV;
}

static int answer_user(struct make *m, uint32_t user, struct err *e)
{
	struct splice *x = &m->made[user];
	struct user_events own, made;
	struct answer row = { .user = user, .donor = DICT_NONE, .split = split_of(m, user),
		.rate_ratio = NAN, .js = NAN };
	history_user(m->s->h, user, &own);
	if (own.n == 0 || m->gone[user])
		return 0;
	if (x->kind == SPLICE_NULL)
		*x = (struct splice){ .user = user, .donor = DICT_NONE };
	if (splice_events(x, m->s, &m->room, &made, e) < 0)
		return e->code;
	if (!fit(m, own.n + made.n))
		return err_set(e, -ENOMEM, "could not compare categories: out of memory");
	if (x->kind != SPLICE_NULL) {
		describe_change(m, x, &row, &own, &made);
	} else {
		row.n_pre = own.n;
		row.js_self = divergence(m, &own, own.n / 2, &own, own.n / 2);
	}
	return answers_add(&m->b->answers, &row, e);
}

static int answer_all(struct make *m, struct err *e)
{
	struct answers *a = &m->b->answers;
	for (uint32_t user = 0; user < history_n_users(m->s->h); user++)
		if (answer_user(m, user, e) < 0)
			return e->code;
	answers_sort(a, m->s->ids);
	m->b->splice = mem_get(a->n + 1ul, sizeof *m->b->splice);
	if (!m->b->splice)
		return err_set(e, -ENOMEM, "could not keep the splices: out of memory");
	for (uint32_t i = 0; i < a->n; i++)
		m->b->splice[i] = m->made[a->row[i].user];
	return 0;
}

static void find_eligible(struct make *m)
{
	uint32_t least = m->plan.min_pre + m->plan.min_post;
	for (uint32_t user = 0; user < history_n_users(m->s->h); user++) {
		struct user_events u;
		history_user(m->s->h, user, &u);
		if (u.n >= least)
			m->user[m->plan.n_users++] = user;
	}
}

static int make_all(struct make *m, uint32_t *order, struct err *e)
{
	find_eligible(m);
	if (splice_order(m->user, m->plan.n_users, m->s->ids, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < m->plan.n_users; i++)
		order[i] = m->pool.member[i] = m->pool.where[i] = i;
	m->pool.n = m->plan.n_users;
	if (splice_some(m, order) == 0)
		return err_set(e, -ENODATA, "could not splice this log: of %u users with %u events "
			"or more none fits another", m->plan.n_users,
			m->plan.min_pre + m->plan.min_post);
	return answer_all(m, e);
}

static void make_done(struct make *m)
{
	mem_free(m->user);
	mem_free(m->pool.member);
	mem_free(m->pool.where);
	mem_free(m->gone);
	mem_free(m->made);
	mem_free(m->before);
	mem_free(m->after);
	splice_room_done(&m->room);
}

int benchmark_make(struct benchmark *b, const struct splice_source *s,
	const struct benchmark_options *o, struct err *e)
{
	struct make m = { .s = s, .o = o, .plan = SPLICE_PLAN, .b = b };
	size_t n = history_n_users(s->h) + 1ul;
	uint32_t *order = mem_get(n, sizeof *order);
	*b = (struct benchmark){0};
	m.user = mem_get(n, sizeof *m.user);
	m.plan.user = m.user;
	m.plan.rate_tolerance = o->rate_tolerance;
	if (o->min_events > 0)
		m.plan.min_pre = m.plan.min_post = o->min_events;
	m.pool.member = mem_get(n, sizeof *m.pool.member);
	m.pool.where = mem_get(n, sizeof *m.pool.where);
	m.gone = mem_get(n, 1);
	m.made = mem_get(n, sizeof *m.made);
	bool ok = order && m.user && m.pool.member && m.pool.where && m.gone && m.made;
	int code = ok ? make_all(&m, order, e) :
		err_set(e, -ENOMEM, "could not splice the log: out of memory");
	mem_free(order);
	make_done(&m);
	if (code < 0)
		benchmark_done(b);
	return code;
}

void benchmark_done(struct benchmark *b)
{
	answers_done(&b->answers);
	mem_free(b->splice);
	*b = (struct benchmark){0};
}
