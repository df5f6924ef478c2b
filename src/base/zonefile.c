#include "base/zonefile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/mem.h"

#define FOLDER "/usr/share/zoneinfo"
#define FILE_MAX (1u << 18)
#define HEADER_BYTES 44
#define TYPE_BYTES 6
#define OFFSET_MAX_S (26 * 3600)        /* RFC 8536, 3.2: from -25 to +26 hours */
#define RULE_YEARS 401                  /* an era and the year it begins in */
#define ERA_S ((int64_t)ERA_DAYS * DAY_S)
#define TIME_MAX_S ((int64_t)1 << 42)   /* far beyond year 9999, and safe to add offsets to */

struct turn {
	int64_t at_s;
	int32_t before_s, after_s;      /* offsets */
};

/* The last era of turns stands for all later ones when the zone goes on turning. */
struct zone_rules {
	bool repeats;
	size_t n;
	struct turn turn[];
};

/* One end of daylight saving: "Mm.w.d", "Jn" (1-365, no 29 February) or "n" (0-365). */
struct bound {
	char form;                      /* 'M', 'J' or 'n' */
	int32_t month, week, day;
	int32_t time_s;                 /* local, after midnight */
};

/* The last line of the file: a POSIX TZ string. */
struct tail {
	int32_t standard_s, daylight_s; /* offsets east */
	bool turns;
	struct bound start, end;
};

struct reader {
	const uint8_t *at, *end;
};

/* The counts of a header, in the order of the file. */
struct header {
	uint32_t is_ut, is_std, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const uint8_t *b)
{
	return (int64_t)((uint64_t)be32(b) << 32 | be32(b + 4));
}

static const uint8_t *take(struct reader *r, uint64_t bytes)
{
	const uint8_t *at = r->at;

	if (bytes > (uint64_t)(r->end - at))
		return NULL;
	r->at += bytes;
	return at;
}

static bool take_header(struct reader *r, struct header *ret)
{
	const uint8_t *b = take(r, HEADER_BYTES);

	if (!b || memcmp(b, "TZif", 4) || b[4] < '2')
		return false;
	b += 20;
	*ret = (struct header){
		be32(b), be32(b + 4), be32(b + 8), be32(b + 12), be32(b + 16), be32(b + 20)
	};
	return true;
}

/* Bytes of a block whose times are so wide. */
static uint64_t block_bytes(const struct header *h, uint64_t time_bytes)
{
	return h->time * (time_bytes + 1) + (uint64_t)h->type * TYPE_BYTES + h->chars
		+ h->leap * (time_bytes + 4) + h->is_std + h->is_ut;
}

/* A number of at most 3 digits. */
static bool tail_number(const char **p, int32_t *ret)
{
	const char *from = *p;

	for (*ret = 0; isdigit((unsigned char)**p) && *p - from < 3; ++*p)
		*ret = *ret * 10 + (**p - '0');
	return *p > from;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds */
static bool tail_time(const char **p, int32_t *ret_s)
{
	int32_t sign = **p == '-' ? -1 : 1, part;

	*p += **p == '-' || **p == '+';
	if (!tail_number(p, ret_s) || *ret_s > 167)
		return false;
	*ret_s *= 3600;
	for (int32_t unit = 60; unit && **p == ':'; unit /= 60) {
		++*p;
		if (!tail_number(p, &part) || part > 59)
			return false;
		*ret_s += part * unit;
	}
	*ret_s *= sign;
	return true;
}

/* "EST" or "<-03>" */
static bool tail_name(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		return *(*p)++ == '>';
	}
	while (isalpha((unsigned char)**p))
		++*p;
	return *p - from >= 3;
}

static bool tail_bound(const char **p, struct bound *b)
{
	*b = (struct bound){.form = isdigit((unsigned char)**p) ? 'n' : **p, .time_s = 7200};
	*p += b->form != 'n';
	if (b->form == 'M') {
		if (!tail_number(p, &b->month) || *(*p)++ != '.'
				|| !tail_number(p, &b->week) || *(*p)++ != '.')
			return false;
		if (b->month < 1 || b->month > 12 || b->week < 1 || b->week > 5)
			return false;
	} else if (b->form != 'J' && b->form != 'n') {
		return false;
	}
	if (!tail_number(p, &b->day) || b->day > (b->form == 'M' ? 6 : 365))
		return false;
	return **p != '/' || (++*p, tail_time(p, &b->time_s));
}

