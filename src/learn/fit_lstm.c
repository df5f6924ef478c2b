#include "learn/fit_lstm.h"

#include <assert.h>
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/fit_lstm_parts.h"

#define PI 3.14159265358979323846
#define SHUFFLES 0x73687566u    /* parts the order of the rows from the first weights */

struct fit_lstm fit_lstm_default(uint32_t inputs)
{
	return (struct fit_lstm){ .layers = 1, .hidden = 32, .inputs = inputs, .batch = 256,
		.epochs = 50, .patience = 5, .rate = .003f, .last_rate = .0003f, .clip = 1,
		.forget_bias = 1, .threads = 1 };
}

static int course_init(struct course *c, struct fit_lstm *f, const struct dataset *train,
	struct err *e)
{
	*c = (struct course){ .f = f, .train = train };
	if (!(c->m = fit_lstm_start(f, train, e)))
		return e->code;
	c->n_weights = lstm_n_weights(&c->m->shape);
	c->batch = f->batch < train->n_rows ? f->batch : train->n_rows;
	if (!(c->best = mem_get(c->n_weights, sizeof *c->best)) ||
	    !(c->order = mem_get(train->n_rows, sizeof *c->order)) ||
	    !(f->curve = mem_get(f->epochs ? f->epochs : 1, sizeof *f->curve)))
		return err_set(e, -ENOMEM, "could not prepare to learn from %u rows: out of memory",
			train->n_rows);
	memcpy(c->best, c->m->weight, c->n_weights * sizeof *c->best);
	course_enter(c);
	if (c->pupil)
		return 0;
	if (adam_init(&c->adam, c->n_weights, e) < 0 ||
	    lstm_crew_init(&c->crew, f, &c->m->shape, c->batch, e) < 0)
		return e->code;
	return 0;
}

static void course_done(struct course *c)
{
	course_leave(c);
	lstm_crew_done(&c->crew);
	adam_done(&c->adam);
	mem_free(c->best);
	mem_free(c->order);
	lstm_free(c->m);
}

/* The same order for an epoch, however it was before (Fisher, Yates). */
static void shuffle(struct course *c, uint32_t epoch)
{
	struct chance of = { chance_pair(c->f->seed ^ SHUFFLES, epoch) };
	for (uint32_t i = 0; i < c->train->n_rows; i++) {
		uint32_t k = chance_below(&of, i + 1);
		c->order[i] = c->order[k];
		c->order[k] = i;
	}
}

/* Loshchilov, Hutter 2017, eq. 5, without restarts. */
static float rate_of(const struct fit_lstm *f, uint32_t epoch)
{
	if (f->last_rate == 0 || f->epochs < 2)
		return f->rate;
	double part = (1 + cos(PI * epoch / (f->epochs - 1))) / 2;
	return (float)((double)f->last_rate + part * (double)(f->rate - f->last_rate));
}

static int run_epoch(struct course *c, uint32_t epoch, struct fit_lstm_epoch *at, struct err *e)
{
	const struct fit_lstm *f = c->f;
	double sum = 0, unit = (double)c->m->y_scale;
	*at = (struct fit_lstm_epoch){ .rate = rate_of(f, epoch) };
	shuffle(c, epoch);
	for (uint32_t i = 0, n; i < c->train->n_rows; i += n) {
		n = c->train->n_rows - i < c->batch ? c->train->n_rows - i : c->batch;
		if (f->stop && atomic_load(f->stop))
			return err_set(e, -ECANCELED, "learning was stopped in epoch %u",
				epoch + 1);
		struct accel_batch b = { .row = c->order + i, .n = n, .rate = at->rate };
		if (course_batch(c, &b, e) < 0)
			return e->code;
		sum += b.ret_sum;
		if (!isfinite(b.ret_length) || !isfinite(sum))
			return err_set(e, -ERANGE, "learning grew beyond numbers in epoch %u: "
				"a lower rate or a shorter gradient may help", epoch + 1);
		at->longest = fmax(at->longest, b.ret_length);
		if (f->percent)
			atomic_store(f->percent, (unsigned)(100 *
				(epoch + (double)(i + n) / c->train->n_rows) / f->epochs));
	}
	at->train_mse = sum / c->train->n_rows * unit * unit;
	return course_judge(c, &at->valid_mse, e);
}

static int run_epochs(struct course *c, struct err *e)
{
	struct fit_lstm *f = c->f;
	int r = course_judge(c, &f->start_mse, e);
	if (r < 0)
		return r;
	c->best_mse = f->start_mse;
	while (f->n_epochs < f->epochs) {
		struct fit_lstm_epoch *at = &f->curve[f->n_epochs];
		r = run_epoch(c, f->n_epochs, at, e);
		if (r < 0)
			return r;
		f->n_epochs++;
		if (!f->valid || at->valid_mse < c->best_mse || !isfinite(c->best_mse)) {
			c->best_mse = at->valid_mse;
			f->best = f->n_epochs;
			memcpy(c->best, c->m->weight, c->n_weights * sizeof *c->best);
		}
		if (f->progress)
			f->progress(f->ctx, f->n_epochs, at);
		if (f->patience && f->n_epochs - f->best >= f->patience)
			break;
	}
	return 0;
}

static int learn(struct fit_lstm *f, const struct dataset *train, struct lstm **ret_model,
	struct err *e)
{
	struct course c;
	fit_lstm_done(f);
	int r = course_init(&c, f, train, e);
	if (r == 0)
		r = run_epochs(&c, e);
	if (r == 0 || r == -ECANCELED) {
		memcpy(c.m->weight, c.best, c.n_weights * sizeof *c.best);
		*ret_model = c.m;
		c.m = NULL;
	}
	course_done(&c);
	return r;
}

int fit_lstm(struct fit_lstm *f, const struct dataset *train, struct lstm **ret_model,
	struct err *e)
{
	assert(openblas_get_num_threads() == 1);
	*ret_model = NULL;
	int r = learn(f, train, ret_model, e);
	return r == -EIO ? learn(f, train, ret_model, e) : r;
}

void fit_lstm_done(struct fit_lstm *f)
{
	mem_free(f->curve);
	f->curve = NULL;
	f->n_epochs = f->best = 0;
	f->start_mse = (double)NAN;
}
