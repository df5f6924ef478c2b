/* Where a course takes place: on a device, or here. */
#include "learn/fit_lstm_parts.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "learn/accel.h"
#include "learn/dataset.h"

/* One thread at a time is in the functions of a device. */
static const struct accel_ops *take_turn(const struct course *c)
{
	pthread_mutex_lock(&c->f->accel->turn);
	return c->f->accel->ops;
}

static int end_turn(const struct course *c, int r, const struct err *why, struct err *e)
{
	struct accel *a = c->f->accel;
	pthread_mutex_unlock(&a->turn);
	if (r == 0)
		return 0;
	accel_lose(a, why);
	return err_set(e, -EIO, "%s", why->text);
}

void course_enter(struct course *c)
{
	const struct accel_lesson l = { c->m, c->train, c->f->valid, c->batch, c->f->clip };
	struct err why = {0};
	if (!accel_is_up(c->f->accel))
		return;
	int r = take_turn(c)->learn(c->f->accel->device, &l, &c->pupil, &why);
	end_turn(c, r, &why, NULL);
}

void course_leave(struct course *c)
{
	if (!c->pupil)
		return;
	take_turn(c)->leave(c->pupil);
	end_turn(c, 0, NULL, NULL);
	c->pupil = NULL;
}

static int batch_here(struct course *c, struct accel_batch *b)
{
	b->ret_sum = lstm_crew_gradient(&c->crew, c->m,
		(struct tape_rows){ c->train, b->row, b->n });
	b->ret_length = adam_clip(c->crew.gradient, c->n_weights, c->f->clip);
	if (isfinite(b->ret_length))
		adam_step(&c->adam, c->m->weight, c->crew.gradient, b->rate);
	return 0;
}

int course_batch(struct course *c, struct accel_batch *b, struct err *e)
{
	struct err why = {0};
	if (!c->pupil)
		return batch_here(c, b);
	return end_turn(c, take_turn(c)->batch(c->pupil, b, &why), &why, e);
}

int course_judge(struct course *c, double *ret_mse, struct err *e)
{
	const struct dataset *valid = c->f->valid;
	struct err why = {0};
	*ret_mse = (double)NAN;
	if (!c->pupil) {
		*ret_mse = lstm_crew_mse(&c->crew, c->m, valid);
		return 0;
	}
	const struct accel_ops *ops = take_turn(c);
	int r = ops->weights(c->pupil, c->m->weight, &why);
	if (r == 0 && valid && (r = ops->judge(c->pupil, ret_mse, &why)) == 0)
		*ret_mse /= valid->n_rows;
	return end_turn(c, r, &why, e);
}
