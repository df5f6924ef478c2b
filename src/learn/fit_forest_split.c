#include "learn/fit_forest_parts.h"

#define AHEAD 12u       /* items whose bins are asked for before they are needed */

struct fit_sums fit_sums_of(const struct fit_job *j, int64_t word)
{
	int64_t mask = ((int64_t)1 << j->count_bits) - 1;
	return (struct fit_sums){ word >> j->count_bits, word & mask, mask, j->o.min_leaf,
		j->count_bits };
}

/* Compares the decreases d2 / weight without dividing: equal ones stay equal to the bit. False: no
 * bin further up leaves enough on the right.
 */
static inline bool judge(struct fit_split *best, const struct fit_sums *s, int64_t left,
	uint32_t bin)
{
	int64_t n_left = left & s->mask, n_right = s->n - n_left;
	if (n_right < s->min_leaf)
		return false;
	if (n_left < s->min_leaf)
		return true;
	double d = (double)((left >> s->count_bits) * s->n - n_left * s->sum), d2 = d * d;
	double weight = (double)n_left * (double)n_right;
	if (d2 * best->weight > best->d2 * weight) {
		best->d2 = d2;
		best->weight = weight;
		best->left = left;
		best->bin = bin;
	}
	return true;
}

static void keep(struct fit_split *best, const struct fit_split *of_column, uint32_t column)
{
	if (of_column->d2 * best->weight > best->d2 * of_column->weight) {
		*best = *of_column;
		best->column = column;
	}
}

void fit_try_cells(struct fit_split *best, const struct fit_sums *s, const struct fit_lane *lane,
	uint32_t n_bins)
{
	struct fit_split own = { .weight = 1 };
	struct fit_sums sums = *s;
	int64_t left = 0;
	for (uint32_t b = 0; b + 1 < n_bins; b++) {
		if (lane->cell[b] == 0)
			continue;
		left += lane->cell[b];
		if (!judge(&own, &sums, left, b))
			break;
	}
	keep(best, &own, lane->column);
}

void fit_try_rows(struct fit_split *best, const struct fit_sums *s, const struct fit_rows *r,
	const struct fit_lane *lane)
{
	struct fit_split own = { .weight = 1 };
	struct fit_sums sums = *s;
	uint64_t used[BINS_MAX / 64] = {0};
	int64_t left = 0, *cell = lane->cell;
	const uint8_t *bin = r->bin + lane->column;
	for (uint32_t i = 0; i < r->n; i++) {
		uint8_t b = bin[(uint64_t)r->item[i].row * r->stride];
		cell[b] += r->item[i].word;
		used[b / 64] |= 1ull << b % 64;
	}
	for (uint32_t w = 0; w < BINS_MAX / 64; w++)
		for (uint64_t bits = used[w]; bits; bits &= bits - 1) {
			uint32_t b = w * 64 + (uint32_t)__builtin_ctzll(bits);
			left += cell[b];
			cell[b] = 0;
			judge(&own, &sums, left, b);
		}
	keep(best, &own, lane->column);
}

void fit_count(const struct fit_rows *r, const struct fit_lane *lane, uint32_t n_lanes)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const uint8_t *bin = r->bin + (uint64_t)r->item[i].row * r->stride;
		int64_t word = r->item[i].word;
		if (i + AHEAD < r->n)
			__builtin_prefetch(r->bin + (uint64_t)r->item[i + AHEAD].row * r->stride);
		for (uint32_t l = 0; l < n_lanes; l++)
			lane[l].cell[bin[lane[l].column]] += word;
	}
}
