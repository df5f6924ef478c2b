/* forecast_model.h - what all users share in channel `forecast`: the forecaster, and its pledge.
 *
 * Fitted by learn/fit_forecast.h and frozen; any thread. The forecaster is kept twice: at work, and
 * as the bytes that the file keeps and the hash covers.
 */
#ifndef MODEL_FORECAST_MODEL_H
#define MODEL_FORECAST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/forecaster.h"
#include "model/pledge.h"

struct err;

/* On steps later than those fitted to (learn/validate.h); NAN: was not asked for. */
struct forecast_figure {
	double mse, mae, r2;
	double skill, seasonal_skill;   /* against the last value, and that of a week before */
};

#define FORECAST_PARAMS 4u      /* of a kind, at most: learn/fit_params.h */
/* A search among the parameters of a kind, on steps before those of its figures; all doubles, for
 * the file. MSE of the standard values and of the best: there, and on the steps of the figures.
 */
enum { SEARCH_STANDARD, SEARCH_BEST, SEARCH_SIDES };
struct forecast_search {
	double n_tried;                 /* 0: there was none */
	double value[FORECAST_PARAMS];  /* the best */
	double inner[SEARCH_SIDES], outer[SEARCH_SIDES];
	double gain, gain_error;        /* as search.h has them */
	double is_used;                 /* 0: the standard values are */
};

struct forecast_model {
	struct forecaster f;            /* FORECASTER_NONE: nothing is forecast */
	void *bytes;                    /* f packed; owned */
	size_t n_bytes;
	float scale;                    /* mean |error| of a forecast, all users */
	float prior_steps;              /* what that is worth, in steps seen of a user's own */
	uint32_t level_steps, error_steps;      /* spans of the averages of interest and |error| */
	uint32_t warm_up_steps;         /* with events, before a user is at risk */
	struct pledge pledge;
	/* The report. */
	uint64_t n_rows, n_test_rows;   /* learnt from, and judged on while validating */
	struct forecast_figure figure[FORECASTER_N];
	struct forecast_figure naive, seasonal; /* of the last value, and that of a week before */
	struct forecast_search search[FORECASTER_N];
};

/* Nothing is forecast. */
void forecast_model_default(struct forecast_model *m);
void forecast_model_done(struct forecast_model *m);     /* but for plain data */
/* Takes the forecaster in; f is empty afterwards, also on failure. */
int forecast_model_take(struct forecast_model *m, struct forecaster *f, struct err *e);
/* From its bytes. -EBADMSG as forecaster_unpack(). */
int forecast_model_load(struct forecast_model *m, const void *bytes, size_t len, struct err *e);
bool forecast_model_is_good(const struct forecast_model *m);

#endif
