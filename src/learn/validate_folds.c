#include "learn/validate.h"

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"

void folds_done(struct fold *folds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		mem_free(folds[i].train);
		mem_free(folds[i].test);
		folds[i] = (struct fold){0};
	}
}

static void time_range(const struct dataset *d, int64_t *ret_first, int64_t *ret_end)
{
	*ret_first = INT64_MAX;
	*ret_end = INT64_MIN;
	for (uint32_t i = 0; i < d->n_rows; i++) {
		if (d->time_ms[i] < *ret_first)
			*ret_first = d->time_ms[i];
		if (d->time_ms[i] >= *ret_end)
			*ret_end = d->time_ms[i] + 1;
	}
}

static int make_fold(struct fold *f, const struct dataset *d, const struct folds_plan *plan,
	const int64_t span_ms[2], struct err *e)
{
	int64_t known_ms = span_ms[0];
	f->train = mem_get(d->n_rows + 1ul, sizeof *f->train);
	f->test = mem_get(d->n_rows + 1ul, sizeof *f->test);
	if (!f->train || !f->test)
		return err_set(e, -ENOMEM, "could not make folds of %u rows: out of memory",
			d->n_rows);
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->time_ms[i] >= span_ms[0] && d->time_ms[i] < span_ms[1]) {
			f->test[f->n_test++] = i;
			if (d->known_ms[i] < known_ms)
				known_ms = d->known_ms[i];
		}
	known_ms -= plan->gap_ms;
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (d->time_ms[i] < known_ms &&
		    (plan->train_ms == 0 || d->time_ms[i] >= known_ms - plan->train_ms))
			f->train[f->n_train++] = i;
	return validate_fold(d, f, e);
}

int folds_init(struct fold *folds, const struct dataset *d, const struct folds_plan *plan,
	struct err *e)
{
	int64_t first_ms, end_ms;
	int r = 0;
	for (uint32_t i = 0; i < plan->n; i++)
		folds[i] = (struct fold){0};
	if (plan->n == 0 || !(plan->first > 0 && plan->first < 1) || plan->gap_ms < 0 ||
	    plan->train_ms < 0)
		return err_set(e, -EINVAL, "%u folds after the first %g of time cannot be made",
			plan->n, plan->first);
	if (d->n_rows == 0)
		return err_set(e, -EINVAL, "there are no rows to make folds of");
	time_range(d, &first_ms, &end_ms);
	for (uint32_t i = 0; i < plan->n && r == 0; i++) {
		double share = (1 - plan->first) / plan->n, all = (double)(end_ms - first_ms);
		int64_t span_ms[2] = { first_ms + (int64_t)(all * (plan->first + share * i)),
			first_ms + (int64_t)(all * (plan->first + share * (i + 1))) };
		if (i + 1 == plan->n)
			span_ms[1] = end_ms;
		r = make_fold(&folds[i], d, plan, span_ms, e);
	}
	if (r < 0)
		folds_done(folds, plan->n);
	return r;
}
