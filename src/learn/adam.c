#include "learn/adam.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/mem.h"

int adam_init(struct adam *a, uint64_t n, struct err *e)
{
	*a = (struct adam){ .n = n };
	if ((a->mean = mem_get(n, sizeof *a->mean)) && (a->square = mem_get(n, sizeof *a->square)))
		return 0;
	adam_done(a);
	return err_set(e, -ENOMEM, "could not prepare to learn %llu weights: out of memory",
		(unsigned long long)n);
}

void adam_done(struct adam *a)
{
	mem_free(a->mean);
	mem_free(a->square);
	*a = (struct adam){0};
}

void adam_step(struct adam *a, float *weight, const float *gradient, float rate)
{
	struct adam_pace p = adam_pace(++a->steps, rate);
	for (uint64_t i = 0; i < a->n; i++)
		weight[i] -= adam_move(&a->mean[i], &a->square[i], gradient[i], p);
}

double adam_clip(float *gradient, uint64_t n, float longest)
{
	double sum = 0;
	for (uint64_t i = 0; i < n; i++)
		sum += (double)gradient[i] * (double)gradient[i];
	double length = sqrt(sum);
	if (longest > 0 && length > (double)longest) {
		float by = (float)((double)longest / length);
		for (uint64_t i = 0; i < n; i++)
			gradient[i] *= by;
	}
	return length;
}
