/* oracle.h - channel `mixture` as the definitions read, slowly, for one user: what the detector is
 * judged by.
 *
 * Doubles and plain loops; every candidate's ratio is worked out anew from the counts each time it
 * is read. It shares no code, header or type with the program. Texts are borrowed.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdint.h>

struct oracle_model {
	double strength;
	int64_t gap_ms;
	const char *const *category;            /* n_categories of them, each with */
	const uint64_t *count;                  /* so many counts */
	int n_categories;
	double threshold;
};

struct oracle_event {
	int64_t time_ms;
	const char *category;
	int is_return;
};

struct oracle_finding {
	int64_t time_ms, onset_ms;
	const char *from, *to;
	int n_before, n_after, from_before, from_after, to_before, to_after;
	int is_from_close, is_to_close; /* another category is as near as floats can tell */
	double score;
};

struct oracle_result {
	struct oracle_finding *finding;         /* free() it */
	int n_findings;
	double last_score;      /* -INFINITY: none since the start or the last restart */
	double doubt;           /* how near any decision came to going the other way */
	int longest;            /* counts between restarts, at most */
};

/* A user's events, oldest first. */
struct oracle_result oracle_run(const struct oracle_model *m, const struct oracle_event *ev, int n);

#endif
