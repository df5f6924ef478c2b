/* mixture.h - channel `mixture`: one user's Shiryaev-Roberts score over 64 candidate changes.
 *
 * State is a ring over the newest 64 counts: when, which category, and the likelihood ratio "the
 * interest changed there" against "it did not". The score, ln M, is read after an instant.
 * DETECTION.md, channel 1; no offset for n: by strata of it less was found at the same budget.
 * No memory of its own; 960 bytes a user. Any one thread.
 */
#ifndef DETECT_MIXTURE_H
#define DETECT_MIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/formula.h"
#include "series/profile.h"

struct model;

#define MIXTURE_WINDOW 64
#define MIXTURE_BEFORE 5        /* counts a candidate must have before it */
#define MIXTURE_AFTER 3         /* counts from a candidate on before it enters the score */

struct mixture {
	float ratio[MIXTURE_WINDOW];    /* mantissa; 0: no candidate */
	uint32_t mark[MIXTURE_WINDOW];  /* power (signed, high 8 bits) and category (low 24) */
	uint32_t n;                     /* counts since start or restart */
	float log_m;                    /* ln M as last read; -INFINITY: none */
	float best;                     /* highest score read while at risk; -INFINITY: none */
	uint16_t time[MIXTURE_WINDOW][3];       /* of the counts: 48-bit signed ms */
} __attribute__((aligned(64)));

/* A model as the arithmetic wants it. Read-only, shared by all users. */
struct mixture_rule {
	float strength;                         /* s */
	float threshold;
	float inv_age[2 * MIXTURE_WINDOW];      /* 1 / (age + s) by slot + 64 - head: see mixture.c
		 * */
};

void mixture_rule_init(struct mixture_rule *r, const struct model *m);
void mixture_reset(struct mixture *x);

/* One count (a row that is none must not come here). The score is not read. */
void mixture_push(struct mixture *x, const struct mixture_rule *r, const struct row *c);
/* Reads ln M into x->log_m and returns it; -INFINITY when there is no candidate yet. */
float mixture_read(struct mixture *x);
/* The most likely candidate: how many counts ago it was, itself included; 0: none. Ties: the
 * oldest. */
uint32_t mixture_age(const struct mixture *x);
/* ln of the ratio of the candidate `age` counts ago; -INFINITY: none. */
float mixture_log_ratio(const struct mixture *x, uint32_t age);
/* Category and time of the count `age` counts ago (1: the newest), age <= min(n, 64). */
uint32_t mixture_category(const struct mixture *x, uint32_t age);
int64_t mixture_time_ms(const struct mixture *x, uint32_t age);

#endif
