#include "model/lstm_gates.h"

#include "base/cpu.h"
#include "model/lstm_cell.h"

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
		struct lstm_cell c = { i[j], f[j], g[j], o[j], 0 };
		out[j] = lstm_cell_forward(&c, before[j]);
		i[j] = c.i;
		f[j] = c.f;
		g[j] = c.g;
		o[j] = c.o;
		cell[j] = c.c;
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
		struct lstm_cell c = { i[j], f[j], g[j], o[j], cell[j] };
		d_cell[j] = lstm_cell_backward(&c, before[j], above[j] + later[j], d_cell[j]);
		i[j] = c.i;
		f[j] = c.f;
		g[j] = c.g;
		o[j] = c.o;
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
		out[j] = lstm_standard(x[j], mean[j], inverse[j]);
}
