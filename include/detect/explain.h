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

/* From the category that lost the largest share to the one that gained it; ties go to byte order.
 * What says most in likelihood, p ln(p/q), is often a rare category looked at once, and of what the
 * user looks at afterwards less is in it. Sets onset, counts and categories of ret.
 */
void explain(const struct suspect *s, struct finding *ret);

#endif
