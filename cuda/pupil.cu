#include "pupil.h"

#include <stdlib.h>

#include "learn/dataset.h"

#include "host.h"

#define PASS_ROWS 16384u        /* judged at once */
#define ALIGNED 64u             /* floats: products like their matrices on whole lines */

struct tape {
	float *z, *gate, *cell, *d_in;
};

struct rows {
	float *x, *y;
	uint32_t n;
};

struct pupil {
	struct network net;
	struct pass pass;
	struct tape layer[LSTM_LAYERS_MAX];
	float *d_cell, *d_top, *error, *judged;
	float *gradient, *mean, *square;
	double *part;                   /* [SQUARES] of the gradient, then one of the errors */
	struct learnt *learnt;
	uint32_t *row;
	struct rows train, valid;
	uint64_t n_weights, n_steps;    /* n_steps: of Adam */
	float clip;
	void *room;
};

/* Room */

/* Columns of d_in that a layer needs: no one asks what the inputs of the lowest would want. */
static uint32_t asked(const struct lstm_shape *s, uint32_t layer)
{
	return layer ? 2 * s->hidden : s->hidden;
}

/* The next piece of room; at is NULL while all of it is measured. */
static float *piece(float *at, uint64_t *used, uint64_t floats)
{
	float *p = at ? at + *used : NULL;
	*used += (floats + ALIGNED - 1) / ALIGNED * ALIGNED;
	return p;
}

static void lay_layers(struct pupil *p, uint32_t batch, float *at, uint64_t *used)
{
	const struct lstm_shape *s = &p->net.shape;
	uint64_t n = (uint64_t)s->steps * batch;
	for (uint32_t l = 0; l < s->layers; l++) {
		struct tape *t = &p->layer[l];
		t->z = piece(at, used, (n + batch) * lstm_width(s, l));
		t->gate = piece(at, used, n * 4 * s->hidden);
		t->cell = piece(at, used, n * s->hidden);
		t->d_in = piece(at, used, n * asked(s, l));
	}
}

/* How many floats all of it takes. */
static uint64_t lay_out(struct pupil *p, const struct accel_lesson *l, float *at)
{
	uint64_t used = 0, cells = (uint64_t)l->batch * p->net.shape.hidden;
	uint32_t doubles = sizeof(double) / sizeof(float);
	lay_layers(p, l->batch, at, &used);
	p->d_cell = piece(at, &used, cells);
	p->d_top = piece(at, &used, cells);
	p->error = piece(at, &used, l->batch);
	p->gradient = piece(at, &used, p->n_weights);
	p->mean = piece(at, &used, p->n_weights);
	p->square = piece(at, &used, p->n_weights);
	p->part = (double *)piece(at, &used, (SQUARES + 1) * doubles);
	p->learnt = (struct learnt *)piece(at, &used, sizeof(struct learnt) / sizeof(float));
	p->row = (uint32_t *)piece(at, &used, l->batch);
	p->train.x = piece(at, &used, (uint64_t)l->train->n_rows * l->train->n_columns);
	p->train.y = piece(at, &used, l->train->n_rows);
	p->train.n = l->train->n_rows;
	if (!l->valid)
		return used;
	p->valid.x = piece(at, &used, (uint64_t)l->valid->n_rows * l->valid->n_columns);
	p->valid.y = piece(at, &used, l->valid->n_rows);
	p->valid.n = l->valid->n_rows;
	p->judged = piece(at, &used, l->valid->n_rows);
	return used;
}

static cudaError_t send_floats(struct pupil *p, float *to, const float *from, uint64_t n)
{
	return cudaMemcpyAsync(to, from, n * sizeof *to, cudaMemcpyHostToDevice, p->net.stream);
}

static cudaError_t send_rows(struct pupil *p, const struct rows *to, const struct dataset *d)
{
	cudaError_t r = send_floats(p, to->x, d->x, (uint64_t)d->n_rows * d->n_columns);
	return r == cudaSuccess ? send_floats(p, to->y, d->y, d->n_rows) : r;
}

/* Adam's averages begin with zeros. */
static cudaError_t make_room(struct pupil *p, const struct accel_lesson *l)
{
	cudaError_t r = cudaMalloc(&p->room, lay_out(p, l, NULL) * sizeof(float));
	if (r != cudaSuccess) {
		p->room = NULL;
		return r;
	}
	lay_out(p, l, (float *)p->room);
	r = send_rows(p, &p->train, l->train);
	if (r == cudaSuccess && l->valid)
		r = send_rows(p, &p->valid, l->valid);
	if (r == cudaSuccess)
		r = lstm_zero(p->mean, p->n_weights, p->net.stream);
	if (r == cudaSuccess)
		r = lstm_zero(p->square, p->n_weights, p->net.stream);
	if (r == cudaSuccess && l->valid)
		r = pass_make(&p->pass, &p->net, p->valid.n < PASS_ROWS ? p->valid.n : PASS_ROWS);
	cudaError_t wait = cudaStreamSynchronize(p->net.stream);
	return r == cudaSuccess ? wait : r;
}

