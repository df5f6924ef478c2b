/* profile.h - what is kept for one user beside the detector's state: the session, and counts.
 *
 * Detection looks at rows: one an item a session, and one more where a category is new in the
 * session (then the row is a count: DESIGN, "Session"). A session ends when the gap between two of
 * the user's events exceeds gap_ms. profile_push() turns the events of one instant into rows, each
 * with what the detector needs to know of the past: N(c), counts of its category, and R(c), rows of
 * it. An item is known again within its session among the newest 32. 128 bytes and 8 bytes a
 * category a user; memory is taken only when a user's categories outgrow their block.
 * Owner: the detect thread of the user's shard.
 */
#ifndef SERIES_PROFILE_H
#define SERIES_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#define PROFILE_WARM_UP 10      /* counts before a user is at risk (CONTRACT, "At risk") */
#define PROFILE_ITEMS 32        /* of the session, known again */
#define PROFILE_CATEGORIES (1u << 24)
#define PROFILE_PLACES 0xffffu  /* categories with a place of their own; others share the last */

/* What happened in an instant, as detection sees it. */
struct sight {
	uint32_t category, item;
	uint16_t tag;           /* 16 bits of the item's hash */
	uint8_t behaviour;      /* ingest/event.h */
};

struct former;

#define ROW_COUNT 1u            /* its category is new in the session */
#define ROW_LAST 2u             /* last row of its instant */
#define ROW_OPENS 4u            /* first row of its session */

struct row {
	int64_t time_ms;
	uint32_t category, item;
	uint16_t tag, place;    /* place: of the category among the user's, until a restart */
	uint16_t flags;         /* ROW_... */
	uint32_t before;        /* N(c): the user's counts of the category before this row */
	uint32_t rows;          /* R(c): rows */
	float pi, pi_item;      /* pi(c), pi(i | c), filled in by whoever holds the model */
};

struct profile {
	int64_t last_ms;                /* of the newest event */
	int64_t risk_ms;                /* since when at risk; INT64_MAX while learning */
	uint32_t *seen; /* cap of (category | session << 24), cap of (rows << 16 | counts) */
	struct former *former;          /* before the last alert; NULL: none, or back. Owned */
	uint32_t n_seen, cap_seen;
	uint32_t n;                     /* counts since the start or the last restart */
	uint32_t quiet_n;               /* no alert while n <= quiet_n (warm-up) */
	uint8_t session;                /* its number, 1..255; 0 before the first event */
	uint8_t fold;                   /* of the model; set by whoever holds it */
	bool open;                      /* the session has not been closed yet */
	uint8_t n_tags;                 /* of items in the session, modulo 256 */
	uint16_t tag[PROFILE_ITEMS];    /* ring of the newest */
} __attribute__((aligned(64)));

void profile_init(struct profile *p);
void profile_done(struct profile *p);
void profile_reset(struct profile *p);          /* as new; keeps the block of categories */

/* Whether an event at this time is of another session than the one before: that one must be closed
 * first. An open session whose last event is more than the gap ago is over.
 */
static inline bool profile_is_over(const struct profile *p, int64_t time_ms, int64_t gap_ms)
{
	return p->open && time_ms - p->last_ms > gap_ms;
}
static inline void profile_close(struct profile *p)
{
	p->open = false;
}

/* The events of one instant, in the order of CONTRACT; none but counted behaviours may be passed.
 * Writes at most n rows to ret; returns how many, or negative when memory is out.
 */
int profile_push(struct profile *p, int64_t time_ms, const struct sight *s, uint32_t n,
	struct row *ret);
uint32_t profile_count(const struct profile *p, uint32_t category);     /* N(c) now */

static inline uint32_t profile_category(const struct profile *p, uint32_t place)
{
	return p->seen[place] & (PROFILE_CATEGORIES - 1);
}
static inline uint32_t profile_count_at(const struct profile *p, uint32_t place)
{
	return p->seen[p->cap_seen + place] & 0xffff;
}

/* After an alert: the profile learns anew from rows that are kept, oldest first, whose category,
 * tag, time and flags are set; the session goes on. Sets their other fields, so that they can be
 * fed to the detector's fresh state. No alert until warm_up counts more than those kept.
 */
void profile_restart(struct profile *p, struct row *kept, uint32_t n, uint32_t warm_up);

#endif
