/* train_loss.h - how well parameters tell histories with a change from those without; their fit.
 *
 * A segment is a stretch of one history, with a change in it or not; its score is a smooth maximum
 * of those of its readings, 1/3 ln sum exp(3 z). The loss is a smooth count of misordered pairs,
 * the mean of 1 / (1 + exp(2 (z_changed - z_unchanged))) over pairs of all changed segments and
 * those unchanged ones with the highest scores, 40 % of their weight. It is bounded on purpose: a
 * few users whose unchanged history looks like nothing but change cost a budget a few alarms, and
 * must not steer the weights (with ln(1 + exp()) they do: recall on onlineretail fell by a sixth).
 * z is in units of the spread of unchanged segments under the start. Owner: one thread.
 */
#ifndef LEARN_TRAIN_LOSS_H
#define LEARN_TRAIN_LOSS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/train_evidence.h"

struct err;

struct train_segment {
	struct train_reading *reading;  /* the highest ones, by time */
	uint32_t n;
	double weight;                  /* 0: left out */
	bool is_changed;
	bool is_user;                   /* a user as it is, all of its history */
};

/* Borrowed segments with readings. */
struct train_set {
	const struct train_segment **segment;
	uint32_t n;
};

/* Room for the losses of one set under many parameters. */
struct train_loss {
	const struct train_set *set;
	double unit, log_n;             /* of z: spread, and ln(n + 10) of the typical reading */
	double scale;                   /* from a score to z, under the power at hand */
	uint32_t most;                  /* segments a side that are compared: at least; 0: all */
	double *score, (*slope)[TRAIN_PARAMS];
	uint32_t *unchanged, *changed;  /* segments, highest scores first once sorted */
	uint32_t n_unchanged, n_changed;
};

/* start: whose spread gives the unit. -ERANGE: segments of both sorts are needed. */
int train_loss_init(struct train_loss *l, const struct train_set *s,
	const double start[TRAIN_PARAMS], struct err *e);
void train_loss_done(struct train_loss *l);
/* ret_slope may be NULL. */
double train_loss(struct train_loss *l, const double p[TRAIN_PARAMS],
	double ret_slope[TRAIN_PARAMS]);

/* Parameters of least loss from start on, drawn towards it: Adam (Kingma & Ba 2015) on p / start,
 * 150 steps, the step's size falling to 0 as a cosine. None falls below 0. -ECANCELED: stopped.
 */
int train_fit(struct train_loss *l, const double start[TRAIN_PARAMS], const atomic_bool *stop,
	double ret[TRAIN_PARAMS]);

/* Of the changed segments the share that scores above all users as they are but so many. */
double train_recall(const struct train_set *s, const double p[TRAIN_PARAMS], uint32_t n_alarms,
	double *scratch);

#endif
