/* score.h - what a detector's scores are worth on a log with known answers.
 *
 * The meaning is that of tools/score_splice.py with its defaults. A user is at risk from the time
 * of the 10th event to t* (changed users) or to the last event; alarms up to that 10th event are
 * not counted. Of each user only the first alarm counts: before t*, or where nothing changes, it is
 * false, and a changed user so silenced is missed; at t* or later it detects. A threshold for a
 * budget is the smallest score of the dev users at which their false alarms per 1000 user-days stay
 * within it. Scores are sorted once, then each budget is a search. Owner: one thread.
 */
#ifndef LEARN_SCORE_H
#define LEARN_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/answer.h"

struct err;
struct history;
struct ids;
struct score;

#define SCORE_WARM_UP 10u               /* events */
#define SCORE_SURE 1e300                /* of an alarm that came without a score */

/* A score of a user at a time, an alarm where it reaches the threshold. */
struct score_high {
	int64_t time_ms;
	double score;
	uint32_t user;
};

struct score_highs {
	struct score_high *high;
	uint32_t n, cap;
};

/* Counts are of the users of one split. Quantiles and shares of nothing are NaN. */
struct score_result {
	double threshold;
	uint32_t n_users, n_changed, n_null, n_sham;    /* n_null: shams among them */
	uint32_t n_detected, n_false, n_sham_hit;       /* users; n_false: false alarms */
	uint32_t n_null_hit;
	double user_days;                       /* at risk, and events in them */
	uint64_t events;
	double alarms_per_day;                  /* false and true ones, over the days of the log */
	double delay_events, delay_events_p90;  /* 1: on the first new event */
	double delay_days, delay_days_p90;
	struct {
		double from, to;                /* js, bits */
		uint32_t n, n_detected;
	} tercile[3];                           /* of the changed users, by js */
};

/* Borrows everything; the history has the events of all users in the answers. */
struct score *score_new(const struct answers *a, const struct history *h, const struct ids *ids,
	struct err *e);
void score_free(struct score *s);

/* Users at risk from these times on, by user number (INT64_MAX: never), instead of from their 10th
 * event. Before score_take().
 */
void score_start_at(struct score *s, const int64_t *start_ms);
/* The scores to judge, instead of those before: sorts them. */
int score_take(struct score *s, struct score_highs *of, struct err *e);
/* By the dev users; INFINITY: no score is high enough. */
double score_threshold(struct score *s, double budget_kud);
void score_at(struct score *s, enum answer_split split, double threshold,
	struct score_result *ret);
/* User-days at risk of a split under a threshold that nothing reaches. */
double score_days(const struct score *s, enum answer_split split);
/* Scores and users looked at so far, for tests of cost. */
uint64_t score_looks(const struct score *s);

static inline double score_recall(const struct score_result *r)
{
	return r->n_changed ? (double)r->n_detected / r->n_changed : 0;
}
static inline double score_far(const struct score_result *r)
{
	return r->user_days > 0 ? 1000 * r->n_false / r->user_days : 0;
}

int score_highs_add(struct score_highs *of, const struct score_high *h, struct err *e);
void score_highs_done(struct score_highs *of);
/* user,timestamp[,score]; a row without score is an alarm at any threshold (SCORE_SURE). Rows of
 * users whom the log does not have are left out. ret_scored: whether any row has a score.
 */
int score_highs_read(struct score_highs *of, const char *path, const struct ids *ids,
	bool *ret_scored, struct err *e);

#endif
