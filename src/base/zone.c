#include "base/zone.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/zonefile.h"

#define SECONDS_DIGITS 11               /* more digits are milliseconds */
#define NUMBER_DIGITS 18                /* no overflow */
#define FRACTION_DIGITS 9

/* What is left of a text. */
struct cursor {
	const char *at, *end;
};

static bool digit(const struct cursor *c, unsigned *ret)
{
	return c->at < c->end && (*ret = (unsigned)(unsigned char)*c->at - '0') < 10;
}

static bool eat(struct cursor *c, char what)
{
	if (c->at == c->end || *c->at != what)
		return false;
	c->at++;
	return true;
}

/* Exactly two digits, at most max. */
static bool two(struct cursor *c, int32_t max, int32_t *ret)
{
	if (c->end - c->at < 2)
		return false;
	unsigned tens = (unsigned)(unsigned char)c->at[0] - '0';
	unsigned ones = (unsigned)(unsigned char)c->at[1] - '0';
	*ret = (int32_t)(tens * 10 + ones);
	c->at += 2;
	return tens < 10 && ones < 10 && *ret <= max;
}

/* A fraction after its point, in thousandths; what is finer is dropped. */
static bool thousandths(struct cursor *c, int64_t *ret)
{
	const char *from = c->at;
	int64_t weight = 100;
	unsigned d;

	for (*ret = 0; digit(c, &d); c->at++, weight /= 10)
		*ret += weight * d;
	return c->at > from && c->at - from <= FRACTION_DIGITS;
}

static bool in_years(int64_t ms)
{
	return ms >= TIME_FIRST_MS && ms <= TIME_LAST_MS;
}

/* Eight digits at once, read by three products that each join neighbours: ones to tens, to hundreds
 * and thousands, to all (Lemire, "Quickly parsing eight digits"). False when they are not digits.
 */
static bool eight(struct cursor *c, int64_t *ret)
{
	uint64_t v;

	if (c->end - c->at < 8)
		return false;
	memcpy(&v, c->at, 8);
	v = le64toh(v);
	if (((v & (v + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) != 0x3030303030303030)
		return false;
	v = (v & 0x0f0f0f0f0f0f0f0f) * (10 * 256 + 1) >> 8;
	v = (v & 0x00ff00ff00ff00ff) * (100 * 65536 + 1) >> 16;
	v = (v & 0x0000ffff0000ffff) * (10000 * (UINT64_C(1) << 32) + 1) >> 32;
	*ret = (int64_t)v;
	c->at += 8;
	return true;
}

static bool epoch_time(struct cursor c, int64_t *ret_ms)
{
	bool minus = eat(&c, '-');
	int64_t v = 0, part = 0;
	unsigned d;

	if (!minus)
		eat(&c, '+');
	const char *from = c.at;
	eight(&c, &v);
	for (; digit(&c, &d) && c.at - from < NUMBER_DIGITS; c.at++)
		v = v * 10 + d;
	if (c.at == from)
		return false;
	bool seconds = c.at - from <= SECONDS_DIGITS;
	if (eat(&c, '.') && !thousandths(&c, &part))
		return false;
	if (seconds)
		v = v * 1000 + part;
	*ret_ms = minus ? -v : v;
	return c.at == c.end && in_years(*ret_ms);
}

static bool iso_date(struct cursor *c, int32_t *ret_days)
{
	int32_t century, year, month, day;

	if (!two(c, 99, &century) || !two(c, 99, &year) || !eat(c, '-')
			|| !two(c, 12, &month) || !eat(c, '-') || !two(c, 31, &day))
		return false;
	year += century * 100;
	if (!year || !month || !day || day > month_days(year, month))
		return false;
	*ret_days = date_to_days(year, month, day);
	return true;
}

/* HH[:MM[:SS[.fraction]]] in milliseconds */
static bool iso_clock(struct cursor *c, int64_t *ret_ms)
{
	int32_t hour, minute = 0, second = 0;
	int64_t part = 0;

	if (!two(c, 23, &hour))
		return false;
	if (eat(c, ':')) {
		if (!two(c, 59, &minute))
			return false;
		if (eat(c, ':')) {
			if (!two(c, 59, &second))
				return false;
			if (eat(c, '.') && !thousandths(c, &part))
				return false;
		}
	}
	*ret_ms = (int64_t)((hour * 60 + minute) * 60 + second) * 1000 + part;
	return true;
}

/* +hh, +hhmm or +hh:mm, to the end */
static bool numeric_offset(struct cursor *c, int32_t *ret_s)
{
	bool minus = eat(c, '-');
	int32_t hour, minute = 0;

	if ((!minus && !eat(c, '+')) || !two(c, 23, &hour))
		return false;
	if (c->at < c->end) {
		eat(c, ':');
		if (!two(c, 59, &minute))
			return false;
	}
	*ret_s = (hour * 60 + minute) * (minus ? -60 : 60);
	return c->at == c->end;
}

static bool iso_time(struct cursor c, const struct zone *z, int64_t *ret_ms)
{
	int32_t days, offset_s = 0;
	int64_t ms = 0;

	if (!iso_date(&c, &days))
		return false;
	if (eat(&c, 'T') || (c.end - c.at > 1 && c.at[1] != 'U' && eat(&c, ' '))) {
		if (!iso_clock(&c, &ms))
			return false;
	}
	ms += days * DAY_MS;
	if (c.at == c.end)
		ms = z ? zone_to_utc_ms(z, ms) : ms;
	else if (!(c.end - c.at == 1 && *c.at == 'Z')
			&& !(c.end - c.at == 4 && !memcmp(c.at, " UTC", 4))
			&& !numeric_offset(&c, &offset_s))
		return false;
	*ret_ms = ms - (int64_t)offset_s * 1000;
	return in_years(*ret_ms);
}

bool time_parse(const char *s, size_t len, const struct zone *z, int64_t *ret_ms)
{
	struct cursor c = {s, s + len};
	int64_t ms;
	bool iso = len > 4 && s[4] == '-';

	if (!(iso ? iso_time(c, z, &ms) : epoch_time(c, &ms)))
		return false;
	*ret_ms = ms;
	return true;
}

int zone_init(struct zone *z, const char *name, struct err *e)
{
	*z = (struct zone){.name = "UTC", .fixed = true};
	if (!name || !*name || !strcmp(name, "UTC") || !strcmp(name, "Z"))
		return 0;
	size_t len = strlen(name);
	if (len >= sizeof(z->name))
		return err_set(e, -EINVAL, "could not find time zone \"%s\": the name is too long",
			name);
	memcpy(z->name, name, len + 1);
	if (numeric_offset(&(struct cursor){name, name + len}, &z->offset_s))
		return 0;
	int rc = zone_rules_load(name, &z->rules, &z->offset_s, e);
	z->fixed = !z->rules;
	return rc;
}

void zone_done(struct zone *z)
{
	zone_rules_free(z->rules);
	*z = (struct zone){.fixed = true};
}

int32_t zone_offset_s(const struct zone *z, int64_t utc_ms)
{
	if (z->fixed)
		return z->offset_s;
	return zone_rules_offset_s(z->rules, floor_div(utc_ms, 1000), false);
}

int64_t zone_to_utc_ms(const struct zone *z, int64_t local_ms)
{
	int32_t offset_s = z->offset_s;

	if (!z->fixed)
		offset_s = zone_rules_offset_s(z->rules, floor_div(local_ms, 1000), true);
	return local_ms - (int64_t)offset_s * 1000;
}
