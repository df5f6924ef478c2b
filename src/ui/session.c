#include "ui/session.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/zone.h"
#include "ui/recall.h"
#include "ui/ui.h"

#define HEAD "veer session 1"
#define PATH_MAX_BYTES 4096
#define LINE_BYTES 512
#define OLD_MS INT64_C(72000000)        /* from then on the day is told */

/* What is kept, as it is at the start. */
struct kept {
	int64_t at_ms;
	unsigned view, sort, is_inverted, is_off, window, order;
	uint64_t alert;                 /* under the cursor of a held list; 0: none */
	char theme[16], filter[PROMPT_MAX];
};

static const struct field {
	const char *name, *format;
	size_t offset;
	unsigned below;                 /* of numbers */
} fields[] = {
	{ "view", "%u", offsetof(struct kept, view), VIEW_N },
	{ "sort", "%u", offsetof(struct kept, sort), LIST_SORTS },
	{ "inverted", "%u", offsetof(struct kept, is_inverted), 2 },
	{ "off", "%u", offsetof(struct kept, is_off), 2 },
	{ "window", "%u", offsetof(struct kept, window), TABLES_WINDOWS },
	{ "order", "%u", offsetof(struct kept, order), SORT_N },
};
#define N_FIELDS (sizeof fields / sizeof *fields)

static bool path_of(const struct ui *u, char *buf)
{
	const char *folder = u->options->state, *of = u->feed->db ? u->feed->db : u->snap->source;

	return folder && u->options->has_session && snprintf(buf, PATH_MAX_BYTES,
		"%s/session.%016" PRIx64, folder, (uint64_t)XXH64(of, strlen(of), 0))
			< PATH_MAX_BYTES;
}

static unsigned *number(struct kept *k, const struct field *f)
{
	return (unsigned *)((char *)k + f->offset);
}

/* A line "name value"; false: it makes no sense. */
static bool take(struct kept *k, const char *line)
{
	size_t len = strcspn(line, " "), i;
	const char *value = line + len + (line[len] == ' ');
	char rest;

	if (len == 4 && strncmp(line, "time", len) == 0)
		return sscanf(value, "%" SCNd64 "%c", &k->at_ms, &rest) == 1;
	if (len == 5 && strncmp(line, "alert", len) == 0)
		return sscanf(value, "%" SCNx64 "%c", &k->alert, &rest) == 1;
	if (len == 5 && strncmp(line, "theme", len) == 0)
		return snprintf(k->theme, sizeof k->theme, "%s", value) < (int)sizeof k->theme
			&& theme_choose(k->theme);
	if (len == 6 && strncmp(line, "filter", len) == 0)
		return snprintf(k->filter, sizeof k->filter, "%s", value) < (int)sizeof k->filter;
	for (i = 0; i < N_FIELDS; i++)
		if (strlen(fields[i].name) == len && strncmp(line, fields[i].name, len) == 0)
			return sscanf(value, "%u%c", number(k, &fields[i]), &rest) == 1
				&& *number(k, &fields[i]) < fields[i].below;
	return false;
}

/* 1: read; 0: there is none; -1: it makes no sense. */
static int read_kept(const char *path, struct kept *k)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES];
	bool is_good;

	if (!f)
		return errno == ENOENT ? 0 : -1;
	is_good = fgets(line, sizeof line, f) && strcmp(line, HEAD "\n") == 0;
	while (is_good && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		is_good = take(k, line);
	}
	fclose(f);
	return is_good && k->at_ms > 0 ? 1 : -1;
}

static void start(const struct ui *u, struct kept *k)
{
	*k = (struct kept){ .window = u->snap->live ? 1 : TABLES_WINDOWS - 1 };
}

/* The others are of something that is not kept. */
static bool is_kept(unsigned view)
{
	return view == VIEW_POPULATION || view == VIEW_SQL || view == VIEW_SYSTEM;
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
	if (!list_set(u, k->filter, (enum list_sort)k->sort))
		return;
	u->order.is_inverted = k->is_inverted;
	u->order.is_off = k->is_off;
	u->population.tables.window = k->window;
	u->population.tables.sort = (enum population_sort)k->order;
	u->population.has_window = true;
	go_to_alert(u, k->alert);
	if (is_kept(k->view))
		ui_show(u, (enum view_id)k->view);
}

/* Nobody kept anything here so far: it may be the first time. */
static void say_first(struct ui *u)
{
	struct stat st;

	if (!u->options->has_session || !u->options->state || stat(u->options->state, &st) == 0)
		return;
	ui_say(u, false, "? shows the keys, %s, q quits", u->snap->live
		? "alerts come here by themselves" : u->snap->n_alerts_total
		? "] goes to the first alert" : "F3 tells what was read");
}

void session_look(struct ui *u)
{
	char path[PATH_MAX_BYTES], time[UI_TIME_MAX];
	struct kept k;
	int found;

	if (u->has_session || !ui_is_loaded(u))
		return;
	u->has_session = true;
	start(u, &k);
	found = path_of(u, path) ? read_kept(path, &k) : 0;
	if (found < 0)
		ui_say(u, true, "the session that was kept makes no sense, ignored: %s", path);
	if (!found)
		say_first(u);
	if (found <= 0)
		return;
	apply(u, &k);
	ui_say(u, false, "session of %s restored, :forget starts anew", time_show(k.at_ms,
		u->feed->zone, clock_utc_ms(u->clock) - k.at_ms < OLD_MS ? "%H:%M"
			: "%Y-%m-%d %H:%M", time, sizeof time));
}

