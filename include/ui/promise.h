/* promise.h - the alerts that came, held against those that the model's budget promised.
 *
 * Promised: budget x users at risk a day x days gone, of each budget (model_promised_day()), so
 * this is a measure for a look, not the proof of `evaluate`. A live run adds it up as it goes, by
 * the model and the users of each time; alerts from before the first promise do not count.
 */
#ifndef UI_PROMISE_H
#define UI_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

struct model;
struct parts;
struct ui;

#define PROMISE_TOO_MANY 2.0    /* times the promise: CONTRACT's upper bound, "Proof" */
#define PROMISE_LEAST 5.0       /* promised alerts below which nothing is called too many */

struct promise {
	double day;                     /* promised alerts a day */
	double kud;     /* the budget of interest; where that does not speak, the first of others */
	double so_far;                  /* promised since the first event */
	bool is_broken;
};

/* What there was. */
struct promise_log {
	int64_t span_ms;
	uint32_t n_users, n_alerts;
};

/* False: nothing is promised, as by a provisional model, or nothing has passed. */
bool promise_of(const struct model *m, const struct promise_log *l, struct promise *ret);
/* A part of the status line: "12 alerts, 10 promised so far (1.2 a day)". */
void promise_add(const struct ui *u, struct parts *p, unsigned rank);

#endif
