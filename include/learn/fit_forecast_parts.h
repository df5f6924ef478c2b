/* fit_forecast_parts.h - the inside of fit_forecast(): walks over users, rows, kinds, the pledge.
 */
#ifndef LEARN_FIT_FORECAST_PARTS_H
#define LEARN_FIT_FORECAST_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/forecast.h"
#include "learn/accel.h"
#include "learn/dataset.h"
#include "learn/fit_forecast.h"
#include "learn/validate.h"
#include "model/model.h"
#include "series/history.h"

/* What is fallen back on when learning is ended early: the last forecaster that was finished, or,
 * as long as there is none, what a fit that was cut short has come to.
 */
struct forecast_spare {
	struct forecaster f;    /* FORECASTER_NONE: nothing */
	bool is_cut;
	uint32_t test;          /* that it was fitted for */
};

/* One fit in progress. */
struct forecast_fit {
	struct forecast_model *m;
	const struct history *h;
	const struct ids *ids;
	const struct forecast_fit_options *o;
	struct forecast_report *report;
	int64_t horizon_ms;     /* up to which steps close */
	double days;            /* of the log, at least one */
	uint64_t *first;        /* [n_users + 1]: where a user's forecasts begin in known */
	struct accel *accel;    /* NULL: the CPU alone */
	struct accel_forecaster at;     /* the model's */
	float *known;           /* what the model's forecaster says of every step of every user */
	uint32_t *user;         /* [n_sampled]: those whose steps are learnt from */
	uint32_t n_sampled;
	/* Who is learnt from is forecast by one that was fitted to other folds: thresholds are for
	 * users not learnt from.
	 */
	struct forecaster apart[MODEL_FOLDS];
	struct kept_columns kept;       /* of the one that is kept, and of apart */
	uint8_t *fold_of;       /* by user: of apart, from 1; 0: not learnt from. NULL: none is */
	struct forecast_spare spare[FORECASTER_N];
	double value[FORECASTER_N][FORECAST_PARAMS];    /* that fits go by: fit_params.h */
	const struct dataset *rows;     /* of the tests at hand */
	const struct fold *fold;        /* [FORECAST_TESTS] */
};

static inline bool forecast_fit_is_stopped(const struct forecast_fit *f)
{
	return f->o->stop && atomic_load(f->o->stop);
}

static inline bool forecast_fit_is_enough(const struct forecast_fit *f)
{
	return f->o->enough && atomic_load(f->o->enough);
}

/* One user, through to the horizon. */
struct forecast_walk {
	const struct forecast_rule *rule;
	struct forecast state;
	struct user_events u;
	int64_t until_ms, horizon_ms;
	uint32_t i;             /* the next event */
	int64_t last_ms;        /* of the user's last event that counts; INT64_MIN: none */
};
void forecast_walk_init(struct forecast_walk *w, const struct forecast_fit *f,
	const struct forecast_rule *r, uint32_t user);
/* The next alarm or record; false: the end. */
bool forecast_walk_next(struct forecast_walk *w, struct forecast_alarm *ret);

/* Sets first, and user. -ENODATA: too few steps to learn from. */
int forecast_fit_sample(struct forecast_fit *f, struct err *e);
/* Caps of the steps that are learnt from. */
int forecast_fit_caps(const struct forecast_fit *f, struct feature_set *s, struct err *e);
/* -EINVAL: too many of them are beyond the caps of a set that was fitted elsewhere. */
int forecast_fit_check_caps(const struct forecast_fit *f, const struct feature_set *s,
	struct err *e);
/* What the sampled users' steps are to a forecaster of that shape, user after user. */
int forecast_fit_rows(const struct forecast_fit *f, const struct forecaster *shape,
	struct dataset *ret, struct err *e);
/* Sets known, and the scale of the model, by the model's forecaster. */
int forecast_fit_known(struct forecast_fit *f, struct err *e);

/* Features, no weights yet. */
int forecast_fit_shape(const struct forecast_fit *f, enum forecaster_kind kind,
	struct forecaster *ret, struct err *e);
#define FORECAST_FOLDS 4u
#define FORECAST_APART (FORECAST_TESTS + 1u)     /* a test that is none: a fit for other users */
/* What fits a kind. */
struct forecast_maker {
	struct forecast_fit *f;
	enum forecaster_kind kind;
	const struct forecaster *from;  /* NULL: a fresh start */
	uint32_t test;          /* 1 the first; 0: the fit that is kept, which fills the report */
	bool measures;          /* what it fits is not to be fallen back on */
	uint32_t n_trials;      /* of a search, whose tests are FORECAST_FOLDS; 0: there is none */
	struct forecast_course *course; /* of a network's last fit; may be NULL */
};
struct forecast_course {
	double start_mse, valid_mse[FORECAST_EPOCHS_MAX];
	uint32_t n_epochs;
};
/* Those fits that look at stop or enough: -ECANCELED with what there is, or nothing of the kind. */
int forecast_make(const struct forecast_maker *k, const struct dataset *d, struct forecaster *to,
	struct err *e);
/* The same, to a shape that is narrowed first to the columns chosen. */
int forecast_make_narrow(const struct forecast_maker *k, const struct dataset *d,
	struct forecaster *to, struct kept_columns *ret, struct err *e);
void forecast_maker_tell(const struct forecast_maker *k, const struct forecast_at *at);
/* Tests that roll forward over the later half of the rows: fold[n]. -EINVAL: too few rows. */
int forecast_fit_folds(struct fold *fold, uint32_t n, const struct dataset *d, struct err *e);
/* The verdict of the tests; with is_few, users marked by number are all that is learnt from. ops
 * fits with a maker as ctx, or else as it says. -ECANCELED; -ENODATA: too little to judge by.
 */
extern const struct forecaster_ops forecast_fit_ops;
int forecast_fit_judge(struct forecast_fit *f, const struct validation *how,
	const uint8_t *is_few, struct verdict *ret, struct err *e);
void forecast_fit_note(struct forecast_fit *f, enum forecaster_kind kind, const struct verdict *v);
/* Searches, when the standard values are judged and noted, and judges the best; what is better is
 * noted and in f->value. 0 also when learning was ended: standard values.
 */
int forecast_fit_search(struct forecast_fit *f, enum forecaster_kind kind,
	const struct dataset *d, struct err *e);
/* Rounds a forecaster to the precision asked for. 0 also where it cannot be: the report says so. */
int forecast_fit_round(struct forecast_fit *f, struct forecaster *made, struct err *e);
/* The same of one that is tested, of those columns, and what that costs. */
void forecast_fit_round_tested(struct forecast_fit *f, struct forecaster *made,
	const struct kept_columns *c, uint32_t test);
/* The same of o->from, with all that the report has of it. */
int forecast_fit_transfer(struct forecast_fit *f, const struct dataset *d, struct err *e);

/* Sets apart and fold_of; leaves them be where users are too few, or learning was ended early. */
int forecast_fit_cross(struct forecast_fit *f, const struct forecast_maker *kept,
	const struct dataset *d, struct err *e);
void forecast_fit_cross_done(struct forecast_fit *f);

/* The figures of the kinds asked for, and the best fitted to all rows, in the model. */
int forecast_fit_best(struct forecast_fit *f, struct err *e);

/* The threshold, when known is. */
int forecast_fit_pledge(struct forecast_fit *f, struct err *e);

#endif
