/* moments.h - when something happened in a log, for a clock that steps from one moment to the next.
 *
 * Of a history in memory here; a twin (twin.h) has those of a store.
 */
#ifndef ENGINE_MOMENTS_H
#define ENGINE_MOMENTS_H

#include <stdint.h>

struct err;
struct history;

struct moments_around {
	int64_t before_ms, after_ms;    /* before_ms <= t_ms < after_ms; INT64_MIN, INT64_MAX:
		 * there is none */
};

struct moments {
	/* The nearest ones of a user's events, or of anybody's (DICT_NONE). -EINVAL: no such user.
	 */
	int (*around)(const struct moments *m, uint32_t user, int64_t t_ms,
		struct moments_around *ret, struct err *e);
	int64_t first_ms, last_ms;
	int64_t body_first_ms, body_last_ms;    /* without stray times at the ends */
};

/* A thousandth of the events at an end is stray when it takes up more than a tenth of the rest,
 * which is from low_ms to high_ms.
 */
void moments_find_body(struct moments *m, int64_t low_ms, int64_t high_ms);

struct log_moments {
	struct moments m;               /* first: it is cast to the whole */
	const struct history *history;
};

/* history: ordered, with an event at least; borrowed. */
void log_moments_init(struct log_moments *l, const struct history *history);

#endif
