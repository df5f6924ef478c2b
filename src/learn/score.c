#include "learn/score.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "series/history.h"

#define DAY_MS 86400000.0

/* A user at risk at all, and where the own scores lie. */
struct subject {
	const struct answer *a;
	int64_t start_ms, end_ms;
	uint32_t from, n;               /* in of[]: new highs after the start, oldest first */
	bool counted;                   /* more events than the warm-up */
};

/* A score of a dev user, and what changes when the threshold falls to it. */
struct level {
	double score;
	int64_t exposure_ms;
	uint32_t alarms;
};

/* At this threshold, so many false alarms per 1000 user-days of the dev users. */
struct rung {
	double score, far;
};

struct score {
	const struct answers *a;
	const struct history *h;
	const struct ids *ids;
	struct subject *subject;        /* one an answer */
	struct score_high *of;
	struct level *level;
	struct rung *rung;              /* falling scores, rising rates */
	uint32_t n_levels, n_rungs;
	uint32_t cap;
	double *delay_days;             /* scratch: of the detected, and beside it events */
	double *delay_events;
	const struct subject **by_js;   /* scratch: the changed */
	uint64_t looks;
};

static void set_subject(struct score *s, uint32_t i)
{
	struct subject *x = &s->subject[i];
	struct user_events u;
	x->a = &s->a->row[i];
	history_user(s->h, x->a->user, &u);
	x->counted = u.n > SCORE_WARM_UP;
	if (!x->counted)
		return;
	x->start_ms = u.time_ms[SCORE_WARM_UP - 1];
	x->end_ms = x->a->kind == ANSWER_SPLICE ? x->a->change_ms : u.time_ms[u.n - 1];
}

struct score *score_new(const struct answers *a, const struct history *h, const struct ids *ids,
	struct err *e)
{
	struct score *s = mem_get(1, sizeof *s);
	if (s) {
		*s = (struct score){ .a = a, .h = h, .ids = ids };
		s->subject = mem_get(a->n + 1ul, sizeof *s->subject);
		s->delay_days = mem_get(a->n + 1ul, sizeof *s->delay_days);
		s->delay_events = mem_get(a->n + 1ul, sizeof *s->delay_events);
		s->by_js = mem_get(a->n + 1ul, sizeof *s->by_js);
	}
	if (!s || !s->subject || !s->delay_days || !s->delay_events || !s->by_js) {
		score_free(s);
		err_set(e, -ENOMEM, "could not judge %u users: out of memory", a->n);
		return NULL;
	}
	for (uint32_t i = 0; i < a->n; i++)
		set_subject(s, i);
	return s;
}

void score_start_at(struct score *s, const int64_t *start_ms)
{
	for (uint32_t i = 0; i < s->a->n; i++)
		s->subject[i].start_ms = start_ms[s->subject[i].a->user];
}

void score_free(struct score *s)
{
	if (!s)
		return;
	mem_free(s->subject);
	mem_free(s->of);
	mem_free(s->level);
	mem_free(s->rung);
	mem_free(s->delay_days);
	mem_free(s->delay_events);
	mem_free(s->by_js);
	mem_free(s);
}

uint64_t score_looks(const struct score *s)
{
	return s->looks;
}

/* By user number, which groups; then time, then score. */
static int by_user_and_time(const void *a, const void *b)
{
	const struct score_high *x = a, *y = b;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return (x->score > y->score) - (x->score < y->score);
}

static uint32_t first_of(const struct score_high *h, uint32_t n, uint32_t user)
{
	uint32_t low = 0, high = n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (h[middle].user < user)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether an alarm at this time, were it the user's first, would be false. */
static bool is_false(const struct subject *x, int64_t time_ms)
{
	return x->a->kind != ANSWER_SPLICE || time_ms < x->a->change_ms;
}

/* What the dev user's scores do to alarms and exposure as the threshold falls past them. */
static void add_levels(struct score *s, const struct subject *x, const struct score_high *h,
	uint32_t n)
{
	struct level *high = NULL;
	int64_t high_ms = 0, end_ms = x->end_ms > x->start_ms ? x->end_ms : x->start_ms;
	for (uint32_t i = 0; i < n; i++) {
		struct level *l = &s->level[s->n_levels++];
		*l = (struct level){ .score = h[i].score };
		if (h[i].time_ms <= x->start_ms || !is_false(x, h[i].time_ms))
			continue;
		if (high && h[i].score <= high->score)
			continue;
		if (high)
			high->exposure_ms = high_ms - h[i].time_ms;
		high = l;
		high_ms = h[i].time_ms;
	}
	if (!high)
		return;
	high->exposure_ms = high_ms - end_ms;
	high->alarms = 1;
}

/* The scores after the warm-up that are higher than all before them, moved to the front. */
static uint32_t keep_highs(const struct subject *x, struct score_high *h, uint32_t n)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++)
		if (h[i].time_ms > x->start_ms && (kept == 0 || h[i].score > h[kept - 1].score))
			h[kept++] = h[i];
	return kept;
}

