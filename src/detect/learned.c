#include "detect/learned.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/cpu.h"

_Static_assert(sizeof(struct learned) + sizeof(struct profile) <= 1024, "1 KiB a user");

#define SLOT(i) ((i) & (LEARNED_ROWS - 1))
#define TAKEN_MAX 15u
#define TAKEN_MASK 15u
#define LIMIT 32000             /* of a log ratio, in its units: 500 nats */

void learned_rule_init(struct learned_rule *r, const struct model *m)
{
	*r = (struct learned_rule){ .w = m->learned, .threshold = m->threshold[CHANNEL_LEARNED] };
}

void learned_reset(struct learned *x)
{
	*x = (struct learned){ .score = -INFINITY, .best = -INFINITY };
}

/* The table of items */

/* A place of the item in its set: its own, or the one with the fewest rows. */
static uint16_t *find_item(struct learned *x, uint16_t tag)
{
	uint16_t *set = x->item[tag % LEARNED_SETS], *least = set;
	uint16_t key = (uint16_t)(tag / LEARNED_SETS << 4);
	for (int w = 0; w < LEARNED_WAYS; w++) {
		if ((set[w] & ~TAKEN_MASK) == key && (set[w] & TAKEN_MASK))
			return &set[w];
		if ((set[w] & TAKEN_MASK) < (*least & TAKEN_MASK))
			least = &set[w];
	}
	return least;
}

static uint32_t taken_of(const uint16_t *entry, uint16_t tag)
{
	bool same = (uint16_t)(tag / LEARNED_SETS << 4) == (*entry & ~TAKEN_MASK);
	return same ? *entry & TAKEN_MASK : 0;
}

static void take_item(uint16_t *entry, uint16_t tag, uint32_t taken)
{
	*entry = (uint16_t)(tag / LEARNED_SETS << 4 | (taken < TAKEN_MAX ? taken + 1 : TAKEN_MAX));
}

