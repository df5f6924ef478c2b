#include "ui/budget.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "learn/fit.h"
#include "ui/promise.h"
#include "ui/row.h"
#include "ui/ui.h"
#include "ui/words.h"

#define DAY_MS 86400000.0

static void told(struct ui *u, const char *text)
{
	struct budget b = { .amount = 0 };
	struct err e = { 0 };

	if (!*text)
		return;
	if (strcmp(text, "reset") != 0 && budget_parse(&b, text, &e) < 0) {
		ui_say(u, true, "\"%s\" is no budget: type 50/day, 0.5/kud, or reset", text);
		return;
	}
	ui_command(u, &(struct command){ .kind = COMMAND_BUDGET, .budget = &b });
}

void budget_ask(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "what if the budget were: ",
		.hint = "50/day, 0.5/kud, or reset", .done = told,
		.is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

void budget_end(struct ui *u, int unused)
{
	(void)unused;
	ui_say(u, false, "budget %s is not tried any more", u->snap->what_if.budget);
	ui_command(u, &(struct command){ .kind = COMMAND_BUDGET, .budget = &(struct budget){ 0 } });
}

static void forget(struct ui *u)
{
	uint32_t i;

	hunt_stop(u);
	roll_done(&u->roll);
	u->bar = (struct bar){ 0 };
	memset(u->interest, 0, sizeof u->interest);
	pane_done(&u->live.pane);
	pane_done(&u->user.pane);
	pane_done(&u->user.beside.pane);
	tables_done(&u->population.tables);
	tables_done(&u->live.strip.tables);
	u->live.strip.alert = UINT32_MAX;
	u->population.is_held = u->user.is_held = u->users.is_held = u->users.is_made = false;
	u->users.n = u->user.place.alert = 0;
	u->live.list.is_held = false;
	u->live.list.n = u->live.list.cursor = 0;
	u->live.before_find = u->live.list;
	sieve_forget(&u->order.sieve);
	fold_forget(&u->fold);
	crowds_done(&u->users.crowds);
	crowd_table_done(&u->population.crowds);
	u->order.seen = UINT32_MAX;     /* more than there are: the list is made anew */
	for (i = 0; i < u->board.n; i++)
		u->board.entry[i].alert = BOARD_NONE;
	u->board.n_placed = 0;
	u->board.has_strays = true;
}

/* "budget 5/day: 31 alerts (6 more), 4.4 a day, 5.0 promised, 36h after the onset" */
static void say(struct ui *u)
{
	const struct snapshot *s = u->snap;
	uint32_t now = s->n_alerts_total, before = s->what_if.n_before;
	double days = (double)(s->last_ms - s->first_ms) / DAY_MS, per_day;
	struct promise_log log = { s->last_ms - s->first_ms, s->users, now };
	struct promise q = { .day = 0 };
	char more[40] = "as many", after[WORDS_MAX];

	if (s->what_if.is_busy)
		return;
	if (!s->what_if.is_on) {
		ui_say(u, false, "the model's own budget: %u alerts, %s after the onset", now,
			words_span(row_delay_ms(u, 0, now), after));
		return;
	}
	if (now != before)
		snprintf(more, sizeof more, "%u %s", now > before ? now - before : before - now,
			now > before ? "more" : "fewer");
	promise_of(u->feed->model, &log, &q);
	per_day = days > 0 ? now / days : 0;
	ui_say(u, false, "budget %s: %u alerts (%s), %.*f a day, %.*f promised, "
		"%s after the onset", s->what_if.budget, now, more, per_day < 10, per_day,
		q.day < 10, q.day,
		words_span(row_delay_ms(u, 0, now), after));
}

void budget_look(struct ui *u)
{
	uint32_t was = u->epoch;

	u->epoch = u->snap->epoch;
	if (was == u->epoch)
		return;
	forget(u);
	if (was && u->epoch)    /* the first ones are no news, nor is what was live before */
		say(u);
}

void budget_add(const struct ui *u, struct parts *p)
{
	const struct snapshot_what_if *w = &u->snap->what_if;

	if (w->is_busy)
		parts_add(p, 1, INK_HIGH, "WHAT IF %s %u%%", w->budget, w->percent);
	else if (w->is_on)
		parts_add(p, 1, INK_HIGH, "WHAT IF %s", w->budget);
}
