#include "ui/when.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* One or two digits up to max; the place behind them, or NULL. */
static const char *small_number(const char *s, int max, int *ret)
{
	int n = 0, i;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (i = 0; i < 2 && isdigit((unsigned char)*s); i++)
		n = n * 10 + (*s++ - '0');
	*ret = n;
	return n <= max ? s : NULL;
}

static bool time_of_day(const char *s, int64_t *ret_ms)
{
	int part[3] = { 0, 0, 0 }, i;

	for (i = 0; i < 3; i++) {
		s = small_number(s, i ? 59 : 23, &part[i]);
		if (!s || (*s && *s != ':'))
			return false;
		if (!*s)
			break;
		s++;
	}
	*ret_ms = ((part[0] * 60 + part[1]) * 60 + part[2]) * INT64_C(1000);
	return i == 1 || i == 2;
}

/* Midnight of the day in the zone, as if its wall clock were UTC. */
static int64_t local_day(int64_t now_ms, const struct zone *z)
{
	int64_t local = now_ms + zone_offset_s(z, now_ms) * INT64_C(1000);
	int64_t into = local % DAY_MS;

	return local - (into < 0 ? into + DAY_MS : into);
}

static int year_of(int64_t ms, const struct zone *z)
{
	char year[8];

	return atoi(time_show(ms, z, "%Y", year, sizeof year));
}

/* "11-30 08:00", as screens show it. */
static bool without_year(const char *s, int64_t now_ms, const struct zone *z, int64_t *ret_ms)
{
	int year = year_of(now_ms, z), i;
	bool is_found = false;
	char text[80];
	int64_t ms;

	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]) || s[2] != '-')
		return false;
	for (i = -1; i <= 1; i++) {
		int n = snprintf(text, sizeof text, "%04d-%s", year + i, s);

		if (!time_parse(text, (size_t)n, z, &ms)
		    || (is_found && llabs(ms - now_ms) >= llabs(*ret_ms - now_ms)))
			continue;
		*ret_ms = ms;
		is_found = true;
	}
	return is_found;
}

bool when_parse(const char *s, int64_t now_ms, const struct zone *z, int64_t *ret_ms)
{
	char text[64];
	int64_t ms;
	size_t n;

	while (*s == ' ')
		s++;
	for (n = strlen(s); n && s[n - 1] == ' '; n--)
		;
	if (!n || n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	if (*text == '-' || *text == '+') {
		if (!isdigit((unsigned char)text[1]) || !span_parse(text + 1, &ms))
			return false;
		*ret_ms = *text == '-' ? now_ms - ms : now_ms + ms;
		return true;
	}
	if (time_of_day(text, &ms)) {
		*ret_ms = zone_to_utc_ms(z, local_day(now_ms, z) + ms);
		return true;
	}
	return without_year(text, now_ms, z, ret_ms) || time_parse(text, n, z, ret_ms);
}