uint32_t learned_taken(const struct learned *x, uint16_t tag)
{
	uint32_t rows = x->rows < LEARNED_ROWS ? x->rows : LEARNED_ROWS, known = 0, ring = 0;
	for (int w = 0; w < LEARNED_WAYS; w++)
		known += taken_of(&x->item[tag % LEARNED_SETS][w], tag);
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

static uint64_t reversed(uint64_t v)
{
	v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
	v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
	v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
	return __builtin_bswap64(v);
}

/* From slots of the ring to ages. */
static uint64_t by_age(uint64_t slots, uint32_t head)
{
	uint64_t turned = head ? slots << (LEARNED_ROWS - head) | slots >> head : slots;
	return reversed(turned);
}

PART_OF_MANY struct alike find_alike(const struct learned *x, const struct row *r)
{
	uint8_t item[LEARNED_ROWS], category[LEARNED_ROWS];
	uint32_t head = SLOT(x->rows);
	for (int s = 0; s < LEARNED_ROWS; s++) {
		item[s] = x->tag[s] == r->tag;
		category[s] = x->place[s] == r->place;
	}
	uint64_t there = x->rows < LEARNED_ROWS ? (UINT64_C(1) << x->rows) - 1 : UINT64_MAX;
	return (struct alike){ by_age(pack(item), head) & there,
		by_age(pack(category), head) & there, by_age(x->is_count, head) & there };
}

static uint64_t newest(uint32_t n)
{
	return n >= LEARNED_ROWS ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* What was counted since each candidate, as floats: a place beyond n_taus is of no candidate. */
struct since {
	float counts[LEARNED_TAUS], rows[LEARNED_TAUS];
	float category[LEARNED_TAUS], category_rows[LEARNED_TAUS], item[LEARNED_TAUS];
};

PART_OF_MANY void count_since(const struct learned *x, const struct alike *a, struct since *ret)
{
	for (int i = 0; i < LEARNED_TAUS; i++) {
		uint64_t m = newest(x->n_rows[i]);
		uint32_t rows = x->n_rows[i] < LEARNED_ROWS ? x->n_rows[i] : LEARNED_ROWS;
		ret->rows[i] = (float)rows;
		ret->counts[i] = (float)__builtin_popcountll(a->count & m);
		ret->category[i] = (float)__builtin_popcountll(a->category & a->count & m);
		ret->category_rows[i] = (float)__builtin_popcountll(a->category & m);
		ret->item[i] = (float)__builtin_popcountll(a->item & m);
	}
}

/* One kind of evidence: weight x ln(p / q) added to every candidate's sum. */
struct term {
	float weight, strength, prior;  /* prior: strength x share */
	float inv_q;
};

static struct term make_term(float weight, float strength, float share, float count, float total)
{
	float prior = strength * share;
	return (struct term){ weight, strength, prior,
		1.0f / formula_predict(count, prior, total, strength) };
}

PART_OF_MANY void add_term(const struct term *t, const float *count, const float *total, float *sum)
{
	for (int i = 0; i < LEARNED_TAUS; i++) {
		float p = formula_predict(count[i], t->prior, total[i], t->strength);
		sum[i] += t->weight * formula_log(p * t->inv_q);
	}
}

PART_OF_MANY void add_units(struct learned *x, const float *sum)
{
	for (int i = 0; i < LEARNED_TAUS; i++) {
		float v = sum[i] * LEARNED_UNIT;
		int32_t to = x->log_ratio[i] + (int32_t)(v + (v < 0 ? -0.5f : 0.5f));
		to = to > LIMIT ? LIMIT : to;
		x->log_ratio[i] = (int16_t)(to < -LIMIT ? -LIMIT : to);
	}
}

#define NOVELTY_PRIOR 3.0f      /* new ones that every user is taken to have met, and expected */
#define USUAL_STRENGTH 20.0f

static float novelty(float met, float expected)
{
	return (met + NOVELTY_PRIOR) / (expected + NOVELTY_PRIOR);
}

PART_OF_MANY void weigh_row(struct learned *x, const struct learned_rule *r, const struct row *row,
	const struct alike *alike, float taken)
{
	const struct model_learned *w = &r->w;
	struct since since;
	float sum[LEARNED_TAUS] = {0};
	float eager = novelty(x->new_items, x->expected_items);
	struct term within = make_term(w->weight[EVIDENCE_ITEM_WITHIN],
		w->strength[EVIDENCE_ITEM_WITHIN] * eager, row->pi_item, taken, (float)row->rows);
	struct term item = make_term(w->weight[EVIDENCE_ITEM], w->strength[EVIDENCE_ITEM],
		row->pi_item * row->pi, taken, (float)x->rows);
	count_since(x, alike, &since);
	if (row->flags & ROW_COUNT) {
		float open = novelty(x->new_categories, x->expected_categories);
		struct term category = make_term(w->weight[EVIDENCE_CATEGORY],
			w->strength[EVIDENCE_CATEGORY] * open, row->pi, (float)row->before,
			(float)x->n);
		add_term(&category, since.category, since.counts, sum);
	}
	add_term(&within, since.item, since.category_rows, sum);
	add_term(&item, since.item, since.rows, sum);
	add_units(x, sum);
}

/* The row becomes part of the past. */
static void keep_row(struct learned *x, const struct row *row, uint16_t *entry, uint32_t taken)
{
	uint32_t head = SLOT(x->rows);
	bool is_count = row->flags & ROW_COUNT;
	x->tag[head] = row->tag;
	x->place[head] = row->place;
	x->is_count = (x->is_count & ~(UINT64_C(1) << head)) | (uint64_t)is_count << head;
	for (uint32_t i = 0; i < x->n_taus; i++) {
		x->n_rows[i] = (uint16_t)(x->n_rows[i] + (x->n_rows[i] < UINT16_MAX));
		x->n_counts[i] = (uint16_t)(x->n_counts[i] +
			(is_count && x->n_counts[i] < UINT16_MAX));
	}
	x->expected_items += USUAL_STRENGTH / ((float)row->rows + USUAL_STRENGTH);
	x->new_items += taken == 0 ? 1.0f : 0.0f;
	if (is_count) {
		x->expected_categories += USUAL_STRENGTH / ((float)x->n + USUAL_STRENGTH);
		x->new_categories += row->before == 0 ? 1.0f : 0.0f;
		x->n++;
	}
	take_item(entry, row->tag, taken);
	x->rows++;
}

MANY_CPUS void learned_push(struct learned *x, const struct learned_rule *r, const struct row *row)
{
	struct alike alike = find_alike(x, row);
	uint16_t *entry = find_item(x, row->tag);
	uint32_t known = taken_of(entry, row->tag);
	uint32_t ring = (uint32_t)__builtin_popcountll(alike.item);
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
	float above = log_sr + r->w.offset;
	float scale = formula_exp(-r->w.power * formula_log((float)x->n + LEARNED_COUNTS));
	x->score = above > 0.0f ? above * scale : 0.0f;
	return x->score;
}

void learned_row(const struct learned *x, uint32_t age, struct row *ret)
{
	uint32_t s = SLOT(x->rows - age);
	*ret = (struct row){ .tag = x->tag[s], .place = x->place[s],
		.flags = x->is_count >> s & 1 ? ROW_COUNT : 0 };
}
