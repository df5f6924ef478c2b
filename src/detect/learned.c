#include "detect/learned.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "detect/learned_parts.h"

_Static_assert(sizeof(struct learned) + sizeof(struct profile) <= 1024, "1 KiB a user");

void learned_rule_init(struct learned_rule *r, const struct model *m)
{
	*r = (struct learned_rule){ .w = m->learned, .threshold = m->threshold[CHANNEL_LEARNED] };
}

void learned_reset(struct learned *x)
{
	*x = (struct learned){ .score = -INFINITY, .best = -INFINITY };
}

uint32_t learned_taken(const struct learned *x, uint16_t tag)
{
	uint32_t rows = x->rows < LEARNED_ROWS ? x->rows : LEARNED_ROWS, known = 0, ring = 0;
	for (int w = 0; w < LEARNED_WAYS; w++)
		known += learned_known(x->item[tag % LEARNED_SETS][w], tag);
	for (uint32_t s = 0; s < rows; s++)
		ring += x->tag[s] == tag;
	return known > ring ? known : ring;
}

/* Candidates */

static void remember_time(uint16_t *t, int64_t time_ms)
{
	for (int i = 0; i < 3; i++)
		t[i] = (uint16_t)((uint64_t)time_ms >> 16 * i);
}

int64_t learned_time_ms(const struct learned *x, int tau)
{
	const uint16_t *t = x->time[tau];
	return (int64_t)((uint64_t)t[2] << 48 | (uint64_t)t[1] << 32 | (uint64_t)t[0] << 16) >> 16;
}

static void drop_tau(struct learned *x, uint32_t i)
{
	uint32_t left = --x->n_taus - i;
	memmove(&x->log_ratio[i], &x->log_ratio[i + 1], left * sizeof x->log_ratio[0]);
	memmove(&x->n_rows[i], &x->n_rows[i + 1], left * sizeof x->n_rows[0]);
	memmove(&x->n_counts[i], &x->n_counts[i + 1], left * sizeof x->n_counts[0]);
	memmove(x->time[i], x->time[i + 1], left * sizeof x->time[0]);
}

/* Of the two oldest the less likely one makes room. */
static void add_tau(struct learned *x, int64_t time_ms)
{
	if (x->n_taus == LEARNED_TAUS)
		drop_tau(x, x->log_ratio[0] > x->log_ratio[1]);
	uint32_t i = x->n_taus++;
	x->log_ratio[i] = 0;
	x->n_rows[i] = x->n_counts[i] = 0;
	remember_time(x->time[i], time_ms);
}

/* Evidence */

/* Bit k: the row k + 1 rows ago is such a one. */
struct alike {
	uint64_t item, category, count;
};

/* A bit a byte that is 0 or 1, lowest first. */
static uint64_t pack(const uint8_t *one)
{
	uint64_t bits = 0;
	for (int i = 0; i < LEARNED_ROWS; i += 8) {
		uint64_t v;
		memcpy(&v, one + i, sizeof v);
		bits |= (le64toh(v) * 0x0102040810204080u >> 56) << i;
	}
	return bits;
}

PART_OF_MANY struct alike find_alike(const struct learned *x, const struct row *r)
{
	uint8_t item[LEARNED_ROWS], category[LEARNED_ROWS];
	uint32_t head = LEARNED_SLOT(x->rows);
	for (int s = 0; s < LEARNED_ROWS; s++) {
		item[s] = x->tag[s] == r->tag;
		category[s] = x->place[s] == r->place;
	}
	uint64_t there = learned_newest(x->rows);
	return (struct alike){ learned_by_age(pack(item), head) & there,
		learned_by_age(pack(category), head) & there,
		learned_by_age(x->is_count, head) & there };
}

/* What was counted since each candidate, as floats: a place beyond n_taus is of no candidate. */
struct since {
	float counts[LEARNED_TAUS], rows[LEARNED_TAUS];
	float category[LEARNED_TAUS], category_rows[LEARNED_TAUS], item[LEARNED_TAUS];
};

PART_OF_MANY void count_since(const struct learned *x, const struct alike *a, struct since *ret)
{
	for (int i = 0; i < LEARNED_TAUS; i++) {
		uint64_t m = learned_newest(x->n_rows[i]);
		uint32_t rows = x->n_rows[i] < LEARNED_ROWS ? x->n_rows[i] : LEARNED_ROWS;
		ret->rows[i] = (float)rows;
		ret->counts[i] = (float)formula_bits(a->count & m);
		ret->category[i] = (float)formula_bits(a->category & a->count & m);
		ret->category_rows[i] = (float)formula_bits(a->category & m);
		ret->item[i] = (float)formula_bits(a->item & m);
	}
}

