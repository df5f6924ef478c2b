#include "ui/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/ask.h"
#include "base/text.h"
#include "ingest/names.h"
#include "ui/mask.h"
#include "ui/ui.h"
#include "ui/words.h"

#define ROWS_MEASURED 500u
#define WIDTH_MAX 32            /* of a text, where the table would be too wide else */
#define GAP 2
#define YEAR_3000_MS INT64_C(32503680000000)
#define BAR_COLUMNS_MIN 8
#define BAR_COLUMNS_MAX 40

static const char *const id_columns[] = { "user", "user_id", "item", "category", "category_from",
	"category_to" };

/* Those of the schema: what a statement reckons from them may be a span. */
static const char *const moment_columns[] = { "time_ms", "onset_ms", "cleared_ms", "step_ms",
	"since_ms", "onset_from_ms", "onset_to_ms" };

static bool ends_in(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && strcmp(s + len - n, end) == 0;
}

static bool is_in(const char *name, const char *const *table, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcasecmp(name, table[i]) == 0)
			return true;
	return false;
}
#define IS_IN(name, table) is_in(name, table, sizeof table / sizeof *table)

static void show_bytes(struct ui *u, const struct ask_answer *a, const struct ask_cell *c,
	bool names_it, char *buf)
{
	const char *bytes = ask_bytes(a, c), *name;
	char id[UI_NAME_MAX], n[WORDS_MAX];

	if (c->type == ASK_BLOB && memchr(bytes, 0, c->len)) {
		snprintf(buf, SHEET_TEXT_MAX, "(%s bytes)", words_count(c->whole, n));
		return;
	}
	text_scrub(buf, SHEET_TEXT_MAX, bytes, c->len);
	if (!names_it || c->len >= sizeof id || memchr(bytes, 0, c->len))
		return;
	memcpy(id, bytes, c->len);
	id[c->len] = 0;
	name = names_show(u->feed->names, id);
	if (name != id)
		text_scrub(buf, SHEET_TEXT_MAX, name, strlen(name));
}

static void show_real(double v, int decimals, char *buf)
{
	if (decimals < 0)
		snprintf(buf, SHEET_TEXT_MAX, "%.6g", v);
	else
		snprintf(buf, SHEET_TEXT_MAX, "%.*f", decimals, v);
}

static bool is_of_user(const struct sheet_column *column, const struct ask_cell *c)
{
	return column->users == ASK_USERS ? c->type != ASK_NULL
		: column->users == ASK_MAYBE_USERS && (c->type == ASK_TEXT || c->type == ASK_BLOB);
}

static char *masked(const struct ui *u, const struct ask_answer *a, const struct ask_cell *c,
	char *buf)
{
	char digits[WORDS_MAX];

	if (c->type != ASK_INTEGER)
		return mask_id(u, ask_bytes(a, c), c->len, buf);
	snprintf(digits, sizeof digits, "%" PRId64, c->integer);
	return mask_id(u, digits, strlen(digits), buf);
}

static const char *show(const struct sheet *s, struct ui *u, const struct ask_answer *a,
	const struct ask_cell *c, char *buf)
{
	const struct sheet_column *column = &s->column[(size_t)(c - a->cell) % a->n_columns];

	if (u->is_masked && is_of_user(column, c))
		return masked(u, a, c, buf);
	switch ((enum ask_type)c->type) {
	case ASK_INTEGER:
		if (column->is_moment && !s->is_raw && c->integer >= 0 && c->integer < YEAR_3000_MS)
			return ui_time(u, c->integer, buf);
		snprintf(buf, SHEET_TEXT_MAX, "%" PRId64, c->integer);
		break;
	case ASK_REAL:
		show_real(c->real, column->decimals, buf);
		break;
	case ASK_NULL:
		return strcpy(buf, "-");
	default:
		show_bytes(u, a, c, column->is_id, buf);
	}
	return buf;
}

static double number_of(const struct ask_cell *c)
{
	return c->type == ASK_INTEGER ? (double)c->integer : c->type == ASK_REAL ? c->real : NAN;
}

static uint32_t measured_rows(const struct ask_answer *a)
{
	return a->n_rows < ROWS_MEASURED ? a->n_rows : ROWS_MEASURED;
}

