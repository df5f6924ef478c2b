#include "model/pledge.h"

#include <math.h>

void pledge_default(struct pledge *p)
{
	*p = (struct pledge){ .threshold = INFINITY, .unverified = true, .first_part = 1 };
}

static void verify(struct pledge *p)
{
	p->unverified = p->far.n == 0 || p->budget_kud < p->smallest_kud * (1 - 1e-9);
}

void pledge_set(struct pledge *p, double kud)
{
	p->budget_kud = kud;
	p->threshold = far_curve_score(&p->far, kud * p->first_part);
	verify(p);
}

void pledge_set_threshold(struct pledge *p, float threshold)
{
	p->threshold = threshold;
	p->budget_kud = p->far.n > 0 ? far_curve_at(&p->far, threshold) / p->first_part : 0;
	verify(p);
}

bool pledge_is_good(const struct pledge *p)
{
	return !isnan(p->threshold) && p->first_part > 0 && p->first_part <= 1 &&
		far_curve_is_good(&p->far);
}