static int by_score_falling(const void *a, const void *b)
{
	const struct level *x = a, *y = b;
	return (x->score < y->score) - (x->score > y->score);
}

static int64_t exposure_ms(const struct score *s, enum answer_split split)
{
	int64_t sum = 0;
	for (uint32_t i = 0; i < s->a->n; i++) {
		const struct subject *x = &s->subject[i];
		if (x->counted && x->a->split == split && x->end_ms > x->start_ms)
			sum += x->end_ms - x->start_ms;
	}
	return sum;
}

double score_days(const struct score *s, enum answer_split split)
{
	return (double)exposure_ms(s, split) / DAY_MS;
}

static void make_rungs(struct score *s)
{
	int64_t ms = exposure_ms(s, ANSWER_DEV);
	uint64_t alarms = 0;
	s->n_rungs = 0;
	if (s->n_levels)
		qsort(s->level, s->n_levels, sizeof *s->level, by_score_falling);
	for (uint32_t i = 0; i < s->n_levels; i++) {
		alarms += s->level[i].alarms;
		ms += s->level[i].exposure_ms;
		if (i + 1 < s->n_levels && s->level[i + 1].score == s->level[i].score)
			continue;
		double far = ms > 0 ? 1000 * (double)alarms / ((double)ms / DAY_MS) : 0;
		s->rung[s->n_rungs++] = (struct rung){ s->level[i].score, far };
	}
	s->looks += s->n_levels;
}

static bool make_room(struct score *s, uint32_t n)
{
	if (n <= s->cap && s->of)
		return true;
	mem_free(s->of);
	mem_free(s->level);
	mem_free(s->rung);
	s->of = mem_get(n + 1ul, sizeof *s->of);
	s->level = mem_get(n + 1ul, sizeof *s->level);
	s->rung = mem_get(n + 1ul, sizeof *s->rung);
	s->cap = n;
	return s->of && s->level && s->rung;
}

int score_take(struct score *s, struct score_highs *of, struct err *e)
{
	if (!make_room(s, of->n))
		return err_set(e, -ENOMEM, "could not sort %u scores: out of memory", of->n);
	if (of->n)
		memcpy(s->of, of->high, of->n * sizeof *s->of);
	qsort(s->of, of->n, sizeof *s->of, by_user_and_time);
	s->n_levels = 0;
	for (uint32_t i = 0; i < s->a->n; i++) {
		struct subject *x = &s->subject[i];
		uint32_t from = first_of(s->of, of->n, x->a->user);
		uint32_t n = first_of(s->of, of->n, x->a->user + 1) - from;
		if (!x->counted)
			continue;
		if (x->a->split == ANSWER_DEV)
			add_levels(s, x, s->of + from, n);
		x->from = from;
		x->n = n;
	}
	make_rungs(s);
	for (uint32_t i = 0; i < s->a->n; i++)
		if (s->subject[i].counted)
			s->subject[i].n = keep_highs(&s->subject[i], s->of + s->subject[i].from,
				s->subject[i].n);
	return 0;
}

double score_threshold(struct score *s, double budget_kud)
{
	uint32_t low = 0, high = s->n_rungs;    /* the first rung beyond the budget */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		s->looks++;
		if (s->rung[middle].far <= budget_kud)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? s->rung[low - 1].score : INFINITY;
}

/* The first alarm under a threshold; false: none. */
static bool first_alarm(struct score *s, const struct subject *x, double threshold,
	int64_t *ret_ms)
{
	uint32_t low = 0, high = x->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (s->of[x->from + middle].score < threshold)
			low = middle + 1;
		else
			high = middle;
	}
	s->looks++;
	if (low < x->n)
		*ret_ms = s->of[x->from + low].time_ms;
	return low < x->n;
}

