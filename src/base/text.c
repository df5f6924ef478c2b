#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"

#define CAP_FIRST 64
#define NO_CHARACTER UINT32_MAX         /* a byte that begins no whole UTF-8 character */
#define JOINER 0x200d                   /* what follows belongs to the same picture */
#define ESCAPE_MAX 8                    /* "\u202e" and a NUL, or a character of 4 bytes */

struct span {
	uint32_t first, last;
};

/* C0, DEL, C1; marks, embeddings and isolates of direction; line and paragraph separators. */
static const struct span unsafe[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f},
	{0x2028, 0x202e}, {0x2066, 0x2069},
};

/* How a lead byte begins: its length, and what its second byte may be (Unicode 15, table 3-7). */
static const struct lead {
	uint8_t first, last, len, low, high;
} leads[] = {
	{0x00, 0x7f, 1, 0, 0},
	{0xc2, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f},
	{0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
	{0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* Bytes of the character at s (len > 0) and its code; 1 and NO_CHARACTER when there is none. */
static size_t decode(const char *s, size_t len, uint32_t *ret_code)
{
	const uint8_t *b = (const uint8_t *)s;
	const struct lead *lead = find_lead(b[0]);

	*ret_code = NO_CHARACTER;
	if (!lead || lead->len > len)
		return 1;
	uint32_t code = lead->len == 1 ? b[0] : b[0] & (0x7fu >> lead->len);
	for (size_t i = 1; i < lead->len; i++) {
		uint8_t low = i == 1 ? lead->low : 0x80, high = i == 1 ? lead->high : 0xbf;
		if (b[i] < low || b[i] > high)
			return 1;
		code = code << 6 | (b[i] & 0x3f);
	}
	*ret_code = code;
	return lead->len;
}

static bool is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	return code == NO_CHARACTER;
}

/* Writes one character, or its escape, into out; returns its bytes and advances *s. */
static size_t scrub_one(char out[ESCAPE_MAX], const char **s, const char *end)
{
	uint32_t code;
	const char *at = *s;
	size_t n = decode(at, (size_t)(end - at), &code);

	*s += n;
	if (!is_unsafe(code)) {
		memcpy(out, at, n);
		return n;
	}
	if (n == 1)
		return (size_t)snprintf(out, ESCAPE_MAX, "\\x%02x", (uint8_t)*at);
	return (size_t)snprintf(out, ESCAPE_MAX, "\\u%04x", (uint16_t)code);
}

size_t text_scrub(char *dst, size_t cap, const char *src, size_t len)
{
	const char *end = src + len;
	char one[ESCAPE_MAX];
	size_t used = 0;

	if (!cap)
		return 0;
	while (src < end) {
		if (*src >= ' ' && *src <= '~' && used + 1 < cap) {
			dst[used++] = *src++;   /* most of all text */
			continue;
		}
		size_t n = scrub_one(one, &src, end);
		if (n >= cap - used)
			break;
		memcpy(dst + used, one, n);
		used += n;
	}
	dst[used] = '\0';
	return used;
}

void text_init(struct text *t, size_t max)
{
	*t = (struct text){.max = max};
}

void text_done(struct text *t)
{
	mem_free(t->s);
	*t = (struct text){.max = t->max};
}

void text_clear(struct text *t)
{
	t->len = 0;
	t->full = false;
	if (t->s)
		t->s[0] = '\0';
}

/* Makes room for more bytes and a NUL, doubling. */
static bool make_room(struct text *t, size_t more)
{
	size_t most = t->max < SIZE_MAX ? t->max : SIZE_MAX - 1;

	if (t->full || more > most - t->len) {
		t->full = true;
		return false;
	}
	if (t->len + more < t->cap)
		return true;
	size_t cap = t->cap > most / 2 ? most + 1 : t->cap ? 2 * t->cap : CAP_FIRST;
	if (cap <= t->len + more)
		cap = t->len + more + 1;
	char *s = mem_resize(t->s, cap, 1);
	t->full = !s;
	if (!s)
		return false;
	t->s = s;
	t->cap = cap;
	return true;
}

bool text_add(struct text *t, const char *s, size_t len)
{
	if (!make_room(t, len))
		return false;
	if (len)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
	return true;
}

bool text_addf(struct text *t, const char *format, ...)
{
	va_list args, again;
	bool ok = false;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	if (n >= 0 && make_room(t, (size_t)n)) {
		vsnprintf(t->s + t->len, (size_t)n + 1, format, again);
		t->len += (size_t)n;
		ok = true;
	}
	va_end(again);
	va_end(args);
	return ok;
}

/* Columns of one character; a byte that is none takes the place of a replacement mark. */
static unsigned code_width(uint32_t code)
{
	int width = code == NO_CHARACTER ? 1 : wcwidth((wchar_t)code);

	return width < 0 ? 0 : (unsigned)width;
}

unsigned text_width(const char *s, size_t len)
{
	unsigned columns = 0;
	uint32_t code;

	for (size_t at = 0; at < len;) {
		at += decode(s + at, len - at, &code);
		columns += code_width(code);
	}
	return columns;
}

/* Bytes of a character with all that clings to it: marks without width, and joined pictures. */
static size_t cluster(const char *s, size_t len, unsigned *ret_columns)
{
	uint32_t code;
	size_t at = decode(s, len, &code);

	*ret_columns = code_width(code);
	while (at < len) {
		bool joined = code == JOINER;
		size_t n = decode(s + at, len - at, &code);
		if (code_width(code) && !joined)
			break;
		*ret_columns += code_width(code);
		at += n;
	}
	return at;
}

size_t text_fit(const char *s, size_t len, unsigned columns, unsigned *ret_columns)
{
	size_t at = 0;
	unsigned used = 0;

	while (at < len) {
		unsigned wide;
		size_t n = cluster(s + at, len - at, &wide);
		if (wide > columns - used)
			break;
		used += wide;
		at += n;
	}
	if (ret_columns)
		*ret_columns = used;
	return at;
}

/* Takes back what was added since mark when ok is false, so that no half a field stays. */
static bool keep_whole(struct text *t, size_t mark, bool ok)
{
	if (!ok && t->s) {
		t->len = mark;
		t->s[mark] = '\0';
	}
	return ok;
}

static bool must_quote(const char *s, size_t len)
{
	if (len && (s[0] == ' ' || s[len - 1] == ' '))
		return true;
	return len && (memchr(s, ',', len) || memchr(s, '"', len));
}

bool text_add_csv(struct text *t, const char *s, size_t len)
{
	const char *end = s + len;
	bool line_end = len && (memchr(s, '\r', len) || memchr(s, '\n', len));
	bool quote = line_end || must_quote(s, len);
	size_t mark = t->len;
	char one[ESCAPE_MAX];
	bool ok = text_add(t, "\"", quote);

	while (ok && s < end) {
		ok = *s != '"' || text_add(t, "\"", 1);
		size_t n = scrub_one(one, &s, end);
		ok = ok && text_add(t, one, n);
	}
	return keep_whole(t, mark, ok && text_add(t, "\"", quote));
}

bool text_add_raw(struct text *t, const char *s, size_t len)
{
	bool line_end = len && (memchr(s, '\r', len) || memchr(s, '\n', len));
	bool quote = line_end || must_quote(s, len);
	size_t mark = t->len;
	bool ok = text_add(t, "\"", quote);

	for (size_t i = 0; ok && i < len; i++)
		ok = (s[i] != '"' || text_add(t, "\"", 1)) && text_add(t, s + i, 1);
	return keep_whole(t, mark, ok && text_add(t, "\"", quote));
}

/* One character in a JSON string; a byte that is no UTF-8 becomes the text \xNN. */
static bool add_json_one(struct text *t, const char *s, size_t n, uint32_t code)
{
	if (code == NO_CHARACTER)
		return text_addf(t, "\\\\x%02x", (uint8_t)*s);
	if (is_unsafe(code))
		return text_addf(t, "\\u%04x", code);
	if (code == '"' || code == '\\')
		return text_add(t, "\\", 1) && text_add(t, s, n);
	return text_add(t, s, n);
}

bool text_add_json(struct text *t, const char *s, size_t len)
{
	size_t mark = t->len;
	bool ok = text_add(t, "\"", 1);

	for (size_t at = 0; ok && at < len;) {
		uint32_t code;
		size_t n = decode(s + at, len - at, &code);
		ok = add_json_one(t, s + at, n, code);
		at += n;
	}
	return keep_whole(t, mark, ok && text_add(t, "\"", 1));
}
