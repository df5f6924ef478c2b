#include "base/zone.h"

#include <string.h>

#include "base/calendar.h"

/* A time taken apart. */
struct parts {
	struct date date;
	int32_t weekday, hour, minute, second, milli;
};

static void take_apart(int64_t ms, struct parts *p)
{
	ms = ms < TIME_FIRST_MS ? TIME_FIRST_MS : ms > TIME_LAST_MS ? TIME_LAST_MS : ms;
	int32_t days = (int32_t)floor_div(ms, DAY_MS), of_day = (int32_t)(ms - days * DAY_MS);

	p->date = date_of_days(days);
	p->weekday = weekday(days);
	p->milli = of_day % 1000;
	p->second = of_day / 1000 % 60;
	p->minute = of_day / 60000 % 60;
	p->hour = of_day / 3600000;
}

/* v in so many digits */
static char *put(char *to, int32_t v, int digits)
{
	for (int i = digits; i--; v /= 10)
		to[i] = (char)('0' + v % 10);
	return to + digits;
}

static char *put_mark(char *to, char mark)
{
	*to = mark;
	return to + 1;
}

const char *time_iso(int64_t utc_ms, char *buf)
{
	struct parts p;

	take_apart(utc_ms, &p);
	char *to = put_mark(put(buf, p.date.year, 4), '-');
	to = put_mark(put(to, p.date.month, 2), '-');
	to = put_mark(put(to, p.date.day, 2), 'T');
	to = put_mark(put(to, p.hour, 2), ':');
	to = put_mark(put(to, p.minute, 2), ':');
	to = put_mark(put(to, p.second, 2), '.');
	to = put_mark(put(to, p.milli, 3), 'Z');
	*to = '\0';
	return buf;
}

/* Writes what one letter of a format stands for; returns its bytes, 0 for an unknown letter. */
static size_t show_part(char *to, const struct parts *p, char letter)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const struct {
		char letter;
		int8_t digits;
		int32_t value;
		const char *name;       /* instead of digits */
	} table[] = {
		{'Y', 4, p->date.year, NULL}, {'m', 2, p->date.month, NULL},
		{'d', 2, p->date.day, NULL}, {'H', 2, p->hour, NULL},
		{'M', 2, p->minute, NULL}, {'S', 2, p->second, NULL},
		{'a', 3, 0, days + 3 * p->weekday}, {'b', 3, 0, months + 3 * (p->date.month - 1)},
		{'%', 1, 0, "%"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].letter != letter)
			continue;
		if (table[i].name)
			memcpy(to, table[i].name, (size_t)table[i].digits);
		else
			put(to, table[i].value, table[i].digits);
		return (size_t)table[i].digits;
	}
	return 0;
}

const char *time_show(int64_t utc_ms, const struct zone *z, const char *format, char *buf, size_t n)
{
	struct parts p;
	char one[4];
	size_t used = 0;

	take_apart(utc_ms + (int64_t)zone_offset_s(z, utc_ms) * 1000, &p);
	while (*format) {
		size_t more = *format == '%' ? show_part(one, &p, format[1]) : 0;
		format += more ? 2 : 1;
		if (!more)
			one[more++] = format[-1];
		if (more >= n - used)
			break;
		memcpy(buf + used, one, more);
		used += more;
	}
	buf[used] = '\0';
	return buf;
}
