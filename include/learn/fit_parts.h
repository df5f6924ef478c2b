/* fit_parts.h - the single fits behind fit_model(). All depend on content alone: log likelihoods
 * are summed in integers, so no order of users or threads shows.
 */
#ifndef LEARN_FIT_PARTS_H
#define LEARN_FIT_PARTS_H

#include <stdint.h>

#include "series/profile.h"

struct err;
struct history;
struct ids;
struct model;
struct priors;
struct sample;

/* A log likelihood as an integer: 2^-20 nats. */
static inline int64_t fit_nats(double x)
{
	return (int64_t)(x * 1048576.0);
}

/* What is looked at: events up to a time, by so many threads. */
struct fit_scope {
	const struct history *h;
	const struct ids *ids;
	int64_t until_ms;
	unsigned threads;
};

/* Walks the rows of a user as detection would see them; n: counts before the row. */
typedef void fit_row_fn(void *ctx, const struct row *r, uint32_t n);
struct fit_walk {
	const struct fit_scope *f;
	const struct priors *priors;    /* for tags and shares */
	int64_t gap_ms;
	fit_row_fn *each;
	void *ctx;
};
int fit_each_row(const struct fit_walk *w, struct profile *scratch, uint32_t user);

/* The session gap, in ms, that tells best the two kinds of times to the next event apart: within a
 * session and between two, each lognormal (classification likelihood: Celeux & Govaert 1992). Of
 * gaps as good as each other the one nearest to 30 min.
 */
int64_t fit_gap(const struct fit_scope *f, const struct sample *s);

/* Shares of categories and items, and what of them is each fold's: share, item, count_sum,
 * fold_sum, n_folds of m. gap_ms must be set.
 */
int fit_shares(struct model *m, const struct fit_scope *f, struct err *e);

/* Prior strengths of the null by the log loss of the next count, and of the next item within its
 * category; log_loss and log_loss_population of m are set too. p: the shares.
 */
int fit_strength(struct model *m, const struct fit_scope *f, const struct sample *s,
	const struct priors *p, struct err *e);

#endif
