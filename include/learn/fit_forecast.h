/* fit_forecast.h - the model of channel `forecast` from a log: a forecaster, and a threshold.
 *
 * Rows are what the channel itself sees (detect/forecast.h) of a sample of users; the forecasters
 * asked for are judged on steps later than those they learnt from (validate.h), beside the last
 * value and that of a week before, and the one of least squared error is fitted to all rows. Each
 * user is forecast by one that has not learnt from that user: the sample is parted in five folds,
 * and a fold is forecast by what the others teach. These forecasts give the error of all, and
 * record highs a threshold whose alarms, fresh starts and all, stay within the channel's own budget
 * (fit_pledge.h). Columns may be narrowed first (fit_columns.h): for each test by what it learns
 * from; for the one that is kept, and for the folds, by all rows. Parameters of a kind may be
 * searched for on what its first test learns from, parted in tests of its own. At risk: from the
 * close that ends the warm-up to the user's last event or the alarm; alarms count also after the
 * last event. Threads do not change the result; OpenBLAS is to run on one.
 */
#ifndef LEARN_FIT_FORECAST_H
#define LEARN_FIT_FORECAST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "learn/fit.h"
#include "learn/fit_columns.h"
#include "learn/fit_lstm.h"
#include "learn/normal.h"
#include "model/forecaster.h"
#include "model/lstm.h"

struct forecast_model;
struct history;
struct ids;
struct step;

#define FORECAST_KIND(k) (1u << (k))
#define FORECAST_KINDS_ALL (FORECAST_KIND(FORECASTER_LINEAR) | \
	FORECAST_KIND(FORECASTER_FOREST) | FORECAST_KIND(FORECASTER_LSTM))
#define FORECAST_EPOCHS_MAX 64u

#define FORECAST_TESTS 3u

/* Where fitting is. */
struct forecast_at {
	enum forecaster_kind kind;
	uint32_t test;                  /* 1 to FORECAST_TESTS; 0: the fit to all rows; else one
	                                   for the thresholds of users not learnt from */
	uint32_t n_trials, trial;       /* of a search: how many, finished; 0: there is none */
	uint32_t n_folds;               /* then: of a trial, test being the number of one */
	uint32_t n_epochs, max_epochs;  /* of a network: finished, and of how many at most */
	const struct fit_lstm_epoch *epoch;     /* the last one; NULL: a fit begins */
};

struct forecast_fit_options {
	const struct step *step;        /* of a fixed span */
	int64_t until_ms;               /* the horizon; INT64_MAX: the end of the log */
	struct budget budget;           /* amount 0: the default of CONTRACT */
	float epsilon;                  /* the threshold by hand; 0: calibrate it */
	unsigned kinds;                 /* mask of FORECAST_KIND() */
	/* The one tried is of its kind, on rows of its columns and caps: from a fresh start, gone
	 * on from it, and as it is; the best is kept. NULL: there is none.
	 */
	const struct forecast_model *from;
	bool insists;           /* keeps the best even where a naive forecast is as good */
	enum columns_by select;         /* of all kinds but networks; nothing where from is given */
	uint32_t n_search;      /* combinations of parameters to try, of each kind; the same */
	uint32_t n_rows;                /* to learn from, about; 0: 60,000 */
	enum precision precision;  /* of a network or a forest */
	uint64_t seed;
	const char *backend;            /* accel.h; what cannot be opened is an error, if named */
	unsigned threads;
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
	/* Ends learning, not the rest: the best so far is kept. May be NULL; else stop should. */
	const atomic_bool *enough;
	/* In the calling thread, as a fit begins and after an epoch; may be NULL. */
	void (*tell)(void *ctx, const struct forecast_at *at);
	void *ctx;
	_Atomic uint32_t *ret_percent;  /* of the fit at hand; may be NULL */
};

/* How far a kind came. */
enum forecast_trial {
	TRIAL_UNASKED,
	TRIAL_NONE,             /* learning was ended before its turn */
	TRIAL_CUT,              /* in one of its tests */
	TRIAL_JUDGED
};

/* What going on from a forecaster is worth: MSE on the tests after learning from a tenth of the
 * users, and from all; of the old one as it is both alike. NAN: not measured.
 */
enum forecast_start { START_FRESH, START_FROM, START_OLD, STARTS };
enum { LEARN_FEW, LEARN_ALL, LEARNS };
struct forecast_transfer {
	double mse[STARTS][LEARNS];
	uint32_t n_users[LEARNS];       /* all 0: there was none to go on from */
	/* Of a network's last test: to its best from a fresh start, and to be as good gone on from
	 * the old one; 0: it was at once; UINT32_MAX: never.
	 */
	uint32_t epochs[STARTS];
	enum forecast_start best;
};

/* What the precision asked for costs, on the rows of the tests. */
enum { ROUND_BEFORE, ROUND_AFTER, ROUNDS };
struct forecast_rounding {
	uint64_t n_rows;                /* 0: nothing was rounded */
	double error2[ROUNDS];          /* sums, of squared errors and of y */
	double y, y2;
	double most;                    /* that a forecast moved by */
	size_t n_bytes[ROUNDS];         /* of the one that is kept */
	char why[120];                  /* it cannot be rounded, or "" */
};

/* What a person should hear of it; the figures are in the model. */
struct forecast_report {
	enum forecaster_kind best;      /* of those judged; NONE: there was nothing to judge on */
	bool better;                    /* than either naive forecast */
	enum forecast_trial trial[FORECASTER_N];
	bool ended;                     /* early: what is kept is not what would have been */
	uint32_t kept_test;             /* then: the test it was fitted for; 0: to all rows */
	bool kept_cut;                  /* then: that fit was not finished */
	unsigned searched;              /* then: kinds whose search was not; mask as kinds */
	char warning[NORMAL_WARNING_MAX];       /* columns that follow from others, or "" */
	char name[FEATURE_MAX][FEATURE_NAME_MAX];
	uint32_t n_names;
	uint32_t n_columns;             /* that those kept were chosen of; 0: none were chosen */
	double importance[FEATURE_MAX]; /* of a forest's columns, by permutation */
	struct fit_lstm_epoch curve[FORECAST_EPOCHS_MAX];       /* of the network that is kept */
	uint32_t n_epochs, best_epoch;
	struct forecast_transfer transfer;
	struct forecast_rounding rounding[FORECASTER_N];
	char notice[ERR_TEXT_MAX];      /* why a device did not do what it might have, or "" */
};

/* 0 with FORECASTER_NONE when no forecaster is better than naive, and none was insisted on.
 * -ECANCELED: stopped, or ended before there was any to keep.
 * -EINVAL: the one to go on from is of logs of another size.
 * -ENODATA when there are too few steps, or nobody was ever at risk: the threshold is INFINITY; the
 * caller may go on with that. ret is set in any case.
 */
int fit_forecast(struct forecast_model *m, const struct history *h, const struct ids *ids,
	const struct forecast_fit_options *o, struct forecast_report *ret, struct err *e);

#endif
