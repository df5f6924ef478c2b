#include "model/forecast_model.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"

#define SPAN_MAX 1000u

void forecast_model_default(struct forecast_model *m)
{
	*m = (struct forecast_model){ .scale = 1, .prior_steps = 10, .level_steps = 14,
		.error_steps = 28, .warm_up_steps = 10 };
	pledge_default(&m->pledge);
	for (int k = 0; k < FORECASTER_N; k++)
		m->figure[k] = (struct forecast_figure){ NAN, NAN, NAN, NAN, NAN };
	m->naive = m->seasonal = m->figure[FORECASTER_NONE];
}

void forecast_model_done(struct forecast_model *m)
{
	forecaster_done(&m->f);
	mem_free(m->bytes);
	m->bytes = NULL;
	m->n_bytes = 0;
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep a forecaster: out of memory");
}

int forecast_model_take(struct forecast_model *m, struct forecaster *f, struct err *e)
{
	struct packer p = {0};
	forecaster_pack(f, &p);
	char *bytes = mem_get(p.len, 1);
	if (!bytes) {
		forecaster_done(f);
		return no_memory(e);
	}
	forecast_model_done(m);
	p = (struct packer){ bytes, 0, p.len };
	forecaster_pack(f, &p);
	m->f = *f;
	m->bytes = bytes;
	m->n_bytes = p.len;
	*f = (struct forecaster){0};
	return 0;
}

int forecast_model_load(struct forecast_model *m, const void *bytes, size_t len, struct err *e)
{
	struct forecaster f;
	int r = forecaster_unpack(&f, bytes, len, e);
	if (r < 0)
		return r;
	void *copy = mem_get(len, 1);
	if (!copy) {
		forecaster_done(&f);
		return no_memory(e);
	}
	memcpy(copy, bytes, len);
	forecast_model_done(m);
	m->f = f;
	m->bytes = copy;
	m->n_bytes = len;
	return 0;
}

bool forecast_model_is_good(const struct forecast_model *m)
{
	return m->scale > 0 && isfinite(m->scale) && m->prior_steps > 0 &&
		isfinite(m->prior_steps) && m->level_steps - 1 < SPAN_MAX &&
		m->error_steps - 1 < SPAN_MAX && pledge_is_good(&m->pledge);
}
