#include "learn/fit_volume_parts.h"

#include <math.h>

#include "base/calendar.h"
#include "base/zone.h"
#include "model/volume_model.h"
#include "series/step.h"

#define HOUR_MS 3600000
#define WEEK_MS (7 * DAY_MS)
#define MONDAY_MS (4 * DAY_MS)          /* 1970-01-05 */
#define HOUR_PRIOR 8.0          /* even sessions added to every hour of the week */
#define HOUR_LEAST .05          /* of the mean: no hour is impossible */

void volume_walk_init(struct volume_walk *w, const struct volume_fit *f, uint32_t user)
{
	*w = (struct volume_walk){ .o = f->o };
	history_user(f->h, user, &w->u);
}

bool volume_walk_next(struct volume_walk *w, int64_t *ret_ms)
{
	for (; w->i < w->u.n && w->u.time_ms[w->i] <= w->o->until_ms; w->i++) {
		int64_t ms = w->u.time_ms[w->i];
		if (w->u.behaviour[w->i] == BEHAVIOUR_RETURN)
			continue;
		bool starts = !w->any || ms - w->last_ms > w->o->gap_ms;
		w->any = true;
		w->last_ms = ms;
		if (!starts)
			continue;
		w->i++;
		*ret_ms = ms;
		return true;
	}
	return false;
}

static int hour_of(const struct step *s, int64_t ms)
{
	int64_t local_ms = ms + (int64_t)zone_offset_s(s->zone, ms) * 1000 - MONDAY_MS;
	return (int)((local_ms - floor_div(local_ms, WEEK_MS) * WEEK_MS) / HOUR_MS);
}

/* What the whole log says: sessions by hour of the week, and the mean wait between a user's. */
struct census {
	uint64_t sessions[VOLUME_WEEK_HOURS], waits;
	int64_t first_ms, last_ms, wait_ms;
};

static void count_user(struct census *c, struct volume_walk *w)
{
	int64_t ms, first_ms = INT64_MAX, last_ms = 0;
	while (volume_walk_next(w, &ms)) {
		c->sessions[hour_of(w->o->step, ms)]++;
		c->waits += first_ms != INT64_MAX;
		first_ms = first_ms == INT64_MAX ? ms : first_ms;
		last_ms = ms;
	}
	if (first_ms == INT64_MAX)
		return;
	c->wait_ms += last_ms - first_ms;
	c->first_ms = first_ms < c->first_ms ? first_ms : c->first_ms;
	c->last_ms = last_ms > c->last_ms ? last_ms : c->last_ms;
}

static void take_census(struct census *c, const struct volume_fit *f)
{
	*c = (struct census){ .first_ms = INT64_MAX, .last_ms = INT64_MIN };
	for (uint32_t user = 0; user < history_n_users(f->h); user++) {
		struct volume_walk w;
		volume_walk_init(&w, f, user);
		count_user(c, &w);
	}
}

/* How often the log has each hour of the week; a log of some days does not have all. */
static void count_hours(const struct census *c, const struct step *s,
	double hours[VOLUME_WEEK_HOURS])
{
	int64_t n = (c->last_ms - c->first_ms) / HOUR_MS + 1, weeks = n / VOLUME_WEEK_HOURS;
	int first = hour_of(s, c->first_ms);
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		hours[h] = (double)weeks;
	for (int k = 0; k < n % VOLUME_WEEK_HOURS; k++)
		hours[(first + k) % VOLUME_WEEK_HOURS]++;
}

/* Each hour with a quarter of both neighbours, and a few even sessions; mean 1. */
static void weigh_hours(struct volume_model *m, const struct census *c, const struct step *s)
{
	double hours[VOLUME_WEEK_HOURS], weight[VOLUME_WEEK_HOURS], sum = 0, n = 0, all_hours = 0;
	if (c->first_ms > c->last_ms)
		return;
	count_hours(c, s, hours);
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++) {
		n += (double)c->sessions[h];
		all_hours += hours[h];
	}
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++) {
		int before = (h + VOLUME_WEEK_HOURS - 1) % VOLUME_WEEK_HOURS;
		int after = (h + 1) % VOLUME_WEEK_HOURS;
		double come = (double)(c->sessions[before] + 2 * c->sessions[h] +
			c->sessions[after]) / 4 + HOUR_PRIOR;
		double there = (hours[before] + 2 * hours[h] + hours[after]) / 4 +
			HOUR_PRIOR * all_hours / n;
		weight[h] = fmax(come / there / (n / all_hours), HOUR_LEAST);
		sum += weight[h];
	}
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++)
		m->hour_of_week[h] = (float)(weight[h] * VOLUME_WEEK_HOURS / sum);
}

int fit_week(struct volume_fit *f, struct err *e)
{
	struct census c;
	int64_t first_ms;
	int r = history_body_start(f->h, &first_ms, e);
	if (r < 0)
		return r;
	take_census(&c, f);
	c.first_ms = c.first_ms > first_ms ? c.first_ms : first_ms;
	weigh_hours(f->m, &c, f->o->step);
	if (c.wait_ms > 0)
		f->m->prior_rate = (float)((double)c.waits * DAY_MS / (double)c.wait_ms);
	return 0;
}
