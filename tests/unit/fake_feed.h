/* fake_feed.h - a feed made of arithmetic, for tests of the console without an engine.
 *
 * Twelve users over nine days from 2017-11-25, each turning to a new category once or twice; the
 * alerts are made up from the events, not detected. Replay moves its clock as the engine's does;
 * live shows what lies up to the last three hours plus the time passed since it was opened.
 */
#ifndef TESTS_FAKE_FEED_H
#define TESTS_FAKE_FEED_H

#include <stdbool.h>

struct clock;
struct feed;
struct names;
struct snapshot;

struct fake_options {
	bool live, loading, empty, failed, paused;
	bool volume;            /* every second alert is of that channel */
	bool trouble;           /* the store takes no writes for the first minute */
	bool retain;            /* events of the first six days are not kept any more */
	bool crowd;             /* eight users turn to one category within the hour */
	bool forecast;          /* channel forecast speaks, though not in an alert */
	struct clock *clock;
	const struct names *names;
	const char *db;
};

struct feed *fake_open(const struct fake_options *o);
/* For tests that need a particular snapshot: change it in place. */
struct snapshot *fake_snapshot(struct feed *f);

#endif
