#include "learn/lstm_tape.h"

#include <cblas.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "model/lstm_gates.h"

/* Columns of d_in that a layer needs: no one asks what the inputs of the lowest would want. */
static uint32_t asked(const struct lstm_shape *s, uint32_t layer)
{
	return layer ? 2 * s->hidden : s->hidden;
}

static float *floats(uint64_t steps, uint64_t rows, uint64_t columns)
{
	return mem_get(steps * rows, columns * sizeof(float));
}

static int layer_init(struct tape_layer *y, const struct lstm_shape *s, uint32_t l, uint32_t cap)
{
	uint32_t width = lstm_width(s, l);
	if (!(y->z = floats(s->steps + 1, cap, width)) ||
	    !(y->gate = floats(s->steps, cap, 4 * s->hidden)) ||
	    !(y->cell = floats(s->steps + 1, cap, s->hidden)) ||
	    !(y->d_in = floats(s->steps, cap, asked(s, l))))
		return -ENOMEM;
	for (uint64_t i = 1; i <= (uint64_t)(s->steps + 1) * cap; i++)
		y->z[i * width - 1] = 1;
	return 0;
}

int lstm_tape_init(struct lstm_tape *t, const struct lstm_shape *s, uint32_t cap, struct err *e)
{
	*t = (struct lstm_tape){ .shape = *s, .cap = cap };
	bool full = !(t->d_cell = floats(1, cap, s->hidden)) || !(t->error = floats(1, cap, 1)) ||
		!(t->d_top = floats(1, cap, s->hidden)) || !(t->zeros = floats(1, 1, s->hidden));
	for (uint32_t l = 0; l < s->layers && !full; l++)
		full = layer_init(&t->layer[l], s, l, cap) < 0;
	if (!full)
		return 0;
	lstm_tape_done(t);
	return err_set(e, -ENOMEM, "could not prepare %u steps of %u rows: out of memory", s->steps,
		cap);
}

void lstm_tape_done(struct lstm_tape *t)
{
	for (uint32_t l = 0; l < LSTM_LAYERS_MAX; l++) {
		mem_free(t->layer[l].z);
		mem_free(t->layer[l].gate);
		mem_free(t->layer[l].cell);
		mem_free(t->layer[l].d_in);
	}
	mem_free(t->d_cell);
	mem_free(t->error);
	mem_free(t->d_top);
	mem_free(t->zeros);
	*t = (struct lstm_tape){0};
}

/* Forward */

static void take_inputs(struct lstm_tape *t, const struct lstm *m, struct tape_rows rows)
{
	const struct lstm_shape *s = &t->shape;
	uint32_t width = lstm_width(s, 0);
	for (uint32_t r = 0; r < rows.n; r++) {
		const float *x = dataset_row(rows.of, rows.row[r]);
		for (uint32_t k = 0; k < s->steps; k++)
			lstm_standardise(t->layer[0].z + ((uint64_t)k * rows.n + r) * width,
				x + k * s->inputs, m->mean, m->inverse, s->inputs);
	}
}

/* h of a step lies in z of the next one: n rows of it. */
static struct lstm_rows h_of(const struct lstm_tape *t, uint32_t layer, uint64_t step, uint32_t n)
{
	uint32_t width = lstm_width(&t->shape, layer);
	return (struct lstm_rows){ t->layer[layer].z + (step + 1) * n * width + width - 1 -
		t->shape.hidden, width };
}

static struct lstm_step step_of(const struct lstm_tape *t, uint32_t layer, uint64_t k, uint32_t n)
{
	const struct tape_layer *y = &t->layer[layer];
	uint64_t cells = (uint64_t)n * t->shape.hidden;
	return (struct lstm_step){ n, t->shape.hidden, y->gate + k * 4 * cells,
		y->cell + k * cells, y->cell + (k + 1) * cells };
}

static void copy_rows(float *to, uint32_t stride, struct lstm_rows from, uint32_t n, uint32_t len)
{
	for (uint32_t r = 0; r < n; r++)
		memcpy(to + (size_t)r * stride, from.at + (size_t)r * from.stride,
			len * sizeof *to);
}

static void layer_forward(struct lstm_tape *t, const struct lstm *m, uint32_t l, uint32_t n)
{
	const struct lstm_shape *s = &t->shape;
	struct tape_layer *y = &t->layer[l];
	uint32_t width = lstm_width(s, l), gates = 4 * s->hidden;
	struct lstm_rows first = { y->z + width - 1 - s->hidden, width };
	copy_rows(first.at, width, (struct lstm_rows){ t->zeros, 0 }, n, s->hidden);
	memset(y->cell, 0, (size_t)n * s->hidden * sizeof *y->cell);
	for (uint32_t k = 0; k < s->steps; k++) {
		struct lstm_step step = step_of(t, l, k, n);
		struct lstm_rows h = h_of(t, l, k, n);
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)gates, (int)width,
			1, y->z + (uint64_t)k * n * width, (int)width,
			m->weight + lstm_offset(s, l), (int)width, 0, step.gate, (int)gates);
		lstm_gates_forward(&step, h);
		if (l + 1 < s->layers) {
			uint32_t above = lstm_width(s, l + 1);
			copy_rows(t->layer[l + 1].z + (uint64_t)k * n * above, above, h, n,
				s->hidden);
		}
	}
}

