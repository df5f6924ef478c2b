/* adam.h - steps down a gradient, each weight at a pace of its own (Kingma, Ba 2015, algorithm 1).
 *
 * Floats in a fixed order: the same bits for the same gradients. Owner: one thread.
 */
#ifndef LEARN_ADAM_H
#define LEARN_ADAM_H

#include <math.h>
#include <stdint.h>

#include "base/hd.h"

#define ADAM_MEAN .9f
#define ADAM_SQUARE .999f
#define ADAM_EPSILON 1e-8f

struct err;

struct adam {
	float *mean, *square;   /* [n]: running averages of the gradient and of its square */
	uint64_t n, steps;
};

int adam_init(struct adam *a, uint64_t n, struct err *e);
void adam_done(struct adam *a);

/* What is the same for all weights of a step, the first being 1. */
struct adam_pace {
	float rate, unbias;
};

static inline struct adam_pace adam_pace(uint64_t step, float rate)
{
	struct adam_pace p;
	p.rate = (float)((double)rate / (1 - pow((double)ADAM_MEAN, (double)step)));
	p.unbias = (float)(1 / sqrt(1 - pow((double)ADAM_SQUARE, (double)step)));
	return p;
}

/* How much is taken off a weight; its averages take in gradient g. */
static inline HD float adam_move(float *mean, float *square, float g, struct adam_pace p)
{
	*mean = ADAM_MEAN * *mean + (1 - ADAM_MEAN) * g;
	*square = ADAM_SQUARE * *square + (1 - ADAM_SQUARE) * g * g;
	return p.rate * *mean / (sqrtf(*square) * p.unbias + ADAM_EPSILON);
}

/* beta 0.9 and 0.999, epsilon 1e-8. */
void adam_step(struct adam *a, float *weight, const float *gradient, float rate);

/* Scales the gradient so that its length is at most longest (Pascanu, Mikolov, Bengio 2013); 0: as
 * it is. Returns the length before; not finite when a part of the gradient is not.
 */
double adam_clip(float *gradient, uint64_t n, float longest);

#endif
