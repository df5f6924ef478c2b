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
#define LINES_MAX 512   /* of a statement on the screen; what is beyond is not shown */

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
	if (path)
		parts_add(&p, 1, INK_TEXT, "%s", slash ? slash + 1 : path);
	if (path && !u->term.scripted) {        /* a screen of a script must repeat */
		add_size(&p, path);
		add_writes(u, &p, path);
	}
	parts_add(&p, 3, INK_DIM, "READ-ONLY");
	frame_counts(u, &p);
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

/* A line of a statement, or a part of one: what is too long is broken, at a blank if it has one. */
struct screen_line {
	size_t from, to;
	bool is_broken;                 /* what follows belongs to the same line */
};

static size_t break_at(const char *s, size_t len, unsigned columns)
{
	size_t fits = text_fit(s, len, columns, NULL), at = fits;

	if (fits == len)
		return len;
	while (at > 0 && s[at - 1] != ' ')
		at--;
	return at > 0 ? at : fits > 0 ? fits : len;
}

static unsigned lay_out(const struct editor *d, unsigned columns, struct screen_line *line)
{
	unsigned n = 0;
	size_t from = 0, end, len;

	while (n < LINES_MAX) {
		end = editor_line_end(d, from);
		len = break_at(d->text + from, end - from, columns);
		line[n++] = (struct screen_line){ from, from + len, from + len < end };
		if (from + len == d->len)
			break;
		from += len + (from + len == end);
	}
	return n;
}

/* At the end of a broken line a place is the start of the next one. */
static bool is_on(const struct screen_line *l, size_t at)
{
	return at >= l->from && (l->is_broken ? at < l->to : at <= l->to);
}

static int column_of(struct ui *u, const struct screen_line *l, size_t at)
{
	char part[EDITOR_MAX];

	snprintf(part, sizeof part, "%.*s", (int)(at - l->from), u->sql.editor.text + l->from);
	return PROMPT_WIDTH + term_width(&u->term, part);
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

/* Returns the lines it took. */
static int draw_line(struct ui *u, int line, const struct screen_line *l, struct box b)
{
	const struct editor *d = &u->sql.editor;
	struct term *t = &u->term;
	int fault = sql_fault(u);
	const char *prompt = !l->from ? "sql>" : d->text[l->from - 1] == '\n' ? " ..>" : "";
	char text[EDITOR_MAX];

	snprintf(text, sizeof text, "%.*s", (int)(l->to - l->from), d->text + l->from);
	term_put(t, line, b.column, PROMPT_WIDTH, INK_KEY, prompt);
	term_put(t, line, b.column + PROMPT_WIDTH, b.columns - PROMPT_WIDTH, INK_TEXT, text);
	if (!u->sql.is_rows && !u->prompt.ops && is_on(l, d->caret)) {
		t->caret_line = line;
		t->caret_column = b.column + column_of(u, l, d->caret);
	}
	if (fault < 0 || !is_on(l, (size_t)fault))
		return 1;
	draw_fault(u, line + 1, b.column + column_of(u, l, (size_t)fault),
		u->sql.ask->answer->err.text, b.columns);
	return 2;
}

/* Returns the lines used: at most a half of the screen, those around the caret. */
static int draw_editor(struct ui *u, struct box b)
{
	struct sql_state *s = &u->sql;
	struct screen_line line[LINES_MAX];
	unsigned n = lay_out(&s->editor, (unsigned)(b.columns - PROMPT_WIDTH - 1), line);
	unsigned most = (unsigned)b.lines / 2, at = 0, i;
	int used = 0;

	while (at + 1 < n && !is_on(&line[at], s->editor.caret))
		at++;
	s->first_line = view_scroll(s->first_line, at, most, n);
	for (i = s->first_line; i < n && i < s->first_line + most; i++)
		used += draw_line(u, b.line + used, &line[i], b);
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
		term_put(&u->term, line, 2, 13, INK_KEY, w->word[i].text);
		term_put(&u->term, line++, 15, b.columns - 15, INK_DIM, t.s ? t.s : "");
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
		term_put(&u->term, line + 1, 1, b.columns - 1, INK_HEAD, " TABLE        COLUMNS");
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

/* Their tables and views are there, and empty. */
static void add_no_events(struct ui *u, struct parts *p, const struct ask_answer *a)
{
	if (!snapshot_goes_on(u->snap) && (strcasestr(a->sql, "event") ||
	    strcasestr(a->sql, "v_user")))
		parts_add(p, 1, INK_HIGH, "a replay keeps no events in its store");
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
	add_no_events(u, p, a);
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
