#include "ui/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

/* A new file that then takes the place of the old one; a failure leaves that, and is no matter. */
void session_keep(struct ui *u)
{
	char path[PATH_MAX_BYTES], new[PATH_MAX_BYTES + 8];
	struct kept k, fresh;
	struct err e = { 0 };
	FILE *f;
	bool is_good;

	if (!u->has_session || !path_of(u, path))
		return;
	note(u, &k);
	start(u, &fresh);
	if (memcmp(&k, &fresh, sizeof k) == 0) {
		unlink(path);
		return;
	}
	k.at_ms = clock_utc_ms(u->clock);
	snprintf(new, sizeof new, "%s.new", path);
	if (recall_folder(u->options->state, &e) < 0 || !(f = fopen(new, "we")))
		return;
	fchmod(fileno(f), 0600);
	is_good = write_kept(f, &k);
	if (fclose(f) == 0 && is_good)
		rename(new, path);
	else
		unlink(new);
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
