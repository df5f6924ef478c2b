#include "alert/crowd.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/chance.h"
#include "base/dict.h"
#include "base/mem.h"
#include "detect/finding.h"

#define HOUR_MS INT64_C(3600000)
#define HALF_LIFE_MS (168. * HOUR_MS)
#define MONTH_MS (720. * HOUR_MS)

static const int64_t window_ms[CROWD_WINDOWS] = { HOUR_MS, 24 * HOUR_MS };

/* An alert, on the side of one of its categories. */
struct entry {
	int64_t time_ms;
	uint32_t alert, key, other;     /* key: category and side; other: the other category */
	uint32_t pair;                  /* number of key and user */
	uint32_t next;                  /* of the same key, or CROWD_NONE */
};

struct pair {
	uint32_t key, user;
	uint32_t newest;                /* entry plus 1; 0: none yet */
	uint32_t seen;                  /* the last crowd it was counted in, plus 1 */
};

/* Counts up to past_ms, each half as much for every half life before. */
struct past {
	double n;
	int64_t at_ms;
};

struct post {
	uint32_t newest;                /* entry plus 1; 0: none yet */
	uint32_t crowd;                 /* that is running, plus 1; 0: none is */
	uint32_t over;                  /* entries before that belong to crowds that are over */
	struct {
		struct past past;
		uint32_t first;         /* entry in the window, but for crowds that are over */
		uint32_t inside, users; /* entries in it; users, but for crowds that are over */
	} in[CROWD_WINDOWS];
};

struct crowd_watch {
	struct entry *entry;            /* in order of time up to n_done */
	struct pair *pair;
	struct post *post;              /* by key */
	uint32_t *others;               /* by category; all 0 between calls */
	uint32_t *slot;                 /* hash of pairs: number plus 1 */
	uint32_t n_entries, cap_entries, n_done, n_pairs, cap_pairs, n_posts, n_slots;
	uint32_t tail[CROWD_WINDOWS];   /* entries that have left the window */
	int64_t first_ms;
	struct {
		struct past past;
		uint32_t inside, seen;  /* entries in the window; categories with a past */
	} all[CROWD_SIDES][CROWD_WINDOWS];
};

/* Memory */

void crowds_init(struct crowds *c, const struct dict *names)
{
	*c = (struct crowds){ .names = names };
}

void crowds_done(struct crowds *c)
{
	struct crowd_watch *w = c->w;

	if (w) {
		mem_free(w->entry);
		mem_free(w->pair);
		mem_free(w->post);
		mem_free(w->others);
		mem_free(w->slot);
	}
	mem_free(w);
	mem_free(c->crowd);
	mem_free(c->of);
	*c = (struct crowds){ .names = c->names };
}

/* Room for n things; false: out of memory, and all is as it was. */
static bool reserve(void *array, uint32_t *cap, uint32_t n, size_t size)
{
	uint64_t more = n < 64 ? 64 : (uint64_t)n + n / 2;
	void *p;

	if (n <= *cap)
		return true;
	p = more < UINT32_MAX ? mem_resize(*(void **)array, more, size) : NULL;
	if (!p)
		return false;
	*(void **)array = p;
	*cap = (uint32_t)more;
	return true;
}

static bool reserve_posts(struct crowd_watch *w, uint32_t key)
{
	uint32_t n = w->n_posts, cap = n;

	if (key < n)
		return true;
	if (!reserve(&w->others, &cap, key + 1, sizeof *w->others))
		return false;
	cap = n;
	if (!reserve(&w->post, &cap, key + 1, sizeof *w->post))
		return false;
	memset(w->others + n, 0, (cap - n) * sizeof *w->others);
	memset(w->post + n, 0, (cap - n) * sizeof *w->post);
	w->n_posts = cap;
	return true;
}

/* Where a pair stands, or the free slot where it would. */
static uint32_t slot_of(const struct crowd_watch *w, uint32_t key, uint32_t user)
{
	uint32_t i = (uint32_t)chance_mix((uint64_t)key << 32 | user) & (w->n_slots - 1);

	while (w->slot[i] && (w->pair[w->slot[i] - 1].key != key
				     || w->pair[w->slot[i] - 1].user != user))
		i = (i + 1) & (w->n_slots - 1);
	return i;
}

