/* words.h - numbers and spans as people read them; each returns buf. */
#ifndef UI_WORDS_H
#define UI_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 32

const char *words_count(uint64_t n, char *buf);                 /* "2,310" */
/* Two figures of a measure, and all before the point: "0.55", "5.5", "55", "1,234", "-12". */
const char *words_figure(double x, char *buf);
/* Three figures, in six columns: "0.25", "855", "12.2k", "-1.5M". */
const char *words_short(double x, char *buf);
const char *words_bytes(uint64_t n, char *buf);                 /* "412 MB", "96 KB", "2.8 KB" */
const char *words_span(int64_t ms, char *buf);                  /* "9d", "45 min", "6.8h", "12s" */
const char *words_speed(double factor, char *buf);              /* "x60", "x0.5", "max" for 0 */

/* The spans that charts cover: 30 min, 2h, 6h, 24h, 3d, 7d, 4w, 13w, 1y. The largest that is at
 * most ms, but the first at least; and the smallest that is at least ms, but the last at most.
 */
int64_t words_window_within(int64_t ms);
int64_t words_window_around(int64_t ms);

#endif
