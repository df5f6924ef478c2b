#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/ui.h"
#include "ui/words.h"

#define LABEL_WIDTH 13
#define NOTE_X 63
#define CHART_TAIL 26           /* behind a chart: "  now 0.4s  max 3.1s" */
#define LOG_TEXT_X 16
#define CELLS_MAX 512
#define WIDE 100                /* room for a second note; else the disk only when it is full */
#define LAG_CALM_S 5            /* a chart of less is not drawn to its full height */

/* Columns of the table of stages: right ends, and heads. */
static const struct {
	int x, width;
	const char *head;
} columns[] = {
	{ 1, 8, "STAGE" }, { 9, 9, "in/s" }, { 18, 9, "out/s" }, { 27, 10, "waiting" },
	{ 37, 8, "dropped" }, { 45, 8, "p50" }, { 53, 8, "p99" }, { NOTE_X, 16, "" },
};
enum { COLUMN_STAGE, COLUMN_IN, COLUMN_OUT, COLUMN_WAITING, COLUMN_DROPPED, COLUMN_P50, COLUMN_P99,
	COLUMN_NOTE };

static void put(struct ui *u, int line, int column, enum ink ink, const char *text)
{
	struct term *t = &u->term;
	int x = columns[column].x, width = columns[column].width, need = term_width(t, text);

	if (column == COLUMN_NOTE)
		term_put(t, line, x, t->columns - x, ink, text);
	else if (column == COLUMN_STAGE || need >= width)
		term_put(t, line, x, width, ink, text);
	else
		term_put(t, line, x + width - need, need, ink, text);
}

static void put_count(struct ui *u, int line, int column, enum ink ink, uint64_t n)
{
	char buf[WORDS_MAX];

	put(u, line, column, ink, words_count(n, buf));
}

static void put_rate(struct ui *u, int line, int column, double value)
{
	char n[WORDS_MAX];

	if (value > 0 && value < 9.95) {
		snprintf(n, sizeof n, "%.1f", value);
		put(u, line, column, INK_TEXT, n);
	} else {
		put_count(u, line, column, INK_TEXT, (uint64_t)llround(value));
	}
}

/* "0.4ms", "12ms", "1.5s"; what was not measured is "-". */
static void put_took(struct ui *u, int line, int column, float ms)
{
	char buf[WORDS_MAX];

	if (isnan(ms))
		strcpy(buf, "-");
	else if (ms < 9.95f)
		snprintf(buf, sizeof buf, "%.1fms", (double)ms);
	else if (ms < 999.5f)
		snprintf(buf, sizeof buf, "%.0fms", (double)ms);
	else
		snprintf(buf, sizeof buf, "%.1fs", (double)ms / 1000);
	put(u, line, column, INK_TEXT, buf);
}

