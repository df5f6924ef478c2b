#include "sketch.h"

#include <stdlib.h>

enum { RING = 64, OWN = 32, WARM = 5, AHEAD = 8 };

#define STRENGTH 20.0f
#define SHARE 1e-3f
#define TOO_LARGE 1e20f

/* 712 bytes, as in the measurement this restates. */
struct person {
	uint32_t ring[RING];    /* the newest categories */
	float ratio[RING];      /* of the candidate at each */
	float unit;             /* what a ratio of one is stored as */
	uint32_t n, n_own;
	uint32_t own[OWN];
	uint16_t seen[OWN];
};

/* weight[RING - head + slot] = 1 / (age of the slot + strength). */
static void make_weights(float weight[2 * RING + 1])
{
	for (int back = 0; back <= 2 * RING; back++)
		weight[back] = 1.0f / ((float)(RING - back % RING) + STRENGTH);
}

static uint32_t find_own(const struct person *p, uint32_t category)
{
	uint32_t i = 0;

	while (i < p->n_own && p->own[i] != category)
		i++;
	return i;
}

static void add_own(struct person *p, uint32_t at, uint32_t category)
{
	if (at < p->n_own) {
		p->seen[at]++;
		return;
	}
	at = p->n_own < OWN ? p->n_own++ : category % OWN;
	p->own[at] = category;
	p->seen[at] = 1;
}

static void rescale(struct person *p)
{
	for (int slot = 0; slot < RING; slot++)
		p->ratio[slot] /= TOO_LARGE;
	p->unit /= TOO_LARGE;
}

static inline float count(struct person *p, const float *weights, uint32_t category)
{
	uint32_t head = p->n % RING, at = find_own(p, category);
	float null = ((at < p->n_own ? (float)p->seen[at] : 0) + STRENGTH * SHARE) /
		((float)p->n + STRENGTH);
	const float *weight = weights + RING - head;
	float since[RING], running = 0, sum = 0, per_null = 1.0f / null;

	for (uint32_t back = 1; back <= RING; back++) {
		uint32_t slot = (head - back) % RING;

		running += p->ring[slot] == category;
		since[slot] = running;
	}
	for (int slot = 0; slot < RING; slot++) {
		p->ratio[slot] *= (since[slot] + STRENGTH * SHARE) * weight[slot] * per_null;
		sum += p->ratio[slot];
	}
	p->ratio[head] = p->n >= WARM ? p->unit * SHARE * per_null : 0;
	p->ring[head] = category;
	p->n++;
	add_own(p, at, category);
	if (sum > TOO_LARGE)
		rescale(p);
	return sum / p->unit;
}

static void fetch(const struct person *p)
{
	for (size_t line = 0; line < sizeof(*p) / 64 + 1; line++)
		__builtin_prefetch((const char *)p + 64 * line, 1);
}

float sketch_run(uint32_t n_users, const uint32_t *user, const uint32_t *category, uint32_t n,
	uint32_t user_at_once)
{
	struct person *people = calloc(n_users, sizeof(*people));
	float weights[2 * RING + 1], total = 0;

	if (!people)
		abort();
	make_weights(weights);
	for (uint32_t u = 0; u < n_users; u++)
		people[u].unit = 1;
	for (uint32_t i = 0; i < n; i++) {
		if (!user_at_once && i + AHEAD < n)
			fetch(&people[user[i + AHEAD]]);
		total += count(&people[user_at_once ? i / user_at_once % n_users : user[i]],
			weights, category[i]);
	}
	free(people);
	return total;
}