/* POSIX counts west: the sign turns. */
static bool tail_offset(const char **p, int32_t *ret_s)
{
	if (!tail_time(p, ret_s) || abs(*ret_s) >= OFFSET_MAX_S)
		return false;
	*ret_s = -*ret_s;
	return true;
}

static bool tail_parse(const char *p, struct tail *t)
{
	*t = (struct tail){0};
	if (!tail_name(&p) || !tail_offset(&p, &t->standard_s))
		return false;
	if (!*p)
		return true;
	t->turns = true;
	if (!tail_name(&p))
		return false;
	t->daylight_s = t->standard_s + 3600;
	if (*p != ',' && !tail_offset(&p, &t->daylight_s))
		return false;
	return *p++ == ',' && tail_bound(&p, &t->start) && *p++ == ','
		&& tail_bound(&p, &t->end) && !*p;
}

/* Day of the year's bound, since 1970. */
static int32_t bound_day(const struct bound *b, int32_t year)
{
	int32_t first = date_to_days(year, 1, 1);

	if (b->form == 'n')
		return first + b->day;
	if (b->form == 'J')
		return first + b->day - 1 + (b->day > 59 && is_leap(year));
	first = date_to_days(year, b->month, 1);
	int32_t day = (b->day - weekday(first) + 7) % 7 + 7 * (b->week - 1);
	while (day >= month_days(year, b->month))
		day -= 7;
	return first + day;
}

static int64_t bound_s(const struct bound *b, int32_t year, int32_t offset_s)
{
	return (int64_t)bound_day(b, year) * DAY_S + b->time_s - offset_s;
}

static void add_turn(struct zone_rules *r, int64_t at_s, int32_t before_s, int32_t after_s)
{
	if (!r->n || at_s > r->turn[r->n - 1].at_s)
		r->turn[r->n++] = (struct turn){at_s, before_s, after_s};
}

/* Writes the turns of the tail after the last time of the file. */
static void add_tail(struct zone_rules *r, const struct tail *t, int64_t last_s)
{
	int32_t first = (int32_t)(floor_div(last_s, DAY_S) * 400 / ERA_DAYS) + 1970 - 1;

	r->repeats = true;
	for (int32_t year = first; year <= first + 1 + RULE_YEARS; year++) {
		int64_t on = bound_s(&t->start, year, t->standard_s);
		int64_t off = bound_s(&t->end, year, t->daylight_s);
		if (on > last_s && on < off)
			add_turn(r, on, t->standard_s, t->daylight_s);
		if (off > last_s)
			add_turn(r, off, t->daylight_s, t->standard_s);
		if (on > last_s && on > off)
			add_turn(r, on, t->standard_s, t->daylight_s);
	}
}

static bool add_turns(struct zone_rules *r, const struct header *h, const uint8_t *times)
{
	const uint8_t *kinds = times + (uint64_t)h->time * 8, *types = kinds + h->time;
	int32_t now_s = (int32_t)be32(types);

	for (uint32_t i = 0; i < h->time; i++) {
		int64_t at_s = be64(times + 8 * (size_t)i);
		if (kinds[i] >= h->type || at_s > TIME_MAX_S)
			return false;
		int32_t next_s = (int32_t)be32(types + (size_t)kinds[i] * TYPE_BYTES);
		if (next_s > OFFSET_MAX_S || next_s < -OFFSET_MAX_S)
			return false;
		if (next_s != now_s)
			add_turn(r, at_s < -TIME_MAX_S ? -TIME_MAX_S : at_s, now_s, next_s);
		now_s = next_s;
	}
	return true;
}

/* The line between two line ends behind the data; false when it is none that can be read. */
static bool take_tail(struct reader *r, struct tail *ret)
{
	char line[128] = "";
	size_t len = (size_t)(r->end - r->at);
	const uint8_t *b = r->at, *stop = len ? memchr(b + 1, '\n', len - 1) : NULL;

	*ret = (struct tail){0};
	if (!stop || *b != '\n' || (size_t)(stop - b) > sizeof(line))
		return false;
	memcpy(line, b + 1, (size_t)(stop - b) - 1);
	return !*line || tail_parse(line, ret);
}