/* How many of a user's events have a time of at most at_ms. */
static uint32_t n_until(const struct user_events *u, int64_t at_ms)
{
	uint32_t low = 0, high = u->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (u->time_ms[middle] <= at_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void judge_detected(struct score *s, const struct subject *x, struct score_result *r,
	int64_t at_ms)
{
	struct user_events u;
	history_user(s->h, x->a->user, &u);
	s->delay_events[r->n_detected] = n_until(&u, at_ms) - n_until(&u, x->a->change_ms - 1);
	s->delay_days[r->n_detected] = (double)(at_ms - x->a->change_ms) / DAY_MS;
	r->n_detected++;
}

static void judge(struct score *s, const struct subject *x, double threshold,
	struct score_result *r)
{
	int64_t at_ms, end_ms = x->end_ms;
	struct user_events u;
	bool alarm = first_alarm(s, x, threshold, &at_ms), wrong = alarm && is_false(x, at_ms);
	r->n_users++;
	r->n_changed += x->a->kind == ANSWER_SPLICE;
	r->n_null += x->a->kind != ANSWER_SPLICE;
	r->n_sham += x->a->kind == ANSWER_SHAM;
	r->n_false += wrong;
	r->n_null_hit += wrong && x->a->kind != ANSWER_SPLICE;
	r->n_sham_hit += wrong && x->a->kind == ANSWER_SHAM;
	if (wrong)
		end_ms = at_ms;
	if (end_ms > x->start_ms) {
		history_user(s->h, x->a->user, &u);
		r->user_days += (double)(end_ms - x->start_ms) / DAY_MS;
		r->events += n_until(&u, end_ms) - n_until(&u, x->start_ms);
	}
	if (alarm && !wrong)
		judge_detected(s, x, r, at_ms);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double quantile(const double *v, uint32_t n, double p)
{
	uint32_t i = (uint32_t)(p * n);
	return n ? v[i < n ? i : n - 1] : NAN;
}

static void set_delays(struct score *s, struct score_result *r)
{
	qsort(s->delay_events, r->n_detected, sizeof *s->delay_events, by_size);
	qsort(s->delay_days, r->n_detected, sizeof *s->delay_days, by_size);
	r->delay_events = quantile(s->delay_events, r->n_detected, .5);
	r->delay_events_p90 = quantile(s->delay_events, r->n_detected, .9);
	r->delay_days = quantile(s->delay_days, r->n_detected, .5);
	r->delay_days_p90 = quantile(s->delay_days, r->n_detected, .9);
}

static int by_js(const void *a, const void *b, void *dict)
{
	const struct subject *x = *(const struct subject *const *)a;
	const struct subject *y = *(const struct subject *const *)b;
	double p = isnan(x->a->js) ? -1 : x->a->js, q = isnan(y->a->js) ? -1 : y->a->js;
	return p != q ? (p > q ? 1 : -1) : dict_cmp(dict, x->a->user, y->a->user);
}

static void set_terciles(struct score *s, struct score_result *r, double threshold)
{
	uint32_t n = r->n_changed;
	int64_t at_ms;
	if (n)
		qsort_r(s->by_js, n, sizeof(struct subject *), by_js, s->ids->user);
	for (uint32_t k = 0; k < 3; k++) {
		uint32_t from = k * n / 3, to = (k + 1) * n / 3;
		for (uint32_t i = from; i < to; i++)
			r->tercile[k].n_detected +=
				first_alarm(s, s->by_js[i], threshold, &at_ms) &&
				!is_false(s->by_js[i], at_ms);
		r->tercile[k].n = to - from;
		r->tercile[k].from = to > from ? s->by_js[from]->a->js : NAN;
		r->tercile[k].to = to > from ? s->by_js[to - 1]->a->js : NAN;
	}
}

void score_at(struct score *s, enum answer_split split, double threshold,
	struct score_result *ret)
{
	struct score_result r = { .threshold = threshold };
	int64_t first_ms, last_ms;
	assert(s->of);
	for (uint32_t i = 0; i < s->a->n; i++) {
		const struct subject *x = &s->subject[i];
		if (!x->counted || x->a->split != split)
			continue;
		judge(s, x, threshold, &r);
		if (x->a->kind == ANSWER_SPLICE)
			s->by_js[r.n_changed - 1] = x;
	}
	set_delays(s, &r);
	set_terciles(s, &r, threshold);
	history_range(s->h, &first_ms, &last_ms);
	double days = (double)(last_ms - first_ms) / DAY_MS;
	r.alarms_per_day = days > 0 ? (r.n_false + r.n_detected) / days : NAN;
	*ret = r;
}