static bool grow_slots(struct crowd_watch *w)
{
	uint32_t n = w->n_slots ? 2 * w->n_slots : 1024, *slot = mem_get(n, sizeof *slot), i;

	if (!slot)
		return false;
	mem_free(w->slot);
	w->slot = slot;
	w->n_slots = n;
	for (i = 0; i < w->n_pairs; i++)
		slot[slot_of(w, w->pair[i].key, w->pair[i].user)] = i + 1;
	return true;
}

static bool pair_number(struct crowd_watch *w, uint32_t key, uint32_t user, uint32_t *ret)
{
	uint32_t at;

	if (2 * (uint64_t)w->n_pairs >= w->n_slots && !grow_slots(w))
		return false;
	at = slot_of(w, key, user);
	if (!w->slot[at]) {
		if (!reserve(&w->pair, &w->cap_pairs, w->n_pairs + 1, sizeof *w->pair))
			return false;
		w->pair[w->n_pairs++] = (struct pair){ .key = key, .user = user };
		w->slot[at] = w->n_pairs;
	}
	*ret = w->slot[at] - 1;
	return true;
}

static bool add_entry(struct crowds *c, const struct finding *f, enum crowd_side side)
{
	struct crowd_watch *w = c->w;
	uint32_t category = side == CROWD_TO ? f->to : f->from, pair;
	uint32_t key = category * CROWD_SIDES + side;

	if (category == DICT_NONE)
		return true;
	if (!reserve(&w->entry, &w->cap_entries, w->n_entries + 1, sizeof *w->entry)
			|| !reserve_posts(w, key) || !pair_number(w, key, f->user, &pair))
		return false;
	w->entry[w->n_entries++] = (struct entry){ .time_ms = f->time_ms, .alert = c->n_alerts,
		.key = key, .other = side == CROWD_TO ? f->from : f->to, .pair = pair,
		.next = CROWD_NONE };
	return true;
}

int crowds_add(struct crowds *c, const struct finding *f)
{
	uint32_t had;

	if (!c->w && !(c->w = mem_get(1, sizeof *c->w)))
		return -ENOMEM;
	had = c->w->n_entries;
	if (!reserve(&c->of, &c->cap_alerts, c->n_alerts + 1, sizeof *c->of)
			|| (f->kind == KIND_INTEREST
				&& (!add_entry(c, f, CROWD_TO) || !add_entry(c, f, CROWD_FROM)))) {
		c->w->n_entries = had;
		return -ENOMEM;
	}
	c->of[c->n_alerts++] = CROWD_NONE;
	return 0;
}

/* The law */

double crowds_tail(uint32_t n, double mean, double shape)
{
	double q = mean / (mean + shape), k = n, sum = 0, term;

	if (n == 0)
		return 1;
	term = exp(lgamma(k + shape) - lgamma(shape) - lgamma(k + 1) - shape * log1p(mean / shape)
		+ k * log(q));
	for (; term > sum * 1e-17; k++) {
		sum += term;
		term *= (k + shape) / (k + 1) * q;
	}
	return fmin(sum, 1);
}

static double past_at(const struct past *p, int64_t ms)
{
	return p->n ? p->n * exp2(-(double)(ms - p->at_ms) / HALF_LIFE_MS) : 0;
}

static void past_add(struct past *p, int64_t ms)
{
	p->n = past_at(p, ms) + 1;
	p->at_ms = ms;
}

/* The time since the first alert, weighted as the past is. */
static double span_up_to(const struct crowd_watch *w, int64_t ms)
{
	double halvings = (double)(ms - w->first_ms) / HALF_LIFE_MS;

	return halvings > 0 ? HALF_LIFE_MS / M_LN2 * (1 - exp2(-halvings)) : 0;
}

/* What the window up to t says of a key: how many users there are, and how many there should be. */
struct look {
	uint32_t n;
	double expected, p, a_month;
};

static struct look look_at(const struct crowd_watch *w, uint32_t key, unsigned i, int64_t t)
{
	unsigned side = key % CROWD_SIDES;
	const struct post *post = &w->post[key];
	int64_t from = t - window_ms[i];
	double span = span_up_to(w, from);
	double shape = past_at(&post->in[i].past, from) + .5;
	double all = past_at(&w->all[side][i].past, from);
	double share = shape / (all + .5 * (w->all[side][i].seen + 1));
	double rate = (all + 1) / span, others = w->all[side][i].inside - post->in[i].inside;
	struct look look = { .n = post->in[i].users, .p = 1, .a_month = INFINITY };

