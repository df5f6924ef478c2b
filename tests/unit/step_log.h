/* step_log.h - a random history of steps, and what a backend says of it. */
#ifndef TESTS_STEP_LOG_H
#define TESTS_STEP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "detect/backend.h"

#define SLOTS 40u
#define CATEGORIES 12u
#define STEPS 80u
#define ROWS_MAX (SLOTS * 4)
#define ALL_CHANNELS (CHANNEL_BIT(CHANNEL_MIXTURE) | CHANNEL_BIT(CHANNEL_LEARNED))

/* What makes a user's rows believable. */
struct person {
	uint32_t n[CATEGORIES], rows[CATEGORIES];
	uint32_t taste, count;
	bool open;
};

struct history {
	struct person person[SLOTS];
	struct chance chance;
	uint32_t n_slots;
	int64_t time_ms;
	struct row row[STEPS][ROWS_MAX];
	struct run_of run[STEPS][SLOTS];
	uint32_t n_runs[STEPS];
};

static void add_row(struct history *h, struct person *p, struct row *r, bool last)
{
	uint32_t own = chance_is(&h->chance, .8), c = own ? (p->taste + chance_below(&h->chance,
		3)) % CATEGORIES : chance_below(&h->chance, CATEGORIES);
	bool count = !p->open || chance_is(&h->chance, .6);
	*r = (struct row){ .time_ms = h->time_ms, .category = c, .place = (uint16_t)c,
		.tag = (uint16_t)(c * 5000 + chance_below(&h->chance, 30)),
		.before = p->n[c], .rows = p->rows[c], .pi = .001f + .01f * (float)c,
		.pi_item = 1e-4f + .01f * (float)chance_below(&h->chance, 5) };
	r->flags = (uint16_t)((count ? ROW_COUNT : 0) | (last ? ROW_LAST : 0) |
		(p->open ? 0 : ROW_OPENS));
	p->n[c] += count;
	p->count += count;
	p->rows[c]++;
	p->open = true;
}

/* A run of a few instants, some of several rows; its rows lie anywhere, as long as together. */
static uint32_t add_run(struct history *h, uint32_t slot, struct row *row, uint32_t first,
	struct run_of *run)
{
	struct person *p = &h->person[slot];
	uint32_t n = 1 + chance_below(&h->chance, 4);
	*run = (struct run_of){ .slot = slot, .first = first, .quiet_n = 10 };
	if (p->open && chance_is(&h->chance, .5)) {
		run->closes = true;
		p->open = false;
		return 0;
	}
	if (chance_is(&h->chance, .02))
		p->taste += 4;
	for (uint32_t i = 0; i < n; i++) {
		bool last = i + 1 == n || chance_is(&h->chance, .7);
		add_row(h, p, &row[first + i], last);
		h->time_ms += last ? 1000 * (int64_t)chance_below(&h->chance, 100000) : 0;
	}
	run->n = n;
	return n;
}

static struct history *make_history(uint64_t seed, uint32_t n_slots)
{
	struct history *h = calloc(1, sizeof *h);
	assert_non_null(h);
	h->chance.at = seed;
	h->n_slots = n_slots;
	h->time_ms = -86400000000;
	for (uint32_t s = 0; s < SLOTS; s++)
		h->person[s].taste = chance_below(&h->chance, CATEGORIES);
	for (uint32_t k = 0; k < STEPS; k++) {
		uint32_t first = 0;
		for (uint32_t s = 0; s < n_slots; s++)
			if (s < 4 || chance_is(&h->chance, .7))
				first += add_run(h, (s * 7 + k) % n_slots, h->row[k], first,
					&h->run[k][h->n_runs[k]++]);
	}
	return h;
}

static struct rules some_rules(unsigned channels)
{
	struct rules r = { .channels = channels };
	struct model_learned w = { { 20, 10, 30 }, { 1, .5f, .3f }, 3, .25f, false };
	r.mixture.strength = 20;
	r.mixture.threshold = 2;
	for (uint32_t j = 0; j < 2 * MIXTURE_WINDOW; j++)
		r.mixture.inv_age[j] = 1.0f / ((float)(MIXTURE_WINDOW - j % MIXTURE_WINDOW) + 20);
	r.learned.w = w;
	r.learned.threshold = 1.6f;
	return r;
}

static void must(int r, const struct err *e)
{
	if (r < 0)
		print_error("%s\n", e->text);
	assert_true(r >= 0);
}

/* A backend that has seen a part of a history, and what it said. */
struct witness {
	struct backend b;
	struct verdict verdict[STEPS][ROWS_MAX + SLOTS];
	uint32_t n_verdicts[STEPS];
	struct slot_state state[SLOTS];
};