static void note(const struct ui *u, struct kept *k)
{
	const struct theme *fresh = theme_choose(u->options->theme);

	start(u, k);
	k->view = is_kept(u->view) ? u->view : VIEW_LIVE;
	k->sort = u->order.sort;
	k->is_inverted = u->order.is_inverted;
	k->is_off = u->order.is_off;
	if (u->population.has_window) {
		k->window = u->population.tables.window;
		k->order = u->population.tables.sort;
	}
	if (u->snap->live && u->live.list.is_held && u->live.list.n)
		k->alert = feed_alert(u->feed, u->live.list.cursor)->id;
	if (u->term.theme != fresh)
		snprintf(k->theme, sizeof k->theme, "%s", u->term.theme->name);
	snprintf(k->filter, sizeof k->filter, "%s", u->order.text);
}

static bool write_kept(FILE *f, struct kept *k)
{
	size_t i;

	fprintf(f, HEAD "\ntime %" PRId64 "\n", k->at_ms);
	for (i = 0; i < N_FIELDS; i++)
		fprintf(f, "%s %u\n", fields[i].name, *number(k, &fields[i]));
	if (k->alert)
		fprintf(f, "alert %016" PRIx64 "\n", k->alert);
	if (k->theme[0])
		fprintf(f, "theme %s\n", k->theme);
	if (k->filter[0])
		fprintf(f, "filter %s\n", k->filter);
	return !ferror(f);
}

/* A new file that then takes the place of the old one, which a failure leaves. */
static bool put_kept(const struct ui *u, const char *path, struct kept *k)
{
	char new[PATH_MAX_BYTES + 8];
	struct err e = { 0 };
	FILE *f;
	bool is_good;

	k->at_ms = clock_utc_ms(u->clock);
	snprintf(new, sizeof new, "%s.new", path);
	if (recall_folder(u->options->state, &e) < 0 || !(f = fopen(new, "we")))
		return false;
	fchmod(fileno(f), 0600);
	is_good = write_kept(f, k);
	if (fclose(f) == 0 && is_good && rename(new, path) == 0)
		return true;
	unlink(new);
	return false;
}

void session_keep(struct ui *u)
{
	char path[PATH_MAX_BYTES];
	struct kept k, fresh;

	if (!u->has_session || !path_of(u, path))
		return;
	note(u, &k);
	start(u, &fresh);
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
	start(u, &k);
	snprintf(k.theme, sizeof k.theme, "%s", fresh ? fresh->name : "");
	apply(u, &k);
	view_live.follow(u, true);
	ui_go(u, VIEW_LIVE);
	ui_say(u, false, "as at the start");
}

/* Views with names */

#define NAME_MAX_BYTES 32

/* The name is a part of the file's, so it is of letters, digits, - and _ only. */
static bool path_of_view(struct ui *u, const char *name, char *buf)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_");

	if (!u->options->state)
		ui_say(u, true, "there is no folder to keep views in: set HOME");
	else if (!len || name[len] || len > NAME_MAX_BYTES)
		ui_say(u, true, "\"%s\" names no view: up to %d letters, digits, - and _", name,
			NAME_MAX_BYTES);
	else
		return snprintf(buf, PATH_MAX_BYTES, "%s/view.%s", u->options->state, name)
			< PATH_MAX_BYTES;
	return false;
}

/* The names that begin so, blanks between them; how many. */
static unsigned list_views(const struct ui *u, const char *begin, char *buf, size_t cap)
{
	struct dirent **entry = NULL;
	int n = u->options->state ? scandir(u->options->state, &entry, NULL, alphasort) : 0, i;
	unsigned found = 0;

	*buf = 0;
	for (i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;

		if (strncmp(name, "view.", 5) == 0 && !strchr(name + 5, '.')
		    && strncmp(name + 5, begin, strlen(begin)) == 0) {
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
	note(u, &k);
	k.alert = 0;
	if (put_kept(u, path, &k))
		ui_say(u, false, "view \"%s\" is kept", name);
	else
		ui_say(u, true, "could not write \"%s\": %s", path, strerror(errno));
}

static void take_view(struct ui *u, const char *name)
{
	char path[PATH_MAX_BYTES], names[160];
	struct kept k;
	int found;

	if (!path_of_view(u, name, path))
		return;
	start(u, &k);
	found = read_kept(path, &k);
	if (found > 0) {
		ui_go(u, VIEW_LIVE);
		apply(u, &k);
	} else if (found < 0) {
		ui_say(u, true, "view \"%s\" makes no sense: :view save %s makes it anew", name,
			name);
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

	if (how == PROMPT_COMPLETE && list_views(u, text, names, sizeof names) == 1)
		prompt_set(&u->prompt, u, names);
}

void session_view(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "view: ",
		.hint = "NAME; Tab completes; save NAME keeps this one", .done = view_told,
		.turn = view_turned };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}
