/* load.h - whole files (or a pipe) to batches of events, in parallel, in order.
 *
 * Worker threads take blocks cut at row starts, parse them, and hand the batches to one sink in the
 * order of the files; the sink runs on the calling thread. Files are not mapped: memory is a few
 * blocks a thread. "-" is standard input.
 */
#ifndef INGEST_LOAD_H
#define INGEST_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"

struct err;
struct zone;

struct load_options {
	const char *const *path;        /* n_paths of them */
	uint32_t n_paths;
	const char *format, *columns;   /* as for format_choose(), for each file anew */
	const struct zone *zone;
	unsigned threads;               /* parser threads, at least 1 */
	uint32_t keep_rejects;          /* rows kept for looking at, in all */
	int64_t until_ms;               /* events after it are left out; INT64_MAX: none */
	void (*said)(void *ctx, const char *line);      /* what was guessed; NULL: nobody asks */
	void *said_ctx;
};

/* Written by the loading thread, read by anybody, any time. */
struct load_progress {
	_Atomic uint64_t bytes, bytes_total;    /* total 0: not known (a pipe) */
	_Atomic uint64_t rows, events, rejected;
	atomic_bool stop;                       /* set it to end the load with -ECANCELED */
};

struct load_result {
	uint64_t rows, events;
	uint64_t rejected[REJECT_N];
	struct reject_row *reject;      /* owned: load_result_done() */
	uint32_t n_reject;
	uint32_t unusable;              /* files without one usable row */
	char why[512];                  /* for the first of those: its name and the reasons */
	char cut[512];                  /* of the last compressed file that ends early; or "" */
};

/* Takes ownership of the batch, whatever it returns; a negative code ends the load. */
typedef int load_sink(void *ctx, struct batch *b, struct err *e);

/* 0, or a negative errno: a file that cannot be opened or read ends the load and is named. A file
 * without a usable row does not: it is counted in ret->unusable.
 */
int load_files(struct ids *ids, const struct load_options *o, struct load_progress *p,
	load_sink *sink, void *ctx, struct load_result *ret, struct err *e);
void load_result_done(struct load_result *r);
/* "3 of 20 rows unusable: no time 2, missing user 1": the commonest first. */
void load_reasons(const uint64_t rejected[REJECT_N], uint64_t rows, char *buf, size_t n);

#endif
