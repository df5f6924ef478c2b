/* evaluate.h - detectors against the known answers of a log, at several budgets of false alarms.
 *
 * Unless a model is given one is fitted on the dev users alone, those that change only up to their
 * change. Thresholds are chosen in two ways: by the dev users' own false alarms, and, of the
 * channel, by the model's promise (its far curve); recall and false alarms are those of the test
 * users. The result depends on the content of the log alone, not on threads. Owner: one thread.
 */
#ifndef LEARN_EVALUATE_H
#define LEARN_EVALUATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/answer.h"
#include "learn/score.h"
#include "model/model.h"

struct err;
struct history;
struct ids;
struct train_options;

#define EVALUATE_BUDGETS_MAX 64u
#define EVALUATE_CURVE 60u              /* budgets of the plot */
#define EVALUATE_NAME_MAX 32

struct budget_list {
	double kud[EVALUATE_BUDGETS_MAX];       /* false alarms per 1000 user-days, rising */
	uint32_t n;
};
/* ".1,.25,1": any order, each may end in /kud. */
int budget_list_parse(struct budget_list *l, const char *s, struct err *e);

struct evaluate_options {
	const struct budget_list *budgets;
	const char *channel, *backend;
	const char *scores;             /* a file of another detector's; NULL: the channel's */
	const struct model *model;      /* NULL: fitted on the dev users */
	const struct train_options *train;      /* how it is fitted: see fit_options */
	int64_t gap_ms, until_ms;
	unsigned threads;
	size_t memory_bytes;
	_Atomic uint32_t *ret_percent;  /* may be NULL, like stop */
	const atomic_bool *stop;
};

/* How the threshold of a row came about. */
enum evaluate_by {
	EVALUATE_BY_DEV,        /* the dev users' false alarms */
	EVALUATE_BY_MODEL,      /* the model's far curve */
	EVALUATE_BY_NOTHING,    /* there is none: every score is an alarm */
	EVALUATE_BYS
};
extern const char *const evaluate_by_name[EVALUATE_BYS];        /* "dev", "model", "none" */

struct evaluate_row {
	uint32_t detector;
	enum evaluate_by by;
	double budget_kud;              /* NaN where there is none */
	bool verified;                  /* it implies 10 alarms or more of the users it is by */
	struct score_result result;     /* of the test users */
};

struct evaluate_detector {
	char name[EVALUATE_NAME_MAX];
	bool has_curve;
	float recall[EVALUATE_CURVE];   /* at budgets evenly spaced in their logarithm */
};

struct evaluation {
	struct evaluate_row *row;
	uint32_t n_rows;
	struct evaluate_detector detector[8];
	uint32_t n_detectors;
	struct model model;             /* the one used */
	bool has_model;                 /* scores of a file need none */
	bool model_given;               /* it may have been fitted on the test users */
	double dev_days, test_days;     /* at risk */
	uint64_t looks;                 /* score_looks(), of all */
};

/* h: the log; a: its answers. -ENODATA: no dev or no test users at risk. */
int evaluate_run(struct evaluation *v, const struct history *h, const struct ids *ids,
	const struct answers *a, const struct evaluate_options *o, struct err *e);
void evaluate_done(struct evaluation *v);

/* The i-th budget of the curves. */
double evaluate_curve_kud(const struct budget_list *l, uint32_t i);

#endif
