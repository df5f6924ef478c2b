#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ui/frame.h"
#include "ui/keys.h"
#include "ui/stages.h"
#include "ui/system_log.h"
#include "ui/ui.h"
#include "ui/words.h"

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
		system_draw_log(u, b);
	} else {
		line = b.line + stages_draw(u, b, false) + 1;
		line += stages_charts(u, (struct box){ line, b.column, b.line + b.lines - line,
			b.columns }) + 1;
		if (line + 1 < b.line + b.lines)
			system_draw_notices(u, line, b);
	}
	frame_foot(u, all);
}

static unsigned n_lines(struct system_state *s)
{
	return s->shows == SYSTEM_BAD ? s->n_bad : system_choose(s);
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
		system_log_status(u, p);
	else if (s->shows == SYSTEM_BAD)
		parts_add(p, 0, INK_TEXT, "%s%s bad line%s kept of %s; b goes back",
			s->has_more_bad ? "the first " : "", words_count(s->n_bad, n),
			s->n_bad == 1 ? "" : "s",
			words_count(u->snap->rejected + u->snap->late, all));
	else if (u->snap->phase == FEED_FAILED)
		parts_add(p, 0, INK_ERROR, "FAILED: %s", u->snap->notice);
	else if (u->snap->twin.is_on)
		parts_add(p, 0, INK_KEY, "all this is of the live run, which one looks back from");
	else if (!u->snap->live)
		parts_add(p, 0, INK_DIM, "a replay reads the whole log first: %s",
			u->snap->phase == FEED_LOADING ? "it is at that" : "done");
}

const struct view view_system = {
	.bit = IN_SYSTEM, .look = system_look, .draw = draw, .move = move, .status = status,
	.done = system_done,
};
