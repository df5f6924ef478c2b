#include "series/step.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/zone.h"

#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS (24 * HOUR_MS)

const char *const score_name[SCORE_N] = {
	[SCORE_INTEREST] = "interest",
	[SCORE_COUNT] = "count",
	[SCORE_CTR] = "ctr",
	[SCORE_CONVERSION] = "conversion",
	[SCORE_AMOUNT] = "amount",
};

/* What one event of each behaviour adds to numerator and denominator. Of amounts, the sign. */
struct weight {
	int8_t num, den;
};

static const struct weight weight[SCORE_N][BEHAVIOUR_N] = {
	[SCORE_INTEREST] = {
		[BEHAVIOUR_VIEW] = { 1, 0 }, [BEHAVIOUR_FAVOURITE] = { 2, 0 },
		[BEHAVIOUR_CART] = { 3, 0 }, [BEHAVIOUR_BUY] = { 5, 0 },
	},
	[SCORE_COUNT] = {
		[BEHAVIOUR_VIEW] = { 1, 0 }, [BEHAVIOUR_FAVOURITE] = { 1, 0 },
		[BEHAVIOUR_CART] = { 1, 0 }, [BEHAVIOUR_BUY] = { 1, 0 },
		[BEHAVIOUR_OTHER] = { 1, 0 },
	},
	[SCORE_CTR] = {
		[BEHAVIOUR_VIEW] = { 0, 1 }, [BEHAVIOUR_FAVOURITE] = { 1, 0 },
		[BEHAVIOUR_CART] = { 1, 0 },
	},
	[SCORE_CONVERSION] = {
		[BEHAVIOUR_VIEW] = { 0, 1 }, [BEHAVIOUR_BUY] = { 1, 0 },
	},
	[SCORE_AMOUNT] = {
		[BEHAVIOUR_BUY] = { 1, 0 }, [BEHAVIOUR_RETURN] = { -1, 0 },
	},
};

bool score_parse(const char *word, enum score_kind *ret)
{
	for (int i = 0; i < SCORE_N; i++)
		if (!strcmp(word, score_name[i])) {
			*ret = i;
			return true;
		}
	return false;
}

/* Logs write a return's numbers with either sign; the behaviour alone says which way it goes. */
static double amount(float price, float quantity)
{
	return isnan(price) ? 0 : fabs((double)price * (isnan(quantity) ? 1 : (double)quantity));
}

void score_add(struct score_sum *s, enum score_kind kind, enum behaviour b, float price,
	float quantity)
{
	const struct weight *w = &weight[kind][b];

	s->num += kind == SCORE_AMOUNT ? w->num * amount(price, quantity) : w->num;
	s->den += w->den;
}

double score_value(const struct score_sum *s, enum score_kind kind)
{
	if (kind != SCORE_CTR && kind != SCORE_CONVERSION)
		return s->num;
	return s->den > 0 ? s->num / s->den : 0;
}

struct named_step {
	const char *name;
	int64_t span_ms, phase_ms;
};

static const struct named_step named_steps[] = {
	{ "hour", HOUR_MS, 0 },
	{ "day", DAY_MS, 0 },
	{ "week", 7 * DAY_MS, 4 * DAY_MS },     /* 1970-01-05 is a Monday */
};

int step_init(struct step *s, const char *spec, const struct zone *z, struct err *e)
{
	*s = (struct step){ .zone = z };
	for (size_t i = 0; i < sizeof(named_steps) / sizeof(*named_steps); i++)
		if (!strcmp(spec, named_steps[i].name)) {
			s->span_ms = named_steps[i].span_ms;
			s->phase_ms = named_steps[i].phase_ms;
			return 0;
		}
	if (span_parse(spec, &s->span_ms) && s->span_ms > 0)
		return 0;
	return err_set(e, -EINVAL,
		"\"%s\" is no step: expected hour, day, week, or a span such as 15m", spec);
}

static int64_t offset_ms(const struct step *s, int64_t utc_ms)
{
	return zone_offset_s(s->zone, utc_ms) * INT64_C(1000);
}

/* The wall-clock time, as if it were UTC, at which the step of a wall-clock time begins. */
static int64_t floor_local(const struct step *s, int64_t local_ms)
{
	int64_t since = local_ms - s->phase_ms;
	int64_t into = since % s->span_ms;

	return local_ms - into - (into < 0 ? s->span_ms : 0);
}

/* The first moment in (before, t] whose step begins at wall clock `begin`: the clocks changed. */
static int64_t find_change(const struct step *s, int64_t before, int64_t t, int64_t begin)
{
	while (t - before > 1) {
		int64_t middle = before + (t - before) / 2;

		if (floor_local(s, middle + offset_ms(s, middle)) == begin)
			t = middle;
		else
			before = middle;
	}
	return t;
}

int64_t step_start_ms(const struct step *s, int64_t utc_ms)
{
	int64_t offset = offset_ms(s, utc_ms);
	int64_t begin = floor_local(s, utc_ms + offset);
	int64_t start = begin - offset;

	if (offset_ms(s, start) == offset)
		return start;
	start = zone_to_utc_ms(s->zone, begin);
	return start <= utc_ms ? start : find_change(s, utc_ms - s->span_ms, utc_ms, begin);
}

/* A step in which the clocks go back is longer than its span; if they go on, it is shorter. */
int64_t step_next_ms(const struct step *s, int64_t start_ms)
{
	int64_t next = step_start_ms(s, start_ms + s->span_ms);
	int64_t local = start_ms + offset_ms(s, start_ms);

	if (next > start_ms)
		return next;
	return zone_to_utc_ms(s->zone, floor_local(s, local) + s->span_ms);
}
