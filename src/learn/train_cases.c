#include "learn/train_cases.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"
#include "learn/relabel.h"
#include "learn/sample.h"
#include "series/crew.h"
#include "series/history.h"

#define USERS 1000u             /* learnt from, about: 200 a fold */
#define EVENTS_MIN 20u
#define LABEL_WEIGHT 3.0        /* a person looked at it */
#define CASES_AT_ONCE 8u

/* Splices a user of each kind, and what their parts weigh: together as much as the user itself. */
static const struct kind {
	uint32_t each;
	double before, after;
	bool is_changed;
} kind_table[SPLICE_N] = {
	[SPLICE_NULL] = { 1, 1, 0, false },
	[SPLICE_WHOLE] = { 3, .1, 1. / 3, true },
	[SPLICE_PARTIAL] = { 2, .1, .25, true },
	[SPLICE_RELABEL] = { 2, .1, .25, true },
	[SPLICE_SHAM] = { 1, .1, .5, false },
};

/* Cases being chosen. */
struct choosing {
	struct train_cases *c;
	const struct train_scope *s;
	const struct train_options *o;
	struct splice_source source;
	const uint32_t *user;           /* of one fold, in splice_order() */
	uint32_t n_users;
	unsigned fold;
};

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not train: out of memory");
}

static struct train_case *add_case(struct train_cases *c)
{
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? 2 * c->cap : 256;
		struct train_case *more = mem_resize(c->at, cap, sizeof *more);
		if (!more)
			return NULL;
		c->at = more;
		c->cap = cap;
	}
	c->at[c->n] = (struct train_case){0};
	return &c->at[c->n++];
}

/* Since when an operator knows of a change; INT64_MAX: of none. */
static int64_t known_change(const struct train_options *o, uint32_t user)
{
	int64_t at_ms = INT64_MAX;
	for (uint32_t i = 0; i < o->n_labels; i++)
		if (o->label[i].user == user && o->label[i].is_true && o->label[i].onset_ms < at_ms)
			at_ms = o->label[i].onset_ms;
	return at_ms;
}

static bool add_user(struct choosing *g, uint32_t user)
{
	struct train_case *k = add_case(g->c);
	if (!k)
		return false;
	k->x.user = user;
	k->fold = g->fold;
	k->cut_ms = known_change(g->o, user);
	k->part[0].weight = 1;
	k->part[0].is_user = k->cut_ms == INT64_MAX;
	return true;
}

static bool add_splices(struct choosing *g, uint32_t i, enum splice_kind kind)
{
	const struct kind *t = &kind_table[kind];
	struct splice_plan p = SPLICE_PLAN;
	p.user = g->user;
	p.n_users = g->n_users;
	p.kind = kind;
	p.seed = chance_pair(g->o->seed, kind);
	p.lo = .2;
	p.hi = .8;
	for (uint32_t n = 0; n < t->each; n++) {
		struct splice x;
		if (!splice_choose(&p, &g->source, i, n, &x))
			continue;
		struct train_case *k = add_case(g->c);
		if (!k)
			return false;
		k->x = x;
		k->fold = g->fold;
		k->cut_ms = x.at_ms;
		k->part[0].weight = t->before;
		k->part[1].weight = t->after;
		k->part[1].is_changed = t->is_changed;
	}
	return true;
}

/* Donors are of the user's own fold, so that shares and weights it is judged by know neither. */
static bool add_fold(struct choosing *g)
{
	for (uint32_t i = 0; i < g->n_users; i++) {
		if (!add_user(g, g->user[i]))
			return false;
		if (known_change(g->o, g->user[i]) < INT64_MAX)
			continue;
		for (int kind = SPLICE_NULL + 1; kind < SPLICE_N; kind++)
			if (!add_splices(g, i, (enum splice_kind)kind))
				return false;
	}
	return true;
}

