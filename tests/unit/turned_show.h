/* turned_show.h - for tests: the turned log replayed, under a clock that only the test moves. */
#ifndef TURNED_SHOW_H
#define TURNED_SHOW_H

#include "base/clock.h"
#include "engine/replay.h"
#include "turned_log.h"

/* A replay that is loaded, at the beginning, under a clock that only the test moves. */
struct show {
	struct run run;                 /* the same log, run once */
	struct clock clock;
	const char *path[1];
	struct replay_options o;
	struct feed *f;
};

static inline void open_show(struct show *s, const struct place *p, double speed, bool paused)
{
	struct err e = {0};

	*s = (struct show){ .path = { p->log } };
	clock_init(&s->clock);
	clock_freeze(&s->clock, 1000000);
	s->o = (struct replay_options){ .run = options(p, s->path),
		.speed = speed,
		.paused = paused,
		.from_ms = INT64_MIN,
		.clock = &s->clock };
	s->run = run_of(&s->o.run);
	s->f = replay_open(&s->o, &e);
	assert_non_null(s->f);
	if (replay_wait(s->f, &e) < 0)
		fail_msg("%s", e.text);
}

static inline void close_show(struct show *s)
{
	feed_close(s->f);
	run_done(&s->run);
}

static inline int order(struct show *s, enum command_kind kind, double number, struct err *e)
{
	struct err none = {0};
	struct command c = { .kind = kind, .number = number };

	return feed_command(s->f, &c, e ? e : &none);
}

static inline int seek(struct show *s, int64_t t_ms, struct err *e)
{
	return feed_command(s->f, &(struct command){ .kind = COMMAND_SEEK, .time_ms = t_ms }, e);
}

static inline const struct snapshot *look(struct show *s)
{
	return feed_look(s->f, NULL);
}

#endif
