#include "learn/search.h"

#include <errno.h>
#include <math.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"

#define BEYOND 2.      /* standard errors: less is chance too often, with few folds */

/* Trial 0 are the standard values; the indexes of others are the digits of a number. */
struct trials {
	const struct search *s;
	const struct validation *v;
	uint32_t *order;        /* numbers of trials, from 1 */
	double *error;          /* [trials][n_folds]: summed squares; INFINITY: cannot be fitted */
	uint32_t n;             /* finished, with trial 0 */
};

static void value_of(const struct trials *t, uint32_t trial, double ret[SEARCH_PARAMS_MAX])
{
	uint32_t number = trial ? t->order[trial - 1] : 0;
	for (uint32_t i = 0; i < t->s->n_params; i++) {
		const struct search_param *p = &t->s->param[i];
		ret[i] = trial ? p->value[number % p->n] : p->standard;
		number /= p->n;
	}
}

static void apply(const struct trials *t, uint32_t trial)
{
	double value[SEARCH_PARAMS_MAX];
	value_of(t, trial, value);
	for (uint32_t i = 0; i < t->s->n_params; i++)
		t->s->set(t->v->ctx, i, value[i]);
}

/* 0: too many, or none. */
static uint32_t count(const struct search *s)
{
	bool few = s->n_params <= SEARCH_PARAMS_MAX;
	uint64_t n = few;
	for (uint32_t i = 0; few && i < s->n_params && n <= SEARCH_TRIALS_MAX; i++)
		n *= s->param[i].n;
	return n > SEARCH_TRIALS_MAX ? 0 : (uint32_t)n;
}

uint32_t search_n_trials(const struct search *s)
{
	uint32_t n = count(s);
	return s->n_random == 0 || s->n_random >= n ? n : s->n_random;
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

static int try_one(struct trials *t, struct validation *v, struct verdict *folds, struct err *e)
{
	double *error = t->error + (size_t)t->n * v->n_folds;
	struct verdict all;
	apply(t, t->n);
	int r = validate(v, &all, folds, e);
	/* The columns are the same in every trial. */
	v->trusts_columns |= r == 0;
	for (uint32_t i = 0; i < v->n_folds && (r == 0 || r == -ERANGE); i++)
		error[i] = r == 0 ? folds[i].mse * (double)folds[i].n_rows : (double)INFINITY;
	if (r < 0 && (r != -ERANGE || t->n == 0))
		return r;
	t->n++;
	return 0;
}

/* Of the trial over all folds but one. */
static double sum_without(const struct trials *t, uint32_t trial, uint32_t fold)
{
	double sum = 0;
	for (uint32_t i = 0; i < t->v->n_folds; i++)
		sum += i == fold ? 0 : t->error[(size_t)trial * t->v->n_folds + i];
	return sum;
}

static uint32_t best_without(const struct trials *t, uint32_t fold)
{
	uint32_t best = 0;
	for (uint32_t i = 1; i < t->n; i++)
		best = sum_without(t, i, fold) < sum_without(t, best, fold) ? i : best;
	return best;
}

static void weigh(const struct trials *t, struct search_best *ret)
{
	uint32_t n = t->v->n_folds, best;
	double sum = 0, squares = 0;
	for (uint32_t fold = 0; fold < n; fold++) {
		best = best_without(t, fold);
		double less = t->error[fold] > 0 ?
			1 - t->error[(size_t)best * n + fold] / t->error[fold] : 0;
		sum += less;
		squares += less * less;
	}
	ret->gain = sum / n;
	ret->gain_error = n > 1 ? sqrt(fmax(squares / n - ret->gain * ret->gain, 0) / (n - 1)) : 0;
	best = best_without(t, n);
	ret->is_better = best > 0 && ret->gain > BEYOND * ret->gain_error;
	value_of(t, best, ret->value);
	apply(t, ret->is_better ? best : 0);
}

/* Mean squared errors are of all folds' rows. */
static void judge(const struct trials *t, struct search_best *ret)
{
	double n_rows = 0;
	for (uint32_t i = 0; i < t->v->n_folds; i++)
		n_rows += t->v->folds[i].n_test;
	ret->n_trials = t->n - 1;
	ret->standard_mse = sum_without(t, 0, t->v->n_folds) / n_rows;
	ret->mse = sum_without(t, best_without(t, t->v->n_folds), t->v->n_folds) / n_rows;
}

static int run(struct trials *t, struct search_best *ret, struct err *e)
{
	struct validation one = *t->v;
	uint32_t n = search_n_trials(t->s);
	struct verdict *folds = mem_get(one.n_folds + 1ul, sizeof *folds);
	int r = folds ? 0 : err_set(e, -ENOMEM, "could not search: out of memory");
	while (t->n <= n && r == 0)
		r = try_one(t, &one, folds, e);
	mem_free(folds);
	apply(t, 0);
	if (t->n > 0)
		judge(t, ret);
	if (r == 0)
		weigh(t, ret);
	return r;
}

int search(const struct search *s, const struct validation *v, struct search_best *ret,
	struct err *e)
{
	uint32_t all = count(s), n = search_n_trials(s);
	struct trials t = { .s = s, .v = v };
	*ret = (struct search_best){0};
	if (all == 0)
		return err_set(e, -EINVAL, "a search takes 1 to %u combinations of up to %u "
			"parameters", SEARCH_TRIALS_MAX, SEARCH_PARAMS_MAX);
	t.order = mem_get(all, sizeof *t.order);
	t.error = mem_get((n + 1ul) * v->n_folds + 1, sizeof *t.error);
	int r = t.order && t.error ? 0 : err_set(e, -ENOMEM, "could not search: out of memory");
	if (r == 0) {
		shuffle(t.order, all, n == all ? 0 : n, s->seed);
		r = run(&t, ret, e);
	}
	mem_free(t.order);
	mem_free(t.error);
	return r;
}
