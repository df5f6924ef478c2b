#include "ui/session.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/zone.h"
#include "ui/kept.h"
#include "ui/recall.h"
#include "ui/saved.h"
#include "ui/ui.h"

#define PATH_MAX_BYTES 4096
#define OLD_MS INT64_C(72000000)        /* from then on the day is told */

/* A store is told by its whole path: there is a veer.db in many a folder. */
static bool path_of(const struct ui *u, char *buf)
{
	const char *folder = u->options->state, *of = u->feed->db ? u->feed->db : u->snap->source;
	char whole[PATH_MAX];

	if (u->feed->db && realpath(u->feed->db, whole))
		of = whole;
	return folder && u->options->has_session && snprintf(buf, PATH_MAX_BYTES,
		"%s/session.%016" PRIx64, folder, (uint64_t)XXH64(of, strlen(of), 0))
			< PATH_MAX_BYTES;
}

/* What a log is known by when it is replayed again: its name, and what was read of all of it. */
static uint64_t log_of(const struct ui *u)
{
	const struct snapshot *s = u->snap;
	const uint64_t read[] = { s->rows, s->rejected, s->users, (uint64_t)s->first_ms,
		(uint64_t)s->last_ms, XXH64(s->source, strlen(s->source), 0) };

	return XXH64(read, sizeof read, 0);
}

static unsigned first_window(const struct ui *u)
{
	return snapshot_goes_on(u->snap) ? 1 : TABLES_WINDOWS - 1;
}

/* The others are of something that is not kept. */
static bool is_kept(unsigned view)
{
	return view == VIEW_POPULATION || view == VIEW_SQL || view == VIEW_SYSTEM;
}

static bool is_auto(const char *glyphs)
{
	return !glyphs || strcmp(glyphs, "auto") == 0;
}

static void go_to_alert(struct ui *u, uint64_t id)
{
	uint32_t i = u->snap->n_alerts;

	while (id && i > 0)
		if (feed_alert(u->feed, --i)->id == id) {
			view_live.follow(u, false);
			u->live.list.cursor = i;
			return;
		}
}

static void apply(struct ui *u, const struct kept *k)
{
	if (k->theme[0] && !u->options->theme)
		term_theme(&u->term, k->theme);
	if (k->glyphs[0] && is_auto(u->options->glyphs))
		term_glyphs(&u->term, k->glyphs);
	if (!list_set(u, k->filter, (enum list_sort)k->sort))
		return;
	u->order.is_inverted = k->is_inverted;
	u->order.is_off = k->is_off;
	u->population.tables.window = k->window < TABLES_WINDOWS ? k->window : first_window(u);
	u->population.tables.sort = (enum population_sort)k->order;
	u->population.has_window = true;
	go_to_alert(u, k->alert);
	if (is_kept(k->view))
		ui_show(u, (enum view_id)k->view);
}

enum place { PLACE_NONE, PLACE_FOUND, PLACE_OF_ANOTHER };

/* A replay goes where its clock was, and stands there: nothing moves before somebody looks. */
static enum place go_to_place(struct ui *u, const struct kept *k)
{
	if (!k->log || u->snap->live || u->options->is_placed)
		return PLACE_NONE;
	if (k->log != log_of(u))
		return PLACE_OF_ANOTHER;
	ui_command(u, &(struct command){ .kind = COMMAND_PAUSE });
	ui_command(u, &(struct command){ .kind = k->clock_ms >= u->snap->last_ms ? COMMAND_END
		: COMMAND_SEEK, .time_ms = k->clock_ms });
	ui_look(u);
	return PLACE_FOUND;
}

/* Nobody kept anything here so far, nor in a store: it may be the first time. */
static void say_first(struct ui *u)
{
	struct stat st;

	if (!u->options->has_session || u->options->is_known || !u->options->state
	    || stat(u->options->state, &st) == 0)
		return;
	ui_say(u, false, "? shows the keys, %s, q quits", u->snap->live
		? "alerts come here by themselves" : u->snap->n_alerts_total
		? "] goes to the first alert" : "F3 tells what was read");
}

