#include "engine/playback.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "engine/feed.h"
#include "engine/moments.h"

static double real_speed(const struct playback *p)
{
	if (p->speed > 0)
		return p->speed;
	return fmax(1, (double)(p->moments->body_last_ms - p->moments->body_first_ms) / 1000
		/ PLAYBACK_MAX_SECONDS);
}

static int64_t clamp(const struct playback *p, int64_t t_ms)
{
	const struct moments *m = p->moments;

	return t_ms < m->first_ms ? m->first_ms : t_ms > m->last_ms ? m->last_ms : t_ms;
}

static bool has_stop(const struct playback *p)
{
	return p->next_stop < p->n_alerts;
}

int64_t playback_now_ms(const struct playback *p)
{
	double gone = (double)(clock_tick_ms(p->clock) - p->base_tick) * real_speed(p);
	int64_t end = has_stop(p) ? p->alert[p->next_stop].f.time_ms : p->moments->last_ms;

	if (p->paused)
		return p->base_ms;
	return gone >= (double)(end - p->base_ms) ? end : p->base_ms + (int64_t)gone;
}

static void find_stop(struct playback *p)
{
	p->next_stop = playback_alerts(p, p->base_ms);
	while (has_stop(p) && !stop_on_match(&p->stop_on, &p->alert[p->next_stop].f))
		p->next_stop++;
}

/* The clock stands at t_ms now; it goes on from there unless paused. */
static void set_clock(struct playback *p, int64_t t_ms, bool paused)
{
	t_ms = clamp(p, t_ms);
	if (t_ms != p->base_ms || !paused)
		p->stopped_by = 0;
	p->base_ms = t_ms;
	p->base_tick = clock_tick_ms(p->clock);
	p->paused = paused;
	find_stop(p);
}

void playback_set_alerts(struct playback *p, const struct alert *alert, uint32_t n)
{
	p->alert = alert;
	p->n_alerts = n;
	p->stopped_by = 0;
	find_stop(p);
}

/* Pauses when the clock has come to an alert of a rule; before that it stands there anyway. */
static void look(struct playback *p)
{
	uint32_t stop = p->next_stop;

	if (p->paused || !has_stop(p) || playback_now_ms(p) < p->alert[stop].f.time_ms)
		return;
	set_clock(p, p->alert[stop].f.time_ms, true);
	p->stopped_by = stop + 1;
}

void playback_start(struct playback *p, int64_t from_ms)
{
	set_clock(p, from_ms == INT64_MIN ? p->moments->body_first_ms : from_ms, p->paused);
}

static bool is_at_end(const struct playback *p)
{
	return playback_now_ms(p) >= p->moments->last_ms;
}

