#include "learn/interval.h"

#include <math.h>

#define TAIL .025
#define Z 1.959963984540054     /* of the normal law, for the tail above */
#define HALVINGS 100

/* P(X <= k) under a Poisson law: the terms from the largest down, until they vanish. */
static double poisson_below(double mean, uint64_t k)
{
	double top = mean < (double)k ? floor(mean) : (double)k;
	double at_top = exp(top * log(mean) - mean - lgamma(top + 1)), term = at_top, sum = at_top;
	for (double i = top; i > 0 && term > sum * 1e-17; i--)
		sum += term *= i / mean;
	term = at_top;
	for (double i = top + 1; i <= (double)k && term > sum * 1e-17; i++)
		sum += term *= mean / i;
	return sum;
}

/* The mean under which P(X <= k) is p. */
static double mean_for(uint64_t k, double p)
{
	double low = 0, high = 2 * (double)k + 20;
	for (int i = 0; i < HALVINGS; i++) {
		double middle = (low + high) / 2;
		if (poisson_below(middle, k) > p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

struct interval interval_poisson(uint64_t k)
{
	return (struct interval){ k ? mean_for(k - 1, 1 - TAIL) : 0, mean_for(k, TAIL) };
}

struct interval interval_share(uint64_t k, uint64_t n)
{
	if (n == 0)
		return (struct interval){ 0, 1 };
	double m = (double)n, p = (double)k / m, by = 1 + Z * Z / m;
	double middle = (p + Z * Z / (2 * m)) / by;
	double half = Z * sqrt(p * (1 - p) / m + Z * Z / (4 * m * m)) / by;
	return (struct interval){ fmax(middle - half, 0), fmin(middle + half, 1) };
}
