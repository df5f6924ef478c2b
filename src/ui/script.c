#include "ui/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "alert/ask.h"
#include "alert/desk.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "ui/keys.h"
#include "ui/ui.h"

#define LINE_MAX_BYTES 1024
#define SCREEN_MAX (1u << 20)

struct verb {
	const char *word;
	int (*run)(struct ui *u, char *rest);   /* negative: the rest makes no sense */
};

static void show(struct ui *u)
{
	ui_look(u);
	ui_draw(u);
}

/* What a key does with alerts is written by a thread of its own: a script waits for it. */
static void settle(struct ui *u)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	for (ui_look(u); u->board.desk && desk_is_busy(u->board.desk); ui_look(u))
		nanosleep(&pause, NULL);
}

static void press(struct ui *u, int key)
{
	settle(u);
	ui_key(u, key);
	settle(u);
	show(u);
}

static int do_key(struct ui *u, char *rest)
{
	int key = key_parse(rest);

	if (!key)
		return -EINVAL;
	press(u, key);
	return 0;
}

static int do_keys(struct ui *u, char *rest)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len;

	for (; *rest && !u->is_done; rest += len) {
		len = mbrtowc(&c, rest, strlen(rest), &state);
		if (len == (size_t)-1 || len == (size_t)-2)
			return -EILSEQ;
		press(u, (int)c);
	}
	return 0;
}

static int do_clock(struct ui *u, char *rest)
{
	struct zone utc = { .fixed = true };
	int64_t ms;

	if (*rest == '+' && span_parse(rest + 1, &ms))
		clock_advance(u->clock, ms);
	else if (*rest != '+' && time_parse(rest, strlen(rest), &utc, &ms))
		clock_freeze(u->clock, ms);
	else
		return -EINVAL;
	show(u);
	return 0;
}

static int do_size(struct ui *u, char *rest)
{
	unsigned lines, columns;
	char end;

	if (sscanf(rest, "%3ux%3u%c", &columns, &lines, &end) != 2 || !lines || !columns)
		return -EINVAL;
	term_resize(&u->term, lines, columns);
	press(u, TERM_RESIZED);
	return 0;
}

/* Loading and asking happen on threads of their own, in the machine's time. */
static int do_wait(struct ui *u, char *rest)
{
	static const struct timespec pause = { .tv_nsec = 2000000 };

	bool is_answer = strcmp(rest, "answer") == 0;

	if (!is_answer && strcmp(rest, "loaded") != 0)
		return -EINVAL;
	for (ui_look(u); !ui_is_stopped(u) && (is_answer ? u->sql.ask && u->sql.ask->is_busy
		: u->snap->phase == FEED_LOADING); ui_look(u))
		nanosleep(&pause, NULL);
	show(u);
	return 0;
}

static int print(struct ui *u, const char *name, bool (*read)(const struct term *, struct text *))
{
	struct text t;
	bool is_whole;

	text_init(&t, SCREEN_MAX);
	if (*name)
		text_addf(&t, "-- %s\n", name);
	is_whole = read(&u->term, &t);
	if (is_whole)
		fputs(t.s, stdout);
	text_done(&t);
	return is_whole ? 0 : -ENOMEM;
}

static int do_screen(struct ui *u, char *rest)
{
	return print(u, rest, term_cells);
}

static int do_attr(struct ui *u, char *rest)
{
	return print(u, rest, term_inks);
}

static const struct verb verbs[] = {
	{ "key", do_key }, { "keys", do_keys }, { "text", do_keys }, { "clock", do_clock },
	{ "size", do_size }, { "wait", do_wait }, { "screen", do_screen }, { "attr", do_attr },
};

static int do_line(struct ui *u, char *line)
{
	size_t len = strcspn(line, " "), i;
	char *rest = line + len + (line[len] == ' ');

	if (!*line || *line == '#')
		return 0;
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strlen(verbs[i].word) == len && memcmp(verbs[i].word, line, len) == 0)
			return verbs[i].run(u, rest);
	return -EINVAL;
}

int script_run(struct ui *u, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	unsigned number = 0;
	int code = 0;

	if (!f)
		return err_set(e, -errno, "could not open keys \"%s\": %s", path, strerror(errno));
	show(u);
	while (!code && !u->is_done && !ui_is_stopped(u) && fgets(line, sizeof line, f)) {
		number++;
		line[strcspn(line, "\n")] = 0;
		code = do_line(u, line);
		if (code < 0)
			err_set(e, code, "could not follow keys \"%s\", line %u: \"%s\"", path,
				number, line);
	}
	fclose(f);
	return code;
}
