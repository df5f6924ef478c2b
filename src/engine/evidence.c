#include "engine/evidence.h"

#include <math.h>

#include "base/dict.h"
#include "detect/finding.h"
#include "engine/tally.h"
#include "series/history.h"
#include "series/step.h"

struct choice {
	uint32_t category[2 + EVIDENCE_TOP];
	uint32_t n;
};

static void choose(struct choice *c, uint32_t category)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->category[i] == category)
			return;
	if (category != DICT_NONE)
		c->category[c->n++] = category;
}

static void add_event(struct score_sum *s, const struct user_events *ue, uint32_t i)
{
	score_add(s, SCORE_INTEREST, ue->behaviour[i], ue->price ? ue->price[i] : NAN,
		ue->quantity ? ue->quantity[i] : NAN);
}

static bool is_larger(const struct tally_row *a, const struct tally_row *b, const struct ids *ids)
{
	double x = a->since.num, y = b->since.num;

	return x > y || (x == y && dict_cmp(ids->category, a->category, b->category) < 0);
}

/* The largest goes to the front of what is left, three times. */
static int choose_top(struct choice *c, const struct user_events *ue, const struct ids *ids,
	struct err *e)
{
	struct tally t;
	int code = tally_init(&t, ue->category, ue->n, e);

	if (code < 0)
		return code;
	for (uint32_t i = 0; i < ue->n; i++)
		add_event(&tally_find(&t, ue->category[i])->since, ue, i);
	for (uint32_t k = 0; k < EVIDENCE_TOP && k < t.n; k++) {
		struct tally_row swap = t.row[k];
		uint32_t best = k;

		for (uint32_t i = k + 1; i < t.n; i++)
			if (is_larger(&t.row[i], &t.row[best], ids))
				best = i;
		t.row[k] = t.row[best];
		t.row[best] = swap;
		choose(c, t.row[k].category);
	}
	tally_done(&t);
	return 0;
}

static uint32_t first_from(const struct user_events *ue, int64_t t_ms)
{
	uint32_t low = 0, high = ue->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ue->time_ms[middle] < t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static double interest_of(const struct user_events *ue, uint32_t from, uint32_t to,
	uint32_t category)
{
	struct score_sum s = {0};

	for (uint32_t i = from; i < to; i++)
		if (ue->category[i] == category)
			add_event(&s, ue, i);
	return score_value(&s, SCORE_INTEREST);
}

int evidence_each(const struct user_events *ue, const struct finding *f, const struct ids *ids,
	const struct step *s,
	int (*each)(void *ctx, int64_t step_ms, uint32_t category, double interest, struct err *e),
	void *ctx, struct err *e)
{
	int64_t step_ms = step_start_ms(s, f->onset_ms), end_ms = step_start_ms(s, f->time_ms);
	struct choice c = {0};
	int code;

	choose(&c, f->from);
	choose(&c, f->to);
	code = choose_top(&c, ue, ids, e);
	for (int i = 0; i < EVIDENCE_STEPS; i++)
		step_ms = step_start_ms(s, step_ms - 1);
	for (int i = 0; i <= EVIDENCE_STEPS; i++)
		end_ms = step_next_ms(s, end_ms);
	for (uint32_t i = first_from(ue, step_ms);
		code >= 0 && i < ue->n && ue->time_ms[i] < end_ms;) {
		int64_t start_ms = step_start_ms(s, ue->time_ms[i]);
		uint32_t to = first_from(ue, step_next_ms(s, start_ms));

		for (uint32_t k = 0; code >= 0 && k < c.n; k++) {
			double interest = interest_of(ue, i, to, c.category[k]);

			if (interest > 0)
				code = each(ctx, start_ms, c.category[k], interest, e);
		}
		i = to;
	}
	return code < 0 ? code : 0;
}
