/* slow_crowds.h - crowds as crowd.h defines them, slowly: each look counts all alerts again. */
#ifndef TESTS_SLOW_CROWDS_H
#define TESTS_SLOW_CROWDS_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alert/crowd.h"
#include "base/dict.h"
#include "detect/finding.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define WEEK_MS (7. * DAY_MS)
#define N_CATEGORIES 6u
#define SLOW_MAX 64u

static const int64_t windows[] = { HOUR_MS, DAY_MS };

static int by_time(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

struct slow {
	struct crowd crowd[SLOW_MAX];
	uint32_t n;
};

struct view {
	const struct finding *f;        /* in order of time */
	uint32_t n;                     /* those up to the present */
};

static uint32_t side_of(const struct finding *f, unsigned side)
{
	return f->kind != KIND_INTEREST ? DICT_NONE : side == CROWD_TO ? f->to : f->from;
}

static double slow_tail(uint32_t n, double mean, double shape)
{
	double sum = 0, j;

	for (j = n; j < n + 4000.; j++)
		sum += exp(lgamma(j + shape) - lgamma(shape) - lgamma(j + 1)
			+ shape * log(shape / (shape + mean)) + j * log(mean / (shape + mean)));
	return sum;
}

/* Different users with an alert of the category in (after, now], and from when. */
static uint32_t users_in(const struct view *v, unsigned side, uint32_t category, int64_t after,
	int64_t *ret_since)
{
	uint32_t i, k, users = 0;

	*ret_since = INT64_MAX;
	for (i = 0; i < v->n; i++) {
		bool is_new = side_of(&v->f[i], side) == category && v->f[i].time_ms > after;

		if (is_new && v->f[i].time_ms < *ret_since)
			*ret_since = v->f[i].time_ms;
		for (k = 0; is_new && k < i; k++)
			is_new = !(side_of(&v->f[k], side) == category && v->f[k].time_ms > after
				&& v->f[k].user == v->f[i].user);
		users += is_new;
	}
	return users;
}

/* p times the looks of a month; what is expected, and p. */
static double slow_look(const struct view *v, unsigned side, uint32_t category, int64_t window,
	uint32_t n, double *ret_expected, double *ret_p)
{
	int64_t from = v->f[v->n - 1].time_ms - window, first = INT64_MAX;
	double k = 0, all = 0, others = 0, share, span, rate, shape;
	bool seen[N_CATEGORIES] = { false };
	unsigned n_seen = 0;
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		uint32_t c = side_of(&v->f[i], side);
		int64_t t = v->f[i].time_ms;

		if (v->f[i].kind == KIND_INTEREST && (v->f[i].to != DICT_NONE
					|| v->f[i].from != DICT_NONE) && t < first)
			first = t;
		if (c == DICT_NONE)
			continue;
		if (t > from) {
			others += c != category;
			continue;
		}
		all += pow(.5, (double)(from - t) / WEEK_MS);
		k += c == category ? pow(.5, (double)(from - t) / WEEK_MS) : 0;
		n_seen += !seen[c];
		seen[c] = true;
	}
	if (from <= first)
		return INFINITY;
	share = (k + .5) / (all + .5 * (n_seen + 1));
	span = WEEK_MS / log(2) * (1 - pow(.5, (double)(from - first) / WEEK_MS));
	rate = (all + 1) / span;
	shape = k + .5;
	*ret_expected = share * rate * (double)window;
	if (share * others / (1 - share) > *ret_expected) {
		*ret_expected = share * others / (1 - share);
		shape = 1 / (1 / shape + 1 / (others + .5));
	}
	if (share > CROWD_SHARE || n < CROWD_USERS || n < CROWD_TIMES * *ret_expected)
		return INFINITY;
	*ret_p = slow_tail(n, *ret_expected, shape);
	return *ret_p * rate * 30 * DAY_MS * 4;
}

/* The last crowd of a category and side, or NULL. */
static struct crowd *last_of(struct slow *s, unsigned side, uint32_t category)
{
	uint32_t i;

	for (i = s->n; i-- > 0;)
		if (s->crowd[i].side == side && s->crowd[i].category == category)
			return &s->crowd[i];
	return NULL;
}

static void slow_key(struct slow *s, const struct view *v, unsigned side, uint32_t category)
{
	int64_t now = v->f[v->n - 1].time_ms;
	struct crowd *c = last_of(s, side, category);
	bool is_running = c && now <= c->until_ms;
	unsigned i;

	for (i = 0; i < 2; i++) {
		int64_t after = now - windows[i], since;
		double expected, p, a_month;
		uint32_t n;

		if (is_running && c->window_ms != windows[i])
			continue;
		if (is_running && after < c->since_ms - 1)      /* what was before is over */
			after = c->since_ms - 1;
		if (!is_running && c && after < c->until_ms)
			after = c->until_ms;
		n = users_in(v, side, category, after, &since);
		a_month = slow_look(v, side, category, windows[i], n, &expected, &p);
		if (a_month > CROWD_LEVEL)
			continue;
		if (!is_running) {
			assert_true(s->n < SLOW_MAX);
			c = &s->crowd[s->n++];
			*c = (struct crowd){ .category = category, .side = side, .open_ms = now,
				.window_ms = windows[i], .since_ms = since, .a_month = INFINITY };
			is_running = true;
		}
		c->until_ms = now + windows[i];
		if (a_month < c->a_month) {
			c->a_month = a_month;
			c->expected = expected;
			c->p = p;
			c->peak = n;
		}
	}
}

static void slow_end(const struct finding *f, uint32_t n, struct crowd *c)
{
	uint32_t others[N_CATEGORIES] = { 0 }, i, k;

	c->other = DICT_NONE;
	for (i = 0; i < n; i++) {
		uint32_t other = side_of(&f[i], !c->side);
		bool is_in = side_of(&f[i], c->side) == c->category
			&& f[i].time_ms >= c->since_ms && f[i].time_ms <= c->until_ms;

		if (!is_in)
			continue;
		c->alerts++;
		c->last_ms = f[i].time_ms;
		if (other != DICT_NONE)
			others[other]++;
		for (k = 0; is_in && k < i; k++)
			is_in = !(f[k].user == f[i].user && f[k].time_ms >= c->since_ms
				&& side_of(&f[k], c->side) == c->category);
		c->users += is_in;
	}
	for (i = 0; i < N_CATEGORIES; i++)
		if (others[i] > c->n_other) {
			c->n_other = others[i];
			c->other = i;
		}
}

static void slow_make(struct slow *s, struct finding *f, uint32_t n)
{
	uint32_t i, from = 0, k;
	unsigned side;

	s->n = 0;
	qsort(f, n, sizeof *f, by_time);
	for (i = 0; i < n; i++) {
		struct view v = { f, i + 1 };
		bool done[CROWD_SIDES][N_CATEGORIES] = { { false } };

		if (i + 1 < n && f[i + 1].time_ms == f[i].time_ms)
			continue;
		for (k = from; k <= i; k++)
			for (side = 0; side < CROWD_SIDES; side++) {
				uint32_t category = side_of(&f[k], side);

				if (category == DICT_NONE || done[side][category])
					continue;
				done[side][category] = true;
				slow_key(s, &v, side, category);
			}
		from = i + 1;
	}
	for (i = 0; i < s->n; i++)
		slow_end(f, n, &s->crowd[i]);
}

#endif
