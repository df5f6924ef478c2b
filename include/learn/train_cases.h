/* train_cases.h - the histories that training learns from, cut into segments with readings.
 *
 * A case is one history: a user as it is, a splice, or a labelled alert's user. It is cut at its
 * change; of each part only the readings are kept that score highest there under the start or
 * parameters far from it, since lower ones hardly enter a smooth maximum. Owner: the caller.
 */
#ifndef LEARN_TRAIN_CASES_H
#define LEARN_TRAIN_CASES_H

#include <stdint.h>

#include "learn/splice.h"
#include "learn/train_learned.h"
#include "learn/train_loss.h"

struct train_case {
	struct splice x;                /* SPLICE_NULL: the user itself */
	unsigned fold;
	int64_t cut_ms;                 /* readings from here on are of the second part */
	struct train_segment part[2];   /* before, after */
	double days;                    /* at risk */
};

struct train_cases {
	struct train_case *at;
	uint32_t n, cap;
};

int train_cases_make(struct train_cases *c, const struct train_scope *s,
	const struct train_options *o, struct err *e);
void train_cases_done(struct train_cases *c);

#endif
