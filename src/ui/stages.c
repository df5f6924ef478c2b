#include "ui/stages.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "ui/ui.h"
#include "ui/words.h"

#define LABEL_WIDTH 13
#define CHART_TAIL 26           /* behind a chart: "  now 0.4s  max 3.1s" */
#define CELLS_MAX 512
#define WIDE 100                /* room for a second note; else the disk only when it is full */
#define LAG_CALM_S 5            /* a chart of less is not drawn to its full height */

/* Columns: where they begin, and where in a brief table (0: not there). The note has the rest. */
static const struct {
	int x, brief_x, width;
	const char *head;
} columns[] = {
	{ 1, 1, 8, "STAGE" }, { 9, 9, 9, "in/s" }, { 18, 0, 9, "out/s" }, { 27, 18, 10, "waiting" },
	{ 37, 28, 8, "dropped" }, { 45, 0, 8, "p50" }, { 53, 36, 8, "p99" }, { 63, 46, 0, "" },
};
enum { COLUMN_STAGE, COLUMN_IN, COLUMN_OUT, COLUMN_WAITING, COLUMN_DROPPED, COLUMN_P50, COLUMN_P99,
	COLUMN_NOTE };

/* A line of the table. */
struct at {
	struct ui *u;
	struct box b;
	bool is_brief;
};

static void put(const struct at *at, int column, enum ink ink, const char *text)
{
	struct term *t = &at->u->term;
	int x = at->is_brief ? columns[column].brief_x : columns[column].x;
	int width = columns[column].width, need = term_width(t, text);

	if (!x)
		return;
	if (column == COLUMN_NOTE)
		width = at->b.columns - x;
	else if (column != COLUMN_STAGE && need < width) {
		x += width - need;
		width = need;
	}
	term_put(t, at->b.line, at->b.column + x, width, ink, text);
}

static void put_count(const struct at *at, int column, enum ink ink, uint64_t n)
{
	char buf[WORDS_MAX];

	put(at, column, ink, words_count(n, buf));
}

static void put_rate(const struct at *at, int column, double value)
{
	char n[WORDS_MAX];

	if (value > 0 && value < 9.95) {
		snprintf(n, sizeof n, "%.1f", value);
		put(at, column, INK_TEXT, n);
	} else {
		put_count(at, column, INK_TEXT, (uint64_t)llround(value));
	}
}

/* "0.4ms", "12ms", "1.5s"; what was not measured is "-". */
static void put_took(const struct at *at, int column, float ms)
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
	put(at, column, INK_TEXT, buf);
}

static void note_read(const struct at *at, char *buf, size_t n)
{
	const struct snapshot *s = at->u->snap;
	char bad[WORDS_MAX];

	if (s->rejected)
		snprintf(buf, n, "%s%s bad lines", at->is_brief ? "" : "b: ",
			words_count(s->rejected, bad));
	else
		snprintf(buf, n, "%s rows", words_count(s->rows, bad));
}

static void note_detect(const struct at *at, char *buf, size_t n)
{
	const struct snapshot *s = at->u->snap;
	char users[WORDS_MAX];

	snprintf(buf, n, "%s users, %s", words_count(s->users, users), s->backend);
}

static void note_store(const struct at *at, char *buf, size_t n)
{
	char name[4096 + 8], wal[WORDS_MAX], room[WORDS_MAX];
	struct ui *u = at->u;
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
	void (*note)(const struct at *at, char *buf, size_t n);
} stages[FEED_STAGES] = {
	[FEED_READ] = { "bytes", note_read },
	[FEED_HOLD] = { "", NULL },
	[FEED_DETECT] = { "", note_detect },
	[FEED_STORE] = { "", note_store },
};

static void put_waiting(const struct at *at, int i, const struct stage *g)
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
	put(at, COLUMN_WAITING, is_full ? INK_HIGH : INK_TEXT, i == FEED_STORE ? "-" : buf);
}

