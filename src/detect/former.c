#include "detect/former.h"

#include "detect/formula.h"

#define BACK 1000.0f            /* the ratio at which an alert is cleared */

static uint32_t count_since(const struct row *since, uint32_t n, uint32_t category)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++)
		k += since[i].category == category && since[i].flags & ROW_COUNT;
	return k;
}

/* Into the list, largest first; of equal ones the first to come stays. */
static void insert(struct former *f, uint32_t category, uint32_t count)
{
	int i = FORMER_TOP - 1;
	if (count <= f->count[i])
		return;
	for (; i > 0 && f->count[i - 1] < count; i--) {
		f->category[i] = f->category[i - 1];
		f->count[i] = f->count[i - 1];
	}
	f->category[i] = category;
	f->count[i] = count;
}

void former_init(struct former *f, const struct profile *p, const struct row *since, uint32_t n)
{
	*f = (struct former){ .n = p->n };
	for (uint32_t i = 0; i < n; i++)
		f->n -= since[i].flags & ROW_COUNT;
	for (uint32_t i = 0; i < p->n_seen; i++) {
		uint32_t category = profile_category(p, i);
		insert(f, category, profile_count_at(p, i) - count_since(since, n, category));
	}
}

bool former_push(struct former *f, const struct row *r, uint32_t n, float strength)
{
	uint32_t known = 0, here = 0;
	for (int i = 0; i < FORMER_TOP; i++) {
		known += f->count[i];
		here += f->category[i] == r->category ? f->count[i] : 0;
	}
	float prior = strength * r->pi, rest = (float)(f->n - known) * r->pi;
	float old = formula_predict((float)here, here ? prior : prior + rest, (float)f->n,
		strength);
	float now = formula_predict((float)r->before, prior, (float)n, strength);
	f->ratio = (1.0f + f->ratio) * (old / now);
	return f->ratio >= BACK;
}
