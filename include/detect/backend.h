/* backend.h - where the detector's states live and its arithmetic runs: a table of functions.
 *
 * A backend knows slots and counts, nothing of users, files or screens. All backends give the same
 * bits (detect/formula.h). "cpu" is linked in; others are modules found at run time in the
 * package's library folder (or $VEER_MODULE_DIR), named backend_NAME.so, exporting
 * `backend_module`. Owner: one thread per open backend.
 */
#ifndef DETECT_BACKEND_H
#define DETECT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/mixture.h"

struct err;
struct backend;

#define BACKEND_ABI 1u

/* Consecutive counts of one slot; a slot has at most one run in a step. */
struct run_of {
	uint32_t slot, first, n;        /* counts first .. first + n - 1 */
	uint32_t quiet_n;               /* nothing is reported while its n <= quiet_n */
};

/* Reported at the end of an instant: a new record high, or an alarm, at which its run stops. */
struct verdict {
	uint32_t run;
	uint32_t at;                    /* index of the count that completed it */
	uint32_t age;                   /* counts since the likeliest change, it included (alarms
		 * only) */
	bool alarm;
	float score, log_m;
};

struct backend_ops {
	unsigned abi;
	const char *name;
	int (*open)(struct backend *b, const struct mixture_rule *rule, struct err *e);
	/* Room for slots 0..n-1, new ones reset. */
	int (*reserve)(struct backend *b, uint32_t n_slots, struct err *e);
	void (*load)(struct backend *b, uint32_t slot, const struct mixture *from);
	/* records: report record highs too, and let alarms not stop their run. At most one verdict
	 * a count; returns how many.
	 */
	uint32_t (*step)(struct backend *b, const struct count *c, const struct run_of *run,
		uint32_t n_runs,
		bool records, struct verdict *ret);
	void (*save)(const struct backend *b, uint32_t slot, struct mixture *to);
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	const struct mixture_rule *rule;        /* borrowed */
	void *priv;
	void *module;                           /* dlopen handle; NULL for linked-in ones */
};

extern const struct backend_ops backend_cpu;

/* name: "cpu", "cuda", or "auto" (NULL too): the best that opens. -ENOENT, -EPROTO (other ABI) with
 * the reason. ret_notice (may be NULL) gets why "auto" did not take a better one, or "".
 */
int backend_open(struct backend *b, const char *name, const struct mixture_rule *rule,
	char *ret_notice,
	size_t notice_cap, struct err *e);
void backend_close(struct backend *b);

#endif
