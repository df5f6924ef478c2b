/* Forecasters that have not seen the users whom they forecast. */
#include "learn/fit_forecast_parts.h"

#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"

#define USERS_LEAST 10u

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not part users in folds: out of memory");
}

/* By their place, which goes by their ids. */
static int mark_folds(struct forecast_fit *f, struct err *e)
{
	f->fold_of = mem_get(history_n_users(f->h) + 1ul, sizeof *f->fold_of);
	if (!f->fold_of)
		return no_memory(e);
	for (uint32_t i = 0; i < f->n_sampled; i++)
		f->fold_of[f->user[i]] = (uint8_t)(1 + i % MODEL_FOLDS);
	return 0;
}

/* Whether half of the rows at least are of other folds than any one. */
static bool can_part(const struct forecast_fit *f, const struct dataset *d)
{
	uint32_t n[1 + MODEL_FOLDS] = {0};
	bool can = f->n_sampled >= USERS_LEAST;
	for (uint32_t i = 0; i < d->n_rows; i++)
		n[f->fold_of[d->series[i]]]++;
	for (unsigned k = 1; k <= MODEL_FOLDS; k++)
		can &= n[k] <= d->n_rows / 2;
	return can;
}

static int fit_apart(struct forecast_fit *f, const struct forecast_maker *k,
	const struct dataset *d, unsigned fold, struct err *e)
{
	struct dataset others = {0};
	struct forecaster *to = &f->apart[fold - 1];
	uint32_t n = 0, *row = mem_get(d->n_rows + 1ul, sizeof *row);
	if (!row)
		return no_memory(e);
	for (uint32_t i = 0; i < d->n_rows; i++)
		if (f->fold_of[d->series[i]] != fold)
			row[n++] = i;
	int r = dataset_pick(&others, d, row, n, e);
	if (r == 0)
		r = forecast_fit_shape(f, k->kind, to, e);
	if (r == 0 && f->kept.n) {
		fit_columns_narrow(&f->kept, others.x, n);
		others.n_columns = f->kept.n;
		feature_keep(&to->features, f->kept.at, f->kept.n);
	}
	if (r == 0)
		r = forecast_make(k, &others, to, e);
	dataset_done(&others);
	mem_free(row);
	return r;
}

void forecast_fit_cross_done(struct forecast_fit *f)
{
	for (unsigned k = 0; k < MODEL_FOLDS; k++)
		forecaster_done(&f->apart[k]);
	mem_free(f->fold_of);
	f->fold_of = NULL;
}

int forecast_fit_cross(struct forecast_fit *f, const struct forecast_maker *kept,
	const struct dataset *d, struct err *e)
{
	struct forecast_maker k = { .f = f, .kind = kept->kind, .from = kept->from,
		.test = FORECAST_APART, .measures = true };
	int r = mark_folds(f, e);
	bool parts = r == 0 && can_part(f, d);
	for (unsigned fold = 1; parts && fold <= MODEL_FOLDS && r == 0; fold++)
		r = fit_apart(f, &k, d, fold, e);
	if (r < 0 || !parts)
		forecast_fit_cross_done(f);
	return r == -ECANCELED && f->o->enough ? 0 : r;
}
