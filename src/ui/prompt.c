#include "ui/prompt.h"

#include <string.h>

#include "ui/ui.h"

void prompt_open(struct prompt *p, const struct prompt_ops *ops)
{
	*p = (struct prompt){ .ops = ops };
}

static void add(struct prompt *p, unsigned c)
{
	static const unsigned char lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff || p->len + n >= sizeof p->text)
		return;
	for (i = n - 1; i > 0; i--, c >>= 6)
		p->text[p->len + i] = (char)(0x80 | (c & 0x3f));
	p->text[p->len] = (char)(n == 1 ? c : lead[n] | c);
	p->len += n;
	p->text[p->len] = 0;
}

static void cut(struct prompt *p, unsigned len)
{
	p->len = len;
	p->text[len] = 0;
}

static unsigned character_before(const struct prompt *p)
{
	unsigned at = p->len;

	while (at > 0 && ((unsigned char)p->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static unsigned word_before(const struct prompt *p)
{
	unsigned at = p->len;

	while (at > 0 && p->text[at - 1] == ' ')
		at--;
	while (at > 0 && p->text[at - 1] != ' ')
		at--;
	return at;
}

static void leave(struct prompt *p, struct ui *u, bool is_done)
{
	struct prompt was = *p;

	p->ops = NULL;
	if (is_done) {
		was.ops->done(u, was.text);
		if (was.ops->is_kept && !p->ops && u->message[0] && u->is_error)
			*p = was;
	} else if (was.ops->cancelled) {
		was.ops->cancelled(u);
	}
}

static void changed(const struct prompt *p, struct ui *u)
{
	if (p->ops->changed)
		p->ops->changed(u, p->text);
}

void prompt_type(struct prompt *p, struct ui *u, int key)
{
	add(p, (unsigned)key);
	changed(p, u);
}

void prompt_set(struct prompt *p, struct ui *u, const char *text)
{
	size_t len = strnlen(text, sizeof p->text);

	if (len == sizeof p->text)
		for (len--; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	memcpy(p->text, text, len);
	cut(p, (unsigned)len);
	changed(p, u);
}

/* Erasing where nothing is left leaves the prompt. */
void prompt_edit(struct prompt *p, struct ui *u, enum prompt_edit how)
{
	switch (how) {
	case PROMPT_ERASE:
		if (!p->len) {
			leave(p, u, false);
			return;
		}
		cut(p, character_before(p));
		break;
	case PROMPT_ERASE_WORD:
		cut(p, word_before(p));
		break;
	case PROMPT_ERASE_ALL:
		cut(p, 0);
		break;
	default:
		leave(p, u, how == PROMPT_DONE);
		return;
	}
	changed(p, u);
}

/* A text wider than the line shows its end. */
static const char *end_of(struct term *t, const char *text, int columns)
{
	while (*text && term_width(t, text) > columns)
		do
			text++;
		while (((unsigned char)*text & 0xc0) == 0x80);
	return text;
}

void prompt_draw(const struct prompt *p, struct term *t, int line)
{
	int at = term_width(t, p->ops->label), width = t->columns - at - 1;
	const char *shown = end_of(t, p->text, width);

	term_put(t, line, 0, at, INK_KEY, p->ops->label);
	if (!p->len)
		term_put(t, line, at + 1, width, INK_DIM, p->ops->hint);
	else
		term_put(t, line, at, width, INK_TEXT, shown);
	t->caret_line = line;
	t->caret_column = at + term_width(t, shown);
}
