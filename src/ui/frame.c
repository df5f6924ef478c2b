#include "ui/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"
#include "model/model.h"
#include "ui/budget.h"
#include "ui/keys.h"
#include "ui/system_log.h"
#include "ui/twin.h"
#include "ui/ui.h"
#include "ui/words.h"

#define TITLE_LINES 2
#define MESSAGE_LINES 4
#define UNREAD_LINES 2
#define BEHIND_BYTES 1000000u   /* more of a log than what a moment writes */
#define NOTICE_LEAST 30  /* columns of one that does not fit */
#define MINUTE_MS 60000

/* A log that went quiet has no lag: whether it is night or a writer that died is for a person. */
static bool add_quiet(struct ui *u, struct parts *p)
{
	int64_t quiet_ms = clock_tick_ms(u->clock) - u->rows_tick, minutes = quiet_ms / MINUTE_MS;
	char span[WORDS_MAX];

	ui_waits(u, u->rows_tick + (minutes + 1) * MINUTE_MS);
	if (!minutes || !u->snap->rows || u->snap->phase == FEED_ENDED)
		return false;
	parts_add(p, 4, INK_HIGH, "quiet %s", words_span(minutes * MINUTE_MS, span));
	return true;
}

static void add_clock(struct ui *u, struct parts *p)
{
	const struct snapshot *s = u->snap;
	char time[UI_TIME_MAX], span[WORDS_MAX];
	bool is_short = s->live && ui_time_width(u) < 10;       /* within a day: no date */

	if (s->phase == FEED_LOADING) {
		parts_add(p, 0, INK_TEXT, "loading %s", s->source);
		return;
	}
	parts_add(p, 0, INK_TEXT, "data %s", time_show(s->data_ms, u->feed->zone,
		is_short ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", time, sizeof time));
	if (s->twin.is_on && s->twin.now_ms - s->data_ms < 1000)
		parts_add(p, 1, INK_HIGH, "just now");
	else if (s->twin.is_on)
		parts_add(p, 1, INK_HIGH, "%s ago", words_span(s->twin.now_ms - s->data_ms, span));
	else if (s->live && s->stage[FEED_READ].waiting >= BEHIND_BYTES)
		parts_add(p, 2, INK_HIGH, "%s behind", words_bytes(s->stage[FEED_READ].waiting,
			span));
	else if (s->live && add_quiet(u, p))
		return;
	else if (s->live && s->lag_s < 60)
		parts_add(p, 4, INK_TEXT, "lag %.1fs", s->lag_s);
	else if (s->live)
		parts_add(p, 4, INK_HIGH, "lag %s", words_span((int64_t)(s->lag_s * 1000), span));
	else if (s->lag_s >= 1)
		parts_add(p, 5, INK_TEXT, "behind %.0fs", s->lag_s);
}

static void add_speed(const struct snapshot *s, struct parts *p)
{
	char wanted[WORDS_MAX], reached[WORDS_MAX];
	bool is_short = s->phase == FEED_RUNNING && s->achieved > 0
		&& (!(s->speed > 0) || fabs(s->achieved - s->speed) > s->speed / 10);

	parts_add(p, 3, INK_TEXT, "%s", words_speed(s->speed, wanted));
	if (is_short)
		parts_add(p, 4, INK_TEXT, "(%s)", words_speed(s->achieved, reached))->gap = 1;
}

static void add_model(const struct ui *u, struct parts *p)
{
	const struct snapshot *s = u->snap;
	const struct model *m = u->feed->model;

	if (s->provisional)
		parts_add(p, 2, INK_HIGH, "PROVISIONAL model");
	else if (s->unverified)
		parts_add(p, 2, INK_HIGH, "unverified");
	else if (snapshot_goes_on(s) && m && model_is_coarse(m))
		parts_add(p, 2, INK_HIGH, "COARSE: %.3g/kud", m->budget_kud);
}

void frame_counts(const struct ui *u, struct parts *p)
{
	const struct snapshot *s = u->snap;
	const struct board_counts *b = &u->board.counts;
	uint32_t severe = s->n_severe - b->severe, high = s->n_high - b->high;
	uint32_t crowds = fold_running(u);
	struct part *part;

	part = parts_add(p, 1, INK_TEXT, "NEW");
	part->is_right = true;
	parts_add(p, 1, severe ? INK_SEVERE : INK_TEXT, "!!%u", severe)->gap = 1;
	parts_add(p, 1, high ? INK_HIGH : INK_TEXT, "!%u", high)->gap = 1;
	parts_add(p, 1, INK_TEXT, ".%u", s->n_low - b->low)->gap = 1;
	if (crowds)
		parts_add(p, 1, INK_SEVERE, "crowd %u", crowds);
	if (b->acknowledged)
		parts_add(p, 2, INK_TEXT, "ack %u", b->acknowledged);
	if (b->shelved)
		parts_add(p, 3, INK_TEXT, "shelved %u", b->shelved);
	if (s->n_cleared - b->cleared)
		parts_add(p, 5, INK_DIM, "cleared %u", s->n_cleared - b->cleared);
}

/* To the minute: seconds would keep an idle screen busy. */
static void add_wall_clock(struct ui *u, struct parts *p)
{
	int64_t now = clock_utc_ms(u->clock);
	char time[UI_TIME_MAX];

	parts_add(p, 9, INK_DIM, "clock %s",
		time_show(now, u->feed->zone, "%H:%M", time, sizeof time));
	ui_waits(u, clock_tick_ms(u->clock) + MINUTE_MS - now % MINUTE_MS);
}

static void draw_title(struct ui *u)
{
	const struct snapshot *s = u->snap;
	struct parts p = { .n = 0 };
	char n[WORDS_MAX];

	parts_add(&p, 0, INK_TITLE, "veer %s", s->live ? "LIVE" : s->twin.is_on ? "TWIN"
		: "REPLAY");
	add_clock(u, &p);
	if (s->phase != FEED_LOADING) {
		if (!s->live)
			add_speed(s, &p);
		if (s->live || (s->phase == FEED_RUNNING && !s->twin.is_on))
			parts_add(&p, 6, INK_TEXT, "%s ev/s",
				words_count((uint64_t)llround(s->events_per_s), n));
		parts_add(&p, 8, INK_DIM, "%s users", words_count(s->users, n));
		if (s->backend[0])
			parts_add(&p, 7, INK_DIM, "%s", s->backend);
		add_model(u, &p);
		budget_add(u, &p);
		frame_counts(u, &p);
		if (s->live && u->term.columns >= UI_WIDE)
			add_wall_clock(u, &p);
	}
	parts_draw(&p, &u->term, 0, 0, u->term.columns);
}

static void look_bar(struct ui *u, int64_t first_ms, int64_t last_ms, int width, uint32_t n)
{
	struct bar *b = &u->bar;

	if (width > BAR_MAX)
		width = BAR_MAX;
	if (b->first_ms == first_ms && b->last_ms == last_ms && b->width == width && b->n == n)
		return;
	*b = (struct bar){ .first_ms = first_ms, .last_ms = last_ms, .width = width };
	bar_look(b, u->feed, n);
}

/* Where the bar stands between the texts before and behind it. */
static void draw_between(struct ui *u, const char *before, const char *behind, int64_t now_ms)
{
	struct term *t = &u->term;
	int left = term_width(t, before);

	term_put(t, 1, 0, left, INK_TEXT, before);
	term_put(t, 1, left, 1, INK_TEXT, "[");
	bar_draw(&u->bar, t, 1, left + 1, now_ms);
	marks_draw(u, 1, left + 1);
	term_put(t, 1, left + 1 + u->bar.width, t->columns, INK_TEXT, behind);
}

static int room(struct ui *u, const char *before, const char *behind)
{
	int width = u->term.columns - term_width(&u->term, before) - 1
		- term_width(&u->term, behind);

	return width < 4 ? 4 : width;
}

static void time_left(const struct snapshot *s, char *buf, size_t n)
{
	double speed = s->phase == FEED_RUNNING && s->achieved > 0 ? s->achieved : s->speed;
	char span[WORDS_MAX];

	*buf = 0;
	if (speed > 0 && s->phase != FEED_ENDED) /* at most 13 columns, which the bar leaves free */
		snprintf(buf, n, "  left %s",
			words_span((int64_t)(fmax((double)(s->last_ms - s->data_ms), 0) / speed),
				span));
}

static void draw_replay_bar(struct ui *u)
{
	static const char *const sign[] = { [FEED_RUNNING] = ">>", [FEED_PAUSED] = "||",
		[FEED_ENDED] = ">|", [FEED_FAILED] = "xx", [FEED_LOADING] = ".." };
	const struct snapshot *s = u->snap;
	double span = (double)(s->last_ms - s->first_ms);
	double share = span > 0 ? (double)(s->data_ms - s->first_ms) / span : 1;
	char before[40], behind[80], speed[WORDS_MAX], whole[WORDS_MAX], left[40];

	time_left(s, left, sizeof left);
	snprintf(before, sizeof before, "%s %s ", sign[s->phase], words_speed(s->speed, speed));
	snprintf(behind, sizeof behind, "] %3.0f%% of %s%-13s",
		floor(fmin(fmax(share, 0), 1) * 100), words_span(s->last_ms - s->first_ms, whole),
		left);
	look_bar(u, s->first_ms, s->last_ms, room(u, before, behind), s->n_alerts_total);
	draw_between(u, before, behind, s->data_ms);
}

static void draw_source(struct ui *u)
{
	const struct snapshot *s = u->snap;
	char before[80], behind[160], rows[WORDS_MAX], bad[WORDS_MAX], late[WORDS_MAX];
	int64_t window_ms = words_window_within((s->last_ms - s->first_ms) / 2);
	int n;

	snprintf(before, sizeof before, "%.60s ", s->source);
	n = snprintf(behind, sizeof behind, "]now  %s rows", words_count(s->rows, rows));
	if (s->rejected)
		n += snprintf(behind + n, sizeof behind - (size_t)n, "  bad %s",
			words_count(s->rejected, bad));
	if (s->late)
		snprintf(behind + n, sizeof behind - (size_t)n, "  late %s",
			words_count(s->late, late));
	look_bar(u, s->data_ms - window_ms, s->data_ms, room(u, before, behind), s->n_alerts);
	draw_between(u, before, behind, INT64_MAX);
}

static bool hides_rule(const struct ui *u)
{
	return u->is_masked && strncmp(u->snap->stop_rule, "user ", 5) == 0;
}

static void add_phase(struct ui *u, struct parts *p)
{
	const struct snapshot *s = u->snap;
	char time[UI_TIME_MAX];

	if (s->phase == FEED_PAUSED) {
		parts_add(p, 0, INK_KEY, "PAUSED");
		parts_add(p, 1, INK_KEY, "at %s", ui_time(u, s->data_ms, time))->gap = 1;
		if (s->stopped_by)
			parts_add(p, 1, INK_KEY, "by alert %u (stop-on %s)", s->stopped_by,
				hides_rule(u) ? "user" : s->stop_rule)->gap = 1;
		parts_add(p, 2, INK_TEXT, "Space plays");
	}
	if (s->phase == FEED_ENDED)
		parts_add(p, 0, INK_KEY, "END of the data at %s", ui_time(u, s->data_ms, time));
	if (s->phase == FEED_FAILED)
		parts_add(p, 0, INK_ERROR, "FAILED: %s", s->notice);
	twin_status(u, p);
	marks_add(u, p, 3);
}

static enum ink notice_ink(const struct snapshot *s)
{
	enum notice_level level = s->recent[(s->n_notices - 1) % FEED_NOTICES].level;

	return level == NOTICE_INFO ? INK_DIM : system_notice_ink(level);
}

static void draw_status(struct ui *u, int line)
{
	struct parts p = { .n = 0 };
	struct part *notice;

	if (u->prompt.ops) {
		prompt_draw(&u->prompt, &u->term, line);
		return;
	}
	if (u->message[0])
		return;         /* it comes last, over all */
	if (view_table[u->view]->is_framed)
		add_phase(u, &p);
	view_table[u->view]->status(u, &p);
	if (u->snap->n_notices != u->n_notices_seen && u->snap->phase != FEED_FAILED) {
		notice = parts_add(&p, 1, notice_ink(u->snap), "%s", u->snap->notice);
		notice->is_right = true;
		notice->least = NOTICE_LEAST;
	}
	parts_draw(&p, &u->term, line, 0, u->term.columns);
}

/* Bytes of s that a line takes: up to a blank if all do not fit. */
static size_t line_of(const char *s, unsigned columns)
{
	size_t len = strlen(s), fits = text_fit(s, len, columns, NULL), cut = fits;

	while (fits < len && cut > 0 && s[cut] != ' ')
		cut--;
	return cut > 0 ? cut : fits;
}

int frame_message(struct ui *u, struct box b)
{
	const char *at[MESSAGE_LINES] = { u->message };
	size_t len[MESSAGE_LINES] = { line_of(u->message, (unsigned)b.columns) };
	int n = 1, i;

	if (!u->message[0])
		return 0;
	b.lines -= u->prompt.ops != NULL;
	while (n < MESSAGE_LINES && at[n - 1][len[n - 1]]) {
		at[n] = at[n - 1] + len[n - 1];
		at[n] += *at[n] == ' ';
		len[n] = line_of(at[n], (unsigned)b.columns);
		n++;
	}
	for (i = 0; i < n; i++) {
		int line = b.line + b.lines - 1 - n + i;

		term_putf(&u->term, line, b.column, b.columns, INK_TEXT, "%*s", b.columns, "");
		term_putf(&u->term, line, b.column, b.columns, u->is_error ? INK_ERROR : INK_TEXT,
			"%.*s", (int)(i == n - 1 ? strlen(at[i]) : len[i]), at[i]);
	}
	return n;
}

void frame_foot(struct ui *u, struct box b)
{
	struct parts keys = { .n = 0 };
	int end = b.line + b.lines;

	draw_status(u, end - 2);
	keys_footer(u->options->keymap, &keys, ui_place(u), ui_state(u));
	parts_draw(&keys, &u->term, end - 1, b.column, b.columns);
}

/* As long as it lasts, whatever key is pressed. */
static struct box draw_trouble(struct ui *u, struct box b)
{
	term_putf(&u->term, b.line, b.column, b.columns, INK_ERROR, "NOT STORED: %s",
		u->snap->trouble);
	return (struct box){ b.line + 1, b.column, b.lines - 1, b.columns };
}

static struct box draw_unread(struct ui *u, struct box b)
{
	const char *s = u->snap->unread;

	for (int i = 0; i < UNREAD_LINES && *s; i++) {
		size_t len = line_of(s, (unsigned)b.columns);

		len = i + 1 < UNREAD_LINES ? len : strlen(s);
		term_putf(&u->term, b.line++, b.column, b.columns, INK_ERROR, "%.*s", (int)len, s);
		b.lines--;
		s += len + strspn(s + len, " ");
	}
	return b;
}

struct box frame_draw(struct ui *u)
{
	struct term *t = &u->term;
	struct box b = { TITLE_LINES, 0, 0, t->columns };

	draw_title(u);
	if (ui_is_loaded(u)) {
		if (u->snap->live)
			draw_source(u);
		else
			draw_replay_bar(u);
	}
	b.lines = t->lines - TITLE_LINES;
	frame_foot(u, b);
	b.lines -= FRAME_FOOT_LINES;
	b = u->snap->trouble[0] ? draw_trouble(u, b) : b;
	return u->snap->unread[0] ? draw_unread(u, b) : b;
}
