/* backend.h - where the detector's states live and its arithmetic runs: a table of functions.
 *
 * A backend knows slots and rows, nothing of users, files or screens. All backends give the same
 * bits (detect/formula.h). "cpu" is linked in; others are modules found at run time in the
 * package's library folder (or $VEER_MODULE_DIR), named backend_NAME.so, exporting
 * `backend_module`. Owner: one thread per open backend.
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

#define BACKEND_ABI 2u

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

struct backend_ops {
	unsigned abi;
	const char *name;
	int (*open)(struct backend *b, const struct rules *r, struct err *e);
	/* Room for slots 0..n-1, new ones reset. */
	int (*reserve)(struct backend *b, uint32_t n_slots, struct err *e);
	void (*load)(struct backend *b, uint32_t slot, const struct slot_state *from);
	/* At most one verdict a row, one a run that closes, and returns how many. */
	uint32_t (*step)(struct backend *b, const struct row *row, const struct run_of *run,
		uint32_t n_runs, enum step_mode mode, struct verdict *ret);
	void (*save)(const struct backend *b, uint32_t slot, struct slot_state *to);
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	const struct rules *rules;              /* borrowed */
	void *priv;
	void *module;                           /* dlopen handle; NULL for linked-in ones */
};

extern const struct backend_ops backend_cpu;

void rules_init(struct rules *r, const struct model *m);
void slot_state_reset(struct slot_state *s);

/* name: "cpu", "cuda", or "auto" (NULL too): the best that opens. -ENOENT, -EPROTO (other ABI) with
 * the reason. ret_notice (may be NULL) gets why "auto" did not take a better one, or "".
 */
int backend_open(struct backend *b, const char *name, const struct rules *r, char *ret_notice,
	size_t notice_cap, struct err *e);
void backend_close(struct backend *b);

#endif
