/* Weights in fewer bits, and what that costs. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "learn/fit_forecast_parts.h"
#include "model/lstm.h"

static int round_weights(struct forecaster *f, enum precision to, struct err *e)
{
	if (f->kind == FORECASTER_FOREST)
		return forest_round(&f->forest, to, e);
	struct lstm *rounded = lstm_round(f->lstm, to, e);
	if (!rounded)
		return e->code;
	lstm_free(f->lstm);
	f->lstm = rounded;
	return 0;
}

static bool is_wanted(const struct forecast_fit *f, const struct forecaster *made)
{
	return f->o->precision != PRECISION_FLOAT32 && made->kind >= FORECASTER_FOREST;
}

static size_t bytes_of(const struct forecaster *f)
{
	struct packer p = {0};
	forecaster_pack(f, &p);
	return p.len;
}

int forecast_fit_round(struct forecast_fit *f, struct forecaster *made, struct err *e)
{
	struct forecast_rounding *to = &f->report->rounding[made->kind];
	struct err why = {0};
	if (!is_wanted(f, made))
		return 0;
	to->n_bytes[ROUND_BEFORE] = bytes_of(made);
	int r = round_weights(made, f->o->precision, &why);
	to->n_bytes[ROUND_AFTER] = bytes_of(made);
	if (r == -ERANGE)
		snprintf(to->why, sizeof to->why, "%.*s", (int)sizeof to->why - 1, why.text);
	else if (r < 0) {
		forecaster_done(made);
		return err_set(e, r, "%s", why.text);
	}
	return 0;
}

static void add_errors(struct forecast_rounding *to, const struct dataset *d, const float *before,
	const float *after)
{
	for (uint32_t i = 0; i < d->n_rows; i++) {
		double y = (double)d->y[i];
		to->error2[ROUND_BEFORE] += pow((double)before[i] - y, 2);
		to->error2[ROUND_AFTER] += pow((double)after[i] - y, 2);
		to->y += y;
		to->y2 += y * y;
		to->most = fmax(to->most, fabs((double)before[i] - (double)after[i]));
	}
	to->n_rows += d->n_rows;
}

void forecast_fit_round_tested(struct forecast_fit *f, struct forecaster *made,
	const struct kept_columns *c, uint32_t test)
{
	const struct fold *fold = &f->fold[test - 1];
	struct dataset d = {0};
	struct err e = {0};
	if (!is_wanted(f, made))
		return;
	float *y = mem_get(2ul * fold->n_test + 1, sizeof *y);
	if (y && dataset_pick(&d, f->rows, fold->test, fold->n_test, &e) == 0) {
		fit_columns_narrow(c, d.x, d.n_rows);
		forecaster_predict(made, d.x, d.n_rows, y);
		if (round_weights(made, f->o->precision, &e) == 0) {
			forecaster_predict(made, d.x, d.n_rows, y + d.n_rows);
			add_errors(&f->report->rounding[made->kind], &d, y, y + d.n_rows);
		}
	}
	dataset_done(&d);
	mem_free(y);
}
