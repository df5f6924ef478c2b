#include "base/measure.h"

#include <string.h>

/* What a number counts, by the letters behind it. */
struct unit {
	const char *name;
	int64_t worth;
};

/* Digits, then the name of a unit; false for anything else, or beyond int64. */
static bool measure_parse(const char *s, const struct unit *units, int64_t *ret)
{
	int64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	for (; p > s && units->name; units++)
		if (!strcmp(p, units->name))
			return !__builtin_mul_overflow(v, units->worth, ret);
	return false;
}

bool span_parse(const char *s, int64_t *ret_ms)
{
	static const struct unit units[] = {
		{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
		{"d", 86400000}, {"w", 604800000}, {NULL, 0},
	};
	int64_t v;

	if (!measure_parse(s, units, &v))
		return false;
	*ret_ms = v;
	return true;
}

bool size_parse(const char *s, size_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1}, {"k", 1 << 10}, {"K", 1 << 10}, {"m", 1 << 20}, {"M", 1 << 20},
		{"g", 1 << 30}, {"G", 1 << 30}, {"t", INT64_C(1) << 40}, {"T", INT64_C(1) << 40},
		{NULL, 0},
	};
	int64_t v;

	if (!measure_parse(s, units, &v))
		return false;
	*ret_bytes = (size_t)v;
	return true;
}
