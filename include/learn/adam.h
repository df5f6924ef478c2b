/* adam.h - steps down a gradient, each weight at a pace of its own (Kingma, Ba 2015, algorithm 1).
 *
 * Floats in a fixed order: the same bits for the same gradients. Owner: one thread.
 */
#ifndef LEARN_ADAM_H
#define LEARN_ADAM_H

#include <stdint.h>

struct err;

struct adam {
	float *mean, *square;   /* [n]: running averages of the gradient and of its square */
	uint64_t n, steps;
};

int adam_init(struct adam *a, uint64_t n, struct err *e);
void adam_done(struct adam *a);

/* beta 0.9 and 0.999, epsilon 1e-8. */
void adam_step(struct adam *a, float *weight, const float *gradient, float rate);

/* Scales the gradient so that its length is at most longest (Pascanu, Mikolov, Bengio 2013); 0: as
 * it is. Returns the length before; not finite when a part of the gradient is not.
 */
double adam_clip(float *gradient, uint64_t n, float longest);

#endif
