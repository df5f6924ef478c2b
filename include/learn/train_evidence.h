/* train_evidence.h - the evidence of a history as training sees it: its kinds apart.
 *
 * Channel `learned` (detect/learned.h) sums its three kinds of evidence under fixed weights. Here
 * each candidate keeps the three sums by themselves, in doubles, so that a score can be formed for
 * any weights. Which candidates there are is what detection keeps under the rule given. A reading
 * is a session's end of a user at risk. Owner: one thread.
 */
#ifndef LEARN_TRAIN_EVIDENCE_H
#define LEARN_TRAIN_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/learned.h"
#include "series/history.h"

struct err;
struct priors;

/* What is learnt: weights as in enum model_evidence, then the score's offset and power. */
enum { TRAIN_OFFSET = EVIDENCE_N, TRAIN_POWER, TRAIN_PARAMS };

struct train_reading {
	int64_t time_ms;                /* of the session's last event */
	double log_n;                   /* ln(counts + 10) */
	uint32_t n_taus;                /* candidates that enter the score, 1 or more */
	float sum[LEARNED_TAUS][EVIDENCE_N];
};

/* One user's state. */
struct train_evidence {
	struct learned kept;            /* candidates, rows and items as in detection */
	double sum[LEARNED_TAUS][EVIDENCE_N];
};

void train_evidence_reset(struct train_evidence *x);
void train_evidence_push(struct train_evidence *x, const struct learned_rule *r,
	const struct row *row);
/* False: no candidate enters the score, or the user still is learning. */
bool train_evidence_read(const struct train_evidence *x, int64_t time_ms,
	struct train_reading *ret);

/* The score of channel `learned` under these parameters. Unless NULL, ret_slope gets its
 * derivatives by them.
 */
double train_score(const struct train_reading *r, const double p[TRAIN_PARAMS],
	double ret_slope[TRAIN_PARAMS]);
void train_params(const struct model_learned *m, double ret[TRAIN_PARAMS]);

/* Scratch of one thread; zero it first. What it reads lasts until the next walk. */
struct train_walk {
	const struct priors *priors;
	int64_t until_ms;
	struct learned_rule rule;
	struct profile profile;
	struct sight *seen;
	struct row *row;
	struct train_reading *reading;
	uint32_t n, cap, cap_seen;      /* readings */
	double days;                    /* at risk */
	unsigned fold;                  /* of the user */
};

void train_walk_init(struct train_walk *w, const struct priors *p, int64_t until_ms);
void train_walk_done(struct train_walk *w);
/* All readings of a user with these events. */
int train_walk_user(struct train_walk *w, const struct user_events *u, struct err *e);

#endif