double lstm_tape_forward(struct lstm_tape *t, const struct lstm *m, struct tape_rows rows)
{
	const struct lstm_shape *s = &t->shape;
	double sum = 0;
	take_inputs(t, m, rows);
	for (uint32_t l = 0; l < s->layers; l++)
		layer_forward(t, m, l, rows.n);
	struct lstm_rows h = h_of(t, s->layers - 1, s->steps - 1, rows.n);
	cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)rows.n, (int)s->hidden + 1, 1, h.at,
		(int)h.stride, m->weight + lstm_offset(s, s->layers), 1, 0, t->error, 1);
	for (uint32_t r = 0; r < rows.n; r++) {
		t->error[r] -= (rows.of->y[rows.row[r]] - m->y_mean) / m->y_scale;
		sum += (double)t->error[r] * (double)t->error[r];
	}
	return sum;
}

/* Back */

static void head_backward(struct lstm_tape *t, const struct lstm *m, uint32_t n, float weight,
	float *gradient)
{
	const struct lstm_shape *s = &t->shape;
	struct lstm_rows h = h_of(t, s->layers - 1, s->steps - 1, n);
	const float *head = m->weight + lstm_offset(s, s->layers);
	cblas_sgemv(CblasRowMajor, CblasTrans, (int)n, (int)s->hidden + 1, 2 * weight, h.at,
		(int)h.stride, t->error, 1, 0, gradient + lstm_offset(s, s->layers), 1);
	for (uint32_t r = 0; r < n; r++)
		for (uint32_t j = 0; j < s->hidden; j++)
			t->d_top[r * s->hidden + j] = 2 * weight * t->error[r] * head[j];
}

/* Where the derivatives by h of a step come from: the layer above or the head. */
static struct lstm_rows from_above(const struct lstm_tape *t, uint32_t l, uint64_t k, uint32_t n)
{
	const struct lstm_shape *s = &t->shape;
	if (l + 1 < s->layers)
		return (struct lstm_rows){ t->layer[l + 1].d_in + k * n * asked(s, l + 1),
			asked(s, l + 1) };
	return k + 1 == s->steps ? (struct lstm_rows){ t->d_top, s->hidden } :
		(struct lstm_rows){ t->zeros, 0 };
}

/* From the step after, by way of this layer's own h. */
static struct lstm_rows from_later(const struct lstm_tape *t, uint32_t l, uint64_t k, uint32_t n)
{
	const struct lstm_shape *s = &t->shape;
	uint32_t columns = asked(s, l);
	if (k + 1 == s->steps)
		return (struct lstm_rows){ t->zeros, 0 };
	return (struct lstm_rows){ t->layer[l].d_in + (k + 1) * n * columns + columns - s->hidden,
		columns };
}

static void layer_backward(struct lstm_tape *t, const struct lstm *m, uint32_t l, uint32_t n,
	float *gradient)
{
	const struct lstm_shape *s = &t->shape;
	struct tape_layer *y = &t->layer[l];
	int width = (int)lstm_width(s, l), gates = (int)(4 * s->hidden), columns = (int)asked(s, l);
	const float *w = m->weight + lstm_offset(s, l) + width - 1 - columns;
	memset(t->d_cell, 0, (size_t)n * s->hidden * sizeof *t->d_cell);
	for (uint32_t k = s->steps; k-- > 0;) {
		struct lstm_step step = step_of(t, l, k, n);
		lstm_gates_backward(&step, from_above(t, l, k, n), from_later(t, l, k, n),
			t->d_cell);
		if (k > 0 || l > 0)
			cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, columns,
				gates, 1, step.gate, gates, w, width, 0,
				y->d_in + (uint64_t)k * n * (uint32_t)columns, columns);
	}
	cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, gates, width, (int)(s->steps * n), 1,
		y->gate, gates, y->z, width, 0, gradient + lstm_offset(s, l), width);
}

void lstm_tape_backward(struct lstm_tape *t, const struct lstm *m, uint32_t n, float weight,
	float *ret_gradient)
{
	head_backward(t, m, n, weight, ret_gradient);
	for (uint32_t l = t->shape.layers; l-- > 0;)
		layer_backward(t, m, l, n, ret_gradient);
}
