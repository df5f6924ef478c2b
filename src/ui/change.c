#include "ui/change.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "ui/ui.h"
#include "ui/words.h"

#define BAR_CELLS_MAX 64
#define NUMBER_MAX WORDS_MAX

static void draw_head(struct ui *u, const struct alert *a, struct box b)
{
	const struct finding *f = &a->f;
	struct parts p = { .n = 0 };
	char onset[UI_TIME_MAX], from[UI_TIME_MAX], to[UI_TIME_MAX];

	parts_add(&p, 0, INK_HEAD, " CHANGE");
	parts_add(&p, 0, INK_HEAD, "since %s, %u %s, %u before", ui_time(u, f->onset_ms, onset),
		f->n_after, f->kind == KIND_VOLUME ? "sessions" : "counts", f->n_before);
	if (f->channels && f->onset_from_ms != INT64_MIN)
		parts_add(&p, 2, INK_DIM, "90%% from %s to %s", ui_time(u, f->onset_from_ms, from),
			ui_time(u, f->onset_to_ms, to));
	if (ui_is_cleared(u, a))
		parts_add(&p, 1, INK_KEY, "cleared %s", ui_time(u, a->cleared_ms, to));
	parts_add(&p, 3, INK_DIM, "model %016" PRIx64, a->model)->is_right = true;
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

/* At least one cell for what is there at all. */
static void draw_bar(struct ui *u, int line, int column, int width, double share)
{
	const char *cell = u->term.glyphs <= GLYPHS_BLOCKS ? "█" : "#";
	char bar[BAR_CELLS_MAX * 4 + 1] = "";
	int n = view_clamp((int)(share * width + .5), share > 0, width), i;

	for (i = 0; i < n; i++)
		strcat(bar, cell);
	term_put(&u->term, line, column, width, INK_CHART, bar);
}

/* A line: what, the number before with its bar, the number after with its own. */
struct side {
	char name[UI_NAME_MAX];
	double before, after, whole;    /* the bars' end */
	bool is_percent;
};

static void put_number(char buf[NUMBER_MAX], const struct side *s, double value)
{
	char figure[WORDS_MAX];

	if (s->is_percent)
		snprintf(buf, NUMBER_MAX, "%3.0f%%", value);
	else
		snprintf(buf, NUMBER_MAX, "%4s", words_figure(value, figure));
}

static void draw_side(struct ui *u, const struct side *s, struct box b)
{
	int name = view_clamp((b.columns - 17) / 3, 8, 28);
	int bar = view_clamp((b.columns - 17 - name) / 2, 4, BAR_CELLS_MAX);
	int x = b.column + 1 + name;
	double whole = s->whole > 0 ? s->whole : 1;
	char number[2][NUMBER_MAX];

	put_number(number[0], s, s->before);
	put_number(number[1], s, s->after);
	term_put(&u->term, b.line, b.column + 1, name, INK_TEXT, s->name);
	term_put(&u->term, b.line, x + 1, 4, INK_TEXT, number[0]);
	draw_bar(u, b.line, x + 6, bar, s->before / whole);
	term_put(&u->term, b.line, x + 6 + bar, 3, INK_TEXT, " > ");
	term_put(&u->term, b.line, x + 9 + bar, 4, INK_TEXT, number[1]);
	draw_bar(u, b.line, x + 14 + bar, bar, s->after / whole);
}

static double percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

static void draw_category(struct ui *u, const struct finding *f, bool is_to, struct box b)
{
	struct side s = { .is_percent = true, .whole = 100 };

	if ((is_to ? f->to : f->from) == DICT_NONE)
		return;
	ui_category(u, is_to ? f->to : f->from, s.name);
	s.before = percent(is_to ? f->to_before : f->from_before, f->n_before);
	s.after = percent(is_to ? f->to_after : f->from_after, f->n_after);
	draw_side(u, &s, b);
}

static void draw_level(struct ui *u, const struct finding *f, struct box b)
{
	struct side s = { .before = (double)f->level_before, .after = (double)f->level_after };

	snprintf(s.name, sizeof s.name, "%s",
		f->kind == KIND_VOLUME ? "sessions a day" : "level");
	s.whole = fmax(s.before, s.after);
	draw_side(u, &s, b);
}

void change_draw(struct ui *u, uint32_t alert, struct box b)
{
	const struct alert *a = feed_alert(u->feed, alert);
	struct box line = { b.line + 1, b.column, 1, b.columns };

	draw_head(u, a, b);
	if (a->f.kind != KIND_INTEREST) {
		draw_level(u, &a->f, line);
		return;
	}
	draw_category(u, &a->f, false, line);
	line.line++;
	draw_category(u, &a->f, true, line);
}
