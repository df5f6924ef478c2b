/* backend.h - where the detector's states live and its arithmetic runs: a table of functions.
 *
 * A backend knows slots and rows, nothing of users, files or screens. All backends give the same
 * bits (detect/formula.h). "cpu" is linked in; others are modules found at run time (module.h),
 * exporting `backend_module`. Owner: one thread per open backend.
 */
#ifndef DETECT_BACKEND_H
#define DETECT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/learned.h"
#include "detect/mixture.h"
#include "model/channel.h"

struct err;
struct model;
struct backend;

#define BACKEND_ABI 3u

/* What all users share, as the channels want it. */
struct rules {
	unsigned channels;              /* mask of those that are kept and speak */
	struct mixture_rule mixture;
	struct learned_rule learned;
};

/* All states of a slot; those of channels that do not speak mean nothing. */
struct slot_state {
	struct mixture mixture;
	struct learned learned;
};

/* Consecutive rows of one slot; a slot has at most one run in a step. */
struct run_of {
	uint32_t slot, first, n;        /* rows first .. first + n - 1 */
	uint32_t quiet_n;               /* nothing is reported while its counts <= quiet_n */
	bool closes;                    /* its session is over: has no rows */
};

/* Reported at the end of an instant or a session: a new record high of a channel, or an alarm, at
 * which its run stops.
 */
struct verdict {
	uint32_t run;
	uint8_t channel;
	float score;
};

enum step_mode {
	STEP_ALARMS,            /* reports alarms */
	STEP_RECORDS,           /* reports record highs, and lets no alarm stop a run */
	STEP_QUIET              /* reports nothing */
};

/* Runs, and the rows that they speak of. */
struct runs {
	const struct row *row;
	const struct run_of *run;
	uint32_t n_runs;
	enum step_mode mode;
};

/* int: 0, or a negative errno with the reason. A step or save that fails leaves the states unknown.
 */
struct backend_ops {
	unsigned abi;
	const char *name;
	int (*open)(struct backend *b, const struct rules *r, struct err *e);
	/* Room for slots 0..n-1, new ones reset; -ENOMEM: what was there before still is. */
	int (*reserve)(struct backend *b, uint32_t n_slots, struct err *e);
	int (*load)(struct backend *b, const uint32_t *slot, uint32_t n,
		const struct slot_state *from, struct err *e);
	/* In the order of runs, at most one verdict a row, one a run that closes. */
	int (*step)(struct backend *b, const struct runs *s, struct verdict *ret, uint32_t *ret_n,
		struct err *e);
	int (*save)(const struct backend *b, const uint32_t *slot, uint32_t n,
		struct slot_state *to, struct err *e);
	/* The device, for a person. */
	void (*describe)(const struct backend *b, char *ret, size_t cap);
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	const struct rules *rules;              /* borrowed */
	void *priv;
	void *module;                           /* dlopen handle; NULL for linked-in ones */
};

/* A score that was just read: keeps its high, and says whether there is something to report. */
static inline HD bool backend_judge(float score, float threshold, float *best, enum step_mode mode)
{
	bool high = score > *best, alarm = score >= threshold;
	if (mode == STEP_QUIET)
		return false;
	*best = high ? score : *best;
	return mode == STEP_RECORDS ? high : alarm;
}

extern const struct backend_ops backend_cpu;

void rules_init(struct rules *r, const struct model *m);
void slot_state_reset(struct slot_state *s);

/* name: "cpu", "cuda", or "auto" (NULL too): the best that opens. -ENOENT, -EPROTO (other ABI) with
 * the reason. ret_notice (may be NULL) gets why "auto" did not take a better one whose module is
 * installed, or "". A device that is lost later is an error of the step if it was named, else the
 * CPU goes on from the same states (resident.h).
 */
int backend_open(struct backend *b, const char *name, const struct rules *r, char *ret_notice,
	size_t notice_cap, struct err *e);
/* That one or the reason; nobody insists on it: where it is lost later the CPU goes on. */
int backend_try(struct backend *b, const char *name, const struct rules *r, struct err *e);
void backend_close(struct backend *b);
const char *backend_name(const struct backend *b);      /* of the one that works now */
const char *backend_lost(const struct backend *b);      /* why a device was given up, or NULL */

#endif
