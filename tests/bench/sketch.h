/* sketch.h - how cheap channel `mixture` can be: a bare loop over 64 candidates, to be compared
 * with.
 *
 * One common scale for all candidates, 32 categories a user at most, one prior for all: not a
 * detector, but the least work that one could do. Compiled for speed (-O3 -march=x86-64-v3).
 */
#ifndef TESTS_BENCH_SKETCH_H
#define TESTS_BENCH_SKETCH_H

#include <stdint.h>

/* Both return a sum of scores, so that nothing is left out. user_at_once: consecutive counts of
 * each user; 0: users as in user[], in order of time.
 */
float sketch_run(uint32_t n_users, const uint32_t *user, const uint32_t *category, uint32_t n,
	uint32_t user_at_once);

#endif
