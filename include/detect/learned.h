/* learned.h - channel `learned`: evidence of items beside that of categories, in one score.
 *
 * Candidates for the change are session starts; the score is read when a session ends. A row adds
 * to each candidate's log likelihood ratio, weighed by the model:
 *   category      f [ln((N_tau(c) + s pi(c)) / (n_tau + s)) - ln((N(c) + s pi(c)) / (n + s))]
 *   item within   ln((N_tau(i) + s_i pi(i|c)) / (R_tau(c) + s_i)) - the same of all the past
 *   item          ln((N_tau(i) + s_g pi(i|c) pi(c)) / (R_tau + s_g)) - the same of all the past
 * (f: the row is a count; N_tau, R_tau: counts and rows since tau). s and s_i grow with how much
 * more often than expected the user took what was new. The score is (ln sum of ratios + b)+ /
 * (n + 10)^a: the null maximum grows with n. Weights, b (3) and a (1/4) are the model's.
 * DETECTION.md, channel 4.
 *
 * State: the newest 64 rows, the newest 16 candidates (which outlive the rows: what is older than
 * these no longer counts as since tau), and how often items were taken, in a four-way table of 192
 * that forgets the rarest. No memory of its own; 896 bytes a user. Any one thread.
 */
#ifndef DETECT_LEARNED_H
#define DETECT_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/formula.h"
#include "model/model.h"
#include "series/profile.h"

#define LEARNED_ROWS 64
#define LEARNED_TAUS 16
#define LEARNED_BEFORE 5        /* rows a candidate must have before it */
#define LEARNED_AFTER 3         /* counts from a candidate on before it enters the score */
#define LEARNED_SETS 48
#define LEARNED_WAYS 4
#define LEARNED_COUNTS 10.0f    /* added to n in the score */
#define LEARNED_UNIT 64.0f      /* a log ratio is kept in 1/64 nat */

struct learned {
	uint16_t tag[LEARNED_ROWS], place[LEARNED_ROWS];
	uint64_t is_count;              /* a bit a slot of the ring */
	uint16_t item[LEARNED_SETS][LEARNED_WAYS];      /* 12 bits of the tag, rows (at most 15) */
	/* Candidates, oldest first. */
	int16_t log_ratio[LEARNED_TAUS];
	uint16_t n_rows[LEARNED_TAUS], n_counts[LEARNED_TAUS];  /* since, the first included */
	uint16_t time[LEARNED_TAUS][3]; /* of its first row: 48-bit signed ms */
	uint32_t n_taus;
	uint32_t rows, n;               /* rows and counts since start or restart */
	float new_categories, new_items;                /* met for the first time, */
	float expected_categories, expected_items;      /* and how many a usual user would have */
	float score, best;              /* as last read, highest while at risk; -INFINITY: none */
} __attribute__((aligned(64)));

struct learned_rule {
	struct model_learned w;
	float threshold;
};

void learned_rule_init(struct learned_rule *r, const struct model *m);
void learned_reset(struct learned *x);

void learned_push(struct learned *x, const struct learned_rule *r, const struct row *row);
/* Rows of an item in the past, as far as they are remembered. */
uint32_t learned_taken(const struct learned *x, uint16_t tag);
/* The session is over: reads the score into x->score and returns it; -INFINITY: no candidate. */
float learned_read(struct learned *x, const struct learned_rule *r);
/* The likeliest candidate among those that enter the score, by its index; -1: none. Ties: the
 * oldest.
 */
int learned_best(const struct learned *x);
int64_t learned_time_ms(const struct learned *x, int tau);
/* The row `age` rows ago (1: the newest), age <= min(rows, 64): tag, place, whether it is a count.
 */
void learned_row(const struct learned *x, uint32_t age, struct row *ret);

#endif