/* MODEL_FOLDS: it has no event that counts. */
static unsigned fold_of(const struct train_scope *s, uint32_t user)
{
	struct user_events u;
	uint32_t i = 0;
	history_user(s->h, user, &u);
	while (i < u.n && u.behaviour[i] == BEHAVIOUR_RETURN)
		i++;
	if (i == u.n)
		return MODEL_FOLDS;
	return priors_fold(s->priors, u.time_ms[i],
		&(struct sight){ .category = u.category[i], .item = u.item[i] });
}

static bool add_folds(struct choosing *g, const struct sample *all)
{
	uint32_t *user = mem_get(all->n + 1ul, sizeof *user);
	bool ok = user;
	for (g->fold = 0; g->fold < MODEL_FOLDS && ok; g->fold++) {
		g->user = user;
		g->n_users = 0;
		for (uint32_t i = 0; i < all->n; i++)
			if (fold_of(g->s, all->user[i]) == g->fold)
				user[g->n_users++] = all->user[i];
		ok = add_fold(g);
	}
	mem_free(user);
	return ok;
}

static bool add_labels(struct choosing *g)
{
	for (uint32_t i = 0; i < g->o->n_labels; i++) {
		const struct train_label *l = &g->o->label[i];
		unsigned fold = fold_of(g->s, l->user);
		if (fold == MODEL_FOLDS)
			continue;
		struct train_case *k = add_case(g->c);
		if (!k)
			return false;
		k->x.user = l->user;
		k->fold = fold;
		k->cut_ms = l->is_true ? l->onset_ms : l->time_ms + 1;
		k->part[l->is_true].weight = LABEL_WEIGHT;
		k->part[l->is_true].is_changed = l->is_true;
	}
	return true;
}

static int choose(struct choosing *g, struct err *e)
{
	struct sample all;
	int r = sample_users(&all, g->s->h, g->s->ids, USERS, EVENTS_MIN, e);
	if (r == 0)
		r = splice_order(all.user, all.n, g->s->ids, e);
	if (r == 0 && (!add_folds(g, &all) || !add_labels(g)))
		r = no_memory(e);
	sample_done(&all);
	return r;
}

/* Parameters that readings are kept for: the start's, times these. */
static const double view_table[][TRAIN_PARAMS] = {
	{ 1, 1, 1, 1, 1 }, { 1, .4, .3, 1, 1 }, { .5, 2, 1, 1, 1 }, { .5, .6, 3.3, 1, 1 },
	{ 1, 1, 1, 1, .4 }, { 1, 1, 1, 1, 1.8 },
};
#define VIEWS (sizeof view_table / sizeof *view_table)
#define KEPT_A_VIEW 4

/* What the threads share. */
struct making {
	const struct train_scope *s;
	struct train_cases *c;
	struct splice_source source;
	double view[VIEWS][TRAIN_PARAMS];
	_Atomic uint32_t next;
	pthread_mutex_t lock;           /* of err */
	struct err err;
};

/* Marks the highest readings under a view, earliest first among equals. */
static void mark_highest(const struct train_reading *r, uint32_t n, const double p[TRAIN_PARAMS],
	double *score, uint8_t *kept)
{
	for (uint32_t i = 0; i < n; i++)
		score[i] = train_score(&r[i], p, NULL);
	for (int k = 0; k < KEPT_A_VIEW && k < (int)n; k++) {
		uint32_t best = 0;
		for (uint32_t i = 1; i < n; i++)
			if (score[i] > score[best])
				best = i;
		kept[best] = 1;
		score[best] = -INFINITY;
	}
}

static bool keep_part(const struct making *m, struct train_segment *part,
	const struct train_reading *r, uint32_t n)
{
	double *score = mem_get(n + 1ul, sizeof *score);
	uint8_t *kept = mem_get(n + 1ul, 1);
	uint32_t n_kept = 0;
	bool ok = score && kept;
	for (size_t v = 0; ok && v < VIEWS; v++)
		mark_highest(r, n, m->view[v], score, kept);
	for (uint32_t i = 0; ok && i < n; i++)
		n_kept += kept[i];
	if (ok && n_kept > 0)
		ok = (part->reading = mem_get(n_kept, sizeof *part->reading)) != NULL;
	for (uint32_t i = 0; ok && i < n; i++)
		if (kept[i])
			part->reading[part->n++] = r[i];
	mem_free(score);
	mem_free(kept);
	return ok;
}

