/* outlook.h - what the model's forecaster expects of one user: steps past, steps to come.
 *
 * The first step to come is the open one, and what is expected of it is what channel forecast
 * holds (detect/forecast.h). Those after it are told one from the other: an expected step stands in
 * the window like a past one, its kinds of events mixed as in the window. How far off a forecast so
 * many steps ahead is, is the mean |error| of those made at the user's last steps, drawn to that of
 * all users as the channel's own is. Any thread.
 */
#ifndef DETECT_OUTLOOK_H
#define DETECT_OUTLOOK_H

#include <stdint.h>

#include "detect/forecast.h"

struct err;
struct event;
struct model;

#define OUTLOOK_AHEAD 7u

struct outlook {
	int64_t open_ms, span_ms;       /* start of the open step, ahead[0]; span of a step */
	uint32_t n_past, n_ahead;       /* 0: nobody is forecast, or the user sleeps */
	float past[FORECAST_STEPS];     /* interest of closed steps, oldest first */
	float ahead[OUTLOOK_AHEAD], off[OUTLOOK_AHEAD];
	float level;                    /* smoothed history */
};

/* From a user's events, oldest first, as of now_ms. Nothing is forecast where channel forecast of
 * the model does not speak. -ENOMEM.
 */
int outlook_make(struct outlook *o, const struct model *m, const struct event *ev, uint32_t n,
	int64_t now_ms, struct err *e);

#endif
