/* sample.h - the users that slow fits look at: enough of them, chosen by what they are called.
 *
 * By the hash of the id, so that the choice does not depend on files,
 * threads or dictionary numbers.
 */
#ifndef LEARN_SAMPLE_H
#define LEARN_SAMPLE_H

#include <stdint.h>

struct err;
struct history;
struct ids;

struct sample {
	uint32_t *user;
	uint32_t n;
	uint32_t n_eligible;    /* users with enough events, chosen or not */
};

/* About `want` of the users with at least min_events events. */
int sample_users(struct sample *s, const struct history *h, const struct ids *ids, uint32_t want,
	uint32_t min_events, struct err *e);
void sample_done(struct sample *s);

#endif
