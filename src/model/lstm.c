#include "model/lstm.h"

#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "model/lstm_gates.h"

#define STACK_FLOATS 32768u
#define CHUNK_MAX 128u          /* rows at once: more gain nothing and leave the nearest cache */
#define COMPARE_ROWS 256u

static int check_shape(const struct lstm_shape *s, struct err *e)
{
	if (s->layers - 1 < LSTM_LAYERS_MAX && s->hidden - 1 < LSTM_HIDDEN_MAX &&
	    s->inputs - 1 < LSTM_INPUTS_MAX && s->steps - 1 < LSTM_STEPS_MAX)
		return 0;
	return err_set(e, -EINVAL, "a network of %u layers of %u for %u inputs over %u steps is "
		"beyond the limits (%u, %u, %u, %u)", s->layers, s->hidden, s->inputs, s->steps,
		LSTM_LAYERS_MAX, LSTM_HIDDEN_MAX, LSTM_INPUTS_MAX, LSTM_STEPS_MAX);
}

struct lstm *lstm_new(const struct lstm_shape *s, struct err *e)
{
	if (check_shape(s, e) < 0)
		return NULL;
	struct lstm *m = mem_get(1, sizeof *m);
	if (!m || !(m->weight = mem_get(lstm_n_weights(s), sizeof *m->weight)) ||
	    !(m->mean = mem_get(s->inputs, sizeof *m->mean)) ||
	    !(m->inverse = mem_get(s->inputs, sizeof *m->inverse))) {
		lstm_free(m);
		err_set(e, -ENOMEM, "could not make a network of %u cells: out of memory",
			s->hidden);
		return NULL;
	}
	m->shape = *s;
	for (uint32_t i = 0; i < s->inputs; i++)
		m->inverse[i] = 1;
	m->y_scale = 1;
	return m;
}

struct lstm *lstm_copy(const struct lstm *from, struct err *e)
{
	struct lstm *m = lstm_new(&from->shape, e);
	if (!m)
		return NULL;
	m->precision = from->precision;
	memcpy(m->weight, from->weight, lstm_n_weights(&m->shape) * sizeof *m->weight);
	memcpy(m->mean, from->mean, m->shape.inputs * sizeof *m->mean);
	memcpy(m->inverse, from->inverse, m->shape.inputs * sizeof *m->inverse);
	m->y_mean = from->y_mean;
	m->y_scale = from->y_scale;
	return m;
}

void lstm_free(struct lstm *m)
{
	if (!m)
		return;
	mem_free(m->weight);
	mem_free(m->mean);
	mem_free(m->inverse);
	mem_free(m);
}

/* What a chunk of rows needs for one step. */
struct state {
	uint32_t rows;
	float *z[LSTM_LAYERS_MAX];      /* [rows][width] */
	float *cell[LSTM_LAYERS_MAX];   /* [2][rows][hidden]: of even steps and of odd ones */
	float *gate;                    /* [rows][4 hidden] */
};

static uint32_t floats_a_row(const struct lstm_shape *s)
{
	uint32_t n = 4 * s->hidden;
	for (uint32_t l = 0; l < s->layers; l++)
		n += lstm_width(s, l) + 2 * s->hidden;
	return n;
}

static void state_init(struct state *st, const struct lstm_shape *s, float *room, uint32_t rows)
{
	st->rows = rows;
	memset(room, 0, (size_t)rows * floats_a_row(s) * sizeof *room);
	st->gate = room;
	room += rows * 4 * s->hidden;
	for (uint32_t l = 0; l < s->layers; l++) {
		uint32_t width = lstm_width(s, l);
		st->z[l] = room;
		for (uint32_t r = 1; r <= rows; r++)
			room[r * width - 1] = 1;
		st->cell[l] = room + rows * width;
		room += rows * (width + 2 * s->hidden);
	}
}

static void layer_step(struct state *st, const struct lstm *m, uint32_t layer, uint32_t t)
{
	const struct lstm_shape *s = &m->shape;
	int rows = (int)st->rows, gates = (int)(4 * s->hidden), width = (int)lstm_width(s, layer);
	uint32_t n = st->rows * s->hidden, odd = t & 1;
	struct lstm_step step = { st->rows, s->hidden, st->gate, st->cell[layer] + (1 - odd) * n,
		st->cell[layer] + odd * n };
	struct lstm_rows h = { st->z[layer] + width - 1 - s->hidden, (uint32_t)width };
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, gates, width, 1, st->z[layer],
		width, m->weight + lstm_offset(s, layer), width, 0, st->gate, gates);
	lstm_gates_forward(&step, h);
	for (uint32_t r = 0; layer + 1 < s->layers && r < st->rows; r++)
		memcpy(st->z[layer + 1] + (size_t)r * lstm_width(s, layer + 1), h.at + r * h.stride,
			s->hidden * sizeof *h.at);
}

static void predict_chunk(const struct lstm *m, const float *x, struct state *st, float *ret_y)
{
	const struct lstm_shape *s = &m->shape;
	uint32_t top = s->layers - 1, width = lstm_width(s, 0);
	for (uint32_t t = 0; t < s->steps; t++) {
		for (uint32_t r = 0; r < st->rows; r++)
			lstm_standardise(st->z[0] + r * width,
				x + ((uint64_t)r * s->steps + t) * s->inputs, m->mean, m->inverse,
				s->inputs);
		for (uint32_t l = 0; l < s->layers; l++)
			layer_step(st, m, l, t);
	}
	width = lstm_width(s, top);
	cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)st->rows, (int)s->hidden + 1, 1,
		st->z[top] + width - 1 - s->hidden, (int)width,
		m->weight + lstm_offset(s, s->layers), 1, 0, ret_y, 1);
	for (uint32_t r = 0; r < st->rows; r++)
		ret_y[r] = ret_y[r] * m->y_scale + m->y_mean;
}

void lstm_predict(const struct lstm *m, const float *x, uint32_t n_rows, float *ret_y)
{
	float room[STACK_FLOATS];
	struct state st;
	uint32_t at_once = STACK_FLOATS / floats_a_row(&m->shape);
	at_once = at_once < CHUNK_MAX ? at_once : CHUNK_MAX;
	uint64_t row = (uint64_t)m->shape.steps * m->shape.inputs;
	for (uint32_t i = 0; i < n_rows; i += st.rows) {
		uint32_t left = n_rows - i;
		state_init(&st, &m->shape, room, left < at_once ? left : at_once);
		predict_chunk(m, x + i * row, &st, ret_y + i);
	}
}

struct lstm_gap lstm_compare(const struct lstm *a, const struct lstm *b, const float *x,
	uint32_t n_rows)
{
	struct lstm_gap gap = {0};
	float of_a[COMPARE_ROWS], of_b[COMPARE_ROWS];
	uint64_t row = (uint64_t)a->shape.steps * a->shape.inputs;
	for (uint32_t i = 0, n; i < n_rows; i += n) {
		n = n_rows - i < COMPARE_ROWS ? n_rows - i : COMPARE_ROWS;
		lstm_predict(a, x + i * row, n, of_a);
		lstm_predict(b, x + i * row, n, of_b);
		for (uint32_t k = 0; k < n; k++) {
			double d = fabs((double)of_a[k] - (double)of_b[k]);
			gap.max = fmax(gap.max, d);
			gap.rms += d * d;
		}
	}
	gap.rms = n_rows ? sqrt(gap.rms / n_rows) : 0;
	return gap;
}
