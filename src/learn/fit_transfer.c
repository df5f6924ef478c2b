/* What it is worth to go on from a forecaster that was learnt elsewhere. */
#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/fit_forecast_parts.h"
#include "learn/sample.h"

#define FEW .1                  /* of the users */

/* The old forecaster, as it is. */
static int give(void *ctx, const struct dataset *train, void **ret, struct err *e)
{
	(void)train;
	(void)e;
	*ret = ctx;
	return 0;
}

static void predict(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	forecaster_predict(model, x, n_rows, ret);
}

static void keep(void *model)
{
	(void)model;
}

static const struct forecaster_ops as_it_is = { "as it is", give, predict, keep, NULL };

/* By number, of all users: 1 for the few. */
static uint8_t *mark_few(const struct forecast_fit *f, uint32_t *ret_n, struct err *e)
{
	struct sample s = {0};
	uint8_t *is_few = mem_get(history_n_users(f->h) + 1ul, 1);
	if (!is_few) {
		err_set(e, -ENOMEM, "could not choose users: out of memory");
	} else if (sample_users(&s, f->h, f->ids, (uint32_t)ceil(FEW * f->n_sampled), 1, e) < 0) {
		mem_free(is_few);
		is_few = NULL;
	}
	for (uint32_t i = 0; i < s.n; i++)
		is_few[s.user[i]] = 1;
	*ret_n = s.n;
	sample_done(&s);
	return is_few;
}

static double best_of(const struct forecast_course *c, uint32_t *ret_epoch)
{
	double best = c->start_mse;
	*ret_epoch = 0;
	for (uint32_t i = 0; i < c->n_epochs; i++)
		if (c->valid_mse[i] < best) {
			best = c->valid_mse[i];
			*ret_epoch = i + 1;
		}
	return best;
}

static void count_epochs(struct forecast_transfer *t, const struct forecast_course course[STARTS])
{
	const struct forecast_course *from = &course[START_FROM];
	double aim = best_of(&course[START_FRESH], &t->epochs[START_FRESH]);
	t->epochs[START_FROM] = from->start_mse <= aim ? 0 : UINT32_MAX;
	for (uint32_t i = from->n_epochs; i-- > 0 && t->epochs[START_FROM] > 0; )
		if (from->valid_mse[i] <= aim)
			t->epochs[START_FROM] = i + 1;
}

/* Tests of one start, after learning from all or from the few; NAN stays where it is no error. */
static int try_start(struct forecast_fit *f, const struct validation *how,
	enum forecast_start start, const uint8_t *is_few, struct err *e)
{
	struct forecast_transfer *t = &f->report->transfer;
	struct verdict v;
	int r = forecast_fit_judge(f, how, is_few, &v, e);
	if (r < 0)
		return r == -ENODATA || (r == -ECANCELED && f->o->enough) ? 0 : r;
	t->mse[start][is_few ? LEARN_FEW : LEARN_ALL] = v.mse;
	if (is_few || (start != START_FROM && !(v.mse < t->mse[t->best][LEARN_ALL])))
		return 0;
	t->best = start;
	forecast_fit_note(f, f->o->from->f.kind, &v);
	return 0;
}

static int measure(struct forecast_fit *f, const struct dataset *d, const uint8_t *is_few,
	struct err *e)
{
	struct forecast_transfer *t = &f->report->transfer;
	struct forecaster old = f->o->from->f;
	struct forecast_course course[STARTS] = {0};
	/* First what is kept if learning is ended early. */
	static const struct {
		enum forecast_start start;
		bool is_few;
	} turn[] = { { START_FROM, false }, { START_FRESH, false }, { START_FROM, true },
		{ START_FRESH, true } };
	int r = 0;
	for (size_t i = 0; i < sizeof turn / sizeof *turn && r == 0; i++) {
		enum forecast_start start = turn[i].start;
		struct forecast_maker k = { .f = f, .kind = old.kind, .measures = i > 0,
			.from = start == START_FROM ? &f->o->from->f : NULL,
			.course = turn[i].is_few ? NULL : &course[start] };
		r = try_start(f, &(struct validation){ .d = d, .ops = &forecast_fit_ops,
			.ctx = &k }, start, turn[i].is_few ? is_few : NULL, e);
		if (r == 0 && i == 0 && isnan(t->mse[START_FROM][LEARN_ALL]))
			return err_set(e, forecast_fit_is_enough(f) ? -ECANCELED : -ENODATA,
				"channel forecast: there is too little to judge by");
	}
	if (r == 0)
		r = try_start(f, &(struct validation){ .d = d, .ops = &as_it_is, .ctx = &old },
			START_OLD, NULL, e);
	t->mse[START_OLD][LEARN_FEW] = t->mse[START_OLD][LEARN_ALL];
	if (r == 0 && old.kind == FORECASTER_LSTM)
		count_epochs(t, course);
	return r;
}

int forecast_fit_transfer(struct forecast_fit *f, const struct dataset *d, struct err *e)
{
	struct forecast_transfer *t = &f->report->transfer;
	*t = (struct forecast_transfer){ .n_users = { 0, f->n_sampled }, .best = START_FROM };
	for (int i = 0; i < STARTS; i++)
		t->mse[i][LEARN_FEW] = t->mse[i][LEARN_ALL] = NAN;
	uint8_t *is_few = mark_few(f, &t->n_users[LEARN_FEW], e);
	if (!is_few)
		return e->code;
	int r = measure(f, d, is_few, e);
	mem_free(is_few);
	return r;
}
