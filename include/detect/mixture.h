/* mixture.h - channel `mixture`: one user's Shiryaev-Roberts score over 64 candidate changes.
 *
 * State is a ring over the newest 64 counts: which category, and the likelihood ratio "the interest
 * changed there" against "it did not". No memory of its own; 576 bytes a user. Any one thread.
 */
#ifndef DETECT_MIXTURE_H
#define DETECT_MIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/formula.h"
#include "series/profile.h"

struct model;

#define MIXTURE_WINDOW 64       /* must be PROFILE_RECENT: times of candidates are kept there */
#define MIXTURE_BEFORE 5        /* counts a candidate must have before it */
#define MIXTURE_AFTER 3         /* counts from a candidate on before it enters the score */
/* history lengths with an offset of their own; longer ones share the last */
#define MIXTURE_OFFSETS 256
#define MIXTURE_CATEGORIES (1u << 24)

struct mixture {
	float ratio[MIXTURE_WINDOW];    /* mantissa; 0: no candidate */
	uint32_t mark[MIXTURE_WINDOW];  /* power (signed, high 8 bits) and category (low 24) */
	uint32_t n;                     /* counts since start or restart */
	float log_m;                    /* ln M as last read; -INFINITY: none */
	float best;                     /* highest score read while at risk; -INFINITY: none */
	uint32_t unused[13];
} __attribute__((aligned(64)));

/* A model as the arithmetic wants it. Read-only, shared by all users. */
struct mixture_rule {
	float strength;                         /* s */
	float threshold;
	float inv_age[2 * MIXTURE_WINDOW];      /* 1 / (age + s) by slot + 64 - head: see mixture.c
		 * */
	float offset[MIXTURE_OFFSETS];          /* taken from ln M, by n */
};

/* The score of ln M at history length n. */
static inline float mixture_score(const struct mixture_rule *r, float log_m, uint32_t n)
{
	return log_m - r->offset[n < MIXTURE_OFFSETS ? n : MIXTURE_OFFSETS - 1];
}

void mixture_rule_init(struct mixture_rule *r, const struct model *m);
void mixture_reset(struct mixture *x);

/* One count. The score is not read. */
void mixture_push(struct mixture *x, const struct mixture_rule *r, const struct count *c);
/* Reads ln M into x->log_m and returns the score, or -INFINITY when there is no candidate yet. */
float mixture_read(struct mixture *x, const struct mixture_rule *r);
/* The most likely candidate: how many counts ago it was, itself included; 0: none. Ties: the
 * oldest. */
uint32_t mixture_age(const struct mixture *x);
/* The category of the count `age` counts ago (1: the newest), age <= min(n, 64). */
uint32_t mixture_category(const struct mixture *x, uint32_t age);

#endif
