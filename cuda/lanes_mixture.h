/* lanes_mixture.h - channel `mixture` on a warp: each lane holds two of the 64 slots.
 *
 * The same functions of detect/formula.h on the same numbers as src/detect/mixture.c. Occurrences
 * are counted by ballot and population count, which are integers, and the sum has the shape of
 * sum_tree() there: halves are added until one is left.
 */
#ifndef CUDA_LANES_MIXTURE_H
#define CUDA_LANES_MIXTURE_H

#include "detect/mixture_parts.h"

#include "device.h"
#include "rows.h"

struct lanes_mixture {
	float ratio[2];         /* of slots lane and lane + 32 */
	uint32_t mark[2];
	uint32_t n;             /* this and what follows: the same in all lanes */
	float log_m, best;
};

static __device__ void lanes_mixture_load(struct lanes_mixture *l, const struct mixture *x,
	uint32_t lane)
{
	for (uint32_t j = 0; j < 2; j++) {
		l->ratio[j] = x->ratio[lane + j * LANES];
		l->mark[j] = x->mark[lane + j * LANES];
	}
	l->n = x->n;
	l->log_m = x->log_m;
	l->best = x->best;
}

static __device__ void lanes_mixture_store(const struct lanes_mixture *l, struct mixture *x,
	uint32_t lane)
{
	for (uint32_t j = 0; j < 2; j++) {
		x->ratio[lane + j * LANES] = l->ratio[j];
		x->mark[lane + j * LANES] = l->mark[j];
	}
	if (lane == 0) {
		x->n = l->n;
		x->log_m = l->log_m;
		x->best = l->best;
	}
}

/* Of the counts from slot s on, in the order of the ring, whose next slot is head. */
static __device__ float count_since(uint64_t same, uint32_t s, uint32_t head)
{
	uint64_t from = UINT64_MAX << s, before = head ? UINT64_MAX >> (MIXTURE_WINDOW - head) : 0;
	return (float)formula_bits(same & (s < head ? from & before : from | before));
}

static __device__ void lanes_mixture_push(struct lanes_mixture *l, struct mixture *x,
	const struct mixture_rule *r, const struct device_row *c, uint32_t lane)
{
	uint32_t head = MIXTURE_SLOT(l->n), category = device_row_category(c);
	float prior = r->strength * c->pi;
	float inv_q = 1.0f / formula_predict((float)c->before, prior, (float)l->n, r->strength);
	uint64_t same = BALLOT_64(((l->mark[0] ^ category) & MIXTURE_CATEGORY) == 0,
		((l->mark[1] ^ category) & MIXTURE_CATEGORY) == 0);
	for (uint32_t j = 0; j < 2; j++) {
		uint32_t s = lane + j * LANES;
		float v = formula_ratio(l->ratio[j], count_since(same, s, head), prior,
			r->inv_age[s + MIXTURE_WINDOW - head], inv_q);
		l->mark[j] += mixture_carry(v);
		if (s == head) {
			v = l->n >= MIXTURE_BEFORE ? c->pi * inv_q : 0.0f;
			l->mark[j] = mixture_carry(v) | category;
		}
		l->ratio[j] = formula_scale(v);
	}
	if (lane < 3)
		x->time[head][lane] = c->time[lane];
	l->n++;
}

static __device__ int32_t highest(int32_t v)
{
	for (uint32_t by = LANES / 2; by > 0; by /= 2) {
		int32_t other = __shfl_xor_sync(ALL_LANES, v, by);
		v = other > v ? other : v;
	}
	return v;
}

static __device__ float lanes_mixture_read(struct lanes_mixture *l, uint32_t lane)
{
	int32_t height[2], top;
	float v[2];
	for (uint32_t j = 0; j < 2; j++) {
		uint32_t age = MIXTURE_SLOT(l->n - (lane + j * LANES));
		bool young = age >= 1 && age < MIXTURE_AFTER;
		v[j] = young ? 0.0f : l->ratio[j];
		height[j] = mixture_height(v[j], l->mark[j]);
	}
	top = highest(height[0] > height[1] ? height[0] : height[1]);
	for (uint32_t j = 0; j < 2; j++)
		v[j] = formula_term(v[j], mixture_power(l->mark[j]), top);
	float sum = v[0] + v[1];
	for (uint32_t by = LANES / 2; by > 0; by /= 2)
		sum += __shfl_down_sync(ALL_LANES, sum, by);
	sum = __shfl_sync(ALL_LANES, sum, 0);
	l->log_m = top < MIXTURE_POWER_NONE / 2 ? -INFINITY : mixture_log(sum, top);
	return l->log_m;
}

#endif