	if (!span || share > CROWD_SHARE)
		return look;
	look.expected = share * rate * (double)window_ms[i];
	if (share / (1 - share) * others > look.expected) {
		look.expected = share / (1 - share) * others;
		shape = 1 / (1 / shape + 1 / (others + .5));
	}
	if (look.n < CROWD_USERS || look.n < CROWD_TIMES * look.expected)
		return look;
	look.p = crowds_tail(look.n, look.expected, shape);
	look.a_month = look.p * rate * MONTH_MS * CROWD_SIDES * CROWD_WINDOWS;
	return look;
}

/* The walk */

static void enter(struct crowds *c, uint32_t number)
{
	struct crowd_watch *w = c->w;
	struct entry *e = &w->entry[number];
	struct post *post = &w->post[e->key];
	struct pair *pair = &w->pair[e->pair];
	bool begins = post->crowd && e->time_ms > c->crowd[post->crowd - 1].until_ms;
	unsigned i;

	if (begins) {
		post->over = number;
		post->crowd = 0;
	}
	for (i = 0; i < CROWD_WINDOWS; i++) {
		int64_t from = e->time_ms - window_ms[i];
		bool is_there = pair->newest > post->over
			&& w->entry[pair->newest - 1].time_ms > from;

		if (begins)
			post->in[i].users = 0;
		if (begins || !post->in[i].inside)
			post->in[i].first = number;
		post->in[i].users += !is_there;
		post->in[i].inside++;
		w->all[e->key % CROWD_SIDES][i].inside++;
	}
	if (post->newest)
		w->entry[post->newest - 1].next = number;
	post->newest = pair->newest = number + 1;
}

static void leave(struct crowd_watch *w, unsigned i, uint32_t number)
{
	const struct entry *e = &w->entry[number];
	struct post *post = &w->post[e->key];
	unsigned side = e->key % CROWD_SIDES;

	if (number >= post->over && w->pair[e->pair].newest == number + 1)
		post->in[i].users--;
	if (post->in[i].first == number)
		post->in[i].first = e->next;
	post->in[i].inside--;
	w->all[side][i].inside--;
	w->all[side][i].seen += !post->in[i].past.n;
	past_add(&post->in[i].past, e->time_ms);
	past_add(&w->all[side][i].past, e->time_ms);
}

static void take_look(struct crowd *crowd, const struct look *look, int64_t t)
{
	crowd->until_ms = t + crowd->window_ms;
	if (look->a_month >= crowd->a_month)
		return;
	crowd->peak = look->n;
	crowd->expected = look->expected;
	crowd->p = look->p;
	crowd->a_month = look->a_month;
}

static int open_crowd(struct crowds *c, uint32_t key, unsigned i, int64_t t)
{
	struct post *post = &c->w->post[key];

	if (!reserve(&c->crowd, &c->cap, c->n + 1, sizeof *c->crowd))
		return -ENOMEM;
	c->crowd[c->n++] = (struct crowd){ .category = key / CROWD_SIDES,
		.side = key % CROWD_SIDES, .window_ms = window_ms[i],
		.first = post->in[i].first, .open_ms = t,
		.since_ms = c->w->entry[post->in[i].first].time_ms, .a_month = INFINITY };
	post->crowd = c->n;
	return 0;
}

static int look_around(struct crowds *c, uint32_t key, int64_t t)
{
	struct post *post = &c->w->post[key];
	unsigned i;

	for (i = 0; i < CROWD_WINDOWS; i++) {
		struct look look;

		if (post->crowd && c->crowd[post->crowd - 1].window_ms != window_ms[i])
			continue;
		look = look_at(c->w, key, i, t);
		if (look.a_month > CROWD_LEVEL)
			continue;
		if (!post->crowd && open_crowd(c, key, i, t) < 0)
			return -ENOMEM;
		take_look(&c->crowd[post->crowd - 1], &look, t);
	}
	return 0;
}

