/* feature_parts.h - what the rooms of feature share: the window, and the table of features. */
#ifndef MODEL_FEATURE_PARTS_H
#define MODEL_FEATURE_PARTS_H

#include "model/feature.h"

struct feature_window {
	const struct feature_set *set;
	const struct observation *newest;       /* set->n_steps of them end here */
	int64_t target_local_ms;                /* start of the step to be forecast, wall clock */
};

struct feature_kind {
	const char *name, *help;
	float (*value)(const struct feature_window *w, uint32_t k);
	uint32_t most;          /* largest k */
	uint32_t steps, more;   /* the window it needs: steps x k + more */
};

/* The row after the last has no name. */
extern const struct feature_kind feature_kinds[];

static inline uint32_t feature_needs(struct feature f)
{
	return feature_kinds[f.kind].steps * f.k + feature_kinds[f.kind].more;
}

#endif
