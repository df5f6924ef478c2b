/* model.h - what all users share, fitted beforehand and frozen: shares, strength, thresholds.
 *
 * One SQLite file (an application file). The hash is xxh64 of the content that detection depends
 * on, in a canonical order, so equal models have equal hashes wherever they were made; it is
 * checked on opening. Read-only once made; any thread.
 * Sources: shares as in CONTRACT ("Shares of the population"); far and severity ibid. ("Rarity").
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dict;
struct err;

#define MODEL_KNOTS 3           /* strata of history length: [10,30) [30,100) [100,..) */
#define MODEL_FAR_MAX 256

struct model_share {
	char *category;
	uint32_t len;
	uint64_t count;                 /* N(c) after session dedupe */
};

struct model_far {
	float score;            /* ascending */
	double far;             /* first crossings per 1000 user-days at this score or above */
};

struct model {
	uint64_t hash;
	bool provisional;               /* the shipped defaults: nothing of this log is in it */
	bool unverified;        /* the budget implies under 10 alarms on the calibration users */
	int64_t gap_ms;                 /* session gap */
	float strength;                 /* s of DETECTION.md, channel 1 */
	struct model_share *share;      /* sorted by bytes */
	uint32_t n_share;
	uint64_t count_sum;
	/* Subtracted from ln M at n = model_knot_n[], linear in ln n between. */
	float knot_offset[MODEL_KNOTS];
	float threshold;                /* alarm when score >= threshold */
	double budget_kud;              /* what the threshold was made for */
	double smallest_kud;            /* the smallest budget these users can verify */
	struct model_far far[MODEL_FAR_MAX];
	uint32_t n_far;
	double far_tail;        /* beyond the last: far falls by e every 1 / far_tail of score */
	/* The report: not part of the hash. */
	uint64_t n_events, n_users, n_alarms;
	double user_days;               /* at risk, calibration users */
	double at_risk_per_day; /* users at risk on a day: turns a budget a day into one a kud */
	double log_loss, log_loss_population;   /* nats a count, of the next category */
	int64_t from_ms, to_ms;
};

extern const float model_knot_n[MODEL_KNOTS];

void model_default(struct model *m);            /* the provisional one */
void model_done(struct model *m);
void model_seal(struct model *m);               /* sorts the shares, sets the hash */
int model_copy(struct model *to, const struct model *from, struct err *e);

/* -EBADMSG: not a model, or its content does not match its hash; -EPROTO: of a newer version. */
int model_open(struct model *m, const char *path, struct err *e);
int model_save(const struct model *m, const char *path, struct err *e);
/* The file's bytes, for the store; the caller frees with mem_free(). */
int model_to_blob(const struct model *m, void **ret, size_t *ret_len, struct err *e);
int model_from_blob(struct model *m, const void *blob, size_t len, struct err *e);

/* s pi(c) of every category number of a dictionary, in a new array of dict_size() floats that the
 * caller frees with mem_free(); ret_unseen gets that of a category the model has never seen.
 */
float *model_prior(const struct model *m, const struct dict *category, float *ret_unseen);

double model_far(const struct model *m, float score);
unsigned model_severity(double far);                    /* 0..100, CONTRACT "Rarity" */
/* 'S' severe, shown as "!!"; '!' high; '.' low. */
char model_priority(unsigned severity);
float model_threshold_for(const struct model *m, double kud);   /* by the far curve and its tail */

#endif
