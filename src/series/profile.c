#include "series/profile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

_Static_assert(sizeof(struct profile) == 128, "with the default channel's state, 1 KiB a user");

#define CATEGORY_MASK (PROFILE_CATEGORIES - 1)
#define SESSION_SHIFT 24
#define SESSION_MAX 255u
#define ROWS_SHIFT 16
#define COUNT_MAX 0xffffu       /* a category is counted once a session, so this is years */

void profile_init(struct profile *p)
{
	*p = (struct profile){ .risk_ms = INT64_MAX, .quiet_n = PROFILE_WARM_UP };
}

void profile_done(struct profile *p)
{
	mem_free(p->seen);
	mem_free(p->former);
	profile_init(p);
}

void profile_reset(struct profile *p)
{
	uint32_t *seen = p->seen, cap = p->cap_seen;
	mem_free(p->former);
	profile_init(p);
	p->seen = seen;
	p->cap_seen = cap;
}

/* Index of a category among those seen, or n_seen. Newest first: interest is sticky. */
static uint32_t find(const struct profile *p, uint32_t category)
{
	for (uint32_t i = p->n_seen; i-- > 0; )
		if (profile_category(p, i) == category)
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

/* Place of a category, a new one when it is new; n_seen stays when memory is out. */
static uint32_t place_of(struct profile *p, uint32_t category)
{
	uint32_t i = find(p, category);
	if (i < p->n_seen || (i == p->cap_seen && !grow(p)))
		return i;
	p->seen[i] = category;
	p->seen[p->cap_seen + i] = 0;
	p->n_seen++;
	return i;
}

static void next_session(struct profile *p)
{
	if (p->session == SESSION_MAX) {
		for (uint32_t i = 0; i < p->n_seen; i++)
			p->seen[i] &= CATEGORY_MASK;
		p->session = 0;
	}
	p->session++;
	p->open = true;
	p->n_tags = 0;
}

/* Whether the item is among the newest of the session; else it is now. */
static bool meet_item(struct profile *p, uint16_t tag)
{
	uint32_t n = p->n_tags < PROFILE_ITEMS ? p->n_tags : PROFILE_ITEMS;
	for (uint32_t i = 0; i < n; i++)
		if (p->tag[i] == tag)
			return true;
	p->tag[p->n_tags % PROFILE_ITEMS] = tag;
	p->n_tags = p->n_tags == UINT8_MAX ? PROFILE_ITEMS * 7 : (uint8_t)(p->n_tags + 1);
	return false;
}

static void count(struct profile *p, int64_t time_ms)
{
	p->n++;
	if (p->n == p->quiet_n)
		p->risk_ms = time_ms;
}

/* Adds a row of the category at a place, and tells it of the past. */
static void add_row(struct profile *p, uint32_t place, struct row *r)
{
	uint32_t *mark = &p->seen[p->cap_seen + place];
	uint32_t counts = *mark & COUNT_MAX, rows = *mark >> ROWS_SHIFT;
	r->before = counts;
	r->rows = rows;
	r->place = (uint16_t)(place < PROFILE_PLACES ? place : PROFILE_PLACES);
	if (r->flags & ROW_COUNT) {
		counts = counts < COUNT_MAX ? counts + 1 : COUNT_MAX;
		count(p, r->time_ms);
	}
	*mark = (rows < COUNT_MAX ? rows + 1 : COUNT_MAX) << ROWS_SHIFT | counts;
}

int profile_push(struct profile *p, int64_t time_ms, const struct sight *s, uint32_t n,
	struct row *ret)
{
	int n_rows = 0;
	uint16_t opens = p->open ? 0 : ROW_OPENS;
	if (!p->open)
		next_session(p);
	p->last_ms = time_ms;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = place_of(p, s[i].category);
		if (place == p->n_seen)
			return -ENOMEM;
		bool counted = p->seen[place] >> SESSION_SHIFT == p->session;
		if (meet_item(p, s[i].tag) && counted)
			continue;
		p->seen[place] = s[i].category | (uint32_t)p->session << SESSION_SHIFT;
		struct row *r = &ret[n_rows++];
		*r = (struct row){ .time_ms = time_ms, .category = s[i].category, .item = s[i].item,
			.tag = s[i].tag, .flags = (uint16_t)(opens | (counted ? 0 : ROW_COUNT)) };
		add_row(p, place, r);
		opens = 0;
	}
	if (n_rows > 0)
		ret[n_rows - 1].flags |= ROW_LAST;
	return n_rows;
}

uint32_t profile_count(const struct profile *p, uint32_t category)
{
	uint32_t i = find(p, category);
	return i < p->n_seen ? profile_count_at(p, i) : 0;
}

/* Forgets all counts, and the categories that the current session has not counted. */
static void forget(struct profile *p)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < p->n_seen; i++)
		if (p->seen[i] >> SESSION_SHIFT == p->session)
			p->seen[kept++] = p->seen[i];
	p->n_seen = kept;
	memset(p->seen + p->cap_seen, 0, p->cap_seen * sizeof *p->seen);
}

void profile_restart(struct profile *p, struct row *kept, uint32_t n, uint32_t warm_up)
{
	forget(p);
	p->n = 0;
	p->quiet_n = UINT32_MAX;
	p->risk_ms = INT64_MAX;
	for (uint32_t i = 0; i < n; i++)
		add_row(p, place_of(p, kept[i].category), &kept[i]);    /* had a place before */
	p->quiet_n = p->n + warm_up;
}
