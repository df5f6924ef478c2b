/* learned_parts.h - the arithmetic of channel `learned`, a candidate or a row at a time: what every
 * backend calls, in whatever order it visits them. learned.h says what it means. Pure; any thread.
 */
#ifndef DETECT_LEARNED_PARTS_H
#define DETECT_LEARNED_PARTS_H

#include <math.h>
#include <stdint.h>

#include "detect/learned.h"

#define LEARNED_SLOT(i) ((i) & (LEARNED_ROWS - 1))
#define LEARNED_TAKEN 15u       /* of an entry of the table of items: how often; at most that */
#define LEARNED_LIMIT 32000     /* of a log ratio, in its units: 500 nats */
#define LEARNED_NOVEL 3.0f      /* new ones that every user is taken to have met, and expected */
#define LEARNED_USUAL 20.0f     /* strength by which a usual user meets new ones */

static inline HD uint16_t learned_key(uint16_t tag)
{
	return (uint16_t)(tag / LEARNED_SETS << 4);
}

static inline HD uint32_t learned_known(uint16_t entry, uint16_t tag)
{
	return (entry & ~LEARNED_TAKEN) == learned_key(tag) ? entry & LEARNED_TAKEN : 0;
}

static inline HD uint16_t learned_take(uint16_t tag, uint32_t taken)
{
	uint32_t now = taken < LEARNED_TAKEN ? taken + 1 : LEARNED_TAKEN;
	return (uint16_t)(learned_key(tag) | now);
}

/* The place of an item in its set: its own, or the first of those with the fewest rows. */
static inline HD uint32_t learned_way(const uint16_t *set, uint16_t tag)
{
	uint32_t least = 0;
	for (uint32_t w = 0; w < LEARNED_WAYS; w++) {
		if (learned_known(set[w], tag))
			return w;
		if ((set[w] & LEARNED_TAKEN) < (set[least] & LEARNED_TAKEN))
			least = w;
	}
	return least;
}

static inline HD uint64_t learned_reversed(uint64_t v)
{
#ifdef __CUDA_ARCH__
	return __brevll(v);
#else
	v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
	v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
	v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
	return __builtin_bswap64(v);
#endif
}

/* From slots of the ring to ages: bit k is of the row k + 1 rows ago. */
static inline HD uint64_t learned_by_age(uint64_t slots, uint32_t head)
{
	uint64_t turned = head ? slots << (LEARNED_ROWS - head) | slots >> head : slots;
	return learned_reversed(turned);
}

static inline HD uint64_t learned_newest(uint32_t n)
{
	return n >= LEARNED_ROWS ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* One kind of evidence: weight x ln(p / q) added to every candidate's sum. */
struct learned_term {
	float weight, strength, prior;  /* prior: strength x share */
	float inv_q;
};

static inline HD struct learned_term learned_term(const struct model_learned *w, int evidence,
	float novelty, float share)
{
	struct learned_term t = { w->weight[evidence], w->strength[evidence] * novelty, 0, 0 };
	t.prior = t.strength * share;
	return t;
}

/* Against all of the past, in which there were `count` of `total`. */
static inline HD void learned_against(struct learned_term *t, float count, float total)
{
	t->inv_q = 1.0f / formula_predict(count, t->prior, total, t->strength);
}

static inline HD float learned_evidence(const struct learned_term *t, float count, float total)
{
	float p = formula_predict(count, t->prior, total, t->strength);
	return t->weight * formula_log(p * t->inv_q);
}

static inline HD int16_t learned_add(int16_t log_ratio, float sum)
{
	float v = sum * LEARNED_UNIT;
	int32_t to = log_ratio + (int32_t)(v + (v < 0 ? -0.5f : 0.5f));
	to = to > LEARNED_LIMIT ? LEARNED_LIMIT : to;
	return (int16_t)(to < -LEARNED_LIMIT ? -LEARNED_LIMIT : to);
}

static inline HD float learned_novelty(float met, float expected)
{
	return (met + LEARNED_NOVEL) / (expected + LEARNED_NOVEL);
}

/* How probable it is that a usual user's next one of `total` is new. */
static inline HD float learned_usual(uint32_t total)
{
	return LEARNED_USUAL / ((float)total + LEARNED_USUAL);
}

/* What the sum of ratios is worth after n counts. */
static inline HD float learned_score(const struct learned_rule *r, float log_sr, uint32_t n)
{
	float above = log_sr + r->w.offset;
	float scale = formula_exp(-r->w.power * formula_log((float)n + LEARNED_COUNTS));
	return above > 0.0f ? above * scale : 0.0f;
}

#endif
