#include "model/feature_parts.h"

#include <math.h>

#include "base/calendar.h"

#define TURN 6.28318530717958647692
#define WEEK_MS (7 * DAY_MS)
#define MONDAY_MS (3 * DAY_MS)  /* 1970-01-01 was a Thursday */
#define SEASONS 3u              /* whose shape is taken */
#define LEVEL_PART 7u           /* of one, whose sum is its level: of a week, a day */
#define EWMA_SPANS 3u           /* beyond them lie .25 % of the weight, which goes to the rest */

static const struct observation *ago(const struct feature_window *w, uint32_t steps)
{
	return w->newest - steps;
}

static float value_ago(const struct feature_window *w, uint32_t steps)
{
	return ago(w, steps)->at[OBSERVED_VALUE];
}

static double sum(const struct feature_window *w, enum observed what, uint32_t k)
{
	double s = 0;
	for (uint32_t i = k; i-- > 0; )
		s += (double)ago(w, i)->at[what];
	return s;
}

static float lag(const struct feature_window *w, uint32_t k)
{
	return value_ago(w, k - 1);
}

static float diff(const struct feature_window *w, uint32_t k)
{
	return value_ago(w, k - 1) - value_ago(w, k);
}

static float mean(const struct feature_window *w, uint32_t k)
{
	return (float)(sum(w, OBSERVED_VALUE, k) / k);
}

/* Weights alpha (1 - alpha)^i over a window, made to sum to 1: the same from any window. */
static float ewma(const struct feature_window *w, uint32_t k)
{
	double keep = 1 - 2.0 / (k + 1), top = 0, weights = 0;
	for (uint32_t i = EWMA_SPANS * k; i-- > 0; ) {
		top = top * keep + (double)value_ago(w, i);
		weights = weights * keep + 1;
	}
	return (float)(top / weights);
}

/* Around the mean of the same k steps. */
static float deviation(const struct feature_window *w, uint32_t k)
{
	double middle = sum(w, OBSERVED_VALUE, k) / k, s = 0;
	for (uint32_t i = k; i-- > 0; ) {
		double off = (double)value_ago(w, i) - middle;
		s += off * off;
	}
	return (float)sqrt(s / k);
}

/* Of a part of a turn, 0 <= part < 1; a polynomial, as a libm differs in the last bit. */
static double sine(double part)
{
	double q = part < .25 ? part : part < .75 ? .5 - part : part - 1, x = q * TURN, s = 0;
	for (int i = 19; i > 1; i -= 2)
		s = (s + 1) * (-x * x / (i * (i - 1)));
	return x * (s + 1);
}

static double part_of(int64_t ms, int64_t span_ms)
{
	return (double)(ms - floor_div(ms, span_ms) * span_ms) / (double)span_ms;
}

static float wave(double part, uint32_t harmonic, double ahead)
{
	double turns = part * harmonic + ahead;
	return (float)sine(turns - floor(turns));
}

static double of_year(int64_t local_ms)
{
	int32_t days = (int32_t)floor_div(local_ms, DAY_MS);
	struct date d = date_of_days(days);
	int32_t first = date_to_days(d.year, 1, 1);
	double n_days = 365 + is_leap(d.year);
	return ((days - first) + part_of(local_ms, DAY_MS)) / n_days;
}

static float hour_sin(const struct feature_window *w, uint32_t k)
{
	return wave(part_of(w->target_local_ms, DAY_MS), k, 0);
}

static float hour_cos(const struct feature_window *w, uint32_t k)
{
	return wave(part_of(w->target_local_ms, DAY_MS), k, .25);
}

static float day_sin(const struct feature_window *w, uint32_t k)
{
	return wave(part_of(w->target_local_ms + MONDAY_MS, WEEK_MS), k, 0);
}

static float day_cos(const struct feature_window *w, uint32_t k)
{
	return wave(part_of(w->target_local_ms + MONDAY_MS, WEEK_MS), k, .25);
}

static float week_sin(const struct feature_window *w, uint32_t k)
{
	return wave(of_year(w->target_local_ms), k, 0);
}

static float week_cos(const struct feature_window *w, uint32_t k)
{
	return wave(of_year(w->target_local_ms), k, .25);
}

static float views(const struct feature_window *w, uint32_t k)
{
	return (float)sum(w, OBSERVED_VIEWS, k);
}

static float carts(const struct feature_window *w, uint32_t k)
{
	return (float)sum(w, OBSERVED_CARTS, k);
}

static float favourites(const struct feature_window *w, uint32_t k)
{
	return (float)sum(w, OBSERVED_FAVOURITES, k);
}

static float buys(const struct feature_window *w, uint32_t k)
{
	return (float)sum(w, OBSERVED_BUYS, k);
}

static float rate(double of, double to)
{
	return to > 0 ? (float)(of / to) : 0;
}

static float ctr(const struct feature_window *w, uint32_t k)
{
	return rate(sum(w, OBSERVED_CARTS, k) + sum(w, OBSERVED_FAVOURITES, k),
		sum(w, OBSERVED_VIEWS, k));
}

