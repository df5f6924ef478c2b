/* visits.h - for tests of channel volume: a user's sessions, run through it, and what it said. */
#ifndef TESTS_VISITS_H
#define TESTS_VISITS_H

#include <stdint.h>

#include "detect/volume.h"

#define HOUR_MS 3600000LL
#define DAY (24 * HOUR_MS)
#define MONDAY 1483315200000LL          /* 2017-01-02T00:00Z */
#define ALARMS_MAX 256
#define SESSIONS_MAX 20000

/* When a user came: in order. */
struct visits {
	uint32_t n;
	int64_t ms[SESSIONS_MAX];
};

struct alarms {
	uint32_t n;
	struct volume_alarm a[ALARMS_MAX];
};

static inline void keep_alarm(struct alarms *ret, const struct volume_alarm *a)
{
	if (ret->n < ALARMS_MAX)
		ret->a[ret->n++] = *a;
}

/* Time passes in portions of `portion_ms`; 0: only when there is a session, and at the end. */
static inline struct volume run_visits(struct alarms *ret, const struct volume_rule *r,
	const struct visits *v,
	int64_t portion_ms, int64_t end_ms)
{
	struct volume x;
	struct volume_alarm a;
	volume_reset(&x, r);
	*ret = (struct alarms){0};
	int64_t now = MONDAY;
	for (uint32_t i = 0; i <= v->n; i++) {
		int64_t at = i < v->n ? v->ms[i] : end_ms;
		for (; portion_ms > 0 && now + portion_ms < at; now += portion_ms)
			while (volume_advance(&x, r, now, &a))
				keep_alarm(ret, &a);
		while (volume_advance(&x, r, at, &a))
			keep_alarm(ret, &a);
		if (i < v->n && volume_session(&x, r, at, &a))
			keep_alarm(ret, &a);
	}
	return x;
}

#endif
