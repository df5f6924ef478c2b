#include "detect/volume.h"

#include <math.h>

#include "base/calendar.h"
#include "base/zone.h"
#include "detect/formula.h"
#include "series/step.h"

_Static_assert(sizeof(struct volume) == 512, "two more channels share 2 KiB a user");

#define HOUR_MS 3600000
#define WEEK_MS (7 * DAY_MS)
#define MONDAY_MS (4 * DAY_MS)          /* 1970-01-05 */
#define WEIGHT_ONE 4096
#define WEIGHT_MIN (WEIGHT_ONE / 32)    /* E must grow in every step */
#define NEVER INT64_MIN
#define NONE UINT32_MAX
#define HALVINGS 24                     /* of the span in which E completes the evidence */
#define ROUNDING 1e-5f                  /* bound on the relative error of a score */

static const struct zone utc = { .name = "UTC", .fixed = true };
const struct step volume_day = { .span_ms = DAY_MS, .zone = &utc };

void volume_rule_init(struct volume_rule *r, const struct volume_model *m, const struct step *s)
{
	*r = (struct volume_rule){ .step = s, .threshold = m->pledge.threshold,
		.discount = m->discount, .prior_sessions = m->prior_sessions,
		.prior_days = m->prior_sessions / m->prior_rate, .lag = m->lag_sessions,
		.warm_up = m->warm_up_sessions };
	for (int h = 0; h < VOLUME_WEEK_HOURS; h++) {
		int64_t weight = (int64_t)(m->hour_of_week[h] * WEIGHT_ONE + .5f);
		r->weight[h] = weight > WEIGHT_MIN ? weight : WEIGHT_MIN;
		r->before[h + 1] = r->before[h] + r->weight[h] * HOUR_MS;
	}
}

/* The user's first session starts the clock and is not counted, for it tells no rate. */
static void start_clock(struct volume_pace *p)
{
	*p = (struct volume_pace){ .sessions = -1 };
}

void volume_reset(struct volume *v, const struct volume_rule *r)
{
	*v = (struct volume){ .from_ms = NEVER, .quiet = r->warm_up };
	start_clock(&v->pace);
}

/* Weight x ms from a Monday long ago to a wall-clock time: exact, so that stretches add up. */
static int64_t weight_until(const struct volume_rule *r, int64_t local_ms)
{
	int64_t since = local_ms - MONDAY_MS, week = floor_div(since, WEEK_MS);
	int64_t into = since - week * WEEK_MS, hour = into / HOUR_MS;
	return week * r->before[VOLUME_WEEK_HOURS] + r->before[hour] +
		r->weight[hour] * (into - hour * HOUR_MS);
}

double volume_days(const struct volume_rule *r, int64_t from_ms, int64_t to_ms)
{
	int64_t offset_ms = (int64_t)zone_offset_s(r->step->zone, from_ms) * 1000;
	int64_t weight = weight_until(r, to_ms + offset_ms) - weight_until(r, from_ms + offset_ms);
	return (double)weight / ((double)WEIGHT_ONE * DAY_MS);
}

float volume_rate(const struct volume *v, const struct volume_rule *r)
{
	const struct volume_pace *p = &v->pace;
	float sessions = p->sessions > 0 ? p->sessions : 0;
	return (sessions + r->prior_sessions) / (p->days + r->prior_days);
}

/* E up to a time in the stretch that began at from_ms; grows with the time, rounding included. */
static double expected_at(const struct volume *v, const struct volume_rule *r, int64_t at_ms)
{
	return v->expected + (double)volume_rate(v, r) * volume_days(r, v->from_ms, at_ms);
}

/* The pace takes in sessions found in so many days, each of which makes the past count less. */
static void settle(struct volume_pace *p, const struct volume_rule *r, float sessions, float days)
{
	for (float k = 0; k < sessions; k++) {
		p->sessions *= r->discount;
		p->days *= r->discount;
	}
	p->sessions += sessions;
	p->days += days;
}

static void learn(struct volume *v, const struct volume_rule *r, float sessions, float days)
{
	struct volume_pace *p = &v->pace;
	if (v->down.n == 0 || r->lag == 0) {
		settle(p, r, sessions, days);
		return;
	}
	p->newest += sessions;
	p->newest_days += days;
	if (p->newest < (float)r->lag && p->newest < p->sessions / 2)
		return;
	settle(p, r, p->waiting, p->waiting_days);
	p->waiting = p->newest;
	p->waiting_days = p->newest_days;
	p->newest = p->newest_days = 0;
}

/* Twice the area of the triangle of three points, positive when the middle one is below. */
static double bend(const struct volume_hull *h, uint32_t a, uint32_t b, uint32_t c)
{
	double ab_e = h->expected[b] - h->expected[a], bc_e = h->expected[c] - h->expected[b];
	double ab_s = (double)h->sessions[b] - h->sessions[a];
	double bc_s = (double)h->sessions[c] - h->sessions[b];
	return ab_e * bc_s - bc_e * ab_s;
}

