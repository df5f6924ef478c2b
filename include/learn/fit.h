/* fit.h - a model from a log: session gap, shares, prior strength, thresholds for budgets.
 *
 * Gap: of 10 to 120 min, the one under which the time to the next event is likeliest, when times
 * within a session and between two have laws of their own (30 min under 100 users). Strength: the
 * one of a grid with the best log loss of the next count under channel 1's null. Thresholds: from
 * the record highs of the users themselves (DETECTION.md, "Calibration"), which makes them
 * in-sample. The result depends on the content of the history alone, not on threads or order.
 */
#ifndef LEARN_FIT_H
#define LEARN_FIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/channel.h"

struct err;
struct forecast_fit_options;
struct forecast_report;
struct history;
struct ids;
struct model;
struct train_options;
struct train_report;

struct budget {
	double amount;          /* 0: the default of CONTRACT */
	bool per_day;           /* else per 1000 user-days */
};

#define FIT_CHANNELS CHANNEL_BIT(CHANNEL_LEARNED)

struct fit_options {
	/* Of the channels of interest together, and of each of the others; where none of interest
	 * speaks, the first is that of others that have none of their own.
	 */
	struct budget budget, volume_budget, forecast_budget;
	int64_t gap_ms;         /* 0: fit it */
	int64_t until_ms;       /* the horizon */
	const char *backend;            /* NULL: auto */
	unsigned threads;
	unsigned channels;              /* mask of those that are to speak; 0: FIT_CHANNELS */
	_Atomic uint32_t *ret_percent;  /* progress for others to read; may be NULL */
	const atomic_bool *stop;        /* may be NULL */
	/* Once thresholds of interest stand, stop ends what is learnt beyond them, no more: what
	 * there is by then is kept, and the reports say what is missing.
	 */
	bool keeps;
	/* The users' highest scores (calibrate_highs()): by these a sweep under the new model, with
	 * any budget, can leave out who crosses no threshold. The caller frees it; NULL when nobody
	 * was at risk.
	 */
	float **ret_highs;              /* may be NULL */
	const struct train_options *train;      /* NULL: `learned` keeps its fixed weights */
	struct train_report *ret_train;         /* set when train is given */
	/* Which forecasters are tried, and how; its horizon, budget and threads are those above.
	 * NULL: a linear one, whatever it is worth.
	 */
	const struct forecast_fit_options *forecast;
	struct forecast_report *ret_forecast;   /* may be NULL */
};

/* "0.5/kud", "50/day". */
int budget_parse(struct budget *b, const char *s, struct err *e);

/* -ENODATA when no user has more than 10 counts: then the shares are fitted and the thresholds stay
 * those of model_default(), and the model says so (unverified); the caller may go on with it.
 */
int fit_model(struct model *m, const struct history *h, const struct ids *ids,
	const struct fit_options *o, struct err *e);

#endif
