/* snapshot.h - all that an engine tells the console at one moment; see feed.h.
 *
 * Plain data, zeroed before it is filled: two that say the same are equal bytes.
 */
#ifndef ENGINE_SNAPSHOT_H
#define ENGINE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/stage.h"

enum feed_phase {
	FEED_LOADING,           /* reading and fitting; loaded says how far */
	FEED_RUNNING,
	FEED_PAUSED,            /* replay: the replay clock stands */
	FEED_ENDED,             /* replay: at the end; live: every source ended */
	FEED_FAILED             /* notice says why */
};

/* Replay: alerts as another budget would give them. */
struct snapshot_what_if {
	bool is_on, is_busy;            /* shown; being found */
	uint32_t percent;               /* found so far */
	uint32_t n_before;              /* alerts of the whole log under the model's own budget */
	char budget[32];                /* "5/day" */
};

/* Of a twin (twin.h): the live run meanwhile. */
struct snapshot_twin {
	bool is_on;
	enum feed_phase phase;          /* of the live run */
	int64_t now_ms;                 /* its data clock */
	int64_t kept_ms;                /* its store has no event before; INT64_MAX: none at all */
	uint32_t n_newer;               /* alerts since one went back */
	uint32_t n_severe;              /* of those */
};

struct snapshot {
	enum feed_phase phase;
	bool live;
	struct snapshot_twin twin;      /* lag, rates, stages, rows are then those of the live run
		 * */
	int64_t data_ms;                /* the replay clock, or the newest released event */
	/* Of the log (replay: without stray times at its ends); when live, last is of what is known
	 * so far.
	 */
	int64_t first_ms, last_ms;
	double speed, achieved;         /* replay: data seconds a second wanted and reached; 0: max
		 * */
	uint32_t epoch;                 /* counts up when all alerts are others than before */
	struct snapshot_what_if what_if;
	uint32_t stopped_by;            /* replay: the alert it paused at by a rule, from 1 */
	char stop_rule[64];             /* that rule, scrubbed */
	double lag_s;                   /* live: held back or waiting; replay: behind */
	double events_per_s;
	double loaded;                  /* 0..1 while loading */
	uint64_t rows, events, rejected, late;
	uint32_t users;
	uint32_t n_alerts;              /* alerts with time <= data_ms: feed_alert(0..n-1) */
	uint32_t n_alerts_total;        /* replay: of the whole log, for the ticks of the bar */
	uint32_t n_cleared;             /* of the n_alerts, by data_ms */
	uint32_t n_severe, n_high, n_low;       /* of the n_alerts that are not cleared */
	uint64_t model;                 /* hash; 0 while none */
	bool provisional, unverified;
	float threshold, volume_threshold, forecast_threshold;
	double budget_kud;
	/* Live: alerts that were promised while a model promised any, and those that came then. A
	 * gap in the log counts as a day at most: a stray old row is no time of the log.
	 */
	double promised;
	uint32_t n_promised;
	uint32_t n_notices;             /* counts up with each new notice */
	char notice[200];               /* the newest, scrubbed: rotations, refits, bad rows,
		 * failures */
	char unread[200];               /* live: what keeps rows from being read, scrubbed; or "" */
	char trouble[200];              /* why the store takes no writes, scrubbed; "": it does */
	struct notice recent[FEED_NOTICES];     /* number n, from 1, at (n - 1) % FEED_NOTICES */
	struct stage stage[FEED_STAGES];
	char source[128];               /* what is read, for the title */
	char backend[16];
};

/* Of a run that goes on, whether it is shown as it is or as it was. */
static inline bool snapshot_goes_on(const struct snapshot *s)
{
	return s->live || s->twin.is_on;
}

#endif
