#include <string.h>

#include "base/dict.h"
#include "ui/keys.h"
#include "ui/ui.h"

static uint32_t n_events(const struct ui *u)
{
	return u->user.pane.is_made ? u->user.pane.portrait.n_events : 0;
}

/* The row of the newest event up to a time; the oldest's when all are later. */
static uint32_t index_at(const struct portrait *q, int64_t ms)
{
	uint32_t i = q->n_events;

	while (i > 1 && q->event[i - 1].time_ms > ms)
		i--;
	return i ? i - 1 : 0;
}

static void draw(struct ui *u, struct box b)
{
	struct user_state *s = &u->user;
	uint32_t n;

	pane_look(&s->pane, u, s->user, b);
	n = n_events(u);
	if (s->wanted_ms != INT64_MIN && n)
		s->index = index_at(&s->pane.portrait, s->wanted_ms);
	s->wanted_ms = INT64_MIN;
	if (s->index >= n)
		s->is_held = false;
	s->place.cursor = s->is_held ? n - 1 - s->index : 0;
	pane_draw(&s->pane, u, b, &s->place);
}

static void follow(struct ui *u, bool on)
{
	uint32_t n = n_events(u);

	if (!on && !u->user.is_held)
		u->user.index = n ? n - 1 : 0;
	u->user.is_held = !on;
}

static void move(struct ui *u, enum move how)
{
	uint32_t n = n_events(u), row;

	if (!n)
		return;
	follow(u, false);
	row = view_step(how, n - 1 - u->user.index, (unsigned)u->user.pane.page, n);
	u->user.index = n - 1 - row;
}

static bool is_held(const struct ui *u)
{
	return u->user.is_held;
}

static void find_done(struct ui *u, const char *text)
{
	uint32_t user = dict_find(u->feed->ids->user, text, strlen(text));

	if (!*text)
		return;
	if (user == DICT_NONE) {
		ui_say(u, true, "no user \"%s\": type a whole id", text);
		return;
	}
	u->user.user = user;
	follow(u, true);
}

static void find(struct ui *u)
{
	static const struct prompt_ops ops = {
		.label = "user: ", .hint = "an id", .done = find_done
	};

	prompt_open(&u->prompt, &ops);
}

static void status(struct ui *u, struct parts *p)
{
	uint32_t n = n_events(u), newer = n ? n - 1 - u->user.index : 0;

	if (u->user.is_held && newer)
		parts_add(p, 1, INK_KEY, "HELD: %u newer event%s, G to follow", newer,
			newer == 1 ? "" : "s");
}

static void done(struct ui *u)
{
	pane_done(&u->user.pane);
}

const struct view view_user = {
	.bit = IN_USER, .is_framed = true, .draw = draw, .move = move, .follow = follow,
	.is_held = is_held, .find = find, .status = status, .done = done,
};
