/* calendar.h - days and dates of the proleptic Gregorian calendar.
 *
 * Days run from 1970-01-01; the arithmetic is that of Hinnant, "chrono-compatible low-level date
 * algorithms", with years that begin in March.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_S 86400
#define DAY_MS ((int64_t)86400000)
#define TIME_FIRST_MS (-62135596800000)         /* 0001-01-01T00:00:00.000Z */
#define TIME_LAST_MS 253402300799999            /* 9999-12-31T23:59:59.999Z */
#define ERA_DAYS 146097         /* 400 years, after which dates and weekdays repeat */

struct date {
	int32_t year;
	int32_t month, day;     /* from 1 */
};

static inline bool is_leap(int32_t year)
{
	return !(year & 3) && (year % 100 || !(year % 400));
}

static inline int32_t month_days(int32_t year, int32_t month)
{
	return month == 2 ? 28 + is_leap(year) : 30 + ((month + (month >> 3)) & 1);
}

/* from year 0 on */
static inline int32_t date_to_days(int32_t year, int32_t month, int32_t day)
{
	uint32_t y = (uint32_t)(year + 400 - (month <= 2)), m = (uint32_t)(month + 9) % 12;
	uint32_t era = y / 400, of_era = y % 400;
	uint32_t of_year = (153 * m + 2) / 5 + (uint32_t)day - 1;

	return (int32_t)(era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year)
		- 719468 - ERA_DAYS;
}

/* from year 0 on */
static inline struct date date_of_days(int32_t days)
{
	uint32_t z = (uint32_t)(days + 719468 + ERA_DAYS);
	uint32_t era = z / ERA_DAYS, of_era = z % ERA_DAYS;
	uint32_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int32_t m = (int32_t)((5 * of_year + 2) / 153);
	int32_t month = m < 10 ? m + 3 : m - 9;

	return (struct date){
		(int32_t)(y + era * 400) - 400 + (month <= 2), month,
		(int32_t)(of_year - (153 * (uint32_t)m + 2) / 5 + 1)
	};
}

/* Sunday is 0 */
static inline int32_t weekday(int32_t days)
{
	return (days % 7 + 11) % 7;
}

static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

#endif
