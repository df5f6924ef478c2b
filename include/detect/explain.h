/* explain.h - an alarm in words that people use: from what to what, since when, by how much. */
#ifndef DETECT_EXPLAIN_H
#define DETECT_EXPLAIN_H

#include "detect/finding.h"
#include "detect/past.h"
#include "series/profile.h"

struct priors;

/* What is known of the user at the alarm. */
struct suspect {
	const struct profile *profile;
	const struct past *past;
	const struct priors *priors;
};

/* DETECTION.md, channel 1, "from/to": the categories that say most, q ln(q/p) before and p ln(p/q)
 * since; ties go to byte order. Sets onset, counts and categories of ret.
 */
void explain(const struct suspect *s, struct finding *ret);

#endif
