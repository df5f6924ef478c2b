/* explain.h - an alarm in words that people use: from what to what, since when, by how much. */
#ifndef DETECT_EXPLAIN_H
#define DETECT_EXPLAIN_H

#include <stdint.h>

#include "detect/finding.h"
#include "detect/mixture.h"
#include "series/profile.h"

struct dict;
struct model;

/* What is known of the user at the alarm. */
struct suspect {
	const struct profile *profile;
	const struct mixture *state;
	const float *prior;             /* s pi(c) by category number, of categories that the model
		 * has */
	uint32_t n_prior;
	float unseen;                   /* s pi of all others */
	const struct dict *category;
	const struct model *model;
};

static inline float suspect_prior(const struct suspect *s, uint32_t category)
{
	return category < s->n_prior ? s->prior[category] : s->unseen;
}

/* age: counts since the change, it included (mixture_age()). DETECTION.md, channel 1, "onset",
 * "from/to":
 * the categories that say most, q ln(q/p) before and p ln(p/q) since; ties go to byte order.
 */
void explain(const struct suspect *s, uint32_t age, struct finding *ret);

#endif
