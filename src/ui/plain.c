#include "ui/plain.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* U+00C0 to U+017F without their accents; ligatures by their first letter. */
static const char latin[] =
	"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
	"lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

struct equivalent {
	uint32_t from, to;      /* a range of code points */
	const char *text;
};

static const struct equivalent equivalents[] = {
	{ 0x00a0, 0x00a0, " " }, { 0x00ab, 0x00ab, "<" }, { 0x00bb, 0x00bb, ">" },
	{ 0x00b4, 0x00b4, "'" }, { 0x00b7, 0x00b7, "." }, { 0x0300, 0x036f, "" },
	{ 0x2000, 0x200a, " " }, { 0x2010, 0x2015, "-" }, { 0x2018, 0x201b, "'" },
	{ 0x201c, 0x201f, "\"" }, { 0x2022, 0x2022, "*" }, { 0x2026, 0x2026, "..." },
	{ 0x2190, 0x2190, "<-" }, { 0x2192, 0x2192, "->" }, { 0x20ac, 0x20ac, "EUR" },
	{ 0x3000, 0x3000, " " },
};

/* The code point at s, which is valid UTF-8; its length goes to ret_len. */
static uint32_t decode(const char *s, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4, i;
	uint32_t c = n == 1 ? *p : *p & (0x7fu >> n);

	for (i = 1; i < n && p[i]; i++)
		c = c << 6 | (p[i] & 0x3f);
	*ret_len = i;
	return c;
}

static const char *ascii(uint32_t c, char *one)
{
	size_t i;

	one[1] = 0;
	if (c < 0x80) {
		one[0] = (char)c;
		return one;
	}
	if (c >= 0xc0 && c <= 0x17f) {
		one[0] = latin[c - 0xc0];
		return one;
	}
	if (c >= 0xff01 && c <= 0xff5e) {       /* full-width forms */
		one[0] = (char)(c - 0xff00 + 0x20);
		return one;
	}
	for (i = 0; i < sizeof equivalents / sizeof *equivalents; i++)
		if (c >= equivalents[i].from && c <= equivalents[i].to)
			return equivalents[i].text;
	return "?";
}

/* Some terminals draw emoji that it joins as one of two columns, and colour by what follows a sign:
 * without these all take as many columns as wcwidth() says.
 */
static bool is_joiner(uint32_t c, int width_before)
{
	return (c == 0x200d && width_before == 2) || c == 0xfe0f;
}

size_t plain_text(char *dst, size_t cap, const char *src, bool utf8)
{
	size_t n = 0, len, add;
	int width = 0;
	char one[2];

	if (!cap)
		return 0;
	for (; *src; src += len, n += add) {
		uint32_t c = decode(src, &len);
		int own = c >= ' ' && c < 0x7f ? 1 : wcwidth((wchar_t)c);
		const char *text = src;

		add = len;
		if (utf8 && is_joiner(c, width)) {
			add = 0;
			continue;
		}
		width = own ? own : width;
		/* A mark at the very start would join the cell before the text. */
		if (!utf8 || own < 0 || (own == 0 && n == 0)) {
			text = utf8 ? "?" : ascii(c, one);
			add = strlen(text);
		}
		if (n + add + 1 > cap)
			break;
		memcpy(dst + n, text, add);
	}
	dst[n] = 0;
	return n;
}
