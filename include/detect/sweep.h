/* sweep.h - detection over a sealed history: all users, each alone, on all cores.
 *
 * Batch mode of the same tracker: what it finds is what feeding in time order finds. Results are
 * ordered by nothing in particular; alert_sort() orders them.
 */
#ifndef DETECT_SWEEP_H
#define DETECT_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "detect/finding.h"

struct err;
struct history;
struct ids;
struct model;

/* A record high of a user's score while at risk, no restart: what calibration and --scores read. */
struct record {
	int64_t time_ms;
	uint32_t user, n;       /* n: counts including the one that made it */
	float log_m;            /* ln M_n, before the offset */
};

/* A user's span at risk, no restart. */
struct exposure {
	uint32_t user, n;       /* counts in all */
	int64_t from_ms, to_ms;
};

struct sweep_options {
	const char *backend;
	unsigned threads;
	int64_t until_ms;               /* events after it are not looked at */
	const uint8_t *only;            /* by user number: those to look at; NULL: all */
	bool records;                   /* record highs and exposures instead of findings */
	_Atomic uint32_t *ret_percent;  /* may be NULL */
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
};

struct sweep {
	struct finding *finding;
	struct record *record;          /* a user's are together and in time order */
	struct exposure *exposure;
	uint32_t n_findings, n_records, n_exposures;
	char backend[16];       /* the one that did it */
};

int sweep_run(struct sweep *s, const struct history *h, const struct ids *ids,
	const struct model *m,
	const struct sweep_options *o, struct err *e);
void sweep_done(struct sweep *s);

#endif
