#include "model/far_curve.h"

#include <math.h>

double far_curve_at(const struct far_curve *c, float score)
{
	const struct far_point *f = c->point;
	uint32_t n = c->n, i = 0;
	double t;

	if (!n)
		return NAN;
	while (i < n && f[i].score <= score)
		i++;
	if (i == 0)
		return f[0].far;
	if (i == n)
		return f[n - 1].far * exp(-c->tail * ((double)score - (double)f[n - 1].score));
	t = ((double)score - (double)f[i - 1].score) /
		((double)f[i].score - (double)f[i - 1].score);
	return f[i - 1].far * pow(f[i].far / f[i - 1].far, t);
}

float far_curve_score(const struct far_curve *c, double far)
{
	const struct far_point *f = c->point;
	uint32_t i = 0;

	while (i < c->n && f[i].far > far)
		i++;
	if (c->n && i == 0)
		return f[0].score;
	if (i < c->n) {
		double t = log(f[i - 1].far / far) / log(f[i - 1].far / f[i].far);

		return t >= 1 ? f[i].score : (float)((double)f[i - 1].score +
			t * ((double)f[i].score - (double)f[i - 1].score));
	}
	if (!c->n || !(far > 0) || !(c->tail > 0))
		return INFINITY;
	return (float)((double)f[i - 1].score + log(f[i - 1].far / far) / c->tail);
}

bool far_curve_is_good(const struct far_curve *c)
{
	bool good = c->tail >= 0 && isfinite(c->tail);

	for (uint32_t i = 0; i < c->n; i++)
		good = good && isfinite(c->point[i].score) && isfinite(c->point[i].far)
			&& c->point[i].far > 0 && (!i || c->point[i - 1].score < c->point[i].score);
	return good;
}
