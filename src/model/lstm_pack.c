#include "model/lstm.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"

#define MAGIC 0x314d5356u       /* "VSM1" */
#define INT8_TOP 127.0f

/* Kept to 16 bits, upwards: 127 times it is exact, so that what was rounded finds it again. */
static float scale_of(const float *w, uint32_t n)
{
	float largest = 0;
	for (uint32_t i = 0; i < n; i++)
		largest = fmaxf(largest, fabsf(w[i]));
	return float_of_bits((float_bits(largest / INT8_TOP) + 0xff) & ~0xffu);
}

/* One row of weights: n - 1 of them, then the bias. */

static void pack_row_int8(struct packer *p, const float *w, uint32_t n)
{
	float scale = scale_of(w, n - 1);
	pack(p, &scale, sizeof scale);
	for (uint32_t i = 0; i + 1 < n; i++) {
		int8_t v = (int8_t)(scale > 0 ? rintf(w[i] / scale) : 0);
		pack(p, &v, sizeof v);
	}
	pack(p, &w[n - 1], sizeof *w);
}

static void unpack_row_int8(const char *at, float *w, uint32_t n)
{
	float scale;
	memcpy(&scale, at, sizeof scale);
	at += sizeof scale;
	for (uint32_t i = 0; i + 1 < n; i++)
		w[i] = (float)(int8_t)at[i] * scale;
	memcpy(&w[n - 1], at + n - 1, sizeof *w);
}

static void pack_row_half(struct packer *p, const float *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t v = half_from_float(w[i]);
		pack(p, &v, sizeof v);
	}
}

static void unpack_row_half(const char *at, float *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint16_t v;
		memcpy(&v, at + i * sizeof v, sizeof v);
		w[i] = half_to_float(v);
	}
}

static void pack_row_float(struct packer *p, const float *w, uint32_t n)
{
	pack(p, w, n * sizeof *w);
}

static void unpack_row_float(const char *at, float *w, uint32_t n)
{
	memcpy(w, at, n * sizeof *w);
}

static const struct {
	void (*pack)(struct packer *p, const float *w, uint32_t n);
	void (*unpack)(const char *at, float *w, uint32_t n);
	uint32_t bytes_a_weight, bytes_a_row;
} kind[PRECISION_N] = {
	[PRECISION_FLOAT32] = { pack_row_float, unpack_row_float, 4, 0 },
	[PRECISION_FLOAT16] = { pack_row_half, unpack_row_half, 2, 0 },
	[PRECISION_INT8] = { pack_row_int8, unpack_row_int8, 1, 7 },
};

static uint32_t n_rows(const struct lstm_shape *s)
{
	return s->layers * 4 * s->hidden + 1;
}

/* The row of that number among those of all layers and, last, the head. */
static float *row_of(const struct lstm *m, uint32_t row, uint32_t *ret_width)
{
	const struct lstm_shape *s = &m->shape;
	uint32_t layer = row / (4 * s->hidden), within = row % (4 * s->hidden);
	*ret_width = layer < s->layers ? lstm_width(s, layer) : s->hidden + 1;
	return m->weight + lstm_offset(s, layer) + (uint64_t)within * *ret_width;
}

static void pack_as(const struct lstm *m, enum precision as, struct packer *p)
{
	const struct lstm_shape *s = &m->shape;
	uint32_t head[] = { MAGIC, as, s->layers, s->hidden, s->inputs, s->steps };
	pack(p, head, sizeof head);
	pack(p, m->mean, s->inputs * sizeof *m->mean);
	pack(p, m->inverse, s->inputs * sizeof *m->inverse);
	pack(p, &m->y_mean, sizeof m->y_mean);
	pack(p, &m->y_scale, sizeof m->y_scale);
	for (uint32_t i = 0, n; i < n_rows(s); i++) {
		const float *w = row_of(m, i, &n);
		kind[as].pack(p, w, n);
	}
}

void lstm_pack(const struct lstm *m, struct packer *p)
{
	pack_as(m, m->precision, p);
}

static bool all_finite(const float *v, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

static bool is_sound(const struct lstm *m)
{
	uint32_t n = m->shape.inputs;
	return all_finite(m->mean, n) && all_finite(m->inverse, n) && isfinite(m->y_mean) &&
		isfinite(m->y_scale) && m->y_scale > 0 &&
		all_finite(m->weight, lstm_n_weights(&m->shape));
}

static int take_rows(struct lstm *m, struct unpacker *u)
{
	uint32_t inputs = m->shape.inputs;
	if (unpack_to(u, m->mean, inputs * sizeof *m->mean) < 0 ||
	    unpack_to(u, m->inverse, inputs * sizeof *m->inverse) < 0 ||
	    unpack_to(u, &m->y_mean, sizeof m->y_mean) < 0 ||
	    unpack_to(u, &m->y_scale, sizeof m->y_scale) < 0)
		return -EBADMSG;
	for (uint32_t i = 0, n; i < n_rows(&m->shape); i++) {
		float *w = row_of(m, i, &n);
		const char *at = unpack(u, (size_t)n * kind[m->precision].bytes_a_weight +
			kind[m->precision].bytes_a_row);
		if (!at)
			return -EBADMSG;
		kind[m->precision].unpack(at, w, n);
	}
	return is_sound(m) ? 0 : -EBADMSG;
}

struct lstm *lstm_unpack(struct unpacker *u, struct err *e)
{
	uint32_t head[6];
	struct err why = {0};
	struct lstm *m = NULL;
	if (unpack_to(u, head, sizeof head) < 0 || head[0] != MAGIC || head[1] >= PRECISION_N)
		goto bad;
	struct lstm_shape s = { head[2], head[3], head[4], head[5] };
	if (!(m = lstm_new(&s, &why)))
		goto bad;
	m->precision = (enum precision)head[1];
	if (take_rows(m, u) == 0)
		return m;
bad:
	lstm_free(m);
	err_set(e, why.code == -ENOMEM ? -ENOMEM : -EBADMSG, "could not read a network: %s",
		why.code ? why.text : "its bytes are damaged");
	return NULL;
}

struct lstm *lstm_round(const struct lstm *m, enum precision to, struct err *e)
{
	struct packer size = {0};
	struct lstm *rounded = NULL;
	pack_as(m, to, &size);
	struct packer p = { .at = mem_get(1, size.len), .cap = size.len };
	if (p.at) {
		pack_as(m, to, &p);
		rounded = lstm_unpack(&(struct unpacker){ p.at, p.at + p.len }, e);
	} else {
		err_set(e, -ENOMEM, "could not round a network: out of memory");
	}
	mem_free(p.at);
	return rounded;
}
