/* plain.h - text as the terminal's locale can show it: as it is, or in ASCII.
 *
 * In: scrubbed UTF-8. Without UTF-8 letters lose their accents, quotes and dashes become ASCII
 * ones, and what has no equivalent is "?". With it only what has no width of its own is replaced,
 * and what joins emoji is left out.
 */
#ifndef UI_PLAIN_H
#define UI_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* NUL-terminated, cut at a character when cap is short; returns bytes written. */
size_t plain_text(char *dst, size_t cap, const char *src, bool utf8);

#endif