static struct witness *new_witness(const struct backend_ops *ops, const struct rules *rules)
{
	struct witness *w = calloc(1, sizeof *w);
	struct err e = {0};
	assert_non_null(w);
	w->b = (struct backend){ .ops = ops };
	must(ops->open(&w->b, rules, &e), &e);
	return w;
}

static void free_witness(struct witness *w)
{
	w->b.ops->close(&w->b);
	free(w);
}

/* An alarm is answered as a shard does: the slot starts anew. */
static void restart(struct witness *w, const struct history *h, uint32_t k)
{
	struct slot_state fresh;
	struct err e = {0};
	slot_state_reset(&fresh);
	for (uint32_t i = 0; i < w->n_verdicts[k]; i++)
		must(w->b.ops->load(&w->b, &h->run[k][w->verdict[k][i].run].slot, 1, &fresh, &e),
			&e);
}

/* Step k in batches of so many runs. */
static void feed(struct witness *w, const struct history *h, uint32_t k, uint32_t batch,
	enum step_mode mode)
{
	struct err e = {0};
	for (uint32_t first = 0; first < h->n_runs[k]; first += batch) {
		uint32_t left = h->n_runs[k] - first, n;
		struct runs r = { h->row[k], h->run[k] + first, left < batch ? left : batch, mode };
		struct verdict *v = w->verdict[k] + w->n_verdicts[k];
		must(w->b.ops->step(&w->b, &r, v, &n, &e), &e);
		for (uint32_t i = 0; i < n; i++)
			v[i].run += first;
		w->n_verdicts[k] += n;
	}
	if (mode == STEP_ALARMS)
		restart(w, h, k);
}

static void watch(struct witness *w, const struct history *h, uint32_t batch, enum step_mode mode)
{
	struct err e = {0};
	uint32_t slot[SLOTS];
	for (uint32_t k = 0; k < STEPS; k++) {
		uint32_t room = 1 + k * 2 < SLOTS ? 8 + k * 2 : SLOTS;
		must(w->b.ops->reserve(&w->b, k == 0 ? SLOTS : room, &e), &e);
		feed(w, h, k, batch, mode);
	}
	for (uint32_t s = 0; s < SLOTS; s++)
		slot[s] = s;
	must(w->b.ops->save(&w->b, slot, SLOTS, w->state, &e), &e);
}

/* All that means something: what lies behind the last member is padding. */
#define MIXTURE_BYTES (offsetof(struct mixture, time) + sizeof ((struct mixture *)0)->time)
#define LEARNED_BYTES (offsetof(struct learned, best) + sizeof(float))

static bool same_states(const struct witness *a, const struct witness *b, unsigned channels)
{
	for (uint32_t s = 0; s < SLOTS; s++) {
		if (channels & CHANNEL_BIT(CHANNEL_MIXTURE) && memcmp(&a->state[s].mixture,
			&b->state[s].mixture, MIXTURE_BYTES) != 0)
			return false;
		if (channels & CHANNEL_BIT(CHANNEL_LEARNED) && memcmp(&a->state[s].learned,
			&b->state[s].learned, LEARNED_BYTES) != 0)
			return false;
	}
	return true;
}

static bool same_verdicts(const struct witness *a, const struct witness *b)
{
	for (uint32_t k = 0; k < STEPS; k++) {
		if (a->n_verdicts[k] != b->n_verdicts[k])
			return false;
		for (uint32_t i = 0; i < a->n_verdicts[k]; i++) {
			const struct verdict *v = &a->verdict[k][i], *w = &b->verdict[k][i];
			if (v->run != w->run || v->channel != w->channel ||
			    memcmp(&v->score, &w->score, sizeof v->score) != 0)
				return false;
		}
	}
	return true;
}

/* What a test asks: the device sees the history in batches, lanes run in an order. */
struct trial {
	unsigned channels;
	enum step_mode mode;
	uint32_t batch;
};

/* The history is worth a test: all that speak have spoken, and often. */
static bool has_spoken(const struct witness *w, const struct trial *t)
{
	uint32_t n[CHANNEL_N] = {0};
	for (uint32_t k = 0; k < STEPS; k++)
		for (uint32_t i = 0; i < w->n_verdicts[k]; i++)
			n[w->verdict[k][i].channel]++;
	for (enum channel c = 0; c < CHANNEL_N; c++)
		if (t->mode != STEP_QUIET && t->channels & CHANNEL_BIT(c) && n[c] < 2)
			return false;
	return true;
}

#endif
