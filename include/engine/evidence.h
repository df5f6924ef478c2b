/* evidence.h - what an alert leans on: the user's interest around it, step by step.
 *
 * The categories are from, to, and the three of most interest; the steps those from 8 before the
 * onset's to 8 after the alert's. A function of the user's events alone.
 */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include <stdint.h>

#include "ingest/event.h"

struct err;
struct finding;
struct step;
struct user_events;

#define EVIDENCE_STEPS 8
#define EVIDENCE_TOP 3

/* Steps without interest are left out. each: a negative code ends the walk and is returned. */
int evidence_each(const struct user_events *ue, const struct finding *f, const struct ids *ids,
	const struct step *s,
	int (*each)(void *ctx, int64_t step_ms, uint32_t category, double interest, struct err *e),
	void *ctx, struct err *e);

#endif
