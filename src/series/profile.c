#include "series/profile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

_Static_assert(sizeof(struct profile) <= 448, "with struct mixture, 1 KiB a user");

#define SESSION_MASK 0xffffu
#define COUNT_SHIFT 16
#define COUNT_MAX 0xffffu       /* a category is counted once a session, so this is years */

void profile_init(struct profile *p)
{
	*p = (struct profile){ .risk_ms = INT64_MAX, .quiet_n = PROFILE_WARM_UP };
}

void profile_done(struct profile *p)
{
	mem_free(p->seen);
	profile_init(p);
}

void profile_reset(struct profile *p)
{
	uint32_t *seen = p->seen, cap = p->cap_seen;
	profile_init(p);
	p->seen = seen;
	p->cap_seen = cap;
}

/* Index of a category among those seen, or n_seen. Newest first: interest is sticky. */
static uint32_t find(const struct profile *p, uint32_t category)
{
	for (uint32_t i = p->n_seen; i-- > 0; )
		if (p->seen[i] == category)
			return i;
	return p->n_seen;
}

static bool grow(struct profile *p)
{
	uint32_t cap = p->cap_seen < 8 ? 8 : p->cap_seen + p->cap_seen / 2;
	uint32_t *seen = mem_resize(p->seen, 2 * (size_t)cap, sizeof *seen);
	if (!seen)
		return false;
	memmove(seen + cap, seen + p->cap_seen, p->n_seen * sizeof *seen);
	p->seen = seen;
	p->cap_seen = cap;
	return true;
}

static void next_session(struct profile *p)
{
	if (p->session == SESSION_MASK) {
		uint32_t *mark = p->seen + p->cap_seen;
		for (uint32_t i = 0; i < p->n_seen; i++)
			mark[i] &= ~SESSION_MASK;
		p->session = 0;
	}
	p->session++;
}

static void remember_time(struct profile *p, int64_t time_ms)
{
	uint16_t *t = p->time[p->n % PROFILE_RECENT];
	for (int i = 0; i < 3; i++)
		t[i] = (uint16_t)((uint64_t)time_ms >> 16 * i);
}

/* Counts a category unless this session has; false when memory is out. */
static bool count_category(struct profile *p, int64_t time_ms, uint32_t category, struct count *ret,
	int *n_counts)
{
	uint32_t i = find(p, category);
	if (i == p->n_seen) {
		if (i == p->cap_seen && !grow(p))
			return false;
		p->seen[i] = category;
		p->seen[p->cap_seen + i] = 0;
		p->n_seen++;
	}
	uint32_t *mark = p->seen + p->cap_seen + i, count = *mark >> COUNT_SHIFT;
	if ((*mark & SESSION_MASK) == p->session)
		return true;
	ret[(*n_counts)++] = (struct count){ .category = category, .before = count };
	*mark = (count < COUNT_MAX ? count + 1 : COUNT_MAX) << COUNT_SHIFT | p->session;
	remember_time(p, time_ms);
	p->n++;
	if (p->n == p->quiet_n)
		p->risk_ms = time_ms;
	return true;
}

int profile_push(struct profile *p, int64_t time_ms, const uint32_t *category, uint32_t n,
	int64_t gap_ms, struct count *ret)
{
	int n_counts = 0;
	if (p->session == 0 || time_ms - p->last_ms > gap_ms)
		next_session(p);
	p->last_ms = time_ms;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && category[i] == category[i - 1])
			continue;
		if (!count_category(p, time_ms, category[i], ret, &n_counts))
			return -ENOMEM;
	}
	if (n_counts > 0)
		ret[n_counts - 1].flags |= COUNT_LAST;
	return n_counts;
}

uint32_t profile_count(const struct profile *p, uint32_t category)
{
	uint32_t i = find(p, category);
	return i < p->n_seen ? p->seen[p->cap_seen + i] >> COUNT_SHIFT : 0;
}

int64_t profile_time_ms(const struct profile *p, uint32_t i)
{
	const uint16_t *t = p->time[i % PROFILE_RECENT];
	return (int64_t)((uint64_t)t[2] << 48 | (uint64_t)t[1] << 32 | (uint64_t)t[0] << 16) >> 16;
}

/* Forgets all counts, and the categories that the current session has not counted. */
static void forget(struct profile *p)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < p->n_seen; i++) {
		uint32_t mark = p->seen[p->cap_seen + i] & SESSION_MASK;
		if (mark != p->session)
			continue;
		p->seen[kept] = p->seen[i];
		p->seen[p->cap_seen + kept++] = mark;
	}
	p->n_seen = kept;
}

void profile_restart(struct profile *p, const uint32_t *category, uint32_t keep, uint32_t warm_up,
	struct count *ret)
{
	int64_t time_ms[PROFILE_RECENT];
	for (uint32_t i = 0; i < keep; i++)
		time_ms[i] = profile_time_ms(p, p->n - keep + i);
	forget(p);
	p->n = 0;
	p->quiet_n = keep + warm_up;
	p->risk_ms = INT64_MAX;
	for (uint32_t i = 0; i < keep; i++) {
		uint32_t at = find(p, category[i]);
		if (at == p->n_seen) {
			p->seen[p->n_seen] = category[i];
			p->seen[p->cap_seen + p->n_seen++] = 0;
		}
		uint32_t *mark = p->seen + p->cap_seen + at;
		ret[i] = (struct count){ .category = category[i], .before = *mark >> COUNT_SHIFT };
		*mark += 1u << COUNT_SHIFT;
		ret[i].flags |= i + 1 == keep || time_ms[i + 1] != time_ms[i] ? COUNT_LAST : 0;
		remember_time(p, time_ms[i]);
		p->n++;
	}
}