/* How much more than expected came between two points. */
static double excess(const struct volume_hull *h, uint32_t a, uint32_t b)
{
	return ((double)h->sessions[b] - h->sessions[a]) - (h->expected[b] - h->expected[a]);
}

static void move(struct volume_hull *h, uint32_t to, uint32_t from)
{
	h->expected[to] = h->expected[from];
	h->sessions[to] = h->sessions[from];
	h->onset_ms[to] = h->onset_ms[from];
}

static void drop(struct volume_hull *h, uint32_t at)
{
	for (h->n--; at < h->n; at++)
		move(h, at, at + 1);
}

/* The newest point and the oldest stay. */
static void drop_flattest(struct volume_hull *h)
{
	uint32_t flattest = 1;
	double least = INFINITY;
	for (uint32_t i = 1; i + 1 < h->n; i++) {
		double area = fabs(bend(h, i - 1, i, i + 1));
		if (area < least) {
			least = area;
			flattest = i;
		}
	}
	drop(h, flattest);
}

/* A change may have begun here: the point is right of all others. up is 1 for the hull below the
 * points, where more came than expected, -1 for the one above. For a rate k times the expected one
 * the best tau is the point farthest against the slope k, a vertex; the oldest can be it only while
 * the next lies on its own side of slope 1.
 */
static void push(struct volume_hull *h, double up, const struct volume *v, double expected,
	int64_t onset_ms)
{
	uint32_t at = h->n++;
	h->expected[at] = expected;
	h->sessions[at] = v->sessions;
	h->onset_ms[at] = onset_ms;
	while (h->n > 2 && up * bend(h, h->n - 3, h->n - 2, h->n - 1) <= 0)
		drop(h, h->n - 2);
	while (h->n > 1 && up * excess(h, 0, 1) <= 0)
		drop(h, 0);
	if (h->n > VOLUME_POINTS)
		drop_flattest(h);
}

/* The highest score of a direction when E stands at `expected`; of equals the oldest tau. */
static float highest(const struct volume *v, const struct volume_hull *h, double expected,
	uint32_t *ret_at)
{
	float best = 0;
	*ret_at = NONE;
	for (uint32_t i = 0; i < h->n; i++) {
		float s = (float)(v->sessions - h->sessions[i]);
		float e = (float)(expected - h->expected[i]);
		bool aside = h == &v->up ? s > e : s < e;
		float score = aside ? formula_poisson(s, e) : 0;
		if (score > best) {
			best = score;
			*ret_at = i;
		}
	}
	return best;
}

static bool is_news(const struct volume *v, const struct volume_rule *r, float score)
{
	return r->records ? score > v->best : score >= r->threshold;
}

static void explain(const struct volume *v, const struct volume_rule *r,
	const struct volume_hull *h, uint32_t at, double expected, struct volume_alarm *ret)
{
	ret->onset_ms = h->onset_ms[at];
	ret->sessions = v->sessions - h->sessions[at];
	ret->before = h->sessions[at];
	ret->expected = expected - h->expected[at];
	ret->direction = h == &v->up ? DIRECTION_SURGE :
		ret->sessions > 0 ? DIRECTION_FADE : DIRECTION_SILENCE;
	int64_t from_ms = step_start_ms(r->step, ret->onset_ms);
	double days = volume_days(r, from_ms, v->n_open ? v->close_ms : ret->time_ms);
	ret->rate_before = ret->expected / days;
	ret->rate_after = ret->sessions / days;
}

/* The sessions since the onset are the history now. from_ms: what is not yet in it begins. */
static void start_anew(struct volume *v, const struct volume_rule *r, const struct volume_alarm *a,
	int64_t from_ms)
{
	int64_t onset_ms = step_start_ms(r->step, a->onset_ms);
	v->up.n = v->down.n = 0;
	v->expected = 0;
	v->quiet = r->warm_up;
	v->from_ms = from_ms;
	v->pace = (struct volume_pace){ .sessions = (float)(a->sessions - v->n_open),
		.days = (float)volume_days(r, onset_ms, from_ms) };
	if (a->direction == DIRECTION_SILENCE) {
		v->from_ms = NEVER;
		start_clock(&v->pace);
	}
}

static bool tell(struct volume *v, const struct volume_rule *r, const struct volume_alarm *a,
	int64_t from_ms)
{
	if (r->records)
		v->best = a->score;
	else
		start_anew(v, r, a, from_ms);
	return true;
}

/* The open step has passed: its sessions enter the pace, and a fade may begin behind it. */
static bool close_step(struct volume *v, const struct volume_rule *r, struct volume_alarm *ret)
{
	bool at_risk = v->down.n > 0, news = false;
	float days = (float)volume_days(r, v->from_ms, v->close_ms);
	uint32_t at;
	if (at_risk) {
		double expected = expected_at(v, r, v->close_ms);
		float score = highest(v, &v->down, expected, &at);
		*ret = (struct volume_alarm){ .time_ms = v->close_ms, .score = score };
		news = is_news(v, r, score);
		if (news)
			explain(v, r, &v->down, at, expected, ret);
		v->expected = expected;
	}
	learn(v, r, (float)v->n_open, days);
	v->n_open = 0;
	v->from_ms = v->close_ms;
	if (!at_risk)
		v->sessions = 0;
	if (v->quiet == 0)
		push(&v->down, -1, v, v->expected, v->from_ms);
	return news && tell(v, r, ret, v->from_ms);
}

