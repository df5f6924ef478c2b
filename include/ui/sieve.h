/* sieve.h - which alerts a pattern is in, each tried once in each state that it was seen in.
 *
 * What is tried is a line of text: priority, state, user, name, from > to, with the bare ids where
 * they differ. Of that only the state changes while the alerts are the same. Memory: a byte an
 * alert. Owner: the ui thread.
 */
#ifndef UI_SIEVE_H
#define UI_SIEVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pattern.h"

struct ui;

struct sieve {
	struct pattern pattern;
	uint8_t *answer;        /* by alert: of state s, bit s: it was tried, bit 4 + s: it is in */
	uint32_t n;             /* alerts that have a place there */
	uint64_t n_tried;       /* how often the pattern was */
	bool is_masked;         /* the lines were, when it was */
};

void sieve_done(struct sieve *s);
/* Has the pattern tried anew: other alerts have those numbers now, or other lines. */
void sieve_forget(struct sieve *s);
/* Before alerts below n are asked for; false: out of memory. */
bool sieve_reserve(struct sieve *s, uint32_t n);
bool sieve_is_in(struct ui *u, struct sieve *s, uint32_t alert);

#endif
