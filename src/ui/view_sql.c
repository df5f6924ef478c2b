#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/ask.h"
#include "base/clock.h"
#include "base/text.h"
#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/ui.h"
#include "ui/words.h"

#define PROMPT_WIDTH 5

static void add_size(struct parts *p, const char *path)
{
	char n[WORDS_MAX];
	struct stat st;

	if (stat(path, &st) == 0)
		parts_add(p, 4, INK_TEXT, "%s", words_bytes((uint64_t)st.st_size, n));
	else
		parts_add(p, 4, INK_HIGH, "no file yet");
}

/* The log of writes: its newest change is the newest commit. */
static void add_writes(struct ui *u, struct parts *p, const char *path)
{
	struct stat main, wal;
	char name[4096 + 8], n[WORDS_MAX];
	int64_t age_ms;

	snprintf(name, sizeof name, "%s-wal", path);
	if (stat(path, &main) < 0)
		return;
	if (stat(name, &wal) == 0 && wal.st_size > 0) {
		parts_add(p, 6, INK_TEXT, "WAL %s", words_bytes((uint64_t)wal.st_size, n));
		if (wal.st_mtime >= main.st_mtime)
			main.st_mtim = wal.st_mtim;
	}
	age_ms = clock_utc_ms(u->clock) - main.st_mtim.tv_sec * INT64_C(1000)
		- main.st_mtim.tv_nsec / 1000000;
	if (age_ms >= 0)
		parts_add(p, 5, INK_TEXT, "written %s ago", words_span(age_ms, n));
}

static void draw_title(struct ui *u, struct box b)
{
	const char *path = u->feed->db, *slash = path ? strrchr(path, '/') : NULL;
	struct parts p = { .n = 0 };

	parts_add(&p, 0, INK_TITLE, "veer SQL");
	if (path) {
		parts_add(&p, 1, INK_TEXT, "%s", slash ? slash + 1 : path);
		add_size(&p, path);
		add_writes(u, &p, path);
	}
	parts_add(&p, 2, INK_DIM, "READ-ONLY")->is_right = true;
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

static void copy_line(const struct editor *d, size_t from, size_t to, char *buf)
{
	memcpy(buf, d->text + from, to - from);
	buf[to - from] = 0;
}

/* The bytes of the line left of the screen, so that `at` is in sight. */
static size_t hidden(struct ui *u, const char *line, size_t at, int columns)
{
	char part[EDITOR_MAX];
	size_t from = 0;

	for (;;) {
		snprintf(part, sizeof part, "%.*s", (int)(at - from), line + from);
		if (from >= at || term_width(&u->term, part) < columns)
			return from;
		for (from++; ((unsigned char)line[from] & 0xc0) == 0x80; from++)
			;
	}
}

/* "^ why" below the fault; where that is too narrow, "why ^". */
static void draw_fault(struct ui *u, int line, int x, const char *why, int columns)
{
	struct term *t = &u->term;
	int width = term_width(t, why);

	if (x + 2 + width <= columns || width + 1 > x) {
		term_put(t, line, x, 1, INK_ERROR, "^");
		term_put(t, line, x + 2, columns - x - 2, INK_ERROR, why);
	} else {
		term_put(t, line, x - 1 - width, width, INK_ERROR, why);
		term_put(t, line, x, 1, INK_ERROR, "^");
	}
}

/* One line of the statement, from byte `from` to `to`; returns the lines it took on the screen. */
static int draw_line(struct ui *u, int line, size_t from, size_t to, struct box b)
{
	const struct editor *d = &u->sql.editor;
	struct term *t = &u->term;
	int columns = b.columns - PROMPT_WIDTH, fault = sql_fault(u);
	bool has_caret = !u->sql.is_rows && d->caret >= from && d->caret <= to;
	char text[EDITOR_MAX], part[EDITOR_MAX];
	size_t skip;

	copy_line(d, from, to, text);
	skip = has_caret ? hidden(u, text, d->caret - from, columns) : 0;
	term_put(t, line, b.column, PROMPT_WIDTH, INK_KEY, from ? " ..>" : "sql>");
	term_put(t, line, b.column + PROMPT_WIDTH, columns, INK_TEXT, text + skip);
	if (has_caret && !u->prompt.ops) {
		snprintf(part, sizeof part, "%.*s", (int)(d->caret - from - skip), text + skip);
		t->caret_line = line;
		t->caret_column = b.column + PROMPT_WIDTH + term_width(t, part);
	}
	if (fault < 0 || (size_t)fault < from + skip || (size_t)fault > to)
		return 1;
	snprintf(part, sizeof part, "%.*s", (int)((size_t)fault - from - skip), text + skip);
	draw_fault(u, line + 1, b.column + PROMPT_WIDTH + term_width(t, part),
		u->sql.ask->answer->err.text, b.columns);
	return 2;
}

static unsigned line_of(const struct editor *d, size_t at)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < at; i++)
		n += d->text[i] == '\n';
	return n;
}

