#include "model/feature_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

#define NORMAL_MAD 1.4826       /* a normal law's standard deviation, in MADs */
#define NORMAL_MEAN_DEVIATION 1.2533141         /* and in mean deviations */

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* Of sorted values, between neighbours; n > 0. */
static double quantile(const float *v, uint32_t n, double q)
{
	double at = q * (n - 1);
	uint32_t i = (uint32_t)at;
	double low = (double)v[i], high = (double)v[i + 1 < n ? i + 1 : i];
	return low + (at - i) * (high - low);
}

/* The numbers other than 0, sorted; how many. */
static uint32_t sort_nonzero(const struct observation *o, uint32_t n, enum observed what, float *v)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++)
		if (isfinite(o[i].at[what]) && o[i].at[what] != 0)
			v[k++] = o[i].at[what];
	qsort(v, k, sizeof *v, by_size);
	return k;
}

/* Sorts v anew. */
static double mad_cap(float *v, uint32_t n, double parameter)
{
	double middle = quantile(v, n, .5), mean = 0, spread;
	for (uint32_t i = 0; i < n; i++) {
		v[i] = (float)fabs((double)v[i] - middle);
		mean += (double)v[i] / n;
	}
	qsort(v, n, sizeof *v, by_size);
	spread = NORMAL_MAD * quantile(v, n, .5);
	if (spread == 0)
		spread = NORMAL_MEAN_DEVIATION * mean;
	return spread > 0 ? middle + parameter * spread : (double)INFINITY;
}

static void fit_prices(struct feature_set *s, const struct observation *o, uint32_t n, float *v)
{
	uint32_t k = 0;
	double sum = 0;
	for (uint32_t i = 0; i < n; i++)
		if (isfinite(o[i].price)) {
			v[k++] = o[i].price;
			sum += (double)o[i].price;
		}
	qsort(v, k, sizeof *v, by_size);
	s->price_mean = k ? (float)(sum / k) : 0;
	s->price_median = k ? (float)quantile(v, k, .5) : 0;
}

int feature_fit_caps(struct feature_set *s, enum feature_cap rule, double parameter,
	const struct observation *o, uint32_t n, struct err *e)
{
	if (rule == CAP_QUANTILE && !(parameter > 0 && parameter <= 1))
		return err_set(e, -EINVAL, "a quantile lies between 0 and 1, not at %g", parameter);
	if (rule == CAP_MAD && !(parameter > 0 && parameter < 1e6))
		return err_set(e, -EINVAL, "%g is no number of deviations", parameter);
	float *v = mem_get(n ? n : 1, sizeof *v);
	if (!v)
		return err_set(e, -ENOMEM, "could not look for abnormal counts: out of memory");
	s->cap_rule = rule;
	for (int i = 0; i < OBSERVED_N; i++) {
		uint32_t k = rule == CAP_NONE ? 0 : sort_nonzero(o, n, (enum observed)i, v);
		s->cap[i] = k == 0 ? INFINITY : (float)(rule == CAP_QUANTILE ?
			quantile(v, k, parameter) : mad_cap(v, k, parameter));
	}
	fit_prices(s, o, n, v);
	mem_free(v);
	return 0;
}

/* Mean and 1 / standard deviation, or least and 1 / range, of one column. */
static void fit_column(struct feature_set *s, uint32_t k, const float *raw, uint32_t n_rows)
{
	double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
	for (uint32_t i = 0; i < n_rows; i++) {
		double v = (double)raw[(uint64_t)i * s->n + k];
		sum += v;
		low = fmin(low, v);
		high = fmax(high, v);
	}
	double mean = sum / n_rows, from = mean, span = high - low;
	for (uint32_t i = 0; i < n_rows; i++) {
		double off = (double)raw[(uint64_t)i * s->n + k] - mean;
		squares += off * off;
	}
	if (s->scaling == SCALE_STANDARD)
		span = high > low ? sqrt(squares / n_rows) : 0;
	else
		from = low;
	s->shift[k] = (float)from;
	s->scale[k] = span > 0 && isfinite(1 / (float)span) ? 1 / (float)span : 0;
}

void feature_fit_scale(struct feature_set *s, enum feature_scale scaling, const float *raw,
	uint32_t n_rows)
{
	s->scaling = scaling;
	for (uint32_t k = 0; k < s->n; k++) {
		s->shift[k] = 0;
		s->scale[k] = 1;
		if (scaling != SCALE_NONE && n_rows > 0)
			fit_column(s, k, raw, n_rows);
	}
}
