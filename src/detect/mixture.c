#include "detect/mixture.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "detect/mixture_parts.h"
#include "model/model.h"

_Static_assert(sizeof(struct mixture) == 960, "with all channels, 3 KiB a user");

/* Slot s holds a count of age 1..64; with the next count going to slot `head`, that age is
 * 64 - j (mod 64, 64 for 0) at j = s + 64 - head. So a window into one table of 128 replaces the
 * rotation of the ring.
 */
void mixture_rule_init(struct mixture_rule *r, const struct model *m)
{
	*r = (struct mixture_rule){ .strength = m->strength,
		.threshold = m->threshold[CHANNEL_MIXTURE] };
	for (uint32_t j = 0; j < 2 * MIXTURE_WINDOW; j++) {
		uint32_t age = MIXTURE_WINDOW - j % MIXTURE_WINDOW;
		r->inv_age[j] = 1.0f / ((float)age + m->strength);
	}
}

void mixture_reset(struct mixture *x)
{
	*x = (struct mixture){ .log_m = -INFINITY, .best = -INFINITY };
}

/* Inclusive running sums of 64 bytes that are 0 or 1, eight at a time by one multiplication. */
PART_OF_MANY void running_sums(const uint8_t *one, uint8_t *sum)
{
	uint64_t carry = 0;
	for (uint32_t i = 0; i < MIXTURE_WINDOW; i += 8) {
		uint64_t v;
		memcpy(&v, one + i, sizeof v);
		v = le64toh(v) * 0x0101010101010101u + carry;
		carry = (v >> 56) * 0x0101010101010101u;
		v = htole64(v);
		memcpy(sum + i, &v, sizeof v);
	}
}

/* Occurrences of the category among the counts from each slot's on. Slots from head on are the
 * older ones: for them, all from the slot to the end of the ring and all before head.
 */
PART_OF_MANY void count_since(const struct mixture *x, uint32_t category, float *since)
{
	uint8_t same[MIXTURE_WINDOW], sum[MIXTURE_WINDOW];
	uint32_t head = MIXTURE_SLOT(x->n);
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++)
		same[s] = ((x->mark[s] ^ category) & MIXTURE_CATEGORY) == 0;
	running_sums(same, sum);
	uint8_t newer = head ? sum[head - 1] : 0, all = sum[MIXTURE_WINDOW - 1];
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++) {
		uint8_t up_to = s < head ? newer : (uint8_t)(newer + all);
		sum[s] = (uint8_t)(up_to - sum[s] + same[s]);
	}
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++)
		since[s] = (float)sum[s];
}

/* Every candidate times p / q; kept in range by its power. Plain loops that vectorise. */
PART_OF_MANY void scale_ratios(struct mixture *x, const float *since, float prior,
	const float *inv_age,
	float inv_q)
{
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++) {
		float v = formula_ratio(x->ratio[s], since[s], prior, inv_age[s], inv_q);
		x->mark[s] += mixture_carry(v);
		x->ratio[s] = formula_scale(v);
	}
}

static void remember_time(struct mixture *x, uint32_t slot, int64_t time_ms)
{
	for (int i = 0; i < 3; i++)
		x->time[slot][i] = (uint16_t)((uint64_t)time_ms >> 16 * i);
}

MANY_CPUS void mixture_push(struct mixture *x, const struct mixture_rule *r, const struct row *c)
{
	float since[MIXTURE_WINDOW], prior = r->strength * c->pi;
	uint32_t head = MIXTURE_SLOT(x->n);
	float inv_q = 1.0f / formula_predict((float)c->before, prior, (float)x->n, r->strength);
	count_since(x, c->category, since);
	scale_ratios(x, since, prior, r->inv_age + MIXTURE_WINDOW - head, inv_q);
	bool starts = x->n >= MIXTURE_BEFORE;
	float v = starts ? c->pi * inv_q : 0.0f;
	x->ratio[head] = formula_scale(v);
	x->mark[head] = mixture_carry(v) | (c->category & MIXTURE_CATEGORY);
	remember_time(x, head, c->time_ms);
	x->n++;
}

/* The highest power among candidates, or less than MIXTURE_POWER_NONE / 2 when there is none. */
PART_OF_MANY int32_t top_power(const struct mixture *x)
{
	int32_t top = MIXTURE_POWER_NONE;
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++) {
		int32_t power = mixture_height(x->ratio[s], x->mark[s]);
		top = power > top ? power : top;
	}
	return top;
}

PART_OF_MANY void fold(float *v, uint32_t half)
{
	for (uint32_t s = 0; s < half; s++)
		v[s] += v[s + half];
}

/* A sum of fixed shape: halves are added until one is left, as lanes of a warp would. */
PART_OF_MANY float sum_tree(float *v)
{
	fold(v, 32);
	fold(v, 16);
	fold(v, 8);
	fold(v, 4);
	return (v[0] + v[2]) + (v[1] + v[3]);
}

/* ln of the sum of all candidates' ratios. */
PART_OF_MANY float log_sum(const struct mixture *x)
{
	float v[MIXTURE_WINDOW];
	int32_t top = top_power(x);
	if (top < MIXTURE_POWER_NONE / 2)
		return -INFINITY;
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++)
		v[s] = formula_term(x->ratio[s], mixture_power(x->mark[s]), top);
	return mixture_log(sum_tree(v), top);
}

/* Candidates too young to count are put aside while the sum is taken. */
MANY_CPUS float mixture_read(struct mixture *x)
{
	float young[MIXTURE_AFTER];
	for (uint32_t age = 1; age < MIXTURE_AFTER; age++) {
		young[age] = x->ratio[MIXTURE_SLOT(x->n - age)];
		x->ratio[MIXTURE_SLOT(x->n - age)] = 0;
	}
	x->log_m = log_sum(x);
	for (uint32_t age = 1; age < MIXTURE_AFTER; age++)
		x->ratio[MIXTURE_SLOT(x->n - age)] = young[age];
	return x->log_m;
}

uint32_t mixture_age(const struct mixture *x)
{
	uint32_t best = 0, oldest = x->n < MIXTURE_WINDOW ? x->n : MIXTURE_WINDOW;
	for (uint32_t age = oldest; age >= MIXTURE_AFTER; age--) {
		uint32_t s = MIXTURE_SLOT(x->n - age), b = MIXTURE_SLOT(x->n - best);
		int32_t power = mixture_power(x->mark[s]), best_power = mixture_power(x->mark[b]);
		if (x->ratio[s] > 0 && (best == 0 || power > best_power ||
		    (power == best_power && x->ratio[s] > x->ratio[b])))
			best = age;
	}
	return best;
}

uint32_t mixture_category(const struct mixture *x, uint32_t age)
{
	return x->mark[MIXTURE_SLOT(x->n - age)] & MIXTURE_CATEGORY;
}

int64_t mixture_time_ms(const struct mixture *x, uint32_t age)
{
	const uint16_t *t = x->time[MIXTURE_SLOT(x->n - age)];
	return (int64_t)((uint64_t)t[2] << 48 | (uint64_t)t[1] << 32 | (uint64_t)t[0] << 16) >> 16;
}

float mixture_log_ratio(const struct mixture *x, uint32_t age)
{
	uint32_t s = MIXTURE_SLOT(x->n - age);
	if (!(x->ratio[s] > 0))
		return -INFINITY;
	return mixture_log(x->ratio[s], mixture_power(x->mark[s]));
}
