#include "detect/explain.h"

#include "base/dict.h"
#include "model/model.h"

/* Predictive shares of one category before the change and since. */
struct shares {
	uint32_t category, before, since;
	float q, p;
};

static uint32_t count_since(const struct mixture *x, uint32_t category, uint32_t age)
{
	uint32_t n = 0;
	for (uint32_t a = 1; a <= age; a++)
		n += mixture_category(x, a) == category;
	return n;
}

static struct shares shares_of(const struct suspect *s, uint32_t i, uint32_t age)
{
	const struct profile *p = s->profile;
	struct shares h = { .category = p->seen[i] };
	float prior = suspect_prior(s, h.category), strength = s->model->strength;
	h.since = count_since(s->state, h.category, age);
	h.before = (p->seen[p->cap_seen + i] >> 16) - h.since;
	h.q = formula_predict((float)h.before, prior, (float)(p->n - age), strength);
	h.p = formula_predict((float)h.since, prior, (float)age, strength);
	return h;
}

/* Whether a says more than b, or as much with the smaller bytes. */
static bool is_better(const struct suspect *s, float a, float b, uint32_t category, uint32_t other)
{
	return a > b || (a == b && (other == DICT_NONE || dict_cmp(s->category, category,
		other) < 0));
}

void explain(const struct suspect *s, uint32_t age, struct finding *ret)
{
	float best_from = 0, best_to = 0;
	ret->from = ret->to = DICT_NONE;
	ret->n_before = s->profile->n - age;
	ret->n_after = age;
	ret->onset_ms = profile_time_ms(s->profile, s->profile->n - age);
	for (uint32_t i = 0; i < s->profile->n_seen; i++) {
		struct shares h = shares_of(s, i, age);
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
