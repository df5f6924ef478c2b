/* mixture_parts.h - how a mixture's slots are read: what every backend needs beside formula.h. */
#ifndef DETECT_MIXTURE_PARTS_H
#define DETECT_MIXTURE_PARTS_H

#include <stdint.h>

#include "detect/mixture.h"

#define MIXTURE_CATEGORY (PROFILE_CATEGORIES - 1)
#define MIXTURE_POWER_SHIFT 24
#define MIXTURE_POWER_NONE (-1000)      /* below any power: no candidate */
#define MIXTURE_SLOT(i) ((i) & (MIXTURE_WINDOW - 1))

static inline HD int32_t mixture_power(uint32_t mark)
{
	return (int32_t)mark >> MIXTURE_POWER_SHIFT;
}

static inline HD uint32_t mixture_carry(float ratio)
{
	return (uint32_t)formula_carry(ratio) << MIXTURE_POWER_SHIFT;
}

/* Of a slot in the sum: its power, or less than POWER_NONE / 2 where there is no candidate. */
static inline HD int32_t mixture_height(float ratio, uint32_t mark)
{
	return mixture_power(mark) + (ratio > 0 ? 0 : MIXTURE_POWER_NONE);
}

static inline HD float mixture_log(float sum, int32_t power)
{
	return formula_log(sum) + (float)power * FORMULA_POWER_LN;
}

#endif