PART_OF_MANY void add_term(const struct learned_term *t, const float *count, const float *total,
	float *sum)
{
	for (int i = 0; i < LEARNED_TAUS; i++)
		sum[i] += learned_evidence(t, count[i], total[i]);
}

PART_OF_MANY void weigh_row(struct learned *x, const struct learned_rule *r, const struct row *row,
	const struct alike *alike, float taken)
{
	struct since since;
	float sum[LEARNED_TAUS] = {0};
	float eager = learned_novelty(x->new_items, x->expected_items);
	struct learned_term within = learned_term(&r->w, EVIDENCE_ITEM_WITHIN, eager, row->pi_item);
	struct learned_term item = learned_term(&r->w, EVIDENCE_ITEM, 1, row->pi_item * row->pi);
	learned_against(&within, taken, (float)row->rows);
	learned_against(&item, taken, (float)x->rows);
	count_since(x, alike, &since);
	if (row->flags & ROW_COUNT) {
		float open = learned_novelty(x->new_categories, x->expected_categories);
		struct learned_term category = learned_term(&r->w, EVIDENCE_CATEGORY, open,
			row->pi);
		learned_against(&category, (float)row->before, (float)x->n);
		add_term(&category, since.category, since.counts, sum);
	}
	add_term(&within, since.item, since.category_rows, sum);
	add_term(&item, since.item, since.rows, sum);
	for (int i = 0; i < LEARNED_TAUS; i++)
		x->log_ratio[i] = learned_add(x->log_ratio[i], sum[i]);
}

/* The row becomes part of the past. */
static void keep_row(struct learned *x, const struct row *row, uint16_t *entry, uint32_t taken)
{
	uint32_t head = LEARNED_SLOT(x->rows);
	bool is_count = row->flags & ROW_COUNT;
	x->tag[head] = row->tag;
	x->place[head] = row->place;
	x->is_count = (x->is_count & ~(UINT64_C(1) << head)) | (uint64_t)is_count << head;
	for (uint32_t i = 0; i < x->n_taus; i++) {
		x->n_rows[i] = (uint16_t)(x->n_rows[i] + (x->n_rows[i] < UINT16_MAX));
		x->n_counts[i] = (uint16_t)(x->n_counts[i] +
			(is_count && x->n_counts[i] < UINT16_MAX));
	}
	x->expected_items += learned_usual(row->rows);
	x->new_items += taken == 0 ? 1.0f : 0.0f;
	if (is_count) {
		x->expected_categories += learned_usual(x->n);
		x->new_categories += row->before == 0 ? 1.0f : 0.0f;
		x->n++;
	}
	*entry = learned_take(row->tag, taken);
	x->rows++;
}

MANY_CPUS void learned_push(struct learned *x, const struct learned_rule *r, const struct row *row)
{
	struct alike alike = find_alike(x, row);
	uint16_t *set = x->item[row->tag % LEARNED_SETS], *entry = set + learned_way(set, row->tag);
	uint32_t known = learned_known(*entry, row->tag);
	uint32_t ring = (uint32_t)formula_bits(alike.item);
	/* The table may have forgotten what the ring still holds. */
	uint32_t taken = known > ring ? known : ring;
	if (row->flags & ROW_OPENS && x->rows >= LEARNED_BEFORE)
		add_tau(x, row->time_ms);
	if (x->n_taus > 0)
		weigh_row(x, r, row, &alike, (float)taken);
	keep_row(x, row, entry, taken);
}

int learned_best(const struct learned *x)
{
	int best = -1;
	for (int i = 0; i < (int)x->n_taus; i++)
		if (x->n_counts[i] >= LEARNED_AFTER &&
		    (best < 0 || x->log_ratio[i] > x->log_ratio[best]))
			best = i;
	return best;
}

float learned_read(struct learned *x, const struct learned_rule *r)
{
	int best = learned_best(x);
	float sum = 0;
	x->score = -INFINITY;
	if (best < 0)
		return x->score;
	for (uint32_t i = 0; i < x->n_taus; i++)
		if (x->n_counts[i] >= LEARNED_AFTER)
			sum += formula_exp((float)(x->log_ratio[i] - x->log_ratio[best]) /
				LEARNED_UNIT);
	float log_sr = (float)x->log_ratio[best] / LEARNED_UNIT + formula_log(sum);
	x->score = learned_score(r, log_sr, x->n);
	return x->score;
}

void learned_row(const struct learned *x, uint32_t age, struct row *ret)
{
	uint32_t s = LEARNED_SLOT(x->rows - age);
	*ret = (struct row){ .tag = x->tag[s], .place = x->place[s],
		.flags = x->is_count >> s & 1 ? ROW_COUNT : 0 };
}
