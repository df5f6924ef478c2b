#include "model/lstm_gates.h"

#include "base/cpu.h"

/* Minimax on [-8, 8] of x P(x^2) / Q(x^2), by weighted least squares; beyond it is 1 - 6e-8. */
PART_OF_MANY float tanh_of(float x)
{
	x = x > 8.0f ? 8.0f : x;
	x = x < -8.0f ? -8.0f : x;
	float t = x * x;
	float p = 1.523035387e-8f, q = 8.522420671e-7f;
	p = p * t + 2.189461702e-5f;
	q = q * t + 3.411287616e-4f;
	p = p * t + 3.571595298e-3f;
	q = q * t + 2.616443299e-2f;
	p = p * t + 1.344449520e-1f;
	q = q * t + 4.677782357e-1f;
	p = p * t + 1.0f;
	q = q * t + 1.0f;
	return x * p / q;
}

PART_OF_MANY float logistic(float x)
{
	return .5f + .5f * tanh_of(.5f * x);
}

/* The gates of one row. */
struct four {
	float *i, *f, *g, *o;
};

static inline struct four gates_of(const struct lstm_step *s, uint32_t row)
{
	float *at = s->gate + (uint64_t)row * 4 * s->hidden;
	return (struct four){ at, at + s->hidden, at + 2 * s->hidden, at + 3 * s->hidden };
}

PART_OF_MANY void row_forward(struct four at, const float *restrict before, float *restrict cell,
	float *restrict out, uint32_t n)
{
	float *restrict i = at.i, *restrict f = at.f, *restrict g = at.g, *restrict o = at.o;
	EACH_ALONE
	for (uint32_t j = 0; j < n; j++) {
		float in = logistic(i[j]), keep = logistic(f[j]);
		float new = tanh_of(g[j]), show = logistic(o[j]);
		float c = keep * before[j] + in * new;
		i[j] = in;
		f[j] = keep;
		g[j] = new;
		o[j] = show;
		cell[j] = c;
		out[j] = show * tanh_of(c);
	}
}

MANY_CPUS void lstm_gates_forward(const struct lstm_step *s, struct lstm_rows out)
{
	for (uint32_t r = 0; r < s->rows; r++) {
		uint64_t at = (uint64_t)r * s->hidden;
		row_forward(gates_of(s, r), s->before + at, s->cell + at,
			out.at + (uint64_t)r * out.stride, s->hidden);
	}
}

/* What a row's derivatives come from. */
struct sources {
	const float *before, *cell, *above, *later;
};

PART_OF_MANY void row_backward(struct four at, struct sources from, float *restrict d_cell,
	uint32_t n)
{
	float *restrict i = at.i, *restrict f = at.f, *restrict g = at.g, *restrict o = at.o;
	const float *restrict before = from.before, *restrict cell = from.cell;
	const float *restrict above = from.above, *restrict later = from.later;
	EACH_ALONE
	for (uint32_t j = 0; j < n; j++) {
		float in = i[j], keep = f[j], new = g[j], show = o[j];
		float t = tanh_of(cell[j]), by_h = above[j] + later[j];
		float by_c = d_cell[j] + by_h * show * (1.0f - t * t);
		d_cell[j] = by_c * keep;
		i[j] = by_c * new * in * (1.0f - in);
		f[j] = by_c * before[j] * keep * (1.0f - keep);
		g[j] = by_c * in * (1.0f - new * new);
		o[j] = by_h * t * show * (1.0f - show);
	}
}

MANY_CPUS void lstm_gates_backward(const struct lstm_step *s, struct lstm_rows above,
	struct lstm_rows later, float *d_cell)
{
	for (uint32_t r = 0; r < s->rows; r++) {
		uint64_t at = (uint64_t)r * s->hidden;
		struct sources from = { s->before + at, s->cell + at,
			above.at + (uint64_t)r * above.stride,
			later.at + (uint64_t)r * later.stride };
		row_backward(gates_of(s, r), from, d_cell + at, s->hidden);
	}
}

MANY_CPUS void lstm_standardise(float *restrict out, const float *restrict x,
	const float *restrict mean, const float *restrict inverse, uint32_t n)
{
	EACH_ALONE
	for (uint32_t j = 0; j < n; j++)
		out[j] = (x[j] - mean[j]) * inverse[j];
}