static float conversion(const struct feature_window *w, uint32_t k)
{
	return rate(sum(w, OBSERVED_BUYS, k), sum(w, OBSERVED_VIEWS, k));
}

static bool is_quiet(const struct observation *o)
{
	for (int i = 0; i < OBSERVED_N; i++)
		if (o->at[i] != 0)
			return false;
	return true;
}

static float quiet(const struct feature_window *w, uint32_t k)
{
	uint32_t i = 0;
	while (i < k && is_quiet(ago(w, i)))
		i++;
	return (float)i;
}

/* The price so many steps ago, filled as far as the window shows what is around it. */
static float price_ago(const struct feature_window *w, uint32_t steps)
{
	uint32_t before = steps, after = steps;
	if (!isnan(ago(w, steps)->price))
		return ago(w, steps)->price;
	if (w->set->fill != FILL_LINE)
		return w->set->fill == FILL_MEAN ? w->set->price_mean : w->set->price_median;
	while (before < w->set->n_steps && isnan(ago(w, before)->price))
		before++;
	while (after > 0 && isnan(ago(w, after)->price))
		after--;
	bool has_before = before < w->set->n_steps, has_after = !isnan(ago(w, after)->price);
	if (!has_before || !has_after)
		return has_before ? ago(w, before)->price :
			has_after ? ago(w, after)->price : w->set->price_median;
	float part = (float)(before - steps) / (float)(before - after);
	return ago(w, before)->price + part * (ago(w, after)->price - ago(w, before)->price);
}

static float price(const struct feature_window *w, uint32_t k)
{
	return price_ago(w, k - 1);
}

static float price_diff(const struct feature_window *w, uint32_t k)
{
	return price_ago(w, k - 1) - price_ago(w, k);
}

/* How far behind the newest step is the one that lies whole seasons before that forecast. */
static uint32_t season_ago(const struct feature_window *w, uint32_t k)
{
	return k - 1 - (w->set->horizon - 1) % k;
}

static float season(const struct feature_window *w, uint32_t k)
{
	return value_ago(w, season_ago(w, k));
}

/* Of a level that a season multiplies: the shape of the last seasons, at the level of now. */
static float swing(const struct feature_window *w, uint32_t k)
{
	uint32_t n = (k + LEVEL_PART - 1) / LEVEL_PART;
	double now = sum(w, OBSERVED_VALUE, n), then = 0, same = 0;
	for (uint32_t s = 0; s < SEASONS; s++) {
		same += (double)value_ago(w, season_ago(w, k) + s * k);
		for (uint32_t i = 0; i < n; i++)
			then += (double)value_ago(w, (s + 1) * k + i);
	}
	return (float)(then > 0 ? same * now / then : same / SEASONS);
}

#define MOST FEATURE_STEPS_MAX

/* Times of day, week and year are waves: a sine and a cosine are two columns where one-hot takes
 * 24, 7 or 53, midnight is next to 23:00, and no columns sum to the intercept. Sharper shapes take
 * the harmonics 2, 3, ...
 */
const struct feature_kind feature_kinds[] = {
	{ "lag", "the value, 1 being the newest step", lag, MOST, 1, 0 },
	{ "diff", "the value less the one a step before it", diff, MOST - 1, 1, 1 },
	{ "mean", "mean value of the last K steps", mean, MOST, 1, 0 },
	{ "ewma", "average with weights 1 - 2 / (K + 1) a step", ewma, MOST / EWMA_SPANS,
		EWMA_SPANS, 0 },
	{ "deviation", "standard deviation of the last K values", deviation, MOST, 1, 0 },
	{ "hour_sin", "time of day of the step forecast, K waves a day", hour_sin, 12, 0, 1 },
	{ "hour_cos", "the same, a quarter of a wave ahead", hour_cos, 12, 0, 1 },
	{ "day_sin", "day of the week, K waves a week", day_sin, 3, 0, 1 },
	{ "day_cos", "the same, a quarter of a wave ahead", day_cos, 3, 0, 1 },
	{ "week_sin", "week of the year, K waves a year", week_sin, 26, 0, 1 },
	{ "week_cos", "the same, a quarter of a wave ahead", week_cos, 26, 0, 1 },
	{ "views", "views in the last K steps", views, MOST, 1, 0 },
	{ "carts", "carts in the last K steps", carts, MOST, 1, 0 },
	{ "favourites", "favourites in the last K steps", favourites, MOST, 1, 0 },
	{ "buys", "buys in the last K steps", buys, MOST, 1, 0 },
	{ "ctr", "carts and favourites a view in the last K steps", ctr, MOST, 1, 0 },
	{ "conversion", "buys a view in the last K steps", conversion, MOST, 1, 0 },
	{ "quiet", "steps since the last event, at most K", quiet, MOST, 1, 0 },
	{ "price", "the price, 1 being the newest step", price, MOST, 1, 0 },
	{ "price_diff", "the price less the one a step before it", price_diff, MOST - 1, 1, 1 },
	{ "season", "the last value known whole K steps before the one forecast", season,
		MOST, 1, 0 },
	{ "swing", "mean of three such, times level now / level then", swing,
		MOST / (SEASONS + 1), SEASONS + 1, 0 },
	{ .name = NULL }
};
