/* fit_params.h - the parameters of each kind of forecaster: what they are, and what may be tried.
 *
 * Constant tables; any thread.
 */
#ifndef LEARN_FIT_PARAMS_H
#define LEARN_FIT_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "learn/search.h"
#include "model/forecast_model.h"

/* A penalty is an enum linear_penalty; its strength is lambda of ridge, and of a lasso the part of
 * the least lambda at which no column is left.
 */
enum { LINEAR_PENALTY, LINEAR_STRENGTH };
/* A depth of 0 has no limit; tried: the share of the columns that a split looks at. */
enum { FOREST_TREES, FOREST_DEPTH, FOREST_LEAF, FOREST_TRIED };
enum { NETWORK_LAYERS, NETWORK_HIDDEN, NETWORK_EPOCHS, NETWORK_RATE };

struct fit_params {
	const struct search_param *param;
	uint32_t n;
};
extern const struct fit_params fit_params[FORECASTER_N];

/* ret[FORECAST_PARAMS] */
void fit_params_standard(enum forecaster_kind kind, double *ret);
/* "60 trees, depth 8, ..."; of a kind that has any */
void fit_params_text(enum forecaster_kind kind, const double *value, char *buf, size_t n);

#endif
