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

#include "model/channel.h"
#include "model/far_curve.h"
#include "model/forecast_model.h"
#include "model/volume_model.h"

struct err;

#define MODEL_FOLDS 5

/* Users fall into folds by the hash of their first event: not of their id, so names do not matter.
 * What was counted of a fold's users is known apart, so that a user is judged by shares that
 * nothing of the user's own fold has gone into (cross-fitting; DETECTION.md, channel 4): users the
 * model was fitted on and users it has never seen are then judged alike, on which its promise
 * rests.
 */
struct model_share {
	char *category;
	uint32_t len;
	uint32_t n_items;               /* different ones */
	uint64_t count;                 /* N(c) after session dedupe */
	uint64_t rows;                  /* R(c): one an item a session */
	uint64_t fold_count[MODEL_FOLDS], fold_rows[MODEL_FOLDS];
};

/* An item that several users took, most frequent ones first when there are too many. */
struct model_item {
	char *item;
	uint32_t len;
	uint32_t rows, fold_rows[MODEL_FOLDS];
};

/* Channel `learned`: strengths of the priors of its kinds of evidence, what each weighs, and how
 * the score grows with evidence and falls with counts: (ln SR + offset)+ / (n + 10)^power.
 */
enum model_evidence { EVIDENCE_CATEGORY, EVIDENCE_ITEM_WITHIN, EVIDENCE_ITEM, EVIDENCE_N };
#define MODEL_POWER_MAX 1.0f
struct model_learned {
	float strength[EVIDENCE_N];
	float weight[EVIDENCE_N];
	float offset, power;
	bool trained;                   /* weight, offset and power were learnt from this log */
};

struct model {
	uint64_t hash;
	bool provisional;               /* the shipped defaults: nothing of this log is in it */
	bool unverified;        /* the budget implies under 10 alarms on the calibration users */
	unsigned channels;              /* mask of those that speak */
	unsigned n_folds;               /* 0: nothing is known apart */
	int64_t gap_ms;                 /* session gap */
	float strength;                 /* s of DETECTION.md, channel 1 */
	struct model_share *share;      /* sorted by bytes */
	uint32_t n_share;
	uint64_t count_sum, fold_sum[MODEL_FOLDS];
	struct model_item *item;        /* sorted by bytes */
	uint32_t n_items;
	struct model_learned learned;
	double budget_kud;              /* what the thresholds were made for */
	double smallest_kud;            /* the smallest budget these users can verify */
	/* What the user gets to see: far of each channel that speaks, and of the rarest of them. */
	struct far_curve curve[CHANNEL_N], far;
	float threshold[CHANNEL_N];     /* alarm when the channel's score >= threshold */
	struct volume_model volume;     /* when it speaks: a budget and a report of its own */
	struct forecast_model forecast; /* the same */
	/* The report: not part of the hash. */
	uint64_t n_events, n_users, n_alarms;
	double user_days;               /* at risk, calibration users */
	double at_risk_per_day;         /* on days with any: turns a budget a day into a kud's */
	double log_loss, log_loss_population;   /* nats a count, of the next category */
	double realised_kud;            /* alarms of those users as in use, with restarts */
	int64_t from_ms, to_ms;
};

void model_default(struct model *m);            /* the provisional one */
void model_done(struct model *m);
void model_seal(struct model *m);               /* sorts shares and items, sets the hash */
int model_copy(struct model *to, const struct model *from, struct err *e);

/* -EBADMSG: not a model, or its content does not match its hash; -EPROTO: of a newer version. */
int model_open(struct model *m, const char *path, struct err *e);
int model_save(const struct model *m, const char *path, struct err *e);
/* The file's bytes, for the store; the caller frees with mem_free(). */
int model_to_blob(const struct model *m, void **ret, size_t *ret_len, struct err *e);
int model_from_blob(struct model *m, const void *blob, size_t len, struct err *e);

/* The user's fold, by the hash of its first event; 0 when the model knows nothing apart. */
unsigned model_fold(const struct model *m, uint64_t hash);
/* pi(c) for users of a fold (CONTRACT, "Shares of the population"); NULL: one it has never seen. */
float model_pi(const struct model *m, const struct model_share *s, unsigned fold);
/* What pi(i | c) has below the line: pi(i | c) = (rows of i + MODEL_ITEM_PRIOR) / this. */
float model_item_norm(const struct model_share *s, unsigned fold);
#define MODEL_ITEM_PRIOR .3f
const struct model_share *model_find_share(const struct model *m, const void *text, size_t len);
const struct model_item *model_find_item(const struct model *m, const void *text, size_t len);

/* How rare: the score itself of the one channel of interest that speaks, or -ln far when there are
 * several.
 */
float model_decision(const struct model *m, enum channel c, float score);
double model_far(const struct model *m, enum channel c, float score);
/* Thresholds of all channels of interest that speak, so that their alarms together stay within a
 * budget.
 */
void model_set_budget(struct model *m, double kud);
void model_set_level(struct model *m, float decision);
/* Alerts a day that its budgets promise among so many users; 0: none, as of a provisional one. Of
 * the users at hand as large a part is taken to be at risk as of the model's.
 */
double model_promised_day(const struct model *m, uint32_t n_users);
/* No budget was asked for, and the users could verify none as small as the usual one. */
#define MODEL_USUAL_KUD .5
bool model_is_coarse(const struct model *m);
float model_lowest_threshold(const struct model *m);    /* of those channels */
unsigned model_severity(double far);                    /* 0..100, CONTRACT "Rarity" */
/* 'S' severe, shown as "!!"; '!' high; '.' low. */
char model_priority(unsigned severity);

#endif