void pupil_free(void *pupil)
{
	struct pupil *p = (struct pupil *)pupil;
	if (!p)
		return;
	pass_done(&p->pass);
	network_done(&p->net);
	if (p->room)
		cudaFree(p->room);
	free(p);
}

int pupil_make(struct pupil **ret, const struct accel_lesson *l, const struct blas *b,
	cudaStream_t s, struct err *e)
{
	struct pupil *p = (struct pupil *)calloc(1, sizeof *p);
	if (!p)
		return fail(e, -ENOMEM, "could not learn on the device: out of memory");
	p->n_weights = lstm_n_weights(&l->start->shape);
	p->clip = l->clip;
	cudaError_t r = network_make(&p->net, l->start, b, s);
	if (r == cudaSuccess)
		r = make_room(p, l);
	if (r == cudaSuccess) {
		*ret = p;
		return 0;
	}
	pupil_free(p);
	return fail_call(e, r, "learn on the device");
}

/* Forward */

static float *z_of(const struct pupil *p, uint32_t l, uint64_t step, uint32_t n)
{
	return p->layer[l].z + step * n * lstm_width(&p->net.shape, l);
}

static cudaError_t layer_forward(struct pupil *p, uint32_t l, uint32_t n)
{
	const struct lstm_shape *s = &p->net.shape;
	struct tape *t = &p->layer[l];
	uint64_t cells = (uint64_t)n * s->hidden;
	cudaError_t r = cudaSuccess;
	for (uint32_t k = 0; k < s->steps && r == cudaSuccess; k++) {
		struct forward f = { z_of(p, l, k, n), t->gate + k * 4 * cells,
			k ? t->cell + (k - 1) * cells : NULL, t->cell + k * cells,
			network_h(&p->net, l, z_of(p, l, k + 1ull, n)), { NULL, 0 } };
		if (l + 1 < s->layers) {
			f.above.at = z_of(p, l + 1, k, n);
			f.above.stride = lstm_width(s, l + 1);
		}
		r = network_forward(&p->net, l, n, &f);
	}
	return r;
}

static struct spaced last_h(const struct pupil *p, uint32_t n)
{
	uint32_t top = p->net.shape.layers - 1;
	return network_h(&p->net, top, z_of(p, top, p->net.shape.steps, n));
}

static cudaError_t forward(struct pupil *p, uint32_t n)
{
	const struct lstm_shape *s = &p->net.shape;
	struct take_args t = { p->train.x, p->row, n, 0, s->steps, s->steps, s->inputs, p->net.mean,
		p->net.inverse, { p->layer[0].z, lstm_width(s, 0) } };
	struct head_args h = { last_h(p, n), n, s->hidden,
		p->net.weight + lstm_offset(s, s->layers), p->train.y, p->row, p->net.y_mean,
		p->net.y_scale, HEAD_ERROR_STANDARD, p->error };
	struct squares_args sum = { p->error, n, p->part + SQUARES };
	cudaError_t r = lstm_take(t, p->net.stream);
	for (uint32_t l = 0; l < s->layers && r == cudaSuccess; l++)
		r = network_begin(&p->net, l, p->layer[l].z, n, s->steps + 1);
	for (uint32_t l = 0; l < s->layers && r == cudaSuccess; l++)
		r = layer_forward(p, l, n);
	if (r == cudaSuccess)
		r = lstm_head(h, p->net.stream);
	return r == cudaSuccess ? lstm_squares(sum, 1, p->net.stream) : r;
}

/* Back */

static cudaError_t head_backward(struct pupil *p, uint32_t n)
{
	const struct lstm_shape *s = &p->net.shape;
	uint64_t head = lstm_offset(s, s->layers);
	struct spaced h = last_h(p, n);
	float by = 2 / (float)n;
	struct product g = { h.at, p->error, p->gradient + head, s->hidden + 1, 1, n, h.stride, 1,
		1, true, false, by };
	struct top_args t = { p->error, p->net.weight + head, by, n, s->hidden, p->d_top };
	cudaError_t r = blas_multiply(p->net.blas, &g);
	return r == cudaSuccess ? lstm_top(t, p->net.stream) : r;
}

/* Where the derivatives by h of a step come from: the layer above or the head, and the step after,
 * by way of the layer's own h.
 */
static void find_sources(const struct pupil *p, uint32_t l, uint32_t k, struct back_args *a)
{
	const struct lstm_shape *s = &p->net.shape;
	uint32_t columns = asked(s, l), above = asked(s, l + 1);
	if (l + 1 < s->layers) {
		a->above.at = p->layer[l + 1].d_in + (uint64_t)k * a->n * above;
		a->above.stride = above;
	} else if (a->is_last) {
		a->above.at = p->d_top;
		a->above.stride = s->hidden;
	}
	if (a->is_last)
		return;
	a->later.at = p->layer[l].d_in + (k + 1ull) * a->n * columns + columns - s->hidden;
	a->later.stride = columns;
}

