/* formula.h - the only arithmetic of detection, the same source for every processor.
 *
 * Functions of floats with + - * / and one polynomial logarithm, in a fixed order, without state,
 * built without fused multiply-add: every backend that calls them gives the same bits. Where a
 * backend may choose how to count (a running sum, a ballot and a population count), the counts are
 * integers. Channel `mixture`: Shiryaev 1963, Roberts 1966 over a Dirichlet-multinomial;
 * DETECTION.md, channel 1.
 */
#ifndef DETECT_FORMULA_H
#define DETECT_FORMULA_H

#include <stdint.h>
#include <string.h>

#include "base/hd.h"

#define FORMULA_LN2 0.693147181f

/* A ratio is kept as mantissa x 2^(64 power), the mantissa in [2^-32, 2^32): a product of two
 * hundred unlikely factors does not underflow, and the candidate can recover. One factor lies
 * within 2^-30 and 2^37 (shares above 1e-9, histories under 1e6), so one carry is enough, and of
 * two ratios the one with the higher power is the larger.
 */
#define FORMULA_HIGH 0x1p32f
#define FORMULA_LOW 0x1p-32f
#define FORMULA_UP 0x1p64f
#define FORMULA_DOWN 0x1p-64f
#define FORMULA_POWER_LN (64.0f * FORMULA_LN2)

/* Natural logarithm of a positive normal float; error under 2 ulp (minimax on [sqrt(.5),
 * sqrt(2))). */
static inline HD float formula_log(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	int32_t exponent = (int32_t)((bits - 0x3f3504f3u) >> 23);
	exponent = exponent >= 256 ? exponent - 512 : exponent;
	bits -= (uint32_t)exponent << 23;
	float m;
	memcpy(&m, &bits, sizeof m);
	float f = m - 1.0f, f2 = f * f;
	float p = 7.0376836292e-2f;
	p = p * f - 1.1514610310e-1f;
	p = p * f + 1.1676998740e-1f;
	p = p * f - 1.2420140846e-1f;
	p = p * f + 1.4249322787e-1f;
	p = p * f - 1.6668057665e-1f;
	p = p * f + 2.0000714765e-1f;
	p = p * f - 2.4999993993e-1f;
	p = p * f + 3.3333331174e-1f;
	float e = (float)exponent;
	float low = f * f2 * p + e * -2.12194440e-4f - 0.5f * f2;
	return f + low + e * 0.693359375f;
}

/* e^x for x <= 0; error under 2 ulp (minimax on [-ln 2 / 2, ln 2 / 2]); 0 below -87. */
static inline HD float formula_exp(float x)
{
	float k = x * 1.44269504f;
	int32_t i = (int32_t)(k - 0.5f);
	float f = (x - (float)i * 0.693359375f) + (float)i * 2.12194440e-4f;
	float p = 1.9875691500e-4f;
	p = p * f + 1.3981999507e-3f;
	p = p * f + 8.3334519073e-3f;
	p = p * f + 4.1665795894e-2f;
	p = p * f + 1.6666665459e-1f;
	p = p * f + 5.0000001201e-1f;
	p = p * (f * f) + f + 1.0f;
	uint32_t bits = (uint32_t)(i + 127) << 23;
	float scale;
	memcpy(&scale, &bits, sizeof scale);
	return x < -87.0f ? 0.0f : p * scale;
}

/* Predictive probability of a category seen `count` times in `total` counts: (N + s pi) / (n + s).
 * */
static inline HD float formula_predict(float count, float prior, float total, float strength)
{
	return (count + prior) / (total + strength);
}

/* A candidate's ratio after one more count: times p / q, with 1 / (age + s) and 1 / q at hand. */
static inline HD float formula_ratio(float ratio, float since, float prior, float inv_age,
	float inv_q)
{
	return ratio * (((since + prior) * inv_age) * inv_q);
}

/* +1, 0 or -1: how the power of a ratio changes so that its mantissa is in range again. A ratio of
 * 0, no candidate, stays 0, and its power means nothing.
 */
static inline HD int32_t formula_carry(float ratio)
{
	return (ratio >= FORMULA_HIGH) - (ratio < FORMULA_LOW);
}

static inline HD float formula_scale(float ratio)
{
	float by = ratio >= FORMULA_HIGH ? FORMULA_DOWN : 1.0f;
	return ratio * (ratio < FORMULA_LOW ? FORMULA_UP : by);
}

/* What a ratio adds to a sum kept at the power `top`: terms two powers below vanish in a float. */
static inline HD float formula_term(float ratio, int32_t power, int32_t top)
{
	float scale = power == top ? 1.0f : power == top - 1 ? FORMULA_DOWN : 0.0f;
	return ratio * scale;
}

/* How many bits are set. */
static inline HD int32_t formula_bits(uint64_t v)
{
#ifdef __CUDA_ARCH__
	return __popcll(v);
#else
	return __builtin_popcountll(v);
#endif
}

/* How much one category speaks for a change from a to b: a ln(a / b). */
static inline HD float formula_surprise(float a, float b)
{
	return a * formula_log(a / b);
}

/* How much s counts where e were expected speak for another mean: the log likelihood ratio of two
 * Poisson laws, of mean s against e. e > 0.
 */
static inline HD float formula_poisson(float s, float e)
{
	return s > 0 ? s * formula_log(s / e) - (s - e) : e;
}

#endif
