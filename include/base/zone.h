/* zone.h - times as text and back, in UTC or a zone.
 *
 * Time is int64 milliseconds since 1970-01-01 UTC everywhere; a zone is needed only to read a time
 * that names none, to cut days and weeks, and to show times. Proleptic Gregorian calendar; years 1
 * to 9999. A zone is fixed ("+08:00", "UTC") or from the zone database ("Asia/Shanghai").
 * Once made, a zone is only read: any number of threads may use it at once.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/measure.h"

struct err;
struct zone_rules;

#define ZONE_TEXT_MAX 32

struct zone {
	char name[64];
	bool fixed;
	int32_t offset_s;       /* when fixed */
	struct zone_rules *rules;       /* when not: owned */
};

/* NULL, "", "Z" and "UTC" are UTC; "+hh", "+hhmm", "+hh:mm" are fixed. -EINVAL with a reason when
 * the name is unknown.
 */
int zone_init(struct zone *z, const char *name, struct err *e);
void zone_done(struct zone *z);
/* Seconds to add to UTC to get local time. */
int32_t zone_offset_s(const struct zone *z, int64_t utc_ms);
/* Local wall clock (as if it were UTC) to UTC; in a gap or a fold the earlier offset wins. */
int64_t zone_to_utc_ms(const struct zone *z, int64_t local_ms);

/* Digits alone are seconds up to 11 digits and milliseconds from 12 (a sign and a decimal fraction
 * of seconds are taken); else ISO 8601: date, or date and time (T or space; HH, HH:MM, HH:MM:SS,
 * fraction of up to 9 digits), then nothing (the zone's local time), Z, " UTC", or +hh[[:]mm].
 * What is finer than a millisecond is dropped. False when it is none of these or no such date,
 * or beyond the years 1 to 9999. The zone may be NULL: UTC.
 */
bool time_parse(const char *s, size_t len, const struct zone *z, int64_t *ret_ms);
/* "2017-11-25T14:03:22.000Z": always UTC, always milliseconds; beyond the years 1 to 9999, their
 * nearest end. buf holds ZONE_TEXT_MAX.
 */
const char *time_iso(int64_t utc_ms, char *buf);
/* strftime-like in the zone, for screens: %Y %m %d %H %M %S %b %a, English; n > 0. */
const char *time_show(int64_t utc_ms, const struct zone *z, const char *format, char *buf,
	size_t n);

#endif
