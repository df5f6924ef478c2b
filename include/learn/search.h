/* search.h - the parameters of a forecaster that validate best, of a table of values.
 *
 * The standard values, then all combinations, or so many drawn without repetition. The winner was
 * chosen on the folds it is judged on, so its error there flatters it. What a search gains is told
 * by each fold in turn: of what is best on the others, how much less it errs there than the
 * standard values do. An honest error of the winner comes from later rows that took no part.
 */
#ifndef LEARN_SEARCH_H
#define LEARN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/validate.h"

#define SEARCH_PARAMS_MAX 16u
#define SEARCH_TRIALS_MAX 100000u

struct search_param {
	const char *name;
	double standard;        /* without a search */
	const double *value;
	uint32_t n;
};

struct search {
	const struct search_param *param;
	uint32_t n_params;
	uint32_t n_random;      /* combinations drawn; 0: all */
	uint64_t seed;
	void (*set)(void *ctx, uint32_t param, double value);
};

struct search_best {
	double value[SEARCH_PARAMS_MAX];        /* of the least MSE; the first of equals */
	uint32_t n_trials;      /* finished, beside the standard values */
	double mse, standard_mse;
	double gain, gain_error;        /* share of the standard MSE, and its standard error */
	bool is_better;         /* the gain is more than twice that */
};

/* Combinations that a search of so many has. */
uint32_t search_n_trials(const struct search *s);

/* Sets v->ctx to each, at the end to the best if it is better, else to the standard values. What
 * cannot be fitted (-ERANGE) is passed over. -ECANCELED when a fit was: standard values, and ret of
 * what was finished.
 */
int search(const struct search *s, const struct validation *v, struct search_best *ret,
	struct err *e);

#endif
