#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const int64_t windows[] = { 30 * MINUTE, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 28 * DAY,
	91 * DAY, 364 * DAY };
#define N_WINDOWS (sizeof windows / sizeof *windows)

/* From the largest; a span is told in the first unit of which it has `least`. */
static const struct {
	int64_t unit, least;
	const char *name;
} units[] = {
	{ 364 * DAY, 364 * DAY, "y" },
	{ 7 * DAY, 28 * DAY, "w" },
	{ DAY, 47 * HOUR, "d" },
	{ HOUR, 100 * MINUTE, "h" },
	{ MINUTE, MINUTE, " min" },
	{ SECOND, SECOND, "s" },
	{ 1, 0, "ms" },
};

const char *words_count(uint64_t n, char *buf)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), i;
	char *to = buf;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = 0;
	return buf;
}

const char *words_figure(double x, char *buf)
{
	if (fabs(x) < 99.5)
		snprintf(buf, WORDS_MAX, "%.2g", x);
	else if (fabs(x) < 1e15)
		words_count((uint64_t)llround(fabs(x)), x < 0 ? strcpy(buf, "-") + 1 : buf);
	else
		snprintf(buf, WORDS_MAX, "%.2g", x);
	return buf;
}

const char *words_bytes(uint64_t n, char *buf)
{
	static const char *const unit[] = { "B", "KB", "MB", "GB", "TB" };
	double value = (double)n;
	unsigned i = 0;

	for (; value >= 1000 && i + 1 < sizeof unit / sizeof *unit; i++)
		value /= 1024;
	snprintf(buf, WORDS_MAX, "%.*f %s", i && value < 9.95, value, unit[i]);
	return buf;
}

const char *words_short(double x, char *buf)
{
	static const char unit[] = " kMGTP";
	unsigned i = 0;

	/* Beyond 999.5 three figures are 1000. */
	for (; fabs(x) >= 999.5 && i + 2 < sizeof unit; i++)
		x /= 1000;
	snprintf(buf, WORDS_MAX, "%.3g%.*s", x, i > 0, unit + i);
	return buf;
}

const char *words_span(int64_t ms, char *buf)
{
	size_t i = 0;
	double value;

	if (ms < 0)
		ms = 0;
	while (ms < units[i].least)
		i++;
	value = round((double)ms / (double)units[i].unit * 10) / 10;
	if (value >= 10)
		value = round(value);
	snprintf(buf, WORDS_MAX, "%.*f%s", value != floor(value), value, units[i].name);
	return buf;
}

const char *words_speed(double factor, char *buf)
{
	char whole[WORDS_MAX];

	if (!(factor > 0))
		snprintf(buf, WORDS_MAX, "max");
	else if (factor < 10 && factor != floor(factor))
		snprintf(buf, WORDS_MAX, "x%.1f", factor);
	else
		snprintf(buf, WORDS_MAX, "x%s",
			words_count((uint64_t)fmin(round(factor), 1e15), whole));
	return buf;
}

int64_t words_window_within(int64_t ms)
{
	size_t i = N_WINDOWS - 1;

	while (i > 0 && windows[i] > ms)
		i--;
	return windows[i];
}

int64_t words_window_around(int64_t ms)
{
	size_t i = 0;

	while (i + 1 < N_WINDOWS && windows[i] < ms)
		i++;
	return windows[i];
}