/* The E at which the evidence is complete if nobody comes: a function of the state as it was at
 * from_ms, whatever the time is now. The newest tau has S = 0 and is there after `score` more.
 */
static double complete_at(const struct volume *v, const struct volume_rule *r)
{
	double lo = v->expected, hi = lo + 1 + 2 * (double)(r->records ? v->best : r->threshold);
	for (int i = 0; i < HALVINGS; i++) {
		uint32_t at;
		double middle = lo + (hi - lo) / 2;
		if (is_news(v, r, highest(v, &v->down, middle, &at)))
			hi = middle;
		else
			lo = middle;
	}
	return hi;
}

/* The first close of a step at which E has come that far; end_ms is one. */
static int64_t first_close(const struct volume *v, const struct volume_rule *r, double expected,
	int64_t end_ms)
{
	int64_t before_ms = v->from_ms, next_ms;
	while ((next_ms = step_next_ms(r->step, before_ms)) < end_ms) {
		int64_t ms = step_start_ms(r->step, before_ms + (end_ms - before_ms) / 2);
		ms = ms > before_ms ? ms : next_ms;
		if (expected_at(v, r, ms) >= expected)
			end_ms = ms;
		else
			before_ms = ms;
	}
	return end_ms;
}

/* No session since from_ms: has that become news by end_ms, a close of a step? Most often two
 * subtractions say no, for no score is above the E it is made of.
 */
static bool check_silence(struct volume *v, const struct volume_rule *r, int64_t end_ms,
	struct volume_alarm *ret)
{
	uint32_t at;
	double end = expected_at(v, r, end_ms), most = end - v->down.expected[0];
	if (!is_news(v, r, (float)most) ||
	    !is_news(v, r, highest(v, &v->down, end, &at) + (float)most * ROUNDING + ROUNDING))
		return false;
	double complete = complete_at(v, r);
	if (end < complete)
		return false;
	int64_t close_ms = first_close(v, r, complete, end_ms);
	double expected = expected_at(v, r, close_ms);
	float score = highest(v, &v->down, expected, &at);
	if (!is_news(v, r, score))      /* rounding, at the very limit */
		score = highest(v, &v->down, complete, &at);
	*ret = (struct volume_alarm){ .time_ms = close_ms, .score = score };
	explain(v, r, &v->down, at, expected, ret);
	return tell(v, r, ret, close_ms);
}

bool volume_advance(struct volume *v, const struct volume_rule *r, int64_t now_ms,
	struct volume_alarm *ret)
{
	if (v->n_open > 0) {
		if (now_ms < v->close_ms)
			return false;
		if (close_step(v, r, ret))
			return true;
	}
	if (v->down.n == 0 || now_ms <= v->from_ms)
		return false;
	int64_t end_ms = step_start_ms(r->step, now_ms);
	return end_ms > v->from_ms && check_silence(v, r, end_ms, ret);
}

static void open_step(struct volume *v, const struct volume_rule *r, int64_t time_ms)
{
	int64_t start_ms = step_start_ms(r->step, time_ms);
	v->close_ms = step_next_ms(r->step, start_ms);
	if (v->from_ms == NEVER)
		v->from_ms = start_ms;
	if (v->down.n > 0)
		push(&v->up, 1, v, expected_at(v, r, start_ms), time_ms);
}

bool volume_session(struct volume *v, const struct volume_rule *r, int64_t time_ms,
	struct volume_alarm *ret)
{
	uint32_t at;
	if (v->n_open == 0)
		open_step(v, r, time_ms);
	v->n_open++;
	v->sessions++;
	v->quiet -= v->quiet > 0;
	if (v->down.n == 0)
		return false;
	double expected = expected_at(v, r, v->close_ms);
	float score = highest(v, &v->up, expected, &at);
	if (!is_news(v, r, score))
		return false;
	*ret = (struct volume_alarm){ .time_ms = time_ms, .score = score };
	explain(v, r, &v->up, at, expected, ret);
	return tell(v, r, ret, step_start_ms(r->step, time_ms));
}

float volume_score(const struct volume *v, const struct volume_rule *r, int64_t now_ms)
{
	uint32_t at;
	if (v->down.n == 0)
		return 0;
	if (v->n_open > 0)
		return highest(v, &v->up, expected_at(v, r, v->close_ms), &at);
	int64_t end_ms = step_start_ms(r->step, now_ms);
	end_ms = end_ms > v->from_ms ? end_ms : v->from_ms;
	double expected = expected_at(v, r, end_ms);
	float up = highest(v, &v->up, expected, &at), down = highest(v, &v->down, expected, &at);
	return up > down ? up : down;
}