void session_look(struct ui *u)
{
	static const char *const how[] = { [PLACE_NONE] = "",
		[PLACE_FOUND] = " where it was: T start goes to the beginning",
		[PLACE_OF_ANOTHER] = ", but for its place: the log is not the one of then" };
	char path[PATH_MAX_BYTES], time[UI_TIME_MAX];
	struct kept k;
	enum place place;
	int found;

	if (u->has_session || !ui_is_loaded(u))
		return;
	u->has_session = true;
	found = path_of(u, path) ? kept_read(&k, path) : 0;
	if (found < 0)
		ui_say(u, true, "the session that was kept makes no sense, ignored: %s", path);
	if (!found)
		say_first(u);
	if (found <= 0)
		return;
	place = go_to_place(u, &k);
	apply(u, &k);
	ui_say(u, false, "session of %s restored%s%s%s%s, :forget starts anew", time_show(k.at_ms,
		u->feed->zone, clock_utc_ms(u->clock) - k.at_ms < OLD_MS ? "%H:%M"
			: "%Y-%m-%d %H:%M", time, sizeof time),
		k.filter[0] ? k.is_inverted ? ", without \"" : ", filter \"" : "", k.filter,
		k.filter[0] ? "\"" : "", how[place]);
}

static void note_place(const struct ui *u, struct kept *k)
{
	const struct snapshot *s = u->snap;

	if (!s->live && s->data_ms > s->first_ms) {
		k->log = log_of(u);
		k->clock_ms = s->data_ms;
	}
	/* What goes on is followed again: what came meanwhile is what one wants to see. */
	if (!snapshot_goes_on(s) && u->live.list.is_held && u->live.list.n)
		k->alert = feed_alert(u->feed, u->live.list.cursor)->id;
}

static void note(const struct ui *u, struct kept *k)
{
	const struct theme *fresh = theme_choose(u->options->theme);

	kept_init(k);
	k->view = is_kept(u->view) ? u->view : VIEW_LIVE;
	k->sort = u->order.sort;
	k->is_inverted = u->order.is_inverted;
	k->is_off = u->order.is_off;
	if (u->population.has_window) {
		if (u->population.tables.window != first_window(u))
			k->window = u->population.tables.window;
		k->order = u->population.tables.sort;
	}
	if (u->term.theme != fresh)
		snprintf(k->theme, sizeof k->theme, "%s", u->term.theme->name);
	if (u->term.glyphs_chosen)
		snprintf(k->glyphs, sizeof k->glyphs, "%s", glyphs_name[u->term.glyphs]);
	snprintf(k->filter, sizeof k->filter, "%s", u->order.text);
}

static bool put_kept(const struct ui *u, const char *path, struct kept *k)
{
	struct err e = { 0 };

	k->at_ms = clock_utc_ms(u->clock);
	return recall_folder(u->options->state, &e) == 0 && kept_write(k, path);
}

void session_keep(struct ui *u)
{
	char path[PATH_MAX_BYTES];
	struct kept k, fresh;

	if (!u->has_session || !path_of(u, path))
		return;
	note(u, &k);
	note_place(u, &k);
	kept_init(&fresh);
	if (memcmp(&k, &fresh, sizeof k) == 0)
		unlink(path);
	else
		put_kept(u, path, &k);          /* it is no matter if not */
}

void session_forget(struct ui *u, int unused)
{
	const struct theme *fresh = theme_choose(u->options->theme);
	struct kept k;

	(void)unused;
	kept_init(&k);
	snprintf(k.theme, sizeof k.theme, "%s", fresh ? fresh->name : "");
	if (is_auto(u->options->glyphs))
		term_glyphs(&u->term, "auto");
	apply(u, &k);
	view_live.follow(u, true);
	ui_go(u, VIEW_LIVE);
	ui_say(u, false, "as at the start");
}

/* Views with names */

