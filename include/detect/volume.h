/* volume.h - channel `volume`: one user comes more often (surge), less (fade), no more (silence).
 *
 * FOCuS for Poisson counts (Ward, Dilillo, Eckley, Fearnhead 2023; Romano, Eckley, Fearnhead,
 * Rigaill 2023): counts are sessions a step, and the score is the maximum over all tau, in both
 * directions, of S ln(S/E) - (S - E): S sessions and E expected ones since tau. Only vertices of
 * the convex hulls of the points (E, S) can be the maximum, now or ever; they are kept, and the
 * score is exact. Beyond VOLUME_POINTS vertices a hull gives up the inner one that lies nearest to
 * the chord of its neighbours, which depends on the events alone; the score is then at most too
 * low.
 *
 * What is expected of a step is known before the step: rate x the week's profile over it, the rate
 * as of the last step with sessions. It would soon call a change normal if it learnt from it, so it
 * is slow in two ways: it forgets by sessions, not by days, so that silence teaches it nothing and
 * its precision is the same for rare and busy users; and it lags behind by one to two blocks of
 * `lag_sessions` (or half of what it knows, if that is less), so that what is judged is not yet in
 * it. A null of tau's own would need a hull for each.
 *
 * Between sessions nothing is written: E at any step's close is E at the last step with sessions
 * and one product. So time may pass in any portions, and a silent year costs what a day does. All
 * is integers but E (double) and the score (float), + - * / and formula.h only. In a zone whose
 * clocks change a silent stretch keeps the offset that it began with.
 *
 * Times of alarms. A surge: the session that completed the evidence, the whole of its step being
 * expected already. A fade or silence: the close of the step that completed it, for time does, not
 * an event; an earlier time would put an alert before a horizon that has already passed. Silence is
 * what has had no session since tau. Onsets: the first session of a surge; the start of step tau.
 *
 * After an alarm the state starts anew from the onset, with the sessions since as its history (a
 * silence has none, so its clock starts at the return), and learns warm_up sessions before it can
 * raise again; so a silence is raised once. tau is never before the end of learning.
 * No memory of its own; 512 bytes a user. Any one thread.
 */
#ifndef DETECT_VOLUME_H
#define DETECT_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/finding.h"
#include "model/volume_model.h"

struct step;

#define VOLUME_POINTS 10

/* The changes still possible in one direction, oldest first. */
struct volume_hull {
	double expected[VOLUME_POINTS + 1];     /* E and S up to tau; one more than are kept */
	int64_t onset_ms[VOLUME_POINTS + 1];
	uint32_t sessions[VOLUME_POINTS + 1];
	uint32_t n;
};

/* Sessions and days of mean weight that the rate is made of, discounted; what lags behind it. */
struct volume_pace {
	float sessions, days;
	float waiting, waiting_days;
	float newest, newest_days;
};

struct volume {
	int64_t from_ms;        /* close of the last step with sessions; INT64_MIN: none yet */
	int64_t close_ms;       /* of the open step, if that has sessions */
	double expected;        /* E up to from_ms, since at risk */
	struct volume_pace pace;
	uint32_t sessions;      /* S, since at risk, with the open step */
	uint32_t n_open;        /* sessions of the open step */
	uint32_t quiet;         /* sessions to go before at risk */
	float best;             /* highest score reported as a record */
	struct volume_hull up, down;            /* down is empty before the user is at risk */
} __attribute__((aligned(64)));

/* A model as the arithmetic wants it. Read-only, shared by all users. step is borrowed. */
struct volume_rule {
	const struct step *step;
	float threshold, discount, prior_sessions, prior_days;
	uint32_t lag, warm_up;
	bool records;           /* report record highs instead of alarms, and never start anew */
	int64_t weight[VOLUME_WEEK_HOURS];      /* in 4096ths of the mean */
	int64_t before[VOLUME_WEEK_HOURS + 1];  /* weight x ms from the start of the week */
};

/* Or a record: then only time_ms, score and what explains it are of use. */
struct volume_alarm {
	int64_t time_ms, onset_ms;
	enum direction direction;
	float score;
	uint32_t sessions;      /* S since tau */
	uint32_t before;        /* S before tau, since at risk */
	double expected;        /* E since tau */
	double rate_before, rate_after;         /* sessions a day, expected and found since tau */
};

extern const struct step volume_day;    /* a day in UTC: the step of a model */

void volume_rule_init(struct volume_rule *r, const struct volume_model *m, const struct step *s);
void volume_reset(struct volume *v, const struct volume_rule *r);

/* A session starts: true with a surge that it completes. Sessions come in order of time; before
 * each, volume_advance() to its time must have returned false.
 */
bool volume_session(struct volume *v, const struct volume_rule *r, int64_t time_ms,
	struct volume_alarm *ret);
/* Closes the steps that end at or before now_ms: true with the first fade or silence, or the next
 * record; call again until false. A false is cheap and may write nothing.
 */
bool volume_advance(struct volume *v, const struct volume_rule *r, int64_t now_ms,
	struct volume_alarm *ret);

/* The highest score as of the last close of a step, or of a session since; 0 while learning. */
float volume_score(const struct volume *v, const struct volume_rule *r, int64_t now_ms);
/* Sessions a day expected of the user now, in a mean hour of the week. */
float volume_rate(const struct volume *v, const struct volume_rule *r);
/* Days of mean weight between two times, by the clock as it stands at the first. */
double volume_days(const struct volume_rule *r, int64_t from_ms, int64_t to_ms);

#endif