/* Skips the block of version 1 and takes that of version 2, with its tail. */
static bool take_block(struct reader *r, struct header *h, const uint8_t **ret_times,
	struct tail *ret_tail)
{
	if (!take_header(r, h) || !take(r, block_bytes(h, 4)) || !take_header(r, h))
		return false;
	*ret_times = take(r, block_bytes(h, 8));
	return *ret_times && h->type && take_tail(r, ret_tail);
}

/* From when on the tail holds: the last turn of the file, or the beginning. */
static int64_t last_time(const struct header *h, const uint8_t *times)
{
	int64_t first_s = TIME_FIRST_MS / 1000;
	int64_t last_s = h->time ? be64(times + 8 * (uint64_t)(h->time - 1)) : first_s;

	return last_s > first_s ? last_s : first_s;
}

int zone_rules_parse(const uint8_t *data, size_t len, struct zone_rules **ret,
	int32_t *ret_offset_s)
{
	struct reader r = {data, data + len};
	struct zone_rules *rules;
	const uint8_t *times;
	struct header h;
	struct tail tail;
	int rc = 0;

	*ret = NULL;
	if (!take_block(&r, &h, &times, &tail))
		return -EINVAL;
	*ret_offset_s = (int32_t)be32(times + (uint64_t)h.time * 9);
	if (*ret_offset_s > OFFSET_MAX_S || *ret_offset_s < -OFFSET_MAX_S)
		return -EINVAL;
	size_t most = h.time + (tail.turns ? 2 * (RULE_YEARS + 2) : 0);
	rules = mem_get(1, sizeof(*rules) + most * sizeof(rules->turn[0]));
	if (!rules)
		return -ENOMEM;
	if (!add_turns(rules, &h, times))
		rc = -EINVAL;
	else if (tail.turns)
		add_tail(rules, &tail, last_time(&h, times));
	if (!rc && rules->n)
		*ret = rules;
	else
		zone_rules_free(rules);
	return rc;
}

/* Letters, digits, and signs between them: no way out of the folder. */
static bool is_zone_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !(p > name && strchr("+-_/", *p)))
			return false;
	return *name;
}

int zone_rules_load(const char *name, struct zone_rules **ret, int32_t *ret_offset_s,
	struct err *e)
{
	char path[128];
	FILE *f = NULL;
	uint8_t *data;
	int rc;

	*ret = NULL;
	if (is_zone_name(name)
			&& (size_t)snprintf(path, sizeof(path), FOLDER "/%s", name) < sizeof(path))
		f = fopen(path, "re");
	if (!f)
		return err_set(e, -EINVAL, "could not find time zone \"%s\" in %s", name, FOLDER);
	data = mem_get(FILE_MAX, 1);
	rc = !data ? -ENOMEM
		: zone_rules_parse(data, fread(data, 1, FILE_MAX, f), ret, ret_offset_s);
	if (rc)
		err_set(e, rc, "could not read time zone \"%s\": %s", name,
			rc == -ENOMEM ? "out of memory" : "its file is no zone file");
	mem_free(data);
	fclose(f);
	return rc;
}

void zone_rules_free(struct zone_rules *r)
{
	mem_free(r);
}

/* When a turn happens; in local time at the later of its two readings, so that the offset before it
 * also holds in a gap or a fold.
 */
static int64_t turn_s(const struct turn *t, bool local)
{
	return t->at_s + (!local ? 0 : t->before_s > t->after_s ? t->before_s : t->after_s);
}

int32_t zone_rules_offset_s(const struct zone_rules *r, int64_t at_s, bool local)
{
	int64_t last_s = r->turn[r->n - 1].at_s;
	size_t low = 0, high = r->n;            /* turns below low have happened */

	if (r->repeats && at_s > last_s)
		at_s -= ((at_s - last_s - 1) / ERA_S + 1) * ERA_S;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (turn_s(&r->turn[middle], local) <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? r->turn[low - 1].after_s : r->turn[0].before_s;
}
