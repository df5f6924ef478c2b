#include "ui/editor.h"

#include <string.h>

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct editor *d, size_t at)
{
	while (at > 0 && is_inside(d->text[--at]))
		;
	return at;
}

static size_t behind(const struct editor *d, size_t at)
{
	if (at < d->len)
		for (at++; at < d->len && is_inside(d->text[at]); at++)
			;
	return at;
}

void editor_set(struct editor *d, const char *text)
{
	size_t len = strnlen(text, EDITOR_MAX);

	if (len == EDITOR_MAX)
		for (len--; len > 0 && is_inside(text[len]); len--)
			;
	memcpy(d->text, text, len);
	d->text[len] = 0;
	d->len = d->caret = len;
}

/* The bytes [from, to) become len bytes of text; the caret goes behind them. */
static bool splice(struct editor *d, size_t from, size_t to, const char *text, size_t len)
{
	if (d->len - (to - from) + len >= EDITOR_MAX)
		return false;
	memmove(d->text + from + len, d->text + to, d->len - to + 1);
	memcpy(d->text + from, text, len);
	d->len = d->len - (to - from) + len;
	d->caret = from + len;
	return true;
}

bool editor_type(struct editor *d, unsigned c)
{
	static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;
	char s[4];

	if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
		return false;
	for (i = n - 1; i > 0; i--, c >>= 6)
		s[i] = (char)(0x80 | (c & 0x3f));
	s[0] = (char)(n == 1 ? c : lead[n] | c);
	return splice(d, d->caret, d->caret, s, n);
}

bool editor_replace(struct editor *d, size_t from, const char *text)
{
	return splice(d, from, d->caret, text, strlen(text));
}

size_t editor_line_start(const struct editor *d, size_t at)
{
	while (at > 0 && d->text[at - 1] != '\n')
		at--;
	return at;
}

size_t editor_line_end(const struct editor *d, size_t at)
{
	while (at < d->len && d->text[at] != '\n')
		at++;
	return at;
}

unsigned editor_n_lines(const struct editor *d)
{
	unsigned n = 1;
	size_t i;

	for (i = 0; i < d->len; i++)
		n += d->text[i] == '\n';
	return n;
}

/* As many characters into the line at start as the caret is into its own, at most to its end. */
static size_t same_place(const struct editor *d, size_t start)
{
	size_t i = editor_line_start(d, d->caret), end = editor_line_end(d, start), at = start;

	for (; i < d->caret && at < end; i = behind(d, i))
		at = behind(d, at);
	return at;
}

bool editor_move(struct editor *d, enum editor_move how)
{
	size_t was = d->caret, start = editor_line_start(d, was), end = editor_line_end(d, was);

	switch (how) {
	case EDITOR_LEFT:
		d->caret = before(d, was);
		break;
	case EDITOR_RIGHT:
		d->caret = behind(d, was);
		break;
	case EDITOR_UP:
		if (!start)
			return false;
		d->caret = same_place(d, editor_line_start(d, start - 1));
		return true;
	case EDITOR_DOWN:
		if (end == d->len)
			return false;
		d->caret = same_place(d, end + 1);
		return true;
	case EDITOR_HOME:
		d->caret = start;
		break;
	case EDITOR_END:
		d->caret = end;
		break;
	}
	return d->caret != was;
}

static size_t word_before(const struct editor *d)
{
	size_t at = d->caret;

	while (at > 0 && (d->text[at - 1] == ' ' || d->text[at - 1] == '\n'))
		at--;
	while (at > 0 && d->text[at - 1] != ' ' && d->text[at - 1] != '\n')
		at--;
	return at;
}

void editor_erase(struct editor *d, enum editor_erase what)
{
	size_t from = d->caret, to = d->caret;

	switch (what) {
	case EDITOR_BEFORE:
		from = before(d, from);
		break;
	case EDITOR_UNDER:
		to = behind(d, to);
		break;
	case EDITOR_WORD:
		from = word_before(d);
		break;
	case EDITOR_TO_START:
		from = editor_line_start(d, from);
		from -= from == d->caret && from > 0;
		break;
	case EDITOR_TO_END:
		to = editor_line_end(d, to);
		to += to == d->caret && to < d->len;
		break;
	}
	splice(d, from, to, "", 0);
}
