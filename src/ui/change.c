#include "ui/change.h"

#include <inttypes.h>
#include <string.h>

#include "base/dict.h"
#include "ui/ui.h"

#define BAR_CELLS_MAX 64

static void draw_head(struct ui *u, const struct alert *a, struct box b)
{
	const struct finding *f = &a->f;
	struct parts p = { .n = 0 };
	char onset[UI_TIME_MAX], from[UI_TIME_MAX], to[UI_TIME_MAX];

	parts_add(&p, 0, INK_HEAD, " CHANGE");
	parts_add(&p, 0, INK_HEAD, "since %s, %u counts after %u", ui_time(u, f->onset_ms, onset),
		f->n_after, f->n_before);
	if (f->channels)
		parts_add(&p, 2, INK_DIM, "90%% from %s to %s", ui_time(u, f->onset_from_ms, from),
			ui_time(u, f->onset_to_ms, to));
	if (ui_is_cleared(u, a))
		parts_add(&p, 1, INK_KEY, "cleared %s", ui_time(u, a->cleared_ms, to));
	parts_add(&p, 3, INK_DIM, "model %016" PRIx64, a->model)->is_right = true;
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

/* At least one cell for what is there at all. */
static void draw_bar(struct ui *u, int line, int column, int width, const uint32_t part[2])
{
	const char *cell = u->term.glyphs <= GLYPHS_BLOCKS ? "█" : "#";
	char bar[BAR_CELLS_MAX * 4] = "";
	double share = part[1] ? (double)part[0] / part[1] : 0;
	int n = view_clamp((int)(share * width + .5), share > 0, width), i;

	for (i = 0; i < n; i++)
		strcat(bar, cell);
	term_put(&u->term, line, column, width, INK_CHART, bar);
}

struct side {
	uint32_t category;
	uint32_t before[2], after[2];   /* of all counts */
};

static void draw_side(struct ui *u, const struct side *s, struct box b)
{
	int name = view_clamp((b.columns - 17) / 3, 8, 28);
	int bar = view_clamp((b.columns - 17 - name) / 2, 4, BAR_CELLS_MAX);
	int x = b.column + 1 + name;
	struct term *t = &u->term;
	char text[UI_NAME_MAX];

	term_put(t, b.line, b.column + 1, name, INK_TEXT, ui_category(u, s->category, text));
	term_putf(t, b.line, x + 1, 4, INK_TEXT, "%3.0f%%",
		s->before[1] ? 100.0 * s->before[0] / s->before[1] : 0);
	draw_bar(u, b.line, x + 6, bar, s->before);
	term_put(t, b.line, x + 6 + bar, 3, INK_TEXT, " > ");
	term_putf(t, b.line, x + 9 + bar, 4, INK_TEXT, "%3.0f%%",
		s->after[1] ? 100.0 * s->after[0] / s->after[1] : 0);
	draw_bar(u, b.line, x + 14 + bar, bar, s->after);
}

void change_draw(struct ui *u, uint32_t alert, struct box b)
{
	const struct alert *a = feed_alert(u->feed, alert);
	const struct finding *f = &a->f;
	const struct side side[2] = {
		{ f->from, { f->from_before, f->n_before }, { f->from_after, f->n_after } },
		{ f->to, { f->to_before, f->n_before }, { f->to_after, f->n_after } },
	};
	int i;

	draw_head(u, a, b);
	for (i = 0; i < 2; i++)
		if (side[i].category != DICT_NONE)
			draw_side(u, &side[i], (struct box){ b.line + 1 + i, b.column, 1,
				b.columns });
}
