#include "detect/explain.h"

#include "base/dict.h"
#include "detect/priors.h"
#include "ingest/event.h"

/* One category before the change, in counts, and since, in counts and in rows: within a session an
 * interest counts once, but seven looks at a thing say more of it than one. The shares lean towards
 * the population's, so that a few rows are not taken for all that is left of an interest.
 */
struct shares {
	uint32_t category, before, since, rows;
	float q, p;
};

/* Where no channel keeps rows, they are the counts. */
static struct shares shares_of(const struct suspect *s, uint32_t place)
{
	const struct past *p = s->past;
	struct shares h = { .category = profile_category(s->profile, place) };
	float strength = s->priors->model->strength;
	float prior = strength * s->priors->category[h.category].pi[s->profile->fold];
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->row[i].category != h.category)
			continue;
		h.since += p->row[i].flags & ROW_COUNT;
		h.rows++;
	}
	h.before = profile_count_at(s->profile, place) - h.since;
	h.q = formula_predict((float)h.before, prior, (float)(s->profile->n - p->n_counts),
		strength);
	h.p = formula_predict((float)h.rows, prior, (float)p->n, strength);
	return h;
}

/* Whether a is more than b, or as much with the smaller bytes. */
static bool is_more(const struct suspect *s, float a, float b, uint32_t category, uint32_t other)
{
	const struct dict *d = s->priors->ids->category;
	return a > b || (a == b && (other == DICT_NONE || dict_cmp(d, category, other) < 0));
}

void explain(const struct suspect *s, struct finding *ret)
{
	float most_lost = 0, most_gained = 0;
	ret->from = ret->to = DICT_NONE;
	ret->n_before = s->profile->n - s->past->n_counts;
	ret->n_after = s->past->n_counts;
	ret->onset_ms = s->past->onset_ms;
	ret->onset_from_ms = s->past->from_ms;
	ret->onset_to_ms = s->past->to_ms;
	for (uint32_t i = 0; i < s->profile->n_seen; i++) {
		struct shares h = shares_of(s, i);
		float gain = h.p - h.q;
		if (h.before && gain < 0 && is_more(s, -gain, most_lost, h.category, ret->from)) {
			most_lost = -gain;
			ret->from = h.category;
			ret->from_before = h.before;
			ret->from_after = h.since;
		}
		if (h.rows && gain > 0 && is_more(s, gain, most_gained, h.category, ret->to)) {
			most_gained = gain;
			ret->to = h.category;
			ret->to_before = h.before;
			ret->to_after = h.since;
		}
	}
}
