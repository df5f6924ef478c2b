#include "learn/fit_lstm_parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "learn/dataset.h"

static int check_options(const struct fit_lstm *f, const struct dataset *train, struct err *e)
{
	if (f->inputs == 0 || train->n_columns % f->inputs || train->n_columns == 0)
		return err_set(e, -EINVAL, "rows of %u columns are no steps of %u inputs",
			train->n_columns, f->inputs);
	if (train->n_rows == 0 || (f->valid && f->valid->n_rows == 0))
		return err_set(e, -EINVAL, "there are no rows to learn from or to validate on");
	if (f->valid && f->valid->n_columns != train->n_columns)
		return err_set(e, -EINVAL, "rows to validate on have %u columns, those to learn "
			"from %u", f->valid->n_columns, train->n_columns);
	if (f->batch == 0 || !(f->rate > 0) || !(f->last_rate >= 0) || !(f->clip >= 0))
		return err_set(e, -EINVAL, "no learning with mini-batches of %u at a rate of %g",
			f->batch, (double)f->rate);
	return 0;
}

/* Mean and standard deviation; a column that does not vary keeps its size. */
static bool measure(const float *v, uint64_t n, uint32_t stride, float *ret_mean, float *ret_sd)
{
	double mean = 0, square = 0;
	for (uint64_t i = 0; i < n; i++)
		mean += (double)v[i * stride];
	mean /= (double)n;
	for (uint64_t i = 0; i < n; i++) {
		double d = (double)v[i * stride] - mean;
		square += d * d;
	}
	double sd = sqrt(square / (double)n);
	*ret_mean = (float)mean;
	*ret_sd = sd > 1e-6 * fabs(mean) && sd > 1e-30 ? (float)sd : 1;
	return isfinite(*ret_mean) && isfinite(sd) && isfinite(*ret_sd);
}

static int standardise(struct lstm *m, const struct dataset *d, struct err *e)
{
	const struct lstm_shape *s = &m->shape;
	bool fine = measure(d->y, d->n_rows, 1, &m->y_mean, &m->y_scale);
	for (uint32_t i = 0; i < s->inputs && fine; i++) {
		float sd;
		fine = measure(d->x + i, (uint64_t)d->n_rows * s->steps, s->inputs, &m->mean[i],
			&sd);
		m->inverse[i] = 1 / sd;
	}
	if (fine)
		return 0;
	return err_set(e, -ERANGE, "could not standardise the rows: a value is not finite");
}

/* Uniform within 1 / sqrt(hidden), as PyTorch has it; a bias is the sum of its two. */
static void draw_weights(struct lstm *m, uint64_t seed, float forget_bias)
{
	const struct lstm_shape *s = &m->shape;
	uint64_t n = lstm_n_weights(s);
	double within = 1 / sqrt((double)s->hidden);
	for (uint64_t i = 0; i < n; i++)
		m->weight[i] = (float)((2 * chance_unit(chance_pair(seed, i)) - 1) * within);
	for (uint32_t l = 0; l < s->layers; l++) {
		uint32_t width = lstm_width(s, l);
		float *bias = m->weight + lstm_offset(s, l) + width - 1;
		for (uint32_t r = 0; r < 4 * s->hidden; r++, bias += width, n++) {
			*bias += (float)((2 * chance_unit(chance_pair(seed, n)) - 1) * within);
			*bias += r / s->hidden == 1 ? forget_bias : 0;
		}
	}
}

struct lstm *fit_lstm_start(const struct fit_lstm *f, const struct dataset *train, struct err *e)
{
	if (check_options(f, train, e) < 0)
		return NULL;
	struct lstm_shape s = { f->layers, f->hidden, f->inputs, train->n_columns / f->inputs };
	if (f->from && memcmp(&f->from->shape, &s, sizeof s) != 0) {
		err_set(e, -EINVAL, "the network to go on from has another shape");
		return NULL;
	}
	struct lstm *m = f->from ? lstm_copy(f->from, e) : lstm_new(&s, e);
	if (!m)
		return NULL;
	m->precision = PRECISION_FLOAT32;
	if (!f->from)
		draw_weights(m, f->seed, f->forget_bias);
	if (f->from || f->as_they_are || standardise(m, train, e) == 0)
		return m;
	lstm_free(m);
	return NULL;
}
