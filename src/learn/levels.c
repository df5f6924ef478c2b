#include "learn/levels.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define DAY_MS 86400000.0
#define TAIL_HIGHS 50u          /* record highs that the exponential tail is fitted on */

/* An integer that falls as the score rises (IEEE 754: magnitudes order like integers). */
static uint32_t rank_of(float score)
{
	uint32_t bits;
	memcpy(&bits, &score, sizeof bits);
	return bits & 0x80000000u ? bits : ~bits & 0x7fffffffu;
}

#define DIGIT 11u
#define DIGITS (1u << DIGIT)

/* 11 bits at a time: levels are a few for every user, and comparing them took as long as finding
 * them.
 */
bool levels_sort(struct levels *l)
{
	struct level *scratch = mem_get(l->n + 1ul, sizeof *scratch);
	struct level *from = l->level, *to = scratch;
	if (!scratch)
		return false;
	for (uint32_t shift = 0; shift < 3 * DIGIT; shift += DIGIT) {
		uint32_t start[DIGITS + 1] = {0};
		for (uint32_t i = 0; i < l->n; i++)
			start[(rank_of(from[i].score) >> shift) % DIGITS + 1]++;
		for (uint32_t d = 0; d < DIGITS; d++)
			start[d + 1] += start[d];
		for (uint32_t i = 0; i < l->n; i++)
			to[start[(rank_of(from[i].score) >> shift) % DIGITS]++] = from[i];
		struct level *swap = from;
		from = to;
		to = swap;
	}
	if (l->n > 0)
		memcpy(l->level, scratch, l->n * sizeof *scratch);      /* after an odd number */
	mem_free(scratch);
	return true;
}

static double far_of(uint64_t alarms, int64_t exposure_ms)
{
	return exposure_ms > 0 ? 1000.0 * (double)alarms / ((double)exposure_ms / DAY_MS) :
		INFINITY;
}

/* Mean excess of the highest users over the lowest of them (Pickands 1975, shape 0). */
static double tail_of(const struct levels *l)
{
	double sum = 0, lowest = 0;
	uint32_t seen = 0;
	for (uint32_t i = 0; i < l->n && seen < TAIL_HIGHS; i++) {
		if (!l->level[i].first)
			continue;
		lowest = (double)l->level[i].score;
		sum += lowest;
		seen++;
	}
	double mean = seen > 1 ? (sum - seen * lowest) / (seen - 1) : 0;
	return mean > 0 ? 1 / mean : 1;
}

static void turn_round(struct far_curve *c)
{
	for (uint32_t i = 0; i < c->n / 2; i++) {
		struct far_point swap = c->point[i];
		c->point[i] = c->point[c->n - 1 - i];
		c->point[c->n - 1 - i] = swap;
	}
}

/* Points lie evenly in the logarithm of the alarms. */
void levels_curve(const struct levels *l, struct far_curve *ret)
{
	uint64_t alarms = 0, next = LEVELS_ALARMS_MIN;
	int64_t exposure_ms = l->exposure_ms;
	*ret = (struct far_curve){ .tail = tail_of(l) };
	for (uint32_t i = 0; i < l->n && ret->n < FAR_CURVE_MAX; i++) {
		alarms += l->level[i].first;
		exposure_ms -= l->level[i].exposure_ms;
		bool ends = i + 1 == l->n || l->level[i + 1].score < l->level[i].score;
		if (!ends || (i + 1 < l->n && alarms < next))
			continue;
		ret->point[ret->n++] = (struct far_point){ l->level[i].score,
			far_of(alarms, exposure_ms) };
		next = alarms + 1 + alarms / 32;
	}
	turn_round(ret);
}

float levels_threshold(const struct levels *l, double kud, uint64_t *ret_alarms)
{
	uint64_t alarms = 0;
	int64_t exposure_ms = l->exposure_ms;
	float level = INFINITY;
	*ret_alarms = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		alarms += l->level[i].first;
		exposure_ms -= l->level[i].exposure_ms;
		if (i + 1 < l->n && l->level[i + 1].score == l->level[i].score)
			continue;
		if (far_of(alarms, exposure_ms) > kud)
			break;
		level = l->level[i].score;
		*ret_alarms = alarms;
	}
	return level;
}
