#include "network.h"

cudaError_t network_make(struct network *w, const struct lstm *m, const struct blas *b,
	cudaStream_t s)
{
	const struct lstm_shape *shape = &m->shape;
	uint64_t n = lstm_n_weights(shape);
	w->shape = *shape;
	w->blas = b;
	w->stream = s;
	w->y_mean = m->y_mean;
	w->y_scale = m->y_scale;
	cudaError_t r = cudaMalloc((void **)&w->weight, (n + 2 * shape->inputs) * sizeof(float));
	if (r != cudaSuccess) {
		w->weight = NULL;
		return r;
	}
	w->mean = w->weight + n;
	w->inverse = w->mean + shape->inputs;
	r = cudaMemcpyAsync(w->weight, m->weight, n * sizeof(float), cudaMemcpyHostToDevice, s);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(w->mean, m->mean, shape->inputs * sizeof(float),
			cudaMemcpyHostToDevice, s);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(w->inverse, m->inverse, shape->inputs * sizeof(float),
			cudaMemcpyHostToDevice, s);
	/* m may go. */
	cudaError_t wait = cudaStreamSynchronize(s);
	return r == cudaSuccess ? wait : r;
}

void network_done(struct network *w)
{
	if (w->weight)
		cudaFree(w->weight);
	w->weight = NULL;
}

struct spaced network_h(const struct network *w, uint32_t layer, float *z)
{
	uint32_t width = lstm_width(&w->shape, layer);
	struct spaced h = { z + width - 1 - w->shape.hidden, width };
	return h;
}

cudaError_t network_begin(const struct network *w, uint32_t layer, float *z, uint32_t n,
	uint32_t n_steps)
{
	struct begin_args a = { z, n, n_steps, lstm_width(&w->shape, layer), w->shape.hidden };
	return lstm_begin(a, w->stream);
}

cudaError_t network_forward(const struct network *w, uint32_t layer, uint32_t n,
	const struct forward *f)
{
	uint32_t hidden = w->shape.hidden, width = lstm_width(&w->shape, layer);
	struct product p = { f->z, w->weight + lstm_offset(&w->shape, layer), f->gate, n,
		4 * hidden, width, width, width, 4 * hidden, false, true, 1 };
	struct gates_args a = { n, hidden, f->gate, f->before, f->cell, f->h, f->above };
	cudaError_t r = blas_multiply(w->blas, &p);
	return r == cudaSuccess ? lstm_gates(a, w->stream) : r;
}

static uint64_t n_floats(const struct lstm_shape *s, uint32_t cap)
{
	uint64_t n = 4 * s->hidden;
	for (uint32_t l = 0; l < s->layers; l++)
		n += lstm_width(s, l) + 2 * s->hidden;
	return n * cap;
}

cudaError_t pass_make(struct pass *p, const struct network *w, uint32_t cap)
{
	const struct lstm_shape *s = &w->shape;
	uint64_t cells = (uint64_t)cap * s->hidden;
	cudaError_t r = cudaMalloc(&p->room, n_floats(s, cap) * sizeof(float));
	if (r != cudaSuccess) {
		p->room = NULL;
		return r;
	}
	p->cap = cap;
	p->gate = (float *)p->room;
	float *next = p->gate + 4 * cells;
	for (uint32_t l = 0; l < s->layers; l++) {
		p->z[l] = next;
		p->cell[l] = next + (uint64_t)cap * lstm_width(s, l);
		next = p->cell[l] + 2 * cells;
	}
	return r;
}

void pass_done(struct pass *p)
{
	if (p->room)
		cudaFree(p->room);
	p->room = NULL;
}

static cudaError_t pass_step(const struct network *w, const struct pass *p, uint32_t k, uint32_t n)
{
	const struct lstm_shape *s = &w->shape;
	uint64_t cells = (uint64_t)p->cap * s->hidden;
	cudaError_t r = cudaSuccess;
	for (uint32_t l = 0; l < s->layers && r == cudaSuccess; l++) {
		struct forward f = { p->z[l], p->gate, p->cell[l] + (k + 1) % 2 * cells,
			p->cell[l] + k % 2 * cells, network_h(w, l, p->z[l]), { NULL, 0 } };
		if (k == 0)
			f.before = NULL;
		if (l + 1 < s->layers) {
			f.above.at = p->z[l + 1];
			f.above.stride = lstm_width(s, l + 1);
		}
		r = network_forward(w, l, n, &f);
	}
	return r;
}

cudaError_t network_pass(const struct network *w, const struct pass *p, const float *x, uint32_t n,
	const float *y, float *ret)
{
	const struct lstm_shape *s = &w->shape;
	uint32_t top = s->layers - 1;
	struct take_args t = { x, NULL, n, 0, 1, s->steps, s->inputs, w->mean, w->inverse,
		{ p->z[0], lstm_width(s, 0) } };
	struct head_args h = { network_h(w, top, p->z[top]), n, s->hidden,
		w->weight + lstm_offset(s, s->layers), y, NULL, w->y_mean, w->y_scale,
		y ? HEAD_ERROR : HEAD_VALUE, ret };
	cudaError_t r = cudaSuccess;
	for (uint32_t l = 0; l < s->layers && r == cudaSuccess; l++)
		r = network_begin(w, l, p->z[l], n, 1);
	for (; t.first < s->steps && r == cudaSuccess; t.first++) {
		r = lstm_take(t, w->stream);
		if (r == cudaSuccess)
			r = pass_step(w, p, t.first, n);
	}
	return r == cudaSuccess ? lstm_head(h, w->stream) : r;
}
