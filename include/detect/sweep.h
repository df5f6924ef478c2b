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
#include "model/channel.h"

struct err;
struct history;
struct ids;
struct model;
struct priors;

/* A record high of a user's score on a channel while at risk, no restart: what calibration and
 * --scores read.
 */
struct record {
	int64_t time_ms;
	uint32_t user;
	float score;
	enum channel channel;
};

/* A user's span at risk: one without records, else one a restart. */
struct exposure {
	uint32_t user;
	int64_t from_ms, to_ms;
};

/* An alert whose user returned to the interest before it. */
struct clearing {
	uint32_t user;
	uint8_t kind;
	int64_t time_ms, onset_ms;      /* of the alert */
	int64_t cleared_ms;
};

struct sweep_options {
	const char *backend;
	unsigned threads;
	/* The horizon; INT64_MAX: the last event of all (of silences: history_body_end()). */
	int64_t until_ms;
	const struct priors *priors;    /* of model and ids, when they are at hand; may be NULL */
	const uint8_t *only;            /* by user number: those to look at; NULL: all */
	bool records;                   /* record highs and exposures instead of findings */
	_Atomic uint32_t *ret_percent;  /* may be NULL */
	const atomic_bool *stop;        /* may be NULL; -ECANCELED */
};

struct sweep {
	struct finding *finding;
	struct clearing *clearing;
	struct record *record;          /* a user's are together and in time order */
	struct exposure *exposure;
	uint32_t n_findings, n_clearings, n_records, n_exposures;
	char backend[16];       /* the one that did it */
	char notice[288];       /* why it was not a better one, or "" */
};

int sweep_run(struct sweep *s, const struct history *h, const struct ids *ids,
	const struct model *m, const struct sweep_options *o, struct err *e);
void sweep_done(struct sweep *s);

#endif