static int make_case(const struct making *m, struct train_case *k, struct train_walk *w,
	struct splice_room *room, struct err *e)
{
	struct user_events u;
	if (splice_events(&k->x, &m->source, room, &u, e) < 0 || train_walk_user(w, &u, e) < 0)
		return e->code;
	k->days = w->days;
	uint32_t before = 0;
	while (before < w->n && w->reading[before].time_ms < k->cut_ms)
		before++;
	bool ok = k->part[0].weight <= 0 || keep_part(m, &k->part[0], w->reading, before);
	if (ok && k->part[1].weight > 0)
		ok = keep_part(m, &k->part[1], w->reading + before, w->n - before);
	return ok ? 0 : no_memory(e);
}

static bool is_over(struct making *m)
{
	pthread_mutex_lock(&m->lock);
	bool over = m->err.code < 0;
	pthread_mutex_unlock(&m->lock);
	return over || (m->s->stop && atomic_load(m->s->stop));
}

#define PERCENT 50              /* of the training, when all cases are made */

static void make_cases(void *ctx)
{
	struct making *m = ctx;
	struct train_walk w;
	struct splice_room room = {0};
	struct err e = {0};
	uint32_t first;
	train_walk_init(&w, m->s->priors, m->s->until_ms);
	while (!is_over(m) && e.code == 0 &&
		(first = atomic_fetch_add(&m->next, CASES_AT_ONCE)) < m->c->n) {
		for (uint32_t i = first; i < m->c->n && i - first < CASES_AT_ONCE; i++)
			if (make_case(m, &m->c->at[i], &w, &room, &e) < 0)
				break;
		if (m->s->ret_percent)
			atomic_store(m->s->ret_percent, PERCENT * first / m->c->n);
	}
	pthread_mutex_lock(&m->lock);
	if (e.code < 0 && m->err.code == 0)
		m->err = e;
	pthread_mutex_unlock(&m->lock);
	splice_room_done(&room);
	train_walk_done(&w);
}

static int make_all(struct making *m, struct err *e)
{
	double start[TRAIN_PARAMS];
	train_params(&m->s->priors->model->learned, start);
	for (size_t v = 0; v < VIEWS; v++)
		for (int k = 0; k < TRAIN_PARAMS; k++)
			m->view[v][k] = start[k] * view_table[v][k];
	pthread_mutex_init(&m->lock, NULL);
	crew_run(m->s->threads, make_cases, m);
	pthread_mutex_destroy(&m->lock);
	if (m->err.code < 0)
		return err_set(e, m->err.code, "%s", m->err.text);
	return m->s->stop && atomic_load(m->s->stop) ?
		err_set(e, -ECANCELED, "training was stopped") : 0;
}

int train_cases_make(struct train_cases *c, const struct train_scope *s,
	const struct train_options *o, struct err *e)
{
	*c = (struct train_cases){0};
	struct relabel *relabel = relabel_new(s->h, s->ids, e);
	if (!relabel)
		return e->code;
	struct choosing g = { .c = c, .s = s, .o = o };
	splice_source_init(&g.source, s->h, s->ids, relabel);
	struct making m = { .s = s, .c = c, .source = g.source };
	int r = choose(&g, e);
	if (r == 0)
		r = make_all(&m, e);
	relabel_free(relabel);
	return r;
}

void train_cases_done(struct train_cases *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		for (int k = 0; k < 2; k++)
			mem_free(c->at[i].part[k].reading);
	mem_free(c->at);
	*c = (struct train_cases){0};
}
