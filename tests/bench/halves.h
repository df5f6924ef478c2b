/* halves.h - a log whose users fall into two halves by the hash of their ids: one is learnt from, up
 * to the middle of the log, the other is asked about.
 */
#ifndef TESTS_BENCH_HALVES_H
#define TESTS_BENCH_HALVES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/run.h"

struct halves {
	const char *name;
	bool is_generated;
	struct run run;
	int64_t first_ms, cut_ms, end_ms;       /* cut_ms: the midnight in the middle */
};

/* Calls one for a generated log, and for each of the development logs that is there, in
 * $SHARED/data; ends the bench when one cannot be read.
 */
void halves_each(void (*one)(const struct halves *h));
bool halves_teaches(const struct halves *h, uint32_t user);
/* The half that is learnt from, all of it; to be freed. */
struct history *halves_teachers(const struct halves *h);

#endif
