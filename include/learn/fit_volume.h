/* fit_volume.h - the model of channel `volume` from a log: the week, the pace, a threshold.
 *
 * Week: sessions by hour of the week over how often the log has that hour, smoothed. Pace: the
 * half-life, and what the prior rate is worth, of a grid by the prequential Poisson likelihood of
 * sessions a step, on a sample of users. Threshold: from the record highs of the users themselves
 * (fit_pledge.h), which makes it in-sample; the budget is the channel's own. At risk: from the
 * session that ends the warm-up to the user's last event or the alarm; a silence after the last
 * event is no false alarm. Depends on the content of the log alone: counts, logarithms and times
 * are summed in integers.
 */
#ifndef LEARN_FIT_VOLUME_H
#define LEARN_FIT_VOLUME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "learn/fit.h"

struct err;
struct history;
struct ids;
struct step;
struct volume_model;

struct volume_fit_options {
	const struct step *step;
	int64_t gap_ms;                 /* between sessions */
	int64_t until_ms;               /* the horizon */
	struct budget budget;           /* amount 0: the default of CONTRACT */
	unsigned threads;
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
};

/* -ENODATA when nobody was ever at risk: the week is fitted and the threshold INFINITY; the caller
 * may go on with that.
 */
int fit_volume(struct volume_model *m, const struct history *h, const struct ids *ids,
	const struct volume_fit_options *o, struct err *e);

#endif