uint32_t playback_alerts(const struct playback *p, int64_t t_ms)
{
	uint32_t low = 0, high = p->n_alerts;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (p->alert[middle].f.time_ms <= t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void show_stop(const struct playback *p, struct snapshot *s)
{
	const struct stop_rule *rule = NULL;

	if (p->stopped_by == s->stopped_by)
		return;
	s->stopped_by = p->stopped_by;
	if (p->stopped_by)
		rule = stop_on_match(&p->stop_on, &p->alert[p->stopped_by - 1].f);
	if (rule)
		text_scrub(s->stop_rule, sizeof(s->stop_rule), rule->text, strlen(rule->text));
}

void playback_show(struct playback *p, struct snapshot *ret)
{
	look(p);
	show_stop(p, ret);
	ret->data_ms = playback_now_ms(p);
	ret->phase = is_at_end(p) ? FEED_ENDED : p->paused ? FEED_PAUSED : FEED_RUNNING;
	ret->speed = p->speed;
	ret->achieved = ret->phase == FEED_RUNNING ? real_speed(p) : 0;
}

static int pause_clock(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	(void)e;
	if (p->moments)
		set_clock(p, playback_now_ms(p), true);
	p->paused = true;
	return 0;
}

static int play(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	if (p->moments && is_at_end(p))
		return err_set(e, -EINVAL, "the replay is at its end: seek back first");
	if (p->moments)
		set_clock(p, playback_now_ms(p), false);
	p->paused = false;
	return 0;
}

static int change_speed(struct playback *p, const struct command *c, struct err *e)
{
	if (!(c->number >= 0) || !isfinite(c->number))
		return err_set(e, -EINVAL,
			"could not replay at a speed of %g: expected 0 (max) or more",
			c->number);
	if (p->moments)
		set_clock(p, playback_now_ms(p), p->paused);
	p->speed = c->number;
	return 0;
}

static const char *show(const struct playback *p, int64_t t_ms, char buf[64])
{
	return time_show(t_ms, p->zone, "%Y-%m-%d %H:%M:%S", buf, 64);
}

static int seek(struct playback *p, const struct command *c, struct err *e)
{
	char asked[64], from[64], to[64];

	if (c->time_ms < p->moments->first_ms || c->time_ms > p->moments->last_ms)
		return err_set(e, -EINVAL, "could not go to %s: the log is from %s to %s",
			show(p, c->time_ms, asked), show(p, p->moments->first_ms, from),
			show(p, p->moments->last_ms, to));
	set_clock(p, c->time_ms, p->paused);
	return 0;
}

static int go_to_end(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	(void)e;
	set_clock(p, p->moments->last_ms, p->paused);
	return 0;
}

static int change_stops(struct playback *p, const struct command *c, struct err *e)
{
	struct stop_on bound = *c->stop_on;

	if (stop_on_bind(&bound, p->ids, p->names, e) < 0)
		return e->code;
	p->stop_on = bound;
	find_stop(p);
	return 0;
}

static int no_step(const struct command *c, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "there is no %s %s", c->number > 0 ? "later" : "earlier", what);
}

/* A step back hides exactly one instant: the newest one shown. */
static int step(struct playback *p, uint32_t user, const struct command *c, const char *what,
	struct err *e)
{
	struct moments_around at;
	int64_t to;

	if (p->moments->around(p->moments, user, playback_now_ms(p), &at, e) < 0)
		return e->code;
	if (c->number < 0 && at.before_ms != INT64_MIN
		&& p->moments->around(p->moments, user, at.before_ms - 1, &at, e) < 0)
		return e->code;
	to = c->number > 0 ? at.after_ms : at.before_ms;
	if (to < p->moments->first_ms || to > p->moments->last_ms)
		return no_step(c, what, e);
	set_clock(p, to, true);
	return 0;
}

static int step_any(struct playback *p, const struct command *c, struct err *e)
{
	return step(p, DICT_NONE, c, "event", e);
}

static int step_user(struct playback *p, const struct command *c, struct err *e)
{
	return step(p, c->user, c, "event of this user", e);
}

static int step_alert(struct playback *p, const struct command *c, struct err *e)
{
	int64_t t = playback_now_ms(p);
	uint32_t next = playback_alerts(p, t), earlier = playback_alerts(p, t - 1);

	if (c->number > 0 ? next == p->n_alerts : earlier == 0)
		return no_step(c, "alert", e);
	set_clock(p, p->alert[c->number > 0 ? next : earlier - 1].f.time_ms, true);
	return 0;
}

static int refuse_backend(struct playback *p, const struct command *c, struct err *e)
{
	(void)p;
	(void)c;
	return err_set(e, -ENOTSUP, "what is looked back on was detected before: the backend is "
		"of a live run");
}

struct action {
	int (*run)(struct playback *p, const struct command *c, struct err *e);
	bool any_time;          /* also while loading */
};

static const struct action actions[] = {
	[COMMAND_PAUSE] = { pause_clock, true },
	[COMMAND_PLAY] = { play, true },
	[COMMAND_SPEED] = { change_speed, true },
	[COMMAND_SEEK] = { seek, false },
	[COMMAND_END] = { go_to_end, false },
	[COMMAND_STEP] = { step_any, false },
	[COMMAND_STEP_USER] = { step_user, false },
	[COMMAND_ALERT] = { step_alert, false },
	[COMMAND_STOP_ON] = { change_stops, false },
	[COMMAND_BACKEND] = { refuse_backend, true },
};

int playback_command(struct playback *p, const struct command *c, struct err *e)
{
	const struct action *a = &actions[c->kind];

	if (!p->moments && !a->any_time)
		return err_set(e, -ENOTSUP, "the log is still being read");
	if (p->moments)
		look(p);
	return a->run(p, c, e);
}
