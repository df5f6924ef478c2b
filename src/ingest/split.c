/* Outside quotes every newline ends a row, so a stretch without quotes is looked at from its end.
 * Inside them libcsv is followed byte by byte, but only behind a quote.
 */
#include "ingest/split.h"

#include <string.h>

#define STRETCH 192u

static const char bom[3] = "\xef\xbb\xbf";

/* One scan over data[..len): i is the next byte, row the start of the row it is in. */
struct scan {
	struct split *s;
	const char *data;
	size_t i, row, len;
	uint64_t base;                  /* what data[0] is counted as */
};

void split_init(struct split *s, char delim)
{
	*s = (struct split){.delim = delim, .state = SPLIT_ROW, .row_max = ROW_MAX};
}

static bool is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank(char c, char delim)
{
	return (c == ' ' || c == '\t') && c != delim;
}

/* libcsv's step for a byte of a quoted field; SPLIT_FIELD and SPLIT_ROW: the field has ended. */
static enum split_state step_quoted(enum split_state state, char c, char delim)
{
	if (state == SPLIT_QUOTED)
		return c == '"' ? SPLIT_CLOSED : SPLIT_QUOTED;
	if (c == delim)
		return SPLIT_FIELD;
	if (is_newline(c))
		return SPLIT_ROW;
	if (is_blank(c, delim))
		return SPLIT_SPACED;
	if (c == '"')
		return state == SPLIT_CLOSED ? SPLIT_QUOTED : SPLIT_CLOSED;
	return SPLIT_QUOTED;
}

static bool is_quoted(enum split_state state)
{
	return state == SPLIT_QUOTED || state == SPLIT_CLOSED || state == SPLIT_SPACED;
}

/* The end of the last line that ends in data[from..to), or from. */
static size_t last_line_end(const char *data, size_t from, size_t to)
{
	const char *lf = to > from ? memrchr(data + from, '\n', to - from) : NULL;
	size_t end = lf ? (size_t)(lf - data) + 1 : from;
	const char *cr = to > end ? memrchr(data + end, '\r', to - end) : NULL;

	return cr ? (size_t)(cr - data) + 1 : end;
}

static bool has_newline(const char *data, size_t from, size_t to)
{
	return to > from && (memchr(data + from, '\n', to - from) ||
		memchr(data + from, '\r', to - from));
}

size_t split_line(const char *data, size_t from, size_t len)
{
	const char *lf = len > from ? memchr(data + from, '\n', len - from) : NULL;
	size_t end = lf ? (size_t)(lf - data) + 1 : len;
	const char *cr = end > from ? memchr(data + from, '\r', end - from) : NULL;

	if (!cr || (lf && cr + 1 == lf))
		return end;
	return (size_t)(cr - data) + 1;
}

/* Moves the row's start over unquoted data[..to); true: a row in it is longer than row_max. */
static bool skip_rows(struct scan *c, size_t from, size_t to)
{
	while (to - c->row > c->s->row_max) {
		size_t within = c->row + c->s->row_max;
		size_t end = within > from ? last_line_end(c->data, from, within) : from;
		if (end == from)
			return true;
		c->row = from = end;
	}
	size_t end = last_line_end(c->data, from, to);
	if (end > from)
		c->row = end;
	return false;
}

/* The state at data[to], having come through data[from..to) without meeting a quote. */
static enum split_state plain_state(const struct scan *c, size_t from, size_t to)
{
	while (to > from && is_blank(c->data[to - 1], c->s->delim))
		to--;
	if (to == from)
		return c->s->state;
	if (is_newline(c->data[to - 1]))
		return SPLIT_ROW;
	return c->data[to - 1] == c->s->delim ? SPLIT_FIELD : SPLIT_PLAIN;
}

/* Scans on in a quoted field, up to end. */
static void scan_quoted(struct scan *c, size_t end)
{
	struct split *s = c->s;

	while (c->i < end && is_quoted(s->state)) {
		if (s->state == SPLIT_QUOTED) {
			const char *quote = memchr(c->data + c->i, '"', end - c->i);
			c->i = quote ? (size_t)(quote - c->data) : end;
			if (!quote)
				return;
		}
		s->state = step_quoted(s->state, c->data[c->i++], s->delim);
	}
	if (s->state == SPLIT_ROW)
		c->row = c->i;
}

/* A field opens at i - 1, inside of the one known not to end. There the older scan saw a closing
 * quote, for what stands before a field's start cannot follow a closed quote. The two agree from
 * the first byte that is neither quote nor blank, unless it ends the field in the new scan.
 */
static void join_open(struct scan *c)
{
	struct split *s = c->s;
	size_t to = (size_t)(s->open_to - c->base);
	enum split_state old = s->opened == s->open_from ? SPLIT_QUOTED : SPLIT_CLOSED;

	while (c->i < to && is_quoted(s->state) && old != s->state) {
		old = step_quoted(old, c->data[c->i], s->delim);
		s->state = step_quoted(s->state, c->data[c->i++], s->delim);
	}
	if (s->state == old) {
		c->i = to;
		s->state = s->open_state;
	} else if (s->state == SPLIT_ROW) {
		c->row = c->i;
	}
}

/* At a quote outside quotes. */
static void meet_quote(struct scan *c)
{
	struct split *s = c->s;

	c->i++;
	if (s->state == SPLIT_PLAIN)
		return;
	s->state = SPLIT_QUOTED;
	s->opened = c->base + c->i;
	if (s->opened >= s->open_from && s->opened < s->open_to)
		join_open(c);
}

/* Gives up the row and goes on behind its first line, which has no newline before within if long.
 * */
