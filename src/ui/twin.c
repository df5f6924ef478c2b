#include "ui/twin.h"

#include <stdio.h>

#include "base/err.h"
#include "engine/twin.h"
#include "ui/ui.h"

/* Alerts have other numbers in the other feed: budget_look() forgets what is kept by number. */
static void show(struct ui *u, struct feed *f)
{
	u->feed = f;
	ui_look(u);
	u->is_dirty = true;
}

static bool begin(struct ui *u)
{
	struct err e = { 0 };
	struct feed *f = twin_open(u->feed, &e);

	if (!f) {
		ui_say(u, true, "%s", e.text);
		ui_look(u);
		return false;
	}
	u->twin = (struct twin_state){ .live = u->feed, .list = u->live.list };
	show(u, f);
	return true;
}

void twin_end(struct ui *u)
{
	struct feed *twin = u->feed;

	if (!u->twin.live)
		return;
	show(u, u->twin.live);
	feed_close(twin);
	u->live.list = u->twin.list;
	u->twin.live = NULL;
	ui_look(u);
}

void twin_command(struct ui *u, const struct command *c, bool follows)
{
	bool is_new = u->snap->live;

	if (is_new && !begin(u))
		return;
	if (follows)
		view_table[u->view]->follow(u, true);
	if (!ui_command(u, c) && is_new)
		twin_end(u);
}

bool twin_is_at_end(const struct ui *u)
{
	return u->twin.live && u->snap->phase == FEED_ENDED;
}

void twin_status(const struct ui *u, struct parts *p)
{
	static const char *const doing[] = { [FEED_LOADING] = "is loading", [FEED_RUNNING] =
		"goes on", [FEED_PAUSED] = "goes on", [FEED_ENDED] = "has ended",
		[FEED_FAILED] = "FAILED" };
	const struct snapshot_twin *t = &u->snap->twin;
	char newer[64] = "", time[UI_TIME_MAX];
	int n = 0;

	if (!t->is_on)
		return;
	if (t->n_newer)
		n = snprintf(newer, sizeof newer, ": %u newer alert%s", t->n_newer,
			t->n_newer == 1 ? "" : "s");
	if (t->n_severe)
		snprintf(newer + n, sizeof newer - (size_t)n, " (%u !!)", t->n_severe);
	parts_add(p, 0, t->phase == FEED_FAILED ? INK_ERROR : t->n_severe ? INK_SEVERE : INK_KEY,
		"LIVE %s%s", doing[t->phase], newer);
	parts_add(p, 3, INK_KEY, ", ` returns")->gap = 0;
	if (u->snap->data_ms < t->kept_ms && t->kept_ms != INT64_MAX)
		parts_add(p, 0, INK_HIGH, "no events before %s", ui_time(u, t->kept_ms, time));
	else if (t->kept_ms == INT64_MAX)
		parts_add(p, 0, INK_HIGH, "no events are kept");
}
