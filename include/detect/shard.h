/* shard.h - a set of users under one model: profiles here, detector states in a backend.
 *
 * Instants and ends of sessions are added, then stepped together, so that a backend sees many users
 * at once; a user may be in a step only once. A session must be closed before the next one's first
 * instant is added. An alarm is explained and its user restarted before the step returns.
 * Owner: one thread. tracker.h feeds it in time order, sweep.h one user after the other.
 */
#ifndef DETECT_SHARD_H
#define DETECT_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blocks.h"
#include "detect/backend.h"
#include "detect/finding.h"
#include "detect/forecast.h"
#include "detect/priors.h"
#include "detect/volume.h"
#include "series/profile.h"

struct err;
struct model;

enum shard_event_kind {
	SHARD_FOUND,            /* a finding, explained */
	SHARD_CLEARED,          /* the user is back: finding has kind, onset and time of the alert,
		 * cleared_ms says when */
	SHARD_RECORD            /* user, time and score of a channel's new high are set */
};

struct shard_event {
	enum shard_event_kind kind;
	enum channel channel;           /* of a record */
	struct finding finding;
	int64_t cleared_ms;
};
typedef int shard_sink(void *ctx, const struct shard_event *ev, struct err *e);

/* Beside each run of the step being gathered. */
struct shard_run {
	uint32_t user;
	uint8_t count[FORECAST_COUNTS]; /* of the instant, when channel forecast speaks */
	int64_t time_ms;        /* of the instant, or of the session's last event */
};

struct shard {
	const struct model *model;      /* borrowed, like priors */
	const struct priors *priors;
	bool records;                   /* record highs instead of findings */
	struct rules rules;
	struct backend backend;
	char notice[256], said[288];    /* see shard_notice() */
	bool told_lost;
	struct blocks profile;          /* by slot: shard_profile() */
	struct blocks volume;           /* by slot, when that channel speaks: shard_volume() */
	struct volume_rule volume_rule;
	struct blocks forecast;         /* the same of channel forecast: shard_forecast() */
	struct forecast_rule forecast_rule;
	uint32_t n_slots;
	struct run_of *run;
	struct shard_run *beside;
	uint32_t n_runs, cap_runs;
	struct row *row;
	uint32_t n_rows, cap_rows;
	struct verdict *verdict;        /* cap_rows + cap_runs of them */
	uint32_t cap_verdicts;
};

static inline struct profile *shard_profile(const struct shard *s, uint32_t slot)
{
	return blocks_at(&s->profile, slot);
}

static inline bool shard_has_volume(const struct shard *s)
{
	return s->rules.channels & CHANNEL_BIT(CHANNEL_VOLUME);
}

static inline struct volume *shard_volume(const struct shard *s, uint32_t slot)
{
	return blocks_at(&s->volume, slot);
}

static inline bool shard_has_forecast(const struct shard *s)
{
	return s->rules.channels & CHANNEL_BIT(CHANNEL_FORECAST) &&
		s->forecast_rule.m->f.kind != FORECASTER_NONE;
}

static inline struct forecast *shard_forecast(const struct shard *s, uint32_t slot)
{
	return blocks_at(&s->forecast, slot);
}

int shard_init(struct shard *s, const struct priors *p, const char *backend, struct err *e);
void shard_done(struct shard *s);
/* What has happened to the backend and was not told yet; NULL: nothing. */
const char *shard_notice(struct shard *s);
/* Goes on in another backend (see backend_try()) from the same states: findings are the same. A
 * failure changes nothing.
 */
int shard_switch(struct shard *s, const char *backend, struct err *e);
/* Record highs are told instead of findings: of the channels of interest; of volume and
 * forecast when none of those speaks.
 */
void shard_keep_records(struct shard *s);
int shard_reserve(struct shard *s, uint32_t n_slots, struct err *e);
/* New users in n old slots. */
int shard_reset(struct shard *s, uint32_t first, uint32_t n, struct err *e);

/* Who is meant by a slot. */
struct shard_who {
	uint32_t slot, user;
};

/* One instant of a user: what happened, in the order of CONTRACT (repeats are taken). */
int shard_add(struct shard *s, const struct shard_who *who, int64_t time_ms,
	const struct sight *seen, uint32_t n, struct err *e);
/* The user's session is over. */
int shard_close(struct shard *s, const struct shard_who *who, struct err *e);
int shard_step(struct shard *s, shard_sink *sink, void *ctx, struct err *e);

/* Time is known to have passed up to now_ms: what that says of how often the user comes, and of
 * what is to be expected. No run of the user may wait for a step.
 */
int shard_pass(struct shard *s, const struct shard_who *who, int64_t now_ms, shard_sink *sink,
	void *ctx, struct err *e);

#endif