static bool give_up(struct scan *c, size_t within, struct split_bad *ret)
{
	struct split *s = c->s;
	size_t end = split_line(c->data, c->row, c->len);
	bool ended = is_newline(c->data[end - 1]);

	ret->why = ended && has_newline(c->data, c->row, within) ? REJECT_QUOTE : REJECT_LONG;
	ret->start = c->row;
	ret->end = end;
	if (is_quoted(s->state)) {
		s->open_from = s->opened;
		s->open_to = c->base + c->i;
		s->open_state = s->state;
	}
	c->row = c->i = end;
	s->state = ended ? SPLIT_ROW : SPLIT_REST;
	s->bad = true;
	return true;
}

static void scan_rest(struct scan *c)
{
	c->row = c->i = split_line(c->data, c->i, c->len);
	if (is_newline(c->data[c->i - 1]))
		c->s->state = SPLIT_ROW;
}

/* Scans on to len (false), or until a row was given up (true). */
static bool scan(struct scan *c, struct split_bad *ret)
{
	struct split *s = c->s;

	while (c->i < c->len) {
		if (s->state == SPLIT_REST) {
			scan_rest(c);
			continue;
		}
		size_t limit = c->len - c->row > s->row_max ? c->row + s->row_max : c->len;
		if (is_quoted(s->state)) {
			scan_quoted(c, limit);
			if (is_quoted(s->state) && limit < c->len)
				return give_up(c, limit, ret);
			continue;
		}
		const char *quote = memchr(c->data + c->i, '"', c->len - c->i);
		size_t from = c->i, to = quote ? (size_t)(quote - c->data) : c->len;
		if (skip_rows(c, from, to))
			return give_up(c, c->row + s->row_max, ret);
		s->state = plain_state(c, from, to);
		c->i = to;
		if (quote)
			meet_quote(c);
	}
	return c->len - c->row > s->row_max && give_up(c, c->row + s->row_max, ret);
}

/* Nothing but blanks and newlines: the header, if there is to be one, is not there yet. */
static bool is_void(const struct split *s, const char *data, size_t len)
{
	for (size_t i = split_bom(data, len); i < len; i++)
		if (!is_newline(data[i]) && !is_blank(data[i], s->delim))
			return false;
	return true;
}

size_t split_scan(struct split *s, const char *data, size_t from, size_t len)
{
	struct split_bad bad;
	struct scan c = {.s = s, .data = data, .i = from - s->held};

	c.base = s->done - c.i;
	c.row = c.i - s->row_len;
	if (s->done == 0) {
		if (len < sizeof(bom) && !memcmp(data, bom, len))
			return 0;
		c.row = c.i = split_bom(data, len);
		c.base = 0;
	}
	s->held = len > c.i && data[len - 1] == '\r';
	c.len = len - s->held;
	while (scan(&c, &bad))
		;
	s->row_len = c.len - c.row;
	s->done = c.base + c.len;
	if (!s->begun && c.row <= s->row_max && is_void(s, data, c.row))
		return 0;
	s->begun = true;
	return c.row;
}

bool split_find_bad(struct split *s, const char *data, size_t *at, size_t len,
	struct split_bad *ret)
{
	struct scan c = {.s = s, .data = data, .i = *at, .row = *at, .len = len};
	bool found = scan(&c, ret);

	if (!found && s->state == SPLIT_QUOTED && c.row < len) {
		found = give_up(&c, len, ret);
		ret->why = REJECT_QUOTE;
	}
	if (found && s->state == SPLIT_REST)
		s->state = SPLIT_ROW;
	*at = found ? ret->end : len;
	return found;
}

size_t split_row(char delim, const char *data, size_t from, size_t len)
{
	struct split s;
	struct scan c = {.s = &s, .data = data, .i = from, .row = from, .len = len};

	split_init(&s, delim);
	for (size_t line = split_line(data, from, len);;) {
		const char *quote = line > c.i ? memchr(data + c.i, '"', line - c.i) : NULL;
		if (!quote)
			return line;
		s.state = plain_state(&c, c.i, (size_t)(quote - data));
		c.i = (size_t)(quote - data);
		meet_quote(&c);
		if (!is_quoted(s.state))
			continue;
		scan_quoted(&c, len);
		if (s.state == SPLIT_ROW)
			return c.i + (data[c.i - 1] == '\r' && c.i < len && data[c.i] == '\n');
		if (c.i >= line)
			line = split_line(data, c.i, len);
	}
}

bool split_is_empty(char delim, const char *row, size_t len)
{
	size_t i = 0;

	while (i < len && is_blank(row[i], delim))
		i++;
	return i == len || is_newline(row[i]);
}

/* Of fixed length, short enough for the count to fit a byte: compilers make vectors of it. */
static uint64_t count_in_stretch(const char *data, char what)
{
	uint8_t n = 0;

	for (size_t i = 0; i < STRETCH; i++)
		n = (uint8_t)(n + (data[i] == what));
	return n;
}

static uint64_t count_byte(const char *data, size_t len, char what)
{
	uint64_t n = 0;

	for (; len >= STRETCH; data += STRETCH, len -= STRETCH)
		n += count_in_stretch(data, what);
	for (size_t i = 0; i < len; i++)
		n += data[i] == what;
	return n;
}

uint64_t split_count_lines(const char *data, size_t len)
{
	uint64_t n = count_byte(data, len, '\n');
	const char *cr = len ? memchr(data, '\r', len) : NULL;

	for (size_t i = cr ? (size_t)(cr - data) : len; i < len; i++)
		n += data[i] == '\r' && (i + 1 == len || data[i + 1] != '\n');
	return n;
}

size_t split_bom(const char *data, size_t len)
{
	return len >= sizeof(bom) && !memcmp(data, bom, sizeof(bom)) ? sizeof(bom) : 0;
}
