/* forecast.h - channel `forecast`: the interest forecast for a user leaves what it used to be.
 *
 * When a step closes, the model's forecaster tells the interest of the next one from the last
 * steps; the score is |forecast - smoothed history| in units of the user's own forecast error. Both
 * averages are exponential, with weights that count from the start, so that few steps make no bias;
 * the error is drawn towards that of all users. Interest a step: views, carts, favourites and buys,
 * weighted 1 3 2 5 (series/step.h), each counted to 255 at most, so that order cannot matter.
 *
 * Steps without events are zeros. After FORECAST_STEPS of them the window holds nothing else: the
 * user sleeps, averages and all, until the next event, and what is forecast then is of a user who
 * did not come for long. So time may pass in any portions, and a silent year costs what a month
 * does.
 *
 * An alarm's time is the close of the step that completed it; its onset the start of the step since
 * which the forecast has been on the same side of the history. Then the history starts anew from
 * the steps since the onset, and the user learns warm_up steps with events before the next alarm.
 * No memory of its own; 192 bytes a user. Any one thread.
 */
#ifndef DETECT_FORECAST_H
#define DETECT_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/finding.h"
#include "model/forecast_model.h"

struct step;

#define FORECAST_STEPS FORECASTER_STEPS
#define FORECAST_COUNTS 4               /* OBSERVED_VIEWS ... OBSERVED_BUYS */

struct forecast {
	uint8_t count[FORECAST_STEPS][FORECAST_COUNTS]; /* ring of closed steps, newest at head */
	int64_t open_ms;        /* start of the open step; INT64_MIN: none, asleep or new */
	int64_t since_ms;       /* onset, if it were to alarm at the next close */
	int64_t risk_ms;        /* at risk since; INT64_MAX: not */
	float level, level_weight;      /* sums of discounted interest, and of the discounts */
	float error, error_weight;      /* the same of |error| */
	float predicted;        /* of the open step; negative: nothing was */
	float best;             /* highest score reported as a record */
	uint32_t learn;         /* steps with events to go before at risk */
	uint8_t open[FORECAST_COUNTS];  /* of the open step */
	uint8_t head, quiet;    /* quiet: steps without events since the last with some */
	bool seen;              /* the open step has an event */
	int8_t side;            /* of the forecast at the last close: 1 above the history, -1, 0 */
} __attribute__((aligned(64)));

/* A model as the arithmetic wants it. Read-only, shared by all users. step is borrowed, and of a
 * fixed span.
 */
struct forecast_rule {
	const struct forecast_model *m;
	const struct step *step;
	float keep_level, keep_error;   /* what an average keeps of itself a step */
	float threshold;
	bool records;           /* report record highs instead of alarms, and never start anew */
	/* In the place of the model's forecaster, when set: interest of the step at f->open_ms. */
	float (*predict)(void *ctx, const struct forecast *f, const struct forecast_rule *r);
	void *ctx;
};

/* Or a record: then only time_ms, score and what explains it are of use. */
struct forecast_alarm {
	int64_t time_ms, onset_ms;
	int64_t risk_ms;        /* the user had been at risk since */
	enum direction direction;       /* up or down */
	float score;
	float level, predicted;         /* interest a day, smoothed and forecast */
};

void forecast_rule_init(struct forecast_rule *r, const struct forecast_model *m,
	const struct step *s);
void forecast_reset(struct forecast *f, const struct forecast_rule *r);

/* One more event of a behaviour (ingest/event.h) in counts of one instant or more. */
void forecast_count(uint8_t count[FORECAST_COUNTS], uint8_t behaviour);
/* What happened at a time. Times do not fall; before each, forecast_advance() to it must have
 * returned false.
 */
void forecast_see(struct forecast *f, const struct forecast_rule *r, int64_t time_ms,
	const uint8_t count[FORECAST_COUNTS]);
/* Closes the steps that end at or before now_ms: true with the first alarm, or the next record;
 * call again until false.
 */
bool forecast_advance(struct forecast *f, const struct forecast_rule *r, int64_t now_ms,
	struct forecast_alarm *ret);

/* The newest n closed steps, cleaned, oldest first; n <= FORECAST_STEPS. */
void forecast_window(const struct forecast *f, const struct forecast_rule *r, uint32_t n,
	struct observation *ret);
/* Smoothed history and error of a user, interest a step. */
float forecast_level(const struct forecast *f);
float forecast_error(const struct forecast *f, const struct forecast_rule *r);

#endif
