#include "ui/crowd_row.h"

#include <math.h>
#include <string.h>

#include "base/dict.h"
#include "ui/row.h"
#include "ui/ui.h"
#include "ui/words.h"

#define HOUR_MS INT64_C(3600000)

static const char states[] = "NASC";    /* the first that any alert has is the crowd's */

/* Of a crowd's alerts: how many of each state, how many of each priority are new, who is marked. */
struct tally {
	uint32_t state[sizeof states - 1], fresh[TICK_SEVERE + 1], marked;
};

static struct tally tally_of(struct ui *u, const struct crowd *c)
{
	const uint32_t *member = fold_members(u, &u->fold.crowds, c);
	struct tally t = { .marked = 0 };
	uint32_t i;

	for (i = 0; member && i < c->alerts; i++) {
		const struct alert *a = feed_alert(u->feed, member[i]);
		const struct board_entry *e = board_find(&u->board, a->id);
		char state = board_state(u, member[i]);

		t.state[strchr(states, state) - states]++;
		t.fresh[bar_tick(a->f.severity)] += state == 'N';
		t.marked += e && e->is_marked;
	}
	return t;
}

static char state_of(const struct tally *t)
{
	unsigned i = 0;

	while (i + 1 < sizeof states - 1 && !t->state[i])
		i++;
	return states[i];
}

static enum ink ink_of(const struct tally *t)
{
	return t->fresh[TICK_SEVERE] ? INK_SEVERE : t->fresh[TICK_HIGH] ? INK_HIGH
		: t->fresh[TICK_LOW] ? INK_LOW : INK_DIM;
}

char *crowd_pair(const struct ui *u, const struct crowd *c, char buf[CROWD_NAME_MAX])
{
	char name[UI_NAME_MAX];

	ui_category(u, c->category, name);
	snprintf(buf, CROWD_NAME_MAX, c->side == CROWD_TO ? "* > %s" : "%s > *", name);
	return buf;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Alerts over the window of the other rows' charts, in cells as theirs. */
static void draw_chart(struct ui *u, const struct row_plan *g, const struct crowd *c, int line)
{
	const uint32_t *member = fold_members(u, &u->fold.crowds, c);
	unsigned n_cells = (unsigned)g->chart * glyph_per_cell(u->term.glyphs), k;
	int64_t cell_ms = g->window_ms / n_cells;
	int64_t first = floor_div(u->snap->data_ms, cell_ms) + 1 - n_cells;
	float cell[INTEREST_CELLS_MAX] = { 0 }, max = 0;
	uint32_t i;

	for (i = 0; member && i < c->alerts; i++) {
		int64_t ms = feed_alert(u->feed, member[i])->f.time_ms;
		int64_t at = floor_div(ms, cell_ms) - first;

		if (at >= 0 && at < n_cells)
			cell[at]++;
	}
	for (k = 0; k < n_cells; k++)
		max = fmaxf(max, cell[k]);
	term_chart(&u->term, line, g->chart_x, g->chart, cell, max, INFINITY);
}

void crowd_row_draw(struct ui *u, const struct row_plan *g, const struct crowd *c, int line,
	bool is_cursor)
{
	struct tally tally = tally_of(u, c);
	struct term *t = &u->term;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	const char *flood = c->until_ms >= u->snap->data_ms ? " (flood)" : "";
	char time[UI_TIME_MAX], pair[CROWD_NAME_MAX], state[2] = { state_of(&tally) };
	char n[WORDS_MAX];
	int width = (int)strlen(flood);

	term_put(t, line, 0, g->chart_x, ink, is_cursor ? ">" : "");
	term_put(t, line, 1, 2, ink_of(&tally), "+");
	term_put(t, line, 3, 1, ink, state);
	if (tally.marked)
		term_put(t, line, 4, 1, INK_KEY, "*");
	term_put(t, line, g->time_x, g->user_x - g->time_x, ink, ui_time(u, c->last_ms, time));
	term_putf(t, line, g->user_x, g->user, ink, "%s user%s", words_count(c->users, n),
		c->users == 1 ? "" : "s");
	term_put(t, line, g->pair_x, g->pair - width, ink, crowd_pair(u, c, pair));
	term_put(t, line, g->pair_x + g->pair - width, width, ink, flood);
	term_putf(t, line, g->score_x, 10, ink, "%10u", c->alerts);
	draw_chart(u, g, c, line);
}

static void put_states(struct ui *u, const struct tally *t, struct box b)
{
	static const enum ink ink[] = { INK_TEXT, INK_LOW, INK_HIGH, INK_SEVERE };
	static const char *const sign[] = { "", ".", "!", "!!" };
	struct parts p = { .n = 0 };
	int i;

	parts_add(&p, 0, INK_DIM, " state ");
	parts_add(&p, 0, INK_TEXT, "%u new", t->state[0])->gap = 1;
	for (i = TICK_SEVERE; i >= TICK_LOW; i--)
		if (t->fresh[i])
			parts_add(&p, 1, ink[i], "%s%u", sign[i], t->fresh[i])->gap = 1;
	for (i = 1; i < (int)sizeof states - 1; i++)
		if (t->state[i])
			parts_add(&p, 2, INK_TEXT, "%u %s", t->state[i], board_word(states[i]));
	if (t->marked)
		parts_add(&p, 2, INK_KEY, "%u marked", t->marked);
	parts_draw(&p, &u->term, b.line, b.column, b.columns);
}

void crowd_detail(struct ui *u, const struct crowd *c, struct box b)
{
	struct term *t = &u->term;
	struct tally tally = tally_of(u, c);
	char pair[CROWD_NAME_MAX], rare[64], time[UI_TIME_MAX], more[UI_TIME_MAX];
	char other[UI_NAME_MAX], why[UI_NAME_MAX + 100];
	int x = b.column + 8, width = b.columns - 8, i, n;
	static const char *const head[] = { " why", " rare", " since" };

	term_putf(t, b.line, b.column, b.columns, INK_TITLE, "%s  %u users, %u alerts",
		ui_brief(crowd_pair(u, c, pair), 40), c->users, c->alerts);
	for (i = 0; i < 3; i++)
		term_put(t, b.line + 1 + i, b.column, 8, INK_DIM, head[i]);
	n = snprintf(why, sizeof why, "%u users within %d h, where %.2g %s expected", c->peak,
		(int)(c->window_ms / HOUR_MS), c->expected, c->expected == 1 ? "was" : "were");
	if (c->other != DICT_NONE)
		snprintf(why + n, sizeof why - (size_t)n, "; %u of all %s %s", c->n_other,
			c->side == CROWD_TO ? "from" : "to", ui_category(u, c->other, other));
	term_put(t, b.line + 1, x, width, INK_TEXT, why);
	crowds_rarity(c, rare, sizeof rare);
	term_putf(t, b.line + 2, x, width, INK_TEXT, "%s by chance", rare);
	term_putf(t, b.line + 3, x, width, INK_TEXT, c->until_ms >= u->snap->data_ms
		? "%s, going on: over at %s unless more come" : "%s, over at %s",
		ui_time(u, c->since_ms, time), ui_time(u, c->until_ms, more));
	put_states(u, &tally, (struct box){ b.line + 4, b.column, 1, b.columns });
}
