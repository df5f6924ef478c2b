/* run.h - files to alerts, whole: load, fit unless a model is given, detect, store.
 *
 * What `detect`, `replay` and `user FILE` share. Runs on the calling thread and workers of its own.
 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"
#include "detect/level.h"
#include "ingest/load.h"
#include "learn/fit.h"
#include "model/model.h"

struct err;
struct event;
struct forecast_fit_options;
struct forecast_report;
struct history;
struct step;
struct store;
struct train_options;
struct train_report;

enum run_stage { RUN_LOAD, RUN_SORT, RUN_FIT, RUN_DETECT, RUN_STORE, RUN_DONE };

struct run_options {
	struct load_options load;
	const char *model;              /* file; NULL: fit one on the log */
	/* amount 0: the model's own, or the default */
	struct budget budget, volume_budget, forecast_budget;
	float epsilon;                  /* threshold of channel forecast; 0: by the budget */
	int64_t gap_ms;                 /* session gap; 0: fitted */
	unsigned channels;              /* mask of those to fit; 0: the default */
	const char *backend;            /* NULL: auto */
	size_t memory_bytes;            /* for events, before spilling; 0: no limit */
	int64_t until_ms;               /* horizon; INT64_MAX: the end of the input */
	bool skip_detect;               /* load and fit only: `user`, `train`, `--scores` */
	enum level_law law;             /* format series: of the values, when given */
	bool law_given;
	float level_threshold;          /* nats; 0: the default */
	const struct step *step;        /* of the evidence stored; NULL: days in the load's zone */
	bool keeps;                     /* see fit_options, as what follows */
	const struct train_options *train;
	struct train_report *ret_train;
	const struct forecast_fit_options *forecast;
	struct forecast_report *ret_forecast;
};

struct run_progress {                   /* written by the run, read by anybody */
	struct load_progress load;
	_Atomic int stage;              /* enum run_stage */
	_Atomic uint32_t percent;       /* of the stage, from RUN_SORT on */
};

/* Zero it first; ids made before the run are used. run_done() frees a half-made one too. */
struct run {
	struct ids ids;
	struct history *history;
	struct model model;
	struct alert *alert;            /* sorted */
	uint32_t n_alerts;
	float *highs;                   /* see fit_options; NULL when the model was given */
	struct load_result load;
	char backend[16];               /* that detected; "" before */
	char notice[288];               /* why it was not a better one, or "" */
	char note[256];                 /* for stderr: unverified budget, too few users..., or "" */
};

/* 0 also when no row was usable: then r->load.why says so, and the model is the default one, or the
 * one given.
 */
int run_files(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e);
/* The first part of it alone: ids, load and the history are set; and the second: the model is. */
int run_load(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e);
int run_fit(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e);
/* The third: the alerts are, of a history with events. */
int run_detect(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e);
void run_done(struct run *r);
/* A user's events with time <= upto_ms, oldest first; the caller frees them with mem_free(). */
int run_user(const struct run *r, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e);
/* The store that a run over files may add to: none of a live run (-EEXIST), none in use (-EBUSY).
 */
struct store *run_open_store(const char *path, struct err *e);
/* Model, alerts, evidence and rejects, in transactions of a few thousand rows; repeating it adds
 * nothing. Evidence is the interest a step in the categories from and to and the user's three
 * largest, from 8 steps before the onset to 8 after the alert. -ECANCELED: p->load.stop was set.
 */
int run_store(const struct run *r, struct store *s, const struct run_options *o,
	struct run_progress *p, struct err *e);

#endif