static cudaError_t step_backward(struct pupil *p, uint32_t l, uint32_t k, uint32_t n)
{
	const struct lstm_shape *s = &p->net.shape;
	struct tape *t = &p->layer[l];
	uint64_t cells = (uint64_t)n * s->hidden;
	uint32_t columns = asked(s, l), width = lstm_width(s, l), gates = 4 * s->hidden;
	struct back_args a = { n, s->hidden, t->gate + k * 4 * cells, p->d_cell,
		k ? t->cell + (k - 1) * cells : NULL, t->cell + k * cells, { NULL, 0 }, { NULL, 0 },
		k + 1 == s->steps };
	struct product d = { a.gate, p->net.weight + lstm_offset(s, l) + width - 1 - columns,
		t->d_in + (uint64_t)k * n * columns, n, columns, gates, gates, width, columns,
		false, false, 1 };
	find_sources(p, l, k, &a);
	cudaError_t r = lstm_back(a, p->net.stream);
	return r == cudaSuccess && (k > 0 || l > 0) ? blas_multiply(p->net.blas, &d) : r;
}

static cudaError_t layer_backward(struct pupil *p, uint32_t l, uint32_t n)
{
	const struct lstm_shape *s = &p->net.shape;
	uint32_t width = lstm_width(s, l), gates = 4 * s->hidden;
	struct product g = { p->layer[l].gate, p->layer[l].z, p->gradient + lstm_offset(s, l),
		gates, width, s->steps * n, gates, width, width, true, false, 1 };
	cudaError_t r = cudaSuccess;
	for (uint32_t k = s->steps; k-- > 0 && r == cudaSuccess;)
		r = step_backward(p, l, k, n);
	return r == cudaSuccess ? blas_multiply(p->net.blas, &g) : r;
}

static cudaError_t backward(struct pupil *p, uint32_t n)
{
	struct squares_args sum = { p->gradient, p->n_weights, p->part };
	cudaError_t r = head_backward(p, n);
	for (uint32_t l = p->net.shape.layers; l-- > 0 && r == cudaSuccess;)
		r = layer_backward(p, l, n);
	return r == cudaSuccess ? lstm_squares(sum, SQUARES, p->net.stream) : r;
}

/* The lesson */

int pupil_batch(void *pupil, struct accel_batch *b, struct err *e)
{
	struct pupil *p = (struct pupil *)pupil;
	struct learnt learnt = { 0, 0 };
	struct adam_args a = { p->net.weight, p->mean, p->square, p->gradient, p->n_weights,
		p->clip, adam_pace(++p->n_steps, b->rate), p->part + SQUARES, p->part, p->learnt };
	cudaError_t r = cudaMemcpyAsync(p->row, b->row, b->n * sizeof *b->row,
		cudaMemcpyHostToDevice, p->net.stream);
	if (r == cudaSuccess)
		r = forward(p, b->n);
	if (r == cudaSuccess)
		r = backward(p, b->n);
	if (r == cudaSuccess)
		r = lstm_adam(a, p->net.stream);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(&learnt, p->learnt, sizeof learnt, cudaMemcpyDeviceToHost,
			p->net.stream);
	if (r == cudaSuccess)
		r = cudaStreamSynchronize(p->net.stream);
	b->ret_sum = learnt.sum;
	b->ret_length = learnt.length;
	return r == cudaSuccess ? 0 : fail_call(e, r, "learn on the device");
}

int pupil_judge(void *pupil, double *ret, struct err *e)
{
	struct pupil *p = (struct pupil *)pupil;
	const struct lstm_shape *s = &p->net.shape;
	struct squares_args sum = { p->judged, p->valid.n, p->part };
	cudaError_t r = cudaSuccess;
	for (uint32_t i = 0, n; i < p->valid.n && r == cudaSuccess; i += n) {
		n = p->valid.n - i < p->pass.cap ? p->valid.n - i : p->pass.cap;
		r = network_pass(&p->net, &p->pass, p->valid.x + (uint64_t)i * s->steps * s->inputs,
			n, p->valid.y + i, p->judged + i);
	}
	if (r == cudaSuccess)
		r = lstm_squares(sum, 1, p->net.stream);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(ret, p->part, sizeof *ret, cudaMemcpyDeviceToHost,
			p->net.stream);
	if (r == cudaSuccess)
		r = cudaStreamSynchronize(p->net.stream);
	return r == cudaSuccess ? 0 : fail_call(e, r, "forecast on the device");
}

static int fetch(struct pupil *p, const float *from, float *ret, struct err *e)
{
	cudaError_t r = cudaMemcpyAsync(ret, from, p->n_weights * sizeof *ret,
		cudaMemcpyDeviceToHost, p->net.stream);
	if (r == cudaSuccess)
		r = cudaStreamSynchronize(p->net.stream);
	return r == cudaSuccess ? 0 : fail_call(e, r, "take a network from the device");
}

int pupil_weights(void *pupil, float *ret, struct err *e)
{
	struct pupil *p = (struct pupil *)pupil;
	return fetch(p, p->net.weight, ret, e);
}

int pupil_gradient(void *pupil, float *ret, struct err *e)
{
	struct pupil *p = (struct pupil *)pupil;
	return fetch(p, p->gradient, ret, e);
}
