#include "model/forecaster.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/pack.h"
#include "model/lstm.h"

#define MAGIC 0x31636676u       /* "vfc1" */

const char *const forecaster_name[FORECASTER_N] = {
	[FORECASTER_NONE] = "none",
	[FORECASTER_LINEAR] = "ar",
	[FORECASTER_FOREST] = "forest",
	[FORECASTER_LSTM] = "lstm",
};

static void predict_linear(const struct forecaster *f, const float *x, uint32_t n, float *ret)
{
	linear_predict(&f->linear, x, n, ret);
}

static void predict_forest(const struct forecaster *f, const float *x, uint32_t n, float *ret)
{
	forest_predict(&f->forest, x, n, ret);
}

static void predict_lstm(const struct forecaster *f, const float *x, uint32_t n, float *ret)
{
	lstm_predict(f->lstm, x, n, ret);
}

static void pack_linear(const struct forecaster *f, struct packer *p)
{
	linear_pack(&f->linear, p);
}

static void pack_forest(const struct forecaster *f, struct packer *p)
{
	forest_pack(&f->forest, p);
}

static void pack_network(const struct forecaster *f, struct packer *p)
{
	lstm_pack(f->lstm, p);
}

static int unpack_linear(struct forecaster *f, struct unpacker *u, struct err *e)
{
	int r = linear_unpack(&f->linear, u, e);
	if (r == 0 && (f->linear.n_columns != forecaster_columns(f) || f->linear.n_series > 0))
		r = err_set(e, -EBADMSG, "a linear forecaster has columns of its own");
	return r;
}

static int unpack_forest(struct forecaster *f, struct unpacker *u, struct err *e)
{
	int r = forest_unpack(&f->forest, u, e);
	if (r == 0 && (f->forest.n_columns != forecaster_columns(f) || f->forest.n_trees == 0))
		r = err_set(e, -EBADMSG, "a forest has columns of its own, or no trees");
	return r;
}

static int unpack_network(struct forecaster *f, struct unpacker *u, struct err *e)
{
	f->lstm = lstm_unpack(u, e);
	if (!f->lstm)
		return e->code;
	if (f->lstm->shape.inputs != f->features.n || f->lstm->shape.steps != f->steps)
		return err_set(e, -EBADMSG, "a network has inputs of its own");
	return 0;
}

static const struct kind {
	void (*predict)(const struct forecaster *f, const float *x, uint32_t n, float *ret);
	void (*pack)(const struct forecaster *f, struct packer *p);
	int (*unpack)(struct forecaster *f, struct unpacker *u, struct err *e);
} kinds[FORECASTER_N] = {
	[FORECASTER_LINEAR] = { predict_linear, pack_linear, unpack_linear },
	[FORECASTER_FOREST] = { predict_forest, pack_forest, unpack_forest },
	[FORECASTER_LSTM] = { predict_lstm, pack_network, unpack_network },
};

void forecaster_done(struct forecaster *f)
{
	if (!f)
		return;
	linear_done(&f->linear);
	forest_done(&f->forest);
	lstm_free(f->lstm);
	*f = (struct forecaster){0};
}

void forecaster_row(const struct forecaster *f, const struct observation *newest,
	int64_t target_ms, float *ret)
{
	for (uint32_t ago = f->steps; ago-- > 0; ret += f->features.n)
		feature_row(&f->features, NULL, newest - ago,
			ago > 0 ? newest[1 - (int)ago].start_ms : target_ms, ret);
}

void forecaster_bound(const struct forecaster *f, float *y, uint32_t n)
{
	float most = fminf(f->features.cap[OBSERVED_VALUE], 1e9f);
	for (uint32_t i = 0; i < n; i++)
		y[i] = y[i] > 0 ? fminf(y[i], most) : 0;
}

void forecaster_predict(const struct forecaster *f, const float *x, uint32_t n_rows, float *ret)
{
	kinds[f->kind].predict(f, x, n_rows, ret);
	forecaster_bound(f, ret, n_rows);
}

void forecaster_pack(const struct forecaster *f, struct packer *p)
{
	pack_u32(p, MAGIC);
	pack_u32(p, f->kind);
	if (f->kind == FORECASTER_NONE)
		return;
	pack_u32(p, f->steps);
	feature_pack(&f->features, p);
	kinds[f->kind].pack(f, p);
}

static int take_shape(struct forecaster *f, struct unpacker *u, struct err *e)
{
	int r = unpack_u32(u, &f->steps);
	if (r == 0)
		r = feature_unpack(&f->features, u, e);
	bool good = r == 0 && f->features.horizon == 1 && f->features.n > 0 && f->steps > 0 &&
		f->steps <= FORECASTER_STEPS && forecaster_window(f) <= FORECASTER_STEPS &&
		forecaster_columns(f) <= FORECASTER_COLUMNS_MAX;
	return good ? 0 : err_set(e, -EBADMSG, "these bytes are no forecaster");
}

int forecaster_unpack(struct forecaster *f, const void *bytes, size_t len, struct err *e)
{
	struct unpacker u = { bytes, (const char *)bytes + len };
	uint32_t magic, kind;
	*f = (struct forecaster){0};
	if (unpack_u32(&u, &magic) < 0 || magic != MAGIC || unpack_u32(&u, &kind) < 0 ||
	    kind >= FORECASTER_N)
		return err_set(e, -EBADMSG, "these bytes are no forecaster");
	f->kind = (enum forecaster_kind)kind;
	int r = 0;
	if (kind != FORECASTER_NONE && (r = take_shape(f, &u, e)) == 0)
		r = kinds[kind].unpack(f, &u, e);
	if (r == 0 && u.at != u.end)
		r = err_set(e, -EBADMSG, "there are bytes behind a forecaster");
	if (r < 0)
		forecaster_done(f);
	return r;
}
