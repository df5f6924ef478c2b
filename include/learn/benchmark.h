/* benchmark.h - a log with known answers out of one without: some users spliced, some shams.
 *
 * As tools/splice.py makes it: of the users with enough events 30 % change, each towards a donor
 * who then leaves the log (no event is used twice), 10 % become shams, the rest stay as they are;
 * half of all are dev, half test, by the hash of id and seed. A function of content and seed.
 */
#ifndef LEARN_BENCHMARK_H
#define LEARN_BENCHMARK_H

#include <stddef.h>
#include <stdint.h>

#include "learn/answer.h"
#include "learn/splice.h"

struct err;
struct history;

struct benchmark_options {
	uint64_t seed;
	enum splice_kind kind;          /* of those that change */
	double rate_tolerance;          /* as in struct splice_plan */
	double changed, sham;           /* shares of the eligible */
	uint32_t min_events;            /* before the change and after it; 0: 10 */
};
#define BENCHMARK_OPTIONS { .kind = SPLICE_WHOLE, .changed = .3, .sham = .1 }

struct benchmark {
	struct answers answers;
	struct splice *splice;          /* one a user that stays, in the order of the answers */
};

/* How histories are made: as for history_new() and history_seal(). */
struct benchmark_room {
	size_t memory_bytes;
	unsigned threads;
};

/* -ENODATA: no user could be spliced. */
int benchmark_make(struct benchmark *b, const struct splice_source *s,
	const struct benchmark_options *o, struct err *e);
void benchmark_done(struct benchmark *b);

/* The spliced log, sealed; NULL on failure. */
struct history *benchmark_history(const struct benchmark *b, const struct splice_source *s,
	const struct benchmark_room *room, struct err *e);
/* Of a log with answers, the dev users alone, those that change only up to their change: what may
 * be fitted on.
 */
struct history *benchmark_dev(const struct answers *a, const struct splice_source *s,
	const struct benchmark_room *room, struct err *e);
/* A log as csv (timestamp,user,item,category,behaviour), by time, then user. */
int benchmark_write(struct history *h, const struct ids *ids, const char *path, struct err *e);

/* Jensen-Shannon divergence, in bits, of the categories of two lists, which it sorts. NaN: one is
 * empty.
 */
double benchmark_divergence(uint32_t *a, uint32_t na, uint32_t *b, uint32_t nb);

#endif