/* A column is of numbers when all of its values are. */
static void classify(struct sheet_column *column, const struct ask_answer *a, unsigned i)
{
	uint32_t row, n = measured_rows(a), n_numbers = 0, n_nulls = 0;
	double largest = 0;
	bool is_whole = true;

	for (row = 0; row < n; row++) {
		const struct ask_cell *c = ask_cell(a, row, i);
		double v = fabs(number_of(c));

		n_numbers += !isnan(v);
		n_nulls += c->type == ASK_NULL;
		if (c->type != ASK_REAL)
			continue;
		is_whole = is_whole && v <= floor(v);
		largest = fmax(largest, v);
	}
	column->is_number = n_numbers > 0 && n_numbers + n_nulls == n;
	column->decimals = largest >= 1e9 ? -1 : is_whole ? 1 : largest >= 1 ? 2
		: largest >= .01 ? 4 : -1;
	column->is_id = IS_IN(ask_name(a, i), id_columns);
	column->users = a->users[i];
	column->is_moment = column->is_number && IS_IN(ask_name(a, i), moment_columns);
}

static void measure(struct sheet *s, struct ui *u, const struct ask_answer *a, unsigned i)
{
	struct sheet_column *column = &s->column[i];
	uint32_t row, n = measured_rows(a);
	char buf[SHEET_TEXT_MAX];

	column->width = term_width(&u->term, ask_name(a, i));
	for (row = 0; row < n; row++) {
		int width = term_width(&u->term, show(s, u, a, ask_cell(a, row, i), buf));

		column->width = width > column->width ? width : column->width;
	}
}

static void set_bar(struct sheet *s, const struct ask_answer *a, int column)
{
	uint32_t row;

	s->bar = column;
	s->bar_max = 0;
	for (row = 0; column >= 0 && row < a->n_rows; row++)
		s->bar_max = fmax(s->bar_max, number_of(ask_cell(a, row, (unsigned)column)));
}

/* The first column that counts or measures something: moments and keys do not. */
static int first_bar(const struct sheet *s, const struct ask_answer *a)
{
	unsigned i;

	for (i = 0; i < s->n_columns && a->n_rows > 1; i++) {
		const char *name = ask_name(a, i);

		if (s->column[i].is_number && !s->column[i].is_id && !ends_in(name, "_ms")
			&& strcmp(name, "seq") != 0 && strcmp(name, "line") != 0)
			return (int)i;
	}
	return -1;
}

void sheet_take(struct sheet *s, struct ui *u, const struct ask_answer *a)
{
	bool was_record = s->is_record && s->n_columns == a->n_columns;
	unsigned i;

	*s = (struct sheet){ .is_record = was_record, .is_raw = s->is_raw };
	s->n_columns = a->n_columns < SHEET_COLUMNS_MAX ? a->n_columns : SHEET_COLUMNS_MAX;
	for (i = 0; i < s->n_columns; i++) {
		classify(&s->column[i], a, i);
		measure(s, u, a, i);
	}
	set_bar(s, a, first_bar(s, a));
}

void sheet_next_bar(struct sheet *s, const struct ask_answer *a)
{
	unsigned i = (unsigned)(s->bar + 1);

	while (i < s->n_columns && !s->column[i].is_number)
		i++;
	set_bar(s, a, i < s->n_columns ? (int)i : -1);
}

void sheet_turn_raw(struct sheet *s, struct ui *u, const struct ask_answer *a)
{
	unsigned i;

	s->is_raw = !s->is_raw;
	for (i = 0; i < s->n_columns; i++)
		measure(s, u, a, i);
}

void sheet_shift(struct sheet *s, int columns)
{
	int last = (int)s->n_columns - 1;

	s->left = (unsigned)view_clamp((int)s->left + columns, 0, last > 0 ? last : 0);
}

/* Of the columns from `left`: how wide each is drawn; returns what all take. */
static int lay_out(struct sheet *s, int columns, int width[SHEET_COLUMNS_MAX])
{
	int most = INT32_MAX, sum = 1;
	unsigned i;

	for (i = s->left; i < s->n_columns; i++)
		sum += s->column[i].width + GAP;
	if (sum > columns)
		most = WIDTH_MAX;
	sum = 1;
	s->n_shown = 0;
	for (i = s->left; i < s->n_columns && sum < columns; i++) {
		int rest = columns - sum, need = s->column[i].width;

		need = need < most || s->left + 1 == s->n_columns ? need : most;
		if (need > rest && i > s->left && rest < (s->column[i].is_number ? need : 10))
			break;
		width[i] = need < rest ? need : rest;
		sum += width[i] + GAP;
		s->n_shown++;
	}
	return sum;
}

/* Numbers end at the right of their column, and so do their heads. */
static void put(struct term *t, int line, int x, int width, enum ink ink, bool is_right,
	const char *text)
{
	int blank = is_right ? width - term_width(t, text) : 0;

	blank = blank > 0 ? blank : 0;
	term_put(t, line, x, blank, ink, "");
	term_put(t, line, x + blank, width - blank, ink, text);
}