static void draw_title(struct ui *u, struct box b)
{
	const struct system_state *s = &u->system;
	struct parts p = { .n = 0 };
	char n[WORDS_MAX], limit[WORDS_MAX];

	parts_add(&p, 0, INK_TITLE, "veer SYS");
	parts_add(&p, 3, INK_TEXT, "up %s", words_span(clock_tick_ms(u->clock) - s->begun_ms, n));
	if (u->term.scripted)
		goto out;
	parts_add(&p, 4, INK_TEXT, "pid %d", (int)getpid());
	words_bytes(s->rss_bytes, n);
	if (mem_limit_bytes())
		parts_add(&p, 1, INK_TEXT, "RSS %s, limit %s", n,
			words_bytes(mem_limit_bytes(), limit));
	else
		parts_add(&p, 1, INK_TEXT, "RSS %s", n);
	parts_add(&p, 2, INK_TEXT, "CPU %.0f%%", s->cpu_share * 100);
	parts_add(&p, 5, INK_DIM, "TERM %s", getenv("TERM") ? getenv("TERM") : "");
out:
	frame_counts(u, &p);
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

static void note_read(struct ui *u, char *buf, size_t n)
{
	char bad[WORDS_MAX];

	if (u->snap->rejected)
		snprintf(buf, n, "b: %s bad lines", words_count(u->snap->rejected, bad));
	else
		snprintf(buf, n, "%s rows", words_count(u->snap->rows, bad));
}

static void note_detect(struct ui *u, char *buf, size_t n)
{
	char users[WORDS_MAX];

	snprintf(buf, n, "%s users, %s", words_count(u->snap->users, users), u->snap->backend);
}

static void note_store(struct ui *u, char *buf, size_t n)
{
	char name[4096 + 8], wal[WORDS_MAX], room[WORDS_MAX];
	struct statvfs disk;
	struct stat st;
	int used = 0;

	if (u->term.scripted || !u->feed->db)
		return;
	snprintf(name, sizeof name, "%s-wal", u->feed->db);
	if (stat(name, &st) == 0)
		used = snprintf(buf, n, "WAL %s  ", words_bytes((uint64_t)st.st_size, wal));
	if (statvfs(u->feed->db, &disk) < 0)
		return;
	if (u->term.columns < WIDE && disk.f_bavail < disk.f_blocks / 20)
		used = 0;
	if (u->term.columns >= WIDE || !used)
		snprintf(buf + used, n - (size_t)used, "%s free",
			words_bytes((uint64_t)disk.f_bavail * disk.f_frsize, room));
}

static const struct {
	const char *waiting;
	void (*note)(struct ui *u, char *buf, size_t n);
} stages[FEED_STAGES] = {
	[FEED_READ] = { "bytes", note_read },
	[FEED_HOLD] = { "", NULL },
	[FEED_DETECT] = { "", note_detect },
	[FEED_STORE] = { "", note_store },
};

static void put_waiting(struct ui *u, int line, int i, const struct stage *g)
{
	char buf[2 * WORDS_MAX], n[WORDS_MAX], room[WORDS_MAX];
	bool is_full = g->room && g->waiting >= g->room;

	if (*stages[i].waiting)
		words_bytes(g->waiting, buf);
	else if (g->room)
		snprintf(buf, sizeof buf, "%s/%s", words_count(g->waiting, n),
			words_count(g->room, room));
	else
		words_count(g->waiting, buf);
	put(u, line, COLUMN_WAITING, is_full ? INK_HIGH : INK_TEXT,
		i == FEED_STORE ? "-" : buf);
}

static void draw_stage(struct ui *u, int line, int i)
{
	const struct stage *g = &u->snap->stage[i];
	const struct system_rate *r = &u->system.rate[i];
	char note[120] = "";

	put(u, line, COLUMN_STAGE, INK_TEXT, system_stage[i]);
	put_rate(u, line, COLUMN_IN, r->in_per_s);
	put_rate(u, line, COLUMN_OUT, r->out_per_s);
	put_waiting(u, line, i, g);
	put_count(u, line, COLUMN_DROPPED, g->dropped ? INK_HIGH : INK_TEXT, g->dropped);
	put_took(u, line, COLUMN_P50, g->p50_ms);
	put_took(u, line, COLUMN_P99, g->p99_ms);
	if (stages[i].note)
		stages[i].note(u, note, sizeof note);
	put(u, line, COLUMN_NOTE, INK_DIM, note);
}

static void draw_screen(struct ui *u, int line)
{
	const struct system_state *s = &u->system;
	char note[40], n[WORDS_MAX];

	put(u, line, COLUMN_STAGE, INK_TEXT, "screen");
	put_rate(u, line, COLUMN_IN, s->paints_per_s);
	put_rate(u, line, COLUMN_OUT, s->paints_per_s);
	put(u, line, COLUMN_WAITING, INK_TEXT, "-");
	put(u, line, COLUMN_DROPPED, INK_TEXT, "-");
	put_took(u, line, COLUMN_P50, spread_quantile(&s->paint_took, .5));
	put_took(u, line, COLUMN_P99, spread_quantile(&s->paint_took, .99));
	if (u->term.scripted)
		return;
	snprintf(note, sizeof note, "%s/s to tty", words_bytes((uint64_t)s->bytes_per_s, n));
	put(u, line, COLUMN_NOTE, INK_DIM, note);
}

static int draw_stages(struct ui *u, int line)
{
	unsigned i;

	for (i = 0; i + 1 < sizeof columns / sizeof *columns; i++)
		put(u, line, (int)i, INK_HEAD, columns[i].head);
	for (i = 0; i < FEED_STAGES; i++)
		if (u->snap->stage[i].is_measured)
			draw_stage(u, ++line, (int)i);
	draw_screen(u, ++line);
	return line + 1;
}

static float largest(const float *v, unsigned n)
{
	float most = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		most = fmaxf(most, v[i]);
	return most;
}

static void draw_chart(struct ui *u, int line, struct box b, const char *label,
	void (*fill)(const struct system_state *, float *, unsigned), float least)
{
	float v[CELLS_MAX];
	int cells = view_clamp(b.columns - LABEL_WIDTH - CHART_TAIL, 8, CELLS_MAX / 2);
	unsigned n = (unsigned)cells * glyph_per_cell(u->term.glyphs);

	fill(&u->system, v, n);
	term_put(&u->term, line, b.column, LABEL_WIDTH, INK_HEAD, label);
	term_chart(&u->term, line, b.column + LABEL_WIDTH, cells, v,
		fmaxf(largest(v, n), least), INFINITY);
}

static int draw_charts(struct ui *u, int line, struct box b)
{
	struct term *t = &u->term;
	int x = b.column + b.columns - CHART_TAIL + 2;
	char now[WORDS_MAX], most[WORDS_MAX];

	if (line >= b.line + b.lines)
		return line;
	draw_chart(u, line, b, " LAG 10m", system_lag, LAG_CALM_S);
	term_putf(t, line++, x, CHART_TAIL - 2, INK_TEXT, "now %s  max %s",
		words_span((int64_t)(u->snap->lag_s * 1000), now),
		words_span((int64_t)((double)u->system.max_lag_s * 1000), most));
	if (line >= b.line + b.lines)
		return line;
	draw_chart(u, line, b, " EVENTS/s", system_rates, 0);
	term_putf(t, line++, x, CHART_TAIL - 2, INK_TEXT, "now %s",
		words_count((uint64_t)llround(fmax(u->snap->events_per_s, 0)), now));
	return line;
}

static unsigned n_kept(const struct system_state *s)
{
	return s->n_notices < SYSTEM_NOTICES ? s->n_notices : SYSTEM_NOTICES;
}

/* Of those kept; 0: the newest. */
static const struct notice *notice_at(const struct system_state *s, unsigned i)
{
	return &s->notice[(s->n_notices - 1 - i) % SYSTEM_NOTICES];
}

static void draw_notices(struct ui *u, int line, struct box b)
{
	struct system_state *s = &u->system;
	unsigned n = n_kept(s), i;
	int end = b.line + b.lines;
	char time[UI_TIME_MAX];

	term_putf(&u->term, line++, b.column, b.columns, INK_HEAD, " NOTICES %u, newest first",
		s->n_notices);
	s->page = end - line;
	s->top = view_scroll(s->top, s->top, (unsigned)s->page, n);
	for (i = s->top; i < n && line < end; i++) {
		const struct notice *notice = notice_at(s, i);

		term_put(&u->term, line, b.column + 1, 9, INK_DIM, time_show(notice->at_ms,
			u->feed->zone, "%H:%M:%S", time, sizeof time));
		term_put(&u->term, line++, b.column + 11, b.columns - 11, INK_TEXT, notice->text);
	}
}

/* A notice to its end, cut between words; lines is what is left. Returns those it takes. */
static int draw_said(struct ui *u, const struct notice *notice, struct box b)
{
	const char *s = notice->text;
	int width = b.columns - LOG_TEXT_X, used = 0;
	char time[UI_TIME_MAX];

	term_put(&u->term, b.line, b.column + 1, LOG_TEXT_X - 2, INK_DIM, time_show(notice->at_ms,
		u->feed->zone, "%m-%d %H:%M:%S", time, sizeof time));
	do {
		size_t len = strlen(s), fits = text_fit(s, len, (unsigned)width, NULL), at = fits;
		char part[sizeof notice->text];

		while (fits < len && at > 0 && s[at] != ' ')
			at--;
		fits = at ? at : fits;
		snprintf(part, sizeof part, "%.*s", (int)fits, s);
		term_put(&u->term, b.line + used++, b.column + LOG_TEXT_X, width, INK_TEXT, part);
		s += fits + strspn(s + fits, " ");
	} while (*s && used < b.lines);
	return used;
}

static void draw_log(struct ui *u, struct box b)
{
	struct system_state *s = &u->system;
	struct box line = { b.line + 1, b.column, b.lines - 1, b.columns };
	unsigned n = n_kept(s), i;
	int used;

	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD,
		" TIME           WHAT VEER SAID, newest first");
	if (!n)
		term_put(&u->term, b.line + 2, b.column + 2, b.columns - 2, INK_TEXT,
			"Nothing so far: rotations, refits and failures would stand here.");
	for (i = s->top; i < n && line.lines > 0; i++) {
		used = draw_said(u, notice_at(s, i), line);
		line.line += used;
		line.lines -= used;
	}
	s->page = i > s->top ? (int)(i - s->top) : 1;
}

