#include "ui/crowd_table.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ui/crowd_row.h"
#include "ui/ui.h"

#define NUMBERS 22              /* columns of USERS, ALERTS and EXPECTED */
#define FLOOD "(flood)"

void crowd_table_done(struct crowd_table *t)
{
	crowds_done(&t->crowds);
	mem_free(t->row);
	t->row = NULL;
	t->n = 0;
}

static int newest_cmp(const void *a, const void *b, void *crowds)
{
	const struct crowds *c = crowds;

	return crowds_cmp(c->names, &c->crowd[*(const uint32_t *)b],
		&c->crowd[*(const uint32_t *)a]);
}

bool crowd_table_look(struct crowd_table *t, struct ui *u, const struct population_options *o)
{
	uint32_t *row, i;

	t->n = 0;
	if (!fold_sync(u, &t->crowds, o->n_alerts)) {
		crowds_done(&t->crowds);
		return false;
	}
	row = mem_resize(t->row, t->crowds.n + 1ul, sizeof *row);
	if (!row)
		return false;
	t->row = row;
	for (i = 0; i < t->crowds.n; i++)
		if (t->crowds.crowd[i].last_ms >= o->span.from_ms)
			row[t->n++] = i;
	qsort_r(row, t->n, sizeof *row, newest_cmp, &t->crowds);
	return true;
}

const struct crowd *crowd_table_row(const struct crowd_table *t, uint32_t row)
{
	return row < t->n ? &t->crowds.crowd[t->row[row]] : NULL;
}

static void draw_row(struct ui *u, const struct crowd *c, struct box b, bool is_cursor)
{
	int time = ui_time_width(u), pair = b.columns - 2 - 2 * (time + 1) - NUMBERS, x = b.column;
	enum ink ink = is_cursor ? INK_CURSOR : INK_TEXT;
	char name[CROWD_NAME_MAX], since[UI_TIME_MAX], last[UI_TIME_MAX];
	int flood = c->until_ms >= u->snap->data_ms ? (int)sizeof FLOOD : 0;

	term_put(&u->term, b.line, x, b.columns, ink, is_cursor ? ">" : "");
	term_put(&u->term, b.line, x + 1, pair - flood, ink, crowd_pair(u, c, name));
	if (flood)
		term_put(&u->term, b.line, x + 1 + pair - flood + 1, flood - 1,
			is_cursor ? ink : INK_SEVERE, FLOOD);
	x += 2 + pair;
	term_put(&u->term, b.line, x, time, ink, ui_time(u, c->since_ms, since));
	term_put(&u->term, b.line, x + time + 1, time, ink, ui_time(u, c->last_ms, last));
	term_putf(&u->term, b.line, x + 2 * time + 1, NUMBERS, ink, "%6u%7u%9.2g", c->users,
		c->alerts, c->expected);
}

void crowd_table_draw(struct crowd_table *t, struct ui *u, struct box b)
{
	struct tables_place *at = &t->place;
	int time = ui_time_width(u), x = b.column + b.columns - 2 * (time + 1) - NUMBERS, row;

	at->page = b.lines - 1;
	if (t->n && at->cursor >= t->n)
		at->cursor = t->n - 1;
	at->top = view_scroll(at->top, at->cursor, (unsigned)at->page, t->n);
	term_put(&u->term, b.line, b.column, b.columns, INK_HEAD, " CROWD");
	term_put(&u->term, b.line, x, time, INK_HEAD, "SINCE");
	term_put(&u->term, b.line, x + time + 1, time, INK_HEAD, "LAST");
	term_put(&u->term, b.line, x + 2 * time + 1, NUMBERS, INK_HEAD, " USERS ALERTS EXPECTED");
	for (row = 0; row < at->page && at->top + (uint32_t)row < t->n; row++)
		draw_row(u, crowd_table_row(t, at->top + (uint32_t)row),
			(struct box){ b.line + 1 + row, b.column, 1, b.columns },
			at->has_focus && at->top + (uint32_t)row == at->cursor);
}
