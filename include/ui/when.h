/* when.h - a moment typed by a person: "10:30", "-2h", "2017-11-30", "11-30 08:00". */
#ifndef UI_WHEN_H
#define UI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

struct zone;

#define WHEN_FORMS "10:30, -2h, +30m, 11-30 08:00, 2017-11-30"

/* A time of day is of now's day in the zone; a signed span counts from now; a day without a year is
 * the one nearest to now. */
bool when_parse(const char *s, int64_t now_ms, const struct zone *z, int64_t *ret_ms);

#endif
