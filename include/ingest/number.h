/* number.h - a price or a quantity as text; the point is '.', whatever the locale says. */
#ifndef INGEST_NUMBER_H
#define INGEST_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* A sign, digits, a point and digits, an exponent: all but some digits may be missing. False when
 * it is anything else, or more than a float holds.
 */
bool number_parse(const char *s, size_t len, float *ret);

#endif
