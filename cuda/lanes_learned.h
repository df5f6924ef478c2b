/* lanes_learned.h - channel `learned` on a warp: a lane holds two rows of the ring, and the lower
 * half of the lanes a candidate each.
 *
 * The same functions of detect/learned_parts.h on the same numbers as src/detect/learned.c; each
 * candidate's evidence is added by its own lane in the order there, and the sum over candidates is
 * taken from the oldest to the newest. The table of items and the candidates' times stay in memory.
 */
#ifndef CUDA_LANES_LEARNED_H
#define CUDA_LANES_LEARNED_H

#include "detect/learned_parts.h"

#include "device.h"
#include "rows.h"

struct lanes_learned {
	uint32_t tag[2], place[2];      /* of rows in slots lane and lane + 32 */
	int32_t log_ratio;              /* of candidate `lane`, if it is below LEARNED_TAUS */
	uint32_t n_rows, n_counts;
	/* The same in all lanes: */
	uint64_t is_count;
	uint32_t n_taus, rows, n;
	float new_categories, new_items, expected_categories, expected_items;
	float score, best;
};

static __device__ void lanes_learned_load(struct lanes_learned *l, const struct learned *x,
	uint32_t lane)
{
	uint32_t tau = lane % LEARNED_TAUS;
	for (uint32_t j = 0; j < 2; j++) {
		l->tag[j] = x->tag[lane + j * LANES];
		l->place[j] = x->place[lane + j * LANES];
	}
	l->log_ratio = x->log_ratio[tau];
	l->n_rows = x->n_rows[tau];
	l->n_counts = x->n_counts[tau];
	l->is_count = x->is_count;
	l->n_taus = x->n_taus;
	l->rows = x->rows;
	l->n = x->n;
	l->new_categories = x->new_categories;
	l->new_items = x->new_items;
	l->expected_categories = x->expected_categories;
	l->expected_items = x->expected_items;
	l->score = x->score;
	l->best = x->best;
}

static __device__ void lanes_learned_store(const struct lanes_learned *l, struct learned *x,
	uint32_t lane)
{
	for (uint32_t j = 0; j < 2; j++) {
		x->tag[lane + j * LANES] = (uint16_t)l->tag[j];
		x->place[lane + j * LANES] = (uint16_t)l->place[j];
	}
	if (lane < LEARNED_TAUS) {
		x->log_ratio[lane] = (int16_t)l->log_ratio;
		x->n_rows[lane] = (uint16_t)l->n_rows;
		x->n_counts[lane] = (uint16_t)l->n_counts;
	}
	if (lane != 0)
		return;
	x->is_count = l->is_count;
	x->n_taus = l->n_taus;
	x->rows = l->rows;
	x->n = l->n;
	x->new_categories = l->new_categories;
	x->new_items = l->new_items;
	x->expected_categories = l->expected_categories;
	x->expected_items = l->expected_items;
	x->score = l->score;
	x->best = l->best;
}

/* Candidate `gone` leaves, those behind it move up; their times too. */
static __device__ void drop_tau(struct lanes_learned *l, struct learned *x, uint32_t gone,
	uint32_t lane)
{
	bool moves = lane >= gone && lane + 1 < LEARNED_TAUS;
	int32_t log_ratio = __shfl_down_sync(ALL_LANES, l->log_ratio, 1);
	uint32_t n_rows = __shfl_down_sync(ALL_LANES, l->n_rows, 1);
	uint32_t n_counts = __shfl_down_sync(ALL_LANES, l->n_counts, 1);
	uint16_t time[3] = { 0, 0, 0 };
	if (moves) {
		l->log_ratio = log_ratio;
		l->n_rows = n_rows;
		l->n_counts = n_counts;
		for (int i = 0; i < 3; i++)
			time[i] = x->time[lane + 1][i];
	}
	__syncwarp();
	if (moves)
		for (int i = 0; i < 3; i++)
			x->time[lane][i] = time[i];
	__syncwarp();
	l->n_taus--;
}

static __device__ void add_tau(struct lanes_learned *l, struct learned *x,
	const struct device_row *row, uint32_t lane)
{
	int32_t oldest = __shfl_sync(ALL_LANES, l->log_ratio, 0);
	int32_t second = __shfl_sync(ALL_LANES, l->log_ratio, 1);
	if (l->n_taus == LEARNED_TAUS)
		drop_tau(l, x, oldest > second, lane);
	if (lane == l->n_taus) {
		l->log_ratio = 0;
		l->n_rows = l->n_counts = 0;
		for (int i = 0; i < 3; i++)
			x->time[lane][i] = row->time[i];
	}
	l->n_taus++;
}

/* Bit k: the row k + 1 rows ago is such a one. */
struct lanes_alike {
	uint64_t item, category, count;
};

