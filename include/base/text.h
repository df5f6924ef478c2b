/* text.h - growing text with a maximum, and text from a log made safe to show.
 *
 * Scrubbing turns C0, DEL, C1, bidirectional controls and bytes that are no UTF-8 into visible
 * escapes ("\x1b", "\u202e"), so that nothing from the data acts on a terminal, a csv reader or a
 * shell. Owner: the caller.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *s;                /* NUL-terminated once anything was added */
	size_t len, cap, max;   /* len never exceeds max */
	bool full;              /* one was refused (max, or no memory), and so are all later */
};

void text_init(struct text *t, size_t max);
void text_done(struct text *t);
void text_clear(struct text *t);
bool text_add(struct text *t, const char *s, size_t len);
bool text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Scrubs into dst (NUL-terminated, cut at a character when cap is short); returns bytes written. */
size_t text_scrub(char *dst, size_t cap, const char *src, size_t len);

/* Columns a terminal gives to UTF-8 text: wcwidth() in the locale of the caller, 0 for controls, 1
 * for a byte that is no UTF-8.
 */
unsigned text_width(const char *s, size_t len);
/* The longest prefix of at most columns, ending at a whole character with its combining marks
 * and joined pictures.
 */
size_t text_fit(const char *s, size_t len, unsigned columns, unsigned *ret_columns);

/* One csv field, scrubbed, quoted when it must be (RFC 4180); one JSON string with its quotes,
 * where a byte that is no UTF-8 becomes the text "\xNN". Added whole or not at all.
 */
bool text_add_csv(struct text *t, const char *s, size_t len);
/* A csv field for programs: the very bytes, quoted when they must be. */
bool text_add_raw(struct text *t, const char *s, size_t len);
bool text_add_json(struct text *t, const char *s, size_t len);

#endif