/* Returns the lines used: at most a half of the screen, those around the caret. */
static int draw_editor(struct ui *u, struct box b)
{
	struct sql_state *s = &u->sql;
	struct editor *d = &s->editor;
	unsigned n = editor_n_lines(d), most = (unsigned)b.lines / 2, i = 0;
	int used = 0;
	size_t from = 0, to;

	s->first_line = view_scroll(s->first_line, line_of(d, d->caret), most, n);
	for (; i < n && i < s->first_line + most; i++, from = to + 1) {
		to = editor_line_end(d, from);
		if (i >= s->first_line)
			used += draw_line(u, b.line + used, from, to, b);
	}
	return used;
}

/* Tables with their columns, as many lines as there are tables. */
static int draw_tables(struct ui *u, int line, struct box b)
{
	const struct complete_words *w = &u->sql.ask->words;
	int end = b.line + b.lines;
	uint32_t i, k;

	for (i = 0; i < w->n && line < end; i++) {
		struct text t;

		if (w->word[i].table >= 0)
			continue;
		text_init(&t, 4096);
		for (k = i + 1; k < w->n && w->word[k].table == (int)i; k++)
			text_addf(&t, "%s ", w->word[k].text);
		term_put(&u->term, line, 2, 10, INK_KEY, w->word[i].text);
		term_put(&u->term, line++, 12, b.columns - 12, INK_DIM, t.s ? t.s : "");
		text_done(&t);
	}
	return line;
}

static void draw_empty(struct ui *u, struct box b)
{
	static const char *const lines[] = {
		"Ask the store: a SELECT that ends in ; and Enter. Up and ^R: earlier ones.",
		"SELECT category_to, count(*) n, max(score) FROM alert GROUP BY 1;",
		"SELECT user, time, category_to, score FROM v_alert ORDER BY score DESC;",
	};
	const struct ask *a = u->sql.ask;
	int line = b.line + 1;
	size_t i;

	if (a->answer && a->answer->err.code && !a->words.n && !u->sql.is_learning) {
		term_put(&u->term, line, 2, b.columns - 2, INK_ERROR, a->answer->err.text);
		if (!ui_is_loaded(u))
			term_put(&u->term, line + 1, 2, b.columns - 2, INK_TEXT,
				"It is written once the log is loaded: then ask again.");
		return;
	}
	for (i = 0; i < sizeof lines / sizeof *lines && line < b.line + b.lines; i++)
		term_put(&u->term, line++, 2, b.columns - 2, i ? INK_DIM : INK_TEXT, lines[i]);
	if (a->words.n && line + 2 < b.line + b.lines) {
		term_put(&u->term, line + 1, 1, b.columns - 1, INK_HEAD, " TABLE     COLUMNS");
		draw_tables(u, line + 2, b);
	}
}

static void draw_no_store(struct ui *u, struct box b)
{
	struct term *t = &u->term;

	if (u->sql.trouble[0]) {
		term_put(t, b.line + 1, 2, b.columns - 2, INK_ERROR, u->sql.trouble);
		return;
	}
	term_put(t, b.line + 1, 2, b.columns - 2, INK_TITLE, "There is no store to ask");
	term_put(t, b.line + 2, 2, b.columns - 2, INK_TEXT,
		"A replay keeps its alerts in a store only when it is told where. Leave with Q,");
	term_put(t, b.line + 3, 2, b.columns - 2, INK_TEXT,
		"and start it again with --db:  veer replay LOG --db veer.db");
}

