/* chance.h - random numbers that are the same bits on every machine.
 *
 * A stream is a counter under a 64-bit key (SplitMix64: Steele, Lea, Flood 2014), so any part of
 * it can be made again without the parts before. Only + - * / on doubles is used, in a fixed order
 * and without contraction: exact by IEEE 754, where a libm differs in the last bit. Any thread.
 */
#ifndef BASE_CHANCE_H
#define BASE_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t at;
};

static inline uint64_t chance_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* The number of a pair, as well mixed as the parts are different. */
static inline uint64_t chance_pair(uint64_t key, uint64_t n)
{
	return chance_mix(key + (n + 1) * 0x9e3779b97f4a7c15u);
}

static inline uint64_t chance_next(struct chance *c)
{
	c->at += 0x9e3779b97f4a7c15u;
	return chance_mix(c->at);
}

/* In [0, 1). */
static inline double chance_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

static inline uint32_t chance_below(struct chance *c, uint32_t n)
{
	return (uint32_t)((chance_next(c) >> 32) * n >> 32);
}

static inline int chance_is(struct chance *c, double probability)
{
	return chance_unit(chance_next(c)) < probability;
}

double chance_normal(uint64_t bits);    /* mean 0, variance 1, within +-8 */
double chance_exp(double x);            /* relative error below 1e-9 for |x| < 700 */
double chance_log2(double x);           /* x > 0 and normal; absolute error below 1e-9 */

#endif
