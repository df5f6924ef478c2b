/* step.h - steps (wall-clock buckets in a zone) and the interest score of what falls into one.
 *
 * I = sum of w(behaviour) x count over a user's events in a category and step; or the plain count,
 * click-through rate (carts and favourites a view), conversion rate (buys a view), or amount (price
 * x quantity; a missing quantity is 1, returns subtract). Rates keep numerator and denominator
 * apart.
 */
#ifndef SERIES_STEP_H
#define SERIES_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/event.h"

struct err;
struct zone;

enum score_kind { SCORE_INTEREST, SCORE_COUNT, SCORE_CTR, SCORE_CONVERSION, SCORE_AMOUNT, SCORE_N };

extern const char *const score_name[SCORE_N];   /* "interest" "count" "ctr" "conversion" "amount" */

struct score_sum {
	double num, den;        /* den is 0 and unused but for rates */
};

bool score_parse(const char *word, enum score_kind *ret);
void score_add(struct score_sum *s, enum score_kind kind, enum behaviour b, float price,
	float quantity);
double score_value(const struct score_sum *s, enum score_kind kind);    /* a rate of 0/0 is 0 */

/* Steps: "hour", "day", "week" (Monday), or a span such as 15m counted from midnight of
 * 1970-01-01 in the zone.
 */
struct step {
	int64_t span_ms;
	int64_t phase_ms;       /* of the first step boundary, for weeks */
	const struct zone *zone;
};

int step_init(struct step *s, const char *spec, const struct zone *z, struct err *e);
int64_t step_start_ms(const struct step *s, int64_t utc_ms);    /* UTC time its step began */
int64_t step_next_ms(const struct step *s, int64_t start_ms);   /* the next step's start */

#endif
