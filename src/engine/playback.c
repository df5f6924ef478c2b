#include "engine/playback.h"

#include <errno.h>
#include <math.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/zone.h"
#include "engine/feed.h"
#include "series/history.h"

double playback_speed(const struct playback *p)
{
	if (p->speed > 0)
		return p->speed;
	return fmax(1, (double)(p->body_last_ms - p->body_first_ms) / 1000 / PLAYBACK_MAX_SECONDS);
}

static int64_t clamp(const struct playback *p, int64_t t_ms)
{
	return t_ms < p->first_ms ? p->first_ms : t_ms > p->last_ms ? p->last_ms : t_ms;
}

static bool has_stop(const struct playback *p)
{
	return p->next_stop < p->n_alerts;
}

int64_t playback_now_ms(const struct playback *p)
{
	double gone = (double)(clock_tick_ms(p->clock) - p->base_tick) * playback_speed(p);
	int64_t end = has_stop(p) ? p->alert[p->next_stop].f.time_ms : p->last_ms;

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

void playback_look(struct playback *p)
{
	uint32_t stop = p->next_stop;

	if (p->paused || !has_stop(p) || playback_now_ms(p) < p->alert[stop].f.time_ms)
		return;
	set_clock(p, p->alert[stop].f.time_ms, true);
	p->stopped_by = stop + 1;
}

static int64_t time_of(const struct history *h, uint64_t k)
{
	uint32_t user, i;
	struct user_events u;

	history_nth(h, k, &user, &i);
	history_user(h, user, &u);
	return u.time_ms[i];
}

/* A thousandth of the events at an end is stray when it takes up more than a tenth of the rest. */
static void find_body(struct playback *p)
{
	uint64_t n = history_n_events(p->history), stray = n / 1000;
	int64_t first_ms = time_of(p->history, stray);
	int64_t last_ms = time_of(p->history, n - 1 - stray), tenth = (last_ms - first_ms) / 10;

	p->body_first_ms = first_ms - p->first_ms > tenth ? first_ms : p->first_ms;
	p->body_last_ms = p->last_ms - last_ms > tenth ? last_ms : p->last_ms;
}

void playback_start(struct playback *p, int64_t from_ms)
{
	history_range(p->history, &p->first_ms, &p->last_ms);
	find_body(p);
	set_clock(p, from_ms == INT64_MIN ? p->body_first_ms : from_ms, p->paused);
}

bool playback_is_at_end(const struct playback *p)
{
	return playback_now_ms(p) >= p->last_ms;
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

static int pause_clock(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	(void)e;
	if (p->history)
		set_clock(p, playback_now_ms(p), true);
	p->paused = true;
	return 0;
}

static int play(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	if (p->history && playback_is_at_end(p))
		return err_set(e, -EINVAL, "the replay is at its end: seek back first");
	if (p->history)
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
	if (p->history)
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

	if (c->time_ms < p->first_ms || c->time_ms > p->last_ms)
		return err_set(e, -EINVAL, "could not go to %s: the log is from %s to %s",
			show(p, c->time_ms, asked), show(p, p->first_ms, from),
			show(p, p->last_ms, to));
	set_clock(p, c->time_ms, p->paused);
	return 0;
}

static int go_to_end(struct playback *p, const struct command *c, struct err *e)
{
	(void)c;
	(void)e;
	set_clock(p, p->last_ms, p->paused);
	return 0;
}

static int change_stops(struct playback *p, const struct command *c, struct err *e)
{
	(void)e;
	p->stop_on = *c->stop_on;
	find_stop(p);
	return 0;
}

static int no_step(const struct command *c, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "there is no %s %s", c->number > 0 ? "later" : "earlier", what);
}

static int64_t nth_time(const struct playback *p, uint64_t k)
{
	struct user_events ue;
	uint32_t user, index;

	history_nth(p->history, k, &user, &index);
	history_user(p->history, user, &ue);
	return ue.time_ms[index];
}

/* A step back hides exactly one instant: the newest one shown. */
static int step_any(struct playback *p, const struct command *c, struct err *e)
{
	const struct history *h = p->history;
	uint64_t shown = history_rank(h, playback_now_ms(p));

	if (c->number > 0) {
		if (shown == history_n_events(h))
			return no_step(c, "event", e);
		set_clock(p, nth_time(p, shown), true);
		return 0;
	}
	shown = history_rank(h, nth_time(p, shown - 1) - 1);
	if (shown == 0)
		return no_step(c, "event", e);
	set_clock(p, nth_time(p, shown - 1), true);
	return 0;
}

/* How many of the user's events have time <= t_ms. */
static uint32_t user_rank(const struct user_events *ue, int64_t t_ms)
{
	uint32_t low = 0, high = ue->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ue->time_ms[middle] <= t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int step_user(struct playback *p, const struct command *c, struct err *e)
{
	struct user_events ue;
	uint32_t shown;

	if (c->user >= history_n_users(p->history))
		return err_set(e, -EINVAL, "there is no such user");
	history_user(p->history, c->user, &ue);
	shown = user_rank(&ue, playback_now_ms(p));
	if (c->number > 0) {
		if (shown == ue.n)
			return no_step(c, "event of this user", e);
		set_clock(p, ue.time_ms[shown], true);
		return 0;
	}
	if (shown)
		shown = user_rank(&ue, ue.time_ms[shown - 1] - 1);
	if (!shown)
		return no_step(c, "event of this user", e);
	set_clock(p, ue.time_ms[shown - 1], true);
	return 0;
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
};

int playback_command(struct playback *p, const struct command *c, struct err *e)
{
	const struct action *a = &actions[c->kind];

	if (!p->history && !a->any_time)
		return err_set(e, -ENOTSUP, "the log is still being read");
	if (p->history)
		playback_look(p);
	return a->run(p, c, e);
}