static void draw_rows(struct ui *u, struct box b)
{
	const struct ask_answer *a = sql_answer(u);

	if (a)
		sheet_draw(&u->sql.sheet, u, a, b);
	else
		draw_empty(u, b);
}

static void draw(struct ui *u, struct box all)
{
	struct box b = { all.line + 1, all.column, all.lines - 1 - FRAME_FOOT_LINES, all.columns };
	int used;

	draw_title(u, all);
	if (u->sql.ask) {
		used = draw_editor(u, b);
		b.line += used;
		b.lines -= used;
		if (b.lines > 1)
			draw_rows(u, b);
	} else {
		draw_no_store(u, b);
	}
	frame_foot(u, all);     /* last: it tells what is shown */
}

static void add_running(struct ui *u, struct parts *p)
{
	char span[WORDS_MAX], rows[WORDS_MAX];

	parts_add(p, 0, INK_KEY, "RUNNING %s",
		words_span(clock_tick_ms(u->clock) - u->sql.begun_ms, span));
	parts_add(p, 2, INK_TEXT, "%s rows so far", words_count(atomic_load_explicit(
		&u->sql.ask->rows, memory_order_relaxed), rows));
	parts_add(p, 1, INK_TEXT, "Esc stops it");
}

static void add_age(struct ui *u, struct parts *p, const struct ask_answer *a)
{
	char time[UI_TIME_MAX];

	if (a->data_ms != INT64_MIN)
		parts_add(p, 3, INK_TEXT, "data up to %s", ui_time(u, a->data_ms, time));
}

static void add_rows(struct ui *u, struct parts *p, const struct ask_answer *a)
{
	const struct sheet *s = &u->sql.sheet;
	char n[WORDS_MAX];

	if (a->err.code && a->err.code != -ECANCELED)
		parts_add(p, 0, INK_ERROR, "%s", a->err.text);
	parts_add(p, 0, INK_TEXT, "%s%s row%s%s", a->has_more ? "the first " : "",
		words_count(a->n_rows, n), a->n_rows == 1 ? "" : "s",
		a->err.code ? " until it was stopped" : a->has_more ? ", there are more" : "");
	parts_add(p, 2, INK_TEXT, "%.3f s", (double)a->took_ms / 1000);
	add_age(u, p, a);
	if (s->left || s->n_shown < s->n_columns)
		parts_add(p, 4, INK_DIM, "columns %u-%u of %u", s->left + 1, s->left + s->n_shown,
			s->n_columns);
	if (s->has_bars)
		parts_add(p, 6, INK_DIM, "bars of %s", ask_name(a, (unsigned)s->bar));
}

static void status(struct ui *u, struct parts *p)
{
	const struct ask *q = u->sql.ask;
	const struct ask_answer *a = sql_answer(u);

	if (!q)
		return;
	if (sql_is_asking(u))
		add_running(u, p);
	else if (a)
		add_rows(u, p, a);
	else if (q->answer && q->answer->err.code && q->words.n && sql_fault(u) < 0
		&& strcmp(q->answer->sql, u->sql.editor.text) == 0)
		parts_add(p, 0, INK_ERROR, "%s", q->answer->err.text);
	else if (q->answer)
		add_age(u, p, q->answer);
}

static void move(struct ui *u, enum move how)
{
	const struct ask_answer *a = sql_answer(u);
	struct sheet *s = &u->sql.sheet;

	if (a)
		s->cursor = view_step(how, s->cursor, (unsigned)s->page, a->n_rows);
}

static unsigned place(const struct ui *u)
{
	return u->sql.is_rows || !u->sql.ask ? IN_SQL : IN_EDIT;
}

static void type(struct ui *u, int key)
{
	u->sql.n_turns = 0;
	editor_type(&u->sql.editor, (unsigned)key);
}

const struct view view_sql = {
	.bit = IN_SQL, .place = place, .type = type, .open = sql_open, .look = sql_look,
	.draw = draw, .move = move, .status = status, .done = sql_done,
};