static void draw_stage(const struct at *at, int i)
{
	const struct stage *g = &at->u->snap->stage[i];
	const struct system_rate *r = &at->u->system.rate[i];
	char note[120] = "";

	put(at, COLUMN_STAGE, INK_TEXT, system_stage[i]);
	put_rate(at, COLUMN_IN, r->in_per_s);
	put_rate(at, COLUMN_OUT, r->out_per_s);
	put_waiting(at, i, g);
	put_count(at, COLUMN_DROPPED, g->dropped ? INK_HIGH : INK_TEXT, g->dropped);
	put_took(at, COLUMN_P50, g->p50_ms);
	put_took(at, COLUMN_P99, g->p99_ms);
	if (stages[i].note)
		stages[i].note(at, note, sizeof note);
	put(at, COLUMN_NOTE, INK_DIM, note);
}

static void draw_screen(const struct at *at)
{
	const struct system_state *s = &at->u->system;
	char note[40], n[WORDS_MAX];

	put(at, COLUMN_STAGE, INK_TEXT, "screen");
	put_rate(at, COLUMN_IN, s->paints_per_s);
	put_rate(at, COLUMN_OUT, s->paints_per_s);
	put(at, COLUMN_WAITING, INK_TEXT, "-");
	put(at, COLUMN_DROPPED, INK_TEXT, "-");
	put_took(at, COLUMN_P50, spread_quantile(&s->paint_took, .5));
	put_took(at, COLUMN_P99, spread_quantile(&s->paint_took, .99));
	if (at->u->term.scripted)
		return;
	snprintf(note, sizeof note, "%s/s to tty", words_bytes((uint64_t)s->bytes_per_s, n));
	put(at, COLUMN_NOTE, INK_DIM, note);
}

int stages_draw(struct ui *u, struct box b, bool is_brief)
{
	struct at at = { u, b, is_brief };
	int i;

	for (i = 0; i < COLUMN_NOTE; i++)
		put(&at, i, INK_HEAD, columns[i].head);
	for (i = 0; i < FEED_STAGES; i++)
		if (u->snap->stage[i].is_measured) {
			at.b.line++;
			draw_stage(&at, i);
		}
	at.b.line++;
	draw_screen(&at);
	return at.b.line + 1 - b.line;
}

static float largest(const float *v, unsigned n)
{
	float most = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		most = fmaxf(most, v[i]);
	return most;
}

static void draw_chart(struct ui *u, struct box b, const char *label,
	void (*fill)(const struct system_state *, float *, unsigned), float least)
{
	float v[CELLS_MAX];
	int cells = view_clamp(b.columns - LABEL_WIDTH - CHART_TAIL, 8, CELLS_MAX / 2);
	unsigned n = (unsigned)cells * glyph_per_cell(u->term.glyphs);

	fill(&u->system, v, n);
	term_put(&u->term, b.line, b.column, LABEL_WIDTH, INK_HEAD, label);
	term_chart(&u->term, b.line, b.column + LABEL_WIDTH, cells, v,
		fmaxf(largest(v, n), least), INFINITY);
}

int stages_charts(struct ui *u, struct box b)
{
	struct term *t = &u->term;
	int x = b.column + b.columns - CHART_TAIL + 2;
	char now[WORDS_MAX], most[WORDS_MAX];

	if (b.lines < 1)
		return 0;
	draw_chart(u, b, " LAG 10m", system_lag, LAG_CALM_S);
	term_putf(t, b.line++, x, CHART_TAIL - 2, INK_TEXT, "now %s  max %s",
		words_span((int64_t)(u->snap->lag_s * 1000), now),
		words_span((int64_t)((double)u->system.max_lag_s * 1000), most));
	if (b.lines < 2)
		return 1;
	draw_chart(u, b, " EVENTS/s", system_rates, 0);
	term_putf(t, b.line, x, CHART_TAIL - 2, INK_TEXT, "now %s",
		words_count((uint64_t)llround(fmax(u->snap->events_per_s, 0)), now));
	return 2;
}
