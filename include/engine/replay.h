/* replay.h - the feed over whole files: loads, fits and detects once, then moves a clock over it.
 *
 * An alert is a function of (model, the user's events, horizon), and a larger horizon only adds
 * alerts (CONTRACT, "Horizon"); so all alerts of the log are found at full speed first and replay
 * shows those whose time the clock has passed. Any speed, seek or step then costs a binary search,
 * and gives the alert rows of `detect` by construction. Loading runs on a thread of its own.
 */
#ifndef ENGINE_REPLAY_H
#define ENGINE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/feed.h"
#include "engine/run.h"
#include "engine/stop_on.h"

struct replay_options {
	struct run_options run;
	double speed;                   /* data seconds a second; 0: max, the whole log in 20 s */
	int64_t from_ms;                /* INT64_MIN: the beginning; kept inside the log */
	bool paused;
	struct stop_on stop_on;
	uint64_t at_once_events;        /* of larger logs another budget is tried in the background;
					 * 0: 200,000 */
	const char *db;                 /* store to write the alerts to; NULL: none */
	const struct names *names;
	const struct clock *clock;
};

/* Returns at once, loading; failures show as FEED_FAILED, and so does a log without one usable row.
 * Until loading is over, commands that need the log are -ENOTSUP. Options are borrowed until
 * feed_close().
 */
struct feed *replay_open(const struct replay_options *o, struct err *e);
/* Waits until loading is over; 0, or the code of the failure. */
int replay_wait(struct feed *f, struct err *e);
/* What was loaded; only after replay_wait(). */
const struct run *replay_run(const struct feed *f);

#endif
