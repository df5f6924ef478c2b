#include "learn/search.h"

#include <errno.h>
#include <stdbool.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"

/* The parameters' indexes are the digits of a trial's number, the first the lowest. */
static void apply(const struct search *s, void *ctx, uint32_t trial, uint32_t *ret_value)
{
	for (uint32_t i = 0; i < s->n_params; i++) {
		ret_value[i] = trial % s->param[i].n;
		trial /= s->param[i].n;
		s->param[i].set(ctx, s->param[i].value[ret_value[i]]);
	}
}

static int count(const struct search *s, uint32_t *ret, struct err *e)
{
	bool few = s->n_params <= SEARCH_PARAMS_MAX;
	uint64_t n = few;
	for (uint32_t i = 0; few && i < s->n_params && n <= SEARCH_TRIALS_MAX; i++)
		n *= s->param[i].n;
	if (n == 0 || n > SEARCH_TRIALS_MAX)
		return err_set(e, -EINVAL, "a search takes 1 to %u combinations of up to %u "
			"parameters", SEARCH_TRIALS_MAX, SEARCH_PARAMS_MAX);
	*ret = (uint32_t)n;
	return 0;
}

/* A prefix of a random order (Fisher, Yates 1938), sorted no further. */
static void shuffle(uint32_t *order, uint32_t n, uint32_t n_first, uint64_t seed)
{
	struct chance c = { seed };
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = 0; i < n_first; i++) {
		uint32_t k = i + chance_below(&c, n - i), t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
}

int search(const struct search *s, const struct validation *v, struct search_best *ret,
	struct err *e)
{
	uint32_t n = 0, best = 0, value[SEARCH_PARAMS_MAX];
	struct validation one = *v;
	*ret = (struct search_best){0};
	if (count(s, &n, e) < 0)
		return -EINVAL;
	uint32_t *order = mem_get(n, sizeof *order);
	if (!order)
		return err_set(e, -ENOMEM, "could not search: out of memory");
	bool all = s->n_random == 0 || s->n_random >= n;
	uint32_t trials = all ? n : s->n_random;
	shuffle(order, n, all ? 0 : trials, s->seed);
	int r = 0;
	for (uint32_t i = 0; i < trials && r == 0; i++) {
		struct verdict verdict;
		apply(s, v->ctx, order[i], value);
		r = validate(&one, &verdict, NULL, e);
		/* The columns are the same in every trial. */
		one.trusts_columns = true;
		if (r == 0 && (i == 0 || verdict.mse < ret->verdict.mse)) {
			ret->verdict = verdict;
			best = order[i];
		}
		ret->n_trials = i + 1;
	}
	if (r == 0)
		apply(s, v->ctx, best, ret->value);
	mem_free(order);
	return r;
}
