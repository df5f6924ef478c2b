/* fit_parts.h - the single fits behind fit_model(). All depend on content alone: log likelihoods
 * are summed in integers, so no order of users or threads shows.
 */
#ifndef LEARN_FIT_PARTS_H
#define LEARN_FIT_PARTS_H

#include <stdint.h>

struct err;
struct history;
struct ids;
struct model;
struct sample;

/* A log likelihood as an integer: 2^-20 nats. */
static inline int64_t fit_nats(double x)
{
	return (int64_t)(x * 1048576.0);
}

/* What is looked at: events up to a time, by so many threads. */
struct fit_scope {
	const struct history *h;
	int64_t until_ms;
	unsigned threads;
};

/* The session gap, in ms, that tells best the two kinds of times to the next event apart: within a
 * session and between two, each lognormal (classification likelihood: Celeux & Govaert 1992). Of
 * gaps as good as each other the one nearest to 30 min.
 */
int64_t fit_gap(const struct fit_scope *f, const struct sample *s);

/* N(c) after session dedupe, of all users, added to count[] (by category number). */
int fit_shares(uint64_t *count, uint32_t n_categories, const struct fit_scope *f, int64_t gap_ms,
	struct err *e);

/* Prior strength s of channel 1's null by the log loss of the next count; log_loss and
 * log_loss_population of m are set too. share[]: pi(c).
 */
int fit_strength(struct model *m, const struct fit_scope *f, const struct sample *s,
	const float *share, struct err *e);

#endif
