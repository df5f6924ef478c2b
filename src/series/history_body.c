#include "series/history.h"

#include <errno.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

/* The newest times of all, the oldest of them on top (a binary heap). */
struct newest {
	int64_t *ms;
	uint64_t n, cap;
};

static void sift_down(struct newest *h, uint64_t at)
{
	for (uint64_t child; (child = 2 * at + 1) < h->n; at = child) {
		child += child + 1 < h->n && h->ms[child + 1] < h->ms[child];
		if (h->ms[at] <= h->ms[child])
			return;
		int64_t swap = h->ms[at];
		h->ms[at] = h->ms[child];
		h->ms[child] = swap;
	}
}

static void sift_up(struct newest *h, uint64_t at)
{
	for (uint64_t up; at > 0 && h->ms[at] < h->ms[up = (at - 1) / 2]; at = up) {
		int64_t swap = h->ms[at];
		h->ms[at] = h->ms[up];
		h->ms[up] = swap;
	}
}

/* False: it is older than all that are kept. */
static bool keep(struct newest *h, int64_t ms)
{
	if (h->n < h->cap) {
		h->ms[h->n] = ms;
		sift_up(h, h->n++);
		return true;
	}
	if (ms <= h->ms[0])
		return false;
	h->ms[0] = ms;
	sift_down(h, 0);
	return true;
}

/* Of one end of the log, turned round for the oldest: the newest time that is not stray. */
static int find_end(const struct history *h, bool oldest, int64_t *ret_ms, struct err *e)
{
	int64_t first_ms, last_ms;
	struct newest newest = { .cap = history_n_events(h) / 1000 + 1 };
	history_range(h, &first_ms, &last_ms);
	*ret_ms = oldest ? first_ms : last_ms;
	if (!(newest.ms = mem_get(newest.cap, sizeof *newest.ms)))
		return err_set(e, -ENOMEM, "could not find the end of the log: out of memory");
	for (uint32_t user = 0; user < history_n_users(h); user++) {
		struct user_events u;
		history_user(h, user, &u);
		for (uint32_t i = 0; i < u.n; i++)
			if (!keep(&newest, oldest ? -u.time_ms[i] : u.time_ms[u.n - 1 - i]))
				break;
	}
	if (newest.n > 0) {
		int64_t body_ms = oldest ? -newest.ms[0] : newest.ms[0];
		int64_t rest_ms = oldest ? last_ms - body_ms : body_ms - first_ms;
		if (last_ms - first_ms - rest_ms > rest_ms / 10)
			*ret_ms = body_ms;
	}
	mem_free(newest.ms);
	return 0;
}

int history_body_end(const struct history *h, int64_t *ret_ms, struct err *e)
{
	return find_end(h, false, ret_ms, e);
}

int history_body_start(const struct history *h, int64_t *ret_ms, struct err *e)
{
	return find_end(h, true, ret_ms, e);
}
