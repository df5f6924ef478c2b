#include "engine/moments.h"

#include <errno.h>

#include "base/dict.h"
#include "base/err.h"
#include "series/history.h"

void moments_find_body(struct moments *m, int64_t low_ms, int64_t high_ms)
{
	int64_t tenth = (high_ms - low_ms) / 10;

	m->body_first_ms = low_ms - m->first_ms > tenth ? low_ms : m->first_ms;
	m->body_last_ms = m->last_ms - high_ms > tenth ? high_ms : m->last_ms;
}

static int64_t nth_time(const struct history *h, uint64_t k)
{
	uint32_t user, i;
	struct user_events u;

	history_nth(h, k, &user, &i);
	history_user(h, user, &u);
	return u.time_ms[i];
}

/* How many of the user's events have time <= t_ms. */
static uint32_t user_rank(const struct user_events *u, int64_t t_ms)
{
	uint32_t low = 0, high = u->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (u->time_ms[middle] <= t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int around(const struct moments *m, uint32_t user, int64_t t_ms, struct moments_around *ret,
	struct err *e)
{
	const struct history *h = ((const struct log_moments *)m)->history;
	struct user_events u;
	uint64_t rank;

	*ret = (struct moments_around){ INT64_MIN, INT64_MAX };
	if (user == DICT_NONE) {
		rank = history_rank(h, t_ms);
		if (rank > 0)
			ret->before_ms = nth_time(h, rank - 1);
		if (rank < history_n_events(h))
			ret->after_ms = nth_time(h, rank);
		return 0;
	}
	if (user >= history_n_users(h))
		return err_set(e, -EINVAL, "there is no such user");
	history_user(h, user, &u);
	rank = user_rank(&u, t_ms);
	if (rank > 0)
		ret->before_ms = u.time_ms[rank - 1];
	if (rank < u.n)
		ret->after_ms = u.time_ms[rank];
	return 0;
}

void log_moments_init(struct log_moments *l, const struct history *history)
{
	uint64_t n = history_n_events(history), stray = n / 1000;

	*l = (struct log_moments){ .m.around = around, .history = history };
	history_range(history, &l->m.first_ms, &l->m.last_ms);
	moments_find_body(&l->m, nth_time(history, stray), nth_time(history, n - 1 - stray));
}
