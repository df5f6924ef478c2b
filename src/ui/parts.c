#include "ui/parts.h"

#include <stdarg.h>
#include <string.h>

/* A text cut at any byte loses the character that is not whole. */
static void cut_at_character(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0)
		text[len - 1] = 0;
}

struct part *parts_add(struct parts *p, unsigned rank, enum ink ink, const char *format, ...)
{
	struct part *part = &p->part[p->n < PARTS_MAX ? p->n : PARTS_MAX - 1];
	va_list ap;
	int len;

	if (p->n < PARTS_MAX)
		p->n++;
	*part = (struct part){ .rank = (uint8_t)rank, .ink = ink, .gap = 2 };
	va_start(ap, format);
	len = vsnprintf(part->text, sizeof part->text, format, ap);
	va_end(ap);
	if (len >= (int)sizeof part->text)
		cut_at_character(part->text);
	return part;
}

/* Parts of one rank go together. */
static void leave_out(const struct parts *p, bool *is_out, uint8_t rank)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->part[i].rank == rank)
			is_out[i] = true;
}

/* Cuts one of the rank that may be cut so far; false: there is none. */
static bool shorten(const struct parts *p, int *width, const bool *is_out, uint8_t rank, int by)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (!is_out[i] && p->part[i].rank == rank && p->part[i].least
			&& width[i] - by >= p->part[i].least) {
			width[i] -= by;
			return true;
		}
	return false;
}

static int measure(const struct parts *p, const int *width, const bool *is_out, uint8_t *ret_rank)
{
	int sum = 0;
	unsigned i;

	*ret_rank = 0;
	for (i = 0; i < p->n; i++) {
		if (is_out[i])
			continue;
		sum += width[i] + (sum ? p->part[i].gap : 0);
		if (p->part[i].rank > *ret_rank)
			*ret_rank = p->part[i].rank;
	}
	return sum;
}

void parts_draw(const struct parts *p, struct term *t, int line, int column, int width)
{
	int need[PARTS_MAX], sum, x = column;
	bool is_out[PARTS_MAX] = { false };
	uint8_t rank;
	unsigned i;

	for (i = 0; i < p->n; i++)
		need[i] = term_width(t, p->part[i].text);
	while ((sum = measure(p, need, is_out, &rank)) > width && rank)
		if (!shorten(p, need, is_out, rank, sum - width))
			leave_out(p, is_out, rank);
	for (i = 0; i < p->n && x < column + width; i++) {
		const struct part *part = &p->part[i];

		if (is_out[i])
			continue;
		x += x > column ? part->gap : 0;
		if (part->is_right && sum < width) {
			x += width - sum;
			sum = width;    /* what follows stands there too */
		}
		term_put(t, line, x, need[i] < column + width - x ? need[i] : column + width - x,
			part->ink, part->text);
		x += need[i];
	}
}