static void draw_bad(struct ui *u, struct box b)
{
	struct system_state *s = &u->system;
	struct term *t = &u->term;
	int line = b.line + 1, x = b.column;
	unsigned i;

	term_put(t, b.line, x, b.columns, INK_HEAD,
		" SOURCE              LINE  REASON          ROW");
	if (!s->n_bad)
		term_put(t, line + 1, x + 2, b.columns - 2, INK_TEXT,
			"No line was kept: none was bad, or this run kept none.");
	s->page = b.lines - 1;
	s->top = view_scroll(s->top, s->top, (unsigned)s->page, s->n_bad);
	for (i = s->top; i < s->n_bad && line < b.line + b.lines; i++, line++) {
		const struct system_bad *bad = &s->bad[i];
		const char *slash = strrchr(bad->source, '/');
		char n[WORDS_MAX];

		term_put(t, line, x + 1, 14, INK_TEXT, slash ? slash + 1 : bad->source);
		term_putf(t, line, x + 15, 10, INK_TEXT, "%10s", words_count(bad->line, n));
		term_put(t, line, x + 27, 15, INK_HIGH, bad->why);
		term_put(t, line, x + 43, b.columns - 43, INK_TEXT,
			u->is_masked ? "(a masked screen shows no lines of a log)" : bad->text);
	}
}