static void draw_heads(const struct sheet *s, struct ui *u, const struct ask_answer *a, int line,
	const int *width)
{
	unsigned i;
	int x = 1;

	for (i = s->left; i < s->left + s->n_shown; i++) {
		put(&u->term, line, x, width[i], INK_HEAD, s->column[i].is_number, ask_name(a, i));
		x += width[i] + GAP;
	}
}

static void draw_bar(const struct sheet *s, struct term *t, const struct ask_cell *c, struct box b)
{
	double v = number_of(c);
	int n = (int)lround(v > 0 && s->bar_max > 0 ? v / s->bar_max * b.columns : 0);
	char bar[BAR_COLUMNS_MAX + 1];

	if (!n && v > 0)
		n = 1;
	memset(bar, '#', (size_t)n);
	bar[n] = 0;
	term_put(t, b.line, b.column, n, INK_BAR, bar);
}

static void draw_row(const struct sheet *s, struct ui *u, const struct ask_answer *a, uint32_t row,
	struct box b, const int *width)
{
	bool is_cursor = row == s->cursor;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	char buf[SHEET_TEXT_MAX];
	struct term *t = &u->term;
	int x = 1;
	unsigned i;

	term_put(t, b.line, 0, b.column - GAP, ink, is_cursor ? ">" : "");
	for (i = s->left; i < s->left + s->n_shown; i++) {
		const struct ask_cell *c = ask_cell(a, row, i);

		put(t, b.line, x, width[i], ink, s->column[i].is_number, show(s, u, a, c, buf));
		x += width[i] + GAP;
	}
	if (s->has_bars)
		draw_bar(s, t, ask_cell(a, row, (unsigned)s->bar), b);
}

/* With the id behind a name, and the number behind a moment. */
static void show_whole(const struct sheet *s, struct ui *u, const struct ask_answer *a,
	const struct ask_cell *c, char *buf)
{
	char id[SHEET_TEXT_MAX];
	size_t len;

	show(s, u, a, c, buf);
	if (c->type == ASK_INTEGER)
		snprintf(id, sizeof id, "%" PRId64, c->integer);
	else if (c->type == ASK_TEXT || c->type == ASK_BLOB)
		show_bytes(u, a, c, false, id);
	else
		return;
	len = strlen(buf);
	if (strcmp(id, buf) != 0 && len + strlen(id) + 5 < SHEET_TEXT_MAX)
		snprintf(buf + len, SHEET_TEXT_MAX - len, "  (%s)", id);
}

static void draw_record(struct sheet *s, struct ui *u, const struct ask_answer *a, struct box b)
{
	struct term *t = &u->term;
	char buf[SHEET_TEXT_MAX];
	int name = 0, line = b.line + 1;
	unsigned i;

	term_putf(t, b.line, 0, b.columns, INK_HEAD, " row %u of %u", s->cursor + 1, a->n_rows);
	for (i = 0; i < s->n_columns; i++) {
		int width = term_width(t, ask_name(a, i));

		name = width > name ? width : name;
	}
	name = name < b.columns / 3 ? name : b.columns / 3;
	s->n_shown = 0;
	for (i = s->left; i < s->n_columns && line < b.line + b.lines; i++, line++) {
		show_whole(s, u, a, ask_cell(a, s->cursor, i), buf);
		put(t, line, 1, name, INK_DIM, true, ask_name(a, i));
		term_put(t, line, name + 1 + GAP, b.columns - name - 1 - GAP, INK_TEXT, buf);
		s->n_shown++;
	}
}

void sheet_draw(struct sheet *s, struct ui *u, const struct ask_answer *a, struct box b)
{
	int width[SHEET_COLUMNS_MAX], x, line;
	uint32_t row;

	s->page = b.lines > 1 ? b.lines - 1 : 1;
	s->top = view_scroll(s->top, s->cursor, (unsigned)s->page, a->n_rows);
	s->has_bars = false;
	if (s->is_record && a->n_rows) {
		draw_record(s, u, a, b);
		return;
	}
	x = lay_out(s, b.columns, width);
	draw_heads(s, u, a, b.line, width);
	s->has_bars = s->bar >= (int)s->left && s->bar < (int)(s->left + s->n_shown)
		&& s->bar_max > 0 && b.columns - x >= BAR_COLUMNS_MIN;
	for (row = s->top, line = b.line + 1; row < a->n_rows && line < b.line + b.lines; row++) {
		struct box bar = { line++, x, 1, view_clamp(b.columns - x, 0, BAR_COLUMNS_MAX) };

		draw_row(s, u, a, row, bar, width);
	}
}