static __device__ struct lanes_alike find_alike(const struct lanes_learned *l,
	const struct device_row *r)
{
	uint32_t head = LEARNED_SLOT(l->rows);
	uint64_t there = learned_newest(l->rows);
	uint64_t item = BALLOT_64(l->tag[0] == r->tag, l->tag[1] == r->tag);
	uint64_t category = BALLOT_64(l->place[0] == r->place, l->place[1] == r->place);
	struct lanes_alike a;
	a.item = learned_by_age(item, head) & there;
	a.category = learned_by_age(category, head) & there;
	a.count = learned_by_age(l->is_count, head) & there;
	return a;
}

/* A row's evidence for the lane's own candidate. */
static __device__ void weigh_row(struct lanes_learned *l, const struct model_learned *w,
	const struct device_row *row, const struct lanes_alike *a, float taken)
{
	uint64_t m = learned_newest(l->n_rows);
	uint32_t rows = l->n_rows < LEARNED_ROWS ? l->n_rows : LEARNED_ROWS;
	float item_since = (float)formula_bits(a->item & m), sum = 0;
	float eager = learned_novelty(l->new_items, l->expected_items);
	struct learned_term within = learned_term(w, EVIDENCE_ITEM_WITHIN, eager, row->pi_item);
	struct learned_term item = learned_term(w, EVIDENCE_ITEM, 1, row->pi_item * row->pi);
	learned_against(&within, taken, (float)row->rows);
	learned_against(&item, taken, (float)l->rows);
	if (device_row_flags(row) & ROW_COUNT) {
		float open = learned_novelty(l->new_categories, l->expected_categories);
		struct learned_term category = learned_term(w, EVIDENCE_CATEGORY, open, row->pi);
		learned_against(&category, (float)row->before, (float)l->n);
		sum += learned_evidence(&category, (float)formula_bits(a->category & a->count & m),
			(float)formula_bits(a->count & m));
	}
	sum += learned_evidence(&within, item_since, (float)formula_bits(a->category & m));
	sum += learned_evidence(&item, item_since, (float)rows);
	l->log_ratio = learned_add((int16_t)l->log_ratio, sum);
}

/* The row becomes part of the past. */
static __device__ void keep_row(struct lanes_learned *l, const struct device_row *row,
	uint32_t taken, uint32_t lane)
{
	uint32_t head = LEARNED_SLOT(l->rows), is_count = device_row_flags(row) & ROW_COUNT;
	for (uint32_t j = 0; j < 2; j++)
		if (lane + j * LANES == head) {
			l->tag[j] = row->tag;
			l->place[j] = row->place;
		}
	l->is_count = (l->is_count & ~(UINT64_C(1) << head)) | (uint64_t)is_count << head;
	if (lane < l->n_taus) {
		l->n_rows += l->n_rows < UINT16_MAX;
		l->n_counts += is_count && l->n_counts < UINT16_MAX;
	}
	l->expected_items += learned_usual(row->rows);
	l->new_items += taken == 0 ? 1.0f : 0.0f;
	if (is_count) {
		l->expected_categories += learned_usual(l->n);
		l->new_categories += row->before == 0 ? 1.0f : 0.0f;
		l->n++;
	}
	l->rows++;
}

static __device__ void lanes_learned_push(struct lanes_learned *l, struct learned *x,
	const struct learned_rule *r, const struct device_row *row, uint32_t lane)
{
	struct lanes_alike alike = find_alike(l, row);
	uint16_t *set = x->item[row->tag % LEARNED_SETS];
	uint32_t way = learned_way(set, row->tag), known = learned_known(set[way], row->tag);
	uint32_t ring = (uint32_t)formula_bits(alike.item), taken = known > ring ? known : ring;
	if (device_row_flags(row) & ROW_OPENS && l->rows >= LEARNED_BEFORE)
		add_tau(l, x, row, lane);
	if (l->n_taus > 0)
		weigh_row(l, &r->w, row, &alike, (float)taken);
	keep_row(l, row, taken, lane);
	__syncwarp();           /* all have read the set, */
	if (lane == 0)
		set[way] = learned_take(row->tag, taken);
	__syncwarp();           /* and the next row reads it anew */
}

/* The highest log ratio among candidates that enter the score; INT32_MIN: there is none. */
static __device__ int32_t best_ratio(int32_t v)
{
	for (uint32_t by = LANES / 2; by > 0; by /= 2) {
		int32_t other = __shfl_xor_sync(ALL_LANES, v, by);
		v = other > v ? other : v;
	}
	return v;
}

static __device__ float lanes_learned_read(struct lanes_learned *l,
	const struct learned_rule *r, uint32_t lane)
{
	bool enters = lane < l->n_taus && l->n_counts >= LEARNED_AFTER;
	int32_t best = best_ratio(enters ? l->log_ratio : INT32_MIN);
	float share = 0, sum = 0;
	l->score = -INFINITY;
	if (best == INT32_MIN)
		return l->score;
	if (enters)
		share = formula_exp((float)(l->log_ratio - best) / LEARNED_UNIT);
	for (uint32_t i = 0; i < LEARNED_TAUS; i++)
		sum += __shfl_sync(ALL_LANES, share, i);
	float log_sr = (float)best / LEARNED_UNIT + formula_log(sum);
	l->score = learned_score(r, log_sr, l->n);
	return l->score;
}

#endif