static void draw(struct ui *u, struct box all)
{
	struct box b = { all.line + 1, all.column, all.lines - 1 - FRAME_FOOT_LINES, all.columns };
	int line;

	draw_title(u, all);
	u->n_notices_seen = u->snap->n_notices;
	if (u->system.shows == SYSTEM_BAD) {
		draw_bad(u, b);
	} else if (u->system.shows == SYSTEM_LOG) {
		draw_log(u, b);
	} else {
		line = draw_charts(u, draw_stages(u, b.line) + 1, b) + 1;
		if (line + 1 < b.line + b.lines)
			draw_notices(u, line, b);
	}
	frame_foot(u, all);
}

static unsigned n_lines(const struct system_state *s)
{
	return s->shows == SYSTEM_BAD ? s->n_bad : n_kept(s);
}

static void move(struct ui *u, enum move how)
{
	struct system_state *s = &u->system;
	unsigned n = n_lines(s), page = s->page > 0 ? (unsigned)s->page : 1;

	s->top = view_step(how, s->top, page, n > page ? n - page + 1 : 1);
}

static void status(struct ui *u, struct parts *p)
{
	const struct system_state *s = &u->system;
	char n[WORDS_MAX], all[WORDS_MAX];

	if (s->shows == SYSTEM_LOG)
		parts_add(p, 0, INK_TEXT, "%s of %s notices since the start; L goes back",
			words_count(n_kept(s), n), words_count(s->n_notices, all));
	else if (s->shows == SYSTEM_BAD)
		parts_add(p, 0, INK_TEXT, "%s%s bad line%s kept of %s; b goes back",
			s->has_more_bad ? "the first " : "", words_count(s->n_bad, n),
			s->n_bad == 1 ? "" : "s",
			words_count(u->snap->rejected + u->snap->late, all));
	else if (u->snap->phase == FEED_FAILED)
		parts_add(p, 0, INK_ERROR, "FAILED: %s", u->snap->notice);
	else if (!u->snap->live)
		parts_add(p, 0, INK_DIM, "a replay reads the whole log first: %s",
			u->snap->phase == FEED_LOADING ? "it is at that" : "done");
}

const struct view view_system = {
	.bit = IN_SYSTEM, .look = system_look, .draw = draw, .move = move, .status = status,
	.done = system_done,
};
