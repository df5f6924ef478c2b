#include "detect/level.h"

#include <math.h>
#include <string.h>

#include "detect/formula.h"

const char *const level_law_name[LEVEL_LAW_N] = {
	[LEVEL_GAUSSIAN] = "gaussian",
	[LEVEL_POISSON] = "poisson",
};

/* Points (n, sum of n values), oldest first. */
struct hull {
	double n[LEVEL_POINTS + 1], sum[LEVEL_POINTS + 1];
	uint32_t points;
};

/* One scan, from a first value on. Sums are of values less the first, so that a high level does not
 * cost the small changes their digits.
 */
struct scan {
	struct hull lower, upper;
	double origin, n, sum, squares;         /* squares: about the mean (Welford 1962) */
};

/* Twice the area of the triangle of three points, positive when the middle one is below. */
static double bend(const struct hull *h, uint32_t a, uint32_t b, uint32_t c)
{
	return (h->n[b] - h->n[a]) * (h->sum[c] - h->sum[b]) -
		(h->n[c] - h->n[b]) * (h->sum[b] - h->sum[a]);
}

static void drop(struct hull *h, uint32_t at)
{
	h->points--;
	memmove(&h->n[at], &h->n[at + 1], (h->points - at) * sizeof h->n[0]);
	memmove(&h->sum[at], &h->sum[at + 1], (h->points - at) * sizeof h->sum[0]);
}

static void drop_flattest(struct hull *h)
{
	uint32_t flattest = 1;
	double least = INFINITY;
	for (uint32_t i = 1; i + 1 < h->points; i++) {
		double area = fabs(bend(h, i - 1, i, i + 1));
		if (area < least) {
			least = area;
			flattest = i;
		}
	}
	drop(h, flattest);
}

/* side: 1 for the hull below the points, -1 for the one above. */
static void push(struct hull *h, double side, double n, double sum)
{
	h->n[h->points] = n;
	h->sum[h->points++] = sum;
	while (h->points > 2 && side * bend(h, h->points - 3, h->points - 2, h->points - 1) <= 0)
		drop(h, h->points - 2);
	if (h->points > LEVEL_POINTS)
		drop_flattest(h);
}

static void take(struct scan *s, float value)
{
	double x = (double)value - s->origin, mean = s->n > 0 ? s->sum / s->n : 0;
	if (s->n >= LEVEL_BEFORE) {
		push(&s->lower, 1, s->n, s->sum);
		push(&s->upper, -1, s->n, s->sum);
	}
	s->n++;
	s->sum += x;
	s->squares += (x - mean) * (x - s->sum / s->n);
}

#define HALF_ULP 0x1p-25        /* of a float: what equal measurements may differ by */

/* What a Gaussian score grows with, for the same n. */
static double between(const struct scan *s, double n, double sum)
{
	double off = sum - n * s->sum / s->n;
	return off * off * s->n / (n * (s->n - n));
}

static float gaussian(const struct scan *s, double n, double sum)
{
	double ulp = HALF_ULP * s->origin, least = s->n * ulp * ulp;
	double within = s->squares - between(s, n, sum);
	within = within > least ? within : least;
	if (!(s->squares > within))
		return 0;
	return (float)s->n / 2 * formula_log((float)(s->squares / within));
}

static float part(double sum, double n)
{
	return sum > 0 ? formula_surprise((float)sum, (float)n) : 0;
}

static float poisson(const struct scan *s, double n, double sum)
{
	double first = sum + n * s->origin, all = s->sum + s->n * s->origin;
	float score = part(first, n) + part(all - first, s->n - n) - part(all, s->n);
	return score > 0 ? score : 0;
}

/* The best vertex; of equals the oldest, of the lower hull. */
struct best {
	float score;
	double n, sum;
};

static void look(const struct scan *s, const struct hull *h, enum level_law law, struct best *b)
{
	double most = 0;
	uint32_t at = h->points;
	for (uint32_t i = 0; i < h->points; i++) {
		double worth = law == LEVEL_GAUSSIAN ? between(s, h->n[i], h->sum[i]) :
			(double)poisson(s, h->n[i], h->sum[i]);
		if (worth > most) {
			most = worth;
			at = i;
		}
	}
	if (at == h->points)
		return;
	float score = law == LEVEL_GAUSSIAN ? gaussian(s, h->n[at], h->sum[at]) : (float)most;
	if (score > b->score)
		*b = (struct best){ score, h->n[at], h->sum[at] };
}

static void begin(struct scan *s, float first)
{
	*s = (struct scan){ .origin = (double)first };
}

int level_scan(const struct level_rule *r, const float *value, uint32_t n,
	int (*each)(void *ctx, const struct level_change *c), void *ctx)
{
	struct scan s;
	uint32_t start = 0, said = 0;   /* values before it have been told about */
	for (uint32_t i = 0; i < n; i++) {
		if (i == start)
			begin(&s, value[i]);
		take(&s, value[i]);
		struct best b = {0};
		look(&s, &s.lower, r->law, &b);
		look(&s, &s.upper, r->law, &b);
		if (i < said || b.score < r->threshold || s.n - b.n < LEVEL_AFTER || b.n == 0)
			continue;
		struct level_change c = { .at = i, .onset = start + (uint32_t)b.n,
			.n_before = (uint32_t)b.n, .n_after = (uint32_t)(s.n - b.n),
			.before = s.origin + b.sum / b.n,
			.after = s.origin + (s.sum - b.sum) / (s.n - b.n), .score = b.score };
		int code = each(ctx, &c);
		if (code < 0)
			return code;
		start = c.onset;
		said = i + 1;
		i = start - 1;
	}
	return 0;
}

#define CENSUS_ONE 1024.0
#define CENSUS_MAX 1e6          /* a value beyond it is no count */

void level_count(struct level_census *c, const float *value, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		double x = (double)value[i];
		c->whole = c->whole && x >= 0 && x < CENSUS_MAX && x == floor(x);
		if (i == 0 || !c->whole)
			continue;
		double step = x - (double)value[i - 1];
		c->n++;
		c->sum += (int64_t)(x * CENSUS_ONE);
		c->squares += (int64_t)(step * step / 2 * CENSUS_ONE);
	}
}

enum level_law level_law_of(const struct level_census *c)
{
	return c->whole && c->n > 0 && c->squares <= 2 * c->sum ? LEVEL_POISSON : LEVEL_GAUSSIAN;
}
