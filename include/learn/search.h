/* search.h - the parameters of a forecaster that validate best, of a table of values.
 *
 * All combinations, or so many drawn without repetition. The winner was chosen on the folds it is
 * judged on: an honest figure for it comes from later rows that took no part.
 */
#ifndef LEARN_SEARCH_H
#define LEARN_SEARCH_H

#include <stdint.h>

#include "learn/validate.h"

#define SEARCH_PARAMS_MAX 16u
#define SEARCH_TRIALS_MAX 100000u

struct search_param {
	const char *name;
	const double *value;
	uint32_t n;
	void (*set)(void *ctx, double value);
};

struct search {
	const struct search_param *param;
	uint32_t n_params;
	uint32_t n_random;      /* combinations drawn; 0: all */
	uint64_t seed;
};

struct search_best {
	uint32_t value[SEARCH_PARAMS_MAX];      /* the index of each parameter's */
	uint32_t n_trials;
	struct verdict verdict; /* of the least mean squared error; the first of equals */
};

/* Sets v->ctx to each, and to the best at the end. */
int search(const struct search *s, const struct validation *v, struct search_best *ret,
	struct err *e);

#endif
