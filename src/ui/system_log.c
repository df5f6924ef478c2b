#include "ui/system_log.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "ui/ui.h"
#include "ui/words.h"

#define LEVEL_X 16
#define TEXT_X 18

static const struct { char letter; const char *word; enum ink ink; } levels[NOTICE_LEVELS] = {
	[NOTICE_INFO] = { 'I', "info", INK_TEXT },
	[NOTICE_WARNING] = { 'W', "warning", INK_HIGH },
	[NOTICE_ERROR] = { 'E', "error", INK_SEVERE },
};

enum ink system_notice_ink(enum notice_level level)
{
	return levels[level].ink;
}

static bool passes(const struct system_state *s, const struct notice *n)
{
	char line[sizeof n->text + 16];

	if (!s->filter.code)
		return true;
	snprintf(line, sizeof line, "%s %s", levels[n->level].word, n->text);
	return pattern_is_in(&s->filter, line, strlen(line));
}

/* Few are kept, so that they are looked at anew each time. */
unsigned system_choose(struct system_state *s)
{
	unsigned kept = s->n_notices < SYSTEM_NOTICES ? s->n_notices : SYSTEM_NOTICES, i;

	s->n_shown = 0;
	for (i = 0; i < kept; i++) {
		const struct notice *n = &s->notice[(s->n_notices - 1 - i) % SYSTEM_NOTICES];

		if (s->shows != SYSTEM_LOG || passes(s, n))
			s->shown[s->n_shown++] = n;
	}
	return s->n_shown;
}

static void put_level(struct ui *u, const struct notice *n, int line, int column)
{
	term_putf(&u->term, line, column, 1, levels[n->level].ink, "%c", levels[n->level].letter);
}

void system_draw_notices(struct ui *u, int line, struct box b)
{
	struct system_state *s = &u->system;
	unsigned n = system_choose(s), i;
	int end = b.line + b.lines;
	char time[UI_TIME_MAX];

	term_putf(&u->term, line++, b.column, b.columns, INK_HEAD, " NOTICES %u, newest first",
		s->n_notices);
	s->page = end - line;
	s->top = view_scroll(s->top, s->top, (unsigned)s->page, n);
	for (i = s->top; i < n && line < end; i++, line++) {
		const struct notice *notice = s->shown[i];

		term_put(&u->term, line, b.column + 1, 9, INK_DIM, time_show(notice->at_ms,
			u->feed->zone, "%H:%M:%S", time, sizeof time));
		put_level(u, notice, line, b.column + 10);
		term_put(&u->term, line, b.column + 12, b.columns - 12, levels[notice->level].ink,
			notice->text);
	}
}

/* A notice to its end, cut between words; lines is what is left. Returns those it takes. */
static int draw_said(struct ui *u, const struct notice *notice, struct box b)
{
	const char *s = notice->text;
	int width = b.columns - TEXT_X, used = 0;
	char time[UI_TIME_MAX];

	term_put(&u->term, b.line, b.column + 1, LEVEL_X - 2, INK_DIM, time_show(notice->at_ms,
		u->feed->zone, "%m-%d %H:%M:%S", time, sizeof time));
	put_level(u, notice, b.line, b.column + LEVEL_X);
	do {
		size_t len = strlen(s), fits = text_fit(s, len, (unsigned)width, NULL), at = fits;
		char part[sizeof notice->text];

		while (fits < len && at > 0 && s[at] != ' ')
			at--;
		fits = at ? at : fits;
		snprintf(part, sizeof part, "%.*s", (int)fits, s);
		term_put(&u->term, b.line + used++, b.column + TEXT_X, width,
			levels[notice->level].ink, part);
		s += fits + strspn(s + fits, " ");
	} while (*s && used < b.lines);
	return used;
}

void system_draw_log(struct ui *u, struct box b)
{
	struct system_state *s = &u->system;
	struct box line = { b.line + 1, b.column, b.lines - 1, b.columns };
	unsigned n = system_choose(s), i;
	int used;

	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD,
		" TIME             WHAT VEER SAID, newest first");
	if (!n)
		term_put(&u->term, b.line + 2, b.column + 2, b.columns - 2, INK_TEXT,
			s->n_notices ? "No notice passes the filter: \\ sets another, or none."
			: "Nothing so far: rotations, refits and failures would stand here.");
	for (i = s->top; i < n && line.lines > 0; i++) {
		used = draw_said(u, s->shown[i], line);
		line.line += used;
		line.lines -= used;
	}
	s->page = i > s->top ? (int)(i - s->top) : 1;
}

void system_log_status(struct ui *u, struct parts *p)
{
	struct system_state *s = &u->system;
	char n[WORDS_MAX], all[WORDS_MAX];

	parts_add(p, 0, INK_TEXT, "%s of %s notices since the start; L goes back",
		words_count(system_choose(s), n), words_count(s->n_notices, all));
	if (s->filter.code)
		parts_add(p, 1, INK_KEY, "filter \"%s\"", s->filter_text);
}

static void told(struct ui *u, const char *text)
{
	struct system_state *s = &u->system;
	struct pattern p = { 0 };
	struct err e = { 0 };

	if (*text && pattern_make(&p, text, &e) < 0) {
		ui_say(u, true, "%s", e.text);
		return;
	}
	pattern_done(&s->filter);
	s->filter = p;
	snprintf(s->filter_text, sizeof s->filter_text, "%s", text);
	s->shows = SYSTEM_LOG;
	s->top = 0;
}

void system_filter(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "filter the log: ",
		.hint = "a regex on error, warning or info and the text; nothing: all",
		.done = told };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}
