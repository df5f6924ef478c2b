#include "detect/explain.h"

#include "base/dict.h"
#include "detect/priors.h"
#include "ingest/event.h"

/* Predictive shares of one category before the change and since. */
struct shares {
	uint32_t category, before, since;
	float q, p;
};

static uint32_t count_since(const struct past *p, uint32_t category)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n; i++)
		n += p->row[i].category == category && p->row[i].flags & ROW_COUNT;
	return n;
}

static struct shares shares_of(const struct suspect *s, uint32_t place)
{
	const struct profile *p = s->profile;
	struct shares h = { .category = profile_category(p, place) };
	float strength = s->priors->model->strength;
	float prior = strength * s->priors->category[h.category].pi[p->fold];
	h.since = count_since(s->past, h.category);
	h.before = profile_count_at(p, place) - h.since;
	h.q = formula_predict((float)h.before, prior, (float)(p->n - s->past->n_counts), strength);
	h.p = formula_predict((float)h.since, prior, (float)s->past->n_counts, strength);
	return h;
}

/* Whether a says more than b, or as much with the smaller bytes. */
static bool is_better(const struct suspect *s, float a, float b, uint32_t category, uint32_t other)
{
	const struct dict *d = s->priors->ids->category;
	return a > b || (a == b && (other == DICT_NONE || dict_cmp(d, category, other) < 0));
}

void explain(const struct suspect *s, struct finding *ret)
{
	float best_from = 0, best_to = 0;
	ret->from = ret->to = DICT_NONE;
	ret->n_before = s->profile->n - s->past->n_counts;
	ret->n_after = s->past->n_counts;
	ret->onset_ms = s->past->onset_ms;
	ret->onset_from_ms = s->past->from_ms;
	ret->onset_to_ms = s->past->to_ms;
	for (uint32_t i = 0; i < s->profile->n_seen; i++) {
		struct shares h = shares_of(s, i);
		float from = formula_surprise(h.q, h.p), to = formula_surprise(h.p, h.q);
		if (from > 0 && is_better(s, from, best_from, h.category, ret->from)) {
			best_from = from;
			ret->from = h.category;
			ret->from_before = h.before;
			ret->from_after = h.since;
		}
		if (to > 0 && is_better(s, to, best_to, h.category, ret->to)) {
			best_to = to;
			ret->to = h.category;
			ret->to_before = h.before;
			ret->to_after = h.since;
		}
	}
}