static bool path_of_view(struct ui *u, const char *name, char *buf)
{
	if (!u->options->state)
		ui_say(u, true, "there is no folder to keep views in: set HOME");
	else if (!saved_is_name(name))
		ui_say(u, true, "\"%s\" names no view: " SAVED_NAME_FORM, name);
	else
		return snprintf(buf, PATH_MAX_BYTES, "%s/view.%s", u->options->state, name)
			< PATH_MAX_BYTES;
	return false;
}

/* The names that begin so, the config file's first; how many. */
static unsigned list_views(const struct ui *u, const char *begin, char *buf, size_t cap)
{
	struct dirent **entry = NULL;
	int n = u->options->state ? scandir(u->options->state, &entry, NULL, alphasort) : 0, i;
	unsigned found;

	*buf = 0;
	found = saved_list(u->options->saved, SAVED_VIEW, begin, buf, cap);
	for (i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;

		if (strncmp(name, "view.", 5) == 0 && !strchr(name + 5, '.')
		    && strncmp(name + 5, begin, strlen(begin)) == 0
		    && !saved_find(u->options->saved, SAVED_VIEW, name + 5)) {
			snprintf(buf + strlen(buf), cap - strlen(buf), "%s%s", found ? " " : "",
				name + 5);
			found++;
		}
		free(entry[i]);
	}
	free(entry);
	return found;
}

static void save_view(struct ui *u, const char *name)
{
	char path[PATH_MAX_BYTES];
	struct kept k;

	if (!path_of_view(u, name, path))
		return;
	if (saved_find(u->options->saved, SAVED_VIEW, name)) {
		ui_say(u, true, "view \"%s\" stands in the config file: choose another name",
			name);
		return;
	}
	note(u, &k);
	if (put_kept(u, path, &k))
		ui_say(u, false, "view \"%s\" is kept", name);
	else
		ui_say(u, true, "could not write \"%s\": %s", path, strerror(errno));
}

/* 1: read; 0: there is none; -1: it makes no sense. */
static int find_view(struct ui *u, const char *name, struct kept *k)
{
	const char *text = saved_find(u->options->saved, SAVED_VIEW, name);
	char path[PATH_MAX_BYTES];

	if (text)
		return kept_parse(k, text, NULL) == 0 ? 1 : -1;
	return u->options->state && path_of_view(u, name, path) ? kept_read(k, path) : 0;
}

static void take_view(struct ui *u, const char *name)
{
	char names[160];
	struct kept k;
	int found = saved_is_name(name) ? find_view(u, name, &k) : 0;

	if (found > 0) {
		ui_go(u, VIEW_LIVE);
		apply(u, &k);
	} else if (found < 0) {
		ui_say(u, true, "view \"%s\" makes no sense: :view save %s makes it anew", name,
			name);
	} else if (!saved_is_name(name)) {
		ui_say(u, true, "\"%s\" names no view: " SAVED_NAME_FORM, name);
	} else if (list_views(u, "", names, sizeof names)) {
		ui_say(u, true, "no view \"%s\"; there are: %s", name, names);
	} else {
		ui_say(u, true, "no view is kept: :view save NAME keeps this one");
	}
}

static void view_told(struct ui *u, const char *text)
{
	if (strncmp(text, "save ", 5) == 0)
		save_view(u, text + 5 + strspn(text + 5, " "));
	else if (*text)
		take_view(u, text);
}

/* Tab: the only name that begins so. */
static void view_turned(struct ui *u, const char *text, enum prompt_turn how)
{
	char names[160];
	unsigned n = list_views(u, how == PROMPT_COMPLETE ? text : "", names, sizeof names);

	if (how != PROMPT_COMPLETE)
		saved_turn(u, names, how == PROMPT_OLDER);
	else if (n == 1)
		prompt_set(&u->prompt, u, names);
}

static void view_above(struct ui *u, int line)
{
	char names[160];

	if (list_views(u, u->prompt.text, names, sizeof names))
		term_putf(&u->term, line, 0, u->term.columns, INK_KEY, "Tab takes: %s", names);
}

void session_view(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "view: ",
		.hint = "NAME; Tab completes; save NAME keeps this one", .done = view_told,
		.turn = view_turned, .above = view_above, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}
