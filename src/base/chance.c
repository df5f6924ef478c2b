#include "base/chance.h"

#include <math.h>

/* The bits set among 64 are binomial: mean 32, variance 16. A uniform step between them, of
 * variance 1/12, makes the steps continuous.
 */
double chance_normal(uint64_t bits)
{
	static const double per_sd = .24935149047701483;        /* 1 / sqrt(16 + 1/12) */
	double between = chance_unit(chance_mix(bits)) - .5;

	return ((double)(__builtin_popcountll(bits) - 32) + between) * per_sd;
}

/* 2^k e^r with |r| <= ln 2 / 2; ldexp() is exact. */
double chance_exp(double x)
{
	static const double ln2 = .69314718055994531;
	int k = (int)(x / ln2 + (x < 0 ? -.5 : .5));
	double r = x - k * ln2, sum = 1;

	for (int i = 10; i > 0; i--)
		sum = 1 + r * sum / i;
	return ldexp(sum, k);
}

/* log2(m 2^k) = k + 2 atanh((m - 1) / (m + 1)) / ln 2, by the series of atanh. */
double chance_log2(double x)
{
	static const double two_per_ln2 = 2.8853900817779268;
	int k;
	double m = frexp(x, &k), y = (m - 1) / (m + 1), sum = 0;

	for (int i = 35; i > 0; i -= 2)
		sum = y * y * sum + 1. / i;
	return k + two_per_ln2 * y * sum;
}
