/* playback.h - a clock moved over what is past: speed, pause, seek, steps.
 *
 * Where it stands is a function of the clock's tick and the commands, so under a frozen clock
 * nothing moves by itself. Owner: the ui thread. Moments and alerts (sorted) are borrowed.
 */
#ifndef ENGINE_PLAYBACK_H
#define ENGINE_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/stop_on.h"

struct alert;
struct clock;
struct command;
struct err;
struct ids;
struct moments;
struct names;
struct snapshot;
struct zone;

#define PLAYBACK_MAX_SECONDS 20.0       /* in which the whole log passes at speed 0 */

struct playback {
	const struct moments *moments;  /* NULL: not yet; then only pause, play, speed work */
	const struct alert *alert;
	uint32_t n_alerts;
	const struct clock *clock;
	const struct zone *zone;        /* of the times in messages */
	const struct ids *ids;          /* for rules to stop at */
	const struct names *names;
	double speed;                   /* data seconds a second; 0: max */
	bool paused;
	int64_t base_ms, base_tick;     /* it stood at base_ms at that tick */
	struct stop_on stop_on;
	uint32_t next_stop;             /* the first alert behind base_ms to stop at; n_alerts */
	uint32_t stopped_by;            /* the alert it stands at by a rule, from 1; 0: none */
};

/* Everything above the range is filled in by the caller, and speed and paused; the clock starts at
 * from_ms, kept in the range, or with the body of the log when from_ms is INT64_MIN: a stray time
 * of years ago is no reason to play years of nothing.
 */
void playback_start(struct playback *p, int64_t from_ms);
int64_t playback_now_ms(const struct playback *p);
/* The alerts are others from now on. */
void playback_set_alerts(struct playback *p, const struct alert *alert, uint32_t n);
/* Pauses at an alert of a rule, and fills in where the clock stands, its phase, speed and stop. */
void playback_show(struct playback *p, struct snapshot *ret);
/* The number of alerts with time <= t_ms. */
uint32_t playback_alerts(const struct playback *p, int64_t t_ms);
int playback_command(struct playback *p, const struct command *c, struct err *e);

#endif
