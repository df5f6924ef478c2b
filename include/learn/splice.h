/* splice.h - changes of interest with known answers, made out of real histories.
 *
 * A splice is a recipe of 48 bytes: until at_ms a user's own events, from then on those that its
 * kind says. Choosing one and making its events are apart, so that thousands can be chosen and made
 * one at a time, on any thread, and be forgotten. Everything hangs on content and seed alone: users
 * stand in the order of the hash of their ids, and each draws from a stream of its own.
 * t* lies between the quantiles lo and hi of the user's events, where time moves (tools/splice.py).
 */
#ifndef LEARN_SPLICE_H
#define LEARN_SPLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/chance.h"
#include "series/columns.h"
#include "series/history.h"

struct err;
struct ids;
struct relabel;

#define SPLICE_GAP_MS (30 * 60000)      /* parts the sessions of a partial splice */
#define SPLICE_RATE 1.5                 /* a donor of like rate: within this factor */
#define SPLICE_OWN_MIN 5u               /* fewer own events after t*: a sham draws from all */

enum splice_kind {
	SPLICE_NULL,            /* the user untouched */
	SPLICE_WHOLE,           /* the donor's events from t* on, at their own times */
	SPLICE_PARTIAL,         /* each session from t* on, the donor's and the own, stays or not */
	SPLICE_RELABEL,         /* own events, categories and items renamed: learn/relabel.h */
	SPLICE_SHAM,            /* no change: the donor's times, own events drawn at random */
	SPLICE_N
};
extern const char *const splice_kind_name[SPLICE_N];

/* Where events come from; read-only once made, any thread. relabel: for SPLICE_RELABEL only. */
struct splice_source {
	const struct history *h;
	const struct ids *ids;
	const struct relabel *relabel;
	int64_t last_ms;        /* of the whole log: rates after t* are counted up to it */
};

struct splice {
	uint64_t seed;          /* of what its making draws */
	int64_t at_ms;          /* t*; no event before it is changed */
	uint32_t user, donor;   /* donor: the user itself, or DICT_NONE, where there is none */
	uint32_t n_pre;         /* own events before t* */
	uint32_t donor_from;    /* the donor's first event from t* on */
	double rate_ratio;      /* donor's events a day after t* to own before */
	enum splice_kind kind;
};

struct splice_plan {
	const uint32_t *user;   /* to choose from, in splice_order(); donors too */
	uint32_t n_users;
	uint64_t seed;
	enum splice_kind kind;
	uint32_t min_pre, min_post;
	double lo, hi;          /* quantiles of the user's events between which t* lies */
	double rate_tolerance;  /* 0: any donor; else within this factor of the own rate */
	uint32_t n_each;        /* splice_choose_all(): splices a user */
};
#define SPLICE_PLAN { .min_pre = 10, .min_post = 10, .lo = .3, .hi = .7, .n_each = 1 }

/* Scratch of one thread; zero it first. */
struct splice_room {
	struct event_room event;
	struct columns col;
	uint32_t cap;
};

void splice_source_init(struct splice_source *s, const struct history *h, const struct ids *ids,
	const struct relabel *relabel);
/* Sorts users by the hash of their ids. */
int splice_order(uint32_t *user, uint32_t n, const struct ids *ids, struct err *e);
uint64_t splice_hash(const struct ids *ids, uint32_t user);

/* Choosing, in parts: t*, which fills ret but for the donor; and whether a donor fits it. */
bool splice_time(const struct splice_plan *p, const struct splice_source *s, uint32_t user,
	struct chance *c, struct splice *ret);
bool splice_take_donor(const struct splice_plan *p, const struct splice_source *s, uint32_t donor,
	struct splice *ret);
/* The k-th splice of p->user[i], donors used any number of times; false: none fits. */
bool splice_choose(const struct splice_plan *p, const struct splice_source *s, uint32_t i,
	uint32_t k, struct splice *ret);
/* n_each of every user, in their order, where they fit; the caller frees with mem_free(). */
int splice_choose_all(const struct splice_plan *p, const struct splice_source *s,
	struct splice **ret, uint32_t *ret_n, struct err *e);

/* The user's events, in the order of CONTRACT; they lie in the history or in the room. */
int splice_events(const struct splice *x, const struct splice_source *s, struct splice_room *room,
	struct user_events *ret, struct err *e);
void splice_room_done(struct splice_room *room);

/* The first event of a user at or after a time. */
uint32_t splice_first_from(const struct user_events *u, int64_t at_ms);
/* Whether a partial splice keeps a session: the k-th from t* on, of the donor or the own. */
bool splice_keeps(const struct splice *x, bool of_donor, uint32_t k);

#endif
