#include "ui/act.h"

#include "base/err.h"
#include "engine/stop_on.h"
#include "ui/save.h"
#include "ui/twin.h"
#include "ui/ui.h"
#include "ui/when.h"
#include "ui/words.h"

#define GOTO_FORMS WHEN_FORMS ", start"

/* Data seconds a second; 0: as fast as the machine goes. */
static const double speeds[] = { 1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600,
	7200, 14400, 43200, 86400, 0 };
#define N_SPEEDS (sizeof speeds / sizeof *speeds)

static const struct view *view(const struct ui *u)
{
	return view_table[u->view];
}

void act_move(struct ui *u, int how)
{
	view(u)->move(u, (enum move)how);
}

/* Behind the end of a twin is what is live. */
void act_follow(struct ui *u, int on)
{
	if (on && twin_is_at_end(u) && !view(u)->is_held(u))
		twin_end(u);
	else
		view(u)->follow(u, on);
}

void act_hold(struct ui *u, int unused)
{
	(void)unused;
	view(u)->follow(u, view(u)->is_held(u));
}

void act_open(struct ui *u, int unused)
{
	(void)unused;
	view(u)->enter(u);
}

void act_adjust(struct ui *u, int what)
{
	view(u)->adjust(u, (enum adjust)what);
}

void act_go(struct ui *u, int view)
{
	ui_go(u, (enum view_id)view);
}

void act_help(struct ui *u, int unused)
{
	(void)unused;
	u->help.top = 0;
	ui_show(u, VIEW_HELP);
}

void act_view(struct ui *u, int view_id)
{
	ui_show(u, (enum view_id)view_id);
}

void act_previous(struct ui *u, int unused)
{
	(void)unused;
	ui_show(u, u->previous);
}

void act_up(struct ui *u, int unused)
{
	(void)unused;
	if (!view(u)->back || !view(u)->back(u))
		ui_up(u);
}

void act_quit(struct ui *u, int leaves_text)
{
	u->is_done = true;
	u->leaves_text = leaves_text;
}

void act_find(struct ui *u, int unused)
{
	(void)unused;
	view(u)->find(u);
}

void act_find_again(struct ui *u, int direction)
{
	view(u)->find_again(u, direction);
}

void act_pause(struct ui *u, int unused)
{
	bool is_playing = u->snap->phase == FEED_RUNNING;

	(void)unused;
	ui_command(u, &(struct command){ .kind = is_playing ? COMMAND_PAUSE : COMMAND_PLAY });
}

/* The nearest speed of the table, a step faster or slower. */
static double next_speed(double now, int direction)
{
	int i, last = (int)N_SPEEDS - 1;

	if (!(now > 0))
		return speeds[direction > 0 ? last : last - 1];
	if (direction > 0) {
		for (i = 0; i < last && speeds[i] <= now; i++)
			;
		return speeds[i];
	}
	for (i = last - 1; i > 0 && speeds[i] >= now; i--)
		;
	return speeds[i];
}

void act_speed(struct ui *u, int direction)
{
	char buf[WORDS_MAX];
	double speed = next_speed(u->snap->speed, direction);

	ui_say(u, false, "speed %s", words_speed(speed, buf));
	twin_command(u, &(struct command){ .kind = COMMAND_SPEED, .number = speed }, false);
}

void act_step(struct ui *u, int direction)
{
	twin_command(u, &(struct command){ .kind = COMMAND_STEP, .number = direction }, false);
}

/* The list goes with the clock, so that the row on top is what the step came to. */
void act_step_user(struct ui *u, int direction)
{
	twin_command(u, &(struct command){
		.kind = COMMAND_STEP_USER, .number = direction, .user = u->user.user }, true);
}

void act_alert(struct ui *u, int direction)
{
	twin_command(u, &(struct command){ .kind = COMMAND_ALERT, .number = direction }, true);
}

void act_seek(struct ui *u, int64_t ms)
{
	twin_command(u, &(struct command){ .kind = COMMAND_SEEK, .time_ms = ms }, true);
}

void act_now(struct ui *u, int unused)
{
	(void)unused;
	if (u->twin.live) {
		twin_end(u);
		return;
	}
	view(u)->follow(u, true);
	if (!u->snap->live)
		ui_command(u, &(struct command){ .kind = COMMAND_END });
}

static void go(struct ui *u, const char *text)
{
	int64_t ms;

	if (!*text)
		return;
	if (strcmp(text, "start") == 0) {
		act_seek(u, u->snap->first_ms);
		return;
	}
	if (!when_parse(text, u->snap->data_ms, u->feed->zone, &ms)) {
		ui_say(u, true, "\"%s\" is no time: type %s", text, GOTO_FORMS);
		return;
	}
	act_seek(u, ms);
}

void act_goto(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "go to time: ", .hint = GOTO_FORMS, .done = go, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

static void stop_on(struct ui *u, const char *text)
{
	struct stop_on rules;
	struct err e = { 0 };

	if (!*text)
		return;
	if (stop_on_parse(&rules, text, &e) < 0) {
		ui_say(u, true, "%s", e.text);
		return;
	}
	ui_say(u, false, rules.n ? "the replay pauses at alerts of: %s" : "no alert pauses the "
		"replay", text);
	ui_command(u, &(struct command){ .kind = COMMAND_STOP_ON, .stop_on = &rules });
}

void act_stop_on(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "pause at: ", .hint = STOP_ON_FORMS, .done = stop_on,
		.is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

/* The prompt is closed: what is saved is the screen without it. */
static void save(struct ui *u, const char *path)
{
	struct err e = { 0 };

	if (!*path)
		return;
	ui_draw(u);
	if (save_screen(&u->term, path, &e) < 0)
		ui_say(u, true, "%s", e.text);
	else
		ui_say(u, false, "the screen is in \"%s\"", path);
}

void act_save(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "save the screen to: ", .hint = SAVE_FORMS, .done = save,
		.is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

static void set_theme(struct ui *u, const char *name)
{
	if (*name && !term_theme(&u->term, name))
		ui_say(u, true, "no theme \"%s\": there are " THEME_NAMES, name);
}

void act_theme(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "theme: ", .hint = THEME_NAMES, .done = set_theme, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

static void set_glyphs(struct ui *u, const char *name)
{
	if (*name && !term_glyphs(&u->term, name))
		ui_say(u, true, "no glyphs \"%s\": there are " GLYPHS_NAMES, name);
}

void act_glyphs(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "glyphs: ", .hint = GLYPHS_NAMES, .done = set_glyphs,
		.is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

void act_edit(struct ui *u, int how)
{
	prompt_edit(&u->prompt, u, (enum prompt_edit)how);
}

void act_turn(struct ui *u, int how)
{
	u->prompt.ops->turn(u, u->prompt.text, (enum prompt_turn)how);
}

void act_redraw(struct ui *u, int unused)
{
	(void)unused;
	term_redraw(&u->term);
}

void act_suspend(struct ui *u, int unused)
{
	(void)unused;
	term_suspend(&u->term);
}