/* All entries of one instant, so that their order does not matter. */
static int take_instant(struct crowds *c)
{
	struct crowd_watch *w = c->w;
	int64_t t = w->entry[w->n_done].time_ms;
	uint32_t k, end;
	unsigned i;

	for (i = 0; i < CROWD_WINDOWS; i++)
		while (w->tail[i] < w->n_done
				&& w->entry[w->tail[i]].time_ms <= t - window_ms[i])
			leave(w, i, w->tail[i]++);
	for (end = w->n_done; end < w->n_entries && w->entry[end].time_ms == t; end++)
		enter(c, end);
	for (k = w->n_done; k < end; k++)
		if (look_around(c, w->entry[k].key, t) < 0)
			return -ENOMEM;
	w->n_done = end;
	return 0;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* From the start, for an alert came late. */
static void rewind_all(struct crowds *c)
{
	struct crowd_watch *w = c->w;
	uint32_t i;

	memset(w->post, 0, w->n_posts * sizeof *w->post);
	memset(w->all, 0, sizeof w->all);
	memset(w->tail, 0, sizeof w->tail);
	for (i = 0; i < w->n_pairs; i++)
		w->pair[i].newest = w->pair[i].seen = 0;
	for (i = 0; i < w->n_entries; i++)
		w->entry[i].next = CROWD_NONE;
	w->n_done = c->n = 0;
}

static void put_in_order(struct crowds *c)
{
	struct crowd_watch *w = c->w;
	uint32_t i, done = w->n_done;
	bool is_sorted = true, is_late = false;

	for (i = done; i < w->n_entries; i++) {
		is_late |= done && w->entry[i].time_ms <= w->entry[done - 1].time_ms;
		is_sorted &= i == 0 || w->entry[i].time_ms >= w->entry[i - 1].time_ms;
	}
	if (is_late)
		rewind_all(c);
	if (is_late || !is_sorted)
		qsort(w->entry + w->n_done, w->n_entries - w->n_done, sizeof *w->entry, entry_cmp);
}

/* What came of it */

static void take_other(struct crowds *c, struct crowd *crowd, uint32_t other)
{
	uint32_t n;

	if (other == DICT_NONE)
		return;
	n = ++c->w->others[other];
	if (n > crowd->n_other || (n == crowd->n_other
				&& dict_cmp(c->names, other, crowd->other) < 0)) {
		crowd->other = other;
		crowd->n_other = n;
	}
}

static void gather(struct crowds *c, uint32_t number)
{
	struct crowd *crowd = &c->crowd[number];
	struct crowd_watch *w = c->w;
	uint32_t i;

	crowd->alerts = crowd->users = crowd->n_other = 0;
	crowd->other = DICT_NONE;
	for (i = crowd->first; i != CROWD_NONE && w->entry[i].time_ms <= crowd->until_ms;
			i = w->entry[i].next) {
		const struct entry *e = &w->entry[i];

		crowd->alerts++;
		crowd->users += w->pair[e->pair].seen != number + 1;
		w->pair[e->pair].seen = number + 1;
		crowd->last_ms = e->time_ms;
		take_other(c, crowd, e->other);
		if (c->of[e->alert] == CROWD_NONE)
			c->of[e->alert] = number;
	}
	for (i = crowd->first; i != CROWD_NONE && w->entry[i].time_ms <= crowd->until_ms;
			i = w->entry[i].next)
		if (w->entry[i].other != DICT_NONE)
			w->others[w->entry[i].other] = 0;
}

int crowds_make(struct crowds *c)
{
	struct crowd_watch *w = c->w;
	unsigned side;
	uint32_t i;

	if (!w || w->n_done == w->n_entries)
		return 0;
	put_in_order(c);
	w->first_ms = w->entry[0].time_ms;
	while (w->n_done < w->n_entries)
		if (take_instant(c) < 0) {
			rewind_all(c);
			return -ENOMEM;
		}
	memset(c->of, 0xff, c->n_alerts * sizeof *c->of);
	for (i = 0; i < w->n_pairs; i++)
		w->pair[i].seen = 0;
	for (side = 0; side < CROWD_SIDES; side++)
		for (i = 0; i < c->n; i++)
			if (c->crowd[i].side == side)
				gather(c, i);
	return 0;
}

void crowds_members(const struct crowds *c, const struct crowd *crowd, uint32_t *ret)
{
	const struct entry *entry = c->w->entry;
	uint32_t i, n = 0;

	for (i = crowd->first; n < crowd->alerts; i = entry[i].next)
		ret[n++] = entry[i].alert;
}

void crowds_rarity(const struct crowd *crowd, char *buf, size_t n)
{
	static const double most = 1e6;         /* beyond, no law of counts is to be trusted */
	char once[64];

	alert_once_in(fmin(1 / crowd->a_month, most), "month", once, sizeof once);
	snprintf(buf, n, "%s%s", 1 / crowd->a_month > most ? "less than " : "", once);
}

int crowds_cmp(const struct dict *names, const struct crowd *a, const struct crowd *b)
{
	if (a->since_ms != b->since_ms)
		return a->since_ms < b->since_ms ? -1 : 1;
	if (a->side != b->side)
		return a->side < b->side ? -1 : 1;
	return dict_cmp(names, a->category, b->category);
}
