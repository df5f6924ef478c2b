/* precision.h - how the weights of a forecaster are kept as bytes; at work they are floats always.
 *
 * A network's int8 is a scale of largest / 127 for each row of W, biases stay floats; a forest's
 * are numbers of thresholds, of which a column has 255 at most, and leaves in 16 bits.
 */
#ifndef MODEL_PRECISION_H
#define MODEL_PRECISION_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum precision {
	PRECISION_FLOAT32,
	PRECISION_FLOAT16,      /* IEEE 754 binary16, to nearest even, at most +-65504 */
	PRECISION_INT8,
	PRECISION_N
};
extern const char *const precision_name[PRECISION_N];

#define HALF_MAX 65504.0f

static inline uint32_t float_bits(float v)
{
	uint32_t bits;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static inline float float_of_bits(uint32_t bits)
{
	float v;
	memcpy(&v, &bits, sizeof v);
	return v;
}

/* Halves below 2^-14 are multiples of 2^-24, to which adding 1/2 rounds a float. */
static inline uint16_t half_from_float(float v)
{
	uint32_t sign = float_bits(v) >> 16 & 0x8000;
	float size = fminf(fabsf(v), HALF_MAX);
	uint32_t bits = float_bits(size);
	if (size < 0x1p-14f)
		return (uint16_t)(sign | (float_bits(size + .5f) - float_bits(.5f)));
	bits += 0xfff + (bits >> 13 & 1);
	return (uint16_t)(sign | ((bits >> 13) - (112 << 10)));
}

static inline float half_to_float(uint16_t v)
{
	uint32_t sign = (uint32_t)(v & 0x8000) << 16, size = v & 0x7fff;
	float f = size < 0x400 ? (float)size * 0x1p-24f :
		float_of_bits((size << 13) + (112u << 23));
	return float_of_bits(float_bits(f) | sign);
}

#endif
