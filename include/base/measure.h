/* measure.h - spans of time and sizes of memory as a person writes them. */
#ifndef BASE_MEASURE_H
#define BASE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "90", "90s", "30m", "2h", "7d", "1w", "250ms" to milliseconds. Neither sign nor fraction. */
bool span_parse(const char *s, int64_t *ret_ms);
/* "64M", "2G", "512k", plain bytes; in powers of 1024. */
bool size_parse(const char *s, size_t *ret_bytes);

#endif
